// A whole ceremony in one process: the coordinator of a cold log plans and prepares, three real
// Stations with tokens in software and a Record station play the script, people type what people
// would, everything is judged, and what came of it becomes lines of the log.

import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { parseRecordLine } from '../../policy/ceremony/record.ts'
import { splitRecord } from '../../policy/ceremony/record-chain.ts'
import { parseDigest } from '../../proto/ids.ts'
import { writeBundleFiles } from '../../proto/io/bundle-files.ts'
import { wordLines } from '../../proto/words.ts'
import type { Conductor } from '../../signer-node/ceremony/conductor.ts'
import {
  recordPath,
  type SeatPorts,
  seatStation,
} from '../../signer-node/ceremony/seated-station.ts'
import type { Asked } from '../../signer-node/ceremony/station-acts.ts'
import { turnPaper } from '../../signer-node/ceremony/turn-papers.ts'
import { Hsm } from '../../signer-node/hsm/hsm.ts'
import { made } from '../../signer-node/places.ts'
import { askedOf, board } from '../coordinator/cold-house.ts'
import { refusal } from '../kit/refused.ts'
import {
  broughtHome,
  imported,
  judged,
  planned,
  plannedRelease,
  plannedReleases,
  play,
  type Sat,
  sit,
  stage,
  staged,
  theHouse,
  theMain,
  theStations,
} from '../kit/room-played.ts'
import { curve, type Enrolled, stagePin } from '../kit/room-stage.ts'
import { random, secretPin } from '../kit/tokens.ts'

staged()

async function floorsOf({ socket, planned: { tokens } }: Enrolled, which: 'daily' | 'spare') {
  socket.plug(which)
  const serial = tokens?.[which].serial ?? ''
  await using hsm = await Hsm.open({ ...socket.slot, serial }, { random })
  using pin = secretPin(stagePin)
  await hsm.login(pin, false)
  const floors = await hsm.floors()
  socket.plug(undefined)
  return floors
}

describe('a ceremony', () => {
  it('makes the key of a cold vault, from the plan to the log', async () => {
    const { vault } = askedOf(theHouse().clock, 'cold')
    const create = await theHouse().ask({
      ...askedOf(theHouse().clock, 'cold'),
      op: 'key.create',
      terms: {},
    })
    await theHouse().approve(create, ...board)
    await theHouse().until('allowed', async () => (await theHouse().state(create)) === 'WAITING')
    const plan = await planned('genesis', [
      { request: create, op: 'key.create', vault, callBack: false },
    ])
    const { done, said, seats } = await play(plan, (node) => (what, question) => {
      return node === 'room' && what === 'go' && question.startsWith('G-3') ? 'yes' : undefined
    })
    expect(done.outcome, said.slice(-20).join('\n')).toBe('done')
    const judgement = await judged(plan, done.files)
    expect(judgement.findings).toEqual([])
    // The head of the main log that the Bundle brought: shown, compared with the auditor's paper,
    // and remembered by the Token.
    const { size, root } = theMain().seen()
    const spoken = ['lines', ...wordLines(parseDigest(root), 16)].join('\n  ')
    const shown = `words of the main-log: ${size} ${spoken}`
    for (const seat of seats.values()) expect(seat.said).toContain(shown)
    for (const station of theStations()) {
      const floors = await floorsOf(station, 'spare')
      expect(floors.map(({ main }) => main)).toEqual([theMain().seen()])
    }
    const exported = (await theHouse().lines()).find(({ type }) => type === 'ceremony.exported')
    expect(exported?.body).toMatchObject({ main: theMain().seen() })
    const thrown = splitRecord(done.files.get('record.jsonl') ?? new Uint8Array()).flatMap(
      (one) => {
        const line = parseRecordLine(one)
        return line.step === 'G-3' && line.type === 'step.done' ? [line.body.noted] : []
      },
    )
    expect(thrown).toEqual([1, 2, 3].map(() => ['os', 'token', 'dice']))
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
    const signed = (await theHouse().lines()).find(({ type }) => type === 'sign.completed')
    expect(signed?.body).toMatchObject({ intent: request })
    await theHouse().until('broadcast', async () => (await theHouse().state(request)) !== 'SIGNING')
    expect(theHouse().chain.sent).toHaveLength(1)
  }, 120_000)

  it('holds a share from its confirmation to the wiping of its request, and signs again with it', async () => {
    const plan = await plannedReleases(2)
    const [vault] = plan.plan.vaults
    let room: Sat | undefined
    const atTail: (readonly string[])[] = []
    const atEnd: (readonly string[])[] = []
    const unasked: string[] = []
    const looks = (node: string) => async (what: Asked) => {
      const station = room?.seats.get(node)?.station
      if (station === undefined || vault === undefined) return undefined
      if (what === 'tail') {
        atTail.push(station.status().vaults)
        unasked.push(await refusal(station.wake(vault)))
      }
      if (what === 'agree') {
        atEnd.push(station.status().vaults)
        unasked.push(await refusal(station.wake(vault)))
      }
      return undefined
    }
    const { done, said, seats } = await play(plan, looks, (sat) => {
      room = sat
    })
    expect(done, said.slice(-20).join('\n')).toMatchObject({ outcome: 'done', exceptions: 0 })
    // None since the start; wiped by who signed and by who was not drawn, before the second.
    expect([...atTail, ...atEnd]).toEqual(Array.from({ length: 9 }, () => []))
    // Nor the keys of its Seals: without the token nothing opens it.
    expect(unasked).toHaveLength(9)
    expect(new Set(unasked)).toEqual(new Set([expect.stringMatching(/^SEAL: .* does not open$/)]))
    const told = [...seats.values()].flatMap((seat) => seat.said.map((line) => line.trim()))
    const count = (line: string) => told.filter((one) => one === line).length
    // Beside each request, shown twice at three stations: the first of its address, and the second.
    const all = told.join('\n')
    const beside = (line: RegExp) => [...all.matchAll(line)].length
    expect(beside(/^NONCE +\d+$/gm)).toBe(12)
    expect(beside(/^LIMIT +\S+: \S+ of \S+ \S+ used before, \S+ left$/gm)).toBeGreaterThan(0)
    expect(beside(/^APPROVED +\S+ \S+Z$/gm)).toBeGreaterThanOrEqual(24)
    expect(beside(/^BEFORE +.+ to this address$/gm)).toBe(12)
    expect([count('wiped'), count('not drawn: wiped')]).toEqual([4, 2])
    const judgement = await judged(plan, done.files)
    expect(judgement.findings).toEqual([])
    await imported(plan, done.files)
    const signed = (await theHouse().lines()).flatMap((line) => {
      return line.type === 'sign.completed' ? [line.body.intent] : []
    })
    const asked = plan.plan.requests.map(({ request }) => request)
    expect(signed.slice(-2).sort()).toEqual([...asked].sort())
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
    expect(told).toContain('a confirmation is of a session that is over (X-16)')
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

  it('ends as it was closed when the Record station was started again in the closing', async () => {
    const plan = await plannedRelease()
    let room: Sat | undefined
    let spoken = 0
    const dies = (node: string) => (what: Asked, question: string) => {
      if (node !== 'room') return undefined
      if (question.startsWith('S-4')) room?.seats.get('node-2')?.performer.stop('not this one')
      if (what === 'agree') spoken += 1
      if (what === 'agree' && spoken === 3) throw new Error('power')
      return undefined
    }
    const remembered = (sat: Sat): void => {
      room = sat
    }
    await expect(play(plan, dies, remembered)).rejects.toThrow('power')
    const { done, said } = await play(plan)
    expect(done.outcome, said.slice(-20).join('\n')).toBe('aborted')
    expect(said.join('\n')).toContain('STOPPED: node-2: not this one')
    const judgement = await judged(plan, done.files)
    expect(judgement.findings).toEqual([])
    expect(judgement.exceptions).toHaveLength(1)
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
    await broughtHome(plan, done.files)
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
    const types = (await theHouse().lines()).map(({ type }) => type)
    expect(types).toContain('ceremony.aborted')
  }, 120_000)
})

describe('after the last line', () => {
  it('a Station that is started again sits at the table until it hears that all is over', async () => {
    const plan = await plannedRelease()
    const { done } = await play(plan)
    const [one] = theStations()
    if (one === undefined) throw new Error('a stage has stations')
    const at = (name: string): string => join(stage.path, `again-${name}`)
    writeBundleFiles(at('bundle'), await theHouse().coordinator.ceremonies.bundleIn(plan.digest))
    const card = made(at('card'))
    writeFileSync(recordPath(card, plan.digest), done.files.get('record.jsonl') ?? '')
    one.socket.plug('daily')
    const said: string[] = []
    const pad = { say: () => {}, line: async () => '', secret: async () => secretPin(stagePin) }
    const begun = performance.now()
    const wallMs = () => Math.floor(plan.plan.from + 60_000 + performance.now() - begun)
    const ports = {
      ...{ random, curve, report: () => {}, ready: async () => ({}) },
      ...{ clock: { wallMs, monotonicMs: () => performance.now() } },
      terminal: { pad, say: (text: string) => void said.push(text) },
    } as unknown as SeatPorts
    const media = { a: join(one.home, 'a'), b: join(one.home, 'b') }
    const places = { card, bundle: at('bundle'), media, table: made(at('table')) }
    await using seated = await seatStation({ ...places, slot: one.socket.slot }, ports)
    const isOver = async () =>
      await Promise.race([seated.over.then(() => true), sleep(1_000).then(() => false)])
    expect([await isOver(), seated.record.state.closed !== undefined]).toEqual([false, true])
    expect(said.join()).toContain('this Station stays until the Record station says')
    seated.performer.hear(turnPaper('over', {}))
    expect(await isOver()).toBe(true)
    await broughtHome(plan, done.files)
  }, 120_000)

  it('a stop ends nothing: people are asked about who is away, and go on without it', async () => {
    const plan = await plannedRelease()
    const away = ['node-2', 'node-3']
    const dying = [...away]
    const asked: string[] = []
    const sat = await sit(plan, {
      typed: (node) => async (what, question) => {
        if (node !== 'room' || what !== 'again') return undefined
        asked.push(question)
        if (!question.startsWith('node-3')) return 'no'
        await sat.revive('node-3')
        await sleep(300)
        return 'yes'
      },
    })
    const conductor: Conductor = sat.lead({
      say: (text) => {
        if (text.startsWith('C-5  '))
          for (const node of dying.splice(0)) sat.seats.get(node)?.kill()
        if (text === 'waiting for node-2') conductor.stop('it does not start')
      },
    })
    await sat.come()
    const done = await conductor.run()
    for (const one of sat.seats.values()) one.close()
    expect(done.outcome, sat.said.slice(-20).join('\n')).toBe('done')
    const because = 'no statement: it does not start; once more? (yes or no): '
    expect(asked).toEqual(away.map((node) => `${node}: ${because}`))
    const { findings } = await judged(plan, done.files)
    const [silent] = plan.plan.stations.filter(({ node }) => node === 'node-2')
    expect(findings.map(({ because }) => because)).toEqual([
      expect.stringContaining(silent!.custodian),
    ])
  }, 120_000)
})
