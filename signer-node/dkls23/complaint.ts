/**
 * A complaint about a dealt share (specification 1.11, 1.13): whoever holds the signed message of a
 * dealer can show that the share in it is not on the polynomial in it, in a key making, a refresh
 * or a reshare alike.
 * INVARIANT: no honest dealer's message can be made to look wrong, whatever an accuser says of it.
 * A dealing of zero has the size of a dealing of shares with one coefficient less, so the size does
 * not tell the forms apart: the proofs do, which hold for one session, one dealer and the true
 * index of each coefficient only.
 * The share is shown by it, which is harmless: no key comes of a dealing that somebody refused.
 */

import { Malformed } from './bytes.ts'
import type { Curve } from './curve.ts'
import type { DealingForm } from './dealing.ts'
import { revealRound } from './dealing-rounds.ts'
import { verifyCoefficient } from './dlog-proof.ts'
import { PARTICIPANTS_MAX, type Participant, type Party } from './party.ts'
import { isShareOf } from './polynomial.ts'
import { SecretScope } from './secret.ts'

/** The round in which shares are dealt. */
export const DEALING_ROUND = 2

/** Where the message stood; its dealer signed that too. */
export interface DealtPlace {
  readonly sid: Uint8Array
  readonly form: DealingForm
  readonly dealer: Participant
  readonly receiver: Party
}

/** False also for anything that is no dealing of this place: then another fault was it. */
export function isWrongShare(
  curve: Curve,
  { sid, form, dealer, receiver }: DealtPlace,
  message: Uint8Array,
): boolean {
  const { threshold } = form
  if (!Number.isInteger(threshold) || threshold < 2 || threshold > PARTICIPANTS_MAX) return false
  using scraps = new SecretScope()
  try {
    const { opening, share } = revealRound(curve, { name: 'dkg', form }, scraps).decode(message)
    const scope = { curve, sid, prover: dealer }
    const isDealt = opening.proofs.every(({ index, statement, repetitions }) =>
      verifyCoefficient(scope, { index, statement }, repetitions),
    )
    return isDealt && !isShareOf(curve, opening.coefficients, receiver, share)
  } catch (cause) {
    if (!(cause instanceof Malformed)) throw cause
    return false
  }
}
