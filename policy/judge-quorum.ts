// Evaluation, the people: distinct people in all slots, and the hold. An approval counts for the
// role it was signed for, and only if its person is in that role, did not ask, and does not own
// the service that asked. A hold counts from the witnessed time of the approval that completed the
// quorum, so back-dating and late approvals do not move it.
import type { PersonId } from '../proto/ids.ts'
import type { Json } from '../proto/jcs.ts'
import { refuse } from '../proto/refusal.ts'
import { writeTimeMillis } from '../proto/shape.ts'
import { type ApprovalFacts, writeTimeOrNone } from './facts.ts'
import { peopleOf, type Requirement, seat, type Voter } from './quorum.ts'
import { inRoles } from './roles.ts'
import { interested, type Roster } from './roster.ts'
import type { Rulebook } from './rulebook.ts'
import type { Rule } from './rules/rule.ts'
import { no, type Reason } from './verdict.ts'

export interface QuorumFinding {
  readonly missing: readonly Requirement[]
  readonly reasons: readonly Reason[]
  readonly trace: Json
}

/** Whoever asked, and who said yes; of a payment or a change. */
export interface Voices {
  readonly at: number
  readonly intent: { readonly initiator: PersonId }
  readonly approvals: readonly ApprovalFacts[]
}

export function judgeQuorum(
  facts: Voices,
  rule: Pick<Rule, 'id' | 'require' | 'holdMs'>,
  rulebook: Rulebook,
  roster: Roster,
): QuorumFinding {
  const factor = rulebook.minFactor.get(rule.id) ?? 'none'
  // Loading refuses it too; here no other way in can make it mean nothing.
  if (factor !== 'none') refuse('NOT_SUPPORTED', `rule ${rule.id}: factor ${factor}`)
  const require = [...rule.require].sort((a, b) => (a.role < b.role ? -1 : 1))
  const votes = votesOf(countable(facts, rule, rulebook, roster))
  const { met, missing, seated } = seat(require, votes)
  const completedAt = met ? completion(require, votes) : undefined
  const hold = met ? holdReason(rule, facts.at, completedAt) : []
  return {
    missing,
    reasons: met ? hold : [missingReason(missing)],
    trace: {
      completedAt: writeTimeOrNone(completedAt),
      holdMs: `${rule.holdMs}`,
      missing: missing.map(({ role, count }) => ({ count, role })),
      require: require.map(({ role, count }) => ({ count, role })),
      seated: [...seated].sort().map(([person, role]) => ({ person, role })),
      votes: votes.map(({ person, roles, witnessedAt }) => {
        return { person, roles: [...roles].sort(), witnessedAt: writeTimeOrNone(witnessedAt) }
      }),
    },
  }
}

/**
 * The approvals that can matter under this rule: of people in a role that it asks for, who did not
 * ask themselves. Of each role as many as the rule asks for in all, the earliest witnessed first:
 * so many can always fill the role's slots, whoever of them sits elsewhere. So neither the answer
 * nor the time of completion depends on what is left out, and one more approval takes nothing away.
 */
export function countable(
  { intent, approvals }: Pick<Voices, 'intent' | 'approvals'>,
  { require }: Pick<Rule, 'require'>,
  rulebook: Rulebook,
  roster: Roster,
): readonly ApprovalFacts[] {
  const barred = rulebook.initiatorMayApprove ? new Set() : interested(roster, intent.initiator)
  const slots = peopleOf(require)
  return require.flatMap(({ role }) => {
    const voices = approvals.filter(
      (one) =>
        one.role === role && !barred.has(one.person) && inRoles(rulebook.roles, one.person, [role]),
    )
    const people = new Set<PersonId>()
    const first = voices.sort(earliestFirst).filter(({ person }) => {
      if (people.has(person)) return false
      people.add(person)
      return true
    })
    return first.slice(0, slots)
  })
}

interface Vote extends Voter {
  readonly witnessedAt: number | undefined
}

function earliestFirst(a: ApprovalFacts, b: ApprovalFacts): number {
  const [at, bt] = [a.witnessedAt ?? Number.MAX_VALUE, b.witnessedAt ?? Number.MAX_VALUE]
  return at === bt ? (a.person < b.person ? -1 : 1) : at - bt
}

function votesOf(approvals: readonly ApprovalFacts[]): readonly Vote[] {
  return approvals
    .map(({ person, role, witnessedAt }) => ({ person, roles: new Set([role]), witnessedAt }))
    .sort((a, b) => (sortKey(a) < sortKey(b) ? -1 : 1))
}

function sortKey({ person, roles }: Vote): string {
  return [person, ...roles].join(' ')
}

/** The earliest witnessed time by which the quorum was met. */
function completion(require: readonly Requirement[], votes: readonly Vote[]): number | undefined {
  const times = votes.flatMap(({ witnessedAt }) => (witnessedAt === undefined ? [] : [witnessedAt]))
  return times
    .sort((a, b) => a - b)
    .find((time) => {
      const until = votes.filter(
        ({ witnessedAt }) => witnessedAt !== undefined && witnessedAt <= time,
      )
      return seat(require, until).met
    })
}

function holdReason(
  { id, holdMs }: Pick<Rule, 'id' | 'holdMs'>,
  at: number,
  completedAt: number | undefined,
): readonly Reason[] {
  if (holdMs === 0) return []
  if (completedAt === undefined) return [no('HOLD', id, 'no witnessed time of the quorum yet')]
  const until = completedAt + holdMs
  return at < until ? [no('HOLD', id, `held until ${writeTimeMillis(until)}`)] : []
}

function missingReason(missing: readonly Requirement[]): Reason {
  const slots = missing.map(({ role, count }) => `${count} ${role}`).join(' + ')
  const because = `still needed: ${slots}`
  return { code: 'APPROVAL_MISSING', stands: 'people', rule: 'quorum', because }
}
