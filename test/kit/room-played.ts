// A log of cold vaults and three real Stations around a room in one process, for tests that play
// whole ceremonies: from the plan to the import. People type what people would.
// INVARIANT: one stage a file; what a test plays stays for the next one.
import { createPrivateKey, sign as signNode } from 'node:crypto'
import { join } from 'node:path'
import { p256 } from '@noble/curves/nist.js'
import { afterAll, beforeAll } from 'vitest'
import { formatVkey } from '../../policy/audit/checkpoint.ts'
import { judgeCeremony } from '../../policy/ceremony/judge.ts'
import { viewOfBundle } from '../../policy/ceremony/log-view.ts'
import type { Plan } from '../../policy/ceremony/plan.ts'
import { keyName } from '../../policy/ceremony/record.ts'
import { type Seats, seatsOf } from '../../policy/ceremony/record-seats.ts'
import { statementMessage } from '../../policy/ceremony/statement.ts'
import { parseRoot, witnessesOf } from '../../policy/documents.ts'
import { ed25519Signer } from '../../proto/crypto.ts'
import { type Digest, parseHandle, parsePersonId } from '../../proto/ids.ts'
import { isRefusal } from '../../proto/refusal.ts'
import { Conductor } from '../../signer-node/ceremony/conductor.ts'
import { Hub } from '../../signer-node/ceremony/hub.ts'
import { RecordCopy } from '../../signer-node/ceremony/record-copy.ts'
import { RoomLog } from '../../signer-node/ceremony/room-log.ts'
import { RoomResults } from '../../signer-node/ceremony/room-results.ts'
import type { Asked, Desk } from '../../signer-node/ceremony/station-acts.ts'
import { framesOf } from '../../signer-node/ceremony/station-log.ts'
import { lowS } from '../../signer-node/hsm/low-s.ts'
import type { Clock } from '../../signer-node/ports.ts'
import { tablePatience } from '../../signer-node/sitting.ts'
import {
  askedOf,
  board,
  type ColdHouse,
  coldHouse,
  origin,
  release,
  rootTextOf,
} from '../coordinator/cold-house.ts'
import { hour, planning, planOf, put } from '../coordinator/cold-planned.ts'
import { pgliteEngine } from '../coordinator/store-kit.ts'
import { testClock } from '../coordinator/world.ts'
import { seedOf } from '../policy/dev-fixture.ts'
import type { Tamper } from './frame-pair.ts'
import { MainLog } from './main-log.ts'
import { plannedToken, tokenSecret } from './planned.ts'
import {
  type Enrolled,
  enrolStation,
  type People,
  type SeatedStation,
  StageHome,
  seat,
} from './room-stage.ts'
import { people } from './room-story.ts'
import { random } from './tokens.ts'

let home = new StageHome()
/** Of now. */
export const stage = {
  get path(): string {
    return home.path
  },
}
const engine = pgliteEngine()
let house: ColdHouse
/** Of the same organisation: of each plan the Bundle carries its head, a little grown. */
let main: MainLog
let mainSeen: number[] = []
let stations: readonly Enrolled[]
/** The first root, and the one in force. */
let pinned: string
let rootText: string
const tickings: NodeJS.Timeout[] = []
const owner = { org: parseHandle('acme-dev'), env: 'dev', origin: parseHandle(origin) } as const

async function open(): Promise<void> {
  const clock = testClock()
  stations = await Promise.all(
    [1, 2, 3].map((x) => enrolStation(join(stage.path, `s-${x}`), x, owner, clock.now())),
  )
  const members = stations.map(({ card: { node, identity, transport, witness } }) => {
    return { node, identity, transport, witness: formatVkey(witness) }
  })
  pinned = rootTextOf(members)
  rootText = pinned
  house = await coldHouse(await engine.fresh(), clock, pinned)
  main = new MainLog({ org: owner.org, env: owner.env })
  mainSeen = []
}

/** Of the whole file: stations, their log, and what is played on them. */
export function staged(): void {
  beforeAll(open, 240_000)
  afterAll(end, 240_000)
}

async function end(): Promise<void> {
  for (const ticking of tickings.splice(0)) clearInterval(ticking)
  await house.stop()
  home[Symbol.dispose]()
}

/** Another log and other stations, before anything was played. */
export async function anew(): Promise<void> {
  await end()
  home = new StageHome()
  await open()
}

/** A root that follows names these stations: they are those that sit from now on. */
export function nowReigns(root: string, those: readonly Enrolled[]): void {
  rootText = root
  stations = those
}

export const theRoot = (): string => rootText
export const theMain = (): MainLog => main
export const theHouse = (): ColdHouse => house
export const theStations = (): readonly Enrolled[] => stations

/** One more witness, from outside: a key is made. */
const everybody: Plan['people'] = [
  ...people,
  { person: parsePersonId('gus'), role: 'witness', how: 'known', outside: true },
]

export type Read = ReturnType<typeof planOf>

/** Approved, opened, prepared. */
export async function planned(
  kind: 'genesis' | 'sign' | 'reshare' | 'drill',
  requests: Plan['requests'],
  change: Partial<Plan> = {},
  seats = stations.map(({ planned: one }) => one),
) {
  const root = parseRoot(rootText).digest
  const plan = planOf(
    house,
    kind,
    requests,
    {
      ...{ root, mainRoot: main.first.root.digest, recordToken: plannedToken('R-0') },
      ...{ people: everybody, ...change },
    },
    seats,
  )
  const asked = await house.ask(planning(house, plan), plan.bytes)
  await house.approve(asked, ...board.slice(0, 2))
  await house.until('planned', async () => (await house.state(asked)) === 'ACTIVE')
  const head = main.grow(3).carried(mainSeen)
  mainSeen.push(main.size)
  const prepared = await house.during(house.coordinator.ceremonies.prepare(plan.digest, head))
  if (isRefusal(prepared)) throw new Error(`${prepared.code}: ${prepared.because}`)
  return plan
}

let amounts = 0
export async function plannedRelease(change: Partial<Plan> = {}): Promise<Read> {
  return await plannedReleases(1, change)
}

/** Payments of one vault in one sitting. */
export async function plannedReleases(count: number, change: Partial<Plan> = {}): Promise<Read> {
  const { vault } = askedOf(house.clock, 'cold')
  const requests: Plan['requests'][number][] = []
  for (let i = 0; i < count; i += 1) {
    amounts += 1
    const amount = 1_000_000_000n + BigInt(amounts)
    const request = await house.submit(release(house.clock, { amount }))
    await house.approve(request, ...board)
    await house.until('reserved', async () => (await house.state(request)) === 'RESERVED')
    requests.push({ request, op: 'payment', vault, callBack: false })
  }
  return await planned('sign', requests, change)
}

/** What a test puts in the place of a part of the Record station, made of the same files. */
export interface Parts {
  readonly record?: (path: string, seats: Seats) => RecordCopy
  readonly results?: (path: string, plan: Digest) => RoomResults
  readonly say?: (text: string) => void
  readonly write?: () => void
  readonly speak?: () => void
}

export interface Sat {
  readonly seats: Map<string, SeatedStation>
  readonly said: string[]
  readonly log: RoomLog
  /** The Record station, as its program starts; the one before has died. */
  readonly lead: (parts?: Parts) => Conductor
  /** Whoever is called sits down: after the Record station, which hears how far each is. */
  readonly come: () => Promise<void>
  /** As its program at an end, and started anew on the same card. */
  readonly again: (node: string) => Promise<void>
  /** As `again`, of a program that was killed. */
  readonly revive: (node: string) => Promise<void>
}

export interface SitWish {
  readonly typed?: (node: string) => People
  readonly tamper?: () => Tamper
  readonly isMistyped?: (node: string) => boolean
  readonly isNetwork?: boolean
  readonly isCutOff?: (node: string) => boolean
}

export async function sit(
  plan: Read,
  { typed = () => () => undefined, tamper = () => ({}), ...wish }: SitWish = {},
): Promise<Sat> {
  const files = await house.coordinator.ceremonies.bundleIn(plan.digest)
  const log = new RoomLog(files)
  const begun = performance.now()
  const since = () => performance.now() - begun
  const clock = {
    wallMs: () => Math.floor(plan.plan.from + 60_000 + since()),
    monotonicMs: () => 1_000 + since(),
  }
  const said: string[] = []
  const newHub = (): Hub => hubOf({ plan, log, clock, said })
  const sitting = {
    ...{ plan, bundle: log.bundle, digest: log.digest, root: log.first, clock, tamper },
    ...{ people: typed, hub: newHub(), ...wish },
  }
  const ticking = setInterval(() => sitting.hub.tick(), 5)
  const seats = new Map<string, SeatedStation>()
  const desk: Desk = {
    say: (text) => void said.push(text),
    ask: async (what, question) => {
      said.push(question)
      return (await typed('room')(what, question)) ?? usual(what)
    },
  }
  let isLed = false
  const lead = (parts: Parts = {}): Conductor => {
    if (isLed) {
      sitting.hub.close()
      sitting.hub = newHub()
    }
    isLed = true
    return conductorOf({ plan, log, clock, desk, hub: sitting.hub }, parts)
  }
  const reseat = async (node: string): Promise<void> => {
    const enrolled = stations.find(({ planned: one }) => one.node === node)
    if (enrolled !== undefined) seats.set(node, await seat(enrolled, sitting))
  }
  const again = async (node: string): Promise<void> => {
    seats.get(node)?.close()
    await reseat(node)
  }
  const revive = async (node: string): Promise<void> => {
    seats.get(node)?.kill()
    await reseat(node)
  }
  const come = async (): Promise<void> => {
    for (const node of plan.plan.called) await reseat(node)
  }
  tickings.push(ticking)
  return { seats, said, log, lead, come, again, revive }
}

interface Led {
  readonly plan: Read
  readonly log: RoomLog
  readonly clock: Clock
}

function hubOf({ plan, log, clock, said }: Led & { readonly said: string[] }): Hub {
  return new Hub({
    root: log.root,
    pages: framesOf(log.bundle, origin),
    called: plan.plan.called,
    patience: tablePatience({ roundS: 30, sessionS: 60 }),
    clock,
    random,
    report: ({ level, name, because }) => {
      if (level !== 'info') said.push(`hub ${name}: ${because}`)
    },
  })
}

function conductorOf(
  { plan, log, clock, desk, hub }: Led & { readonly desk: Desk; readonly hub: Hub },
  parts: Parts,
): Conductor {
  const file = (end: string): string => join(stage.path, `${plan.digest}.${end}`)
  const { identity } = plan.plan.recordToken
  const {
    record = (path, of) => new RecordCopy(path, of),
    results = (path, of) => new RoomResults(path, of),
  } = parts
  return new Conductor({
    ...{ log, hub, random, clock },
    desk: {
      say: (text) => {
        desk.say(text)
        parts.say?.(text)
      },
      ask: (what, question) => desk.ask(what, question),
    },
    record: record(file('jsonl'), seatsOf(plan, log.digest)),
    results: results(file('results'), plan.digest),
    recorder: { identity, sign: async (message) => recordSign(message) },
    speak: async ({ role, person }, document) => {
      parts.speak?.()
      if (role === 'recorder') {
        const signature = recordSign(statementMessage(document))
        return { by: 'token', name: keyName(identity), document, signature }
      }
      const signature = ed25519Signer(seedOf(person))(statementMessage(document))
      return { by: 'credential', name: `${person}-1`, document, signature }
    },
    write: () => parts.write?.(),
  })
}

function usual(what: Asked): string {
  if (what === 'present') return 'yes'
  if (what === 'confirmed') return 'chen, jun'
  if (what === 'agree') return 'agree'
  if (what === 'item') return 'B-1, B-2'
  return 'no'
}

/** By the token of the Record station. */
export function recordSign(message: Uint8Array): Uint8Array {
  const point = p256.getPublicKey(tokenSecret('R-0'), false)
  const at = (from: number) => Buffer.from(point.subarray(from, from + 32)).toString('base64url')
  const d = Buffer.from(tokenSecret('R-0')).toString('base64url')
  const jwk = { kty: 'EC', crv: 'P-256', x: at(1), y: at(33), d }
  const key = createPrivateKey({ key: jwk, format: 'jwk' })
  return lowS(new Uint8Array(signNode('sha256', message, { key, dsaEncoding: 'ieee-p1363' })))
}

export async function play(
  plan: Read,
  typed?: (node: string) => People,
  during: (sat: Sat) => void = () => {},
) {
  const sat = await sit(plan, typed === undefined ? {} : { typed })
  during(sat)
  try {
    const conductor = sat.lead()
    await sat.come()
    const done = await conductor.run()
    return { ...sat, done }
  } finally {
    for (const one of sat.seats.values()) one.close()
  }
}

export async function judged(plan: Read, files: Awaited<ReturnType<typeof play>>['done']['files']) {
  const root = parseRoot(pinned)
  const trust = {
    root: root.digest,
    log: root.log,
    witnesses: witnessesOf(root),
    q: root.witness.q,
  }
  const log = viewOfBundle(await house.coordinator.ceremonies.bundleIn(plan.digest), trust)
  return judgeCeremony({ files, log })
}

type Files = Awaited<ReturnType<typeof play>>['done']['files']

export async function imported(plan: Read, files: Files, confirmed: readonly Digest[] = []) {
  const of = await put(house, plan.digest, files)
  house.clock.advance(plan.plan.from + hour - house.clock.now())
  const taken = await house.during(house.coordinator.ceremonies.import(of, confirmed))
  if (isRefusal(taken)) throw new Error(`${taken.code}: ${taken.because}`)
  return taken
}

/** As whoever read every exception brings it home. */
export async function broughtHome(plan: Read, files: Files): Promise<void> {
  const { exceptions } = await judged(plan, files)
  await imported(
    plan,
    files,
    exceptions.map(({ line }) => line),
  )
}
