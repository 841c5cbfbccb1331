// What the Record station says at the table, and in which order: a Station that hears a turn anew
// takes back what was asked of it before, so nothing that belongs to a turn may come ahead of it.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { seatsOf } from '../../policy/ceremony/record-seats.ts'
import { turnsOf } from '../../policy/ceremony/script.ts'
import { RecordCopy } from '../../signer-node/ceremony/record-copy.ts'
import { RoomVoice } from '../../signer-node/ceremony/room-voice.ts'
import { RoomStory } from '../kit/room-story.ts'

const home = mkdtempSync(join(tmpdir(), 'custody-voice-'))
afterAll(() => rmSync(home, { recursive: true }))

const story = new RoomStory()
const [first] = turnsOf(story.plan.plan)
const turns = first === undefined ? [] : [{ turn: first, index: 0 }]
const nothing = { signers: [], manifest: '' }

/** At a table where these sit down, one after the other. */
function voiceAt(seated: Set<string>) {
  const sent: string[] = []
  const voice = new RoomVoice({
    log: { bundle: { plan: story.plan } },
    hub: {
      seats: { has: (node) => seated.has(node) },
      onPaper: () => {},
      paper: (node, { kind }) => void sent.push(`${node}: ${kind}`),
    },
    record: new RecordCopy(join(home, 'record.jsonl'), seatsOf(story.plan, story.bundle)),
    desk: { say: (text) => void sent.push(text), ask: async () => '' },
    clock: { wallMs: () => 0, monotonicMs: () => 0 },
    ...{ stopped: () => {}, noted: () => {}, sat: () => {} },
  })
  return { voice, sent }
}

describe('a turn', () => {
  it('is told at once to who sits, ahead of whatever its caller asks for next', async () => {
    const { voice, sent } = voiceAt(new Set(['node-a', 'node-b']))
    for (const round of [1, 2]) {
      const told = voice.all(turns, ['node-a', 'node-b'], nothing)
      sent.push(`the session of round ${round}`)
      voice.interrupt('it failed')
      expect((await told).map(({ kind }) => kind)).toEqual(['failed', 'failed'])
    }
    const both = ['node-a: turn', 'node-b: turn']
    const rounds = [1, 2].flatMap((round) => [...both, `the session of round ${round}`])
    expect(sent).toEqual(rounds)
  })

  it('is told to who is away when they sit', async () => {
    const seated = new Set<string>()
    const { voice, sent } = voiceAt(seated)
    const told = voice.all(turns, ['node-a'], nothing)
    expect(sent).toEqual(['waiting for node-a'])
    seated.add('node-a')
    await expect.poll(() => sent.at(-1)).toBe('node-a: turn')
    voice.interrupt('over')
    await told
  })
})
