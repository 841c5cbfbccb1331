/**
 * SHAKE256 of two preimages at once, each of at most one block and with at most one block of
 * output: the hash `fix` of the protocol (1.3) on both 64-bit lanes of a vector (FIPS 202).
 * AssemblyScript, compiled by `npm run build:core`; nothing of it runs as TypeScript.
 * INVARIANT: no branch, index or shift count depends on a byte of the state.
 */

const LANE: usize = 16
const STATE: usize = 25 * LANE
const RATE: usize = 136

/** The padding that SHAKE puts behind the preimage, and the last bit of the block. */
const SUFFIX: u8 = 0x1f
const LAST: u8 = 0x80

const constants = memory.data<u64>([
  0x0000000000000001, 0x0000000000008082, 0x800000000000808a, 0x8000000080008000,
  0x000000000000808b, 0x0000000080000001, 0x8000000080008081, 0x8000000000008009,
  0x000000000000008a, 0x0000000000000088, 0x0000000080008009, 0x000000008000000a,
  0x000000008000808b, 0x800000000000008b, 0x8000000000008089, 0x8000000000008003,
  0x8000000000008002, 0x8000000000000080, 0x000000000000800a, 0x800000008000000a,
  0x8000000080008081, 0x8000000000008080, 0x0000000080000001, 0x8000000080008008,
])

/** Two preimages as bytes, and the two states that the rounds write in turn. */
export const first = memory.data(136, 16)
export const second = memory.data(136, 16)
const even = memory.data(400, 16)
const odd = memory.data(400, 16)

/** Clears both preimages and pads them for `length` bytes. */
export function pad(length: usize): void {
  memory.fill(first, 0, RATE)
  memory.fill(second, 0, RATE)
  store<u8>(first + length, SUFFIX)
  store<u8>(second + length, SUFFIX)
  store<u8>(first + RATE - 1, LAST)
  store<u8>(second + RATE - 1, LAST)
}

/** The first `lanes` words of both hashes, to `one` and to `two`. */
export function hashPair(one: usize, two: usize, lanes: usize): void {
  for (let lane: usize = 0; lane < 17; lane++) {
    const low = v128.load64_splat(first + 8 * lane)
    v128.store(even + lane * LANE, v128.load_lane<u64>(second + 8 * lane, low, 1))
  }
  memory.fill(even + 17 * LANE, 0, 8 * LANE)
  for (let round: usize = 0; round < 24; round += 2) {
    permute(even, odd, v128.load64_splat(constants + 8 * round))
    permute(odd, even, v128.load64_splat(constants + 8 * round + 8))
  }
  for (let lane: usize = 0; lane < lanes; lane++) {
    const both = v128.load(even + lane * LANE)
    store<u64>(one + 8 * lane, i64x2.extract_lane(both, 0))
    store<u64>(two + 8 * lane, i64x2.extract_lane(both, 1))
  }
}

/** One round; lane x + 5y stands at index x + 5y. */
function permute(from: usize, to: usize, constant: v128): void {
  const c0 = parity(from)
  const c1 = parity(from + LANE)
  const c2 = parity(from + 2 * LANE)
  const c3 = parity(from + 3 * LANE)
  const c4 = parity(from + 4 * LANE)
  const d0 = v128.xor(c4, rotate(c1, 1))
  const d1 = v128.xor(c0, rotate(c2, 1))
  const d2 = v128.xor(c1, rotate(c3, 1))
  const d3 = v128.xor(c2, rotate(c4, 1))
  const d4 = v128.xor(c3, rotate(c0, 1))
  row(
    to,
    v128.xor(v128.load(from), d0),
    moved(v128.load(from, 6 * LANE), d1, 44),
    moved(v128.load(from, 12 * LANE), d2, 43),
    moved(v128.load(from, 18 * LANE), d3, 21),
    moved(v128.load(from, 24 * LANE), d4, 14),
  )
  v128.store(to, v128.xor(v128.load(to), constant))
  row(
    to + 5 * LANE,
    moved(v128.load(from, 3 * LANE), d3, 28),
    moved(v128.load(from, 9 * LANE), d4, 20),
    moved(v128.load(from, 10 * LANE), d0, 3),
    moved(v128.load(from, 16 * LANE), d1, 45),
    moved(v128.load(from, 22 * LANE), d2, 61),
  )
  row(
    to + 10 * LANE,
    moved(v128.load(from, LANE), d1, 1),
    moved(v128.load(from, 7 * LANE), d2, 6),
    moved(v128.load(from, 13 * LANE), d3, 25),
    moved(v128.load(from, 19 * LANE), d4, 8),
    moved(v128.load(from, 20 * LANE), d0, 18),
  )
  row(
    to + 15 * LANE,
    moved(v128.load(from, 4 * LANE), d4, 27),
    moved(v128.load(from, 5 * LANE), d0, 36),
    moved(v128.load(from, 11 * LANE), d1, 10),
    moved(v128.load(from, 17 * LANE), d2, 15),
    moved(v128.load(from, 23 * LANE), d3, 56),
  )
  row(
    to + 20 * LANE,
    moved(v128.load(from, 2 * LANE), d2, 62),
    moved(v128.load(from, 8 * LANE), d3, 55),
    moved(v128.load(from, 14 * LANE), d4, 39),
    moved(v128.load(from, 15 * LANE), d0, 41),
    moved(v128.load(from, 21 * LANE), d1, 2),
  )
}

/** The parity of one column. */
function parity(at: usize): v128 {
  const upper = v128.xor(v128.load(at), v128.load(at, 5 * LANE))
  const lower = v128.xor(v128.load(at, 10 * LANE), v128.load(at, 15 * LANE))
  return v128.xor(v128.xor(upper, lower), v128.load(at, 20 * LANE))
}

/** theta, rho and pi of one lane. */
function moved(lane: v128, parity: v128, by: i32): v128 {
  return rotate(v128.xor(lane, parity), by)
}

function rotate(lane: v128, by: i32): v128 {
  return v128.or(i64x2.shl(lane, by), i64x2.shr_u(lane, 64 - by))
}

/** chi of one row. */
function row(to: usize, b0: v128, b1: v128, b2: v128, b3: v128, b4: v128): void {
  v128.store(to, v128.xor(b0, v128.andnot(b2, b1)))
  v128.store(to, v128.xor(b1, v128.andnot(b3, b2)), LANE)
  v128.store(to, v128.xor(b2, v128.andnot(b4, b3)), 2 * LANE)
  v128.store(to, v128.xor(b3, v128.andnot(b0, b4)), 3 * LANE)
  v128.store(to, v128.xor(b4, v128.andnot(b1, b0)), 4 * LANE)
}

/** What the last hashes left; the caller's own memory is the caller's to wipe. */
export function wipeHash(): void {
  memory.fill(first, 0, RATE)
  memory.fill(second, 0, RATE)
  memory.fill(even, 0, STATE)
  memory.fill(odd, 0, STATE)
}
