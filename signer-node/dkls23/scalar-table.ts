/**
 * The sums of a multiplication (1.9) over BigInts: products are added up as 512-bit integers and
 * reduced once at the end. The tables of the noble twin, and the reference for those on limbs.
 * INVARIANT: a table holds its entries row by row, every one in 0 <= entry < q.
 * A bit is applied by indexing, not by a branch; BigInt arithmetic itself is not constant-time.
 */

import { Malformed } from './bytes.ts'
import { ORDER, SCALAR_BYTES, type Scalar, type ScalarTable, type ScalarTables } from './curve.ts'
import { modOrder, readInteger, toInteger, toScalar, viewOf, writeInteger } from './scalar-field.ts'
import { requireLength, requireShape, requireWholeRows } from './table-shape.ts'

export const bigintScalarTables: ScalarTables = {
  decodeTable,
  reduceTable: (packed, columns) => read(packed, columns, modOrder),
  encodeTable,
  weighColumns,
  sumSelected,
  correct,
  addSelected,
  combineRows,
  subtractSelected,
}

class BigintTable implements ScalarTable {
  readonly rows: number
  readonly columns: number
  readonly entries: readonly bigint[]

  constructor(columns: number, entries: readonly bigint[]) {
    this.rows = entries.length / columns
    this.columns = columns
    this.entries = entries
  }

  [Symbol.dispose](): void {
    // Nothing to wipe: a BigInt cannot be overwritten.
  }
}

function decodeTable(packed: Uint8Array, columns: number): ScalarTable {
  let isCanonical = true
  const table = read(packed, columns, (entry) => {
    isCanonical = entry < ORDER && isCanonical
    return entry
  })
  if (!isCanonical) throw new Malformed('every entry of a table must be below the group order')
  return table
}

function read(packed: Uint8Array, columns: number, accept: (entry: bigint) => bigint): BigintTable {
  requireWholeRows(packed, columns)
  const view = viewOf(packed)
  const entries = new Array<bigint>(packed.length / SCALAR_BYTES)
  for (let k = 0; k < entries.length; k++) entries[k] = accept(readInteger(view, k * SCALAR_BYTES))
  return new BigintTable(columns, entries)
}

function encodeTable(table: ScalarTable): Uint8Array {
  const entries = entriesOf(table)
  const packed = new Uint8Array(entries.length * SCALAR_BYTES)
  const view = viewOf(packed)
  entries.forEach((entry, k) => {
    writeInteger(view, k * SCALAR_BYTES, entry)
  })
  return packed
}

function weighColumns(
  weights: ScalarTable,
  table: ScalarTable,
  columns = table.columns,
): readonly Scalar[] {
  requireShape(weights, table.rows, 1)
  const [factors, entries] = [entriesOf(weights), entriesOf(table)]
  return Array.from({ length: columns }, (_, column) => {
    let sum = 0n
    factors.forEach((factor, j) => {
      sum += factor * at(entries, j * table.columns + column)
    })
    return toScalar(modOrder(sum))
  })
}

function sumSelected(weights: ScalarTable, bits: Uint8Array): Scalar {
  requireShape(weights, 8 * bits.length, 1)
  let sum = 0n
  entriesOf(weights).forEach((weight, j) => {
    sum += selected(weight, bits, j)
  })
  return toScalar(modOrder(sum))
}

function correct(
  minuend: ScalarTable,
  subtrahend: ScalarTable,
  addends: readonly Scalar[],
): ScalarTable {
  const { rows, columns } = minuend
  requireShape(subtrahend, rows, columns)
  requireLength(addends, columns)
  const taken = entriesOf(subtrahend)
  const added = addends.map(toInteger)
  return map(minuend, (entry, k) => modOrder(entry - at(taken, k) + at(added, k % columns)))
}

function addSelected(base: ScalarTable, bits: Uint8Array, addend: ScalarTable): ScalarTable {
  const { rows, columns } = base
  requireShape(addend, rows, columns)
  requireLength(bits, rows / 8)
  const added = entriesOf(addend)
  return map(base, (entry, k) =>
    modOrder(entry + selected(at(added, k), bits, Math.floor(k / columns))),
  )
}

function combineRows(table: ScalarTable, weights: readonly Scalar[]): ScalarTable {
  requireLength(weights, table.columns)
  const factors = weights.map(toInteger)
  const entries = entriesOf(table)
  const combined = new Array<bigint>(table.rows)
  for (let j = 0; j < table.rows; j++) {
    let sum = 0n
    for (let i = 0; i < table.columns; i++)
      sum += at(factors, i) * at(entries, j * table.columns + i)
    combined[j] = modOrder(sum)
  }
  return new BigintTable(1, combined)
}

function subtractSelected(column: ScalarTable, bits: Uint8Array, value: Scalar): ScalarTable {
  requireShape(column, 8 * bits.length, 1)
  const subtracted = toInteger(value)
  return map(column, (entry, j) => modOrder(entry - selected(subtracted, bits, j)))
}

/** value when bit j is set, else zero. */
function selected(value: bigint, bits: Uint8Array, j: number): bigint {
  const bit = ((bits[j >> 3] ?? 0) >> (j & 7)) & 1
  return at([0n, value], bit)
}

function map(table: ScalarTable, change: (entry: bigint, k: number) => bigint): BigintTable {
  return new BigintTable(table.columns, entriesOf(table).map(change))
}

function entriesOf(table: ScalarTable): readonly bigint[] {
  if (!(table instanceof BigintTable)) throw new TypeError('the table belongs to another twin')
  return table.entries
}

function at(list: readonly bigint[], index: number): bigint {
  const value = list[index]
  if (value === undefined) throw new RangeError(`no entry ${index}`)
  return value
}
