/**
 * The sums of a multiplication (1.9) on limbs: the tables of the native twin.
 * INVARIANT: every entry is settled (limbs.ts), not reduced; encoding reduces. The time of a call
 * depends on the shape of its tables alone: bits are factors, never branches or indices.
 */

import { Malformed } from './bytes.ts'
import { SCALAR_BYTES, type Scalar, type ScalarTable, type ScalarTables } from './curve.ts'
import {
  addProduct,
  carryProducts,
  isBelowOrder,
  LIMBS,
  PRODUCTS_MAX,
  readLimbs,
  settle,
  settleProducts,
  WIDE_LIMBS,
  wipeScratch,
  writeLimbs,
} from './limbs.ts'

export const limbScalarTables: ScalarTables = {
  decodeTable,
  reduceTable,
  encodeTable,
  weighColumns,
  sumSelected,
  correct,
  addSelected,
  combineRows,
  subtractSelected,
}

class LimbTable implements ScalarTable {
  readonly rows: number
  readonly columns: number
  readonly limbs: Float64Array

  constructor(rows: number, columns: number) {
    this.rows = rows
    this.columns = columns
    this.limbs = new Float64Array(rows * columns * LIMBS)
  }

  [Symbol.dispose](): void {
    this.limbs.fill(0)
  }
}

function decodeTable(packed: Uint8Array, columns: number): ScalarTable {
  const table = reduceTable(packed, columns)
  let areBelow = -1
  for (let at = 0; at < table.limbs.length; at += LIMBS) areBelow &= isBelowOrder(table.limbs, at)
  wipeScratch()
  if (areBelow === 0) throw new Malformed('every entry of a table must be below the group order')
  return table
}

/** Nothing to reduce yet: 32 bytes are a settled integer. */
function reduceTable(packed: Uint8Array, columns: number): LimbTable {
  const rowBytes = columns * SCALAR_BYTES
  if (packed.length === 0 || packed.length % rowBytes !== 0) {
    throw new Malformed(`a table of ${columns} columns has whole rows, got ${packed.length} bytes`)
  }
  const table = new LimbTable(packed.length / rowBytes, columns)
  for (let k = 0; k < table.rows * columns; k++) {
    readLimbs(packed, k * SCALAR_BYTES, table.limbs, k * LIMBS)
  }
  return table
}

function encodeTable(table: ScalarTable): Uint8Array {
  const limbs = limbsOf(table)
  const packed = new Uint8Array(table.rows * table.columns * SCALAR_BYTES)
  for (let k = 0; k < table.rows * table.columns; k++) {
    writeLimbs(limbs, k * LIMBS, packed, k * SCALAR_BYTES)
  }
  wipeScratch()
  return packed
}

function weighColumns(
  weights: ScalarTable,
  table: ScalarTable,
  columns = table.columns,
): readonly Scalar[] {
  requireShape(weights, table.rows, 1)
  const [factors, limbs] = [limbsOf(weights), limbsOf(table)]
  return Array.from({ length: columns }, (_, column) => {
    const wide = new Float64Array(WIDE_LIMBS)
    for (let j = 0; j < table.rows; j++) {
      const factor = factors.subarray(j * LIMBS, (j + 1) * LIMBS)
      addProduct(wide, factor, limbs, (j * table.columns + column) * LIMBS)
      if ((j + 1) % PRODUCTS_MAX === 0) carryProducts(wide)
    }
    const sum = new Float64Array(LIMBS)
    settleProducts(wide, sum, 0)
    return toScalar(sum)
  })
}

function sumSelected(weights: ScalarTable, bits: Uint8Array): Scalar {
  requireShape(weights, 8 * bits.length, 1)
  const limbs = limbsOf(weights)
  const wide = new Float64Array(WIDE_LIMBS)
  for (let j = 0; j < weights.rows; j++) {
    const factor = bitOf(bits, j)
    for (let a = 0; a < LIMBS; a++) wide[a] = (wide[a] ?? 0) + factor * (limbs[j * LIMBS + a] ?? 0)
  }
  const sum = new Float64Array(LIMBS)
  settleProducts(wide, sum, 0)
  return toScalar(sum)
}

function correct(
  minuend: ScalarTable,
  subtrahend: ScalarTable,
  addends: readonly Scalar[],
): ScalarTable {
  const { rows, columns } = minuend
  requireShape(subtrahend, rows, columns)
  requireLength(addends, columns)
  const [from, taken, added] = [limbsOf(minuend), limbsOf(subtrahend), limbsOfScalars(addends)]
  const corrected = new LimbTable(rows, columns)
  for (let k = 0; k < rows * columns; k++) {
    const shared = (k % columns) * LIMBS
    for (let a = 0; a < LIMBS; a++) {
      const difference = (from[k * LIMBS + a] ?? 0) - (taken[k * LIMBS + a] ?? 0)
      corrected.limbs[k * LIMBS + a] = difference + (added[shared + a] ?? 0)
    }
    settle(corrected.limbs, k * LIMBS)
  }
  added.fill(0)
  return corrected
}

function addSelected(base: ScalarTable, bits: Uint8Array, addend: ScalarTable): ScalarTable {
  const { rows, columns } = base
  requireShape(addend, rows, columns)
  requireLength(bits, rows / 8)
  const [from, added] = [limbsOf(base), limbsOf(addend)]
  const sums = new LimbTable(rows, columns)
  for (let k = 0; k < rows * columns; k++) {
    const factor = bitOf(bits, Math.floor(k / columns))
    for (let a = k * LIMBS; a < (k + 1) * LIMBS; a++) {
      sums.limbs[a] = (from[a] ?? 0) + factor * (added[a] ?? 0)
    }
    settle(sums.limbs, k * LIMBS)
  }
  return sums
}

function combineRows(table: ScalarTable, weights: readonly Scalar[]): ScalarTable {
  const { rows, columns } = table
  requireLength(weights, columns)
  const [limbs, factors] = [limbsOf(table), limbsOfScalars(weights)]
  const combined = new LimbTable(rows, 1)
  const wide = new Float64Array(WIDE_LIMBS)
  for (let j = 0; j < rows; j++) {
    for (let i = 0; i < columns; i++) {
      const factor = factors.subarray(i * LIMBS, (i + 1) * LIMBS)
      addProduct(wide, factor, limbs, (j * columns + i) * LIMBS)
    }
    settleProducts(wide, combined.limbs, j * LIMBS)
  }
  return combined
}

function subtractSelected(column: ScalarTable, bits: Uint8Array, value: Scalar): ScalarTable {
  requireShape(column, 8 * bits.length, 1)
  const [from, taken] = [limbsOf(column), limbsOfScalars([value])]
  const differences = new LimbTable(column.rows, 1)
  for (let j = 0; j < column.rows; j++) {
    const factor = bitOf(bits, j)
    for (let a = 0; a < LIMBS; a++) {
      differences.limbs[j * LIMBS + a] = (from[j * LIMBS + a] ?? 0) - factor * (taken[a] ?? 0)
    }
    settle(differences.limbs, j * LIMBS)
  }
  taken.fill(0)
  return differences
}

/** A Scalar because writing reduces; decoding it again would lead a secret through a BigInt. */
function toScalar(sum: Float64Array): Scalar {
  const bytes = new Uint8Array(SCALAR_BYTES)
  writeLimbs(sum, 0, bytes, 0)
  wipeScratch()
  sum.fill(0)
  return bytes as Scalar
}

function limbsOfScalars(scalars: readonly Scalar[]): Float64Array {
  const limbs = new Float64Array(scalars.length * LIMBS)
  scalars.forEach((scalar, i) => {
    readLimbs(scalar, 0, limbs, i * LIMBS)
  })
  return limbs
}

function bitOf(bits: Uint8Array, j: number): number {
  return ((bits[j >>> 3] ?? 0) >>> (j & 7)) & 1
}

function limbsOf(table: ScalarTable): Float64Array {
  if (!(table instanceof LimbTable)) throw new TypeError('the table belongs to another twin')
  return table.limbs
}

function requireShape(table: ScalarTable, rows: number, columns: number): void {
  if (table.rows !== rows || table.columns !== columns) {
    throw new RangeError(
      `expected a table of ${rows} by ${columns}, got ${table.rows} by ${table.columns}`,
    )
  }
}

function requireLength(list: { readonly length: number }, length: number): void {
  if (list.length !== length) throw new RangeError(`expected ${length}, got ${list.length}`)
}
