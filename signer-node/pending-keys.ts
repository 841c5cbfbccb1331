// Pending Keyshares that their operator gives up: of a first key, whose confirmations nobody will
// complete any more. What an approved change asked for goes with its change (`keyshares.ts`), and
// what this node never confirmed goes with its session (`keys.ts`); only a first key has no end.
// INVARIANT: nothing goes of a vault that has a key, or while the own copy of the log may be
// behind: there a pending share may be the key. Every backup stays, so that no epoch is used twice
// and whoever was wrong restores it.
import { readSync } from '../policy/audit/rows.ts'
import { get, tables } from '../policy/audit/tables.ts'
import type { VaultId } from '../proto/ids.ts'
import { refuse } from '../proto/refusal.ts'
import type { Parts } from './parts.ts'

type PendingNeeds = Pick<Parts, 'closed' | 'rows' | 'keystore' | 'ports'>

/** Epochs that went, ascending; refuses where one of them might still be needed here. */
export function giveUpPending(parts: PendingNeeds, vault: VaultId): readonly number[] {
  const { closed, rows, keystore, ports } = parts
  const shut = closed()
  if (shut !== undefined) refuse(shut.code, shut.because)
  if (readSync(get(tables.vault, vault), rows) !== undefined) {
    refuse('KEY_EXISTS', `${vault} has a key: what is pending goes with the change that asked`)
  }
  const dead = keystore
    .pending()
    .filter((one) => one.vault === vault)
    .filter(({ made }) => readSync(get(tables.intent, made), rows) === undefined)
    .map(({ epoch }) => epoch)
    .sort((a, b) => a - b)
  for (const epoch of dead) {
    keystore.dropPending(vault, epoch)
    const because = `epoch ${epoch}: given up by the operator; its backup stays`
    ports.report({ level: 'warn', name: 'pending-dropped', vault, because })
  }
  return dead
}
