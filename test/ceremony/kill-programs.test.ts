// Whole programs that die: in sittings of real processes, one of each kind, the program of a Station
// or of the Record station is killed as power does, and started again by the same words. Nobody tells
// them where they were; in a last one the Record station does not come back. In CI at steps of which each has a reason; with every case everybody's
// program at every step, in houses of their own.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { stepsFor } from '../../policy/ceremony/script.ts'
import type { RehearsalKind } from '../../signer-node/ceremony/rehearsal-people.ts'
import { sayAside } from '../../signer-node/ceremony/said-aside.ts'
import { anvilInstalled } from '../kit/anvil.ts'
import { isEvery } from '../kit/every-case.ts'
import { Deaths, type Floor } from '../kit/program-deaths.ts'
import { ProgramHouse } from '../kit/program-house.ts'
import { ProgramRoom } from '../kit/program-room.ts'

const stations = ['station-1', 'station-2', 'station-3']

/** Whose program dies at the first line of which step. */
type Dying = Readonly<Record<string, string>>

const some: Readonly<Record<RehearsalKind, Dying>> = {
  // Ready; words that all confirm; Seals written, a share wiped, the spare token in; the last line.
  genesis: {
    ...{ 'O-5': 'station-1', 'G-2': 'record', 'G-6': 'station-2', 'G-7': 'record' },
    ...{ 'G-8': 'station-3', 'C-4': 'station-2' },
  },
  // Confirmed and not drawn; drawn, so that a session runs; signed, wiped; the Statement owed.
  sign: {
    ...{ 'O-5': 'record', 'S-4': 'station-1', 'S-7': 'record', 'S-9': 'station-2' },
    ...{ 'S-11': 'record', 'C-3': 'station-3', 'C-4': 'station-1' },
  },
  reshare: {
    ...{ 'O-8': 'record', 'R-5': 'station-1', 'R-8': 'station-3', 'R-9': 'record' },
    ...{ 'R-10': 'station-2', 'C-4': 'record' },
  },
  drill: {
    ...{ 'D-4': 'record', 'D-7': 'station-2', 'D-8': 'record', 'D-10': 'station-1' },
    ...{ 'D-13': 'station-3', 'D-15': 'record', 'C-4': 'station-3' },
  },
}

const plays = isEvery ? ['some', 'record', ...stations] : ['some']

interface Line {
  readonly step: string
  readonly type: string
  readonly body: Readonly<Record<string, string>>
}

const linesOf = (file: string): readonly Line[] =>
  readFileSync(file, 'utf8')
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line))

const bodiesOf = (lines: readonly Line[], type: string) =>
  lines.filter((one) => one.type === type).map(({ body }) => body)

/** In their order, each once in a row. */
const orderOf = (lines: readonly Line[]): string =>
  lines
    .map(({ step }) => step)
    .filter((step, at, all) => step !== all[at - 1])
    .join(' ')

describe.runIf(anvilInstalled).each(plays)(
  'programs of which one dies again and again: %s',
  (who) => {
    let house: ProgramHouse
    const floors = new Map<string, Floor>()
    beforeAll(async () => {
      house = await ProgramHouse.bare('kill-programs')
    }, 600_000)
    afterAll(() => house[Symbol.asyncDispose](), 60_000)

    /** To its end, found good by a stranger, and imported. */
    async function died(kind: RehearsalKind) {
      const sitting = await house.prepared(kind, kind)
      const { plan, bundleOut } = sitting.prepared
      using room = new ProgramRoom({ outside: house.outside, ...sitting, ports: house.ports })
      using deaths = new Deaths(house, sitting, room, floors)
      const answer = await room.play(async (step) => {
        const name = who === 'some' ? some[kind][step] : who
        if (name !== undefined) await deaths.of(name, step)
      })
      await room.over()
      const told = deaths.all.join(', ')
      expect(answer, told).toMatchObject({ outcome: 'done' })
      expect(await deaths.over(), told).toEqual([])
      const lines = linesOf(join(bundleOut, 'record.jsonl'))
      const written = stepsFor(plan.plan).filter(({ id }) => lines.some(({ step }) => step === id))
      const planned = who === 'some' ? Object.keys(some[kind]) : written.map(({ id }) => id)
      const isDealing = (one: string): boolean => one.startsWith('dealing ')
      expect(deaths.all.filter((one) => !isDealing(one)).map((one) => one.split(' ')[0])).toEqual(
        planned,
      )
      // One session of each request came to an end, and nobody has two signatures of it.
      expect(new Set(bodiesOf(lines, 'session.done').map(({ session }) => session)).size).toBe(1)
      const signatures = bodiesOf(lines, 'signature.made').map(({ signature }) => signature)
      expect(new Set(signatures).size).toBe(kind === 'sign' || kind === 'drill' ? 1 : 0)
      const home = await house.outside.after(sitting.prepared)
      expect(home.verdict, told).toBe('OK')
      const decided = bodiesOf(lines, 'exception').map(({ decided: what }) => what)
      return { deaths, home, decided, order: orderOf(lines) }
    }

    it('make one key, and keep no Seal that not everybody confirmed', async () => {
      const { deaths, home, decided } = await died('genesis')
      expect(home.lines).toEqual(['key.created', ...Array(3).fill('key.backup-tested')])
      expect(deaths.all.filter((one) => one.startsWith('dealing '))).toHaveLength(1)
      expect(deaths.orphans).toBeGreaterThan(0)
      expect(decided).toContain('once more from its beginning')
    }, 900_000)

    it('sign all the same, by a Record that holds, in a new session', async () => {
      const { home, order } = await died('sign')
      expect(home.lines).toEqual(['sign.completed'])
      // What ran when its Record station died is over: everybody confirmed anew, for another session.
      if (who === 'some' || who === 'record') expect(order).toContain('S-8 S-6 S-7 S-8')
    }, 900_000)

    it('deal the key anew once, from the beginning', async () => {
      const { deaths, home, decided } = await died('reshare')
      expect(home.lines).toEqual(['key.refreshed', ...Array(3).fill('key.backup-tested')])
      expect(deaths.all.filter((one) => one.startsWith('dealing '))).toHaveLength(1)
      expect(decided).toContain('once more from its beginning')
    }, 900_000)

    it('prove the key once, and leave no Seal of what is over', async () => {
      const { home, order } = await died('drill')
      expect(home.lines).toEqual(['key.proved'])
      if (who === 'some' || who === 'record') expect(order).toContain('D-9 D-7 D-8 D-9')
      const seals = house.outside.stations.flatMap(({ mediumA, mediumB }) =>
        [mediumA, mediumB].map((medium) => readdirSync(join(medium, 'keyshares'))),
      )
      // The last try of its dealing is the epoch in force.
      expect(new Set(seals.flat()).size, seals.join()).toBe(1)
      expect(seals.map((names) => names.length)).toEqual(seals.map(() => 1))
    }, 900_000)

    it('ends each Station alone, with an exit of its own, when the Record station is lost', async () => {
      const sitting = await house.prepared('sign', 'lost')
      using room = new ProgramRoom({ outside: house.outside, ...sitting, ports: house.ports })
      // Shares are held: everybody has confirmed.
      const lost = room.play(async (step) => {
        if (step === 'S-7') await room.lose('record')
      })
      await expect(lost).rejects.toThrow('after S-7')
      for (const { node, socket } of house.outside.stations) {
        const card = join(socket.directory, '../card')
        const happened = 'the Record station will not come back'
        sayAside(card, '1', { kind: 'stop', expected: '', happened, decided: '' })
        expect(await room.ended(node)).toMatch(/ended with 4: .*"alone":true.*ENDED ALONE/)
      }
    }, 600_000)
  },
)
