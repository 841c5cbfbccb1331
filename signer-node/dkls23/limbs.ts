/**
 * Integers mod q as thirteen limbs of 20 bits in doubles, for the long sums of a multiplication.
 * Every intermediate is an integer below 2^53, so every result is exact.
 * INVARIANT: which operations run depends on no value: no branch, no table, no BigInt on the way
 * of a pad, a nonce or a key share. A limb is kept within 2^6 of the range 0 .. 2^20-1, and an
 * entry is any integer of its class mod q; only `writeLimbs` finds the one from 0 to q-1.
 */

import { ORDER } from './curve.ts'

export const LIMBS = 13
/** A sum of products while it is collected, with room for what it carries. */
export const WIDE_LIMBS = 27
/** So many products may be added up: 13 * 512 * 2^40 stays below 2^53. */
export const PRODUCTS_MAX = 512

const LIMB_BITS = 20
const BASE = 2 ** LIMB_BITS
const PER_BASE = 2 ** -LIMB_BITS
const LIMB_MASK = BASE - 1
const TOP_BITS = 16
const FOLD_LIMBS = 7

const order = constant(ORDER)
/** What 2^260 and 2^256 are mod q. */
const foldWide = constant(2n ** 260n % ORDER)
const foldTop = constant(2n ** 256n - ORDER)
/** A multiple of q beyond every entry: added before reduction, it makes negative ones positive. */
const offset = constant(32n * ORDER)

const scratch = new Int32Array(LIMBS)
const less = new Int32Array(LIMBS)
const highs = new Float64Array(WIDE_LIMBS - LIMBS)

/** 32 bytes, big-endian. */
export function readLimbs(bytes: Uint8Array, from: number, target: Float64Array, at: number): void {
  for (let pair = 0; pair < 6; pair++) {
    const byte = from + 27 - 5 * pair
    const middle = bytes[byte + 2] ?? 0
    const low = (bytes[byte + 4] ?? 0) | ((bytes[byte + 3] ?? 0) << 8) | ((middle & 15) << 16)
    const high = (middle >> 4) | ((bytes[byte + 1] ?? 0) << 4) | ((bytes[byte] ?? 0) << 12)
    target[at + 2 * pair] = low
    target[at + 2 * pair + 1] = high
  }
  target[at + 12] = (bytes[from + 1] ?? 0) | ((bytes[from] ?? 0) << 8)
}

/** The entry's one representative below q, as 32 bytes, big-endian. */
export function writeLimbs(source: Float64Array, at: number, bytes: Uint8Array, to: number): void {
  for (let a = 0; a < LIMBS; a++) {
    scratch[a] = ((source[at + a] ?? 0) | 0) + ((offset[a] ?? 0) | 0)
  }
  carryWords(scratch)
  const top = scratch[LIMBS - 1] ?? 0
  const over = top >> TOP_BITS
  scratch[LIMBS - 1] = top - (over << TOP_BITS)
  for (let b = 0; b < FOLD_LIMBS; b++) {
    scratch[b] = (scratch[b] ?? 0) + Math.imul(over, (foldTop[b] ?? 0) | 0)
  }
  carryWords(scratch)
  const isBelow = subtractOrder()
  for (let a = 0; a < LIMBS; a++) {
    scratch[a] = ((scratch[a] ?? 0) & isBelow) | ((less[a] ?? 0) & ~isBelow)
  }
  writeWords(bytes, to)
}

/** All ones when the integer, just read, is below q, else 0. */
export function isBelowOrder(source: Float64Array, at: number): number {
  for (let a = 0; a < LIMBS; a++) scratch[a] = source[at + a] ?? 0
  return subtractOrder()
}

/** The scratch words are secrets too: the last act of every operation on a table. */
export function wipeScratch(): void {
  scratch.fill(0)
  less.fill(0)
}

/** wide += factor * the entry at `at`; the factor is the limbs of one entry alone. */
export function addProduct(
  wide: Float64Array,
  factor: Float64Array,
  values: Float64Array,
  at: number,
): void {
  const v0 = values[at] ?? 0
  const v1 = values[at + 1] ?? 0
  const v2 = values[at + 2] ?? 0
  const v3 = values[at + 3] ?? 0
  const v4 = values[at + 4] ?? 0
  const v5 = values[at + 5] ?? 0
  const v6 = values[at + 6] ?? 0
  const v7 = values[at + 7] ?? 0
  const v8 = values[at + 8] ?? 0
  const v9 = values[at + 9] ?? 0
  const v10 = values[at + 10] ?? 0
  const v11 = values[at + 11] ?? 0
  const v12 = values[at + 12] ?? 0
  for (let a = 0; a < LIMBS; a++) {
    const f = factor[a] ?? 0
    wide[a] = (wide[a] ?? 0) + f * v0
    wide[a + 1] = (wide[a + 1] ?? 0) + f * v1
    wide[a + 2] = (wide[a + 2] ?? 0) + f * v2
    wide[a + 3] = (wide[a + 3] ?? 0) + f * v3
    wide[a + 4] = (wide[a + 4] ?? 0) + f * v4
    wide[a + 5] = (wide[a + 5] ?? 0) + f * v5
    wide[a + 6] = (wide[a + 6] ?? 0) + f * v6
    wide[a + 7] = (wide[a + 7] ?? 0) + f * v7
    wide[a + 8] = (wide[a + 8] ?? 0) + f * v8
    wide[a + 9] = (wide[a + 9] ?? 0) + f * v9
    wide[a + 10] = (wide[a + 10] ?? 0) + f * v10
    wide[a + 11] = (wide[a + 11] ?? 0) + f * v11
    wide[a + 12] = (wide[a + 12] ?? 0) + f * v12
  }
}

/** Brings the limbs of a sum of products back to where further products may be added. */
export function carryProducts(wide: Float64Array): void {
  carry(wide, 0, WIDE_LIMBS)
  carry(wide, 0, WIDE_LIMBS)
}

/** Turns a sum of products into an entry, and clears it. */
export function settleProducts(wide: Float64Array, target: Float64Array, at: number): void {
  carryProducts(wide)
  // What stands above 2^260 shrinks from 14 limbs to 8, to 2, to none.
  fold(wide, 14)
  fold(wide, 8)
  fold(wide, 2)
  for (let a = 0; a < LIMBS; a++) target[at + a] = wide[a] ?? 0
  settle(target, at)
  wide.fill(0)
}

/** Brings the limbs of a small sum, or of what products left, back into their bounds. */
export function settle(values: Float64Array, at: number): void {
  const top = values[at + LIMBS - 1] ?? 0
  const over = Math.floor(top * PER_BASE)
  values[at + LIMBS - 1] = top - over * BASE
  addFolded(values, at, over)
  carry(values, at, LIMBS)
  carry(values, at, LIMBS)
}

function fold(wide: Float64Array, count: number): void {
  for (let h = 0; h < count; h++) {
    const high = wide[LIMBS + h] ?? 0
    wide[LIMBS + h] = 0
    highs[h] = high
  }
  for (let h = 0; h < count; h++) addFolded(wide, h, highs[h] ?? 0)
  highs.fill(0)
  const length = Math.max(LIMBS, count + FOLD_LIMBS)
  carry(wide, 0, length)
  carry(wide, 0, length)
}

function addFolded(wide: Float64Array, at: number, factor: number): void {
  for (let b = 0; b < FOLD_LIMBS; b++) {
    wide[at + b] = (wide[at + b] ?? 0) + factor * (foldWide[b] ?? 0)
  }
}

/**
 * One pass: every limb but the last gives what is above 20 bits to the next one. Two passes bring
 * limbs below 2^45 into their bounds; there is no chain from limb to limb, which makes it fast.
 */
function carry(values: Float64Array, at: number, count: number): void {
  let received = 0
  for (let a = at; a < at + count - 1; a++) {
    const limb = values[a] ?? 0
    const over = Math.floor(limb * PER_BASE)
    values[a] = limb - over * BASE + received
    received = over
  }
  values[at + count - 1] = (values[at + count - 1] ?? 0) + received
}

/** The full chain, on 32-bit words; the last one keeps what is left. */
function carryWords(words: Int32Array): void {
  let over = 0
  for (let a = 0; a < LIMBS - 1; a++) {
    const word = (words[a] ?? 0) + over
    words[a] = word & LIMB_MASK
    over = word >> LIMB_BITS
  }
  words[LIMBS - 1] = (words[LIMBS - 1] ?? 0) + over
}

/** less = scratch - q; all ones when that is negative, else 0. */
function subtractOrder(): number {
  for (let a = 0; a < LIMBS; a++) less[a] = (scratch[a] ?? 0) - (order[a] ?? 0)
  carryWords(less)
  return (less[LIMBS - 1] ?? 0) >> 31
}

function writeWords(bytes: Uint8Array, to: number): void {
  for (let pair = 0; pair < 6; pair++) {
    const byte = to + 27 - 5 * pair
    const low = scratch[2 * pair] ?? 0
    const high = scratch[2 * pair + 1] ?? 0
    bytes[byte + 4] = low
    bytes[byte + 3] = low >> 8
    bytes[byte + 2] = (low >> 16) | (high << 4)
    bytes[byte + 1] = high >> 4
    bytes[byte] = high >> 12
  }
  const top = scratch[LIMBS - 1] ?? 0
  bytes[to + 1] = top
  bytes[to] = top >> 8
}

/** Limbs of a public constant; the last one holds all that is left. */
function constant(value: bigint): Float64Array {
  return Float64Array.from({ length: LIMBS }, (_, a) => {
    const rest = value >> BigInt(LIMB_BITS * a)
    return Number(a === LIMBS - 1 ? rest : BigInt.asUintN(LIMB_BITS, rest))
  })
}
