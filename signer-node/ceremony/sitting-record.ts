// The Record of a sitting as the sessions of a Station name it: the head of its own copy, once all
// who must have confirmed the session's request stand there; and what others name, held against
// that copy. So a session binds the Record, and two Stations that were shown two begin none.
// INVARIANT: a head is named for one session: the next about the same request names a later one,
// and takes none of the session before from anybody. Source: the ceremony's design, 4.7.
import { requireBegun } from '../../policy/ceremony/begun.ts'
import type { Plan } from '../../policy/ceremony/plan.ts'
import type { Digest } from '../../proto/ids.ts'
import type { RecordHead } from '../../proto/node-documents.ts'
import { refuse } from '../../proto/refusal.ts'
import type { AtTheTable, SittingRecord } from '../sitting.ts'
import type { RecordCopy } from './record-copy.ts'

interface Named {
  readonly size: number
  /** Up to the lot of the session; 0 for none. */
  readonly lot: number
  /** What a named head goes to at least: past the lot, and past what ran before. */
  readonly from: number
}

export class NamedRecord implements SittingRecord {
  readonly #plan: Plan
  readonly #copy: Pick<RecordCopy, 'lines' | 'rootAt'>
  /** By request: how far the Record went at the session that is named now. */
  readonly #named = new Map<Digest, Named>()

  constructor(plan: Plan, copy: Pick<RecordCopy, 'lines' | 'rootAt'>) {
    this.#plan = plan
    this.#copy = copy
  }

  name(about: AtTheTable): RecordHead {
    const { lines } = this.#copy
    const size = lines.length
    const last = this.#named.get(about.request) ?? { size: 0, lot: 0 }
    const lot = requireBegun(this.#plan, lines, about)
    if (size <= last.size || (lot > 0 && lot === last.lot)) this.#early(about, size)
    this.#named.set(about.request, { size, lot, from: Math.max(lot, last.size + 1) })
    return { size, root: this.#copy.rootAt(size) }
  }

  require(about: AtTheTable, { size, root }: RecordHead): void {
    const { lines } = this.#copy
    if (size > lines.length) {
      refuse('RECORD', `names ${size} lines of the Record, here are ${lines.length}`, 'X-14')
    }
    const own = this.#copy.rootAt(size)
    if (own !== root) {
      refuse('RECORD', `names another Record: its first ${size} lines are ${own} here`, 'X-14')
    }
    const { from } = this.#named.get(about.request) ?? { from: size }
    if (size < from) this.#early(about, size)
    requireBegun(this.#plan, lines.slice(0, size), about)
  }

  /** Of a try before, perhaps of one before this program was started again. */
  #early({ request }: AtTheTable, size: number): never {
    const got = `got ${size} lines of the Record`
    refuse(
      'CEREMONY',
      `expected confirmations of ${request} since its last session, ${got}`,
      'X-16',
    )
  }
}
