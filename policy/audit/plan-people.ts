// The people of a plan, held against what is in force: each is a human of the directory, in the
// roles that the policy names for the part, with a credential where one is needed; and who asked
// for or approved a request of the sitting does not operate it, unless the policy says so.
// Asked by the fold at the line that plans a ceremony, by every station that sits down, and by the
// judge of its Record: what was approved since the line counts as well.
import type { Digest, PersonId } from '../../proto/ids.ts'
import { requireUninvolved } from '../ceremony/people.ts'
import type { Plan } from '../ceremony/plan.ts'
import { requireKnown, requireSeated } from '../ceremony/plan-fit.ts'
import { interested, type Roster } from '../roster.ts'
import type { Rulebook } from '../rulebook.ts'
import type { Reading } from './rows.ts'
import { below, get, tables } from './tables.ts'

/** The documents in force where it is asked. */
export interface Law {
  readonly rulebook: Rulebook
  readonly roster: Roster
}

export interface Involved {
  readonly person: PersonId
  readonly did: 'asked for' | 'approved' | 'rejected'
  readonly request: Digest
}

/** */
export function* requireSitters(plan: Plan, { rulebook, roster }: Law): Reading<void> {
  requireKnown(plan, roster)
  requireSeated(plan, rulebook)
  if (rulebook.sitterMayApprove) return
  const involved = yield* involvedIn(plan, roster)
  // Who said no has nothing done for them.
  const apart = involved.filter(({ did }) => did !== 'rejected').map(({ person }) => person)
  requireUninvolved(plan.people, new Set(apart))
}

/** Who asked for the requests of a plan, who owns the service that did, and who decided on them. */
export function* involvedIn({ requests }: Plan, roster: Roster): Reading<readonly Involved[]> {
  const involved: Involved[] = []
  for (const { request } of requests) {
    const row = yield* get(tables.intent, request)
    if (row === undefined) continue
    for (const person of interested(roster, row.initiator)) {
      involved.push({ person, did: 'asked for', request })
    }
    for (const { person, decision } of yield* below(tables.decision, request)) {
      involved.push({ person, did: decision === 'approve' ? 'approved' : 'rejected', request })
    }
  }
  return involved
}
