// The fold of deposit addresses: a coordinator opens the next indices of a vault, some hundred in
// one line, before it gives one of them out. The line names no customer. What it is for: no index
// is opened twice, so whatever a database forgot, no two customers are given one address; and
// whoever looks for money of the vault knows how many addresses there are.
// INVARIANT: the count of a vault only grows, from its shown address on.
import { limits } from '../../proto/limits.ts'
import { refuse } from '../../proto/refusal.ts'
import type { Desk } from './desk.ts'
import type { EntryOf } from './entry.ts'
import { isShown } from './fold-backups.ts'
import type { Reading, Write } from './rows.ts'
import { get, put, tables } from './tables.ts'

export function* addressesOpened(
  { body, seq, t }: EntryOf<'addresses.opened'>,
  desk: Desk,
): Reading<readonly Write[]> {
  const { vault, from, count } = body
  const { cold } = yield* desk.root()
  if (cold) refuse('NOT_SUPPORTED', 'a cold vault has one address')
  const row = yield* get(tables.vault, vault)
  if (row === undefined) return refuse('VAULT_NOT_FOUND', `no key of ${vault} is in force`)
  if (row.standing !== 'active') refuse('KEY_DISABLED', `the key of ${vault} is ${row.standing}`)
  if (!(yield* isShown(vault))) refuse('BACKUP', `${vault}: expected every backup to be proven`)
  const known = yield* openedOf(vault)
  if (from !== known) {
    refuse('STALE_ATTEMPT', `${vault}: expected to open from ${known}, got ${from}`)
  }
  const until = from + count
  if (until > limits.depositIndexMax) {
    refuse('TOO_LARGE', `${vault}: expected at most ${limits.depositIndexMax} addresses`)
  }
  return [put(tables.deposits, vault, { vault, from, until, seq, t })]
}

/** How many indices of this vault are open: those below. */
export function* openedOf(vault: string): Reading<number> {
  return (yield* get(tables.deposits, vault))?.until ?? 0
}
