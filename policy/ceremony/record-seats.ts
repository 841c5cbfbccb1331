// Seats: who takes part in a ceremony, and whose key may sign which line of its Record. A custodian
// speaks through the daily or the spare token of the own station, everybody else through the token
// of the record station, which names the person; what that token writes for others is the
// recorder's word, and each of them answers for it with a Statement.
// INVARIANT: no key sits in two seats, so that a line has one author.
import { toHex } from '../../proto/crypto.ts'
import type { Digest, NodeId, PersonId } from '../../proto/ids.ts'
import { refuse } from '../../proto/refusal.ts'
import type { Env } from '../intent.ts'
import type { Role } from './people.ts'
import { type CeremonyKind, calledStations, type ReadPlan } from './plan.ts'
import { type Actor, actorText, keyName, type RecordLine, signedBy } from './record.ts'
import type { RecordType } from './record-bodies.ts'

export interface StationSeat {
  readonly node: NodeId
  readonly custodian: PersonId
  /** Identity keys of its tokens, P-256, 65 bytes: daily, spare; none before its enrolment. */
  readonly keys: readonly Uint8Array[]
  /** At an enrolment, of tokens that were wiped and enrolled again: they sign nothing any more. */
  readonly gone?: readonly Uint8Array[]
  /** How many exceptions there were when a token of it was enrolled last. */
  readonly told?: number
}

export interface Seats {
  readonly plan: Digest
  readonly env: Env
  readonly kind: CeremonyKind
  /** Digest of the manifest that was carried in; empty where nothing was: an enrolment. */
  readonly bundle: Digest | ''
  readonly persons: readonly Actor[]
  readonly stations: readonly StationSeat[]
  /** Of the token at the record station. */
  readonly recorderKeys: readonly Uint8Array[]
}

/** As the Plan has them; `bundle` is the digest that was read aloud when it was carried in. */
export function seatsOf({ digest, plan }: ReadPlan, bundle: Digest | ''): Seats {
  return {
    ...{ plan: digest, env: plan.env, kind: plan.kind, bundle },
    persons: plan.people.map(({ role, person }) => ({ role, person })),
    stations: calledStations(plan).map(({ node, custodian, tokens }) => {
      const keys = tokens === undefined ? [] : [tokens.daily.identity, tokens.spare.identity]
      return { node, custodian, keys }
    }),
    recorderKeys: [plan.recordToken.identity],
  }
}

/** Refused when two seats share a person, a node or a key. */
export function requireSeats({ persons, stations, recorderKeys }: Seats): void {
  distinctly('person', persons.map(actorText))
  distinctly(
    'station',
    stations.map(({ node }) => node),
  )
  distinctly(
    'custodian',
    stations.map(({ custodian }) => custodian),
  )
  const keys = [...recorderKeys, ...stations.flatMap((one) => [...one.keys, ...(one.gone ?? [])])]
  distinctly('key', keys.map(toHex))
  if (recorderKeys.length === 0) refuse('RECORD', 'expected a token at the record station')
  for (const { custodian } of stations) {
    if (!isSeated(persons, { role: 'custodian', person: custodian })) {
      refuse('RECORD', `expected ${custodian} among the persons, as custodian`)
    }
  }
}

export function isSeated(persons: readonly Actor[], { role, person }: Actor): boolean {
  return persons.some((one) => one.role === role && one.person === person)
}

export function stationOf(seats: Seats, { role, person }: Actor): StationSeat | undefined {
  if (role !== 'custodian') return undefined
  return seats.stations.find(({ custodian }) => custodian === person)
}

/** Signed by a key of the actor's seat, and of a type that this role writes. */
export function requireAuthor(line: RecordLine, seats: Seats): void {
  const { actor, type } = line
  const named = actorText(actor)
  if (!isSeated(seats.persons, actor)) refuse('RECORD', `${named} has no part in this ceremony`)
  if (!writersOf(type).includes(actor.role)) refuse('RECORD', `${type} is not for ${named} to say`)
  const identity = keysOf(seats, actor).find((key) => keyName(key) === line.key)
  if (identity === undefined) refuse('RECORD', `key ${line.key} is not one of ${named}`)
  else if (!signedBy(line, identity)) refuse('RECORD', `the signature of ${named} does not verify`)
}

/** A custodian whose tokens are still to be enrolled speaks through the record station. */
function keysOf(seats: Seats, actor: Actor): readonly Uint8Array[] {
  const station = stationOf(seats, actor)
  if (actor.role !== 'custodian') return seats.recorderKeys
  if (station === undefined) return seats.kind === 'enrolment' ? seats.recorderKeys : []
  const isBare = seats.kind === 'enrolment' && station.keys.length === 0
  return isBare ? seats.recorderKeys : station.keys
}

const custodian: readonly Role[] = ['custodian']
const recorder: readonly Role[] = ['recorder']
const anyone: readonly Role[] = [
  ...['administrator', 'second', 'recorder', 'custodian'],
  ...['witness', 'auditor', 'controller', 'courier'],
] as const

function writersOf(type: RecordType): readonly Role[] {
  switch (type) {
    case 'record.genesis':
    case 'record.closed':
    case 'person.present':
    case 'person.left':
    case 'token.enrolled':
      return recorder
    case 'station.ready':
    case 'request.shown':
    case 'request.confirmed':
    case 'message.sent':
    case 'session.done':
    case 'session.aborted':
    case 'share.sealed':
    case 'seal.tested':
    case 'signature.made':
      return custodian
    case 'item.checked':
    case 'words.read':
    case 'medium.destroyed':
    case 'exception':
    case 'step.done':
      return anyone
  }
}

function distinctly(what: string, items: readonly string[]): void {
  if (new Set(items).size !== items.length) refuse('RECORD', `a ${what} has two seats`)
}
