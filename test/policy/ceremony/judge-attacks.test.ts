// What somebody in the room could try on the judge: to bring a result through a ceremony that was
// stopped, lines that are no part of what was done, a room that nobody watched, a stale Statement.
import { describe, expect, it } from 'vitest'
import type { BundleFiles } from '../../../policy/ceremony/bundle.ts'
import { documentDigest, type WrittenResults } from '../../../policy/ceremony/results.ts'
import type { Statement } from '../../../policy/ceremony/statement.ts'
import { digestNamed, stored } from '../../kit/audit-log.ts'
import { Performance, type Uttered } from '../../kit/performed.ts'
import { RoomStory } from '../../kit/room-story.ts'

const room = new Performance(new RoomStory())
const said = room.said()
const view = room.view()

function heard(files: BundleFiles): string {
  const { findings } = room.judge(files, view)
  return findings.map(({ check, word, because }) => `${check} ${word}: ${because}`).join('\n')
}

function withResults(results: WrittenResults, all: readonly Uttered[] = said): string {
  const kept = room.results
  room.results = results
  const lines = room.lines([...all.slice(0, -1), room.closed(0)])
  const found = heard(room.carriedOut(lines))
  room.results = kept
  return found
}

const without = (...steps: readonly string[]) => said.filter(({ step }) => !steps.includes(step))
const stopped = { ...room.results, outcome: 'aborted', reason: 'COORDINATOR' } as const

describe('a ceremony that was stopped', () => {
  it('brings the signature that it had made by then', () => {
    expect(withResults(stopped, without('S-10', 'S-11', 'C-1', 'C-2'))).toBe('')
  })

  it('brings no result past a step that came before the stop', () => {
    for (const step of ['O-6', 'O-7', 'S-2', 'S-4', 'S-7']) {
      expect(withResults(stopped, without(step))).toMatch(new RegExp(`I4 VIOLATION: ${step}`))
    }
  })
})

describe('a receipt among the results', () => {
  const [text = ''] = room.receipts
  const receipt = documentDigest({ kind: 'shareReceipt', text })
  const { counter, node } = JSON.parse(JSON.parse(text).document) as {
    counter: number
    node: string
  }
  const line = (body: { counter: number; node: string; receipt: string }): WrittenResults => ({
    ...room.results,
    lines: [{ type: 'share.receipt', body }, ...room.results.lines],
  })

  it('is the one that its line names, of the station and with the number that it says', () => {
    expect(withResults(line({ counter, node, receipt }))).toBe('')
    const found = withResults(line({ counter: 1_000, node, receipt }))
    expect(found).toMatch(/I8 VIOLATION: expected .* got 1000/)
    expect(withResults(line({ counter, node: 'node-c', receipt }))).toMatch(/I8 VIOLATION/)
    const none = withResults(line({ counter, node, receipt: digestNamed('nothing') }))
    expect(none).toMatch(/I8 UNCONFIRMED: receipt/)
  })
})

describe('two receipts of one station for one attempt', () => {
  const story = new RoomStory()
  const sid = digestNamed('sid of a try that failed')
  const [text = ''] = story.receipts(['node-a'], { counter: 2, sid })
  const receipt = documentDigest({ kind: 'shareReceipt', text })
  const lineOf = (counter: number) =>
    ({ type: 'share.receipt', body: { counter, node: 'node-a', receipt } }) as const
  const results = (counter: number): WrittenResults => ({
    ...room.results,
    lines: [lineOf(counter), ...room.results.lines],
    documents: [...room.results.documents, { kind: 'shareReceipt', text }],
  })

  it('are what a try that failed and one that signed leave: judged each, and both in the log', () => {
    expect(withResults(results(2))).toBe('')
    const [first = ''] = story.receipts(['node-a'])
    const named = documentDigest({ kind: 'shareReceipt', text: first })
    story.log.add('share.receipt', { counter: 1, node: 'node-a', receipt: named })
    story.log.add('share.receipt', lineOf(2).body)
    expect(stored(story.log, 'receipt-named', receipt)).toEqual({ counter: 2, node: 'node-a' })
  })

  it('have two numbers of their own, and none is in the log twice', () => {
    expect(withResults(results(1))).toMatch(/I8 VIOLATION/)
    expect(() => story.log.add('share.receipt', lineOf(2).body)).toThrow('REPLAY_DETECTED')
    expect(() => story.log.add('share.receipt', lineOf(3).body)).toThrow('REPLAY_DETECTED')
  })
})

describe('a room', () => {
  const left = (person: string, role: string): Uttered => ({
    ...{ by: 'recorder/rita', type: 'person.left', step: 'S-2', body: { person, role } },
  })
  const back = (person: string, role: string): Uttered => {
    const body = { how: 'known', person, role }
    return { by: 'recorder/rita', type: 'person.present', step: 'S-6', body }
  }
  const heardBy = (all: readonly Uttered[]) =>
    all.map((one) => {
      const { confirmed } = one.body
      return confirmed === undefined ? one : { ...one, body: { ...one.body, confirmed: ['ana'] } }
    })
  const place = (step: string) => said.findLastIndex((one) => one.step === step) + 1

  it('is watched while keys act', () => {
    const all = heardBy(said)
    const [gone, again] = [place('S-2'), place('S-6')]
    const [before, between, after] = [
      all.slice(0, gone),
      all.slice(gone, again),
      all.slice(again),
    ] as const
    const out = left('chen', 'witness')
    const unwatched = heard(room.carriedOut(room.lines([...before, out, ...between, ...after])))
    expect(unwatched).toMatch(/I7 VIOLATION: witness: expected 1 present, got 0/)
    const watched = [...before, out, ...between, back('chen', 'witness'), ...after]
    expect(heard(room.carriedOut(room.lines(watched)))).toBe('')
  })
})

describe('a Statement', () => {
  const lines = room.lines(said)
  const spoken = (change: Partial<Statement>) =>
    heard(
      room.carriedOut(lines, (one) => (one.actor.role === 'witness' ? { ...one, ...change } : one)),
    )

  it('covers the time of who wrote no line, too, so that no credential of another time is good', () => {
    expect(spoken({})).toBe('')
    const before = { from: room.plan.from - 120_000, until: room.plan.from - 60_000 }
    expect(spoken(before)).toMatch(/I6 VIOLATION: witness\/chen answers for less/)
    expect(spoken({ from: room.plan.from + 30_000 })).toMatch(/answers for less/)
    expect(spoken({ until: room.plan.from + 1_000 * (lines.length - 2) })).toMatch(/answers for/)
  })
})

describe('who sits', () => {
  const heardOf = (person: string): string => {
    const story = new RoomStory(undefined, ({ log, request }) => {
      const approval = digestNamed(`approval of ${person}`)
      log.add('approval.recorded', { approval, intent: request, person, rule: 'payout-auto' })
    })
    const other = new Performance(story)
    const { findings, notices } = other.judge()
    return [...findings.map(({ check, because }) => `${check} ${because}`), ...notices].join('\n')
  }

  it('approved nothing that is done there, also after it was planned', () => {
    expect(heardOf('oli')).toBe('')
    const found = heardOf('ben')
    expect(found).toMatch(/^I7 ben: custodian, and asked for or approved what is done here/)
    expect(found).toMatch(/custodian\/ben approved /)
  })
})
