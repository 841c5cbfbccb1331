// The fold of backups: a node says once for each epoch of a key that its backup was opened in a
// test. When all nodes of the key have said so, the vault's address may be shown, and stays so:
// refresh and reshare keep the public key, and who has paid in has paid in.
// INVARIANT: a line counts only with the signature of the node's identity key, over the key state
// in force. That the recovery key really opened the file is the node's word: it pins the recovery
// keys.
import type { NodeId, VaultId } from '../../proto/ids.ts'
import { refuse } from '../../proto/refusal.ts'
import type { Root } from '../documents.ts'
import type { KeyFacts } from '../view.ts'
import { type Tested, testedBy } from './backup-tested.ts'
import type { Desk } from './desk.ts'
import type { EntryOf } from './entry.ts'
import type { Reading, Write } from './rows.ts'
import { below, get, key, put, tables } from './tables.ts'

export function* backupTested(
  { body, seq, t }: EntryOf<'key.backup-tested'>,
  desk: Desk,
): Reading<readonly Write[]> {
  const { vault, epoch, keyState, node, backup } = body
  const row = yield* get(tables.vault, vault)
  if (row === undefined) return refuse('VAULT_NOT_FOUND', `no key of ${vault} is in force`)
  requireBackupOf(row, body, yield* desk.root())
  if (yield* get(tables.backup, vault, epoch, node)) {
    refuse('BACKUP', `${node} has said so of ${vault}, epoch ${epoch}`)
  }
  const tested = { vault, epoch, keyState, node, backup, seq, t }
  const writes = [put(tables.backup, key(vault, epoch, node), tested)]
  // Of an imported key somebody else knows every share until it is refreshed.
  if (row.standing === 'unrefreshed') return writes
  const missing = (yield* unprovenOf(row)).filter((one) => one !== node)
  if (missing.length > 0 || (yield* get(tables.shown, vault)) !== undefined) return writes
  return [...writes, put(tables.shown, vault, { vault, epoch, seq, t })]
}

/** What a payer asks too: is this a participant's word about exactly this key? */
export function requireBackupOf(row: KeyFacts, body: Tested, root: Root): void {
  const { vault, epoch, keyState, node } = body
  if (vault !== row.vault || epoch !== row.epoch || keyState !== row.keyState) {
    refuse('EPOCH', `expected epoch ${row.epoch} with the key state in force of ${row.vault}`)
  }
  if (!row.participants.some((member) => member.node === node)) {
    refuse('PARTICIPANTS', `${node} has no share of ${vault}`)
  }
  if (!testedBy(root, body)) refuse('BACKUP', `no statement of ${node} over this backup`)
}

/** Nodes of the key in force without a proven backup of its epoch, in the order of x. */
export function* unprovenOf({ vault, epoch, participants }: KeyFacts): Reading<readonly NodeId[]> {
  const tested = yield* below(tables.backup, vault, epoch)
  return participants
    .map(({ node }) => node)
    .filter((node) => !tested.some((one) => one.node === node))
}

/** Whether an address of this vault may be given to anybody. */
export function* isShown(vault: VaultId): Reading<boolean> {
  return (yield* get(tables.shown, vault)) !== undefined
}
