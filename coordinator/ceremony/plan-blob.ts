// The plan of a ceremony as it comes with the request that asks for it: kept under the digest that
// people approve, because the line encloses it, stations start with it and the room is held by it.
// Whether the plan says what the request says is judged by the fold.
import { parsePlan } from '../../policy/ceremony/plan.ts'
import type { Change } from '../../policy/change.ts'
import { refuse } from '../../proto/refusal.ts'
import type { Blob } from '../store/blobs.ts'

/** Nothing for a request that plans nothing. */
export function planBlobs(
  change: Change | undefined,
  plan: Uint8Array | undefined,
): readonly Blob[] {
  if (change?.op !== 'ceremony.plan') {
    return plan === undefined
      ? []
      : refuse('INVALID_INTENT', 'a plan goes with its own request alone')
  }
  if (plan === undefined) return refuse('PLAN', 'expected the plan of this ceremony')
  const { digest } = parsePlan(plan)
  if (digest !== change.terms.plan) {
    refuse('PLAN', `expected the plan ${change.terms.plan}, got ${digest}`)
  }
  return [{ digest, kind: 'plan', content: plan }]
}
