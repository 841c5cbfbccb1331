// A whole ceremony in one process: the coordinator of a cold log plans and prepares, three real
// Stations with tokens in software and a Record station play the script, people type what people
// would, everything is judged, and what came of it becomes lines of the log.

import { createPrivateKey, sign as signNode } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { p256 } from '@noble/curves/nist.js'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { formatVkey } from '../../policy/audit/checkpoint.ts'
import { judgeCeremony } from '../../policy/ceremony/judge.ts'
import { viewOfBundle } from '../../policy/ceremony/log-view.ts'
import type { Plan } from '../../policy/ceremony/plan.ts'
import { keyName } from '../../policy/ceremony/record.ts'
import { seatsOf } from '../../policy/ceremony/record-seats.ts'
import { statementMessage } from '../../policy/ceremony/statement.ts'
import { parseRoot, witnessesOf } from '../../policy/documents.ts'
import { ed25519Signer } from '../../proto/crypto.ts'
import { type Digest, parseDigest, parseHandle, parsePersonId } from '../../proto/ids.ts'
import { isRefusal } from '../../proto/refusal.ts'
import { Conductor } from '../../signer-node/ceremony/conductor.ts'
import { Hub } from '../../signer-node/ceremony/hub.ts'
import { RecordCopy } from '../../signer-node/ceremony/record-copy.ts'
import { RoomLog } from '../../signer-node/ceremony/room-log.ts'
import { RoomResults } from '../../signer-node/ceremony/room-results.ts'
import type { Asked, Desk } from '../../signer-node/ceremony/station-acts.ts'
import { framesOf } from '../../signer-node/ceremony/station-log.ts'
import { lowS } from '../../signer-node/hsm/low-s.ts'
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
import { plannedToken, tokenSecret } from '../kit/planned.ts'
import {
  type Enrolled,
  enrolStation,
  type People,
  type SeatedStation,
  StageHome,
  seat,
  stagePin,
} from '../kit/room-stage.ts'
import { people } from '../kit/room-story.ts'
import { random } from '../kit/tokens.ts'
import { seedOf } from '../policy/dev-fixture.ts'

const stage = new StageHome()
const engine = pgliteEngine()
let house: ColdHouse
let stations: readonly Enrolled[]
let rootText: string
const tickings: NodeJS.Timeout[] = []
const owner = { org: parseHandle('acme-dev'), env: 'dev', origin: parseHandle(origin) } as const

beforeAll(async () => {
  const clock = testClock()
  stations = await Promise.all(
    [1, 2, 3].map((x) => enrolStation(join(stage.path, `s-${x}`), x, owner, clock.now())),
  )
  const members = stations.map(({ card: { node, identity, transport, witness } }) => {
    return { node, identity, transport, witness: formatVkey(witness) }
  })
  rootText = rootTextOf(members)
  house = await coldHouse(await engine.fresh(), clock, rootText)
}, 60_000)
afterAll(async () => {
  for (const ticking of tickings) clearInterval(ticking)
  await house.stop()
  stage[Symbol.dispose]()
})

/** One more witness, from outside: a key is made. */
const everybody: Plan['people'] = [
  ...people,
  { person: parsePersonId('gus'), role: 'witness', how: 'known', outside: true },
]

type Read = ReturnType<typeof planOf>

/** Approved, opened, prepared. */
async function planned(
  kind: 'genesis' | 'sign',
  requests: Plan['requests'],
  change: Partial<Plan> = {},
) {
  const root = parseRoot(rootText).digest
  const own = stations.map(({ planned: one }) => one)
  const plan = planOf(
    house,
    kind,
    requests,
    { root, recordToken: plannedToken('R-0'), people: everybody, ...change },
    own,
  )
  const asked = await house.ask(planning(house, plan), plan.bytes)
  await house.approve(asked, ...board.slice(0, 2))
  await house.until('planned', async () => (await house.state(asked)) === 'ACTIVE')
  const prepared = await house.during(house.coordinator.ceremonies.prepare(plan.digest))
  if (isRefusal(prepared)) throw new Error(`${prepared.code}: ${prepared.because}`)
  return plan
}

let amounts = 0
async function plannedRelease(): Promise<Read> {
  amounts += 1
  const amount = 1_000_000_000n + BigInt(amounts)
  const request = await house.submit(release(house.clock, { amount }))
  await house.approve(request, ...board)
  await house.until('reserved', async () => (await house.state(request)) === 'RESERVED')
  const { vault } = askedOf(house.clock, 'cold')
  return await planned('sign', [{ request, op: 'payment', vault, callBack: false }])
}

interface Sat {
  readonly seats: Map<string, SeatedStation>
  readonly said: string[]
  readonly conductor: Conductor
  readonly log: RoomLog
  /** As its program at an end, and started anew on the same card. */
  readonly again: (node: string) => Promise<void>
}

async function sit(
  plan: Read,
  typed: (node: string) => People = () => () => undefined,
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
  const hub = new Hub({
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
  const ticking = setInterval(() => hub.tick(), 5)
  const sitting = {
    plan,
    bundle: log.bundle,
    digest: log.digest,
    root: parseRoot(rootText).digest,
    hub,
    clock,
    people: typed,
  }
  const seats = new Map<string, SeatedStation>()
  const desk: Desk = {
    say: (text) => void said.push(text),
    ask: async (what, question) => {
      said.push(question)
      return (await typed('room')(what, question)) ?? usual(what)
    },
  }
  const conductor = new Conductor({
    ...{ log, hub, desk, random, clock },
    record: new RecordCopy(join(stage.path, `${plan.digest}.jsonl`), seatsOf(plan, log.digest)),
    results: new RoomResults(join(stage.path, `${plan.digest}.results`), plan.digest),
    recorder: {
      identity: plan.plan.recordToken.identity,
      sign: async (message) => tokenSign(message),
    },
    speak: async ({ role, person }, document) => {
      if (role === 'recorder') {
        const { identity } = plan.plan.recordToken
        return {
          by: 'token',
          name: keyName(identity),
          document,
          signature: tokenSign(statementMessage(document)),
        }
      }
      const signature = ed25519Signer(seedOf(person))(statementMessage(document))
      return { by: 'credential', name: `${person}-1`, document, signature }
    },
    write: () => {},
    scripts: new Map(),
  })
  for (const enrolled of stations) seats.set(enrolled.planned.node, await seat(enrolled, sitting))
  const again = async (node: string): Promise<void> => {
    seats.get(node)?.close()
    const enrolled = stations.find(({ planned: one }) => one.node === node)
    if (enrolled !== undefined) seats.set(node, await seat(enrolled, sitting))
  }
  tickings.push(ticking)
  return { seats, said, conductor, log, again }
}

function usual(what: Asked): string {
  if (what === 'present') return 'yes'
  if (what === 'confirmed') return 'chen, jun'
  if (what === 'agree') return 'agree'
  if (what === 'item') return 'B-1, B-2'
  return 'no'
}

function tokenSign(message: Uint8Array): Uint8Array {
  const point = p256.getPublicKey(tokenSecret('R-0'), false)
  const at = (from: number) => Buffer.from(point.subarray(from, from + 32)).toString('base64url')
  const d = Buffer.from(tokenSecret('R-0')).toString('base64url')
  const jwk = { kty: 'EC', crv: 'P-256', x: at(1), y: at(33), d }
  const key = createPrivateKey({ key: jwk, format: 'jwk' })
  return lowS(new Uint8Array(signNode('sha256', message, { key, dsaEncoding: 'ieee-p1363' })))
}

async function play(
  plan: Read,
  typed?: (node: string) => People,
  during: (sat: Sat) => void = () => {},
) {
  const sat = await sit(plan, typed)
  during(sat)
  try {
    const done = await sat.conductor.run()
    return { ...sat, done }
  } finally {
    for (const one of sat.seats.values()) one.close()
  }
}

async function judged(plan: Read, files: Awaited<ReturnType<typeof play>>['done']['files']) {
  const root = parseRoot(rootText)
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

async function imported(plan: Read, files: Files, confirmed: readonly Digest[] = []) {
  const of = await put(house, plan.digest, files)
  house.clock.advance(plan.plan.from + hour - house.clock.now())
  const taken = await house.during(house.coordinator.ceremonies.import(of, confirmed))
  if (isRefusal(taken)) throw new Error(`${taken.code}: ${taken.because}`)
  return taken
}

describe('a ceremony', () => {
  it('makes the key of a cold vault, from the plan to the log', async () => {
    const { vault } = askedOf(house.clock, 'cold')
    const create = await house.ask({ ...askedOf(house.clock, 'cold'), op: 'key.create', terms: {} })
    await house.approve(create, ...board)
    await house.until('allowed', async () => (await house.state(create)) === 'WAITING')
    const plan = await planned('genesis', [
      { request: create, op: 'key.create', vault, callBack: false },
    ])
    const { done, said } = await play(plan)
    expect(done.outcome, said.slice(-20).join('\n')).toBe('done')
    const judgement = await judged(plan, done.files)
    expect(judgement.findings).toEqual([])
    await imported(plan, done.files)
  }, 120_000)

  it('signs what people approved with t stations, without one that typed it wrong twice', async () => {
    const plan = await plannedRelease()
    const request = plan.plan.requests[0]?.request ?? parseDigest('')
    const typed = (node: string) => (what: Asked) => {
      return node === 'node-1' && what === 'tail' ? '000000' : undefined
    }
    const { done, said, seats } = await play(plan, typed)
    expect(done, said.slice(-20).join('\n')).toMatchObject({ outcome: 'done', exceptions: 1 })
    const judgement = await judged(plan, done.files)
    expect(judgement.findings).toEqual([])
    expect(judgement.exceptions).toMatchObject([
      { step: 'S-6', happened: expect.stringMatching(/^node-1: CEREMONY: .* typed wrong twice/) },
    ])
    expect(seats.get('node-1')?.said.join('\n')).not.toContain('confirmed, open, epoch 1')
    expect(seats.get('node-2')?.said.join('\n')).toContain('confirmed, open, epoch 1')
    await imported(
      plan,
      done.files,
      judgement.exceptions.map(({ line }) => line),
    )
    const signed = (await house.lines()).find(({ type }) => type === 'sign.completed')
    expect(signed?.body).toMatchObject({ intent: request })
    await house.until('broadcast', async () => (await house.state(request)) !== 'SIGNING')
    expect(house.chain.sent).toHaveLength(1)
  }, 120_000)

  it('begins no session of a confirmation that a station which was started again has lost', async () => {
    const plan = await plannedRelease()
    let isOver = false
    let room: Sat | undefined
    const typed = (node: string) => (_: Asked, question: string) => {
      if (node !== 'room' || !question.startsWith('S-7') || isOver || room === undefined) return
      isOver = true
      // Of three, two sign: one of these at least.
      const [here] = [room]
      return here
        .again('node-1')
        .then(() => here.again('node-2'))
        .then(() => undefined)
    }
    const { done, said } = await play(plan, typed, (sat) => {
      room = sat
    })
    expect(done.outcome, said.slice(-20).join('\n')).toBe('done')
    const judgement = await judged(plan, done.files)
    expect(judgement.findings).toEqual([])
    const told = judgement.exceptions.map(({ happened }) => happened)
    expect(told).toContain('a confirmation is of a session that is over')
    await imported(
      plan,
      done.files,
      judgement.exceptions.map(({ line }) => line),
    )
  }, 120_000)

  it('goes on where the lines end when the Record station was started again', async () => {
    const plan = await plannedRelease()
    const dies = (node: string) => (_: Asked, question: string) => {
      if (node === 'room' && question.startsWith('S-7')) throw new Error('power')
      return undefined
    }
    await expect(play(plan, dies)).rejects.toThrow('power')
    const { done, said } = await play(plan)
    expect(done.outcome, said.slice(-20).join('\n')).toBe('done')
    const judgement = await judged(plan, done.files)
    expect(judgement.findings).toEqual([])
    expect(said.filter((line) => line.startsWith('O-')).length).toBe(0)
    await imported(
      plan,
      done.files,
      judgement.exceptions.map(({ line }) => line),
    )
  }, 120_000)

  it('leaves no PIN on a card, in a Record or on a screen', async () => {
    const plan = await plannedRelease()
    const { done, seats, said } = await play(plan)
    const screens = [...said, ...[...seats.values()].flatMap((one) => one.said)].join('\n')
    const kept = readdirSync(stage.path, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => readFileSync(join(entry.parentPath, entry.name)))
    const all = Buffer.concat([...kept, ...done.files.values(), Buffer.from(screens)])
    const forms = (word: string) => {
      const bytes = Buffer.from(word)
      return [word, bytes.toString('hex'), bytes.toString('base64').replace(/=*$/, '')]
    }
    const hits = (word: string) => forms(word).filter((form) => all.includes(form)).length
    expect([hits(stagePin), hits('words of the request') > 0]).toEqual([0, true])
    const { exceptions } = await judged(plan, done.files)
    await imported(
      plan,
      done.files,
      exceptions.map(({ line }) => line),
    )
  }, 120_000)

  it('ends well when somebody stops it, and brings no signature home', async () => {
    const plan = await plannedRelease()
    let room: Sat | undefined
    const typed = (node: string) => (_: Asked, question: string) => {
      if (node === 'room' && question.startsWith('S-4')) {
        room?.seats.get('node-2')?.performer.stop('I do not know this recipient')
      }
      return undefined
    }
    const { done, said } = await play(plan, typed, (sat) => {
      room = sat
    })
    expect(done.outcome, said.slice(-20).join('\n')).toBe('aborted')
    const judgement = await judged(plan, done.files)
    expect(judgement.findings).toEqual([])
    expect(judgement.exceptions).toMatchObject([
      { happened: 'node-2: I do not know this recipient', decided: 'the ceremony is stopped' },
    ])
    await imported(
      plan,
      done.files,
      judgement.exceptions.map(({ line }) => line),
    )
    const types = (await house.lines()).map(({ type }) => type)
    expect(types).toContain('ceremony.aborted')
  }, 120_000)
})
