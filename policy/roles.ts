// Roles: which people and services a policy lists under which name. One person is human or service,
// never both; quorums are made of people only.
import type { Handle, PersonId } from '../proto/ids.ts'
import { limits } from '../proto/limits.ts'
import { refuse } from '../proto/refusal.ts'
import type { WrittenPolicy } from './policy-shape.ts'
import { peopleOf, type Requirement } from './quorum.ts'

export interface Role {
  readonly id: Handle
  readonly kind: 'service' | 'human'
  readonly members: ReadonlySet<PersonId>
}

export type Roles = ReadonlyMap<Handle, Role>

export function rolesOf({ roles: written }: WrittenPolicy): Roles {
  const roles = new Map<Handle, Role>()
  const kinds = new Map<PersonId, Role['kind']>()
  for (const [id, { kind, members }] of written) {
    for (const person of members) {
      if ((kinds.get(person) ?? kind) !== kind) bad(`roles.${id}: ${person} is human and service`)
      kinds.set(person, kind)
    }
    roles.set(id, { id, kind, members: new Set(members) })
  }
  return roles
}

/** People only, and each role once: two lines of one role would hide their sum. */
export function requireRoles(require: readonly Requirement[], roles: Roles, path: string): void {
  const most = limits.approvalsPerIntentMax
  if (peopleOf(require) > most) bad(`${path}.require: expected at most ${most} people`)
  const seen = new Set<Handle>()
  for (const { role } of require) {
    const { kind } = named(roles, role, `${path}.require`)
    if (kind !== 'human') bad(`${path}.require: ${role} is a role of services`)
    if (seen.has(role)) bad(`${path}.require: ${role} stands twice`)
    seen.add(role)
  }
}

/** What `name` stands for; a name that stands for nothing is refused. */
export function named<K extends Handle, T>(items: ReadonlyMap<K, T>, name: K, path: string): T {
  return items.get(name) ?? bad(`${path}: unknown ${name}`)
}

/** Whether this person is listed in one of the roles. */
export function inRoles(all: Roles, person: PersonId, roles: readonly Handle[]): boolean {
  return roles.some((role) => all.get(role)?.members.has(person) ?? false)
}

function bad(because: string): never {
  return refuse('INVALID_POLICY', because)
}
