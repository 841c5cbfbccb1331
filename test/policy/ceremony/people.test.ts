import { describe, expect, it } from 'vitest'
import { type Attendee, type Role, requireUninvolved } from '../../../policy/ceremony/people.ts'
import { encodePlan } from '../../../policy/ceremony/plan.ts'
import { parsePersonId } from '../../../proto/ids.ts'
import { custodiansOf, staff, testPlan } from '../../kit/planned.ts'
import { refusedWith } from '../../kit/refused.ts'

const plan = testPlan('sign')
const custodians = custodiansOf(plan)
const person = parsePersonId
const crowd = (people: readonly Attendee[], kind: 'sign' | 'genesis' = 'sign'): string =>
  refusedWith(() => encodePlan(testPlan(kind, { people })))
const without = (role: Role): readonly Attendee[] => staff.filter((one) => one.role !== role)
const more = (name: string, role: Role): Attendee => {
  return { person: person(name), role, how: 'document', outside: false }
}

describe('the people of a ceremony (X-10)', () => {
  it('are in one role each; only who carries closed bags may carry them further', () => {
    expect(crowd([...staff, ...custodians])).toBe('accepted')
    const roles = new Set(staff.map(({ role }) => role))
    for (const role of roles) {
      const named = [...staff, ...custodians, more('ana', role)]
      expect([role, crowd(named)]).toEqual([role, 'PLAN X-10'])
    }
    const carriers = [more('carl', 'courier'), more('cora', 'courier')]
    expect(crowd([...without('courier'), ...custodians, ...carriers])).toBe('accepted')
    expect(crowd([...staff, ...custodians, ...carriers, more('carl', 'courier')])).toBe('PLAN X-10')
    const again = [...carriers, more('carl', 'controller')]
    expect(crowd([...staff, ...custodians, ...again])).toBe('PLAN X-10')
    expect(crowd([...staff, ...custodians, more('will', 'witness')])).toBe('PLAN X-10')
  })

  it('are all there: administrator, second, recorder, witness, auditor, two who open safes', () => {
    for (const role of ['administrator', 'second', 'recorder', 'witness', 'auditor'] as const) {
      expect([role, crowd([...without(role), ...custodians])]).toEqual([role, 'PLAN X-10'])
    }
    for (const role of ['administrator', 'second', 'recorder'] as const) {
      expect(crowd([...staff, ...custodians, more('zoe', role)])).toBe('PLAN X-10')
    }
    for (const role of ['controller', 'courier'] as const) {
      const one = [...without(role), more('zoe', role), ...custodians]
      expect([role, crowd(one)]).toEqual([role, 'PLAN X-10'])
    }
  })

  it('have two witnesses where a key is made, one of them from outside', () => {
    const rest = [...without('witness'), ...custodians]
    const inside = more('will', 'witness')
    const outside = { ...more('wanda', 'witness'), outside: true }
    expect(crowd([...rest, inside])).toBe('accepted')
    expect(crowd([...rest, inside, outside], 'genesis')).toBe('accepted')
    expect(crowd([...rest, outside], 'genesis')).toBe('PLAN X-10')
    expect(crowd([...rest, inside, more('walt', 'witness')], 'genesis')).toBe('PLAN X-10')
  })

  it('have as custodians exactly the owners of the stations that are called', () => {
    expect(crowd([...staff, ...custodians.slice(1)])).toBe('PLAN X-10')
    expect(crowd([...staff, ...custodians, more('zoe', 'custodian')])).toBe('PLAN X-10')
  })

  it('had no hand in what they sign, where the rulebook separates them', () => {
    const { people } = plan
    const involved = (...names: readonly string[]) =>
      refusedWith(() => requireUninvolved(people, new Set(names.map(person))))
    expect(involved('olga', 'will', 'aldo', 'sam')).toBe('accepted')
    for (const name of ['ana', 'ada', 'rita']) expect(involved('olga', name)).toBe('PLAN X-12')
  })
})
