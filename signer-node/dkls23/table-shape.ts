/**
 * The shapes of scalar tables, asked by both makes of them: what is not whole is malformed, and two
 * that do not fit each other are a bug of ours. Looks at no entry.
 */

import { Malformed } from './bytes.ts'
import { SCALAR_BYTES, type ScalarTable } from './curve.ts'

export function requireWholeRows(packed: Uint8Array, columns: number): void {
  if (packed.length === 0 || packed.length % (columns * SCALAR_BYTES) !== 0) {
    throw new Malformed(`a table of ${columns} columns has whole rows, got ${packed.length} bytes`)
  }
}

export function requireShape(table: ScalarTable, rows: number, columns: number): void {
  if (table.rows !== rows || table.columns !== columns) {
    throw new RangeError(
      `expected a table of ${rows} by ${columns}, got ${table.rows} by ${table.columns}`,
    )
  }
}

export function requireLength(list: { readonly length: number }, length: number): void {
  if (list.length !== length) throw new RangeError(`expected ${length}, got ${list.length}`)
}
