// Quorum: whether distinct people fill the required slots, one person one slot. A person may hold
// several roles, so this is a maximum bipartite matching: a greedy loop can fail a quorum that can
// be met, or count one person twice.
// Who is eligible (initiator, owner, validity) is decided by whoever brings the voters.
import type { Handle, PersonId } from '../proto/ids.ts'

/** So many distinct people of this role. */
export interface Requirement {
  readonly role: Handle
  readonly count: number
}

export interface Voter {
  readonly person: PersonId
  /** The roles that this person may fill here. */
  readonly roles: ReadonlySet<Handle>
}

export interface Seating {
  readonly met: boolean
  /** What is still missing, in the order of the requirements; empty when met. */
  readonly missing: readonly Requirement[]
  /** Who fills a slot of which role. */
  readonly seated: ReadonlyMap<PersonId, Handle>
}

/** A maximum matching; `voters` of one person count once. */
export function seat(require: readonly Requirement[], voters: readonly Voter[]): Seating {
  const slots = require.flatMap(({ role, count }) => Array<Handle>(count).fill(role))
  const sitting: (Voter | undefined)[] = slots.map(() => undefined)
  let free = slots.length
  for (const voter of onePerPerson(voters)) {
    if (free === 0) break
    if (settle(voter, { slots, sitting, tried: new Set() })) free -= 1
  }

  const missing = require.flatMap(({ role }) => {
    const count = slots.filter((slot, index) => slot === role && !sitting[index]).length
    return count === 0 ? [] : [{ role, count }]
  })
  const seated = new Map(
    sitting.flatMap((voter, index) => {
      const role = slots[index]
      return voter === undefined || role === undefined ? [] : [[voter.person, role] as const]
    }),
  )
  return { met: missing.length === 0, missing, seated }
}

export function peopleOf(require: readonly Requirement[]): number {
  return require.reduce((sum, { count }) => sum + count, 0)
}

interface Table {
  readonly slots: readonly Handle[]
  readonly sitting: (Voter | undefined)[]
  readonly tried: Set<number>
}

/** Kuhn's augmenting path: a free slot, or one whose sitter can move to another. */
function settle(voter: Voter, table: Table): boolean {
  for (const [index, role] of table.slots.entries()) {
    if (!voter.roles.has(role) || table.tried.has(index)) continue
    table.tried.add(index)
    const sitter = table.sitting[index]
    if (sitter === undefined || settle(sitter, table)) {
      table.sitting[index] = voter
      return true
    }
  }
  return false
}

/** The same people in the same order, whatever order they came in; roles are joined. */
function onePerPerson(voters: readonly Voter[]): readonly Voter[] {
  const people = new Map<PersonId, Voter>()
  for (const { person, roles } of voters) {
    const known = people.get(person)?.roles ?? []
    people.set(person, { person, roles: new Set([...known, ...roles]) })
  }
  return [...people.values()].sort((a, b) => (a.person < b.person ? -1 : 1))
}
