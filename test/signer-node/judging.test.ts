// A judgement in turns stands at its end as long as nothing went on beside it.
import { describe, expect, it } from 'vitest'
import { allAtOnce, type InTurns } from '../../proto/in-turns.ts'
import { type JudgingNeeds, judging } from '../../signer-node/judging.ts'

function world() {
  const now = { size: 7, frozen: ['hot-eth'], wallMs: 1_000_000 }
  const needs = {
    copy: { size: () => now.size },
    bans: { frozen: () => now.frozen },
    ports: { clock: { wallMs: () => now.wallMs } },
  } as unknown as JudgingNeeds
  let times = 0
  function* judge(): InTurns<string> {
    times += 1
    const read = now.size
    yield
    return `${times} of ${read}`
  }
  return { now, work: judging(needs, judge), times: () => times }
}

describe('a judgement in turns', () => {
  it('stands while copy, switch and clock are what they were, however often it is asked', () => {
    const { work, now, times } = world()
    expect(work.next().done).toBe(false)
    now.wallMs += 999
    const asOfNow = allAtOnce(work)
    expect([asOfNow(), asOfNow(), times()]).toEqual(['1 of 7', '1 of 7', 1])
  })

  it.each([
    ['a line came', (now: { size: number }) => (now.size += 1), '2 of 8'],
    ['somebody froze', (now: { frozen: string[] }) => (now.frozen = ['all']), '2 of 7'],
    ['somebody lifted a freeze', (now: { frozen: string[] }) => (now.frozen = []), '2 of 7'],
    ['the clock went on', (now: { wallMs: number }) => (now.wallMs += 1_000), '2 of 7'],
    ['the clock went back', (now: { wallMs: number }) => (now.wallMs -= 1_000), '2 of 7'],
  ])('is made anew, all at once, where %s', (_, change, expected) => {
    for (const isMiddle of [true, false]) {
      const { work, now } = world()
      work.next()
      if (isMiddle) change(now)
      const asOfNow = allAtOnce(work)
      if (!isMiddle) change(now)
      expect(asOfNow()).toBe(expected)
    }
  })
})
