/**
 * Shares of zero from pairwise seeds (1.10; 1.12, round 2, step 2): what one party of a pair adds
 * the other one subtracts, so the shares of all signers sum to zero.
 * INVARIANT: the digest D of all commitments is inside, so the shares of parties with different
 * views do not cancel, and the sum of the public key shares shows the split.
 */

import type { Curve, Scalar } from './curve.ts'
import type { Party } from './party.ts'
import { SecretScope } from './secret.ts'
import { hash, hashToScalar } from './transcript.ts'

export const ZERO_PART_BYTES = 32

/** z of a pair: both parts were committed to before either was revealed. */
export function zeroSeed(pairingId: Uint8Array, low: Uint8Array, high: Uint8Array): Uint8Array {
  return hash('zero-seed', pairingId, low, high)
}

/** In which session, and with what all parties must have seen alike. */
export interface ZeroScope {
  readonly sid: Uint8Array
  readonly digest: Uint8Array
}

/** What the higher of two parties adds and the lower one subtracts; secret. */
export function zeroFragment(curve: Curve, seed: Uint8Array, { sid, digest }: ZeroScope): Scalar {
  return hashToScalar(curve, 'zero', seed, sid, digest)
}

/** zeta of one party; `seeds` holds z for each other signer. */
export function zeroShare(
  curve: Curve,
  self: Party,
  seeds: ReadonlyMap<Party, Uint8Array>,
  about: ZeroScope,
): Scalar {
  using scraps = new SecretScope()
  const { zero, add, subtract } = curve.scalars
  const sum = [...seeds].reduce((share, [peer, seed]) => {
    const fragment = scraps.keep(zeroFragment(curve, seed, about))
    return scraps.keep(peer < self ? add(share, fragment) : subtract(share, fragment))
  }, zero)
  // A copy: the sums on the way, and the last of them, are wiped here.
  return add(sum, zero)
}
