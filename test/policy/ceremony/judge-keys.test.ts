import { describe, expect, it } from 'vitest'
import type { WrittenResults } from '../../../policy/ceremony/results.ts'
import type { JsonObject } from '../../../proto/jcs.ts'
import { digestNamed } from '../../kit/audit-log.ts'
import { Genesis, GenesisStory } from '../../kit/genesis-room.ts'
import type { Uttered } from '../../kit/performed.ts'

const room = new Genesis(new GenesisStory())
const said = room.said()
const view = room.view()

function performed(all: readonly Uttered[]): string {
  const { findings } = room.judge(room.carriedOut(room.lines(all)), view)
  return findings.map(({ check, word, because }) => `${check} ${word}: ${because}`).join('\n')
}

/** The room with other results, over which it is closed. */
function withResults(change: Partial<WrittenResults>): string {
  const kept = room.results
  room.results = { ...kept, ...change }
  const found = performed([...said.slice(0, -1), room.closed(0)])
  room.results = kept
  return found
}

const place = (step: string, type: string, by = 'custodian/amy') =>
  said.findIndex((one) => one.step === step && one.type === type && one.by === by)
const without = (at: number) => said.filter((_, index) => index !== at)
const withBody = (at: number, change: JsonObject) =>
  said.map((one, index) => (index === at ? { ...one, body: { ...one.body, ...change } } : one))

describe('I8: a key that was made in the room', () => {
  it('is OK with the confirmations of all, its Seals opened twice, its address read', () => {
    expect(performed(said)).toBe('')
  })

  it('is confirmed by every holder, over exactly this key', () => {
    const [first, ...rest] = room.results.lines
    const line = (change: JsonObject) => {
      return {
        lines: [{ type: 'key.created', body: { ...first?.body, ...change } } as const, ...rest],
      }
    }
    const { confirms } = room.keyLine as { confirms: JsonObject[] }
    expect(withResults(line({ confirms: confirms.slice(1) }))).toMatch(/I8 VIOLATION: key.created/)
    expect(withResults(line({ keyState: digestNamed('x') }))).toMatch(/I8 VIOLATION: key.created/)
    expect(withResults(line({ vault: 'cold-two' }))).toMatch(/is of cold-eth, got cold-two/)
    expect(withResults(line({ order: digestNamed('x') }))).toMatch(/I8 UNCONFIRMED/)
    expect(withResults(line({ change: digestNamed('x') }))).toMatch(/is no request of the plan/)
  })

  it('is finished, sealed, and opened by daily and spare token at every station', () => {
    const cases = [
      ['G-4', 'session.done', /node-a did not finish with this key/],
      ['G-6', 'share.sealed', /node-a sealed no share of it/],
      ['G-6', 'seal.tested', /G-6 for cold-eth: expected 3 of seal.tested/],
      ['G-8', 'seal.tested', /node-a did not open it with the spare token/],
    ] as const
    for (const [step, type, form] of cases) {
      expect([step, type, performed(without(place(step, type)))]).toEqual([
        step,
        type,
        expect.stringMatching(form),
      ])
    }
    const other = { seal: digestNamed('another seal') }
    const found = performed(withBody(place('G-6', 'share.sealed'), other))
    expect(found).toMatch(/node-a opened not every seal again/)
    const result = { result: digestNamed('x') }
    expect(performed(withBody(place('G-4', 'session.done'), result))).toMatch(/did not finish/)
  })

  it('is sealed to its own two tokens, and who opens by a token signs by it', () => {
    const tokens = { tokens: ['D-1', 'D-2'] }
    expect(performed(withBody(place('G-6', 'share.sealed'), tokens))).toMatch(
      /node-a sealed it to other tokens than its own two/,
    )
    const daily = said.map((one, index) => {
      return index === place('G-8', 'seal.tested') ? { ...one, token: 'D-1' } : one
    })
    expect(performed(daily)).toMatch(/opened with token S-1, and signed by D-1/)
  })

  it('has backups that a line of the Record tells of', () => {
    const lines = room.results.lines.map((line) =>
      line.type === 'key.backup-tested' && line.body['node'] === 'node-b'
        ? { ...line, body: { ...line.body, backup: digestNamed('x') } }
        : line,
    )
    expect(withResults({ lines })).toMatch(/node-b proved a seal that no line tells of/)
  })

  it('has an address that was read aloud, and it is the one of the key', () => {
    expect(withResults({ addresses: [] })).toMatch(/cold-eth: no address was read/)
    const [one] = room.results.addresses
    if (one === undefined) throw new Error('expected an address')
    const wrong = { ...one, address: '0x1111111111111111111111111111111111111111' }
    expect(withResults({ addresses: [wrong] })).toMatch(/expected the address 0x/)
    const read = said.findIndex(({ step }) => step === 'G-9')
    expect(performed(withBody(read, { digest: digestNamed('x') }))).toMatch(/words of address/)
  })

  it('is read by its words, and so are plan and roster', () => {
    for (const [step, what] of [
      ['G-1', 'plan'],
      ['G-2', 'roster'],
      ['G-5', 'key'],
    ] as const) {
      const at = said.findIndex((one) => one.step === step)
      expect(performed(withBody(at, { digest: digestNamed('x') }))).toMatch(
        new RegExp(`the words of ${what} were those of`),
      )
    }
  })
})
