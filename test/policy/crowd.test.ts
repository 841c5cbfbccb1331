import fc from 'fast-check'
import { describe, expect, it, vi } from 'vitest'
import { analyse, loadRulebook, sentence } from '../../policy/analyse.ts'
import { crowdOf } from '../../policy/crowd.ts'
import * as quorum from '../../policy/quorum.ts'
import type { Role } from '../../policy/roles.ts'
import { parseRulebook } from '../../policy/rulebook.ts'
import { parsePersonId } from '../../proto/ids.ts'
import { changed, handleOf, type Loose, policyText } from './dev-fixture.ts'

vi.mock('../../policy/quorum.ts', { spy: true })

const roleNames = ['ops', 'treasury', 'risk']
const names = ['ana', 'bo', 'chen', 'eli', 'fay', 'gus', 'oli']

describe('a crowd', () => {
  it('says of everybody who is away what trying it without them says', () => {
    const role = fc.subarray(names, { minLength: 1 })
    const count = fc.integer({ min: 1, max: 3 })
    const wanted = fc.tuple(count, count, fc.subarray(roleNames, { minLength: 1 }))
    fc.assert(
      fc.property(
        fc.tuple(role, role, role),
        wanted,
        fc.array(fc.subarray(names, { maxLength: 2 }), { maxLength: 6 }),
        (members, [a, b, asked], absences) => {
          const crowd = crowdOf(rolesOf(members))
          const require = asked.map((name, at) => ({ role: handleOf(name), count: at ? a : b }))
          for (const absent of absences) {
            const away = new Set(absent.map(parsePersonId))
            const present = crowd.voters.filter(({ person }) => !away.has(person))
            const met = quorum.seat(require, present).met
            const without = (person: string) => present.filter((one) => one.person !== person)
            const needed = present
              .map(({ person }) => person)
              .filter((person) => met && !quorum.seat(require, without(person)).met)
            expect(crowd.meets(require, away)).toBe(met)
            expect(crowd.needs(require, away)).toEqual(needed)
          }
        },
      ),
      { numRuns: 200 },
    )
  })

  it('of 800 people is judged with a few matchings, not one for each pair of them', () => {
    const text = changed(policyText, crowded)
    vi.mocked(quorum.seat).mockClear()
    expect(loadRulebook(text).roles.get(handleOf('ops'))?.members.size).toBe(200)
    expect(vi.mocked(quorum.seat).mock.calls.length).toBeLessThan(100)
  })

  it('of 800 people still names everybody on whom a quorum hangs', () => {
    const text = changed(policyText, (json) => {
      crowded(json)
      json.roles.risk.members = ['pia']
    })
    expect(analyse(parseRulebook(text)).map(sentence)).toContain(
      'warning fragile quorum at rules.cold-out: cannot be met without each of pia',
    )
  })
})

function rolesOf(members: readonly (readonly string[])[]): ReadonlyMap<Role['id'], Role> {
  return new Map(
    roleNames.map((name, index) => {
      const id = handleOf(name)
      const people = (members[index] ?? []).map(parsePersonId)
      return [id, { id, kind: 'human' as const, members: new Set(people) }] as const
    }),
  )
}

function crowded(json: Loose): void {
  for (const name of ['ops', 'treasury', 'director', 'risk']) {
    json.roles[name].members = Array.from({ length: 200 }, (_, index) => `${name}-${index}`)
  }
}
