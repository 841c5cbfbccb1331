// The parts of a room one by one: a copy of the Record on a card, the papers that carry turns, the
// lot, and confirmations. That they play a whole ceremony is `performed.test.ts`.
import { appendFileSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { parseRecordLine } from '../../policy/ceremony/record.ts'
import { seatsOf } from '../../policy/ceremony/record-seats.ts'
import { turnsOf } from '../../policy/ceremony/script.ts'
import { parseNodeId } from '../../proto/ids.ts'
import { refuse } from '../../proto/refusal.ts'
import { Confirmations } from '../../signer-node/ceremony/confirmations.ts'
import { drawn } from '../../signer-node/ceremony/lot.ts'
import { type Bench, Performer } from '../../signer-node/ceremony/performer.ts'
import { RecordCopy } from '../../signer-node/ceremony/record-copy.ts'
import { isTurnKind, readTurnPaper, turnPaper } from '../../signer-node/ceremony/turn-papers.ts'
import { Performance } from '../kit/performed.ts'
import { plannedStation, someDigest } from '../kit/planned.ts'
import { refusal } from '../kit/refused.ts'
import { RoomStory } from '../kit/room-story.ts'
import { random } from '../kit/tokens.ts'

const home = mkdtempSync(join(tmpdir(), 'custody-record-'))
afterAll(() => rmSync(home, { recursive: true }))

const story = new RoomStory()
const room = new Performance(story)
const lines = room.lines()
const seats = seatsOf(story.plan, story.bundle)
let copies = 0
const path = (): string => {
  copies += 1
  return join(home, `${copies}.jsonl`)
}

const no = (work: () => unknown): Promise<string> => refusal(Promise.resolve().then(work))
const line = (at: number): Uint8Array => lines[at] ?? new Uint8Array()

describe('a copy of the Record', () => {
  it('keeps each line that follows, and is the same when it is opened again', () => {
    const at = path()
    const copy = new RecordCopy(at, seats)
    for (const [seq, one] of lines.entries()) expect(copy.take(seq, one)).toBe(true)
    expect(copy.take(0, line(0))).toBe(false)
    const again = new RecordCopy(at, seats)
    expect(again.state).toEqual(copy.state)
    expect(again.bytes).toEqual(new Uint8Array(readFileSync(at)))
  })

  it('refuses another line at a place that is taken, and one that comes too early', async () => {
    const copy = new RecordCopy(path(), seats)
    const [first, second, third] = [line(0), line(1), line(2)]
    copy.take(0, first)
    expect(await no(() => copy.take(0, second))).toBe('RECORD: line 0: this copy has another one')
    expect(await no(() => copy.take(2, third))).toBe('RECORD: expected line 1, got 2')
    expect(await no(() => copy.take(1, third))).toMatch(/^RECORD: expected seq 1/)
    expect(copy.take(1, second)).toBe(true)
  })

  it('cuts a torn last line away, and goes on before it', () => {
    const at = path()
    const copy = new RecordCopy(at, seats)
    const [first, second] = [line(0), line(1)]
    copy.take(0, first)
    appendFileSync(at, second.subarray(0, 40))
    const again = new RecordCopy(at, seats)
    expect(again.state.size).toBe(1)
    expect(again.take(1, second)).toBe(true)
    expect(new RecordCopy(at, seats).state.size).toBe(2)
  })
})

describe('papers of turns', () => {
  it('are read as what they are, and as nothing else', async () => {
    const stop = turnPaper('stop', { because: 'I do not know this recipient' })
    expect(readTurnPaper('stop', stop).because).toBe('I do not know this recipient')
    expect([isTurnKind('stop'), isTurnKind('signature')]).toEqual([true, false])
    expect(await no(() => readTurnPaper('line', stop))).toMatch(/^MALFORMED: paper/)
    const bent = { kind: 'stop', content: new TextEncoder().encode('{"because":"x"}') }
    expect(await no(() => readTurnPaper('stop', bent))).toMatch(/^MALFORMED/)
  })

  it('carry drafts that are objects, and sentences without control characters', async () => {
    const done = { turn: 1, round: 0, brought: [] }
    const drafts = [{ type: 'step.done', body: [] as never }]
    expect(await no(() => turnPaper('done', { ...done, drafts }))).toMatch(/an object/)
    expect(await no(() => turnPaper('stop', { because: 'a\nb' }))).toMatch(/^MALFORMED/)
  })
})

describe('a line that a token does not sign', () => {
  it('ends no program: the Station says how far its copy goes, and is asked anew', async () => {
    const { plan } = story.plan
    const [own] = plan.stations
    if (own === undefined) throw new Error('a plan has stations')
    const turns = turnsOf(plan)
    const turn = turns.findIndex(({ step, node }) => step.id === 'O-5' && node === own.node)
    const before = lines.findIndex((one) => parseRecordLine(one).step === 'O-5')
    const record = new RecordCopy(path(), seats)
    for (const [seq, one] of lines.slice(0, before).entries()) record.take(seq, one)
    const { type, body } = parseRecordLine(line(before))
    const papers: string[] = []
    const events: string[] = []
    const bench = {
      say: () => {},
      play: async () => ({ drafts: [{ type, body }] }),
      signLine: async () => refuse('TOKEN_ABSENT', 'no token is in'),
    } as unknown as Bench
    const t = story.plan.plan.from
    const performer = new Performer({
      ...{ plan: story.plan, own, record, bench },
      station: { say: ({ kind }) => void papers.push(kind), withdraw: () => {}, seat: 'heard' },
      clock: { wallMs: () => t, monotonicMs: () => 0 },
      report: ({ name, because }) => void events.push(`${name} ${because}`),
    })
    const soon = () => new Promise((done) => setTimeout(done, 5))
    performer.hear(turnPaper('turn', { turn, round: 0, signers: [], manifest: '', ended: false }))
    await soon()
    const { size: seq, prev } = record.state
    performer.hear(turnPaper('place', { turn, round: 0, at: 0, seq, prev, t }))
    await soon()
    expect(papers).toEqual(['done', 'have'])
    expect(events).toEqual(['line-unsigned TOKEN_ABSENT: no token is in'])
    expect(record.state.size).toBe(before)
  })
})

describe('the end of a sitting', () => {
  const [own] = story.plan.plan.stations
  const told = (size: number) => {
    const record = new RecordCopy(path(), seats)
    for (const [seq, one] of lines.slice(0, size).entries()) record.take(seq, one)
    const heard: string[] = []
    const station = { say: () => {}, withdraw: () => {}, seat: 'heard' } as const
    const bench = { say: (text: string) => void heard.push(text) } as unknown as Bench
    const ports = { clock: { wallMs: () => 0, monotonicMs: () => 0 }, report: () => {} }
    if (own === undefined) throw new Error('a plan has stations')
    const needs = { plan: story.plan, own, station, record, bench, ...ports }
    const performer = new Performer(needs)
    performer.hear(turnPaper('over', {}))
    const pause = new Promise((done) => setTimeout(done, 5, 'it goes on'))
    return Promise.race([performer.over.then(() => 'over'), pause]).then((how) => [how, ...heard])
  }

  it('is believed of the table when the own copy of the Record is closed, and not before', async () => {
    expect(await told(lines.length)).toEqual(['over'])
    const [how, said = ''] = await told(lines.length - 1)
    expect([how, said]).toEqual(['it goes on', expect.stringMatching(/^REFUSED CEREMONY: /)])
  })
})

describe('the lot', () => {
  const ready = [1, 2, 3, 4, 5].map((x) => plannedStation(x))

  it('draws t of those who confirmed, each about as often, ascending by x', () => {
    const count = new Map<string, number>()
    for (let at = 0; at < 600; at += 1) {
      const names = drawn(ready, { t: 3, random, last: new Set() })
      expect(names).toEqual([...names].sort())
      for (const name of names) count.set(name, (count.get(name) ?? 0) + 1)
    }
    expect([...count.values()].reduce((sum, one) => sum + one, 0)).toBe(1_800)
    for (const one of count.values()) expect(Math.abs(one - 360)).toBeLessThan(90)
  })

  it('draws those first who have not signed today, and refuses too few', async () => {
    const last = new Set([1, 2, 3].map((x) => parseNodeId(`node-${x}`)))
    const names = drawn(ready, { t: 3, random, last })
    expect(names.slice(-2)).toEqual(['node-4', 'node-5'])
    const few = ready.slice(0, 2)
    expect(await no(() => drawn(few, { t: 3, random, last }))).toMatch(/^NOT_ENOUGH_SIGNERS/)
  })
})

describe('confirmations', () => {
  it('are for one session, gone with their station, and refused to whoever is out', () => {
    const known = new Confirmations()
    const [one, other] = [someDigest('one'), someDigest('other')]
    for (const node of ['a', 'b']) known.add(one, node)
    known.add(other, 'a')
    known.turnOut(one, 'c')
    expect(known.of(one)).toEqual({ ready: new Set(['a', 'b']), known: 3 })
    expect([known.isOut(one, 'c'), known.isOut(other, 'c'), known.isOut(undefined, 'c')]).toEqual([
      true,
      false,
      false,
    ])
    known.forget('a')
    expect([known.of(one).known, known.of(other).known]).toEqual([2, 0])
    known.use(one)
    expect(known.of(one).ready.size).toBe(0)
  })
})
