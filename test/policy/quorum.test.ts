import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { peopleOf, type Requirement, seat, type Voter } from '../../policy/quorum.ts'
import { parseHandle, parsePersonId } from '../../proto/ids.ts'

describe('seating people in slots', () => {
  it('is met by nobody where nobody is asked', () => {
    expect(seat([], [])).toEqual({ met: true, missing: [], seated: new Map() })
  })

  it('needs distinct people, whatever number of votes they bring', () => {
    const twice = seat([need('ops', 2)], [voter('ana', 'ops'), voter('ana', 'ops')])
    expect(twice).toMatchObject({ met: false, missing: [{ role: 'ops', count: 1 }] })
    expect(seat([need('ops', 2)], [voter('ana', 'ops'), voter('bo', 'ops')]).met).toBe(true)
  })

  it('moves a person of two roles where a greedy loop would fail', () => {
    const require = [need('treasury', 1), need('risk', 1)]
    const seating = seat(require, [voter('eli', 'treasury', 'risk'), voter('fay', 'treasury')])
    expect(seating.met).toBe(true)
    expect([...seating.seated]).toEqual([
      ['fay', 'treasury'],
      ['eli', 'risk'],
    ])
  })

  it('never seats one person of two roles twice', () => {
    const seating = seat([need('treasury', 1), need('risk', 1)], [voter('eli', 'treasury', 'risk')])
    expect(seating.met).toBe(false)
    expect(seating.seated.size).toBe(1)
  })

  it('says what is missing, by role', () => {
    const require = [need('director', 3), need('risk', 1)]
    const { missing } = seat(require, [voter('jun', 'director')])
    expect(missing).toEqual([need('director', 2), need('risk', 1)])
    expect(peopleOf(require)).toBe(4)
  })

  it('agrees with trying every arrangement, in any order of the votes', () => {
    fc.assert(
      fc.property(requirements, voters, fc.func(fc.integer()), (require, votes, order) => {
        const shuffled = [...votes].sort((a, b) => order(a.person) - order(b.person))
        const seating = seat(require, shuffled)
        expect(seating).toEqual(seat(require, votes))
        expect(seating.seated.size).toBe(most(slotsOf(require), votes))
        expect(seating.met).toBe(seating.seated.size === peopleOf(require))
        expect(seating.seated.size + peopleOf(seating.missing)).toBe(peopleOf(require))
      }),
      { numRuns: 300 },
    )
  })
})

const roleNames = ['ops', 'treasury', 'risk']

const requirements = fc
  .tuple(fc.nat(2), fc.nat(2), fc.nat(2))
  .map((counts) =>
    counts.flatMap((count, index) => (count === 0 ? [] : [need(roleNames[index]!, count)])),
  )

const voters = fc
  .uniqueArray(fc.constantFrom('ana', 'bo', 'eli', 'fay', 'oli'))
  .chain((names) =>
    fc.tuple(...names.map((name) => fc.subarray(roleNames).map((roles) => voter(name, ...roles)))),
  )

/** The largest matching by trying everything. */
function most(slots: readonly string[], votes: readonly Voter[]): number {
  const [slot, ...rest] = slots
  if (slot === undefined) return 0
  const filled = votes
    .filter((one) => one.roles.has(parseHandle(slot)))
    .map(
      (one) =>
        1 +
        most(
          rest,
          votes.filter((other) => other.person !== one.person),
        ),
    )
  return Math.max(most(rest, votes), ...filled)
}

function slotsOf(require: readonly Requirement[]): readonly string[] {
  return require.flatMap(({ role, count }) => Array<string>(count).fill(role))
}

function need(role: string, count: number): Requirement {
  return { role: parseHandle(role), count }
}

function voter(person: string, ...roles: readonly string[]): Voter {
  return {
    person: parsePersonId(person),
    roles: new Set(roles.map((role) => parseHandle(role))),
  }
}
