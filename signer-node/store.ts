// A node's database: one file, one connection, one transaction per step.
// INVARIANT: a step is on disk before it returns (WAL, synchronous FULL), or nothing of it is.
// A disk without room refuses the step; after any other failure nothing is asked of the database
// any more (`disk.ts`). The lock is held for the life of the process, so a second instance on one
// disk cannot open it. Knows no table: each topic has its own file on top of `Sql`.
import { DatabaseSync, type SQLInputValue, type StatementSync } from 'node:sqlite'
import { type Refused, refuse } from '../proto/refusal.ts'
import { DiskFault, isFull, onDisk } from './disk.ts'
import { migrations } from './store-schema.ts'

export type Value = SQLInputValue
export type Row = Readonly<Record<string, Value>>

/** What the topic files see of the database. */
export interface Sql {
  run(statement: string, ...values: readonly Value[]): void
  first(statement: string, ...values: readonly Value[]): Row | undefined
  all(statement: string, ...values: readonly Value[]): readonly Row[]
}

const pragmas = `
  pragma locking_mode = exclusive;
  pragma journal_mode = wal;
  pragma synchronous = full;
  pragma trusted_schema = off;
  pragma wal_autocheckpoint = 0;`

/** By SQLite itself a checkpoint that failed would go unheard. Between steps, where asked for. */
const stepsPerCheckpoint = 8
/** In the step itself, where nobody asked: the log beside the database has a bound. */
const stepsMax = 32

export interface StoreOptions {
  readonly busyTimeoutMs: number
  /** The disk had no room for something. */
  readonly full?: () => void
}

export class Store implements Sql {
  readonly #database: DatabaseSync
  readonly #path: string
  readonly #full: () => void
  readonly #prepared = new Map<string, StatementSync>()
  #inStep = false
  #steps = 0
  /** What was refused inside the step, even where somebody took that for an answer. */
  #refused: Refused | undefined
  #fault: DiskFault | undefined

  /** Opens or makes the database at `path`; throws when another process holds it. */
  constructor(path: string, { busyTimeoutMs, full = () => {} }: StoreOptions) {
    this.#path = path
    this.#full = full
    this.#database = onDisk(path, () => new DatabaseSync(path, { timeout: busyTimeoutMs }))
    try {
      this.#on(() => this.#database.exec(pragmas))
      this.#migrate()
    } catch (error) {
      if (!(error instanceof DiskFault)) this.#database.close()
      if (!(error instanceof Error && error.message === 'database is locked')) throw error
      refuse('CONFIG', `${path}: another process holds this database`)
    }
  }

  /** Everything `work` writes is durable when this returns; when it throws, nothing is. */
  step<T>(work: () => T): T {
    if (this.#inStep) throw new Error('a step is already open')
    this.#inStep = true
    try {
      const result = this.#transact(work)
      this.#steps += 1
      if (this.#steps >= stepsMax) this.#checkpoint()
      return result
    } finally {
      this.#inStep = false
      this.#refused = undefined
    }
  }

  /** For whoever has a moment between two steps, so that no step pays for many. */
  checkpoint(): void {
    if (this.#inStep) throw new Error('a step is open')
    if (this.#steps >= stepsPerCheckpoint) this.#checkpoint()
  }

  run(statement: string, ...values: readonly Value[]): void {
    this.#on(() => this.#prepare(statement).run(...values))
  }

  first(statement: string, ...values: readonly Value[]): Row | undefined {
    return this.#on(() => this.#prepare(statement).get(...values))
  }

  all(statement: string, ...values: readonly Value[]): readonly Row[] {
    return this.#on(() => this.#prepare(statement).all(...values))
  }

  close(): void {
    this.#prepared.clear()
    this.#database.close()
  }

  #transact<T>(work: () => T): T {
    this.#on(() => this.#database.exec('begin immediate'))
    try {
      const result = work()
      this.#on(() => this.#database.exec('commit'))
      return result
    } catch (error) {
      // A failed write may have ended the transaction already; a failed disk is left alone.
      const isOpen = this.#fault === undefined && this.#database.isTransaction
      if (isOpen) {
        this.#refused = undefined
        this.#on(() => this.#database.exec('rollback'))
      }
      throw error
    }
  }

  /** The step is durable already: a disk without room puts this off, and nothing else. */
  #checkpoint(): void {
    this.#steps = 0
    try {
      this.#on(() => this.#database.exec('pragma wal_checkpoint(passive)'))
    } catch (error) {
      if (!isFull(error)) throw error
    }
  }

  /** After a fault of the disk nothing is asked of it any more, whoever asks. */
  #on<T>(work: () => T): T {
    if (this.#fault !== undefined) throw this.#fault
    if (this.#refused !== undefined) throw this.#refused
    try {
      return onDisk(this.#path, work)
    } catch (error) {
      if (error instanceof DiskFault) this.#fault = error
      if (isFull(error)) {
        this.#full()
        if (this.#inStep) this.#refused = error
      }
      throw error
    }
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
