/**
 * Refresh (specification 2.1): the same holders deal zero to one another, so that every share of
 * the key changes and the key does not. `prepareRefresh` gives the pending keyshare of the new
 * epoch; the caller makes it durable and then runs `confirmKey`, as for a new key.
 * INVARIANT: the constants are not sent, so the key cannot move; chain code, holders and threshold
 * are those of the old epoch, and the new one is higher. Old and new shares never mix: the session
 * id names the old key state, the confirmation the new one (attack A36).
 * After it nobody who dealt an imported key knows a share any more, so the key may be used.
 * A party corrupted during a refresh counts in both epochs. It does not touch the old keyshare: its
 * owner destroys it when the new epoch is in force.
 */

import { requirePoint } from './curve.ts'
import { Dealing } from './dealing.ts'
import { receiveDealings } from './dealing-rounds.ts'
import { type PendingKey, pendingKey } from './keygen.ts'
import { Keyshare, requireLaterEpoch, requireTerms } from './keyshare.ts'
import { InvalidParticipants, isSameList, isSameParticipant } from './party.ts'
import { evaluateCommitments, Polynomial } from './polynomial.ts'
import type { Protocol, Run } from './protocol.ts'
import { Secret } from './secret.ts'

/** Rounds 1 and 2. */
export function* prepareRefresh(run: Run, old: Keyshare, epoch: number): Protocol<PendingKey> {
  const { curve, participants, randomness, self } = run
  const { threshold } = old.facts
  requireHolders(run, old)
  requireLaterEpoch(old.facts, epoch)
  requireTerms({ ...old.facts, epoch }, participants)

  const form = { threshold, of: 'zero' } as const
  const plan = { name: 'refresh', form, dealers: participants, receivers: participants } as const
  using polynomial = Polynomial.sample(curve, randomness, threshold, curve.scalars.fromNumber(0))
  const dealt = yield* receiveDealings(run, plan, Dealing.deal(run, form, polynomial))

  using change = dealt.share
  const publicShares = new Map(
    [...old.facts.publicShares].map(([x, share]) => {
      const sum = curve.points.add(share, evaluateCommitments(curve, dealt.coefficients, x))
      return [x, requirePoint(sum)]
    }),
  )
  const secretShare = new Secret(curve.scalars.add(old.secretShare.bytes, change.bytes))
  const past = { ...old.facts.past, standing: 'active' } as const
  const facts = { ...old.facts, epoch, publicShares, past }
  const keyshare = Keyshare.make(curve, facts, self.x, secretShare)
  return pendingKey(run, keyshare, dealt.transcript)
}

/** Exactly the holders of the old epoch, this one with its own share. */
function requireHolders({ participants, self }: Run, { facts, self: holder }: Keyshare): void {
  if (!isSameList(participants, facts.participants) || !isSameParticipant(self, holder)) {
    throw new InvalidParticipants('a refresh is of all holders, of this one with its own share')
  }
}
