/**
 * A complaint about a dealt share (specification 1.11, 1.13): whoever holds the signed message of a
 * dealer can show that the share in it is not on the polynomial in it, in a key making, a refresh
 * or a reshare alike.
 * INVARIANT: it needs nothing but the message, the form of the dealing and the receiver's place, so
 * no honest dealer's message can be made to look wrong; another form has another size.
 * The share is shown by it, which is harmless: no key comes of a dealing that somebody refused.
 */

import { Malformed } from './bytes.ts'
import type { Curve } from './curve.ts'
import type { DealingForm } from './dealing.ts'
import { revealRound } from './dealing-rounds.ts'
import { PARTICIPANTS_MAX, type Party } from './party.ts'
import { isShareOf } from './polynomial.ts'
import { SecretScope } from './secret.ts'

/** The round in which shares are dealt. */
export const DEALING_ROUND = 2

/** False also for anything that is no dealing of this form: then another fault was it. */
export function isWrongShare(
  curve: Curve,
  form: DealingForm,
  message: Uint8Array,
  receiver: Party,
): boolean {
  const { threshold } = form
  if (!Number.isInteger(threshold) || threshold < 2 || threshold > PARTICIPANTS_MAX) return false
  using scraps = new SecretScope()
  try {
    const { opening, share } = revealRound(curve, { name: 'dkg', form }, scraps).decode(message)
    return !isShareOf(curve, opening.coefficients, receiver, share)
  } catch (cause) {
    if (!(cause instanceof Malformed)) throw cause
    return false
  }
}
