// Messages that a policy allows. Typed data: one type of one contract, by the whole text of its
// domain and type, and what each field may be. A declaration: the words it begins with, and how
// much may follow. What lends, sells or sends is known by the names of its structs and has a tight
// bound on every field and no list; everything is bounded as the arguments of calls are
// (`bounds.ts`). A message falls under one entry or under none. Who may ask for one is a rule's to
// say.
import type { Handle } from '../proto/ids.ts'
import type { Json } from '../proto/jcs.ts'
import { limits } from '../proto/limits.ts'
import { refuse } from '../proto/refusal.ts'
import {
  handle,
  integer,
  list,
  object,
  objectWith,
  type Reader,
  type Shaped,
  text,
} from '../proto/shape.ts'
import { type Bound, boundFields, boundOf, requireTight, within } from './bounds.ts'
import { opsOf, parseAddress } from './chain/chains.ts'
import { networkOfDomain, parseMessage } from './chain/evm-message.ts'
import { leavesOf, type Typed } from './chain/evm-typed.ts'
import { parseTypeText, placesIn, type TypedForm, typeText } from './chain/evm-typed-form.ts'
import type { Intent } from './intent.ts'

interface Entry {
  readonly id: Handle
  readonly network: Handle
  readonly caip2: string
}

export interface AllowedTyped extends Entry {
  readonly kind: 'typed'
  readonly name: string
  /** Undefined where the domain has none. */
  readonly version: string | undefined
  readonly contract: string
  readonly form: TypedForm
  /** By place, every atom of the type. */
  readonly bounds: ReadonlyMap<string, Bound>
}

export interface AllowedDeclaration extends Entry {
  readonly kind: 'declaration'
  readonly begins: string
  /** Characters after it. */
  readonly more: number
}

export type AllowedMessage = AllowedTyped | AllowedDeclaration

export type Messages = ReadonlyMap<Handle, AllowedMessage>

const printed = text(256, /^[ -~]+$/)
const typedShape = object({
  network: handle,
  domain: objectWith({ name: printed, verifyingContract: text(64) }, { version: printed }),
  type: text(limits.messageBytesMax),
  fields: list(objectWith({ field: text(512) }, boundFields), 1, limits.messageLeavesMax),
})
const declarationShape = object({
  network: handle,
  begins: text(limits.declarationBytesMax),
  more: integer(0, limits.declarationBytesMax),
})

type Written = Shaped<typeof typedShape> | Shaped<typeof declarationShape>

/** A declaration where it says how it begins. */
export const messageShape: Reader<Written> = (value: Json | undefined, path) => {
  const isDeclaration = typeof value === 'object' && Object.hasOwn(value, 'begins')
  return isDeclaration ? declarationShape(value, path) : typedShape(value, path)
}

type Networks = ReadonlyMap<Handle, { readonly caip2: string }>

export function messagesOf(written: ReadonlyMap<Handle, Written>, networks: Networks): Messages {
  const messages = [...written].map(([id, one]) => messageOf(id, one, networks))
  for (const [at, one] of messages.entries()) {
    const twin = messages.slice(0, at).find((other) => isTwin(one, other))
    if (twin !== undefined) bad(one.id, `what ${twin.id} allows already`)
  }
  return new Map(messages.map((one) => [one.id, one]))
}

/** The entry that allows the intent's message, or why none does. */
export function messageAllowed(
  messages: Messages,
  intent: Intent,
): { readonly id: Handle } | { readonly because: string } {
  const message = parseMessage(intent.message ?? '')
  const there = [...messages.values()].filter(({ caip2 }) => caip2 === intent.network)
  if (message.kind === 'typed') return typedAllowed(there, message.typed)
  const entry = there.find(
    (one) => one.kind === 'declaration' && message.text.startsWith(one.begins),
  )
  if (entry?.kind !== 'declaration') return { because: 'a declaration that begins so' }
  const more = message.text.length - entry.begins.length
  return more > entry.more ? { because: `${entry.id} with so much more` } : { id: entry.id }
}

/** Whether a signature of this type alone can take something from its signer. */
export function givesAway({ structs }: TypedForm): boolean {
  return [...structs.keys()].some((name) => giving.test(name))
}

/**
 * Permits of tokens and of Permit2, authorisations of EIP-3009, orders and offers, delegations, and
 * what somebody else carries out.
 */
const giving = new RegExp(
  [
    'permit|allowance|approv|authori[sz]|delegat|mandate|session',
    'order|offer|trade|bid|swap|quote|intent|loan|borrow|lien',
    'transfer|withdraw|send|spend|pay|claim|redeem|mint|burn|bridge|deposit|stak',
    'maker|taker|listing|sell|buy|auction|lend|exchange|agent',
    'relay|forward|execut|operation|transaction',
  ].join('|'),
  'i',
)

function typedAllowed(
  there: readonly AllowedMessage[],
  typed: Typed,
): { readonly id: Handle } | { readonly because: string } {
  const { domain } = typed
  const type = typeText(typed)
  const entry = there.find(
    (one) =>
      one.kind === 'typed' &&
      one.contract === domain.verifyingContract &&
      one.name === domain.name &&
      one.version === domain.version &&
      typeText(one.form) === type,
  )
  if (entry?.kind !== 'typed') return { because: `${typed.primaryType} for ${domain.name} there` }
  if (entry.caip2 !== networkOfDomain(domain)) return { because: 'a message for another chain' }
  const wrong = leavesOf(typed).find(
    ({ place, type: of, text: value }) =>
      !of.endsWith('[]') && !within(entry.bounds.get(place), value),
  )
  return wrong === undefined ? { id: entry.id } : { because: `${entry.id} with this ${wrong.path}` }
}

function messageOf(id: Handle, written: Written, networks: Networks): AllowedMessage {
  const { network } = written
  const { caip2 } = networks.get(network) ?? bad(id, `no network ${network}`)
  if (opsOf(caip2).message === undefined) bad(id, `no messages on ${caip2}`)
  const entry = { id, network, caip2 }
  return 'begins' in written ? declarationOf(entry, written) : typedOf(entry, written)
}

/** A shorter beginning would say nothing of what is stated. */
const beginsMin = 12

function declarationOf(
  entry: Entry,
  { begins, more }: Shaped<typeof declarationShape>,
): AllowedDeclaration {
  if (begins.length < beginsMin) bad(entry.id, `expected ${beginsMin} characters to begin with`)
  if (!/^[\n -~]+$/.test(begins)) bad(entry.id, 'begins: expected printable text')
  if (begins.length + more > limits.declarationBytesMax) bad(entry.id, 'longer than a declaration')
  return { ...entry, kind: 'declaration', begins, more }
}

function typedOf(entry: Entry, written: Shaped<typeof typedShape>): AllowedTyped {
  const { id, caip2 } = entry
  const { name, version, verifyingContract } = written.domain
  const contract = parseAddress(caip2, verifyingContract, `messages.${id}.domain`)
  const form = parseTypeText(written.type)
  const places = placesIn(form)
  const named = written.fields.map(({ field }) => field)
  if (named.join() !== places.map((one) => one.name).join()) {
    bad(id, `fields: expected ${places.map((one) => one.name).join(', ')}`)
  }
  const bounds = written.fields.map((one, at) => {
    const { type } = places[at] ?? bad(id, 'no field')
    return [one.field, boundOf(type, one, `messages.${id}: ${one.field}`)] as const
  })
  if (givesAway(form)) {
    requireTight(
      bounds.map(([, bound]) => bound),
      `messages.${id}`,
    )
    if (named.some((field) => field.includes('[]'))) {
      bad(id, 'what lends or gives away has no lists: nothing would bound their sum')
    }
  }
  return { ...entry, kind: 'typed', name, version, contract, form, bounds: new Map(bounds) }
}

/** Whether one message could fall under both. */
function isTwin(a: AllowedMessage, b: AllowedMessage): boolean {
  if (a.network !== b.network) return false
  if (a.kind === 'declaration') {
    if (b.kind !== 'declaration') return false
    return a.begins.startsWith(b.begins) || b.begins.startsWith(a.begins)
  }
  if (b.kind === 'declaration') return false
  const name = (one: AllowedTyped) =>
    JSON.stringify([one.name, one.version ?? '', one.contract, typeText(one.form)])
  return name(a) === name(b)
}

function bad(id: Handle, because: string): never {
  return refuse('INVALID_POLICY', `messages.${id}: ${because}`)
}
