/**
 * Scalars one by one, and the sums of a multiplication over tables of them (1.9). Operands lie one
 * behind the other from `at`, 32 bytes a scalar, as core.ts puts them; bits are LSB first.
 * AssemblyScript, compiled by `npm run build:core`.
 * INVARIANT: the time of a call depends on the shape of its tables alone: bits become masks.
 */

import {
  ALL,
  add,
  addProduct,
  carry,
  isBelowOrder,
  PRODUCTS_MAX,
  reduce,
  SCALAR,
  setFactor,
  settle,
  setWide,
  subtract,
  wipeField,
} from './field.ts'

/** a | b | their sum, to make. */
export function addScalars(at: usize): void {
  add(at + 2 * SCALAR, at, at + SCALAR, ALL)
}

/** a | b | their difference, to make. */
export function subtractScalars(at: usize): void {
  subtract(at + 2 * SCALAR, at, at + SCALAR, ALL)
}

/** a | b | their product, to make. */
export function multiplyScalars(at: usize): void {
  setFactor(at)
  addProduct(at + SCALAR)
  settle(at + 2 * SCALAR)
  wipeField()
}

/** 64 bytes | the scalar, to make. */
export function reduceWide(at: usize): void {
  setWide(at)
  settle(at + 2 * SCALAR)
  wipeField()
}

/** `count` entries: 1 when every one of them is below q. */
export function areBelowOrder(at: usize, count: usize): u32 {
  let all: u64 = 1
  for (let k: usize = 0; k < count; k++) all &= isBelowOrder(at + k * SCALAR)
  return <u32>all
}

/** `count` entries, each reduced where it stands. */
export function reduceAll(at: usize, count: usize): void {
  for (let k: usize = 0; k < count; k++) reduce(at + k * SCALAR, at + k * SCALAR)
}

/** weights | table | sums of the first `wanted` columns, to make. */
export function weighColumns(at: usize, rows: usize, columns: usize, wanted: usize): void {
  const table = at + rows * SCALAR
  const target = table + rows * columns * SCALAR
  for (let i: usize = 0; i < wanted; i++) {
    for (let j: usize = 0; j < rows; j++) {
      setFactor(at + j * SCALAR)
      addProduct(table + (j * columns + i) * SCALAR)
      if (j % PRODUCTS_MAX === PRODUCTS_MAX - 1) carry()
    }
    settle(target + i * SCALAR)
  }
  wipeField()
}

/** weights | bits | the sum, to make. */
export function sumSelected(at: usize, rows: usize): void {
  const bits = at + rows * SCALAR
  const target = bits + (rows >> 3)
  memory.fill(target, 0, SCALAR)
  for (let j: usize = 0; j < rows; j++) add(target, target, at + j * SCALAR, maskOf(bits, j))
}

/** minuend, to be corrected | subtrahend | addends, one a column. */
export function correct(at: usize, rows: usize, columns: usize): void {
  const subtrahend = at + rows * columns * SCALAR
  const addends = subtrahend + rows * columns * SCALAR
  for (let j: usize = 0; j < rows; j++) {
    for (let i: usize = 0; i < columns; i++) {
      const place = (j * columns + i) * SCALAR
      subtract(at + place, at + place, subtrahend + place, ALL)
      add(at + place, at + place, addends + i * SCALAR, ALL)
    }
  }
}

/** base, to be added to | addends | bits, one a row. */
export function addSelected(at: usize, rows: usize, columns: usize): void {
  const addends = at + rows * columns * SCALAR
  const bits = addends + rows * columns * SCALAR
  for (let j: usize = 0; j < rows; j++) {
    const mask = maskOf(bits, j)
    for (let i: usize = 0; i < columns; i++) {
      const place = (j * columns + i) * SCALAR
      add(at + place, at + place, addends + place, mask)
    }
  }
}

/** weights, one a column | table | one column, to make. */
export function combineRows(at: usize, rows: usize, columns: usize): void {
  const table = at + columns * SCALAR
  const target = table + rows * columns * SCALAR
  for (let j: usize = 0; j < rows; j++) {
    for (let i: usize = 0; i < columns; i++) {
      setFactor(at + i * SCALAR)
      addProduct(table + (j * columns + i) * SCALAR)
      if (i % PRODUCTS_MAX === PRODUCTS_MAX - 1) carry()
    }
    settle(target + j * SCALAR)
  }
  wipeField()
}

/** one column, to be subtracted from | the value | bits, one a row. */
export function subtractSelected(at: usize, rows: usize): void {
  const value = at + rows * SCALAR
  const bits = value + SCALAR
  for (let j: usize = 0; j < rows; j++) {
    subtract(at + j * SCALAR, at + j * SCALAR, value, maskOf(bits, j))
  }
}

/** Where operands may lie: behind everything that the module itself keeps. */
export function start(): usize {
  return (__heap_base + 15) & ~15
}

/** All ones for bit 1. */
function maskOf(bits: usize, j: usize): u64 {
  return 0 - (<u64>(load<u8>(bits + (j >> 3)) >> (<u8>j & 7)) & 1)
}
