// The fold of keys: a vault has a key from the line that all its nodes confirmed, each with the
// identity key that the root names. Nobody else can give a vault a key, and nobody can give it a
// second one this way: refresh and reshare keep the public key and have lines of their own.
import { refuse } from '../../proto/refusal.ts'
import { pointBytes } from '../chain/derive.ts'
import type { Root } from '../documents.ts'
import type { VaultRow } from '../view.ts'
import { banSigned } from './ban-statement.ts'
import type { Desk } from './desk.ts'
import type { EntryOf } from './entry.ts'
import { confirmed } from './key-confirm.ts'
import type { Reading, Write } from './rows.ts'
import { get, key, put, tables } from './tables.ts'

type Generated = EntryOf<'key.generated'>

export function* generated(entry: Generated, desk: Desk): Reading<readonly Write[]> {
  const { confirms: _, ...vault } = entry.body
  const [root, rulebook] = [yield* desk.root(), yield* desk.rulebook()]
  const named = rulebook.vaults.get(vault.vault)
  if (named === undefined) return refuse('VAULT_NOT_FOUND', `no vault ${vault.vault}`)
  if (named.key !== vault.key) refuse('KEY_DISABLED', `expected the key ${named.key}`)
  if (yield* get(tables.vault, vault.vault)) refuse('KEY_EXISTS', 'the vault has a key')
  requireKeyOf(root, entry)
  return [put(tables.vault, vault.vault, vault)]
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
  return [put(tables.ban, key(ban.node, ban.peer), { ...ban, seq, t })]
}

/** What a payer asks before funding an address: do all nodes of this root stand behind the key? */
export function requireKeyOf(root: Root, { body }: Generated): VaultRow {
  const { confirms, ...vault } = body
  pointBytes(vault.publicKey)
  requireAllNodes(vault, root)
  requireConfirms(confirms, vault, root)
  return vault
}

/** t of exactly the nodes of the root, at their places, in the order of x. */
function requireAllNodes(vault: VaultRow, root: Root): void {
  if (vault.t !== root.quorumCrypto.t) {
    refuse('PARTICIPANTS', `expected t ${root.quorumCrypto.t}, got ${vault.t}`)
  }
  const nodes = [...root.nodes].sort((a, b) => a.x - b.x)
  const same = nodes.every(({ node, x }, at) => {
    const member = vault.participants[at]
    return member?.node === node && member.x === x
  })
  if (!same || vault.participants.length !== nodes.length) {
    refuse('PARTICIPANTS', 'expected all nodes of the root, in the order of x')
  }
}

/** One from each node, in the same order. */
function requireConfirms(given: Generated['body']['confirms'], vault: VaultRow, root: Root): void {
  if (given.length !== vault.participants.length) {
    refuse('PARTICIPANTS', `expected ${vault.participants.length} confirmations`)
  }
  for (const [at, { node }] of vault.participants.entries()) {
    const identity = root.nodes.find((item) => item.node === node)?.identity
    const confirm = given[at]
    const own = identity !== undefined && confirm?.node === node
    if (!own || !confirmed(vault, node, { identity, signature: confirm.signature })) {
      refuse('PARTICIPANTS', `no confirmation of ${node} over key state ${vault.keyState}`)
    }
  }
}
