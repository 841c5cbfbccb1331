// A Plan of a ceremony of five stations at three sites, of which any three sign, for every kind.
import { p256 } from '@noble/curves/nist.js'
import type { Attendee, Role } from '../../policy/ceremony/people.ts'
import {
  type CeremonyKind,
  colors,
  type Plan,
  type PlannedRequest,
  type PlannedStation,
  type PlannedToken,
} from '../../policy/ceremony/plan.ts'
import { digestOf, sha256, toUtf8 } from '../../proto/crypto.ts'
import {
  type Digest,
  parseHandle,
  parseNodeId,
  parsePersonId,
  parseVaultId,
} from '../../proto/ids.ts'
import { tags } from '../../proto/tags.ts'

/** Of a name, where a test needs some digest. */
export const someDigest = (name: string): Digest => digestOf(tags.order, toUtf8(name))

/** The identity key of the token with this serial, as tests know it. */
export const tokenSecret = (serial: string): Uint8Array => sha256(toUtf8(`token ${serial}`))

export function plannedToken(serial: string): PlannedToken {
  return { serial, identity: p256.getPublicKey(tokenSecret(serial), false), gaps: [] }
}

const names = ['ana', 'ben', 'cleo', 'dan', 'eva', 'finn', 'gil', 'hana'] as const
const sites = ['north', 'south', 'west'] as const

/** Station x of 1 to 8: `node-x` at one of three sites in turn, custodian `ana`, `ben`, ... */
export function plannedStation(x: number, change: Partial<PlannedStation> = {}): PlannedStation {
  return {
    node: parseNodeId(`node-${x}`),
    x,
    site: parseHandle(sites[(x - 1) % 3] ?? 'north'),
    custodian: parsePersonId(names[x - 1] ?? 'none'),
    color: colors[x - 1] ?? 'red',
    part: 'stays',
    tokens: { daily: plannedToken(`D-${x}`), spare: plannedToken(`S-${x}`) },
    ...change,
  }
}

function attendee(person: string, role: Role, isOutside = false): Attendee {
  return { person: parsePersonId(person), role, how: 'known', outside: isOutside }
}

export const staff: readonly Attendee[] = [
  attendee('ada', 'administrator'),
  attendee('sam', 'second'),
  attendee('rita', 'recorder'),
  attendee('will', 'witness'),
  attendee('wanda', 'witness', true),
  attendee('aldo', 'auditor', true),
  attendee('carl', 'controller'),
  attendee('cora', 'controller'),
  attendee('kim', 'courier'),
  attendee('kurt', 'courier'),
]

const vault = parseVaultId('cold-eth')
const opOf = {
  genesis: 'key.create',
  sign: 'payment',
  reshare: 'key.reshare',
  drill: 'key.prove',
} as const

/** Five of five are called; `change` replaces whole fields. */
export function testPlan(kind: CeremonyKind, change: Partial<Plan> = {}): Plan {
  const stations = [1, 2, 3, 4, 5].map((x) => stationFor(kind, x))
  const called = change.called ?? (change.stations ?? stations).map(({ node }) => node)
  const base: Plan = {
    org: parseHandle('acme'),
    env: 'test',
    rehearsal: true,
    origin: parseHandle('acme/test/cold'),
    root: kind === 'enrolment' ? '' : someDigest('root'),
    kind,
    number: 7,
    purpose: `a ${kind} of the tests`,
    vaults: kind === 'enrolment' ? [] : [vault],
    requests: requestsOf(kind),
    from: Date.parse('2026-12-07T08:00:00Z'),
    until: Date.parse('2026-12-07T18:00:00Z'),
    t: 3,
    people: [],
    stations,
    called,
    recordToken: plannedToken('R-0'),
    table: { way: 'cards' },
    timeouts: { roundS: 600, sessionS: 3_600 },
    build: {
      program: someDigest('program'),
      image: someDigest('image'),
      modules: [someDigest('module')],
      node: '24.21.0',
      flags: ['--permission'],
    },
    scenarios: kind === 'drill' ? ['site', 'custodian'] : [],
    ...(kind === 'reshare' ? { tBefore: 3 } : {}),
  }
  const plan = { ...base, ...change, called }
  return { ...plan, people: change.people ?? [...staff, ...custodiansOf(plan)] }
}

export function custodiansOf({ stations, called }: Plan): readonly Attendee[] {
  return stations
    .filter(({ node }) => called.includes(node))
    .map(({ custodian }) => attendee(custodian, 'custodian'))
}

function stationFor(kind: CeremonyKind, x: number): PlannedStation {
  const { tokens, ...station } = plannedStation(x)
  return kind === 'enrolment' || tokens === undefined
    ? { ...station, part: 'joins' }
    : { ...station, tokens }
}

function requestsOf(kind: CeremonyKind): readonly PlannedRequest[] {
  if (kind === 'enrolment') return []
  return [{ request: someDigest(`request ${kind}`), op: opOf[kind], vault, callBack: false }]
}

/** Of the stations 1 to 5 on one machine. */
export function networkTable(): Plan['table'] {
  const stations = [1, 2, 3, 4, 5].map((x) => {
    return { node: parseNodeId(`node-${x}`), address: `127.0.0.${x}` }
  })
  const transport = someDigest('tls')
  return { way: 'network', port: 7443, hub: '127.0.0.100', transport, stations }
}
