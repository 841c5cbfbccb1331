// Change: what somebody asks to be done with a key or between two nodes, as one signed document.
// It is an intent as a payment is: one digest under the tag `intent` names the request, people
// approve that digest, and the format inside keeps the two apart. Terms name the key's state that
// was seen when asking, so that a change fits one epoch and can come into force once.
// Checked here is what needs no log and no policy; whether it fits the vault is `change-fit.ts`.
import { digestOf, toHex } from '../proto/crypto.ts'
import type { Digest, Handle, NodeId, PersonId, RequestId, VaultId } from '../proto/ids.ts'
import { parseNodeId } from '../proto/ids.ts'
import { encode, type Json, type JsonObject, parse } from '../proto/jcs.ts'
import { limits } from '../proto/limits.ts'
import { attempt, isRefusal, refuse } from '../proto/refusal.ts'
import {
  digest,
  handle,
  hex,
  integer,
  list,
  literal,
  object,
  objectWith,
  type Reader,
  text,
  time,
  writeTime,
} from '../proto/shape.ts'
import { open, type Signed } from '../proto/signed.ts'
import { tags } from '../proto/tags.ts'
import { pointBytes } from './chain/derive.ts'
import { distinct, ownership, personId } from './document.ts'
import { type Env, type Op, parsePath } from './intent.ts'
import { lineForm } from './request.ts'
import { vaultId } from './vault.ts'

export const changeOps = [
  'key.create',
  'key.refresh',
  'key.reshare',
  'key.import',
  'key.export',
  'key.destroy',
  'key.prove',
  'peer.readmit',
  'ceremony.plan',
] as const
export type ChangeOp = (typeof changeOps)[number]

/** What a change says whatever it asks for. */
export interface Asked {
  readonly org: Handle
  readonly env: Env
  /** The caller's idempotency key, unique per initiator for ever, payments included. */
  readonly id: Handle
  /** Milliseconds since 1970, as `notAfter`. */
  readonly created: number
  /** After this instant no node takes part. */
  readonly notAfter: number
  readonly initiator: PersonId
  /** `all` for a change between nodes, which serves every vault. */
  readonly vault: VaultId
  readonly purpose: string
}

/** What a ceremony is for; each kind does what its name says, and nothing else. */
export const ceremonyKinds = ['genesis', 'sign', 'reshare', 'drill'] as const
export type CeremonyKind = (typeof ceremonyKinds)[number]

/** What may be done with a cold key, each at a ceremony of its kind. */
export const coldOps: ReadonlySet<ChangeOp> = new Set<ChangeOp>([
  'key.create',
  'key.refresh',
  'key.reshare',
  'key.prove',
])

export interface Member {
  readonly node: NodeId
  readonly x: number
}

/** Of one address of an imported key. */
export interface FirstNonce {
  readonly path: string
  /** The first that is free. */
  readonly next: number
}

/** What each operation asks for, beside the vault. */
export interface TermsOf {
  readonly 'key.create': Record<never, never>
  readonly 'key.refresh': { readonly epoch: number; readonly keyState: Digest }
  readonly 'key.reshare': {
    /** The epoch in force. */
    readonly from: number
    readonly keyState: Digest
    /** Exactly the nodes that deal their old shares, in the order of their x. */
    readonly dealers: readonly NodeId[]
    /** Who holds the key afterwards, ascending by x. */
    readonly participants: readonly Member[]
    readonly t: number
  }
  readonly 'key.import': {
    /** Compressed, 33 bytes. */
    readonly publicKey: Uint8Array
    /** 32 bytes. */
    readonly chainCode: Uint8Array
    /** Digest of the dealer's commitments, so that nobody swaps the dealing. */
    readonly commitments: Digest
    /** Where the key has signed before: no nonce below is given. Left out where it has not. */
    readonly nonces?: readonly FirstNonce[]
  }
  readonly 'key.export': {
    /** X25519, 32 bytes: whoever holds its private half gets the whole key. */
    readonly recipient: Uint8Array
    readonly keyState: Digest
  }
  readonly 'key.destroy': { readonly epoch: number; readonly keyState: Digest }
  readonly 'key.prove': {
    readonly epoch: number
    readonly keyState: Digest
    /** Which key of the vault signs: `m` is the vault's own. */
    readonly path: string
    /** Who wants to see it. */
    readonly audience: string
    /** What the audience chose, so that the proof cannot be an older one; empty for none. */
    readonly challenge: Uint8Array
  }
  readonly 'peer.readmit': { readonly node: NodeId; readonly peer: NodeId }
  readonly 'ceremony.plan': {
    /** Digest of the plan document, which says who, where and with what. */
    readonly plan: Digest
    readonly kind: CeremonyKind
    /** Ascending. */
    readonly vaults: readonly VaultId[]
    /** The requests that are carried out there, ascending. */
    readonly requests: readonly Digest[]
    /** The window, in milliseconds. */
    readonly from: number
    readonly until: number
  }
}

/** Switch over `op`. */
export type Change = {
  [K in ChangeOp]: Asked & { readonly op: K; readonly terms: TermsOf[K] }
}[ChangeOp]

export type ChangeOf<K extends ChangeOp> = Extract<Change, { readonly op: K }>

export interface ReadChange {
  readonly digest: RequestId
  readonly change: Change
}

/** The vault of a change that serves every vault; no policy may name one so. */
export const everyVault = 'all'

export function isChangeOp(op: Op | ChangeOp): op is ChangeOp {
  return changeOps.some((known) => known === op)
}

/** Its request names no vault: it is between nodes, or its terms name the vaults. */
export function servesEveryVault(op: Op | ChangeOp): boolean {
  return op === 'peer.readmit' || op === 'ceremony.plan'
}

/** Whether these bytes say that they are a change; nothing else of them is looked at. */
export function claimsChange(bytes: Uint8Array): boolean {
  const value = attempt(() => parse(bytes, limits.intentBytesMax))
  return (
    !isRefusal(value) &&
    typeof value === 'object' &&
    'format' in value &&
    value['format'] === format
  )
}

/** The change of exact canonical bytes; nothing is said about who signed it. */
export function parseChange(bytes: Uint8Array): ReadChange {
  const change = readChange(parse(bytes, limits.intentBytesMax), '')
  return { digest: digestOf(tags.intent, bytes), change }
}

/** Verifies under the initiator's key, then parses; the key comes from the caller's roster. */
export function openChange(signed: Signed, publicKey: Uint8Array): ReadChange {
  if (signed.document.length > limits.intentBytesMax) {
    refuse('TOO_LARGE', `change: expected at most ${limits.intentBytesMax} bytes`)
  }
  const read = { shape: readChange, refuseWith: 'INTENT_SIG' } as const
  const { digest: named, value } = open(tags.intent, signed, publicKey, read)
  return { digest: named, change: value }
}

/** Canonical bytes, for whoever makes a change; refused when they would not be read back. */
export function encodeChange(change: Change): Uint8Array {
  const { created, notAfter, terms, ...asked } = change
  const times = { created: writeTime(created), notAfter: writeTime(notAfter) }
  const bytes = encode({ ...asked, ...times, format, terms: plain(terms) })
  parseChange(bytes)
  return bytes
}

const format = 'custody-change/v1'
const nodeId: Reader<NodeId> = (value, path) => parseNodeId(handle(value, path))
const place = integer(1, limits.nodesMax)
const epoch = integer(0, Number.MAX_SAFE_INTEGER)
const state = object({ epoch, keyState: digest })
const derivation: Reader<string> = (value, path) => {
  const written = text(96)(value, path)
  parsePath(written)
  return written
}
const firstNonce = object({ path: derivation, next: integer(1, limits.firstNonceMax) })

const termsShapes = {
  'key.create': object({}),
  'key.refresh': state,
  'key.reshare': object({
    from: epoch,
    keyState: digest,
    dealers: distinct(list(nodeId, 1, limits.nodesMax)),
    participants: list(object({ node: nodeId, x: place }), 1, limits.nodesMax),
    t: place,
  }),
  'key.import': objectWith(
    { publicKey: hex(33), chainCode: hex(32), commitments: digest },
    { nonces: list(firstNonce, 1, limits.importNoncesMax) },
  ),
  'key.export': object({ recipient: hex(32), keyState: digest }),
  'key.destroy': state,
  'key.prove': object({
    epoch,
    keyState: digest,
    path: derivation,
    audience: text(64, lineForm),
    challenge: hex(32, true),
  }),
  'peer.readmit': object({ node: nodeId, peer: nodeId }),
  'ceremony.plan': object({
    plan: digest,
    kind: literal(...ceremonyKinds),
    vaults: list(vaultId, 1, limits.ceremonyVaultsMax),
    requests: list(digest, 1, limits.plannedRequestsMax),
    from: time,
    until: time,
  }),
}

const unread: Reader<Json> = (value, path) => value ?? refuse('MALFORMED', `${path}: missing`)

const changeShape = object({
  created: time,
  ...ownership,
  format: literal(format),
  id: handle,
  initiator: personId,
  notAfter: time,
  op: literal(...changeOps),
  purpose: text(128, lineForm),
  terms: unread,
  vault: vaultId,
})

const readChange: Reader<Change> = (value, path) => {
  const { format: _, terms, op, ...asked } = changeShape(value, path)
  // The terms were read by the shape of this very operation.
  const change = { ...asked, op, terms: termsShapes[op](terms, 'terms') } as Change
  requireLife(change)
  requireVault(change)
  requireTerms(change)
  return change
}

function requireLife({ created, notAfter }: Asked): void {
  if (notAfter <= created) bad('expected notAfter later than created')
  const most = created + limits.intentLifetimeMsMax
  if (notAfter > most) bad(`expected notAfter by ${writeTime(most)}, got ${writeTime(notAfter)}`)
}

function requireVault({ op, vault }: Change): void {
  const every = servesEveryVault(op)
  if (every !== (vault === everyVault)) {
    bad(`${op}: expected ${every ? `vault ${everyVault}` : 'one vault'}, got ${vault}`)
  }
}

function requireTerms(change: Change): void {
  switch (change.op) {
    case 'key.reshare':
      requireCommittee(change.terms)
      break
    case 'key.import':
      pointBytes(change.terms.publicKey)
      requireAscending('nonces', change.terms.nonces?.map(({ path }) => path) ?? [])
      break
    case 'key.export':
      if (change.terms.recipient.every((byte) => byte === 0)) bad('recipient: expected a key')
      break
    case 'peer.readmit':
      if (change.terms.node === change.terms.peer) bad('peer: expected another node')
      break
    case 'ceremony.plan':
      requireCeremony(change.terms, change)
      break
    default:
  }
}

/** One form for one committee, and two of its quorums always share a node. */
function requireCommittee({ participants, t }: TermsOf['key.reshare']): void {
  const ascending = participants.every(({ x }, at) => x > (participants[at - 1]?.x ?? 0))
  const nodes = new Set(participants.map(({ node }) => node))
  if (!ascending || nodes.size !== participants.length) {
    bad('participants: expected each node once, ascending by x')
  }
  if (t > participants.length || 2 * t <= participants.length) {
    bad(`t: expected more than half of ${participants.length} and no more than them, got ${t}`)
  }
}

/** One form for one ceremony, and a window that people can look over. */
function requireCeremony(terms: TermsOf['ceremony.plan'], { created }: Asked): void {
  const { vaults, requests, from, until } = terms
  for (const [what, named] of [
    ['vaults', vaults],
    ['requests', requests],
  ] as const) {
    requireAscending(what, named)
  }
  if (vaults.some((vault) => vault === everyVault)) bad(`vaults: ${everyVault} is no vault`)
  if (from < created) bad('from: expected a window after the plan was made')
  const most = from + limits.planWindowMsMax
  if (until <= from || until > most) {
    bad(`until: expected after from and by ${writeTime(most)}, got ${writeTime(until)}`)
  }
}

function requireAscending(what: string, named: readonly string[]): void {
  const ascending = named.every((one, at) => at === 0 || one > (named[at - 1] ?? ''))
  if (!ascending) bad(`${what}: expected each once, ascending`)
}

function plain(terms: Change['terms']): JsonObject {
  const read = 'from' in terms && 'until' in terms ? { ...terms, ...window(terms) } : terms
  const values: Readonly<Record<string, TermsValue>> = read
  const written = Object.entries(values).map(([name, value]) => [name, plainValue(value)] as const)
  return Object.fromEntries(written)
}

function window({ from, until }: TermsOf['ceremony.plan']) {
  return { from: writeTime(from), until: writeTime(until) }
}

function plainValue(value: TermsValue): Json {
  if (value instanceof Uint8Array) return toHex(value)
  if (typeof value === 'string' || typeof value === 'number') return value
  return value.map((item) => (typeof item === 'string' ? item : { ...item }))
}

type TermsValue = string | number | Uint8Array | readonly (string | Member | FirstNonce)[]

function bad(because: string): never {
  return refuse('INVALID_INTENT', because)
}
