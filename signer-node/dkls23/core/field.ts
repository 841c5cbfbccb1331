/**
 * Integers mod q in two forms: four 64-bit words for sums and differences, nine limbs of 29 bits
 * for products. Between calls a scalar is 32 bytes, big-endian, below q, and so is every result.
 * AssemblyScript, compiled by `npm run build:core`; nothing of it runs as TypeScript.
 * INVARIANT: which operations run depends on no value; conditions are masks. A carry is the result
 * of an unsigned comparison, which becomes a number and never a jump.
 */

export const SCALAR: usize = 32
/** So many products may be added up before `carry`: 7 * 9 * 2^58 stays below 2^64. */
export const PRODUCTS_MAX: usize = 7
export const ALL: u64 = 0xffffffffffffffff

const WORD: usize = 8
const LIMB_BITS: u64 = 29
const LIMB_MASK: u64 = 0x1fffffff
const TOP_BITS: u64 = 24
const TOP_MASK: u64 = 0xffffff

/** q, and 2^256 - q, in words. */
const Q0: u64 = 0xbfd25e8cd0364141
const Q1: u64 = 0xbaaedce6af48a03b
const Q2: u64 = 0xfffffffffffffffe
const Q3: u64 = 0xffffffffffffffff
const C0: u64 = 0x402da1732fc9bebf
const C1: u64 = 0x4551231950b75fc4
const C2: u64 = 1

/** What is above 2^256, and above 2^261, comes back as so many limbs. */
const FOLD_LIMBS: usize = 5
const fold256 = memory.data<u64>([0xfc9bebf, 0x16d0b99, 0xdd7f110, 0x24632a1, 0x1455])
const fold261 = memory.data<u64>([0x1937d7e0, 0xda1732f, 0x1afe2201, 0x8c6542d, 0x28aa2])

/** A sum of products, the part of it that is folded, and the two factors. */
const sum = memory.data(144, 16)
const high = memory.data(72, 16)
const left = memory.data(72, 16)
const right = memory.data(72, 16)

/** to = a + (b where the mask is all ones). */
export function add(to: usize, a: usize, b: usize, mask: u64): void {
  const a3 = word(a, 3)
  const a2 = word(a, 2)
  const a1 = word(a, 1)
  const a0 = word(a, 0)
  const s0 = a0 + (word(b, 0) & mask)
  const c0 = below(s0, a0)
  const t1 = a1 + (word(b, 1) & mask)
  const s1 = t1 + c0
  const c1 = below(t1, a1) | below(s1, t1)
  const t2 = a2 + (word(b, 2) & mask)
  const s2 = t2 + c1
  const c2 = below(t2, a2) | below(s2, t2)
  const t3 = a3 + (word(b, 3) & mask)
  const s3 = t3 + c2
  write(to, s0, s1, s2, s3, below(t3, a3) | below(s3, t3))
}

/** to = a - (b where the mask is all ones). */
export function subtract(to: usize, a: usize, b: usize, mask: u64): void {
  const a0 = word(a, 0)
  const a1 = word(a, 1)
  const a2 = word(a, 2)
  const a3 = word(a, 3)
  const d0 = a0 - (word(b, 0) & mask)
  const b0 = below(a0, d0)
  const t1 = a1 - (word(b, 1) & mask)
  const d1 = t1 - b0
  const b1 = below(a1, t1) | below(t1, d1)
  const t2 = a2 - (word(b, 2) & mask)
  const d2 = t2 - b1
  const b2 = below(a2, t2) | below(t2, d2)
  const t3 = a3 - (word(b, 3) & mask)
  const d3 = t3 - b2
  // What went below zero wants q back.
  const lack = 0 - (below(a3, t3) | below(t3, d3))
  const s0 = d0 + (Q0 & lack)
  const c0 = below(s0, d0)
  const u1 = d1 + (Q1 & lack)
  const s1 = u1 + c0
  const c1 = below(u1, d1) | below(s1, u1)
  const u2 = d2 + (Q2 & lack)
  const s2 = u2 + c1
  const c2 = below(u2, d2) | below(s2, u2)
  store4(to, s0, s1, s2, d3 + (Q3 & lack) + c2)
}

/** to = 32 bytes mod q. */
export function reduce(to: usize, from: usize): void {
  write(to, word(from, 0), word(from, 1), word(from, 2), word(from, 3), 0)
}

/** 1 when 32 bytes are below q. */
export function isBelowOrder(at: usize): u64 {
  const d0 = word(at, 0) + C0
  const c0 = below(d0, C0)
  const t1 = word(at, 1) + C1
  const d1 = t1 + c0
  const c1 = below(t1, C1) | below(d1, t1)
  const t2 = word(at, 2) + C2
  const d2 = t2 + c1
  const c2 = below(t2, C2) | below(d2, t2)
  return 1 ^ below(word(at, 3) + c2, c2)
}

/** The factor that the next products have in common. */
export function setFactor(at: usize): void {
  split(at, left)
}

/** sum += the factor times 32 bytes. */
export function addProduct(at: usize): void {
  split(at, right)
  multiplyLimbs()
}

/** The sum becomes a number of 512 bits, big-endian. */
export function setWide(at: usize): void {
  split(at + SCALAR, sum)
  split(at, right)
  // 2^256 is 2^256 - q: the upper half times that.
  memory.fill(left, 0, 72)
  memory.copy(left, fold256, FOLD_LIMBS * WORD)
  multiplyLimbs()
}

/** Brings the sum back to where further products may be added. */
export function carry(): void {
  let over: u64 = 0
  for (let i: usize = 0; i < 17; i++) {
    const limb = load<u64>(sum + i * WORD) + over
    store<u64>(sum + i * WORD, limb & LIMB_MASK)
    over = limb >> LIMB_BITS
  }
  store<u64>(sum, load<u64>(sum, 136) + over, 136)
}

/** to = the sum mod q, and the sum is zero again. */
export function settle(to: usize): void {
  carry()
  // From 522 bits to 396, to 270, to 257.
  fold(9)
  fold(5)
  const over = (load<u64>(sum, 64) >> TOP_BITS) | (load<u64>(sum, 72) << (LIMB_BITS - TOP_BITS))
  store<u64>(sum, load<u64>(sum, 64) & TOP_MASK, 64)
  store<u64>(sum, 0, 72)
  foldLimb(sum, over, fold256)
  carry()
  const l2 = load<u64>(sum, 16)
  const l4 = load<u64>(sum, 32)
  const l6 = load<u64>(sum, 48)
  const l8 = load<u64>(sum, 64)
  const w0 = load<u64>(sum) | (load<u64>(sum, 8) << 29) | (l2 << 58)
  const w1 = (l2 >> 6) | (load<u64>(sum, 24) << 23) | (l4 << 52)
  const w2 = (l4 >> 12) | (load<u64>(sum, 40) << 17) | (l6 << 46)
  const w3 = (l6 >> 18) | (load<u64>(sum, 56) << 11) | (l8 << 40)
  write(to, w0, w1, w2, w3, l8 >> TOP_BITS)
  memory.fill(sum, 0, 144)
}

/** What the last call left outside the operands. */
export function wipeField(): void {
  memory.fill(sum, 0, 144)
  memory.fill(high, 0, 72)
  memory.fill(left, 0, 72)
  memory.fill(right, 0, 72)
}

/** Limbs from the ninth on, `count` of them, come back below 2^261. */
function fold(count: usize): void {
  memory.copy(high, sum + 9 * WORD, count * WORD)
  memory.fill(sum + 9 * WORD, 0, count * WORD)
  for (let h: usize = 0; h < count; h++) {
    foldLimb(sum + h * WORD, load<u64>(high + h * WORD), fold261)
  }
  carry()
}

function foldLimb(at: usize, limb: u64, by: usize): void {
  store<u64>(at, load<u64>(at) + limb * load<u64>(by))
  store<u64>(at, load<u64>(at, 8) + limb * load<u64>(by, 8), 8)
  store<u64>(at, load<u64>(at, 16) + limb * load<u64>(by, 16), 16)
  store<u64>(at, load<u64>(at, 24) + limb * load<u64>(by, 24), 24)
  store<u64>(at, load<u64>(at, 32) + limb * load<u64>(by, 32), 32)
}

/** Word i of 32 bytes, counted from the low end. */
function word(at: usize, i: usize): u64 {
  return bswap<u64>(load<u64>(at + (3 - i) * WORD))
}

/** The carry of a sum, or the borrow of a difference. */
function below(a: u64, b: u64): u64 {
  return <u64>(a < b)
}

/** Four words and what stands at 2^256, all together below 2q, reduced. */
function write(to: usize, w0: u64, w1: u64, w2: u64, w3: u64, over: u64): void {
  const d0 = w0 + C0
  const c0 = below(d0, w0)
  const t1 = w1 + C1
  const d1 = t1 + c0
  const c1 = below(t1, w1) | below(d1, t1)
  const t2 = w2 + C2
  const d2 = t2 + c1
  const c2 = below(t2, w2) | below(d2, t2)
  const d3 = w3 + c2
  const mask = 0 - (over | below(d3, w3))
  store4(
    to,
    w0 ^ ((w0 ^ d0) & mask),
    w1 ^ ((w1 ^ d1) & mask),
    w2 ^ ((w2 ^ d2) & mask),
    w3 ^ ((w3 ^ d3) & mask),
  )
}

function store4(to: usize, w0: u64, w1: u64, w2: u64, w3: u64): void {
  store<u64>(to, bswap<u64>(w3))
  store<u64>(to, bswap<u64>(w2), 8)
  store<u64>(to, bswap<u64>(w1), 16)
  store<u64>(to, bswap<u64>(w0), 24)
}

/** 32 bytes to nine limbs. */
function split(at: usize, to: usize): void {
  const w0 = word(at, 0)
  const w1 = word(at, 1)
  const w2 = word(at, 2)
  const w3 = word(at, 3)
  store<u64>(to, w0 & LIMB_MASK)
  store<u64>(to, (w0 >> 29) & LIMB_MASK, 8)
  store<u64>(to, ((w0 >> 58) | (w1 << 6)) & LIMB_MASK, 16)
  store<u64>(to, (w1 >> 23) & LIMB_MASK, 24)
  store<u64>(to, ((w1 >> 52) | (w2 << 12)) & LIMB_MASK, 32)
  store<u64>(to, (w2 >> 17) & LIMB_MASK, 40)
  store<u64>(to, ((w2 >> 46) | (w3 << 18)) & LIMB_MASK, 48)
  store<u64>(to, (w3 >> 11) & LIMB_MASK, 56)
  store<u64>(to, w3 >> 40, 64)
}

/** sum += left * right, column by column. */
function multiplyLimbs(): void {
  const a0 = load<u64>(left)
  const a1 = load<u64>(left, 8)
  const a2 = load<u64>(left, 16)
  const a3 = load<u64>(left, 24)
  const a4 = load<u64>(left, 32)
  const a5 = load<u64>(left, 40)
  const a6 = load<u64>(left, 48)
  const a7 = load<u64>(left, 56)
  const a8 = load<u64>(left, 64)
  const b0 = load<u64>(right)
  const b1 = load<u64>(right, 8)
  const b2 = load<u64>(right, 16)
  const b3 = load<u64>(right, 24)
  const b4 = load<u64>(right, 32)
  const b5 = load<u64>(right, 40)
  const b6 = load<u64>(right, 48)
  const b7 = load<u64>(right, 56)
  const b8 = load<u64>(right, 64)
  grow(0, a0 * b0)
  grow(1, a0 * b1 + a1 * b0)
  grow(2, a0 * b2 + a1 * b1 + a2 * b0)
  grow(3, a0 * b3 + a1 * b2 + a2 * b1 + a3 * b0)
  grow(4, a0 * b4 + a1 * b3 + a2 * b2 + a3 * b1 + a4 * b0)
  grow(5, a0 * b5 + a1 * b4 + a2 * b3 + a3 * b2 + a4 * b1 + a5 * b0)
  grow(6, a0 * b6 + a1 * b5 + a2 * b4 + a3 * b3 + a4 * b2 + a5 * b1 + a6 * b0)
  grow(7, a0 * b7 + a1 * b6 + a2 * b5 + a3 * b4 + a4 * b3 + a5 * b2 + a6 * b1 + a7 * b0)
  const middle = a0 * b8 + a1 * b7 + a2 * b6 + a3 * b5 + a4 * b4
  grow(8, middle + a5 * b3 + a6 * b2 + a7 * b1 + a8 * b0)
  grow(9, a1 * b8 + a2 * b7 + a3 * b6 + a4 * b5 + a5 * b4 + a6 * b3 + a7 * b2 + a8 * b1)
  grow(10, a2 * b8 + a3 * b7 + a4 * b6 + a5 * b5 + a6 * b4 + a7 * b3 + a8 * b2)
  grow(11, a3 * b8 + a4 * b7 + a5 * b6 + a6 * b5 + a7 * b4 + a8 * b3)
  grow(12, a4 * b8 + a5 * b7 + a6 * b6 + a7 * b5 + a8 * b4)
  grow(13, a5 * b8 + a6 * b7 + a7 * b6 + a8 * b5)
  grow(14, a6 * b8 + a7 * b7 + a8 * b6)
  grow(15, a7 * b8 + a8 * b7)
  grow(16, a8 * b8)
}

function grow(column: usize, by: u64): void {
  const at = sum + column * WORD
  store<u64>(at, load<u64>(at) + by)
}
