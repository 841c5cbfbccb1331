// A plan document beside what people approve of it: the terms of the change `ceremony.plan` are
// read off the document, so that whoever asks for a ceremony, the fold that opens it and the
// station that sits in it mean the same one.
// INVARIANT: terms have one form for one plan. Pure; says nothing about approvals.
import { refuse } from '../../proto/refusal.ts'
import type { TermsOf } from '../change.ts'
import type { VaultRow } from '../view.ts'
import type { Plan, ReadPlan } from './plan.ts'

type Terms = TermsOf['ceremony.plan']

/** What people are asked to approve. */
export function termsOfPlan({ digest: plan, plan: read }: ReadPlan): Terms {
  const { kind, from, until } = read
  // Before there is a root there is no log, and nobody to ask.
  if (kind === 'enrolment') return refuse('PLAN', 'an enrolment is planned in no log')
  const requests = read.requests.map(({ request }) => request).sort()
  return { plan, kind, vaults: [...read.vaults].sort(), requests, from, until }
}

/** As many sign as the key asks for, which is the plan's to say to everybody in the room. */
export function requireThreshold({ t }: Plan, key: Pick<VaultRow, 't'>): void {
  if (t !== key.t) refuse('PARTICIPANTS', `t: expected ${key.t}, got ${t}`)
}
