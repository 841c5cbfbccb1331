// A page: the lines that a run of the sequencer is about to append, and History with them applied.
// A proposal writes on a sheet of its own; what it wrote is kept when it ends well and forgotten
// when it does not, so that a refused proposal leaves no line.
// INVARIANT: a line that folds to void is never on a page.
import { append, type Head } from '../policy/audit/chain.ts'
import type { Documents } from '../policy/audit/enclosures.ts'
import type { Draft, Entry } from '../policy/audit/entry.ts'
import type { Fold } from '../policy/audit/fold.ts'
import {
  AsyncOverlay,
  type AsyncRows,
  type Reading,
  type Row,
  readAsync,
  type Write,
} from '../policy/audit/rows.ts'
import { tables } from '../policy/audit/tables.ts'
import { type Refusal, Refused, refusal } from '../proto/refusal.ts'
import type { Blob } from './store/blobs.ts'
import { SessionRows } from './store/history.ts'
import type { Session, Store } from './store/store.ts'

/** History and documents at one instant: a page in a run, or what is committed. */
export interface Copy {
  readonly session: Session
  read<T>(reading: Reading<T>): Promise<T>
}

export function committed(store: Store, origin: string): Copy {
  const rows = keepDocuments(new SessionRows(store, origin))
  return { session: store, read: (reading) => readAsync(reading, rows) }
}

const documentsMax = 64

/** A document's row is its digest's content: read once, it cannot change. */
function keepDocuments(below: AsyncRows): AsyncRows {
  const kept = new Map<string, readonly Row[]>()
  return {
    answer: async (query) => {
      if (query.kind !== 'get' || query.table !== tables.document.name) return below.answer(query)
      const found = kept.get(query.key) ?? (await below.answer(query))
      if (found.length > 0) kept.set(query.key, found)
      const [oldest] = kept.keys()
      if (kept.size > documentsMax && oldest !== undefined) kept.delete(oldest)
      return found
    },
  }
}

/** A line without its time: the page gives it. */
export type Line = Omit<Draft, 't'>

export interface PageStart {
  readonly session: Session
  readonly head: Head
  /** Of every line on the page; at least the last line's. */
  readonly t: number
}

const nothing: Documents = new Map()

export class Page implements Copy {
  readonly session: Session
  readonly t: number
  readonly #fold: Fold
  readonly #rows: AsyncOverlay
  readonly #entries: Entry[] = []
  readonly #writes: Write[] = []
  readonly #blobs: Blob[] = []
  #head: Head

  constructor(rows: AsyncRows, { session, head, t }: PageStart, fold: Fold) {
    this.session = session
    this.t = t
    this.#rows = new AsyncOverlay(rows)
    this.#head = head
    this.#fold = fold
  }

  get head(): Head {
    return this.#head
  }

  get entries(): readonly Entry[] {
    return this.#entries
  }

  get writes(): readonly Write[] {
    return this.#writes
  }

  get blobs(): readonly Blob[] {
    return this.#blobs
  }

  /** History as it stands after the lines of this page. */
  read<T>(reading: Reading<T>): Promise<T> {
    return readAsync(reading, this.#rows)
  }

  /** The line as written, or why it would be void; then nothing changed. */
  async offer(line: Line, documents: Documents = nothing): Promise<Entry | Refusal> {
    const { entry, head } = append(this.#head, { ...line, t: this.t })
    const folded = await this.read(this.#fold(entry, documents))
    switch (folded.kind) {
      case 'void':
        return refusal(folded.code, folded.because)
      case 'missing':
        return refusal('MALFORMED', `document ${folded.digest} did not come with ${line.type}`)
      case 'folded':
        this.#take([entry], folded.writes, head)
        return entry
    }
  }

  /** As `offer`; a line that would be void ends the proposal. */
  async append(line: Line, documents: Documents = nothing): Promise<Entry> {
    const offered = await this.offer(line, documents)
    if ('code' in offered) throw new Refused(offered)
    return offered
  }

  /** Stored with the lines of this page. */
  keep(...blobs: readonly Blob[]): void {
    this.#blobs.push(...blobs)
  }

  /** A page on top of this one. */
  sheet(): Page {
    const { session, head, t } = this
    return new Page(this.#rows, { session, head, t }, this.#fold)
  }

  /** Takes over what stands on a sheet; in between nothing may be written here. */
  adopt(sheet: Page): void {
    this.#take(sheet.entries, sheet.writes, sheet.head)
    this.keep(...sheet.blobs)
  }

  #take(entries: readonly Entry[], writes: readonly Write[], head: Head): void {
    this.#entries.push(...entries)
    this.#writes.push(...writes)
    this.#rows.apply(writes)
    this.#head = head
  }
}
