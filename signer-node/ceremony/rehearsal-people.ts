// Who plays whom in a rehearsal: the people of the development organisation, custodians and two
// controllers beside them, and the small file that a person writes to have a Plan made of.
// Nobody who asks or approves is custodian, administrator or recorder. Names only: knows no key.
import { colors } from '../../policy/ceremony/plan.ts'
import type { Digest } from '../../proto/ids.ts'
import type { JsonObject } from '../../proto/jcs.ts'
import { writeTime } from '../../proto/shape.ts'

export type RehearsalKind = 'genesis' | 'sign' | 'reshare' | 'drill'

export const house = {
  org: 'acme-dev',
  origin: 'acme-dev/log-cold',
  vault: 'cold',
  /** Asks for payments and sittings. */
  initiator: 'eli',
  /** For keys and payments; the first two for a sitting. */
  approvers: ['jun', 'kat', 'oli'],
  /** Come to the sitting, and are in no role of the policy. */
  guests: ['carl', 'cora'],
  /** Of the root; two of them sign. */
  directors: ['jun', 'kat'],
} as const

/** In words of the draft. */
export const attendees: JsonObject = {
  administrator: ['ana'],
  second: ['bo'],
  recorder: ['fay'],
  auditor: ['gus'],
  witness: ['lev', { person: 'pia', outside: true }],
  controller: [...house.guests],
  courier: [...house.guests],
}

export interface Place {
  readonly node: string
  readonly x: number
  readonly site: string
  readonly custodian: string
  readonly color: string
}

export function placesOf(stations: number): readonly Place[] {
  return Array.from({ length: stations }, (_, at) => ({
    node: `station-${at + 1}`,
    x: at + 1,
    site: `site-${(at % 3) + 1}`,
    custodian: `custodian-${at + 1}`,
    color: colors[at] ?? 'red',
  }))
}

/** Who comes in the place of the last one. */
export function newPlace(stations: number): Place {
  const [last] = placesOf(stations).slice(-1)
  const [next] = placesOf(stations + 1).slice(-1)
  if (last === undefined || next === undefined) throw new Error('expected stations')
  return { ...next, x: last.x, site: last.site }
}

export function threshold(stations: number): number {
  return Math.floor(stations / 2) + 1
}

export interface DraftWish {
  readonly number: number
  readonly t: number
  /** When its window begins; whole seconds are, the next ones. */
  readonly beginsMs: number
  /** Of cards, or places before there are cards. */
  readonly stations: readonly (string | JsonObject)[]
  readonly recordToken: string
  readonly build: JsonObject
  readonly purpose: string
}

const windowMs = 4 * 3_600_000

/** What all drafts say. */
export function draftOf({ beginsMs, ...wish }: DraftWish): JsonObject {
  const from = Math.ceil(beginsMs / 1_000) * 1_000
  return {
    ...{ org: house.org, env: 'dev', origin: house.origin },
    ...{ ...wish, stations: [...wish.stations], people: attendees },
    from: writeTime(from),
    until: writeTime(from + windowMs),
  }
}

export function requestOf(request: Digest, op: string): JsonObject {
  return { request, vault: house.vault, op }
}
