// The documents that nodes sign with their identity key: acceptance, refusal and share receipt of a
// request, acceptance of a key to make, hello of a pair, query and answer of a floor. Beside them
// the keygen document and that of a change to carry out, which a coordinator writes and nobody
// signs. Fields: the walk, section 5, and first-walk.
// INVARIANT: strict JCS with exactly these keys; a node id is the credential of its documents. Says
// nothing about when one is right: that is judged by whoever receives it.
import { digestOf, toUtf8 } from './crypto.ts'
import { type Digest, type NodeId, parseNodeId, parseVaultId, type VaultId } from './ids.ts'
import { encode, type JsonObject } from './jcs.ts'
import { limits } from './limits.ts'
import { refuse } from './refusal.ts'
import {
  digest,
  digestOrNone,
  handle,
  hex,
  integer,
  list,
  literal,
  mapOf,
  object,
  objectWith,
  type Reader,
  type Shaped,
  text,
  timeMillis,
} from './shape.ts'
import { type Opened, open, type Sign, type Signed, sign } from './signed.ts'
import { type Tag, tags } from './tags.ts'

const nodeId: Reader<NodeId> = (value, path) => parseNodeId(handle(value, path))
const vaultId: Reader<VaultId> = (value, path) => parseVaultId(handle(value, path))
const count = integer(0, Number.MAX_SAFE_INTEGER)
const owner = { org: handle, env: literal('prod', 'test', 'dev') }
const head = { origin: text(128), size: count, root: digest }
const party = object({ node: nodeId, x: integer(1, 65_535) })
const parties = list(party, 1, limits.nodesMax)
const attempt = integer(1, Number.MAX_SAFE_INTEGER)

/**
 * At the table of a ceremony: the Record as the acceptor's own copy has it, in which everybody has
 * confirmed what is accepted. Absent everywhere else.
 */
const seated = { record: object({ size: integer(1, limits.recordLinesMax), root: digest }) }

/** Who accepts, in which life of its process, with which fresh values. */
const acceptor = {
  node: nodeId,
  incarnation: hex(16),
  /** Number of this acceptance within the incarnation. */
  counter: count,
  nonce: hex(32),
  x25519: hex(32),
  deadline: timeMillis,
}

/** Instead of the id of a Pairing: one that is made in the session and ends with it. */
export const fresh = 'fresh'
export type PairingName = Digest | typeof fresh
const pairingName: Reader<PairingName> = (value, path) =>
  value === fresh ? fresh : digest(value, path)

const accepted = {
  format: literal('custody-acceptance/v1'),
  ...owner,
  ...acceptor,
  ...head,
  intent: digest,
  attempt,
  warrant: digest,
  bytes: digest,
  /** What the key signs, computed by this node from the bytes. */
  digest,
  vault: vaultId,
  path: text(96),
  /** Of the vault at `path`. */
  publicKey: hex(33),
  key: handle,
  epoch: count,
  keyState: digest,
  participants: list(nodeId, 1, limits.nodesMax),
  /** The Pairing with each other participant, or that it is made in the session. */
  pairings: mapOf(pairingName),
  policy: digest,
  trace: digest,
  display: digest,
}
const acceptance = objectWith(accepted, seated)

const keygenAccepted = {
  format: literal('custody-keygen-acceptance/v1'),
  ...owner,
  ...acceptor,
  ...head,
  /** Digest of the keygen document, or of the change-run document, which names the order. */
  keygen: digest,
  purpose: literal('dkg', 'refresh', 'reshare', 'import'),
  /** The approved change; empty for a key that the policy alone asks for. */
  change: digestOrNone,
  /** The epoch in force and its key state as this node's own log has them; 0 and empty for none. */
  from: count,
  keyState: digestOrNone,
  /** The epoch to be made. */
  epoch: count,
  /** Of whoever deals in a reshare: the public facts of the old key, hex; empty for all others. */
  facts: text(16_384, /^[0-9a-f]*$/),
}
const keygenAcceptance = objectWith(keygenAccepted, seated)

const keygen = object({
  format: literal('custody-keygen/v1'),
  ...owner,
  vault: vaultId,
  epoch: integer(0, 0xffff_ffff),
  t: integer(1, limits.nodesMax),
  participants: parties,
  attempt,
})

const changeRun = object({
  format: literal('custody-change-run/v1'),
  ...owner,
  change: digest,
  /** Of the order that came with it. */
  order: digest,
  /** The epoch to be made; 0 where no share is dealt. */
  epoch: integer(0, 0xffff_ffff),
  attempt,
})

/** The nodes that shall sign a control proof; what they sign follows from the order alone. */
const proveRun = object({
  format: literal('custody-prove-run/v1'),
  ...owner,
  change: digest,
  /** Of the order that came with it. */
  order: digest,
  attempt,
  participants: list(nodeId, 1, limits.nodesMax),
})

const refusalDocument = object({
  format: literal('custody-refusal/v1'),
  ...owner,
  node: nodeId,
  /** Empty for a key. */
  intent: digestOrNone,
  attempt: count,
  /** Digest of the warrant or of the keygen document. */
  warrant: digestOrNone,
  check: text(128),
  code: text(64, /^[A-Z][A-Z0-9_]*$/),
  expected: text(2_048),
  got: text(2_048),
  size: count,
  root: digest,
})

const receipt = object({
  format: literal('custody-share-receipt/v1'),
  ...owner,
  node: nodeId,
  counter: integer(1, Number.MAX_SAFE_INTEGER),
  previous: digestOrNone,
  sid: digest,
  intent: digest,
  attempt,
  warrant: digest,
  digest,
  size: count,
  root: digest,
})

const hello = object({
  format: literal('custody-pair-hello/v1'),
  ...owner,
  node: nodeId,
  to: nodeId,
  incarnation: hex(16),
  attempt: integer(0, 0xffff_ffff),
  nonce: hex(32),
  x25519: hex(32),
  /** The Pairing with `to` that this node has in memory. */
  holds: digestOrNone,
  /** Digest of the hello that this one answers. */
  answers: digestOrNone,
})

const floorQuery = object({
  format: literal('custody-floor-query/v1'),
  ...owner,
  node: nodeId,
  to: nodeId,
  /** In which life of its process the author asks. */
  incarnation: hex(16),
  nonce: hex(32),
  /** Nonce of the newest query of another life of the author that it was told; empty for none. */
  echo: hex(32, true),
})

const note = text(16_384)

const floorAnswer = object({
  format: literal('custody-floor-answer/v1'),
  ...owner,
  node: nodeId,
  to: nodeId,
  /** Of the query. */
  nonce: hex(32),
  /** The largest head here with a cosignature of `to`, as a note; empty for none. */
  cosigned: note,
  /** The highest receipt counter of `to` in this node's log; 0 for none. */
  counter: count,
  /** The largest log-signed checkpoint of this node's own copy, as a note; empty for none. */
  head: note,
  /** A query of another life of `to`, as it was signed; an empty list for none. */
  other: list(object({ document: text(2_048), signature: hex(64) }), 0, 1),
})

export type Acceptance = Shaped<typeof acceptance>
export type RecordHead = Shaped<typeof seated.record>
export type KeygenAcceptance = Shaped<typeof keygenAcceptance>
export type Keygen = Shaped<typeof keygen>
export type ChangeRun = Shaped<typeof changeRun>
export type ProveRun = Shaped<typeof proveRun>
export type RefusalDocument = Shaped<typeof refusalDocument>
export type ShareReceipt = Shaped<typeof receipt>
export type PairHello = Shaped<typeof hello>
export type FloorQuery = Shaped<typeof floorQuery>
export type FloorAnswer = Shaped<typeof floorAnswer>

/** A kind of document: its tag and its shape. */
export interface Kind<T> {
  readonly tag: Tag
  readonly shape: Reader<T>
}

export const kinds = {
  acceptance: { tag: tags.acceptance, shape: acceptance },
  keygenAcceptance: { tag: tags.acceptance, shape: keygenAcceptance },
  keygen: { tag: tags.keygen, shape: keygen },
  changeRun: { tag: tags.keygen, shape: changeRun },
  proveRun: { tag: tags.keygen, shape: proveRun },
  refusal: { tag: tags.refusal, shape: refusalDocument },
  receipt: { tag: tags.shareReceipt, shape: receipt },
  hello: { tag: tags.hello, shape: hello },
  floorQuery: { tag: tags.floor, shape: floorQuery },
  floorAnswer: { tag: tags.floor, shape: floorAnswer },
} as const

/** Verifies under the node's identity key, then parses. The author must be the signer. */
export function openBy<T extends { readonly node: NodeId }>(
  kind: Kind<T>,
  signed: Signed,
  identity: Uint8Array,
): Opened<T> {
  const opened = open(kind.tag, signed, identity, { shape: kind.shape, refuseWith: 'VIEW' })
  if (opened.value.node !== signed.credential) {
    refuse('VIEW', `expected a document of ${signed.credential}, got one of ${opened.value.node}`)
  }
  return opened
}

/** Writes and signs; what does not have the kind's shape is refused before it is signed. */
export function signBy<T>(
  kind: Kind<T>,
  document: JsonObject,
  by: { readonly node: NodeId; readonly sign: Sign },
): Signed {
  kind.shape(document, '')
  return sign(kind.tag, encode(document), by.node, by.sign)
}

export function digestOfSigned(kind: Kind<unknown>, signed: Signed): Digest {
  return digestOf(kind.tag, toUtf8(signed.document))
}
