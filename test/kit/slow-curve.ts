/**
 * secp256k1 from the textbook: affine points, schoolbook formulas, plain integers. A reference that
 * shares no line with either twin, for tests that compare; far too slow and too open for a secret.
 */

export const PRIME = 2n ** 256n - 2n ** 32n - 977n
export const GROUP_ORDER = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n

/** `undefined` is the identity. */
export type SlowPoint = { readonly x: bigint; readonly y: bigint } | undefined

export const slowGenerator: SlowPoint = {
  x: 0x79be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798n,
  y: 0x483ada7726a3c4655da4fbfc0e1108a8fd17b448a68554199c47d08ffb10d4b8n,
}

/** The remainder that is never negative. */
export function modulo(value: bigint, modulus: bigint): bigint {
  return ((value % modulus) + modulus) % modulus
}

export function power(base: bigint, exponent: bigint, modulus: bigint): bigint {
  let [result, square] = [1n, modulo(base, modulus)]
  for (let rest = exponent; rest > 0n; rest >>= 1n) {
    if (rest & 1n) result = (result * square) % modulus
    square = (square * square) % modulus
  }
  return result
}

/** Extended Euclid; zero has none. */
export function inverse(value: bigint, modulus: bigint): bigint {
  let [rest, next] = [modulo(value, modulus), modulus]
  let [factor, nextFactor] = [1n, 0n]
  while (next !== 0n) {
    const quotient = rest / next
    ;[rest, next] = [next, rest - quotient * next]
    ;[factor, nextFactor] = [nextFactor, factor - quotient * nextFactor]
  }
  if (rest !== 1n) throw new RangeError('there is no inverse')
  return modulo(factor, modulus)
}

export function slowAdd(a: SlowPoint, b: SlowPoint): SlowPoint {
  if (a === undefined) return b
  if (b === undefined) return a
  if (a.x === b.x && modulo(a.y + b.y, PRIME) === 0n) return undefined
  const isSame = a.x === b.x
  const rise = isSame ? 3n * a.x * a.x : b.y - a.y
  const slope = rise * inverse(modulo(isSame ? 2n * a.y : b.x - a.x, PRIME), PRIME)
  const x = modulo(slope * slope - a.x - b.x, PRIME)
  return { x, y: modulo(slope * (a.x - x) - a.y, PRIME) }
}

export function slowMultiply(point: SlowPoint, k: bigint): SlowPoint {
  let [sum, double] = [undefined as SlowPoint, point]
  for (let rest = modulo(k, GROUP_ORDER); rest > 0n; rest >>= 1n) {
    if (rest & 1n) sum = slowAdd(sum, double)
    double = slowAdd(double, double)
  }
  return sum
}

/** 33 bytes as hex, or `identity`. */
export function slowHex(point: SlowPoint): string {
  if (point === undefined) return 'identity'
  return `0${point.y & 1n ? 3 : 2}${point.x.toString(16).padStart(64, '0')}`
}

/** The y of this parity, if x is on the curve. */
export function slowLift(x: bigint, isOdd: boolean): SlowPoint {
  if (x >= PRIME) return undefined
  const square = modulo(x * x * x + 7n, PRIME)
  const root = power(square, (PRIME + 1n) / 4n, PRIME)
  if ((root * root) % PRIME !== square) return undefined
  return { x, y: (root & 1n) === (isOdd ? 1n : 0n) ? root : PRIME - root }
}

/** ECDSA as in SEC 1, 4.1.4, over 33, 32 and 64 bytes. */
export function slowVerify(
  publicKey: Uint8Array,
  digest: Uint8Array,
  compact: Uint8Array,
): boolean {
  const [r, s] = [integer(compact.slice(0, 32)), integer(compact.slice(32))]
  if (r < 1n || r >= GROUP_ORDER || s < 1n || s >= GROUP_ORDER) return false
  const factor = inverse(s, GROUP_ORDER)
  const ofDigest = slowMultiply(slowGenerator, integer(digest) * factor)
  const key = slowLift(integer(publicKey.slice(1)), publicKey[0] === 3)
  const sum = slowAdd(ofDigest, slowMultiply(key, r * factor))
  return sum !== undefined && modulo(sum.x, GROUP_ORDER) === r
}

export function integer(bytes: Uint8Array): bigint {
  return bytes.reduce((value, byte) => (value << 8n) | BigInt(byte), 0n)
}

/** Mod the group order. */
export function sumOf(values: readonly bigint[]): bigint {
  return modulo(
    values.reduce((sum, value) => sum + value, 0n),
    GROUP_ORDER,
  )
}
