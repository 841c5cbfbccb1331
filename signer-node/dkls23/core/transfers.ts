/**
 * The OT extension on bytes (1.8): rows of the leaves, folding, turning, the weighing of the check,
 * its verdict, and the pads. Operands lie one behind the other from `at`, as core.ts puts them.
 * AssemblyScript, compiled by `npm run build:core`.
 * INVARIANT: beta, Delta, leaves and rows are data only: masks, never branches or indices. What is
 * branched on are the weights of the check, which both sides see.
 */

import { first, hashPair, pad, second, wipeHash } from './keccak.ts'

const HEAD: usize = 48
const KEY: usize = 32
const TREES: usize = 128
const COLUMN: usize = 80
const ROW: usize = 32
const COLUMNS: usize = 640
const EXTENDED: usize = 512
const PAD: usize = 96
const BLOCK: usize = 128 * ROW
const WEIGHTS: usize = 64

/** The columns before they are turned, the rows of six leaves, and a sum with room to reduce. */
const matrix = memory.data(20480, 16)
const leafRows = memory.data(480, 16)
const product = memory.data(8192, 16)

/** head | x | leaves | U, to make | rows of V, to make. */
export function expandOwn(at: usize): void {
  const choices = at + HEAD
  const leaves = choices + COLUMN
  const corrections = leaves + TREES * 4 * KEY
  begin(at, HEAD + 4 + KEY)
  for (let tree: usize = 0; tree < TREES; tree++) {
    leafPair(leaves + tree * 4 * KEY, tree, 0, leafRows)
    leafPair(leaves + tree * 4 * KEY + 2 * KEY, tree, 2, leafRows + 2 * COLUMN)
    const even = matrix + tree * 2 * COLUMN
    for (let i: usize = 0; i < COLUMN; i += 16) {
      const row0 = v128.load(leafRows + i)
      const row1 = v128.load(leafRows + i, COLUMN)
      const row2 = v128.load(leafRows + i, 2 * COLUMN)
      const row3 = v128.load(leafRows + i, 3 * COLUMN)
      const odd = v128.xor(row1, row3)
      const sum = v128.xor(v128.xor(row0, row2), odd)
      v128.store(even + i, odd)
      v128.store(even + i, v128.xor(row2, row3), COLUMN)
      v128.store(corrections + tree * COLUMN + i, v128.xor(sum, v128.load(choices + i)))
    }
  }
  turn(corrections + TREES * COLUMN)
  wipe()
}

/** head | Delta | U | leaves at the distances 1, 2, 3 of each tree | rows of Q, to make. */
export function expandKnown(at: usize): void {
  const delta = at + HEAD
  const corrections = delta + KEY
  const leaves = corrections + TREES * COLUMN
  begin(at, HEAD + 4 + KEY)
  for (let tree: usize = 0; tree < TREES; tree += 2) {
    knownRows(leaves, tree, delta)
    for (let side: usize = 0; side < 2; side++) {
      foldKnown(corrections + (tree + side) * COLUMN, tree + side, delta, leafRows + side * COLUMN)
    }
  }
  turn(leaves + TREES * 3 * KEY)
  wipe()
}

/** Rows of two trees, distance by distance: the two of distance 1 first. */
function knownRows(leaves: usize, tree: usize, delta: usize): void {
  const one = punctured(delta, tree)
  const two = punctured(delta, tree + 1)
  for (let z: u32 = 1; z < 4; z++) {
    place(first, tree, one ^ z, leaves + (tree * 3 + z - 1) * KEY)
    place(second, tree + 1, two ^ z, leaves + (tree * 3 + z + 2) * KEY)
    const to = leafRows + <usize>(z - 1) * 2 * COLUMN
    hashPair(to, to + COLUMN, COLUMN / 8)
  }
}

function foldKnown(correction: usize, tree: usize, delta: usize, rows: usize): void {
  const path = punctured(delta, tree)
  const low = i64x2.splat(-(<i64>(path & 1)))
  const high = i64x2.splat(-(<i64>(path >> 1)))
  const even = matrix + tree * 2 * COLUMN
  for (let i: usize = 0; i < COLUMN; i += 16) {
    const sent = v128.load(correction + i)
    const row3 = v128.load(rows + i, 4 * COLUMN)
    const first = v128.xor(v128.load(rows + i), row3)
    const second = v128.xor(v128.load(rows + i, 2 * COLUMN), row3)
    v128.store(even + i, v128.xor(first, v128.and(sent, low)))
    v128.store(even + i, v128.xor(second, v128.and(sent, high)), COLUMN)
  }
}

/** Delta_i: two bits. */
function punctured(delta: usize, tree: usize): u32 {
  return (<u32>load<u8>(delta + (tree >> 2)) >> (2 * (<u32>tree & 3))) & 3
}

/** rows | weights | the 128 rows of the sum, to make. */
export function weigh(at: usize): void {
  const weights = at + COLUMNS * ROW
  memory.fill(product, 0, 2 * BLOCK)
  for (let bit: usize = 0; bit < 8 * WEIGHTS; bit++) {
    const isSet = (load<u8>(weights + (bit >> 3)) >> (<u8>bit & 7)) & 1
    if (isSet) addRows(product + (bit & 127) * ROW, at + (bit >> 7) * BLOCK, BLOCK)
  }
  // From the top: what is folded onto a row above z^127 is folded again.
  for (let p: usize = 254; p >= 128; p--) {
    const high = product + p * ROW
    addRows(high - 128 * ROW, high, ROW)
    addRows(high - 127 * ROW, high, ROW)
    addRows(high - 126 * ROW, high, ROW)
    addRows(high - 121 * ROW, high, ROW)
  }
  addRows(product, at + 4 * BLOCK, BLOCK)
  memory.copy(weights + WEIGHTS, product, BLOCK)
  memory.fill(product, 0, 2 * BLOCK)
}

/** x | weights | 16 bytes, to make: the same for one column, by shifts. */
export function weighColumn(at: usize): void {
  const weights = at + COLUMN
  memory.fill(product, 0, 48)
  for (let bit: usize = 0; bit < 8 * WEIGHTS; bit++) {
    const isSet = (load<u8>(weights + (bit >> 3)) >> (<u8>bit & 7)) & 1
    if (isSet) addShifted(at + 16 * (bit >> 7), bit & 127)
  }
  // The first pass folds bits up to z^133 again, so there is a second one.
  for (let pass = 0; pass < 2; pass++) {
    memory.copy(product + 32, product + 16, 16)
    memory.fill(product + 16, 0, 16)
    addShifted(product + 32, 0)
    addShifted(product + 32, 1)
    addShifted(product + 32, 2)
    addShifted(product + 32, 7)
  }
  addShifted(at + 64, 0)
  memory.copy(weights + WEIGHTS, product, 16)
  memory.fill(product, 0, 48)
}

/** sum of the rows, to be judged | the claimed one | x~ | Delta: 1 when they disagree anywhere. */
export function disagree(at: usize): u32 {
  const claimed = at + BLOCK
  const choiceSum = claimed + BLOCK
  const delta = choiceSum + 16
  let difference = i64x2.splat(0)
  for (let p: usize = 0; p < 128; p++) {
    const bit = (load<u8>(choiceSum + (p >> 3)) >> (<u8>p & 7)) & 1
    const mask = i64x2.splat(-(<i64>bit))
    for (let half: usize = 0; half < ROW; half += 16) {
      const place = p * ROW + half
      const own = v128.xor(v128.load(at + place), v128.load(claimed + place))
      const due = v128.and(v128.load(delta + half), mask)
      difference = v128.or(difference, v128.xor(own, due))
    }
  }
  const all = i64x2.extract_lane(difference, 0) | i64x2.extract_lane(difference, 1)
  return <u32>((all | (0 - all)) >>> 63)
}

/** head | offset | rows | pads, to make: each row plus the offset, hashed with its number. */
export function pads(at: usize): void {
  const offset = at + HEAD
  const rows = offset + ROW
  const target = rows + EXTENDED * ROW
  begin(at, HEAD + 2 + ROW)
  for (let j: usize = 0; j < EXTENDED; j += 2) {
    placeRow(first, j, rows, offset)
    placeRow(second, j + 1, rows, offset)
    hashPair(target + j * PAD, target + j * PAD + PAD, PAD / 8)
  }
  wipeHash()
}

/** What an expansion left outside the operands. */
function wipe(): void {
  memory.fill(matrix, 0, 20480)
  memory.fill(leafRows, 0, 480)
  wipeHash()
}

/** Tag and v, the same in all hashes of a call. */
function begin(head: usize, length: usize): void {
  pad(length)
  memory.copy(first, head, HEAD)
  memory.copy(second, head, HEAD)
}

function leafPair(leaves: usize, tree: usize, leaf: u32, to: usize): void {
  place(first, tree, leaf, leaves)
  place(second, tree, leaf + 1, leaves + KEY)
  hashPair(to, to + COLUMN, COLUMN / 8)
}

/** u16 tree, u16 leaf, seed; both numbers are far below 2^8. */
function place(preimage: usize, tree: usize, leaf: u32, seed: usize): void {
  store<u8>(preimage, <u8>tree, HEAD + 1)
  store<u8>(preimage, <u8>leaf, HEAD + 3)
  v128.store(preimage, v128.load(seed), HEAD + 4)
  v128.store(preimage, v128.load(seed, 16), HEAD + 20)
}

/** u16 j, row. */
function placeRow(preimage: usize, j: usize, rows: usize, offset: usize): void {
  const row = rows + j * ROW
  store<u8>(preimage, <u8>(j >> 8), HEAD)
  store<u8>(preimage, <u8>j, HEAD + 1)
  v128.store(preimage, v128.xor(v128.load(row), v128.load(offset)), HEAD + 2)
  v128.store(preimage, v128.xor(v128.load(row, 16), v128.load(offset, 16)), HEAD + 18)
}

function addRows(target: usize, source: usize, length: usize): void {
  for (let i: usize = 0; i < length; i += 32) {
    v128.store(target + i, v128.xor(v128.load(target + i), v128.load(source + i)))
    v128.store(target + i, v128.xor(v128.load(target + i, 16), v128.load(source + i, 16)), 16)
  }
}

/** product ^= 16 bytes, shifted by a public number of bits below 128. */
function addShifted(source: usize, by: usize): void {
  const low = load<u64>(source)
  const high = load<u64>(source, 8)
  const to = product + 8 * (by >> 6)
  const part = <u64>by & 63
  // In two steps, because a shift by 64 would be a shift by nothing.
  const back = 63 - part
  store<u64>(to, load<u64>(to) ^ (low << part))
  store<u64>(to, load<u64>(to, 8) ^ (high << part) ^ ((low >> 1) >> back), 8)
  store<u64>(to, load<u64>(to, 16) ^ ((high >> 1) >> back), 16)
}

/** The matrix of 256 columns to 640 rows: sixteen columns and eight rows at a time. */
function turn(rows: usize): void {
  for (let column: usize = 0; column < 256; column += 16) {
    const source = matrix + column * COLUMN
    for (let byte: usize = 0; byte < COLUMN; byte++) {
      let bits = gather(source + byte)
      const to = rows + 8 * byte * ROW + (column >> 3)
      for (let bit: i32 = 7; bit >= 0; bit--) {
        store<u16>(to + <usize>bit * ROW, <u16>i8x16.bitmask(bits))
        bits = i8x16.shl(bits, 1)
      }
    }
  }
}

/** One byte of each of sixteen columns. */
function gather(at: usize): v128 {
  let bytes = v128.load8_splat(at)
  bytes = v128.load_lane<u8>(at + COLUMN, bytes, 1)
  bytes = v128.load_lane<u8>(at + 2 * COLUMN, bytes, 2)
  bytes = v128.load_lane<u8>(at + 3 * COLUMN, bytes, 3)
  bytes = v128.load_lane<u8>(at + 4 * COLUMN, bytes, 4)
  bytes = v128.load_lane<u8>(at + 5 * COLUMN, bytes, 5)
  bytes = v128.load_lane<u8>(at + 6 * COLUMN, bytes, 6)
  bytes = v128.load_lane<u8>(at + 7 * COLUMN, bytes, 7)
  bytes = v128.load_lane<u8>(at + 8 * COLUMN, bytes, 8)
  bytes = v128.load_lane<u8>(at + 9 * COLUMN, bytes, 9)
  bytes = v128.load_lane<u8>(at + 10 * COLUMN, bytes, 10)
  bytes = v128.load_lane<u8>(at + 11 * COLUMN, bytes, 11)
  bytes = v128.load_lane<u8>(at + 12 * COLUMN, bytes, 12)
  bytes = v128.load_lane<u8>(at + 13 * COLUMN, bytes, 13)
  bytes = v128.load_lane<u8>(at + 14 * COLUMN, bytes, 14)
  return v128.load_lane<u8>(at + 15 * COLUMN, bytes, 15)
}
