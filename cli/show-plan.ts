// The plan of a ceremony beside the request that names it: what an approver signs is its digest, so
// the document is read here, held against that digest, the root and the directory, and shown whole.
// INVARIANT: nobody says yes to a plan that was not shown here; to say no, nobody needs it.
import { parsePlan } from '../policy/ceremony/plan.ts'
import { requireKnown, requireRoot } from '../policy/ceremony/plan-fit.ts'
import { termsOfPlan } from '../policy/ceremony/planned.ts'
import { planText } from '../policy/ceremony/script-text.ts'
import type { Change } from '../policy/change.ts'
import { text } from '../proto/jcs.ts'
import { attempt, isRefusal, type Refusal, refuse } from '../proto/refusal.ts'
import { writeTime } from '../proto/shape.ts'
import type { Ruleset } from './ruleset.ts'

export interface Beside {
  /** Empty for a request that plans nothing. */
  readonly text: string
  /** Why nobody may say yes. */
  readonly missing?: Refusal
}

export function showPlan(change: Change, plan: Uint8Array, { root, roster }: Ruleset): Beside {
  if (change.op !== 'ceremony.plan') return { text: '' }
  const shown = attempt(() => {
    const read = parsePlan(plan)
    const { digest } = read
    const named = change.terms
    if (digest !== named.plan) refuse('PLAN', `expected the plan ${named.plan}, got ${digest}`)
    if (termsText(termsOfPlan(read)) !== termsText(named)) {
      refuse('PLAN', 'the request does not say what its plan says')
    }
    requireRoot(read.plan, root)
    requireKnown(read.plan, roster)
    return planText(read)
  })
  if (!isRefusal(shown)) return { text: shown }
  return { text: `THE PLAN CANNOT BE SHOWN: ${shown.because}\n`, missing: shown }
}

function termsText({ from, until, vaults, requests, ...rest }: ReturnType<typeof termsOfPlan>) {
  const lists = { vaults: [...vaults], requests: [...requests] }
  return text({ ...rest, ...lists, from: writeTime(from), until: writeTime(until) })
}
