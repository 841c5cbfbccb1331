/** GF(2^128) on big integers, as slow and as plain as the definition; bit p is z^p. */

const MODULUS = (1n << 128n) | 0b1000_0111n

/** The carry-less product, reduced from the top. */
export function multiplyField(a: bigint, b: bigint): bigint {
  let product = 0n
  for (let p = 0n; p < 128n; p++) if ((a >> p) & 1n) product ^= b << p
  for (let p = 254n; p >= 128n; p--) if ((product >> p) & 1n) product ^= MODULUS << (p - 128n)
  return product
}
