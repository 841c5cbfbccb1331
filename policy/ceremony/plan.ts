// Plan: what shall happen at one sitting, who comes, at which stations, with which tokens and which
// program, as one document. People approve its digest (change `ceremony.plan`), every station is
// started with it, and its first Words stand at the foot of every page and screen.
// INVARIANT: a Plan that was read names committee, people and machines that fit each other,
// and is a rehearsal exactly where its env is not prod.
// That its window is open is `cold.ts`'s to ask (N3); that nobody used it before is the log's.
import { digestOf, toHex } from '../../proto/crypto.ts'
import { type Digest, type NodeId, type PersonId, parseNodeId } from '../../proto/ids.ts'
import { encode, type JsonObject, parse } from '../../proto/jcs.ts'
import { limits } from '../../proto/limits.ts'
import { refuse } from '../../proto/refusal.ts'
import {
  bool,
  digest,
  digestOrNone,
  handle,
  hex,
  integer,
  list,
  literal,
  object,
  objectWith,
  type Reader,
  type Shaped,
  text,
  time,
  writeTime,
} from '../../proto/shape.ts'
import { tags } from '../../proto/tags.ts'
import { distinct, ownership, personId } from '../document.ts'
import { lineForm } from '../request.ts'
import { vaultId } from '../vault.ts'
import { type Attendee, attendeeShape, requirePeople } from './people.ts'
import { requireCommittee, requireRequests, requireTable } from './plan-fit.ts'

export const ceremonyKinds = ['enrolment', 'genesis', 'sign', 'reshare', 'drill'] as const
export type CeremonyKind = (typeof ceremonyKinds)[number]

/** What a request of a sitting asks for. */
export const plannedOps = [
  'payment',
  'key.create',
  'key.refresh',
  'key.reshare',
  'key.prove',
] as const
export type PlannedOp = (typeof plannedOps)[number]

/** Lie in the bowl of a drill; one is drawn at its start. */
export const scenarios = ['site', 'custodian', 'coordinator', 'vendor', 'theft'] as const
export type Scenario = (typeof scenarios)[number]

/** On station, token, card, bag and medium, always beside the label: `red 1`. */
export const colors = [
  ...['red', 'blue', 'green', 'yellow', 'orange', 'violet', 'white', 'black'],
  ...['brown', 'pink', 'grey', 'turquoise', 'gold', 'silver', 'olive', 'navy'],
] as const

const nodeId: Reader<NodeId> = (value, path) => parseNodeId(handle(value, path))
const place = integer(1, limits.nodesMax)

const tokenShape = object({
  serial: text(64, /^[!-~](?:[ -~]*[!-~])?$/),
  /** P-256, uncompressed: signs lines of the Record. */
  identity: hex(65),
  /** Attributes that the module does not know, accepted when it was enrolled. */
  gaps: distinct(list(text(64, /^[a-z ]+$/), 0, 32)),
})

const stationShape = objectWith(
  {
    node: nodeId,
    x: place,
    site: handle,
    custodian: personId,
    color: literal(...colors),
    /** In the committee after the ceremony and before it, only after it, only before it. */
    part: literal('stays', 'joins', 'leaves'),
  },
  /** Absent where they are made at this very sitting. */
  { tokens: object({ daily: tokenShape, spare: tokenShape }) },
)

const requestShape = object({
  request: digest,
  op: literal(...plannedOps),
  vault: vaultId,
  /** The auditor phones its owner before it is confirmed. */
  callBack: bool,
})

const addressShape = object({ node: nodeId, address: text(45, /^[0-9a-f.:]+$/) })

export const tableShape: Reader<Table> = (value, path) => {
  const isCards = typeof value === 'object' && !Array.isArray(value) && 'stations' in value
  return isCards ? networkShape(value, path) : cardsShape(value, path)
}

const cardsShape = object({ way: literal('cards') })
const networkShape = object({
  way: literal('network'),
  port: integer(1024, 65_535),
  /** Of the Record station, to which all others dial. */
  hub: text(45, /^[0-9a-f.:]+$/),
  /** SHA-256 of its TLS key. */
  transport: digest,
  stations: list(addressShape, 1, limits.nodesMax),
})

/** How frames go round the table. */
export type Table = Shaped<typeof cardsShape> | Shaped<typeof networkShape>

export const buildShape = object({
  /** Of the program's files, of the boot image, and of the PKCS#11 modules that may be loaded. */
  program: digest,
  image: digest,
  modules: distinct(list(digest, 1, limits.nodesMax)),
  /** `24.21.0` */
  node: text(16, /^\d{1,3}\.\d{1,3}\.\d{1,3}$/),
  flags: distinct(list(text(128, /^--[ -~]+$/), 0, 32)),
})

/** Of one round and of one session, at a table where people carry and compare. */
export const timeoutsShape = object({
  roundS: integer(5, 86_400),
  sessionS: integer(5, 86_400),
})

const shape = objectWith(
  {
    ...ownership,
    format: literal('custody-plan/v1'),
    /** Real numbers, other keys: nothing of it is ever imported where money is. */
    rehearsal: bool,
    /** The log of these vaults. */
    origin: handle,
    /** The root in force; empty for the sitting before there is one. */
    root: digestOrNone,
    kind: literal(...ceremonyKinds),
    number: integer(1, 999_999),
    purpose: text(128, lineForm),
    vaults: distinct(list(vaultId, 0, 16)),
    requests: list(requestShape, 0, limits.plannedRequestsMax),
    from: time,
    until: time,
    /** How many of the committee sign, after the ceremony. */
    t: place,
    people: list(attendeeShape, 1, limits.plannedPeopleMax),
    stations: list(stationShape, 1, limits.nodesMax),
    /** Which of them come. */
    called: distinct(list(nodeId, 1, limits.nodesMax)),
    /** Of the Recorder: signs the lines of everybody without a token of the committee. */
    recordToken: tokenShape,
    table: tableShape,
    timeouts: timeoutsShape,
    build: buildShape,
    scenarios: distinct(list(literal(...scenarios), 0, scenarios.length)),
  },
  {
    /** Of a reshare: how many of the old committee sign. */
    tBefore: place,
    /** The first root of the main log, of which the Bundle carries a head. */
    mainRoot: digest,
  },
)

export type PlannedToken = Shaped<typeof tokenShape>
export type PlannedStation = Shaped<typeof stationShape>
export type PlannedRequest = Shaped<typeof requestShape>
export type Build = Shaped<typeof buildShape>
export type Plan = Omit<Shaped<typeof shape>, 'format'>

export interface ReadPlan {
  readonly digest: Digest
  readonly plan: Plan
}

/** Of exact canonical bytes; says nothing about who approved it. */
export function parsePlan(bytes: Uint8Array): ReadPlan {
  const { format: _, ...plan } = shape(parse(bytes, limits.planBytesMax), '')
  requireEnv(plan)
  requireLife(plan)
  requireMain(plan)
  requireCommittee(plan)
  requireTable(plan)
  requireRequests(plan)
  requirePeople({
    people: plan.people,
    custodians: calledStations(plan).map(({ custodian }) => custodian),
    isMaking: plan.kind === 'genesis',
  })
  return { digest: digestOf(tags.plan, bytes), plan }
}

/** Canonical bytes, for whoever makes one; refused when they would not be read back. */
export function encodePlan(plan: Plan): Uint8Array {
  const bytes = encode({ ...plain(plan), format: 'custody-plan/v1' })
  parsePlan(bytes)
  return bytes
}

/** The stations that come, ascending by x. */
export function calledStations({ stations, called }: Plan): readonly PlannedStation[] {
  return stations.filter(({ node }) => called.includes(node)).sort((a, b) => a.x - b.x)
}

export function stationOf({ stations }: Plan, node: NodeId): PlannedStation | undefined {
  return stations.find((one) => one.node === node)
}

/** `red 1` */
export function labelOf({ color, x }: PlannedStation): string {
  return `${color} ${x}`
}

export function attendeeOf({ people }: Plan, person: PersonId): Attendee | undefined {
  return people.find((one) => one.person === person)
}

function requireEnv({ env, rehearsal }: Plan): void {
  if (rehearsal === (env === 'prod')) {
    refuse('PLAN', `env ${env}: expected rehearsal ${env !== 'prod'}`, 'X-6')
  }
}

/** Nothing is carried into an enrolment. */
function requireMain({ kind, mainRoot, root }: Plan): void {
  if (mainRoot === undefined) return
  if (kind === 'enrolment') refuse('PLAN', 'mainRoot: expected none at an enrolment', 'X-8')
  if (mainRoot === root) refuse('PLAN', 'mainRoot: expected the root of another log', 'X-8')
}

function requireLife({ from, until }: Plan): void {
  if (until <= from) refuse('PLAN', 'expected until later than from', 'X-9')
  const most = from + limits.planWindowMsMax
  if (until > most) refuse('PLAN', `expected until by ${writeTime(most)}`, 'X-9')
}

function plain(plan: Plan): JsonObject {
  const { from, until, stations, recordToken, table, tBefore, mainRoot, ...rest } = plan
  return {
    ...rest,
    from: writeTime(from),
    until: writeTime(until),
    recordToken: plainToken(recordToken),
    stations: stations.map(({ tokens, ...station }) => {
      if (tokens === undefined) return station
      const { daily, spare } = tokens
      return { ...station, tokens: { daily: plainToken(daily), spare: plainToken(spare) } }
    }),
    table: table.way === 'cards' ? { way: 'cards' } : { ...table, stations: [...table.stations] },
    ...(tBefore === undefined ? {} : { tBefore }),
    ...(mainRoot === undefined ? {} : { mainRoot }),
  }
}

function plainToken({ identity, ...token }: PlannedToken): JsonObject {
  return { ...token, identity: toHex(identity) }
}
