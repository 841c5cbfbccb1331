// The small governed documents: the root that every configuration pins, the ruleset that lists what
// is in force, and the freeze that one person signs. Each is strict canonical JSON with a digest
// under its own tag; policy, directory and books have files of their own.
// Who may change a document, and when, is decided by the log's fold.

import { toHex } from '../proto/crypto.ts'
import type { Digest, Handle, NodeId, PersonId } from '../proto/ids.ts'
import { parseNodeId } from '../proto/ids.ts'
import { text } from '../proto/jcs.ts'
import { limits } from '../proto/limits.ts'
import { refuse } from '../proto/refusal.ts'
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
  text as textShape,
  time,
  writeTime,
} from '../proto/shape.ts'
import { tags } from '../proto/tags.ts'
import { parseVkey, type Vkey, type VkeyRole } from './audit/checkpoint.ts'
import { ownership, personId, readDocument, versioned } from './document.ts'
import type { Env } from './intent.ts'
import { faultsOf, type KeyQuorum, type WitnessQuorum } from './tolerance.ts'

/** Whoever keeps a copy of the log and cosigns it: a light witness does nothing else. */
export interface RootWitness {
  readonly node: NodeId
  /** Ed25519 key of its messages and documents, 32 bytes. */
  readonly identity: Uint8Array
  /** SHA-256 of the public key of its TLS certificate. */
  readonly transport: Digest
  readonly witness: Vkey
}

export interface RootNode extends RootWitness {
  /** Its place in every vault, 1 to n; it keeps it while others come and go. */
  readonly x: number
}

export interface Root {
  readonly digest: Digest
  readonly org: Handle
  readonly env: Env
  readonly version: number
  readonly previous: Digest | ''
  /** Its nodes are stations, which cosign nothing; its vaults are cold, all of them. */
  readonly cold: boolean
  readonly log: { readonly origin: Handle; readonly vkey: Vkey }
  readonly nodes: readonly RootNode[]
  /** Light witnesses, beyond the nodes. */
  readonly witnesses: readonly RootWitness[]
  readonly quorumCrypto: KeyQuorum
  readonly witness: WitnessQuorum
  readonly governance: { readonly keys: readonly Uint8Array[]; readonly threshold: number }
  /** What the first activations must name, exactly. */
  readonly genesis: {
    readonly policy: Digest
    readonly directory: Digest
    readonly books: ReadonlyMap<Handle, Digest>
    readonly lists: ReadonlyMap<Handle, Digest>
  }
}

export function parseRoot(written: string): Root {
  const { digest, value } = readDocument(tags.root, written, rootShape)
  const { format: _, cold = false, ...read } = value
  const root = { ...read, cold }
  requireRoot(root)
  return { digest, ...root }
}

/** Everyone whom the root names: the nodes in the order of their x, then the light witnesses. */
export function membersOf({ nodes, witnesses }: Root): readonly RootWitness[] {
  return [...[...nodes].sort((a, b) => a.x - b.x), ...witnesses]
}

/** Of these, who cosigns the log: everyone, but stations see it only in the room. */
export function cosignersOf(root: Root): readonly RootWitness[] {
  return root.cold ? root.witnesses : membersOf(root)
}

/** Their keys, in the same order. */
export function witnessesOf(root: Root): readonly Vkey[] {
  return cosignersOf(root).map(({ witness }) => witness)
}

/** The manifest of what is in force; what the bootstrap has not reached is empty or absent. */
export interface Ruleset {
  readonly org: Handle
  readonly env: Env
  readonly root: Digest
  readonly policy: Digest | ''
  readonly directory: Digest | ''
  readonly books: ReadonlyMap<Handle, Digest>
  readonly lists: ReadonlyMap<Handle, Digest>
}

export function parseRuleset(written: string): Ruleset & { readonly digest: Digest } {
  const { digest, value } = readDocument(tags.ruleset, written, rulesetShape)
  const { format: _, ...ruleset } = value
  return { digest, ...ruleset }
}

export function rulesetText({ books, lists, ...head }: Ruleset): string {
  const maps = { books: Object.fromEntries(books), lists: Object.fromEntries(lists) }
  return text({ ...head, ...maps, format: 'custody-ruleset/v1' })
}

/** One listed person stops everything, or one vault, at once. */
export interface Freeze {
  readonly org: Handle
  readonly env: Env
  /** `all` or a vault. */
  readonly scope: Handle
  readonly person: PersonId
  readonly credential: Handle
  /** Milliseconds. */
  readonly issued: number
  /** 16 bytes. */
  readonly nonce: Uint8Array
}

export function parseFreeze(written: string): Freeze & { readonly digest: Digest } {
  const { digest, value } = readDocument(tags.freeze, written, freezeShape)
  const { format: _, ...freeze } = value
  return { digest, ...freeze }
}

export function freezeText({ issued, nonce, ...head }: Freeze): string {
  const written = { issued: writeTime(issued), nonce: toHex(nonce) }
  return text({ ...head, ...written, format: 'custody-freeze/v1' })
}

const nodeId: Reader<NodeId> = (value, path) => parseNodeId(handle(value, path))

function vkey(role: VkeyRole): Reader<Vkey> {
  return (value, path) => {
    const key = parseVkey(textShape(320)(value, path))
    return key.role === role ? key : refuse('MALFORMED', `${path}: expected a ${role} key`)
  }
}

const count = integer(0, 64)
const place = integer(1, limits.nodesMax)

const member = { node: nodeId, identity: hex(32), transport: digest, witness: vkey('witness') }

const rootFields = {
  format: literal('custody-root/v1'),
  ...versioned,
  log: object({ origin: handle, vkey: vkey('log') }),
  nodes: list(object({ ...member, x: place }), 1, limits.nodesMax),
  witnesses: list(object(member), 0, limits.witnessesMax),
  quorumCrypto: object({ n: count, t: count, f: count }),
  witness: object({ w: count, f: count, q: count }),
  governance: object({ keys: list(hex(32), 1, 64), threshold: integer(1, 64) }),
  genesis: object({
    policy: digest,
    directory: digest,
    books: mapOf(digest),
    lists: mapOf(digest),
  }),
}

const rootShape = objectWith(rootFields, { cold: literal(true) })

const rulesetShape = object({
  format: literal('custody-ruleset/v1'),
  ...ownership,
  root: digest,
  policy: digestOrNone,
  directory: digestOrNone,
  books: mapOf(digest),
  lists: mapOf(digest),
})

const freezeShape = object({
  format: literal('custody-freeze/v1'),
  ...ownership,
  scope: handle,
  person: personId,
  credential: handle,
  issued: time,
  nonce: hex(16),
})

function requireRoot(root: Omit<Root, 'digest'>): void {
  const { cold, log, nodes, witnesses, quorumCrypto, witness, governance } = root
  if (log.vkey.name !== log.origin) refuse('MALFORMED', 'log: expected a vkey named as the origin')
  const members = [...nodes, ...witnesses]
  distinctly(
    'node',
    members.map((item) => item.node),
  )
  distinctly(
    'transport',
    members.map((item) => item.transport),
  )
  const keys = members.map((item) => item.witness)
  distinctly(
    'witness name',
    keys.map((key) => key.name),
  )
  // One key in two offices would be one thief with two votes.
  const all = [
    log.vkey.publicKey,
    ...keys.map((key) => key.publicKey),
    ...members.map((item) => item.identity),
    ...governance.keys,
  ]
  distinctly('key', all.map(toHex))
  distinctly(
    'x',
    nodes.map((item) => item.x),
  )

  const { n } = quorumCrypto
  // A node keeps its place when another one leaves, so later roots may have gaps.
  const last = root.version === 1 ? n : limits.nodesMax
  if (nodes.length !== n || nodes.some((item) => item.x > last)) {
    refuse('MALFORMED', `nodes: expected ${n} with x from 1 to ${last}, got ${nodes.length}`)
  }
  const cosigning = cold ? witnesses.length : members.length
  if (cosigning !== witness.w) {
    refuse('MALFORMED', `witness.w: expected ${cosigning} as listed, got ${witness.w}`)
  }
  if (governance.threshold > governance.keys.length) {
    refuse('MALFORMED', 'governance.threshold: expected at most the number of keys')
  }
  const [fault] = faultsOf(quorumCrypto, witness, cold)
  if (fault !== undefined) refuse('MALFORMED', fault)
}

function distinctly(what: string, items: readonly (string | number)[]): void {
  if (new Set(items).size !== items.length) refuse('MALFORMED', `root: a ${what} stands twice`)
}
