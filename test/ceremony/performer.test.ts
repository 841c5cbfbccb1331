// A Station against a Record station that lies, one paper at a time: what it signs, what stops it,
// and what it says again until it is a line. Whole rooms against a lying table are `crooked-hub`.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { p256 } from '@noble/curves/nist.js'
import { afterAll, describe, expect, it } from 'vitest'
import {
  type LinePlace,
  parseRecordLine,
  type RecordDraft,
  signedLine,
  unsignedLine,
} from '../../policy/ceremony/record.ts'
import { draftLine } from '../../policy/ceremony/record-chain.ts'
import { seatsOf } from '../../policy/ceremony/record-seats.ts'
import { turnsOf } from '../../policy/ceremony/script.ts'
import { fromUtf8 } from '../../proto/crypto.ts'
import { type Bench, Performer } from '../../signer-node/ceremony/performer.ts'
import { RecordCopy } from '../../signer-node/ceremony/record-copy.ts'
import { exceptionLine } from '../../signer-node/ceremony/room-desk.ts'
import type { Paper } from '../../signer-node/ceremony/said-papers.ts'
import { readTurnPaper, turnPaper } from '../../signer-node/ceremony/turn-papers.ts'
import { lowS } from '../../signer-node/hsm/low-s.ts'
import { Performance } from '../kit/performed.ts'
import { plannedToken, tokenSecret } from '../kit/planned.ts'
import { RoomStory } from '../kit/room-story.ts'

const home = mkdtempSync(join(tmpdir(), 'custody-performer-'))
afterAll(() => rmSync(home, { recursive: true }))
const story = new RoomStory()
const lines = new Performance(story).lines()
const { plan } = story.plan
const turns = turnsOf(plan)
const [own] = plan.stations
if (own === undefined) throw new Error('a plan has stations')
const t = story.plan.plan.from
let count = 0

/** A Station whose copy goes up to its first line at this step. */
function at(step: string) {
  count += 1
  const before = lines.findIndex((one) => {
    const line = parseRecordLine(one)
    return line.step === step && line.actor.person === own?.custodian
  })
  const record = new RecordCopy(join(home, `${count}.jsonl`), seatsOf(story.plan, story.bundle))
  for (const [seq, one] of lines.slice(0, before).entries()) record.take(seq, one)
  const [said, events]: [Paper[], string[]] = [[], []]
  let withdrawn = 0
  const { type, body } = parseRecordLine(lines[before] ?? new Uint8Array())
  const bench = {
    say: (text: string) => void events.push(text),
    play: async () => ({ drafts: [{ type, body }] }),
    signLine: async (line: RecordDraft, place: LinePlace) => {
      const { serial = '', identity = new Uint8Array() } = own?.tokens?.daily ?? {}
      const unsigned = unsignedLine(line, place, identity)
      return signedLine(unsigned, lowS(p256.sign(unsigned.message, tokenSecret(serial))))
    },
  } as unknown as Bench
  const performer = new Performer({
    ...{ plan: story.plan, own: own!, record, bench },
    station: {
      say: (paper) => void said.push(paper),
      withdraw: () => {
        withdrawn += 1
      },
      seat: 'heard',
    },
    clock: { wallMs: () => t, monotonicMs: () => 0 },
    report: ({ name }) => void events.push(name),
  })
  const turn = turns.findIndex(({ step: { id }, node }) => id === step && node === own?.node)
  const soon = () => new Promise((done) => setTimeout(done, 5))
  const hear = async (paper: Paper): Promise<string[]> => {
    performer.hear(paper)
    await soon()
    return said.splice(0).map(({ kind }) => kind)
  }
  const play = (index = turn, round = 0) =>
    hear(turnPaper('turn', { turn: index, round, signers: [], manifest: '', ended: false }))
  const place = (change: object = {}) => {
    const { size: seq, prev } = record.state
    return hear(turnPaper('place', { turn, round: 0, at: 0, seq, prev, t, ...change }))
  }
  const line = (seq: number, bytes: Uint8Array | undefined) =>
    hear(turnPaper('line', { seq, line: fromUtf8(bytes ?? new Uint8Array()) ?? '' }))
  const next = (of: Parameters<typeof exceptionLine>[2]): Uint8Array => {
    const { actor, type: kind, body: what } = exceptionLine(plan, record.state.exceptions + 1, of)
    const draft = { actor, body: what, step, type: kind as 'exception', t: record.state.t }
    const unsigned = draftLine(record.state, draft, plannedToken('R-0').identity)
    return signedLine(unsigned, lowS(p256.sign(unsigned.message, tokenSecret('R-0'))))
  }
  return {
    performer,
    record,
    said,
    events,
    before,
    hear,
    play,
    place,
    line,
    next,
    turn,
    withdrawn: () => withdrawn,
  }
}

describe('a line at its place', () => {
  it('is signed once, and no other is signed there', async () => {
    const here = at('O-5')
    expect(await here.play()).toEqual(['done'])
    expect(await here.place()).toEqual(['signed'])
    expect(await here.place({ t: t + 1_000 })).toEqual([])
    expect(here.events).toContain('line-refused')
  })

  it.each([
    ['of another draft', { at: 1 }],
    ['of another turn', { turn: 0 }],
    ['of another time it was played', { round: 1 }],
    ['at another place', { seq: 9_999 }],
    ['on another line', { prev: 'ab'.repeat(32) }],
    ['far from the clock', { t: t + 3_600_000 }],
  ])('is not signed %s, and the right one is all the same', async (_, change) => {
    const here = at('O-5')
    await here.play()
    expect(await here.place(change)).toEqual([])
    expect(await here.place()).toEqual(['signed'])
  })

  it('is not signed before its turn was played, nor after a stop', async () => {
    const here = at('O-5')
    expect(await here.place()).toEqual([])
    await here.play()
    await here.hear(turnPaper('stop', { because: 'fire' }))
    expect([await here.place(), here.performer.isStopped]).toEqual([[], true])
  })
})

describe('a line that comes', () => {
  it('before those that it follows is asked for once, and then kept in order', async () => {
    const here = at('O-5')
    here.performer.greet()
    expect(here.said.splice(0).map(({ kind }) => kind)).toEqual(['have'])
    // Sent by one who has not heard yet how far this copy goes.
    expect(await here.line(here.before + 2, lines[here.before + 2])).toEqual([])
    expect(await here.line(here.before, lines[here.before])).toEqual([])
    expect(await here.line(here.before + 2, lines[here.before + 2])).toEqual(['have'])
    expect(await here.line(here.before + 3, lines[here.before + 3])).toEqual([])
    for (const more of [1, 2]) await here.line(here.before + more, lines[here.before + more])
    expect([here.record.state.size, here.performer.isStopped]).toEqual([here.before + 3, false])
  })

  it('twice changes nothing; another one at its place stops this Station (X-14)', async () => {
    const here = at('O-5')
    await here.line(here.before - 1, lines[here.before - 1])
    expect(here.performer.isStopped).toBe(false)
    await here.line(here.before - 1, lines[here.before])
    expect([here.performer.isStopped, here.withdrawn()]).toEqual([true, 1])
    expect(here.events).toContain(
      `REFUSED RECORD: line ${here.before - 1}: this copy has another one (X-14)`,
    )
    expect(await here.play()).toEqual([])
  })
})

describe('a turn', () => {
  it('of another station, or before its time, is answered with no', async () => {
    const here = at('O-5')
    const other = turns.findIndex(({ step: { id }, node }) => id === 'O-5' && node !== own?.node)
    const later = turns.findIndex(({ step: { id }, node }) => id === 'S-6' && node === own?.node)
    expect(await here.play(other)).toEqual(['failed'])
    expect(await here.play(later)).toEqual(['failed'])
    expect(await here.play()).toEqual(['done'])
  })

  it('of the closing, or played again, takes back what was confirmed', async () => {
    const here = at('O-5')
    await here.play()
    expect(here.withdrawn()).toBe(0)
    await here.play(here.turn, 1)
    expect(here.withdrawn()).toBe(1)
    const because = { expected: 'quiet', happened: 'fire', decided: 'the ceremony is stopped' }
    await here.line(here.record.state.size, here.next(because))
    const closing = turns.findIndex(({ step: { id } }) => id.startsWith('C-'))
    expect(await here.play(closing)).toEqual(['done'])
    expect(here.withdrawn()).toBe(2)
  })
})

describe('a note', () => {
  const bell = { expected: 'quiet', happened: 'a bell', decided: 'go on' }

  it('is said anew whenever this Station sits down, until it is a line, and then forgotten', async () => {
    const here = at('O-5')
    const written: string[] = []
    here.performer.note('1-000.json', bell, () => void written.push('written'))
    // Its stream is cut as it leaves, and dialled anew.
    here.performer.greet()
    expect(here.said.splice(0).map(({ kind }) => kind)).toEqual(['note', 'have', 'note'])
    const other = { ...bell, happened: `${own?.node}: another bell` }
    await here.line(here.record.state.size, here.next(other))
    expect(written).toEqual([])
    await here.line(
      here.record.state.size,
      here.next({ ...bell, happened: `${own?.node}: a bell` }),
    )
    expect(written).toEqual(['written'])
    here.performer.greet()
    expect(here.said.splice(0).map(({ kind }) => kind)).toEqual(['have'])
  })

  it('has one id over all times that it is said', async () => {
    const here = at('O-5')
    here.performer.note('1-000.json', bell, () => {})
    here.performer.greet()
    const notes = here.said.filter(({ kind }) => kind === 'note')
    expect(notes.map((one) => readTurnPaper('note', one).id)).toEqual(['1-000.json', '1-000.json'])
  })
})

describe('the end of a Station', () => {
  const over = async ({ performer }: ReturnType<typeof at>): Promise<boolean> =>
    await Promise.race([
      performer.over.then(() => true),
      new Promise<false>((no) => setTimeout(() => no(false), 20)),
    ])

  it('comes by the word of the Record station alone, however often this one sat down', async () => {
    const here = at('O-5')
    await here.hear(turnPaper('over', {}))
    expect(await over(here)).toBe(false)
    for (const [seq, one] of lines.entries()) here.record.take(seq, one)
    here.performer.greet()
    here.performer.greet()
    expect(here.said.map(({ kind }) => kind)).toEqual(['have', 'have'])
    expect(here.events.filter((one) => one.startsWith('the Record is closed'))).toHaveLength(1)
    expect(await over(here)).toBe(false)
    await here.hear(turnPaper('over', {}))
    expect(await over(here)).toBe(true)
  })

  it('waits for the lines that its copy lacks, which it asks for when all is over', async () => {
    const here = at('S-11')
    expect(await here.hear(turnPaper('over', {}))).toEqual(['have'])
    for (let seq = here.before; seq < lines.length; seq += 1) {
      expect(await over(here)).toBe(false)
      expect(await here.line(seq, lines[seq])).toEqual([])
    }
    expect([await over(here), here.performer.isAlone]).toEqual([true, false])
    expect(here.record.state.closed).toBeDefined()
  })

  it('is that of who stops here after the last line, and stops nobody else', async () => {
    const [here, there] = [at('O-5'), at('O-5')]
    here.performer.stop('fire')
    expect([here.said.map(({ kind }) => kind), await over(here)]).toEqual([['stop'], false])
    for (const [seq, one] of lines.entries()) there.record.take(seq, one)
    there.performer.stop('home')
    expect([there.said, await over(there)]).toEqual([[], true])
  })
})
