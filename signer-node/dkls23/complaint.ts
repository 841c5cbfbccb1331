/**
 * A complaint about a dealt share (specification 1.11, 1.13): whoever holds the signed message of a
 * dealer can show that the share in it is not on the polynomial in it.
 * INVARIANT: it needs nothing but the message and the receiver's place, so no honest dealer's
 * message can be made to look wrong; another message has another size.
 * The share is shown by it, which is harmless: no key comes of a dealing that somebody refused.
 *
 * message = A (t points) || pi (t proofs) || cc || salt || echo || share
 */

import { Malformed, Reader } from './bytes.ts'
import { SALT_BYTES } from './commitment.ts'
import { type Curve, POINT_BYTES, SCALAR_BYTES } from './curve.ts'
import { COEFFICIENT_PROOF_BYTES } from './dlog-proof.ts'
import { CHAIN_CODE_BYTES } from './params.ts'
import { PARTICIPANTS_MAX, type Party } from './party.ts'
import { isShareOf } from './polynomial.ts'
import { DIGEST_BYTES } from './transcript.ts'

/** The round of a key making in which shares are dealt. */
export const DEALING_ROUND = 2

const REST_BYTES = CHAIN_CODE_BYTES + SALT_BYTES + DIGEST_BYTES

/** False also for anything that is no dealing with this threshold: then another fault was it. */
export function isWrongShare(
  curve: Curve,
  threshold: number,
  message: Uint8Array,
  receiver: Party,
): boolean {
  if (!Number.isInteger(threshold) || threshold < 1 || threshold > PARTICIPANTS_MAX) return false
  const proofs = threshold * COEFFICIENT_PROOF_BYTES
  const expected = threshold * POINT_BYTES + proofs + REST_BYTES + SCALAR_BYTES
  if (message.length !== expected) return false
  const reader = new Reader(message)
  try {
    const coefficients = Array.from({ length: threshold }, () =>
      curve.points.decodePoint(reader.take(POINT_BYTES)),
    )
    reader.take(proofs + REST_BYTES)
    const share = curve.scalars.decodeScalar(reader.take(SCALAR_BYTES))
    reader.end()
    return !isShareOf(curve, coefficients, receiver, share)
  } catch (cause) {
    if (!(cause instanceof Malformed)) throw cause
    return false
  }
}
