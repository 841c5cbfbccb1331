// Contract calls that a policy allows: one function of one contract, and for every argument what it
// may be. Nothing is allowed by silence: addresses and bytes are always of a list, "any" must be
// written, and a call that lends or gives something away has a bound on every argument.
// One entry for each function of a contract, so a call falls under one entry or under none.
// Who may ask for a call, and how much coin goes with it, is a rule's to say.
import type { Handle } from '../proto/ids.ts'
import { refuse } from '../proto/refusal.ts'
import { handle, list, literal, object, objectWith, type Shaped, text } from '../proto/shape.ts'
import { opsOf, parseAddress } from './chain/chains.ts'
import { parseValue } from './chain/evm-abi.ts'
import {
  callTextMax,
  type FunctionForm,
  functionText,
  lends,
  type Parameter,
  parseCall,
  parseFunction,
  signatureOf,
} from './chain/evm-call.ts'
import { distinct } from './document.ts'
import type { Intent } from './intent.ts'

export type Bound =
  | { readonly kind: 'any' }
  | { readonly kind: 'in'; readonly values: ReadonlySet<string> }
  | { readonly kind: 'range'; readonly gte: bigint; readonly lte: bigint }

export interface AllowedCall {
  readonly id: Handle
  readonly network: Handle
  readonly caip2: string
  readonly contract: string
  readonly form: FunctionForm
  /** One for each parameter. */
  readonly bounds: readonly Bound[]
}

export type Calls = ReadonlyMap<Handle, AllowedCall>

const integerText = text(79, /^(?:0|-?[1-9][0-9]*)$/)
const boundShape = objectWith(
  {},
  {
    any: literal(true),
    in: distinct(list(text(callTextMax), 1, 256)),
    gte: integerText,
    lte: integerText,
  },
)
export const callShape = object({
  network: handle,
  contract: text(64),
  function: text(callTextMax),
  arguments: list(boundShape, 0, 16),
})

type Written = Shaped<typeof callShape>

export function callsOf(
  written: ReadonlyMap<Handle, Written>,
  networks: ReadonlyMap<Handle, { readonly caip2: string }>,
): Calls {
  const known = new Set<string>()
  const calls = [...written].map(([id, one]) => callOf(id, one, networks))
  for (const { id, network, contract, form } of calls) {
    const name = `${network} ${contract} ${signatureOf(form)}`
    if (known.has(name)) bad(id, 'a second entry of one function of one contract')
    known.add(name)
  }
  return new Map(calls.map((call) => [call.id, call]))
}

/** The entry that allows the intent's call, or why none does. */
export function callAllowed(
  calls: Calls,
  intent: Intent,
): { readonly id: Handle } | { readonly because: string } {
  const { form, values } = parseCall(intent.call ?? '')
  const entry = [...calls.values()].find(
    ({ caip2, contract, form: allowed }) =>
      caip2 === intent.network &&
      contract === intent.to &&
      functionText(allowed) === functionText(form),
  )
  if (entry === undefined) return { because: `a call of ${functionText(form)} there` }
  const wrong = entry.form.parameters.findIndex(
    (_, at) => !within(entry.bounds[at], values[at] ?? ''),
  )
  const name = entry.form.parameters[wrong]?.name
  return name === undefined ? { id: entry.id } : { because: `${entry.id} with this ${name}` }
}

function callOf(
  id: Handle,
  written: Written,
  networks: ReadonlyMap<Handle, { readonly caip2: string }>,
): AllowedCall {
  const { network, contract } = written
  const { caip2 } = networks.get(network) ?? bad(id, `no network ${network}`)
  if (opsOf(caip2).call === undefined) bad(id, `no calls on ${caip2}`)
  parseAddress(caip2, contract, `calls.${id}.contract`)
  const form = parseFunction(written.function)
  const { parameters } = form
  if (written.arguments.length !== parameters.length) bad(id, 'not one bound for each argument')
  const bounds = written.arguments.map((bound, at) =>
    boundOf(id, bound, parameters[at] ?? bad(id, 'no parameter')),
  )
  if (lends(form)) requireTight(id, bounds)
  return { id, network, caip2, contract, form, bounds }
}

function boundOf(id: Handle, written: Shaped<typeof boundShape>, parameter: Parameter): Bound {
  const { type, name } = parameter
  const keys = Object.keys(written).sort().join(' ')
  if (written.in !== undefined && keys === 'in') {
    return { kind: 'in', values: new Set(written.in.map((value) => parseValue(type, value))) }
  }
  if (written.lte !== undefined && (keys === 'lte' || keys === 'gte lte') && /^u?int/.test(type)) {
    if (type.endsWith('[]')) bad(id, `${name}: a list has no range`)
    const lte = BigInt(parseValue(type, written.lte))
    const gte = BigInt(parseValue(type, written.gte ?? '0'))
    return gte <= lte ? { kind: 'range', gte, lte } : bad(id, `${name}: gte above lte`)
  }
  if (keys !== 'any') bad(id, `${name}: expected in, lte, gte and lte, or any`)
  // Bytes of any length hold addresses and calls of others as well: bridges write recipients so.
  if (/^(?:address|bytes)/.test(type)) bad(id, `${name}: addresses and bytes are of a list`)
  return { kind: 'any' }
}

/** An allowance of this size has no end in practice. */
const lentMax = 1n << 128n

function requireTight(id: Handle, bounds: readonly Bound[]): void {
  for (const bound of bounds) {
    const most = bound.kind === 'range' ? [bound.lte] : numbersIn(bound)
    if (bound.kind === 'any' || most.some((value) => value >= lentMax)) {
      bad(id, 'what lends or gives away has a bound below 2^128 on every argument')
    }
  }
}

/** Of values and of lists of them. */
function numbersIn(bound: Bound): readonly bigint[] {
  if (bound.kind !== 'in') return []
  const items = [...bound.values].flatMap((value) => value.replace(/^\[|\]$/g, '').split(', '))
  return items.filter((value) => /^[0-9]+$/.test(value)).map(BigInt)
}

function within(bound: Bound | undefined, value: string): boolean {
  switch (bound?.kind) {
    case 'any':
      return true
    case 'in':
      return bound.values.has(value)
    case 'range':
      return BigInt(value) >= bound.gte && BigInt(value) <= bound.lte
    case undefined:
      return false
  }
}

function bad(id: Handle, because: string): never {
  return refuse('INVALID_POLICY', `calls.${id}: ${because}`)
}
