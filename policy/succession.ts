// Succession of roots: whether a new root document may follow the one in force. The root quorum
// decides it, out of band, with Ed25519 signatures over the very text of the new root.
// INVARIANT: versions go up by one; a name belongs to one key for ever, and who left does not come
// back; every old witness quorum shares an honest witness with every new one.
// Knows no log: which documents must come along, and from which line on it counts, is the fold's.
import { ed25519Verify, tagged, toHex, toUtf8 } from '../proto/crypto.ts'
import type { Digest, Handle } from '../proto/ids.ts'
import { text } from '../proto/jcs.ts'
import { limits } from '../proto/limits.ts'
import { refuse } from '../proto/refusal.ts'
import { digest, hex, list, literal, object } from '../proto/shape.ts'
import { tags } from '../proto/tags.ts'
import { formatVkey } from './audit/checkpoint.ts'
import { ownership, readDocument } from './document.ts'
import { membersOf, parseRoot, type Root, witnessesOf } from './documents.ts'
import type { Env } from './intent.ts'

export interface RootSignature {
  /** Of the governance of the root in force, or of the new one. */
  readonly key: Uint8Array
  readonly signature: Uint8Array
}

/** What travels with the line beside the new root. */
export interface RootSignatures {
  readonly org: Handle
  readonly env: Env
  readonly root: Digest
  /** In ascending order of the key. */
  readonly signatures: readonly RootSignature[]
}

export function parseRootSignatures(written: string): RootSignatures & { readonly digest: Digest } {
  const read = readDocument(tags.rootSignatures, written, shape)
  const { format: _, ...given } = read.value
  const keys = given.signatures.map(({ key }) => toHex(key))
  if (keys.some((key, at) => key <= (keys[at - 1] ?? ''))) {
    refuse('MALFORMED', 'signatures: expected each key once, in ascending order')
  }
  return { digest: read.digest, ...given }
}

export function rootSignaturesText({ signatures, ...head }: RootSignatures): string {
  const written = signatures
    .map(({ key, signature }) => ({ key: toHex(key), signature: toHex(signature) }))
    .sort((a, b) => (a.key < b.key ? -1 : 1))
  return text({ ...head, signatures: written, format: 'custody-root-signatures/v1' })
}

/** What a governance key signs. */
export function rootMessage(written: string): Uint8Array {
  return tagged(tags.root, toUtf8(written))
}

/** A new root and its signatures, as they travel, judged by all roots before them. */
export function succeeded(
  chain: readonly Root[],
  sent: { readonly root: string; readonly signatures: string },
): { readonly root: Root; readonly signatures: Digest } {
  const root = parseRoot(sent.root)
  requireSuccessor(chain, root)
  const signatures = parseRootSignatures(sent.signatures)
  requireRootQuorum(newest(chain), { root, text: sent.root }, signatures)
  return { root, signatures: signatures.digest }
}

/** Everything but the signatures. `chain` are all roots up to the one in force, ascending. */
export function requireSuccessor(chain: readonly Root[], next: Root): void {
  const current = newest(chain)
  if (chain.length >= limits.rootsMax) refuse('TOO_LARGE', `more than ${limits.rootsMax} roots`)
  if (next.org !== current.org || next.env !== current.env) {
    refuse('RULESET_SIG', `expected ${current.org} ${current.env}, got ${next.org} ${next.env}`)
  }
  requireSameLog(current, next)
  requireSameTemper(current, next)
  if (next.version !== current.version + 1) {
    refuse('RULESET_VERSION', `expected root ${current.version + 1}, got ${next.version}`)
  }
  if (next.previous !== current.digest) {
    refuse('RULESET_VERSION', `previous: expected ${current.digest}, got ${next.previous}`)
  }
  requireNames(chain, next)
  requirePlaces(current, next)
  const fault = switchFault(current, next)
  if (fault !== undefined) refuse('LOG_FORK', fault)
}

/** The quorum of the root in force; of a changed governance also its own, as proof that it can. */
export function requireRootQuorum(
  current: Root,
  { root: next, text: written }: { readonly root: Root; readonly text: string },
  given: RootSignatures,
): void {
  if (given.root !== next.digest || given.org !== next.org || given.env !== next.env) {
    refuse('RULESET_SIG', `signatures of another root: ${given.root}`)
  }
  const message = rootMessage(written)
  const both = new Set([current, next].flatMap(({ governance }) => governance.keys.map(toHex)))
  for (const { key, signature } of given.signatures) {
    const name = toHex(key)
    if (!both.has(name)) refuse('GOV_QUORUM', `${name} is no governance key of either root`)
    if (!ed25519Verify(key, message, signature)) {
      refuse('RULESET_SIG', `signature of ${name} does not verify`)
    }
  }
  requireVotes('the root in force', current, given)
  if (!sameGovernance(current, next)) requireVotes('the new root', next, given)
}

/**
 * Undefined when each q of the old witnesses and each q of the new ones share more than f: then of
 * two logs that part at the switch, one lacks its quorum.
 */
export function switchFault(current: Root, next: Root): string | undefined {
  const [before, after] = [current.witness, next.witness]
  const keys = [...witnessesOf(current), ...witnessesOf(next)].map(formatVkey)
  const union = new Set(keys).size
  const shared = before.q + after.q - union
  const needed = Math.max(before.f, after.f) + 1
  if (shared >= needed) return undefined
  const sum = `q ${before.q} + q ${after.q} - ${union} witnesses`
  return `expected old and new quorums to share ${needed}, got ${shared} (${sum})`
}

export function sameGovernance(a: Root, b: Root): boolean {
  const keys = (root: Root): string => root.governance.keys.map(toHex).sort().join()
  return a.governance.threshold === b.governance.threshold && keys(a) === keys(b)
}

function newest(chain: readonly Root[]): Root {
  const current = chain.at(-1)
  if (current === undefined) throw new Error('no root is in force')
  return current
}

function requireSameLog({ log }: Root, next: Root): void {
  const same = next.log.origin === log.origin && formatVkey(next.log.vkey) === formatVkey(log.vkey)
  if (!same) refuse('LOG_FORK', `expected the log ${log.origin} and its key, got another`)
}

/** Keys of a log's vaults were all made at a table, or all online: neither becomes the other. */
function requireSameTemper({ cold }: Root, next: Root): void {
  if (next.cold !== cold) refuse('LOG_FORK', `cold: expected ${cold} as before, got ${next.cold}`)
}

interface Name {
  readonly name: string
  readonly key: string
}

function namesIn(root: Root): readonly Name[] {
  return [
    ...membersOf(root).map(({ node, identity }) => ({
      name: `node ${node}`,
      key: toHex(identity),
    })),
    ...witnessesOf(root).map(({ name, publicKey }) => {
      return { name: `witness ${name}`, key: toHex(publicKey) }
    }),
  ]
}

/** Cosignatures and shares of the past are known by these names. */
function requireNames(chain: readonly Root[], next: Root): void {
  const present = new Set(namesIn(newest(chain)).map(({ name }) => name))
  const before = chain.flatMap(namesIn)
  for (const { name, key } of namesIn(next)) {
    const clash = before.find((one) => (one.name === name) !== (one.key === key))
    if (clash !== undefined) {
      refuse('PARTICIPANTS', `${name}: expected one key under one name, was ${clash.name}`)
    }
    if (!present.has(name) && before.some((one) => one.name === name)) {
      refuse('PARTICIPANTS', `${name} left and does not come back`)
    }
  }
}

/** Who signs keeps its place, and no light witness comes to hold shares: its name is for life. */
function requirePlaces(current: Root, next: Root): void {
  const offices = [
    [current.nodes, next.witnesses],
    [current.witnesses, next.nodes],
  ] as const
  for (const [before, after] of offices) {
    const moved = before.find(({ node }) => after.some((item) => item.node === node))
    if (moved !== undefined) refuse('PARTICIPANTS', `${moved.node}: expected the office it had`)
  }
  for (const { node, x } of current.nodes) {
    const stays = next.nodes.find((item) => item.node === node)
    if (stays !== undefined && stays.x !== x) {
      refuse('PARTICIPANTS', `${node}: expected x ${x} as before, got ${stays.x}`)
    }
  }
}

function requireVotes(whose: string, { governance }: Root, { signatures }: RootSignatures): void {
  const keys = new Set(governance.keys.map(toHex))
  const votes = signatures.filter(({ key }) => keys.has(toHex(key))).length
  if (votes < governance.threshold) {
    refuse('GOV_QUORUM', `${whose} asks for ${governance.threshold} signatures, got ${votes}`)
  }
}

const shape = object({
  format: literal('custody-root-signatures/v1'),
  ...ownership,
  root: digest,
  signatures: list(object({ key: hex(32), signature: hex(64) }), 1, 128),
})
