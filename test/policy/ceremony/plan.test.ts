import { describe, expect, it } from 'vitest'
import {
  calledStations,
  ceremonyKinds,
  encodePlan,
  labelOf,
  type Plan,
  parsePlan,
  stationOf,
} from '../../../policy/ceremony/plan.ts'
import { requireKnown, requireRoot } from '../../../policy/ceremony/plan-fit.ts'
import { requireWindow } from '../../../policy/cold.ts'
import { parseRoot } from '../../../policy/documents.ts'
import { parseRoster } from '../../../policy/roster.ts'
import { concat, toUtf8 } from '../../../proto/crypto.ts'
import { parseHandle, parseNodeId, parseVaultId } from '../../../proto/ids.ts'
import { encode, type JsonObject, parse } from '../../../proto/jcs.ts'
import { directoryOf } from '../../kit/ceremony-people.ts'
import {
  custodiansOf,
  plannedStation,
  plannedToken,
  someDigest,
  staff,
  testPlan,
} from '../../kit/planned.ts'
import { refusedWith } from '../../kit/refused.ts'
import { firstRoot, nextRoot } from '../../kit/succession.ts'

const fail = (): never => {
  throw new Error('expected a station')
}
const writing = (plan: Plan): string => refusedWith(() => encodePlan(plan))

describe('a plan', () => {
  it('of every kind reads back as it was written, and another byte is another digest', () => {
    for (const kind of ceremonyKinds) {
      const plan = testPlan(kind)
      const bytes = encodePlan(plan)
      const read = parsePlan(bytes)
      expect(read.plan).toEqual(plan)
      expect(encodePlan(read.plan)).toEqual(bytes)
      expect(parsePlan(encodePlan({ ...plan, number: 8 })).digest).not.toBe(read.digest)
    }
  })

  it('is read strictly', () => {
    const bytes = encodePlan(testPlan('sign'))
    const written = parse(bytes) as JsonObject
    expect(refusedWith(() => parsePlan(encode(written)))).toBe('accepted')
    expect(refusedWith(() => parsePlan(concat(bytes, toUtf8('\n'))))).toBe('MALFORMED')
    expect(refusedWith(() => parsePlan(encode({ ...written, pin: '' })))).toBe('MALFORMED')
    for (const key of Object.keys(written)) {
      const { [key]: _, ...less } = written
      expect([key, refusedWith(() => parsePlan(encode(less)))]).toEqual([key, 'MALFORMED'])
    }
  })

  it('names the stations that come in the order of their x, with their labels', () => {
    const plan = testPlan('sign', { called: [3, 1, 4].map((x) => parseNodeId(`node-${x}`)) })
    expect(calledStations(plan).map(labelOf)).toEqual(['red 1', 'green 3', 'yellow 4'])
    expect(stationOf(plan, parseNodeId('node-2'))?.x).toBe(2)
    expect(stationOf(plan, parseNodeId('node-9'))).toBeUndefined()
  })

  it('is a rehearsal exactly where its env is not prod (X-6)', () => {
    for (const kind of ceremonyKinds) {
      const plan = testPlan(kind)
      expect(writing({ ...plan, env: 'prod', rehearsal: false })).toBe('accepted')
      expect(writing({ ...plan, env: 'prod' })).toBe('PLAN X-6')
      expect(writing({ ...plan, rehearsal: false })).toBe('PLAN X-6')
    }
  })

  it('holds inside its window only, which is bounded (X-9)', () => {
    const plan = testPlan('sign')
    const at = (nowMs: number) => refusedWith(() => requireWindow(plan, nowMs))
    expect([at(plan.from), at(plan.until - 1)]).toEqual(['accepted', 'accepted'])
    expect([at(plan.from - 1), at(plan.until)]).toEqual(['CLOCK', 'CLOCK'])
    const day = 86_400_000
    expect(writing({ ...plan, until: plan.from + 14 * day })).toBe('accepted')
    expect(writing({ ...plan, until: plan.from + 14 * day + 1000 })).toBe('PLAN X-9')
    expect(writing({ ...plan, until: plan.from })).toBe('PLAN X-9')
  })
})

describe('the committee of a plan', () => {
  it('signs with more than half, and less than that is at one site (X-10)', () => {
    const plan = testPlan('genesis')
    expect(writing({ ...plan, t: 4 })).toBe('accepted')
    expect(writing({ ...plan, t: 2 })).toBe('PLAN X-10')
    expect(writing({ ...plan, t: 6 })).toBe('PLAN X-10')
    expect(writing({ ...testPlan('enrolment'), t: 5 })).toBe('accepted')
    expect(writing({ ...testPlan('enrolment'), t: 6 })).toBe('PLAN X-10')
    const at = (site: string, xs: readonly number[]) => {
      const stations = plan.stations.map((one) =>
        xs.includes(one.x) ? { ...one, site: parseHandle(site) } : one,
      )
      return writing({ ...plan, stations })
    }
    expect(at('bunker', [1, 2])).toBe('accepted')
    expect(at('bunker', [1, 2, 3])).toBe('PLAN X-10')
  })

  it('has each node, custodian, color, x, serial and identity key once', () => {
    const plan = testPlan('sign')
    const [one, two, ...rest] = plan.stations
    if (!one?.tokens || !two?.tokens) throw new Error('expected stations with tokens')
    const second = (change: Partial<typeof two>) =>
      writing(testPlan('sign', { stations: [one, { ...two, ...change }, ...rest] }))
    expect(second({})).toBe('accepted')
    expect(second({ custodian: one.custodian })).toBe('PLAN X-10')
    expect(second({ color: one.color })).toBe('PLAN X-10')
    expect(second({ x: one.x })).toBe('PLAN X-10')
    expect(second({ tokens: { ...two.tokens, spare: two.tokens.daily } })).toBe('PLAN X-10')
    const renamed = { ...one.tokens.daily, serial: 'other' }
    expect(second({ tokens: { ...two.tokens, daily: renamed } })).toBe('PLAN X-10')
    const { identity } = plannedToken('other')
    const known = { ...one.tokens.daily, identity }
    expect(second({ tokens: { ...two.tokens, daily: known } })).toBe('PLAN X-10')
    expect(second({ tokens: { ...two.tokens, daily: plannedToken('R-0') } })).toBe('PLAN X-10')
    const twice = [one, { ...two, node: one.node }, ...rest]
    expect(writing({ ...plan, stations: twice })).toBe('PLAN X-10')
  })

  it('comes whole to a genesis, and t of it to anything else', () => {
    const called = (...xs: readonly number[]) => xs.map((x) => parseNodeId(`node-${x}`))
    expect(writing(testPlan('genesis', { called: called(1, 2, 3, 4) }))).toBe('PLAN X-10')
    for (const kind of ['sign', 'drill'] as const) {
      expect(writing(testPlan(kind, { called: called(1, 2, 3), scenarios: [] }))).toBe('accepted')
      expect(writing(testPlan(kind, { called: called(1, 2) }))).toBe('PLAN X-10')
      const plan = testPlan(kind)
      expect(writing({ ...plan, called: called(1, 2, 3, 4, 5) })).toBe('accepted')
      expect(writing({ ...plan, called: called(1, 2, 3, 4, 5, 9) })).toBe('PLAN X-10')
    }
  })

  it('moves at a reshare only, where the old t and all the new come', () => {
    const stations = [
      ...[1, 2, 3].map((x) => plannedStation(x)),
      plannedStation(4, { part: 'leaves' }),
      plannedStation(5, { part: 'leaves' }),
      plannedStation(6, { x: 4, part: 'joins' }),
      plannedStation(7, { x: 5, part: 'joins' }),
    ]
    const called = [1, 2, 3, 6, 7].map((x) => parseNodeId(`node-${x}`))
    const change = { stations, called }
    expect(writing(testPlan('reshare', change))).toBe('accepted')
    expect(writing(testPlan('reshare', { ...change, tBefore: 4 }))).toBe('PLAN X-10')
    expect(writing(testPlan('reshare', { ...change, tBefore: 2 }))).toBe('PLAN X-10')
    const together = stations.map((one) =>
      one.part === 'leaves' || one.x === 1 ? { ...one, site: parseHandle('bunker') } : one,
    )
    expect(writing(testPlan('reshare', { stations: together, called }))).toBe('accepted')
    const still = together.map((one) => ({ ...one, part: 'stays' as const })).slice(0, 5)
    const all = still.map(({ node }) => node)
    expect(writing(testPlan('sign', { stations: still, called: all }))).toBe('PLAN X-10')
    const withGone = { stations, called: [...called, parseNodeId('node-4')] }
    expect(writing(testPlan('reshare', withGone))).toBe('PLAN X-10')
    const few = { stations, called: called.slice(0, 4) }
    expect(writing(testPlan('reshare', few))).toBe('PLAN X-10')
    const clash = stations.map((one) => (one.node === 'node-6' ? { ...one, x: 3 } : one))
    expect(writing(testPlan('reshare', { stations: clash, called }))).toBe('PLAN X-10')
    const { tBefore: _, ...less } = testPlan('reshare', change)
    expect(writing(less)).toBe('PLAN X-10')
    expect(writing(testPlan('sign', change))).toBe('PLAN X-10')
    expect(writing(testPlan('sign', { tBefore: 3 }))).toBe('PLAN X-10')
  })

  it('has its tokens, except where they are made', () => {
    const { tokens: _, ...bare } = plannedStation(5)
    const kept = [1, 2, 3, 4].map((x) => plannedStation(x))
    const stations = [...kept, bare]
    expect(writing(testPlan('sign', { stations }))).toBe('PLAN X-10')
    const called = [parseNodeId('node-5')]
    const joining = [...kept, { ...bare, part: 'joins' as const }]
    expect(writing(testPlan('enrolment', { stations: joining, called }))).toBe('accepted')
    const made = [...kept, plannedStation(5, { part: 'joins' })]
    expect(writing(testPlan('enrolment', { stations: made, called }))).toBe('PLAN X-10')
  })
})

describe('the table of a plan', () => {
  const plan = testPlan('sign')
  const network = (change: { hub?: string; addresses?: readonly string[]; port?: number }) => {
    const addresses = change.addresses ?? [1, 2, 3, 4, 5].map((x) => `169.254.0.${x}`)
    const stations = addresses.map((address, at) => ({
      node: parseNodeId(`node-${at + 1}`),
      address,
    }))
    const { hub = '169.254.0.100', port = 7443 } = change
    return { way: 'network', port, hub, transport: someDigest('tls'), stations } as const
  }

  it('has one link-local address for each called station and for the hub', () => {
    expect(writing({ ...plan, table: network({}) })).toBe('accepted')
    expect(writing({ ...plan, table: network({ hub: 'fe80::1' }) })).toBe('accepted')
    expect(writing({ ...plan, table: network({ hub: 'fe80::1:0:a00:2' }) })).toBe('accepted')
    for (const hub of [
      'fe80::',
      'fe80::01',
      'fe80::0:1',
      'fe80::1::2',
      'fe80::1:2:3:4:5',
      'fe81::1',
    ]) {
      expect([hub, writing({ ...plan, table: network({ hub }) })]).toEqual([hub, 'PLAN X-10'])
    }
    for (const hub of ['10.0.0.1', '169.254.0.1', '169.254.0.256', '8.8.8.8', '2001::1']) {
      expect([hub, writing({ ...plan, table: network({ hub }) })]).toEqual([hub, 'PLAN X-10'])
    }
    const four = network({ addresses: ['169.254.0.1'] })
    expect(writing({ ...plan, table: four })).toBe('PLAN X-10')
    const table = network({})
    const back = parsePlan(encodePlan({ ...plan, table })).plan.table
    expect(back).toEqual(table)
  })

  it('is on one machine in a rehearsal only', () => {
    const addresses = [1, 2, 3, 4, 5].map((x) => `127.0.0.${x}`)
    const table = network({ hub: '127.0.0.100', addresses })
    expect(writing({ ...plan, table })).toBe('accepted')
    expect(writing({ ...plan, table, env: 'prod', rehearsal: false })).toBe('PLAN X-10')
  })

  it('has cards only where nobody has keys yet', () => {
    expect(writing({ ...testPlan('enrolment'), table: network({}) })).toBe('PLAN X-10')
  })
})

describe('the requests of a plan', () => {
  it('are of its kind, each once, and about exactly its vaults', () => {
    const all = ['payment', 'key.create', 'key.refresh', 'key.reshare', 'key.prove'] as const
    const fit = {
      enrolment: [],
      genesis: ['key.create'],
      sign: ['payment'],
      reshare: ['key.refresh', 'key.reshare'],
      drill: ['key.prove'],
    } as const
    const vault = parseVaultId('cold-eth')
    for (const kind of ceremonyKinds) {
      const fits = all.filter((op) => {
        const requests = [{ request: someDigest('one'), op, vault, callBack: false }]
        return writing({ ...testPlan(kind), requests, vaults: [vault] }) === 'accepted'
      })
      expect([kind, fits]).toEqual([kind, fit[kind]])
    }
    const plan = testPlan('sign')
    const [one] = plan.requests
    if (one === undefined) throw new Error('expected a request')
    const two = { ...one, request: someDigest('two') }
    expect(writing({ ...plan, requests: [one, two] })).toBe('accepted')
    const owned = { ...one, callBack: true }
    expect(writing({ ...plan, requests: [owned] })).toBe('accepted')
    const proof = { ...owned, op: 'key.prove' as const }
    expect(writing({ ...testPlan('drill'), requests: [proof] })).toBe('PLAN X-10')
    expect(writing({ ...plan, requests: [one, one] })).toBe('PLAN X-10')
    expect(writing({ ...plan, requests: [], vaults: [] })).toBe('PLAN X-10')
    expect(writing({ ...plan, vaults: [] })).toBe('PLAN X-10')
    expect(writing({ ...plan, vaults: [vault, parseVaultId('cold-bnb')] })).toBe('PLAN X-10')
  })

  it('come with a root, and scenarios with a drill', () => {
    expect(writing(testPlan('drill', { scenarios: [] }))).toBe('accepted')
    expect(writing(testPlan('sign', { scenarios: ['theft'] }))).toBe('PLAN X-10')
    const { build } = testPlan('drill')
    const two = { ...build, modules: [...build.modules, someDigest('another module')] }
    expect(writing(testPlan('drill', { scenarios: ['vendor'], build: two }))).toBe('accepted')
    expect(writing(testPlan('drill', { scenarios: ['vendor'] }))).toBe('PLAN X-10')
    const called = [1, 2, 3, 4].map((x) => parseNodeId(`node-${x}`))
    expect(writing(testPlan('drill', { scenarios: ['custodian'], called }))).toBe('accepted')
    const few = { scenarios: ['custodian'] as const, called: called.slice(0, 3) }
    expect(writing(testPlan('drill', few))).toBe('PLAN X-10')
    expect(writing(testPlan('sign', { root: '' }))).toBe('PLAN X-10')
    expect(writing(testPlan('enrolment', { root: someDigest('root') }))).toBe('accepted')
  })
})

describe('a plan beside a root and a directory', () => {
  const base = parseRoot(firstRoot.text)
  const at = (x: number) => base.nodes.find((one) => one.x === x)
  const stations = [1, 2, 3].map((x) => plannedStation(x, { node: at(x)?.node ?? fail() }))
  const change = { env: base.env, origin: base.log.origin, stations, t: 2, root: base.digest }
  const plan = testPlan('sign', change)
  const fits = (other: Partial<Plan>, root = base) =>
    refusedWith(() => requireRoot({ ...plan, ...other }, root))

  it('has the committee of the root in force, its threshold and its log', () => {
    expect(writing(plan)).toBe('accepted')
    expect(fits({})).toBe('accepted')
    expect(fits({ t: 3 })).toBe('PLAN X-10')
    expect(fits({ stations: stations.slice(1) })).toBe('PLAN X-10')
    const [one, ...rest] = stations
    if (one === undefined) fail()
    else {
      expect(fits({ stations: [{ ...one, x: 7 }, ...rest] })).toBe('PLAN X-10')
      const named = { ...one, node: parseNodeId('node-9') }
      expect(fits({ stations: [named, ...rest] })).toBe('PLAN X-10')
      const gone = { ...one, node: parseNodeId('node-8'), part: 'leaves' as const }
      expect(fits({ stations: [...stations, gone] })).toBe('accepted')
    }
    expect(fits({}, nextRoot().root)).toBe('PLAN X-10')
    expect(fits({ org: parseHandle('acme2') })).toBe('PLAN X-6')
    expect(fits({ env: 'test' })).toBe('PLAN X-6')
    expect(fits({ origin: parseHandle('acme/hot') })).toBe('PLAN X-6')
    expect(fits({ kind: 'enrolment', root: '', stations: [] })).toBe('accepted')
  })

  it('has people whom the directory knows, with credentials through the window', () => {
    const names = plan.people.map(({ person }) => person)
    const known = (present: readonly string[], window: Partial<Plan> = {}) =>
      refusedWith(() => requireKnown({ ...plan, ...window }, parseRoster(directoryOf(present))))
    expect(known(names)).toBe('accepted')
    for (const name of names) {
      const others = names.filter((one) => one !== name)
      expect([name, known(others)]).toEqual([name, 'PLAN X-10'])
    }
    const late = Date.parse('2099-01-01T00:00:00Z')
    expect(known(names, { from: late, until: late + 1 })).toBe('PLAN X-10')
    const byToken = plan.people.filter(({ role }) => role === 'custodian' || role === 'recorder')
    expect(known(names, { from: late, until: late + 1, people: byToken })).toBe('accepted')
  })
})

describe('the size of a plan', () => {
  it('is bounded', () => {
    const plan = testPlan('sign')
    const vault = parseVaultId('cold-eth')
    const some = (count: number) =>
      Array.from({ length: count }, (_, at) => {
        const request = someDigest(`request ${at}`)
        return { request, op: 'payment', vault, callBack: false } as const
      })
    expect(writing({ ...plan, requests: some(32) })).toBe('accepted')
    expect(writing({ ...plan, requests: some(33) })).toBe('MALFORMED')
    const people = [...staff, ...custodiansOf(plan)]
    expect(writing({ ...plan, people })).toBe('accepted')
    const more = Array.from({ length: 65 }, () => people[0]).filter((one) => one !== undefined)
    expect(writing({ ...plan, people: more })).toBe('MALFORMED')
    expect(refusedWith(() => parsePlan(new Uint8Array(131_073)))).toBe('TOO_LARGE')
  })
})
