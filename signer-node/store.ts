// A node's database: one file, one connection, one transaction per step.
// INVARIANT: a step is on disk before it returns (WAL, synchronous FULL), or nothing of it is.
// The lock is held for the life of the process, so a second instance on one disk cannot open it.
// Knows no table: each topic has its own file on top of `Sql`.
import { DatabaseSync, type SQLInputValue, type StatementSync } from 'node:sqlite'
import { refuse } from '../proto/refusal.ts'
import { migrations } from './store-schema.ts'

export type Value = SQLInputValue
export type Row = Readonly<Record<string, Value>>

/** What the topic files see of the database. */
export interface Sql {
  run(statement: string, ...values: readonly Value[]): void
  first(statement: string, ...values: readonly Value[]): Row | undefined
  all(statement: string, ...values: readonly Value[]): readonly Row[]
}

/** A checkpoint is part of a commit, so it is made often and small; the default is 1000 pages. */
const pragmas = `
  pragma locking_mode = exclusive;
  pragma journal_mode = wal;
  pragma synchronous = full;
  pragma wal_autocheckpoint = 128;
  pragma trusted_schema = off;`

export class Store implements Sql {
  readonly #database: DatabaseSync
  readonly #prepared = new Map<string, StatementSync>()
  #inStep = false

  /** Opens or makes the database at `path`; throws when another process holds it. */
  constructor(path: string, options: { readonly busyTimeoutMs: number }) {
    this.#database = new DatabaseSync(path, { timeout: options.busyTimeoutMs })
    try {
      this.#database.exec(pragmas)
      this.#migrate()
    } catch (error) {
      this.#database.close()
      if (!(error instanceof Error && error.message === 'database is locked')) throw error
      refuse('CONFIG', `${path}: another process holds this database`)
    }
  }

  /** Everything `work` writes is durable when this returns; when it throws, nothing is. */
  step<T>(work: () => T): T {
    if (this.#inStep) throw new Error('a step is already open')
    this.#inStep = true
    try {
      this.#database.exec('begin immediate')
      try {
        const result = work()
        this.#database.exec('commit')
        return result
      } catch (error) {
        this.#database.exec('rollback')
        throw error
      }
    } finally {
      this.#inStep = false
    }
  }

  run(statement: string, ...values: readonly Value[]): void {
    this.#prepare(statement).run(...values)
  }

  first(statement: string, ...values: readonly Value[]): Row | undefined {
    return this.#prepare(statement).get(...values)
  }

  all(statement: string, ...values: readonly Value[]): readonly Row[] {
    return this.#prepare(statement).all(...values)
  }

  close(): void {
    this.#prepared.clear()
    this.#database.close()
  }

  #prepare(statement: string): StatementSync {
    const known = this.#prepared.get(statement)
    if (known !== undefined) return known
    const made = this.#database.prepare(statement)
    this.#prepared.set(statement, made)
    return made
  }

  #migrate(): void {
    const version = numberOf(this.first('pragma user_version'), 'user_version')
    if (version > migrations.length) {
      throw new Error(`database of schema ${version}, this program knows ${migrations.length}`)
    }
    for (const [index, migration] of migrations.entries()) {
      if (index < version) continue
      this.step(() => this.#database.exec(`${migration}; pragma user_version = ${index + 1}`))
    }
  }
}

/** Columns have one type each (strict tables), so another type is a damaged file. */
export function numberOf(row: Row | undefined, column: string): number {
  const value = row?.[column]
  if (typeof value !== 'number') throw new Error(`expected a number in ${column}`)
  return value
}

export function textOf(row: Row | undefined, column: string): string {
  const value = row?.[column]
  if (typeof value !== 'string') throw new Error(`expected text in ${column}`)
  return value
}

export function bytesOf(row: Row | undefined, column: string): Uint8Array {
  const value = row?.[column]
  if (!(value instanceof Uint8Array)) throw new Error(`expected bytes in ${column}`)
  return value
}
