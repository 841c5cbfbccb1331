// The people of a plan against the directory and the policy in force, and against who had a hand in
// what they do: in the fold of the line, and as a station and a judge ask it later.
import { describe, expect, it } from 'vitest'
import { requireSitters } from '../../policy/audit/plan-people.ts'
import { readSync } from '../../policy/audit/rows.ts'
import type { Attendee } from '../../policy/ceremony/people.ts'
import type { Plan, PlannedStation } from '../../policy/ceremony/plan.ts'
import { parseRoster } from '../../policy/roster.ts'
import { parseRulebook } from '../../policy/rulebook.ts'
import { parsePersonId } from '../../proto/ids.ts'
import { type JsonObject, text } from '../../proto/jcs.ts'
import * as house from '../kit/audit-documents.ts'
import type { TestLog } from '../kit/audit-log.ts'
import {
  allowed,
  Ceremony,
  coldAsks,
  coldLog,
  coldPayment,
  keyedColdLog,
  planFor,
  policy,
  rulebook,
} from '../kit/cold-log.ts'
import { refusedWith } from '../kit/refused.ts'

const hour = 3_600_000
const roster = parseRoster(house.coldDirectoryText)

/** A payment that asks nobody, and what becomes of a plan with other people for it. */
function planning() {
  const log = keyedColdLog()
  const base = { kind: 'sign', requests: [coldPayment(log, 'pay').intent] } as const
  const plan = planFor(log, 'plan', base)
  let count = 0
  const outcome = (change: Partial<Plan>): string => {
    count += 1
    return new Ceremony(log, `plan-${count}`, { ...base, plan: change }).ripe().outcome()
  }
  return { log, plan, outcome }
}

/** Whoever has this part is somebody else. */
function instead({ people }: Plan, role: Attendee['role'], person: string): readonly Attendee[] {
  const first = people.find((one) => one.role === role)
  return people.map((one) => (one === first ? { ...one, person: parsePersonId(person) } : one))
}

describe('the line of a plan', () => {
  it('is void where somebody in it is nobody of the directory, or a service', () => {
    const { plan, outcome } = planning()
    expect(outcome({})).toBe('folded')
    for (const role of ['administrator', 'recorder', 'auditor', 'witness', 'courier'] as const) {
      expect([role, outcome({ people: instead(plan, role, 'olga') })]).toEqual([role, 'folded'])
      expect([role, outcome({ people: instead(plan, role, 'zoe') })]).toEqual([role, 'PLAN'])
      const service = instead(plan, role, 'svc-payouts')
      expect([role, outcome({ people: service })]).toEqual([role, 'PLAN'])
    }
  })

  it('is void where a custodian is nobody of the directory, called or not', () => {
    const { plan, outcome } = planning()
    const [a, b, c] = plan.stations as [PlannedStation, PlannedStation, PlannedStation]
    const stranger = { ...c, custodian: parsePersonId('zoe') }
    const owners = (stations: readonly PlannedStation[], people = plan.people) => ({
      stations,
      called: [a.node, b.node],
      people: people.filter(({ person }) => person !== c.custodian),
    })
    expect(outcome(owners([a, b, c]))).toBe('folded')
    expect(outcome(owners([a, b, stranger]))).toBe('PLAN')
    const comes = { stations: [a, b, stranger], people: instead(plan, 'custodian', 'ana') }
    const people = plan.people.map((one) =>
      one.person === c.custodian ? { ...one, person: stranger.custodian } : one,
    )
    expect(outcome({ ...comes, people })).toBe('PLAN')
  })

  it('is void where a Statement would be signed by a credential that is over by then', () => {
    const { log, plan } = planning()
    const ends = (person: string, to: string) =>
      parseRoster(
        text({
          ...house.coldDirectory,
          persons: (house.coldDirectory['persons'] as JsonObject[]).map((one) => {
            if (one['handle'] !== person) return one
            const [credential] = one['credentials'] as JsonObject[]
            return { ...one, credentials: [{ ...credential, to }] }
          }),
        }),
      )
    const before = new Date(plan.until - hour).toISOString().replace('.000', '')
    const after = new Date(plan.until + hour).toISOString().replace('.000', '')
    const sit = (law: ReturnType<typeof ends>) => sitting(log, plan, { roster: law })
    expect(sit(ends('will', after))).toBe('accepted')
    expect(sit(ends('will', before))).toBe('PLAN X-10')
    expect(sit(ends('rita', before))).toBe('accepted')
  })

  it('is void where who asked for or approved a key makes it', () => {
    const log = coldLog()
    const requests = [allowed(log, coldAsks.create).digest]
    let count = 0
    const outcome = (people?: (plan: Plan) => readonly Attendee[]): string => {
      const base = { kind: 'genesis', requests } as const
      const change = people && { people: people(planFor(log, 'plan', base)) }
      count += 1
      const planned = change === undefined ? base : { ...base, plan: change }
      return new Ceremony(log, `plan-${count}`, planned).ripe().outcome()
    }
    expect(outcome()).toBe('folded')
    for (const hand of ['bo', 'jun', 'oli']) {
      for (const role of ['administrator', 'recorder'] as const) {
        expect([hand, outcome((plan) => instead(plan, role, hand))]).toEqual([hand, 'PLAN'])
      }
      expect([hand, outcome((plan) => instead(plan, 'auditor', hand))]).toEqual([hand, 'folded'])
    }
  })

  it('is void where the owner of the service that asked leads the sitting', () => {
    const { plan, outcome } = planning()
    expect(outcome({ people: instead(plan, 'administrator', 'pia') })).toBe('folded')
    expect(outcome({ people: instead(plan, 'administrator', 'chen') })).toBe('PLAN')
    expect(outcome({ people: instead(plan, 'controller', 'chen') })).toBe('folded')
  })
})

function sitting(
  log: TestLog,
  plan: Plan,
  law: Partial<Parameters<typeof requireSitters>[1]> = {},
) {
  return refusedWith(() => readSync(requireSitters(plan, { rulebook, roster, ...law }), log.rows))
}

describe('a policy', () => {
  const bent = (change: JsonObject) => parseRulebook(text({ ...policy, ...change }))
  const seats = (named: JsonObject) =>
    bent({ governance: { ...(policy['governance'] as JsonObject), seats: named } })

  it('may let those sit who asked or approved, and says so', () => {
    const { log, plan } = planning()
    const people = instead(plan, 'administrator', 'chen')
    const separation = policy['separation'] as JsonObject
    const may = (sitterMayApprove: boolean) =>
      sitting(
        log,
        { ...plan, people },
        { rulebook: bent({ separation: { ...separation, sitterMayApprove } }) },
      )
    expect(sitting(log, { ...plan, people })).toBe('PLAN X-12')
    expect(may(false)).toBe('PLAN X-12')
    expect(may(true)).toBe('accepted')
  })

  it('may say of which roles the people of a part are', () => {
    const { log, plan } = planning()
    const sit = (role: Attendee['role'], person: string, named: JsonObject) =>
      sitting(log, { ...plan, people: instead(plan, role, person) }, { rulebook: seats(named) })
    expect(sit('auditor', 'pia', { auditor: ['risk', 'ops'] })).toBe('accepted')
    expect(sit('auditor', 'bo', { auditor: ['risk', 'ops'] })).toBe('accepted')
    expect(sit('auditor', 'kat', { auditor: ['risk', 'ops'] })).toBe('PLAN X-10')
    expect(sit('auditor', 'aldo', { auditor: ['risk'] })).toBe('PLAN X-10')
    expect(sit('auditor', 'aldo', { courier: ['risk'] })).toBe('PLAN X-10')
    expect(sit('auditor', 'aldo', {})).toBe('accepted')
  })

  it('names parts that there are, and roles of people', () => {
    expect(refusedWith(() => seats({ auditor: ['risk'] }))).toBe('accepted')
    expect(refusedWith(() => seats({ chairman: ['risk'] }))).toBe('INVALID_POLICY')
    expect(refusedWith(() => seats({ auditor: ['nobody'] }))).toBe('INVALID_POLICY')
    expect(refusedWith(() => seats({ auditor: ['payout-bot'] }))).toBe('INVALID_POLICY')
    expect(refusedWith(() => seats({ auditor: [] }))).toBe('MALFORMED')
  })
})

describe('a yes that was given after the plan', () => {
  it('counts for whoever asks later, and a no does not', () => {
    const { log, plan } = planning()
    const { request } = plan.requests[0] as Plan['requests'][number]
    expect(sitting(log, plan)).toBe('accepted')
    const said = (person: string) => ({
      ...{ approval: house.policyDigest, intent: request, person, rule: 'payout-auto' },
    })
    log.add('approval.recorded', said('ben'))
    expect(sitting(log, plan)).toBe('PLAN X-12')
    const other = planning()
    const { request: intent } = other.plan.requests[0] as Plan['requests'][number]
    other.log.add('approval.rejected', { ...said('ben'), intent })
    expect(sitting(other.log, other.plan)).toBe('accepted')
  })
})
