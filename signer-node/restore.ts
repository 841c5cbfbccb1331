// Brings a lost Keyshare back from its backup, on a node that is stopped. What comes back signs
// nothing: a copy of it exists, and nobody can say what the lost disk had promised. It is sealed as
// a file of another kind, so the node knows at every start; with it the node is a witness and takes
// part in a refresh or a reshare, and the share of the next epoch signs again.
// INVARIANT: only this node's own backup of a key that its log does not contradict is restored.

import { readSync } from '../policy/audit/rows.ts'
import { get, tables } from '../policy/audit/tables.ts'
import { parseRulebook } from '../policy/rulebook.ts'
import { parseVaultId, type VaultId } from '../proto/ids.ts'
import { attempt, isRefusal, refuse } from '../proto/refusal.ts'
import { type KeyshareContext, parseSeal } from '../proto/seal-file.ts'
import type { Curve } from './dkls23/curve.ts'
import type { HistoryRows } from './history-rows.ts'
import type { Keystore, KeystoreOwner } from './keystore.ts'
import { requireOwn } from './recovery-keys.ts'
import { openBackup, type Recovery } from './recovery-open.ts'

export interface RestorePlace {
  readonly owner: KeystoreOwner
  readonly keystore: Keystore
  /** Of the own copy of the log; empty on a disk that was lost whole. */
  readonly rows: HistoryRows
  readonly curve: Curve
}

export interface Restored {
  readonly vault: VaultId
  readonly epoch: number
  /** False when the own copy of the log does not have this key yet: the node will see. */
  readonly isInForce: boolean
}

export function restoreBackup(place: RestorePlace, bytes: Uint8Array, by: Recovery): Restored {
  const { owner, keystore, rows, curve } = place
  requireOwn(by.key, owner)
  // Asked of what the file says of itself, for a reason that helps; opening proves it afterwards.
  const context = contextOf(bytes, owner)
  const vault = parseVaultId(context.vault)
  const isInForce = isKeyOf(rows, vault, context)
  using opened = openBackup(curve, bytes, by)
  const { keyshare } = opened
  // The backup first: a command that is cut short here can be given again.
  const { backups } = keystore
  if (!backups.held(vault).includes(context.epoch)) backups.keepFile(context, bytes)
  keystore.keepRestored(vault, keyshare, context.made)
  return { vault, epoch: context.epoch, isInForce }
}

function contextOf(bytes: Uint8Array, { org, env, x }: KeystoreOwner): KeyshareContext {
  const seal = attempt(() => parseSeal(bytes))
  if (isRefusal(seal) || seal.thing.kind !== 'backup') {
    return refuse('SEAL', 'this file does not open here')
  }
  const { context } = seal.thing
  if (context.org !== org || context.env !== env) {
    refuse('CONFIG', `a backup of ${context.org} ${context.env}, this node is of ${org} ${env}`)
  }
  if (context.party !== x) {
    refuse('PARTICIPANTS', `a backup of party ${context.party}, this node is party ${x}`)
  }
  return context
}

/** Refuses what the own copy of the log contradicts. */
function isKeyOf(rows: HistoryRows, vault: VaultId, context: KeyshareContext): boolean {
  const row = readSync(get(tables.vault, vault), rows)
  if (row === undefined) {
    requireNamed(rows, vault)
    return false
  }
  if (context.epoch < row.epoch) {
    refuse('EPOCH', `a backup of epoch ${context.epoch}, in force is epoch ${row.epoch}`)
  }
  const isSame = context.epoch === row.epoch
  if (isSame && context.commitments !== row.keyState) {
    refuse('EPOCH', `a backup of another key state of ${vault} than is in force`)
  }
  return isSame
}

function requireNamed(rows: HistoryRows, vault: VaultId): void {
  const policy = readSync(get(tables.ruleset, 'now'), rows)?.policy ?? ''
  const text = policy === '' ? undefined : readSync(get(tables.document, policy), rows)
  if (text === undefined) return
  if (!parseRulebook(text.text).vaults.has(vault)) {
    refuse('VAULT_NOT_FOUND', `the policy names no vault ${vault}`)
  }
}
