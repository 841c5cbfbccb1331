// A worker thread that is not what it should be: it hangs, answers twice, answers for another run
// or for one that is over, or ends by itself. The real one is `threads.test.ts`.
import type { EventEmitter } from 'node:events'
import { beforeEach, describe, expect, it, vi } from 'vitest'
import { limits } from '../../proto/limits.ts'
import { nativeCurve } from '../../signer-node/dkls23/curve-native.ts'
import { parseParty } from '../../signer-node/dkls23/party.ts'
import type { Event } from '../../signer-node/ports.ts'
import type { FromThread, ToThread } from '../../signer-node/thread-words.ts'
import { Threads } from '../../signer-node/threads.ts'
import { pairRuns } from '../kit/pairings.ts'
import { namedRandom, TestClock } from './world.ts'

const born = vi.hoisted(() => [] as unknown[])
vi.mock('node:worker_threads', async () => {
  const { EventEmitter } = await import('node:events')
  class FakeWorker extends EventEmitter {
    readonly told: unknown[] = []
    isEnded = false
    constructor() {
      super()
      born.push(this)
    }
    unref() {}
    postMessage(words: unknown) {
      this.told.push(words)
    }
    async terminate() {
      this.isEnded = true
      this.emit('exit', 1)
    }
  }
  return { Worker: FakeWorker }
})

interface Fake extends EventEmitter {
  readonly told: ToThread[]
  readonly isEnded: boolean
}
const workers = (): readonly Fake[] => born as Fake[]
const curve = nativeCurve()
const run = () => pairRuns(curve, [1, 2]).get(parseParty(1))!
const bytes = () => Uint8Array.of(1, 2, 3)
const sent = (id: number): FromThread => {
  const outgoing = [{ round: 1, to: parseParty(2) }]
  return { turn: 'sent', id, outgoing, moved: [bytes()] }
}
const isWiped = ({ moved }: FromThread) => moved.every((one) => one.every((byte) => byte === 0))

function world(count = 1) {
  const clock = new TestClock()
  const events: Event[] = []
  const report = (event: Event) => events.push(event)
  const random = namedRandom('faulty')
  const threads = new Threads({ count, curve: 'native', random, clock, report })
  const begin = () => {
    const stepper = threads.pair(run())
    const turns: unknown[] = []
    return { stepper, turns, next: () => stepper.next([], (turn) => turns.push(turn)) }
  }
  return { clock, events, threads, begin }
}

describe('a worker thread', () => {
  beforeEach(() => {
    born.length = 0
  })

  it('that says nothing for too long is ended and replaced; its runs fail and blame nobody', () => {
    const { clock, events, threads, begin } = world()
    const [one, other] = [begin(), begin()]
    one.next()
    other.next()
    clock.advance(limits.threadSilenceMs - 1)
    threads.tick()
    expect(events).toEqual([])
    clock.advance(1)
    threads.tick()
    expect(workers()[0]?.isEnded).toBe(true)
    expect(events).toMatchObject([{ level: 'alarm', name: 'thread-died' }])
    for (const { turns } of [one, other]) {
      const abort = { reason: 'missing-message', remedy: 'retry', culprit: undefined }
      expect(turns).toMatchObject([{ kind: 'aborted', abort }])
    }
    threads.tick()
    begin().next()
    expect([workers().length, workers()[1]?.isEnded, events.length]).toEqual([2, false, 1])
  })

  it('without work for long gives its memory back, unsaid, and the next work begins another', () => {
    const { clock, events, threads, begin } = world()
    const { stepper, next } = begin()
    next()
    workers()[0]?.emit('message', sent(0))
    clock.advance(limits.threadIdleMs)
    threads.tick()
    expect(workers()[0]?.isEnded).toBe(false)
    stepper.end()
    threads.tick()
    expect([workers()[0]?.isEnded, events]).toEqual([true, []])
    threads.tick()
    const again = begin()
    clock.advance(10 * limits.threadIdleMs)
    threads.tick()
    expect([workers().length, workers()[1]?.isEnded, events]).toEqual([2, false, []])
    again.stepper.end()
  })

  it('is hung as well when every session of its runs is over', () => {
    const { clock, threads, begin } = world()
    const { stepper, next, turns } = begin()
    next()
    stepper.end()
    clock.advance(limits.threadSilenceMs)
    threads.tick()
    expect([workers()[0]?.isEnded, turns]).toEqual([true, []])
  })

  it('may be silent for any time when nothing is asked of it, and while it speaks', () => {
    const { clock, threads, events, begin } = world()
    const [one, other] = [begin(), begin()]
    clock.advance(10 * limits.threadSilenceMs)
    threads.tick()
    one.next()
    other.next()
    clock.advance(limits.threadSilenceMs - 1)
    workers()[0]?.emit('message', sent(0))
    clock.advance(limits.threadSilenceMs - 1)
    threads.tick()
    workers()[0]?.emit('message', sent(1))
    clock.advance(limits.threadSilenceMs)
    threads.tick()
    expect([events, one.turns.length, other.turns.length]).toEqual([[], 1, 1])
  })

  it('that answers twice is heard once, and the second answer is wiped', () => {
    const { begin } = world()
    const { turns, next } = begin()
    next()
    const [first, second] = [sent(0), sent(0)]
    for (const words of [first, second]) workers()[0]?.emit('message', words)
    expect(turns).toHaveLength(1)
    expect([isWiped(first), isWiped(second)]).toEqual([false, true])
  })

  it('that answers for a run it does not have, or that is over, is not heard', () => {
    const { begin } = world()
    const [one, other] = [begin(), begin()]
    one.next()
    other.next()
    one.stepper.end()
    const late = [sent(0), sent(77)]
    for (const words of late) workers()[0]?.emit('message', words)
    expect([one.turns, other.turns]).toEqual([[], []])
    expect(late.map(isWiped)).toEqual([true, true])
    workers()[0]?.emit('message', sent(1))
    expect(other.turns).toHaveLength(1)
  })

  it('that died is heard no more, whatever it still had to say', () => {
    const { begin, events } = world()
    const { turns, next, stepper } = begin()
    next()
    workers()[0]?.emit('error', 'no error at all')
    workers()[0]?.emit('exit', 1)
    const late = sent(0)
    workers()[0]?.emit('message', late)
    expect([turns.length, isWiped(late)]).toEqual([1, true])
    expect(events).toMatchObject([{ name: 'thread-died', because: 'an unknown error' }])
    stepper.end()
    next()
    expect(turns).toHaveLength(2)
    expect(turns[1]).toMatchObject({ kind: 'aborted' })
  })

  it('that ends by itself is an alarm', () => {
    const { begin, events } = world()
    begin().next()
    workers()[0]?.emit('exit', 0)
    expect(events).toMatchObject([{ name: 'thread-died', because: 'it ended by itself' }])
  })

  it('keeps nothing of a thousand runs that are over, and shares them out', () => {
    const { begin } = world(2)
    const kept = Array.from({ length: 1_000 }, begin)
    expect(workers().map(({ told }) => told.length)).toEqual([500, 500])
    for (const { stepper } of kept) {
      stepper.end()
      // Harmless to repeat.
      stepper.end()
    }
    for (const { told } of workers()) told.length = 0
    for (let i = 0; i < 10; i += 1) begin()
    expect(workers().map(({ told }) => told.length)).toEqual([5, 5])
  })
})
