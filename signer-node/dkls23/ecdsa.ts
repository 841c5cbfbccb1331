/**
 * ECDSA signatures as numbers: normal form and verification (1.12, output; SEC 1, 4.1).
 * The normal form has s in the lower half of the field. Recovery: bit 0 is the parity of y(R),
 * bit 1 tells that x(R) was not below the group order.
 * INVARIANT: nothing is accepted by verification that is not in normal form. Verification looks at
 * r and s alone; `recoversTo` is for the recovery id.
 */

import { type Curve, type Point, SCALAR_BYTES, type Scalar } from './curve.ts'
import { equalBytes } from './secret.ts'

export interface Signature {
  readonly r: Scalar
  readonly s: Scalar
  /** 0 to 3. */
  readonly recovery: number
}

/** Low s: negating s negates R, so the parity turns and x(R) stays. */
export function normalize(curve: Curve, signature: Signature): Signature {
  const { r, s, recovery } = signature
  if (!curve.scalars.isHigh(s)) return signature
  return { r, s: curve.scalars.negate(s), recovery: recovery ^ 1 }
}

/** Strict: a 32-byte digest, r and s not zero, s in the lower half. */
export function isValidSignature(
  curve: Curve,
  publicKey: Point,
  digest: Uint8Array,
  { r, s }: Pick<Signature, 'r' | 's'>,
): boolean {
  const { isZero, isHigh } = curve.scalars
  if (digest.length !== SCALAR_BYTES || isZero(r) || isZero(s) || isHigh(s)) return false
  return curve.points.verify(publicKey, digest, r, s)
}

/**
 * The recovery id is that of the signature's own nonce point (m/s)*G + (r/s)*pk, which is R, or -R
 * once s was negated. For a signature that is valid; every value here is public.
 */
export function recoversTo(
  { scalars, points }: Curve,
  publicKey: Point,
  digest: Uint8Array,
  { r, s, recovery }: Signature,
): boolean {
  const inverse = scalars.invertPublic(s)
  const ofDigest = points.multiplyBase(scalars.multiply(scalars.reduce(digest), inverse))
  const ofKey = points.multiplyPublic(publicKey, scalars.multiply(r, inverse))
  const nonce = points.add(ofDigest, ofKey)
  if (nonce === undefined) return false
  const { x, isReduced } = points.xScalar(nonce)
  const expected = Number(points.isOdd(nonce)) + 2 * Number(isReduced)
  return recovery === expected && equalBytes(x, r)
}

/**
 * The parity that chains without room for bit 1 carry (EVM, Tron). Undefined when bit 1 is set:
 * such a signature recovers to another key there and must be made again.
 */
export function parityOf({ recovery }: Signature): 0 | 1 | undefined {
  if (recovery > 1) return undefined
  return recovery === 1 ? 1 : 0
}
