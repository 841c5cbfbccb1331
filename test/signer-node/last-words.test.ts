import { beforeEach, describe, expect, it } from 'vitest'
import { limits } from '../../proto/limits.ts'
import { Abort, type AbortReason, isAbortReason } from '../../signer-node/dkls23/abort.ts'
import { endings } from '../../signer-node/endings.ts'
import { LastWords } from '../../signer-node/last-words.ts'
import type { Failure } from '../../signer-node/session.ts'
import { seedOf, TestClock, type TestPorts, testPorts } from './world.ts'

let clock: TestClock
let ports: TestPorts
let words: LastWords
beforeEach(() => {
  clock = new TestClock()
  ports = testPorts('last words', clock)
  words = new LastWords(ports)
})

const about = { coordinator: 'c1', sid: seedOf('sid'), ticket: seedOf('ticket').slice(0, 16) }
const reasons = Object.keys(endings).filter(isAbortReason)

function failure(reason: Failure['reason'], code?: Failure['code']): Failure {
  const remedy = isAbortReason(reason) ? new Abort(reason, '').remedy : 'retry'
  const why = code === undefined ? {} : { code }
  const quietUntilMs = clock.monotonicMs() + 3_000
  return { kind: 'failed', reason, remedy, because: `${reason} of node-b`, quietUntilMs, ...why }
}

describe('the last words of a session', () => {
  it('are the same bytes at the same moment for every failure of the rounds', () => {
    const seen = new Set<string>()
    for (const reason of [...reasons, 'timeout', 'two-messages'] as (AbortReason | 'timeout')[]) {
      words.failed(about, failure(reason))
      clock.advance(2_999)
      words.tick()
      clock.advance(1)
      words.tick()
      expect(ports.sent).toEqual([])
      words.tick()
      const [said] = ports.sent.splice(0)
      seen.add(JSON.stringify(said))
    }
    expect(seen.size).toBe(1)
    expect([...seen][0]).toContain('"reason":"SESSION_TIMEOUT"')
  })

  it('leave in one tick, whether the session failed before its deadline or by it', () => {
    words.failed(about, failure('malformed'))
    clock.advance(3_000)
    words.tick()
    // In the same tick, after a look at all sessions.
    words.failed(about, { ...failure('timeout'), quietUntilMs: clock.monotonicMs() })
    expect(ports.sent).toEqual([])
    clock.advance(50)
    words.tick()
    expect(ports.sent).toHaveLength(2)
    expect(ports.sent[0]).toEqual(ports.sent[1])
  })

  it('leave in the order of their deadlines, whichever session failed first', () => {
    const [one, two] = [seedOf('one'), seedOf('two')]
    const orders = [[one, two] as const, [two, one] as const].flatMap(([early, silent]) => {
      return [0, 10].map((apartMs) => {
        const dueMs = clock.monotonicMs() + 3_000
        const due = (sid: Uint8Array) => dueMs + (sid === two ? apartMs : 0)
        words.failed({ ...about, sid: early }, { ...failure('ot-check'), quietUntilMs: due(early) })
        clock.advance(3_000 + apartMs)
        words.failed(
          { ...about, sid: silent },
          { ...failure('timeout'), quietUntilMs: due(silent) },
        )
        for (let ticks = 0; ticks < 2; ticks += 1) words.tick()
        return JSON.stringify(ports.sent.splice(0))
      })
    })
    expect(orders[0]).toBe(orders[2])
    expect(orders[1]).toBe(orders[3])
  })

  it('say why, and at once, only where whoever stopped it knows', () => {
    words.failed(about, failure('stopped', 'STALE_ATTEMPT'))
    expect(ports.sent).toMatchObject([{ frame: { stopped: { reason: 'STALE_ATTEMPT' } } }])
  })

  it('are no more than the limit: the oldest is not said', () => {
    const sids = Array.from({ length: limits.lastWordsMax + 1 }, (_, at) => seedOf(`${at}`))
    for (const sid of sids) {
      words.failed({ ...about, sid }, failure('timeout'))
      clock.advance(1)
    }
    expect(words.count).toBe(limits.lastWordsMax)
    clock.advance(3_000)
    for (let ticks = 0; ticks < 2; ticks += 1) words.tick()
    expect(words.count).toBe(0)
    const said = ports.sent.map(({ frame }) => frame.frame === 'stopped' && frame.stopped.sid)
    expect(said).toEqual(sids.slice(1))
  })
})
