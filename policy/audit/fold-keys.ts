// The fold of keys: a vault has a key from the line that all its nodes confirmed, each with the
// identity key that the root names. Nobody else can give a vault a key, and nobody can give it a
// second one this way: refresh and reshare keep the public key and have lines of their own.
import { allAtOnce, type InTurns } from '../../proto/in-turns.ts'
import { refuse } from '../../proto/refusal.ts'
import { pointBytes } from '../chain/derive.ts'
import type { Root } from '../documents.ts'
import { madeHere } from '../key-standing.ts'
import { requireTemper } from '../vault.ts'
import type { KeyFacts } from '../view.ts'
import { banSigned } from './ban-statement.ts'
import type { Desk } from './desk.ts'
import type { Entry, EntryOf } from './entry.ts'
import { confirmMessage, requireAllNodes, requiringSignatures } from './key-confirm.ts'
import type { Reading, Write } from './rows.ts'
import { get, key as keyOf, put, tables } from './tables.ts'

type Generated = EntryOf<'key.generated'>

export function* generated(entry: Generated, desk: Desk): Reading<readonly Write[]> {
  const { vault: name, key } = entry.body
  const [root, rulebook] = [yield* desk.root(), yield* desk.rulebook()]
  const named = rulebook.vaults.get(name)
  if (named === undefined) return refuse('VAULT_NOT_FOUND', `no vault ${name}`)
  if (named.key !== key) refuse('KEY_DISABLED', `expected the key ${named.key}`)
  requireTemper(named.tier, root)
  if (named.tier === 'cold') refuse('NOT_SUPPORTED', 'a cold key is made at its ceremony')
  if (yield* get(tables.vault, name)) refuse('KEY_EXISTS', 'the vault has a key')
  const facts = yield* requiringKeyOf(root, entry)
  return [put(tables.vault, name, { ...facts, ...madeHere })]
}

/** In the node's own words alone, and each of them once. */
export function* banned(
  { body, seq, t }: EntryOf<'peer.banned'>,
  desk: Desk,
): Reading<readonly Write[]> {
  const { signature, ...ban } = body
  const root = yield* desk.root()
  const identity = root.nodes.find(({ node }) => node === ban.node)?.identity
  const isPeer = ban.peer !== ban.node && root.nodes.some(({ node }) => node === ban.peer)
  if (identity === undefined || !isPeer) return refuse('PARTICIPANTS', 'expected two nodes')
  if (!banSigned(root, ban, { identity, signature })) {
    refuse('PARTICIPANTS', `${ban.node} did not say that it banned ${ban.peer}`)
  }
  const last = yield* get(tables.ban, ban.node, ban.peer)
  if (last !== undefined && last.number >= ban.number) {
    refuse('STALE_ATTEMPT', `expected a ban above ${last.number}, got ${ban.number}`)
  }
  return [put(tables.ban, keyOf(ban.node, ban.peer), { ...ban, seq, t })]
}

/** Lines that say how a key is held from then on, with the word of every holder. */
export const keyLines = [
  'key.generated',
  'key.created',
  'key.imported',
  'key.refreshed',
  'key.reshared',
] as const
export type KeyLine = EntryOf<(typeof keyLines)[number]>

export function isKeyLine(entry: Entry): entry is KeyLine {
  return keyLines.some((type) => type === entry.type)
}

/** What a payer asks before funding an address: do all nodes of this root stand behind the key? */
export function requireKeyOf(root: Root, line: KeyLine): KeyFacts {
  return allAtOnce(requiringKeyOf(root, line))
}

function* requiringKeyOf(root: Root, { body }: KeyLine): InTurns<KeyFacts> {
  const { chainCode, epoch, key, keyState, participants, publicKey, t, vault } = body
  const facts = { chainCode, epoch, key, keyState, participants, publicKey, t, vault }
  const change = 'change' in body ? body.change : undefined
  pointBytes(publicKey)
  yield
  requireAllNodes(facts, root)
  const nodes = participants.map(({ node }) => node)
  const message = (node: string) => confirmMessage(facts, node, change)
  yield* requiringSignatures(body.confirms, nodes, { root, message })
  return facts
}
