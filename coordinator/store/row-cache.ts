// Rows of History that this process read or wrote before, for as long as nobody else wrote: a run
// begins with the head that the cache belongs to, or the cache begins anew. It saves most questions
// to the database when one coordinator works alone, and changes no answer.
// INVARIANT: holds committed rows only, and all of them within each range that it answers.
import {
  type AsyncRows,
  MemoryRows,
  type Query,
  type Row,
  type Write,
} from '../../policy/audit/rows.ts'

interface Range {
  readonly from: string
  readonly to: string
  readonly rows: MemoryRows
}

type Scan = Query & { readonly kind: 'scan' }

export interface CacheBounds {
  readonly rowsMax: number
  readonly rangesMax: number
}

export class RowCache {
  readonly #bounds: CacheBounds
  #head = ''
  /** By table and key; undefined for a key without a row. */
  readonly #rows = new Map<string, Row | undefined>()
  /** By table and first part of the key. */
  readonly #ranges = new Map<string, Range>()

  constructor(bounds: CacheBounds = { rowsMax: 50_000, rangesMax: 5_000 }) {
    this.#bounds = bounds
  }

  /** `head` names the state of the log that `below` shows. */
  over(below: AsyncRows, head: string): AsyncRows {
    if (head !== this.#head) this.#forget()
    if (this.#rows.size > this.#bounds.rowsMax) this.#forget()
    if (this.#ranges.size > this.#bounds.rangesMax) this.#forget()
    this.#head = head
    return {
      answer: (query) =>
        query.kind === 'get' ? this.#get(query, below) : this.#scan(query, below),
    }
  }

  /** After the commit that moved the log to `head`. */
  apply(writes: readonly Write[], head: string): void {
    this.#head = head
    for (const write of writes) {
      const { table, key } = write
      const row = write.kind === 'put' ? { key, value: write.value } : undefined
      this.#rows.set(nameOf(table, key), row)
      for (const part of ['', partOf(key)]) {
        const range = this.#ranges.get(nameOf(table, part))
        if (range !== undefined && range.from <= key && key < range.to) range.rows.apply([write])
      }
    }
  }

  async #get(query: Query & { readonly kind: 'get' }, below: AsyncRows): Promise<readonly Row[]> {
    const name = nameOf(query.table, query.key)
    if (!this.#rows.has(name)) {
      const [row] = await below.answer(query)
      this.#rows.set(name, row)
    }
    const row = this.#rows.get(name)
    return row === undefined ? [] : [row]
  }

  async #scan(query: Scan, below: AsyncRows): Promise<readonly Row[]> {
    const { table, from, to } = query
    const part = partOf(from) === partOf(to.replace(/\}$/, '|')) ? partOf(from) : ''
    const name = nameOf(table, part)
    const known = this.#ranges.get(name)
    if (known !== undefined && known.from <= from && to <= known.to) return known.rows.answer(query)
    const found = await below.answer(query)
    const rows = new MemoryRows()
    rows.apply(found.map((row) => ({ kind: 'put', table, ...row }) as const))
    this.#ranges.set(name, { from, to, rows })
    return found
  }

  #forget(): void {
    this.#rows.clear()
    this.#ranges.clear()
  }
}

function nameOf(table: string, key: string): string {
  return `${table}\n${key}`
}

function partOf(key: string): string {
  const end = key.indexOf('|')
  return end < 0 ? '' : key.slice(0, end)
}
