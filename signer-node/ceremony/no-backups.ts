// A Station has no backup files: what its daily Token and medium A are for every day, its spare
// Token and medium B are for the day after, and `spare-proof.ts` says in the log that they open.
// INVARIANT: nothing is kept here, and nothing is claimed to be.

import { refuse } from '../../proto/refusal.ts'
import type { BackupPlace } from '../backups.ts'

export const noBackups: BackupPlace = {
  isNone: true,
  keys: [],
  keep: () => {},
  keepFile: () => refuse('NOT_SUPPORTED', 'a station keeps no backup files'),
  find: () => undefined,
  held: () => [],
  all: () => [],
  unfinished: () => [],
  dropBelow: () => [],
}
