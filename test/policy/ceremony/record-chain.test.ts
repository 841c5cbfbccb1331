import { createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import {
  beginRecord,
  follow,
  readRecord,
  recordHead,
  splitRecord,
} from '../../../policy/ceremony/record-chain.ts'
import { requireSeats, type Seats, seatsOf } from '../../../policy/ceremony/record-seats.ts'
import { fromUtf8, toHex, toUtf8 } from '../../../proto/crypto.ts'
import { parseNodeId } from '../../../proto/ids.ts'
import type { JsonObject } from '../../../proto/jcs.ts'
import { limits } from '../../../proto/limits.ts'
import { attempt, isRefusal } from '../../../proto/refusal.ts'
import { testPlan } from '../../kit/planned.ts'
import {
  actor,
  digestOfName,
  everyone,
  fileOf,
  genesisBody,
  lineOf,
  type Said,
  Scribe,
  seats,
  stationSeat,
  tokenKey,
} from '../../kit/record.ts'
import { refusedWith } from '../../kit/refused.ts'

const some = digestOfName('some')
const done: Said = {
  by: 'custodian/ana',
  type: 'step.done',
  body: { confirmed: ['olga'], noted: [] },
}

function because(work: () => unknown): string {
  const result = attempt(work)
  return isRefusal(result) ? result.because : 'accepted'
}

const opening = new Scribe().open()

/** What the next line after the opening is refused with. */
function answerTo(said: Said, scribe: Scribe = opening): string {
  return because(() => follow(scribe.state, lineOf(scribe.state, said)))
}

describe('a Record grows line by line', () => {
  it('takes what the people present say, and ends with its closing', () => {
    const scribe = new Scribe().open().say(done).close()
    const again = readRecord(seats, scribe.file())
    expect(again.lines.length).toBe(everyone.length + 3)
    expect(recordHead(again.state)).toEqual(recordHead(scribe.state))
    expect(again.state.met.size).toBe(everyone.length)
  })

  it('begins with the plan, once', () => {
    expect(because(() => new Scribe().say(done))).toMatch(/record.genesis is line 0/)
    expect(answerTo({ by: 'recorder/rita', type: 'record.genesis', body: genesisBody() })).toMatch(
      /record.genesis is line 0/,
    )
  })

  it('is of this plan, kind, environment and Bundle', () => {
    const others = { plan: some, kind: 'drill', env: 'prod', bundle: some }
    for (const [field, value] of Object.entries(others)) {
      const body = { ...genesisBody(), [field]: value }
      const said: Said = { by: 'recorder/rita', type: 'record.genesis', body }
      expect(because(() => new Scribe().say(said))).toMatch(new RegExp(`^${field}: expected`))
    }
    expect(because(() => new Scribe().open())).toBe('accepted')
  })

  it('says nothing after it was closed', () => {
    expect(answerTo(done, new Scribe().open().close())).toMatch(/closed/)
  })

  it('has every line at its place, on the line before it, and not before it in time', () => {
    const { state } = new Scribe().open()
    const line = (change: object) => lineOf({ ...state, ...change }, done)
    expect(because(() => follow(state, line({ size: state.size + 1 })))).toMatch(/expected seq/)
    expect(because(() => follow(state, line({ prev: some })))).toMatch(/expected prev/)
    expect(answerTo({ ...done, at: 1 })).toMatch(/backwards/)
    expect(because(() => follow(state, line({})))).toBe('accepted')
  })

  it('ends where there is no more room, and can still be closed', () => {
    const last = { ...new Scribe().open().state, size: limits.recordLinesMax - 1 }
    const closing = { by: 'recorder/rita', type: 'record.closed' } as const
    const body = { exceptions: 0, results: some }
    expect(because(() => follow(last, lineOf(last, done)))).toMatch(/room/)
    expect(because(() => follow(last, lineOf(last, { ...closing, body })))).toBe('accepted')
  })
})

describe('who may write a line', () => {
  it('is the custodian by the daily or the spare token of the own station', () => {
    expect(answerTo(done)).toBe('accepted')
    expect(answerTo({ ...done, token: 'ana spare' })).toBe('accepted')
    expect(answerTo({ ...done, token: 'ben daily' })).toMatch(/key .* is not one of custodian\/ana/)
    expect(answerTo({ ...done, token: 'rita daily' })).toMatch(/not one of/)
    expect(answerTo({ ...done, token: 'a stranger' })).toMatch(/not one of/)
  })

  it('is the record station for everybody else', () => {
    expect(answerTo({ ...done, by: 'witness/will' })).toBe('accepted')
    expect(answerTo({ ...done, by: 'witness/will', token: 'ana daily' })).toMatch(/not one of/)
  })

  it('is nobody whose signature fails', () => {
    const { state } = new Scribe().open()
    const text = fromUtf8(lineOf(state, done)) ?? ''
    const other = toUtf8(text.replace('"olga"', '"will"'))
    expect(because(() => follow(state, other))).toMatch(/does not verify/)
  })

  it('is nobody who has no part, is absent, or has left', () => {
    expect(answerTo({ ...done, by: 'witness/ana' })).toMatch(/has no part/)
    const few = everyone.filter((one) => one !== 'custodian/ana')
    expect(answerTo(done, new Scribe().open(few))).toMatch(/not present/)
    const body = { person: 'ana', role: 'custodian' }
    const scribe = new Scribe().open().say({ by: 'recorder/rita', type: 'person.left', body })
    expect(answerTo(done, scribe)).toMatch(/not present/)
    expect(answerTo(done, scribe.came('custodian/ana'))).toBe('accepted')
  })

  it('is of a role that says such things', () => {
    const closing = { exceptions: 0, results: some }
    expect(answerTo({ by: 'custodian/ana', type: 'record.closed', body: closing })).toMatch(
      /not for/,
    )
    const shown = { display: some, request: some }
    expect(answerTo({ by: 'recorder/rita', type: 'request.shown', body: shown })).toMatch(/not for/)
    expect(answerTo({ by: 'custodian/ana', type: 'request.shown', body: shown })).toBe('accepted')
  })
})

describe('what a line may say of others', () => {
  it('is of people who are in the room', () => {
    const few = new Scribe().open(everyone.filter((one) => one !== 'auditor/olga'))
    expect(answerTo(done, few)).toMatch(/olga is named and is not present/)
    const by = 'recorder/rita'
    const comes = (person: string, role: string): Said => ({
      ...{ by, type: 'person.present' },
      body: { how: 'document', person, role },
    })
    expect(answerTo(comes('zoe', 'witness'))).toMatch(/has no part/)
    expect(answerTo(comes('ana', 'custodian'))).toMatch(/present already/)
    const left = { person: 'olga', role: 'auditor' }
    expect(answerTo({ by, type: 'person.left', body: left }, few)).toMatch(/is not present/)
    expect(answerTo({ by, type: 'person.left', body: left })).toBe('accepted')
  })

  it('is no comparison with oneself', () => {
    const read = { by: 'adam', confirmed: ['olga'], digest: some, what: 'build' }
    const said = (body: typeof read): Said => ({
      by: 'administrator/adam',
      type: 'words.read',
      body,
    })
    expect(answerTo(said(read))).toBe('accepted')
    expect(answerTo(said({ ...read, confirmed: ['olga', 'adam'] }))).toMatch(/compares nothing/)
  })

  it('numbers the exceptions, and the closing counts them', () => {
    const exception = (number: number, by = 'adam'): Said => ({
      ...{ by: 'recorder/rita', type: 'exception', step: 'S-3' },
      body: { by, decided: 'go on', expected: 'a lamp', happened: 'none', number },
    })
    expect(answerTo(exception(2))).toMatch(/expected exception 1/)
    expect(answerTo(exception(1, 'zoe'))).toMatch(/zoe is named/)
    const scribe = new Scribe().open().say(exception(1)).say(exception(2))
    const closing = (exceptions: number): Said => ({
      ...{ by: 'recorder/rita', type: 'record.closed' },
      body: { exceptions, results: some },
    })
    expect(answerTo(closing(1), scribe)).toMatch(/expected 2 exceptions/)
    expect(answerTo(closing(2), scribe)).toBe('accepted')
  })
})

describe('an enrolment', () => {
  const bare: Seats = {
    ...{ ...seats, kind: 'enrolment', bundle: '' },
    stations: seats.stations.map((station) => ({ ...station, keys: [] })),
  }
  const enrols = (token: string, place: string, node = 'station-1'): Said => ({
    ...{ by: 'recorder/rita', type: 'token.enrolled', step: 'E-3' },
    body: { card: some, identity: toHex(tokenKey(token)), node, place, serial: 'S-1' },
  })
  const opened = () => new Scribe(bare).open()

  it('lets the record station speak for a custodian until the first token is enrolled', () => {
    expect(answerTo({ ...done, token: 'rita daily' }, opened())).toBe('accepted')
    expect(answerTo(done, opened())).toMatch(/not one of/)
    const one = opened().say(enrols('ana daily', 'daily'))
    expect(answerTo({ ...done, token: 'rita daily' }, one)).toMatch(/not one of/)
    expect(answerTo(done, one)).toBe('accepted')
    const both = one.say(enrols('ana spare', 'spare'))
    expect(answerTo({ ...done, token: 'ana spare' }, both)).toBe('accepted')
  })

  it('enrols a daily token and one spare for a station, each key once', () => {
    const one = opened().say(enrols('ana daily', 'daily'))
    expect(answerTo(enrols('ana spare', 'spare'), opened())).toMatch(/daily token first/)
    expect(answerTo(enrols('other', 'daily'), one)).toMatch(/daily token first/)
    expect(answerTo(enrols('ana daily', 'daily', 'station-2'), one)).toMatch(/key has two seats/)
    expect(answerTo(enrols('x', 'daily', 'station-9'), one)).toMatch(/has no part/)
    expect(answerTo(enrols('ben daily', 'daily', 'station-2'), one)).toBe('accepted')
  })

  it('enrols both tokens of a station anew after an exception, and the wiped ones sign no more', () => {
    const exception = (number: number): Said => ({
      ...{ by: 'recorder/rita', type: 'exception', step: 'E-2' },
      body: { by: 'adam', decided: 'E-y', expected: 'a hidden PIN', happened: 'seen', number },
    })
    const both = opened().say(enrols('ana daily', 'daily')).say(enrols('ana spare', 'spare'))
    // What went wrong before is no reason, and neither is a spare alone.
    const late = opened().say(exception(1)).say(enrols('ana daily', 'daily'))
    expect(answerTo(enrols('ana two', 'daily'), late)).toMatch(/daily token first/)
    expect(answerTo(enrols('ana two', 'daily'), both)).toMatch(/daily token first/)
    both.say(exception(1))
    expect(answerTo(enrols('ana two', 'spare'), both)).toMatch(/daily token first/)
    expect(answerTo(enrols('ana daily', 'daily'), both)).toMatch(/key has two seats/)
    expect(answerTo({ ...done, token: 'ana spare' }, both)).toBe('accepted')
    both.say(enrols('ana two', 'daily'))
    for (const token of ['ana daily', 'ana spare', 'rita daily', 'ben daily', 'a stranger']) {
      expect(answerTo({ ...done, token }, both)).toMatch(/key .* is not one of custodian\/ana/)
    }
    expect(answerTo({ ...done, token: 'ana two' }, both)).toBe('accepted')
    // The excuse was for one time, and no wiped key comes back, to her or to anybody.
    expect(answerTo(enrols('ana three', 'daily'), both)).toMatch(/daily token first/)
    expect(answerTo(enrols('ana spare', 'spare'), both)).toMatch(/key has two seats/)
    expect(answerTo(enrols('ana daily', 'daily', 'station-2'), both)).toMatch(/key has two seats/)
    both.say(enrols('ana spare two', 'spare'))
    expect(answerTo({ ...done, token: 'ana spare two' }, both)).toBe('accepted')
    expect(answerTo(enrols('ana three', 'spare'), both)).toMatch(/daily token first/)
  })

  it('has no Bundle and no head of a log, and every other ceremony has both', () => {
    const begins = (of: Seats, change: JsonObject) => {
      const body = { ...genesisBody(of), ...change }
      return because(() =>
        new Scribe(of).say({ by: 'recorder/rita', type: 'record.genesis', body }),
      )
    }
    expect(begins(bare, {})).toBe('accepted')
    expect(begins(bare, { checkpoint: { root: some, size: 3 } })).toMatch(/neither at an enrolment/)
    expect(begins(seats, { checkpoint: { root: '', size: 0 } })).toMatch(/neither at an enrolment/)
    expect(begins({ ...seats, bundle: '' }, {})).toMatch(/neither at an enrolment/)
  })

  it('happens at an enrolment only', () => {
    expect(answerTo(enrols('new', 'daily'))).toMatch(/at an enrolment only/)
  })
})

describe('the seats of a ceremony', () => {
  it('are one for each person in a role, each station, custodian and key', () => {
    const [first, ...rest] = seats.stations
    const bad: readonly (readonly [Partial<Seats>, RegExp])[] = [
      [{ persons: [...seats.persons, actor('custodian/ana')] }, /person/],
      [{ stations: [...seats.stations, stationSeat(1, 'dora')] }, /station/],
      [{ stations: [...seats.stations, stationSeat(4, 'ana')] }, /custodian/],
      [{ recorderKeys: [tokenKey('ana spare')] }, /key/],
      [{ recorderKeys: [] }, /token at the record station/],
      [{ stations: [...seats.stations, stationSeat(4, 'dora')] }, /dora among the persons/],
    ]
    for (const [change, form] of bad) {
      expect(because(() => requireSeats({ ...seats, ...change }))).toMatch(form)
      expect(because(() => beginRecord({ ...seats, ...change }))).toMatch(form)
    }
    expect([first, ...rest].length).toBe(3)
    expect(because(() => requireSeats(seats))).toBe('accepted')
  })
})

describe('a Record on disk', () => {
  const scribe = new Scribe().open().say(done).close()
  const lines = scribe.lines.map(({ bytes }) => bytes)

  it('is refused when a line was taken out, moved, doubled or cut off in the middle', () => {
    const at = lines.length - 2
    const without = lines.filter((_, index) => index !== at)
    const moved = [...lines.slice(0, at - 1), ...[at, at - 1, at + 1].map((i) => lines[i] ?? some)]
    const doubled = [...lines.slice(0, at), ...lines.slice(at - 1)]
    for (const kept of [without, moved, doubled]) {
      const file = fileOf(kept.filter((line): line is Uint8Array => line instanceof Uint8Array))
      expect(because(() => readRecord(seats, file))).toMatch(
        new RegExp(`^line ${at - 1}|^line ${at}`),
      )
    }
    expect(because(() => readRecord(seats, scribe.file()))).toBe('accepted')
  })

  it('is lines that each end in one newline', () => {
    const file = scribe.file()
    expect(because(() => splitRecord(file.subarray(0, -1)))).toMatch(/newline/)
    expect(splitRecord(file).length).toBe(lines.length)
    expect(splitRecord(new Uint8Array(0))).toEqual([])
    expect(because(() => splitRecord(Uint8Array.of(0xff, 0x0a)))).toMatch(/utf-8/)
    const blank = fileOf([...lines.slice(0, 1), new Uint8Array(0)])
    expect(because(() => readRecord(seats, blank))).toMatch(/^line 1/)
  })

  it('is bounded in bytes and lines', () => {
    const bytes = new Uint8Array(limits.recordBytesMax + 1)
    expect(refusedWith(() => splitRecord(bytes))).toBe('TOO_LARGE')
    const many = new Uint8Array(limits.recordLinesMax + 1).fill(0x0a)
    expect(refusedWith(() => splitRecord(many))).toBe('TOO_LARGE')
    expect(splitRecord(many.subarray(1)).length).toBe(limits.recordLinesMax)
  })

  it('has the root that a few lines of hashing give, by nobody but the hash', () => {
    const sha = (...parts: Uint8Array[]) => {
      const hash = createHash('sha256')
      for (const part of parts) hash.update(part)
      return hash.digest()
    }
    const tree = (leaves: readonly Uint8Array[]): Uint8Array => {
      if (leaves.length === 1) return leaves[0] ?? new Uint8Array(0)
      let half = 1
      while (half * 2 < leaves.length) half *= 2
      return sha(Uint8Array.of(1), tree(leaves.slice(0, half)), tree(leaves.slice(half)))
    }
    const leaves = lines.map((line) => sha(Uint8Array.of(0), line))
    const { size, root } = recordHead(scribe.state)
    expect({ size, root }).toEqual({ size: lines.length, root: toHex(tree(leaves)) })
    const chained = scribe.lines
      .slice(1)
      .every(({ prev }, at) => prev === toHex(leaves[at] ?? sha()))
    expect(chained).toBe(true)
  })
})

describe('the seats that a plan gives', () => {
  it('are its people, the called stations with both tokens, and the token of the record', () => {
    const plan = testPlan('sign', { called: [2, 1, 4].map((x) => parseNodeId(`node-${x}`)) })
    const read = { digest: some, plan }
    const of = seatsOf(read, digestOfName('bundle'))
    expect(of.stations.map(({ node, custodian }) => [node, custodian])).toEqual([
      ['node-1', 'ana'],
      ['node-2', 'ben'],
      ['node-4', 'dan'],
    ])
    const [first] = plan.stations
    expect(of.stations[0]?.keys).toEqual([
      first?.tokens?.daily.identity,
      first?.tokens?.spare.identity,
    ])
    expect(of.recorderKeys).toEqual([plan.recordToken.identity])
    expect(because(() => requireSeats(of))).toBe('accepted')
    const enrolment = seatsOf({ digest: some, plan: testPlan('enrolment') }, '')
    expect(enrolment.stations.every(({ keys }) => keys.length === 0)).toBe(true)
  })
})
