// Clocks that jump, stand still or run on while the process sleeps (F42, F43): nothing of it makes an
// approval, a session or a delay live longer, and a clock that is right again is all it takes to go on.
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import type { Payout } from '../kit/audit-story.ts'
import { SigningHouse, signers } from './signing-kit.ts'
import { names } from './three-nodes.ts'

const hourMs = 3_600_000
const dayMs = 24 * hourMs

let three: SigningHouse
let right = 0
beforeAll(() => {
  three = new SigningHouse()
})
afterAll(() => three.close())
afterEach(() => {
  right = 0
  three.shareHeads = true
  three.tick(30_000)
  three.lines(...names)
  for (const name of names) three.at(name).said.length = 0
})

/** The wall clock of every node, and not the other. */
function jump(ms: number): void {
  three.clock.wall += ms
  right -= ms
}

/** Back to the right time. */
function mend(): void {
  jump(right)
  three.tick()
}

/** Whoever took a new incarnation is paired anew, not sooner than its peers make pairings. */
function paired(): void {
  three.tick(11_000)
  three.pair()
}

/** Shares that wait for cosignatures alone. */
function held(): Payout {
  paired()
  return three.held()
}

const shareHeads = () => three.bringHeads()

const shares = () => signers.flatMap((name) => three.heard(name, 'share'))

describe('a clock that jumps while a share waits', () => {
  it.each([
    ['back by a day', -dayMs],
    ['forward by a minute', 60_000],
  ])('%s ends the session, and the next one signs when the clock is right', (_name, ms) => {
    const payout = held()
    jump(ms)
    three.tick(50)
    expect(signers.map((name) => three.stopped(name))).toEqual(['VIEW', 'VIEW'])
    shareHeads()
    expect(shares()).toEqual([])
    mend()
    paired()
    three.nextAttempt(payout, 2)
    three.lines('node-c')
    expect(three.sign(payout, 2)).toHaveLength(2)
  })

  it.each([
    ['back by an hour', -hourMs],
    ['forward by six seconds', 6_000],
  ])('%s lets no share leave, though the node has not looked at its clocks yet', (_name, ms) => {
    held()
    jump(ms)
    shareHeads()
    expect([shares(), signers.map((name) => three.stopped(name))]).toEqual([[], ['CLOCK', 'CLOCK']])
    mend()
  })

  it('back at the very moment when the share would leave does not make it leave later', () => {
    held()
    three.clock.advance(20_000)
    jump(-hourMs)
    shareHeads()
    expect(shares()).toEqual([])
    mend()
    expect(shares()).toEqual([])
  })
})

describe('a clock that stands still', () => {
  it('keeps no session alive: what waits ends by the other clock', () => {
    held()
    for (let seconds = 0; seconds < 21; seconds += 1) {
      jump(-1_000)
      three.tick(1_000)
    }
    expect(signers.map((name) => three.stopped(name))).toEqual(['COSIGN', 'COSIGN'])
    shareHeads()
    expect(shares()).toEqual([])
    mend()
  })

  it('takes no line from what would be its future, and cosigns none, until it is right', () => {
    jump(-10 * 60_000)
    three.tick(50)
    three.log.t = three.clock.wall + right
    three.log.add('log.heartbeat', {})
    three.at('node-a').said.length = 0
    const { size } = three.at('node-a').node.status()
    three.lines('node-a')
    expect(three.at('node-a').node.status().size).toBe(size)
    expect(three.heard('node-a', 'cosigned')).toEqual([])
    mend()
    three.tick(2_000)
    // Whoever sent it sends it again.
    expect(three.heard('node-a', 'behind')).toMatchObject([{ size }])
    three.lines('node-a')
    expect(three.at('node-a').node.status().size).toBe(size + 1)
  })
})

describe('a process that sleeps while both clocks run on', () => {
  it.each([
    ['past the end of its session', 21_000, 'COSIGN'],
    ['past the end of its intent', 10 * dayMs, 'COSIGN'],
  ])('%s lets no share leave, whatever it hears first when it wakes', (_name, ms, code) => {
    held()
    three.clock.advance(ms)
    shareHeads()
    expect(three.stopped('node-a')).toBe(code)
    expect(shares()).toEqual([])
  })

  it('across a freeze that it had heard of lets none leave either', () => {
    held()
    three.at('node-a').node.freeze('hot-eth')
    three.clock.advance(5_000)
    shareHeads()
    expect(three.heard('node-a', 'share')).toEqual([])
    three.at('node-a').node.unfreeze('hot-eth')
    expect(three.heard('node-a', 'share')).toEqual([])
    expect(three.heard('node-b', 'share')).toHaveLength(1)
  })
})
