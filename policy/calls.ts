// Contract calls that a policy allows: one function of one contract, and for every argument what it
// may be (`bounds.ts`). A call that lends or gives something away has a tight bound on every
// argument.
// One entry for each function of a contract, so a call falls under one entry or under none.
// Who may ask for a call, and how much coin goes with it, is a rule's to say.
import type { Handle } from '../proto/ids.ts'
import { refuse } from '../proto/refusal.ts'
import { handle, list, object, objectWith, type Shaped, text } from '../proto/shape.ts'
import {
  type Bound,
  boundFields,
  boundOf,
  requireTight,
  type WrittenBound,
  within,
} from './bounds.ts'
import { opsOf, parseAddress } from './chain/chains.ts'
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
import type { Intent } from './intent.ts'

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

const boundShape = objectWith({}, boundFields)
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
    boundAt(id, bound, parameters[at] ?? bad(id, 'no parameter')),
  )
  if (lends(form)) requireTight(bounds, `calls.${id}`)
  return { id, network, caip2, contract, form, bounds }
}

function boundAt(id: Handle, written: WrittenBound, { type, name }: Parameter): Bound {
  return boundOf(type, written, `calls.${id}: ${name}`)
}

function bad(id: Handle, because: string): never {
  return refuse('INVALID_POLICY', `calls.${id}: ${because}`)
}
