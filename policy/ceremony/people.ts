// Who takes part in a ceremony, and who may not be whom: roles, how many of each, and the
// separation that a Plan must show on its face. A person has one role; only somebody who
// carries closed bags may carry them in the room and on the road.
// Source: docs/ceremony.md. Knows persons by their handles; who they are is in the directory.
import type { PersonId } from '../../proto/ids.ts'
import { refuse } from '../../proto/refusal.ts'
import { bool, literal, object, type Shaped } from '../../proto/shape.ts'
import { personId } from '../document.ts'

export const roles = [
  'administrator',
  'second',
  'recorder',
  'custodian',
  'witness',
  'auditor',
  'controller',
  'courier',
] as const
export type Role = (typeof roles)[number]

/** How a person is identified at the door; no number of any document is ever written down. */
export const identifications = ['known', 'document', 'badge'] as const
export type Identification = (typeof identifications)[number]

export const attendeeShape = object({
  person: personId,
  role: literal(...roles),
  how: literal(...identifications),
  /** Employed by somebody else than the organisation. */
  outside: bool,
})
export type Attendee = Shaped<typeof attendeeShape>

export interface Crowd {
  readonly people: readonly Attendee[]
  /** Of the stations that are called. */
  readonly custodians: readonly PersonId[]
  /** A key is made: two witnesses, one of them from outside. */
  readonly isMaking: boolean
}

/** Counts and separation of roles; refused with X-10. */
export function requirePeople({ people, custodians, isMaking }: Crowd): void {
  requireOneRole(people)
  requireCustodians(people, custodians)
  for (const [role, min, max] of counts(isMaking)) {
    const found = having(people, role).length
    if (found < min || found > max) {
      const wanted = min === max ? `${min}` : `${min} to ${max}`
      bad(`${role}: expected ${wanted}, got ${found}`)
    }
  }
  if (isMaking && !having(people, 'witness').some(({ outside }) => outside)) {
    bad('witness: expected one from outside where a key is made')
  }
}

/** While keys act, whoever leads, writes, watches and checks is in the room. */
export function requireWatched(present: readonly Attendee[], isMaking: boolean): void {
  const watching: readonly Role[] = ['administrator', 'recorder', 'witness', 'auditor']
  for (const [role, min] of counts(isMaking)) {
    if (!watching.includes(role)) continue
    const found = having(present, role).length
    if (found < min) bad(`${role}: expected ${min} present, got ${found}`)
  }
}

export function having(people: readonly Attendee[], role: Role): readonly Attendee[] {
  return people.filter((one) => one.role === role)
}

/**
 * nobody who asked for a request of this sitting or approved it operates a station,
 * runs the script or keeps the Record. Whether the rulebook separates them is for the caller.
 */
export function requireUninvolved(
  people: readonly Attendee[],
  involved: ReadonlySet<PersonId>,
): void {
  const apart: readonly Role[] = ['administrator', 'recorder', 'custodian']
  const found = people.find(({ person, role }) => involved.has(person) && apart.includes(role))
  if (found === undefined) return
  const because = `${found.person}: ${found.role}, and asked for or approved what is done here`
  refuse('PLAN', because, 'X-12')
}

const many = 64

function counts(isMaking: boolean): readonly (readonly [Role, number, number])[] {
  return [
    ['administrator', 1, 1],
    ['second', 1, 1],
    ['recorder', 1, 1],
    ['witness', isMaking ? 2 : 1, many],
    ['auditor', 1, many],
    ['controller', 2, many],
    ['courier', 2, many],
  ]
}

const bags: readonly Role[] = ['controller', 'courier']

function requireOneRole(people: readonly Attendee[]): void {
  const seen = new Map<PersonId, Role>()
  for (const { person, role } of people) {
    const other = seen.get(person)
    const isCarrier = other !== role && other !== undefined && [other, role].every(isBags)
    if (other !== undefined && !isCarrier) bad(`${person}: in two roles, ${other} and ${role}`)
    if (isCarrier && people.filter((one) => one.person === person).length > 2) {
      bad(`${person}: stands more than twice`)
    }
    seen.set(person, role)
  }
}

const isBags = (role: Role): boolean => bags.includes(role)

/** Exactly those who own the stations that are called. */
function requireCustodians(people: readonly Attendee[], owners: readonly PersonId[]): void {
  const present = having(people, 'custodian').map(({ person }) => person)
  const missing = owners.find((one) => !present.includes(one))
  if (missing !== undefined) bad(`${missing}: owns a called station and is not among the people`)
  const idle = present.find((one) => !owners.includes(one))
  if (idle !== undefined) bad(`${idle}: custodian of no called station`)
}

function bad(because: string): never {
  return refuse('PLAN', because, 'X-10')
}
