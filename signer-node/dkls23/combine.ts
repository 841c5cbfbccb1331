/**
 * From the last messages of all signers to the signature (1.12, output). Anybody can do this; it
 * needs no secret.
 * INVARIANT: the public key is the caller's own and no share is believed: what is returned is in
 * normal form, was verified against that key and the digest, and recovers to it by its recovery
 * id. On failure nothing of the shares is in the error.
 */

import { Abort } from './abort.ts'
import type { Curve, Point } from './curve.ts'
import { isValidSignature, normalize, recoversTo, type Signature } from './ecdsa.ts'
import { equalBytes } from './secret.ts'
import type { SignatureShare } from './sign.ts'

/** The signature of all shares under pk', the public key at the path that was signed for. */
export function combine(
  curve: Curve,
  publicKey: Point,
  digest: Uint8Array,
  shares: readonly SignatureShare[],
): Signature {
  const [first] = shares
  if (first === undefined) throw new RangeError('a signature needs the shares of all signers')
  const { scalars, points } = curve
  const { nonce } = first
  if (!shares.every((share) => equalBytes(share.nonce, nonce))) {
    throw new Abort('signature-invalid', 'the shares name different nonce points')
  }
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
  // A signature says nothing about the sign of R: all shares may name -R and it still verifies.
  if (!recoversTo(curve, publicKey, digest, signature)) {
    throw new Abort('signature-invalid', 'the signature does not recover to the public key')
  }
  return signature
}
