// A Record for tables that are about frames alone: one line, the same for everybody, in which
// whatever is asked for stands. What a Station asks of a Record is `sitting-record.test.ts`.
import type { Digest } from '../../proto/ids.ts'
import { refuse } from '../../proto/refusal.ts'
import type { SittingRecord } from '../../signer-node/sitting.ts'

export function oneLineRecord(root: Digest): SittingRecord {
  return {
    name: () => ({ size: 1, root }),
    require: (_, named) => {
      if (named.size !== 1 || named.root !== root) refuse('RECORD', 'another Record', 'X-14')
    },
  }
}
