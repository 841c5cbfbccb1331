/**
 * From the last messages of all signers to the signature (1.12, output). Anybody can do this; it
 * needs no secret.
 * INVARIANT: what is returned is in normal form and was verified against the public key and the
 * digest; on failure nothing of the shares is in the error.
 */

import { Abort } from './abort.ts'
import type { Curve } from './curve.ts'
import { isValidSignature, normalize, type Signature } from './ecdsa.ts'
import type { SignatureShare } from './sign.ts'

/** The signature of all shares, in normal form; it is verified before it is returned. */
export function combine(
  curve: Curve,
  digest: Uint8Array,
  shares: readonly SignatureShare[],
): Signature {
  const [first] = shares
  if (first === undefined) throw new RangeError('a signature needs the shares of all signers')
  const { scalars, points } = curve
  const { nonce, publicKey } = first
  const u = shares.reduce((sum, share) => scalars.add(sum, share.u), scalars.zero)
  const w = shares.reduce((sum, share) => scalars.add(sum, share.w), scalars.zero)
  if (scalars.isZero(u) || scalars.isZero(w)) {
    throw new Abort('degenerate', 'the shares sum to zero')
  }
  const { x: r, isReduced } = points.xScalar(nonce)
  const recovery = Number(points.isOdd(nonce)) + 2 * Number(isReduced)
  const s = scalars.multiply(w, scalars.invertPublic(u))
  const signature = normalize(curve, { r, s, recovery })
  if (!isValidSignature(curve, publicKey, digest, signature)) {
    throw new Abort('signature-invalid', 'the shares do not make a signature of this digest')
  }
  return signature
}
