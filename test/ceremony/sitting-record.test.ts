// What of a Record a Station names in its acceptances, and which heads of others it takes: over
// Records of a payment and of a first key, as rooms write them, line by line.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { wentOnWithout } from '../../policy/ceremony/begun.ts'
import { parseRecordLine } from '../../policy/ceremony/record.ts'
import { seatsOf } from '../../policy/ceremony/record-seats.ts'
import { type NodeFrame, writeSigned } from '../../proto/frames.ts'
import { parseDigest, parseNodeId } from '../../proto/ids.ts'
import { text } from '../../proto/jcs.ts'
import { limits } from '../../proto/limits.ts'
import { attempt, isRefusal } from '../../proto/refusal.ts'
import { RecordCopy } from '../../signer-node/ceremony/record-copy.ts'
import { SessionWatch } from '../../signer-node/ceremony/session-watch.ts'
import { NamedRecord } from '../../signer-node/ceremony/sitting-record.ts'
import { SessionFiles } from '../../signer-node/ceremony/station-files.ts'
import { type AtTheTable, requireNoRecord, requireRecord } from '../../signer-node/sitting.ts'
import { seated } from '../fuzz/examples.ts'
import { digestNamed } from '../kit/audit-log.ts'
import { framePair } from '../kit/frame-pair.ts'
import { Genesis, GenesisStory } from '../kit/genesis-room.ts'
import { Performance, type Room, type Story, type Uttered } from '../kit/performed.ts'
import { refusedWith } from '../kit/refused.ts'
import { RoomStory } from '../kit/room-story.ts'

const home = mkdtempSync(join(tmpdir(), 'custody-named-'))
afterAll(() => rmSync(home, { recursive: true }))
let files = 0

function why(work: () => unknown): string {
  const done = attempt(work)
  return isRefusal(done) ? done.because : 'accepted'
}

/** A Station that keeps this Record up to a length, and learns more. */
function keeping(room: Room<Story>, lines: readonly Uint8Array[], upTo = lines.length) {
  files += 1
  const { plan, bundle } = room.story
  const copy = new RecordCopy(join(home, `${files}.jsonl`), seatsOf(plan, bundle))
  const grow = (to: number): void => {
    for (let seq = copy.lines.length; seq < to; seq += 1) {
      copy.take(seq, lines[seq] ?? new Uint8Array())
    }
  }
  grow(upTo)
  return { named: new NamedRecord(plan.plan, copy), copy, grow }
}

const paying = new Performance(new RoomStory())
const said = paying.said()
const lines = paying.lines(said)
const [a, b, c] = ['node-a', 'node-b', 'node-c'].map((node) => parseNodeId(node))
const payment: AtTheTable = {
  request: parseDigest(paying.story.request),
  nodes: [a!, b!],
  display: digestNamed('display'),
}
const at = (step: string, nth = 0, of = said): number =>
  of.flatMap((one, place) => (one.step === step ? [place] : []))[nth] ?? -1
const drawn = at('S-7') + 1
const exception = (happened: string, number = 1): Uttered => {
  const body = { by: 'ada', decided: wentOnWithout, expected: 'what the step asks', happened }
  return { by: 'recorder/rita', type: 'exception', step: 'S-6', body: { ...body, number } }
}

describe('the Record that an acceptance of a payment names', () => {
  it('is its head, once everybody has confirmed and the lot was drawn', () => {
    for (const [upTo, because] of [
      [at('S-6'), 'no lot of'],
      [at('S-6', 2), 'no lot of'],
      [drawn - 1, 'no lot of'],
    ] as const) {
      const { named } = keeping(paying, lines, upTo)
      expect(refusedWith(() => named.name(payment))).toBe('CEREMONY X-16')
      expect(why(() => named.name(payment))).toContain(because)
    }
    const { named, copy } = keeping(paying, lines, drawn)
    expect(named.name(payment)).toEqual({ size: drawn, root: copy.rootAt(drawn) })
    expect(copy.rootAt(drawn)).not.toBe(copy.rootAt(drawn - 1))
  })

  it('is of these signers, of this text, and of a request of the plan', () => {
    for (const [change, because] of [
      [{ nodes: [a!, c!] }, 'expected the signers of the lot, node-a, node-b were drawn'],
      [{ nodes: [a!] }, 'got node-a'],
      [{ display: digestNamed('another') }, 'node-a confirmed another text'],
      [{ request: digestNamed('another') }, 'is not of this plan'],
    ] as const) {
      const { named } = keeping(paying, lines, drawn)
      const bent: AtTheTable = { ...payment, ...change }
      expect(refusedWith(() => named.name(bent))).toBe('CEREMONY X-16')
      expect(why(() => named.name(bent))).toContain(because)
    }
  })

  it('lacks nobody who was called, but whom an exception puts out', () => {
    const without = said.filter((_, place) => place !== at('S-6', 2))
    const record = (more: readonly Uttered[]) => {
      const all = [...without.slice(0, at('S-6', 2)), ...more, ...without.slice(at('S-6', 2))]
      const { named } = keeping(paying, paying.lines(all), at('S-7', 0, all) + 1)
      return why(() => named.name(payment))
    }
    expect(record([])).toContain('node-c has not confirmed')
    expect(record([exception('node-b: typed wrong twice')])).toContain('node-c has not confirmed')
    expect(record([exception('node-c: typed wrong twice')])).toBe('accepted')
    const signer = said.filter((_, place) => place !== at('S-6'))
    const out = [
      ...signer.slice(0, at('S-6')),
      exception('node-a: out'),
      ...signer.slice(at('S-6')),
    ]
    const { named } = keeping(paying, paying.lines(out), at('S-7', 0, out) + 1)
    expect(why(() => named.name(payment))).toContain('node-a has not confirmed')
  })

  it('is named for one session: the next one has confirmations and a lot of its own', () => {
    const again = said.slice(at('S-6'), drawn)
    const failed = { ...exception('node-a says VIEW'), step: 'S-8' }
    const twice = [...said.slice(0, drawn), failed, ...again]
    const all = paying.lines(twice)
    const { named, grow } = keeping(paying, all, drawn)
    const first = named.name(payment)
    named.require(payment, first)
    // Neither at the same head, nor for an exception more.
    expect(why(() => named.name(payment))).toContain('since its last session, got')
    grow(drawn + 1)
    expect(refusedWith(() => named.name(payment))).toBe('CEREMONY X-16')
    grow(all.length)
    const second = named.name(payment)
    expect(second.size).toBe(all.length)
    named.require(payment, second)
    // What somebody accepted in the try before.
    expect(refusedWith(() => named.require(payment, first))).toBe('CEREMONY X-16')
    // Also at a Station that was started again, and remembers no session: by the lots alone.
    const anew = keeping(paying, all).named
    expect(anew.name(payment)).toEqual(second)
    expect(refusedWith(() => anew.require(payment, first))).toBe('CEREMONY X-16')
    anew.require(payment, second)
  })
})

describe('a copy of the Record', () => {
  it('takes no line that leaves too little room for the last one in a file that is read', () => {
    const bounds = limits as unknown as { recordBytesMax: number }
    const most = bounds.recordBytesMax
    const { plan, bundle } = paying.story
    const path = join(home, 'large.jsonl')
    const three = lines.slice(0, 3).reduce((sum, line) => sum + line.length + 1, 0)
    bounds.recordBytesMax = three + limits.recordLineBytesMax + 1
    try {
      const copy = new RecordCopy(path, seatsOf(plan, bundle))
      for (const seq of [0, 1, 2]) copy.take(seq, lines[seq]!)
      expect(refusedWith(() => copy.take(3, lines[3]!))).toBe('TOO_LARGE')
      expect([copy.lines.length, copy.state.size]).toEqual([3, 3])
      expect(new RecordCopy(path, seatsOf(plan, bundle)).rootAt(3)).toBe(copy.rootAt(3))
    } finally {
      bounds.recordBytesMax = most
    }
  })
})

describe('the Record that another acceptance names', () => {
  it('is the one that is kept here, up to there', () => {
    const { named, copy } = keeping(paying, lines, drawn)
    const root = copy.rootAt(drawn)
    named.require(payment, { size: drawn, root })
    expect(refusedWith(() => named.require(payment, { size: drawn, root: digestNamed('x') }))).toBe(
      'RECORD X-14',
    )
    // Of another sitting.
    const elsewhere = keeping(paying, paying.lines(said), drawn).copy.rootAt(drawn)
    expect(why(() => named.require(payment, { size: drawn, root: elsewhere }))).toContain(
      'names another Record',
    )
  })

  it('goes no further than the own copy, and stands behind the confirmations', () => {
    const longer = keeping(paying, lines).copy
    const { named, copy } = keeping(paying, lines, drawn)
    const ahead = { size: drawn + 1, root: longer.rootAt(drawn + 1) }
    expect(refusedWith(() => named.require(payment, ahead))).toBe('RECORD X-14')
    for (const size of [1, at('S-6'), drawn - 1]) {
      const early = { size, root: copy.rootAt(size) }
      expect(refusedWith(() => named.require(payment, early))).toBe('CEREMONY X-16')
    }
  })

  it('is named by everybody at a table, and by nobody elsewhere', () => {
    const { named } = keeping(paying, lines, drawn)
    const record = named.name(payment)
    const sitting = { plan: digestNamed('plan'), patience: {} as never, record: named }
    const all = [
      { node: a!, record },
      { node: b!, record },
    ]
    requireRecord(sitting, all, payment)
    const silent = () => requireRecord(sitting, [all[0]!, { node: b! }], payment)
    expect(refusedWith(silent)).toBe('RECORD X-14')
    requireNoRecord([{ node: a! }, { node: b! }])
    expect(refusedWith(() => requireNoRecord([{ node: a! }, all[1]!]))).toBe('VIEW')
  })
})

describe('the Record that an acceptance of a key names', () => {
  const making = new Genesis(new GenesisStory())
  const spoken = making.said()
  const all = making.lines(spoken)
  const key: AtTheTable = { request: making.story.asked.digest, nodes: [a!, b!, c!] }
  const read = at('G-2', 0, spoken) + 1

  it('has every step before, and is a later one at each try', () => {
    expect(refusedWith(() => keeping(making, all, read - 1).named.name(key))).toBe('CEREMONY X-16')
    const missing = why(() => keeping(making, all, read - 1).named.name(key))
    expect(missing).toContain('nothing of G-2 stands in the Record')
    const { named, grow, copy } = keeping(making, all, read)
    expect(named.name(key)).toEqual({ size: read, root: copy.rootAt(read) })
    expect(refusedWith(() => named.name(key))).toBe('CEREMONY X-16')
    grow(read + 1)
    expect(parseRecordLine(all[read] ?? new Uint8Array()).step).toBe('G-4')
    expect(named.name(key).size).toBe(read + 1)
  })
})

describe('the end of a session, as its Station writes it', () => {
  it('names the Record of its acceptance, also where that went out before the turn began', () => {
    const [accepted] = seated['keygenAcceptance'] ?? []
    const signed = {
      credential: a!,
      document: text(accepted!),
      signature: new Uint8Array(64),
    }
    const watch = new SessionWatch(new SessionFiles(join(home, 'sessions')))
    const { send } = watch
      .around({
        ...{ isCarried: true, tick: () => {}, close: () => {} },
        dial: () => framePair().node,
      })
      .dial('table', () => {})
    const [change, keyState] = [digestNamed('change'), digestNamed('key state')]
    send({
      frame: 'accepted',
      accepted: { ticket: new Uint8Array(16), acceptance: writeSigned(signed) },
    })
    // Its custodian had confirmed, and the Record station asks for the turn anew.
    watch.begin(change)
    const of = { sid: new Uint8Array(32), round: 1, from: 'node-a', to: 'node-b' }
    send({ frame: 'envelope', envelope: { ...of, ciphertext: new Uint8Array(9) } } as NodeFrame)
    watch.ears.certified?.({ change, keyState } as never)
    const { drafts } = watch.left(change)
    expect(drafts.at(-1)?.body['head']).toEqual({ size: 33, root: 'ab'.repeat(32) })
  })
})
