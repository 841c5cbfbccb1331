/**
 * The universal hash of the OT extension check over GF(2^128) (1.8), for many columns at once.
 * A block is 128 rows: row p holds, for every column, the coefficient of z^p. To multiply all
 * columns by one public weight is to add the block once for each set bit, shifted by that many
 * rows, so INVARIANT: which words are added depends on the public weights alone.
 * The modulus is z^128 + z^7 + z^2 + z + 1; bit p of a weight, least significant first, is z^p.
 */

const DEGREE = 128
const WEIGHT_BYTES = 16
const BLOCK_WORDS = DEGREE / 32
/** z^128 = z^7 + z^2 + z + 1. */
const EXPONENTS = [0, 1, 2, 7] as const

/** The sum of weight_j * block_j, plus the last block; a row has `width` words of 64 bits. */
export function weigh(rows: BigUint64Array, width: number, weights: Uint8Array): BigUint64Array {
  const span = DEGREE * width
  const sum = new BigUint64Array(2 * span)
  const blocks = weights.length / WEIGHT_BYTES
  for (let j = 0; j < blocks; j++) {
    for (let p = 0; p < DEGREE; p++) {
      const byte = weights[j * WEIGHT_BYTES + (p >>> 3)] ?? 0
      if ((byte >>> (p & 7)) & 1) add(sum, p * width, rows, j * span, span)
    }
  }
  // From the top, so that what is folded onto a row above z^127 is folded again.
  for (let p = 2 * DEGREE - 2; p >= DEGREE; p--) {
    for (const exponent of EXPONENTS) {
      add(sum, (p - DEGREE + exponent) * width, sum, p * width, width)
    }
  }
  add(sum, 0, rows, blocks * span, span)
  const result = sum.slice(0, span)
  sum.fill(0n)
  return result
}

/** The same for one column alone, whose rows are packed, 32 of them to a word. */
export function weighColumn(column: Uint32Array, weights: Uint8Array): Uint32Array {
  const sum = new Uint32Array(2 * BLOCK_WORDS)
  const blocks = weights.length / WEIGHT_BYTES
  for (let j = 0; j < blocks; j++) {
    for (let p = 0; p < DEGREE; p++) {
      const byte = weights[j * WEIGHT_BYTES + (p >>> 3)] ?? 0
      if ((byte >>> (p & 7)) & 1) addShifted(sum, p, column, j * BLOCK_WORDS)
    }
  }
  // The first pass folds rows up to z^133 again, so there is a second one.
  for (let pass = 0; pass < 2; pass++) {
    const high = sum.slice(BLOCK_WORDS)
    sum.fill(0, BLOCK_WORDS)
    for (const exponent of EXPONENTS) addShifted(sum, exponent, high, 0)
    high.fill(0)
  }
  addShifted(sum, 0, column, blocks * BLOCK_WORDS)
  const result = sum.slice(0, BLOCK_WORDS)
  sum.fill(0)
  return result
}

/** target ^= the block of `source` at `at`, times z^shift. */
function addShifted(target: Uint32Array, shift: number, source: Uint32Array, at: number): void {
  const [whole, part] = [shift >>> 5, shift & 31]
  for (let i = 0; i < BLOCK_WORDS; i++) {
    const word = source[at + i] ?? 0
    const to = whole + i
    target[to] = (target[to] ?? 0) ^ (word << part)
    // In two steps, because a shift by 32 would be a shift by nothing.
    target[to + 1] = (target[to + 1] ?? 0) ^ ((word >>> 1) >>> (31 - part))
  }
}

function add(
  target: BigUint64Array,
  targetAt: number,
  source: BigUint64Array,
  sourceAt: number,
  count: number,
): void {
  for (let i = 0; i < count; i++) {
    target[targetAt + i] = (target[targetAt + i] ?? 0n) ^ (source[sourceAt + i] ?? 0n)
  }
}
