// The fold of keys: a vault has a key from the line that all its nodes confirmed, each with the
// identity key that the root names. Nobody else can give a vault a key, and nobody can give it a
// second one this way: refresh and reshare keep the public key and have lines of their own.
import { refuse } from '../../proto/refusal.ts'
import { pointBytes } from '../chain/derive.ts'
import type { Root } from '../documents.ts'
import { madeHere } from '../key-standing.ts'
import type { KeyFacts } from '../view.ts'
import type { Desk } from './desk.ts'
import type { EntryOf } from './entry.ts'
import { confirmMessage, requireAllNodes, requireSignatures } from './key-confirm.ts'
import type { Reading, Write } from './rows.ts'
import { get, key as keyOf, put, tables } from './tables.ts'

type Generated = EntryOf<'key.generated'>

export function* generated(entry: Generated, desk: Desk): Reading<readonly Write[]> {
  const { vault: name, key } = entry.body
  const [root, rulebook] = [yield* desk.root(), yield* desk.rulebook()]
  const named = rulebook.vaults.get(name)
  if (named === undefined) return refuse('VAULT_NOT_FOUND', `no vault ${name}`)
  if (named.key !== key) refuse('KEY_DISABLED', `expected the key ${named.key}`)
  if (yield* get(tables.vault, name)) refuse('KEY_EXISTS', 'the vault has a key')
  return [put(tables.vault, name, { ...requireKeyOf(root, entry), ...madeHere })]
}

export function banned({ body, seq, t }: EntryOf<'peer.banned'>): readonly Write[] {
  return [put(tables.ban, keyOf(body.node, body.peer), { ...body, seq, t })]
}

/** What a payer asks before funding an address: do all nodes of this root stand behind the key? */
export function requireKeyOf(root: Root, { body }: Generated): KeyFacts {
  const { confirms, ...key } = body
  pointBytes(key.publicKey)
  requireAllNodes(key, root)
  const nodes = key.participants.map(({ node }) => node)
  requireSignatures(confirms, nodes, { root, message: (node) => confirmMessage(key, node) })
  return key
}
