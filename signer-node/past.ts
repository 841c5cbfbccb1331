// What became of a key is said twice: by the sealed file of a share, and by the witnessed log. A
// node that opens a share compares the two, because no key state names the past: of a share that
// tells another story than the log nobody knows whose knowledge it is worth.
// INVARIANT: an imported share that was not refreshed signs nothing, whatever the log's row says;
// that a key was exported its holder need not have heard, but a share that says so is used for
// nothing while the log does not: then the log is an old copy.
import type { VaultRow } from '../policy/view.ts'
import { refuse } from '../proto/refusal.ts'
import type { KeyFacts } from './dkls23/keyshare.ts'

export function requireSamePast({ past }: Pick<KeyFacts, 'past'>, row: VaultRow): void {
  const origin = row.imported ? 'imported' : 'made'
  if (past.origin !== origin) {
    refuse('SEAL', `the log says that the key of ${row.vault} was ${origin}, the share says not`)
  }
  if (past.isExported && !row.exported) {
    refuse('SEAL', `the log does not say that the key of ${row.vault} was exported, the share does`)
  }
  const isUnrefreshed = past.standing === 'unrefreshed'
  if (isUnrefreshed !== (row.standing === 'unrefreshed') && row.standing !== 'disabled') {
    const word = isUnrefreshed ? 'was not refreshed' : 'is another one'
    refuse(
      'SEAL',
      `the log says that the key of ${row.vault} is ${row.standing}, its share ${word}`,
    )
  }
}

/** Whoever dealt it knows it still. */
export function isRefreshed({ past }: Pick<KeyFacts, 'past'>): boolean {
  return past.standing === 'active'
}
