// Store: SQL over one of two engines, PostgreSQL or the embedded PGlite, with one form of values.
// Tables are spoken to in the files beside this one, each with the few statements of its topic.
// INVARIANT: bigint columns arrive as text and bytea as Uint8Array on both engines.
// Knows nothing of the log's meaning.
import { refuse } from '../../proto/refusal.ts'

export type Value = string | number | boolean | Uint8Array | readonly string[]
export interface Row {
  readonly [column: string]: unknown
}

export interface Session {
  query(statement: string, values?: readonly Value[]): Promise<readonly Row[]>
}

export interface Store extends Session {
  /** Commits when `work` returns, rolls back when it throws. */
  transaction<T>(work: (session: Session) => Promise<T>): Promise<T>
  close(): Promise<void>
}

export function textOf(row: Row, column: string): string {
  const value = row[column]
  return typeof value === 'string' ? value : wrong(column, 'text')
}

export function numberOf(row: Row, column: string): number {
  const value = row[column]
  const parsed = typeof value === 'number' ? value : Number(textOf(row, column))
  return Number.isSafeInteger(parsed) ? parsed : wrong(column, 'a safe integer')
}

export function bytesOf(row: Row, column: string): Uint8Array {
  const value = row[column]
  return value instanceof Uint8Array ? value : wrong(column, 'bytes')
}

function wrong(column: string, expected: string): never {
  return refuse('INTERNAL', `column ${column}: expected ${expected}`)
}
