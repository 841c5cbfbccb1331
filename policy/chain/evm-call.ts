// A contract call as people read it, `approve(address spender = 0x…, uint256 value = 5)`, and as
// bytes. The text is complete: types give the selector, names say what each value is for, and a
// call has exactly one text. What only wraps other calls can be read by nobody and is refused
// always; a token's `transfer` too, because it is a payment, which the policy judges by asset and
// amount. Whether a call is allowed is the policy's to say (`policy/calls.ts`).
import { concat, equalBytes, toHex } from '../../proto/crypto.ts'
import { refuse } from '../../proto/refusal.ts'
import { type AbiType, decodeValues, encodeValues, isAbiType, readValue } from './evm-abi.ts'
import { functionOf, selectorOf } from './evm-selectors.ts'

export interface Parameter {
  readonly type: AbiType
  readonly name: string
}

export interface FunctionForm {
  readonly name: string
  readonly parameters: readonly Parameter[]
}

export interface Call {
  readonly form: FunctionForm
  /** One text for each parameter. */
  readonly values: readonly string[]
}

export const callTextMax = 4_096
const parametersMax = 16
const headForm = /([A-Za-z_][A-Za-z0-9_]{0,63})\(/y
const parameterForm = /([a-z]{3,7}[0-9]{0,3}(?:\[\])?) ([A-Za-z_][A-Za-z0-9_]{0,63})/y

/** `approve(address spender, uint256 value)`. */
export function parseFunction(text: string): FunctionForm {
  return read(text, false).form
}

/** The text that people see, in its one form. */
export function parseCall(text: string): Call {
  return read(text, true)
}

export function callText({ form, values }: Call): string {
  const written = form.parameters.map(({ type, name }, at) => `${type} ${name} = ${values[at]}`)
  return `${form.name}(${written.join(', ')})`
}

/** The function of a call's text, as a policy writes it. */
export function functionText({ name, parameters }: FunctionForm): string {
  return `${name}(${parameters.map((one) => `${one.type} ${one.name}`).join(', ')})`
}

/** `approve(address,uint256)`: what the selector is the hash of. */
export function signatureOf({ name, parameters }: FunctionForm): string {
  return `${name}(${parameters.map(({ type }) => type).join(',')})`
}

export function encodeCall({ form, values }: Call): Uint8Array {
  const types = form.parameters.map(({ type }) => type)
  return concat(selectorOf(signatureOf(form)), encodeValues(types, values))
}

/** Of this function and no other; strict, so that the call encodes to the same bytes. */
export function decodeCall(form: FunctionForm, calldata: Uint8Array): Call {
  const expected = selectorOf(signatureOf(form))
  const selector = calldata.subarray(0, 4)
  if (!equalBytes(selector, expected)) {
    refuse('BYTES_OP', `expected ${signatureOf(form)}, got ${toHex(selector)}`, 'another-call')
  }
  const types = form.parameters.map(({ type }) => type)
  return { form, values: decodeValues(types, calldata.subarray(4)) }
}

/** Calls that lend, move or give away what no amount of the policy counts. */
export function lends(form: FunctionForm): boolean {
  return lending.has(form.name)
}

const lending: ReadonlySet<string> = new Set([
  'approve',
  'increaseAllowance',
  'decreaseAllowance',
  'increaseApproval',
  'decreaseApproval',
  'approveAndCall',
  'permit',
  'setApprovalForAll',
  'transferFrom',
  'transferAndCall',
  'transferFromAndCall',
  'safeTransferFrom',
  'safeBatchTransferFrom',
  'transferWithAuthorization',
  'receiveWithAuthorization',
  'upgradeTo',
  'upgradeToAndCall',
  'transferOwnership',
  'changeAdmin',
  'grantRole',
])

/** A payment, or an envelope around calls that are not shown. */
const never: ReadonlySet<string> = new Set([
  'transfer',
  'multicall',
  'multiSend',
  'aggregate',
  'aggregate3',
  'aggregate3Value',
  'tryAggregate',
  'execTransaction',
  'execTransactionFromModule',
  'execute',
  'executeBatch',
  'batch',
])

function read(text: string, withValues: boolean): Call {
  if (text.length > callTextMax) bad('a longer text')
  const name = take(headForm, text, 0)?.[1] ?? bad('no function')
  let at = name.length + 1
  const parameters: Parameter[] = []
  const values: string[] = []
  while (!text.startsWith(')', at)) {
    if (parameters.length === parametersMax) bad(`more than ${parametersMax} parameters`)
    if (parameters.length > 0) at = after(', ', text, at)
    const found = take(parameterForm, text, at)
    const [all = '', type = '', called = ''] = found ?? bad('no type and name')
    if (!isAbiType(type)) bad(`the type ${type}`)
    parameters.push({ type, name: called })
    at += all.length
    if (!withValues) continue
    at = after(' = ', text, at)
    const value = readValue(type, text, at)
    values.push(value)
    at += value.length
  }
  if (at + 1 !== text.length) bad('something after its end')
  requireLawful({ name, parameters })
  return { form: { name, parameters }, values }
}

function requireLawful({ name, parameters }: FunctionForm): void {
  if (never.has(name)) {
    refuse('OP_NOT_ALLOWED', `${name}: a payment or a wrapper of other calls is no call`, name)
  }
  const known = functionOf(selectorOf(signatureOf({ name, parameters })))
  if (known !== undefined && known !== name) {
    refuse('OP_NOT_ALLOWED', `${name} is ${known} under another name`, known)
  }
  const names = parameters.map((one) => one.name)
  if (new Set(names).size !== names.length) bad('one name twice')
}

function take(form: RegExp, text: string, at: number): RegExpExecArray | null {
  form.lastIndex = at
  return form.exec(text)
}

function after(mark: string, text: string, at: number): number {
  return text.startsWith(mark, at) ? at + mark.length : bad(`no "${mark}" where one stands`)
}

function bad(got: string): never {
  return refuse('MALFORMED', `call: expected name(type name = value, ...), got ${got}`)
}
