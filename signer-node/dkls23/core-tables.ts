/**
 * The sums of a multiplication (1.9) in the compiled module: a table is its bytes, row by row.
 * INVARIANT: every entry is 32 bytes below q. The time of a call depends on the shape of its tables
 * alone. Shapes are checked here, because the module trusts them.
 */

import { Malformed } from './bytes.ts'
import { kernel, Operands } from './core.ts'
import { SCALAR_BYTES, type Scalar, type ScalarTable, type ScalarTables } from './curve.ts'
import { requireLength, requireShape, requireWholeRows } from './table-shape.ts'

export const coreScalarTables: ScalarTables = {
  decodeTable,
  reduceTable,
  encodeTable: (table) => bytesOf(table).slice(),
  weighColumns,
  sumSelected,
  correct,
  addSelected,
  combineRows,
  subtractSelected,
}

class CoreTable implements ScalarTable {
  readonly rows: number
  readonly columns: number
  readonly bytes: Uint8Array

  constructor(columns: number, bytes: Uint8Array) {
    this.rows = bytes.length / (columns * SCALAR_BYTES)
    this.columns = columns
    this.bytes = bytes
  }

  [Symbol.dispose](): void {
    this.bytes.fill(0)
  }
}

function decodeTable(packed: Uint8Array, columns: number): ScalarTable {
  requireWholeRows(packed, columns)
  using operands = new Operands(packed)
  if (kernel.areBelowOrder(operands.at, packed.length / SCALAR_BYTES) === 0) {
    throw new Malformed('every entry of a table must be below the group order')
  }
  return new CoreTable(columns, packed.slice())
}

function reduceTable(packed: Uint8Array, columns: number): ScalarTable {
  requireWholeRows(packed, columns)
  using operands = new Operands(packed)
  kernel.reduceAll(operands.at, packed.length / SCALAR_BYTES)
  return new CoreTable(columns, operands.take(0, packed.length))
}

function weighColumns(
  weights: ScalarTable,
  table: ScalarTable,
  columns = table.columns,
): readonly Scalar[] {
  requireShape(weights, table.rows, 1)
  using operands = new Operands(bytesOf(weights), bytesOf(table))
  const sums = operands.room(columns * SCALAR_BYTES)
  kernel.weighColumns(operands.at, table.rows, table.columns, columns)
  return Array.from({ length: columns }, (_, i) => scalarAt(operands, sums + i * SCALAR_BYTES))
}

function sumSelected(weights: ScalarTable, bits: Uint8Array): Scalar {
  requireShape(weights, 8 * bits.length, 1)
  using operands = new Operands(bytesOf(weights), bits)
  const sum = operands.room(SCALAR_BYTES)
  kernel.sumSelected(operands.at, weights.rows)
  return scalarAt(operands, sum)
}

function correct(
  minuend: ScalarTable,
  subtrahend: ScalarTable,
  addends: readonly Scalar[],
): ScalarTable {
  const { rows, columns } = minuend
  requireShape(subtrahend, rows, columns)
  requireLength(addends, columns)
  using operands = new Operands(bytesOf(minuend), bytesOf(subtrahend), ...addends)
  kernel.correct(operands.at, rows, columns)
  return tableAt(operands, 0, minuend)
}

function addSelected(base: ScalarTable, bits: Uint8Array, addend: ScalarTable): ScalarTable {
  const { rows, columns } = base
  requireShape(addend, rows, columns)
  requireLength(bits, rows / 8)
  using operands = new Operands(bytesOf(base), bytesOf(addend), bits)
  kernel.addSelected(operands.at, rows, columns)
  return tableAt(operands, 0, base)
}

function combineRows(table: ScalarTable, weights: readonly Scalar[]): ScalarTable {
  const { rows, columns } = table
  requireLength(weights, columns)
  using operands = new Operands(...weights, bytesOf(table))
  const column = operands.room(rows * SCALAR_BYTES)
  kernel.combineRows(operands.at, rows, columns)
  return tableAt(operands, column, { rows, columns: 1 })
}

function subtractSelected(column: ScalarTable, bits: Uint8Array, value: Scalar): ScalarTable {
  requireShape(column, 8 * bits.length, 1)
  using operands = new Operands(bytesOf(column), value, bits)
  kernel.subtractSelected(operands.at, column.rows)
  return tableAt(operands, 0, column)
}

function tableAt(
  operands: Operands,
  offset: number,
  { rows, columns }: { readonly rows: number; readonly columns: number },
): ScalarTable {
  return new CoreTable(columns, operands.take(offset, rows * columns * SCALAR_BYTES))
}

/** The module gives nothing but what is below q. */
function scalarAt(operands: Operands, offset: number): Scalar {
  return operands.take(offset, SCALAR_BYTES) as Scalar
}

function bytesOf(table: ScalarTable): Uint8Array {
  if (!(table instanceof CoreTable)) throw new TypeError('the table belongs to another twin')
  return table.bytes
}
