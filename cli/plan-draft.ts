// What a person writes to have a Plan made of: the few things that only a person knows, and the
// names of files for the rest: the root, the cards of the stations, the card of the Recorder's
// token. Everything that can follow from these follows from these, and the Plan says all of it.
// INVARIANT: what is made here is what `parsePlan` reads; nothing is believed twice.
import { readFileSync } from 'node:fs'
import { dirname } from 'node:path'
import {
  type Attendee,
  type Identification,
  identifications,
  type Role,
  roles,
} from '../policy/ceremony/people.ts'
import {
  buildShape,
  type CeremonyKind,
  calledStations,
  colors,
  type Plan,
  type PlannedOp,
  type PlannedStation,
  type PlannedToken,
  plannedOps,
  scenarios,
  tableShape,
  timeoutsShape,
} from '../policy/ceremony/plan.ts'
import { parseStationCard } from '../policy/ceremony/station-card.ts'
import { ownership, personId } from '../policy/document.ts'
import { parseRoot } from '../policy/documents.ts'
import { vaultId } from '../policy/vault.ts'
import { pathFrom, readConfig } from '../proto/config.ts'
import { type NodeId, parseNodeId, type VaultId } from '../proto/ids.ts'
import type { Json } from '../proto/jcs.ts'
import { limits } from '../proto/limits.ts'
import { refuse } from '../proto/refusal.ts'
import {
  bool,
  digest,
  handle,
  integer,
  list,
  literal,
  objectWith,
  type Reader,
  type Shaped,
  text,
  time,
} from '../proto/shape.ts'
import { parseTokenCard, softwareMakers, type TokenCard } from '../proto/token-card.ts'

const place = integer(1, limits.nodesMax)
const nodeId: Reader<NodeId> = (value, path) => parseNodeId(handle(value, path))

/** A name alone, or an object that says more. */
function orNamed<T>(read: Reader<T>, name: string): Reader<T> {
  return (value, path) =>
    read(typeof value === 'string' ? ({ [name]: value } as Json) : value, path)
}

const attendee = orNamed(
  objectWith({ person: personId }, { how: literal(...identifications), outside: bool }),
  'person',
)
const attendees = list(attendee, 0, limits.plannedPeopleMax)

const part = literal('stays', 'joins', 'leaves')
const paint = literal(...colors)
const request = objectWith(
  { request: digest, vault: vaultId },
  { op: literal(...plannedOps), callBack: bool },
)

function draftShape(directory: string) {
  const file = pathFrom(directory)
  const station = objectWith(
    {},
    { card: file, node: nodeId, x: place, site: handle, custodian: personId, part, color: paint },
  )
  const people = Object.fromEntries(roles.map((role) => [role, attendees])) as {
    readonly [K in Role]: typeof attendees
  }
  return objectWith(
    {
      ...ownership,
      origin: handle,
      number: integer(1, 999_999),
      purpose: text(128),
      from: time,
      until: time,
      t: place,
      people: objectWith({}, people),
      stations: list(orNamed(station, 'card'), 1, limits.nodesMax),
      recordToken: file,
      build: buildShape,
    },
    {
      root: file,
      mainRoot: file,
      tBefore: place,
      requests: list(request, 1, limits.plannedRequestsMax),
      called: list(nodeId, 1, limits.nodesMax),
      table: tableShape,
      timeouts: timeoutsShape,
      scenarios: list(literal(...scenarios), 1, scenarios.length),
    },
  )
}

type Draft = Shaped<ReturnType<typeof draftShape>>
type DraftStation = Draft['stations'][number]

const opOf: Readonly<Record<CeremonyKind, PlannedOp>> = {
  enrolment: 'key.create',
  genesis: 'key.create',
  sign: 'payment',
  reshare: 'key.reshare',
  drill: 'key.prove',
}

/** The Plan of a draft and of the files that it names. */
export function planOfDraft(kind: CeremonyKind, path: string): Plan {
  const draft = readConfig(readFileSync(path, 'utf8'), draftShape(dirname(path)))
  const { people, stations, root, mainRoot, recordToken, requests = [], tBefore, ...rest } = draft
  const { env } = draft
  const seats = stations.map((station, at) => seat({ kind, env }, station, at))
  const asked = requests.map(({ op = opOf[kind], callBack = false, ...one }) => {
    return { ...one, op, callBack }
  })
  const plan: Plan = {
    called: seats.map(({ node }) => node),
    table: { way: 'cards' },
    timeouts: { roundS: 600, sessionS: 3_600 },
    scenarios: [],
    ...rest,
    rehearsal: env !== 'prod',
    root: root === undefined ? '' : rootAt(root),
    kind,
    vaults: distinct(asked.map(({ vault }) => vault)),
    requests: asked,
    people: [],
    stations: seats,
    recordToken: plannedToken(parseTokenCard(readFileSync(recordToken)), env),
    ...(tBefore === undefined ? {} : { tBefore }),
    ...(mainRoot === undefined ? {} : { mainRoot: rootAt(mainRoot) }),
  }
  return { ...plan, people: crowdOf(people, plan) }
}

const rootAt = (file: string) => parseRoot(readFileSync(file, 'utf8')).digest
const distinct = (vaults: readonly VaultId[]): readonly VaultId[] => [...new Set(vaults)]

/** Of its card; at an enrolment there is none yet, and the draft says where it stands. */
function seat(
  { kind, env }: Pick<Plan, 'kind' | 'env'>,
  station: DraftStation,
  at: number,
): PlannedStation {
  const { card: file, node, x = at + 1, site, custodian } = station
  const part = station.part ?? (kind === 'enrolment' ? 'joins' : 'stays')
  if (file !== undefined) {
    const card = parseStationCard(readFileSync(file))
    const [daily, spare] = [plannedToken(card.daily, env), plannedToken(card.spare, env)]
    const tokens = { daily, spare }
    const named = { node: parseNodeId(card.node), x: card.x, site: card.site }
    const owner = personId(card.custodian, 'custodian')
    const color = paint(card.color, `station card ${card.node}: color`)
    return { ...named, custodian: owner, color, part, tokens }
  }
  const color = station.color ?? colors[x - 1]
  if (node === undefined || site === undefined || custodian === undefined || color === undefined) {
    return refuse('CONFIG', `stations[${at}]: expected a card, or node, site and custodian`)
  }
  return { node, x, site, custodian, color, part }
}

/** the machines of a room would refuse it, when people have come for it. */
function plannedToken(
  { serial, identity, gaps, manufacturer }: TokenCard,
  env: Plan['env'],
): PlannedToken {
  if (env === 'prod' && softwareMakers.includes(manufacturer)) {
    const because = `token ${serial}: expected hardware in production, got one by ${manufacturer}`
    refuse('TOKEN_WRONG', because, 'X-5')
  }
  return { serial, identity, gaps }
}

/** Custodians who are not named come with their stations. */
function crowdOf(named: Draft['people'], plan: Plan): readonly Attendee[] {
  const how: Identification = 'known'
  const said = roles.flatMap((role) =>
    (named[role] ?? []).map((one) => ({ how, outside: false, ...one, role })),
  )
  const known = new Set(said.filter(({ role }) => role === 'custodian').map((one) => one.person))
  const owners = calledStations(plan).filter(({ custodian }) => !known.has(custodian))
  return [
    ...said,
    ...owners.map(({ custodian: person }): Attendee => {
      return { person, role: 'custodian', how, outside: false }
    }),
  ]
}
