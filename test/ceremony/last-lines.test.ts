// Real Stations of which one loses its link before the last line of the Record: it fetches what it
// lacks and ends well, or ends alone where the Record station is gone, and comes back by its card.
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { parseRecordLine } from '../../policy/ceremony/record.ts'
import { toUtf8 } from '../../proto/crypto.ts'
import type { CoordinatorFrame } from '../../proto/frames.ts'
import { aloneMs } from '../../signer-node/ceremony/station-end.ts'
import { readTurnPaper } from '../../signer-node/ceremony/turn-papers.ts'
import { about, sitting } from '../kit/key-sittings.ts'
import {
  broughtHome,
  judged,
  plannedRelease,
  type Sat,
  type SitWish,
  sit,
  staged,
} from '../kit/room-played.ts'

staged()

const away = 'node-3'

const kindOf = (frame: CoordinatorFrame): string =>
  frame.frame === 'paper' ? frame.paper.kind : frame.frame

const isLast = (frame: CoordinatorFrame): boolean =>
  frame.frame === 'paper' &&
  frame.paper.kind === 'line' &&
  parseRecordLine(toUtf8(readTurnPaper('line', frame.paper).line)).type === 'record.closed'

/** Led to its end without whoever is away then: people say so. */
async function led(sat: Sat) {
  const conductor = sat.lead()
  await sat.come()
  const isClosed = () => sat.seats.get('node-1')?.record.state.closed !== undefined
  const without = setInterval(() => isClosed() && conductor.stop('node-3 is away'), 1_500)
  try {
    return await conductor.run()
  } finally {
    clearInterval(without)
  }
}

const ended = async (sat: Sat, node: string, ms: number): Promise<boolean> =>
  await Promise.race([
    sat.seats.get(node)?.performer.over.then(() => true) ?? false,
    sleep(ms, false),
  ])

const screenOf = (sat: Sat, node = away): string => sat.seats.get(node)?.said.join('\n') ?? ''

function closeAll(sat: Sat): void {
  for (const one of sat.seats.values()) one.close()
}

/** Nothing of the sitting opens any more: no session is allowed, no share is held. */
function holdsNothing(sat: Sat): void {
  const { station } = sat.seats.get(away) ?? expect.fail('it sits')
  expect(station.status()).toMatchObject({ sessions: 0, waitingReleases: 0 })
}

describe('a Station that lost its link before the last line', () => {
  it('fetches what it lacks when it hears that all is over, and ends well', async () => {
    await sitting('genesis', { ...about(), op: 'key.create', terms: {} })
    const plan = await plannedRelease()
    let isDead = false
    const down = (node: string, frame: CoordinatorFrame): CoordinatorFrame[] => {
      if (node !== away) return [frame]
      if (isLast(frame) && !isDead) isDead = true
      // What it hears first of a new link is the word to all, before what it asks for itself.
      if (isDead && kindOf(frame) !== 'over') return frame.frame === 'paper' ? [] : [frame]
      if (isDead) isDead = false
      return [frame]
    }
    let lines = 0
    const bend = (node: string, frame: CoordinatorFrame): CoordinatorFrame[] => {
      if (node === away && isLast(frame)) lines += 1
      return lines > 1 ? [frame] : down(node, frame)
    }
    const sat = await sit(plan, { tamper: () => ({ down: bend }), isNetwork: true })
    const done = await led(sat)
    expect(await ended(sat, away, 5_000), screenOf(sat)).toBe(true)
    const { performer, record } = sat.seats.get(away) ?? expect.fail('it sits')
    expect(screenOf(sat)).toContain('its last lines are asked for')
    expect([performer.isAlone, lines]).toEqual([false, 2])
    expect(record.bytes).toEqual(sat.seats.get('node-1')?.record.bytes)
    expect(record.bytes).toEqual(Uint8Array.from(done.files.get('record.jsonl') ?? []))
    holdsNothing(sat)
    closeAll(sat)
    // Its Statement is owed, and made by both programs once more.
    const { findings } = await judged(plan, done.files)
    expect(findings.map(({ because }) => because)).toContain(
      'no statement of custodian/cleo, who was present (X-19)',
    )
    const again = await sit(plan, { isNetwork: true })
    const conductor = again.lead()
    await again.come()
    const late = await conductor.run()
    closeAll(again)
    expect((await judged(plan, late.files)).findings).toEqual([])
    await broughtHome(plan, late.files)
  }, 300_000)

  it('ends alone where the Record station is gone for good, and goes on by its card', async () => {
    const plan = await plannedRelease()
    let isCut = false
    const wish: SitWish = {
      isNetwork: true,
      isCutOff: (node) => node === away && isCut,
      tamper: () => ({
        down: (node, frame) => {
          if (node !== away || !isLast(frame)) return [frame]
          isCut = true
          queueMicrotask(() => sat.seats.get(away)?.cut())
          return []
        },
      }),
    }
    const sat = await sit(plan, wish)
    const done = await led(sat)
    expect(done.outcome).toBe('done')
    const { performer, record } = sat.seats.get(away) ?? expect.fail('it sits')
    expect(record.state.closed).toBeUndefined()
    // Its owner sees that nobody answers, and says so.
    expect(await ended(sat, away, aloneMs + 2_000)).toBe(false)
    expect(screenOf(sat)).toContain('the Record station does not answer')
    performer.stop('it will not come back')
    expect(await ended(sat, away, aloneMs + 5_000)).toBe(true)
    expect(performer.isAlone).toBe(true)
    expect(screenOf(sat)).toMatch(
      /ENDED ALONE: .* is not closed: its last line is \d+, [0-9a-f]{64}/,
    )
    holdsNothing(sat)
    closeAll(sat)
    const again = await sit(plan, { isNetwork: true })
    const conductor = again.lead()
    await again.come()
    const late = await conductor.run()
    expect(await ended(again, away, 5_000)).toBe(true)
    expect(again.seats.get(away)?.record.bytes).toEqual(
      Uint8Array.from(late.files.get('record.jsonl') ?? []),
    )
    closeAll(again)
    expect((await judged(plan, late.files)).findings).toEqual([])
    await broughtHome(plan, late.files)
  }, 300_000)
})
