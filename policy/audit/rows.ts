// Rows: where History lives. The fold and the readings above it are generators that yield queries,
// so that one code runs over memory (verifier), node:sqlite (node) and PostgreSQL (coordinator).
// Keys are ASCII and ordered bytewise; values are canonical JSON text.
// INVARIANT: the writes of a line are applied before the next line is folded.
// Knows no table: their keys and values are `history.ts`.
import { allAtOnce, type InTurns } from '../../proto/in-turns.ts'

export type Query =
  | { readonly kind: 'get'; readonly table: string; readonly key: string }
  /** `from` inclusive, `to` exclusive, ascending. */
  | {
      readonly kind: 'scan'
      readonly table: string
      readonly from: string
      readonly to: string
    }

export interface Row {
  readonly key: string
  readonly value: string
}

export type Write =
  | { readonly kind: 'put'; readonly table: string; readonly key: string; readonly value: string }
  | { readonly kind: 'delete'; readonly table: string; readonly key: string }

/** Where it yields no query it may be left for a while (`in-turns.ts`). */
export type Reading<T> = Generator<Query | undefined, T, readonly Row[]>

export interface Rows {
  answer(query: Query): readonly Row[]
}

export interface AsyncRows {
  answer(query: Query): Promise<readonly Row[]>
}

export function readSync<T>(reading: Reading<T>, rows: Rows): T {
  return allAtOnce(readInTurns(reading, rows))
}

/** Whoever drives it sees to it that the rows stay as they are until it ends. */
export function* readInTurns<T>(reading: Reading<T>, rows: Rows): InTurns<T> {
  let step = reading.next()
  while (!step.done) {
    if (step.value === undefined) yield
    step = reading.next(step.value === undefined ? [] : rows.answer(step.value))
  }
  return step.value
}

export async function readAsync<T>(reading: Reading<T>, rows: AsyncRows): Promise<T> {
  let step = reading.next()
  while (!step.done) {
    step = reading.next(step.value === undefined ? [] : await rows.answer(step.value))
  }
  return step.value
}

/** History in memory. */
export class MemoryRows implements Rows {
  readonly #tables = new Map<string, Table>()

  answer(query: Query): readonly Row[] {
    return this.#tables.get(query.table)?.answer(query) ?? []
  }

  apply(writes: readonly Write[]): void {
    for (const write of writes) {
      const table = this.#tables.get(write.table) ?? new Table()
      this.#tables.set(write.table, table)
      if (write.kind === 'put') table.put(write.key, write.value)
      else table.delete(write.key)
    }
  }

  /** Every row, by table and key: two histories are equal when these are. */
  dump(): readonly (Row & { readonly table: string })[] {
    return [...this.#tables.keys()]
      .sort()
      .flatMap((table) => (this.#tables.get(table)?.rows() ?? []).map((row) => ({ table, ...row })))
  }
}

/** Writes that lie over other rows and change nothing below: "what if this line came next". */
export class Overlay implements Rows {
  readonly #below: Rows
  readonly #changes = new Changes()

  constructor(below: Rows) {
    this.#below = below
  }

  apply(writes: readonly Write[]): void {
    this.#changes.apply(writes)
  }

  answer(query: Query): readonly Row[] {
    return this.#changes.over(query, this.#below.answer(query))
  }
}

export class AsyncOverlay implements AsyncRows {
  readonly #below: AsyncRows
  readonly #changes = new Changes()

  constructor(below: AsyncRows) {
    this.#below = below
  }

  apply(writes: readonly Write[]): void {
    this.#changes.apply(writes)
  }

  async answer(query: Query): Promise<readonly Row[]> {
    return this.#changes.over(query, await this.#below.answer(query))
  }
}

class Changes {
  readonly #put = new MemoryRows()
  readonly #deleted = new MemoryRows()

  apply(writes: readonly Write[]): void {
    this.#put.apply(writes)
    this.#deleted.apply(writes.map(inverse))
  }

  over(query: Query, below: readonly Row[]): readonly Row[] {
    const put = this.#put.answer(query)
    const gone = new Set([...put, ...this.#deleted.answer(query)].map((row) => row.key))
    const rows = [...below.filter((row) => !gone.has(row.key)), ...put]
    return rows.sort((a, b) => (a.key < b.key ? -1 : 1))
  }
}

/** One table in memory: keys kept sorted, so that a scan costs what it returns. */
class Table {
  readonly #values = new Map<string, string>()
  readonly #keys: string[] = []

  answer(query: Query): readonly Row[] {
    if (query.kind === 'scan') {
      return this.#rows(this.#keys.slice(this.#place(query.from), this.#place(query.to)))
    }
    return this.#rows([query.key])
  }

  put(key: string, value: string): void {
    if (!this.#values.has(key)) this.#keys.splice(this.#place(key), 0, key)
    this.#values.set(key, value)
  }

  delete(key: string): void {
    if (this.#values.delete(key)) this.#keys.splice(this.#place(key), 1)
  }

  rows(): readonly Row[] {
    return this.#rows(this.#keys)
  }

  #rows(keys: readonly string[]): readonly Row[] {
    return keys.flatMap((key) => {
      const value = this.#values.get(key)
      return value === undefined ? [] : [{ key, value }]
    })
  }

  /** Index of the first key that is not below `key`. */
  #place(key: string): number {
    let from = 0
    let to = this.#keys.length
    while (from < to) {
      const middle = Math.floor((from + to) / 2)
      if ((this.#keys[middle] ?? '') < key) from = middle + 1
      else to = middle
    }
    return from
  }
}

function inverse(write: Write): Write {
  return write.kind === 'put'
    ? { kind: 'delete', table: write.table, key: write.key }
    : { kind: 'put', table: write.table, key: write.key, value: '' }
}
