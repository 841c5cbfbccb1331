// What a crooked Station, an impatient person or a full card does to a room: its own part is
// refused and stands in the Record, and the room goes on or ends in words; no program dies of it.
import { appendFileSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { p256 } from '@noble/curves/nist.js'
import { afterAll, describe, expect, it } from 'vitest'
import type { Plan } from '../../policy/ceremony/plan.ts'
import { type Actor, keyName } from '../../policy/ceremony/record.ts'
import type { RecordState } from '../../policy/ceremony/record-chain.ts'
import { seatsOf } from '../../policy/ceremony/record-seats.ts'
import { statementMessage, statementText } from '../../policy/ceremony/statement.ts'
import { toHex } from '../../proto/crypto.ts'
import { parseNodeId } from '../../proto/ids.ts'
import type { JsonObject } from '../../proto/jcs.ts'
import { limits } from '../../proto/limits.ts'
import { Conductor, type ConductorNeeds } from '../../signer-node/ceremony/conductor.ts'
import { Ask } from '../../signer-node/ceremony/hub-ask.ts'
import { RecordCopy } from '../../signer-node/ceremony/record-copy.ts'
import { type ClosingNeeds, RoomClosing } from '../../signer-node/ceremony/room-closing.ts'
import { type Note, RoomNotes } from '../../signer-node/ceremony/room-notes.ts'
import { RoomResults } from '../../signer-node/ceremony/room-results.ts'
import type { Failure } from '../../signer-node/ceremony/said-papers.ts'
import { lowS } from '../../signer-node/hsm/low-s.ts'
import { tablePatience } from '../../signer-node/sitting.ts'
import { Performance } from '../kit/performed.ts'
import { someDigest } from '../kit/planned.ts'
import { actor, Scribe, seats } from '../kit/record.ts'
import { refusal } from '../kit/refused.ts'
import { RoomStory } from '../kit/room-story.ts'
import { secretOf } from '../kit/token-card.ts'

const home = mkdtempSync(join(tmpdir(), 'custody-attack-'))
afterAll(() => rmSync(home, { recursive: true }))

const people = [
  { person: 'adam', role: 'administrator' },
  { person: 'rita', role: 'recorder' },
]
const stations = [
  { node: 'station-1', custodian: 'ana' },
  { node: 'station-2', custodian: 'ben' },
]
const plan = { people, stations, called: ['station-1', 'station-2'] } as unknown as Plan

/** Of whoever signs with this token. */
function statementOf(by: Actor, token: string): JsonObject {
  const document = statementText({
    ...{ org: 'acme', env: 'test', plan: someDigest('plan'), exceptions: 0, because: '' },
    ...{ actor: by, verdict: 'agree', bundle: someDigest('bundle') },
    ...{ record: { root: someDigest('root'), size: 9 }, from: 1_000_000, until: 2_000_000 },
  } as Parameters<typeof statementText>[0])
  const message = statementMessage(document)
  const signature = lowS(p256.sign(message, secretOf(token)))
  const name = keyName(p256.getPublicKey(secretOf(token), false))
  return { by: 'token', name, document, signature: toHex(signature) }
}

describe('what a Station brings home', () => {
  const results = new RoomResults(join(home, 'results'), someDigest('plan'))
  const { state } = new Scribe(seats).open()
  const closing = new RoomClosing({
    ...{ results, record: { state } },
    log: { bundle: { plan: { plan } } },
  } as unknown as ClosingNeeds)
  const ana = actor('custodian/ana')

  it('is the Statement of its own custodian', () => {
    expect(closing.bring('station-1', [statementOf(ana, 'ana daily')])).toBe('')
    expect(results.statements).toHaveLength(1)
  })

  it.each([
    ['of another station', 'station-2', () => statementOf(ana, 'ana daily'), /^CEREMONY/],
    ['that another token signed', 'station-1', () => statementOf(ana, 'ben daily'), /^RECORD/],
    [
      'of a person without a station',
      'station-1',
      () => statementOf(actor('auditor/olga'), 'ana daily'),
      /^RECORD/,
    ],
    ['that is none', 'station-1', () => ({ by: 'token', document: 'x' }), /^MALFORMED/],
    ['by a credential', 'station-1', () => ({ by: 'credential' }), /^MALFORMED/],
    [
      'with a result that is no line',
      'station-1',
      () => ({ type: 'key.backup-tested', body: { vault: 7 } }),
      /^RECORD|^MALFORMED/,
    ],
  ] as const)('is refused %s, and what there was stays', (_, node, made, refused) => {
    const before = results.encode()
    expect(closing.bring(node, [made()])).toMatch(refused)
    expect(results.statements.map(({ name }) => name)).toEqual([
      keyName(seats.stations[0]!.keys[0]!),
    ])
    expect(results.encode()).toEqual(before)
  })
})

describe('a note', () => {
  const note = (happened: string, written?: () => void): Note => {
    return { expected: 'quiet', happened, decided: 'go on', ...(written ? { written } : {}) }
  }
  const before: RecordState = new Scribe(seats).state
  const during: RecordState = new Scribe(seats).open().state
  const after: RecordState = new Scribe(seats).open().close().state

  it('waits until those are there who write and decide, and is due once', () => {
    const notes = new RoomNotes(() => {})
    notes.add(note('a bell'))
    expect(notes.due(before, plan)).toEqual([])
    expect(notes.due(during, plan).map(({ happened }) => happened)).toEqual(['a bell'])
    expect(notes.due(during, plan)).toEqual([])
  })

  it('after the last line is told, for the paper, and is no line', () => {
    const [told, done]: [string[], string[]] = [[], []]
    const notes = new RoomNotes((text) => void told.push(text))
    notes.add(note('a bell', () => void done.push('forgotten')))
    expect(notes.due(after, plan)).toEqual([])
    expect([told, done]).toEqual([
      ['the Record is closed; write it on paper: a bell'],
      ['forgotten'],
    ])
  })

  it('finds room for as many as wait, and the next one is told', () => {
    const told: string[] = []
    const notes = new RoomNotes((text) => void told.push(text))
    for (let at = 0; at <= limits.roomNotesMax; at += 1) notes.add(note(`bell ${at}`))
    expect(notes.due(during, plan)).toHaveLength(limits.roomNotesMax)
    expect(told).toEqual([`too many notes at once, not taken: bell ${limits.roomNotesMax}`])
  })
})

describe('a room that is stopped', () => {
  const story = new RoomStory()
  const room = new Performance(story)

  it('before its recorder sat says so, writes no line and closes nothing', async () => {
    const said: string[] = []
    const record = new RecordCopy(join(home, 'none.jsonl'), seatsOf(story.plan, story.bundle))
    const conductor = new Conductor({
      ...{ record, results: new RoomResults(join(home, 'none'), story.plan.digest) },
      ...{ log: { bundle: { plan: story.plan } }, hub: { onPaper: () => {}, stop: () => {} } },
      desk: { say: (text: string) => void said.push(text) },
    } as unknown as ConductorNeeds)
    conductor.stop('fire')
    expect(await refusal(conductor.run())).toBe('CEREMONY: stopped before the recorder sat: fire')
    expect([record.state.size, said]).toEqual([0, ['STOPPED: fire']])
  })

  it('of a card that tore a line goes on with whole lines, then and when it is read again', () => {
    const at = join(home, 'torn.jsonl')
    const seats = seatsOf(story.plan, story.bundle)
    const copy = new RecordCopy(at, seats)
    const [first, second, third] = room.lines()
    copy.take(0, first!)
    // As a write that found no room leaves it.
    appendFileSync(at, second!.subarray(0, 40))
    expect(copy.bytes.at(-1)).toBe(0x0a)
    copy.take(1, second!)
    copy.take(2, third!)
    expect(new RecordCopy(at, seats).state).toEqual(copy.state)
  })
})

describe('a session', () => {
  const [ticket, other] = [new Uint8Array(16).fill(7), new Uint8Array(16).fill(8)]
  const failure = { ticket, reason: 'ot-extension', remedy: 'ban', culprit: parseNodeId('node-b') }
  const asked = () =>
    new Ask<string>(
      { ticket, nodes: ['node-a', 'node-b'], finishers: ['node-a', 'node-b'] },
      {
        ...{ nowMs: () => 0, isFresh: false, start: () => {} },
        patience: tablePatience({ roundS: 5, sessionS: 10 }),
      },
    )
  const accused = (ask: Ask<string>, by: string, change: object = {}) =>
    ask.accuse(by, { ...failure, ...change } as Failure)

  it('ends at once when a Station names one at fault, told as the word of that Station', async () => {
    const ask = asked()
    accused(ask, 'node-a')
    accused(ask, 'node-b', { culprit: 'node-a' })
    const [reason, remedy, culprit] = ['ot-extension', 'ban', 'node-b']
    expect(await ask.ended).toMatchObject({
      ...{ kind: 'failed', reason: 'PEER_FAULT', remedy, stations: ['node-b'] },
      accusations: [{ by: 'node-a', culprit, reason, remedy }],
    })
  })

  it('hears nobody who is not of it, and nothing of another session', () => {
    const ask = asked()
    accused(ask, 'node-c')
    accused(ask, 'node-a', { ticket: other })
    expect(ask.isOver).toBe(false)
  })
})
