// What limits and guards see beside a payment that a room has signed, when it is judged again.
import { describe, expect, it } from 'vitest'
import { historyAgain, requestView } from '../../policy/audit/history.ts'
import { readSync } from '../../policy/audit/rows.ts'
import { parseRulebook } from '../../policy/rulebook.ts'
import { parseDigest } from '../../proto/ids.ts'
import type { JsonObject } from '../../proto/jcs.ts'
import { policyText } from '../kit/audit-documents.ts'
import { Payment, readyLog, type TestLog } from '../kit/audit-log.ts'

const hour = 3_600_000

/** Reserves in the slot that the rule gives, which must be this one. */
function reserve(on: TestLog, name: string, slot: string, spend: JsonObject = {}): Payment {
  const pay = new Payment(name, on.t + 2 * hour, spend)
  on.add('intent.created', pay.created()).add('spend.reserved', pay.reserved(slot))
  return pay
}

const usdt = (whole: number) => ({ amount: `${whole}000000` })

describe('what is judged again once it is signed', () => {
  const again = (on: TestLog, pay: Payment, left: ReadonlyMap<string, number> = new Map()) => {
    const { reservation } = readSync(requestView(parseDigest(pay.intent)), on.rows)
    const { limits, ...rest } = readSync(
      historyAgain(parseRulebook(policyText), reservation!, {
        t: on.t,
        left: new Map([...left].map(([intent, at]) => [parseDigest(intent), at])),
      }),
      on.rows,
    )
    return { ...rest, used: limits.find(({ id }) => id === 'usdt-1h')?.used }
  }

  it('counts beside it what came before, and of what came after only what has gone out', () => {
    const on = readyLog()
    const first = reserve(on, 'a', '0', usdt(10))
    const own = reserve(on, 'b', '1', usdt(20))
    const later = reserve(on, 'c', '2', usdt(30))
    expect(again(on, own)).toEqual({ used: 10_000_000n, duplicateOf: '', frozen: false })
    // Each of two counts the one before it, so that never both wait for each other.
    expect(again(on, later).used).toBe(30_000_000n)
    on.add('session.started', later.started(1, '2')).add('sign.completed', later.completed(1))
    expect(again(on, own).used).toBe(10_000_000n)
    on.add('tx.broadcast', later.followed)
    expect(again(on, own).used).toBe(40_000_000n)
    on.add('tx.settled', { ...later.followed, height: '7' })
    expect(again(on, own).used).toBe(40_000_000n)
    on.t += 3 * hour
    expect(again(on, own).used).toBe(0n)
    expect(again(on, first).used).toBe(0n)
  })

  it('counts what went days after its signature from when it went, and what may go as gone', () => {
    const on = readyLog()
    const first = reserve(on, 'a', '0', usdt(10))
    on.add('session.started', first.started(1, '0')).add('sign.completed', first.completed(1))
    on.wait(3 * 3_600)
    const own = reserve(on, 'b', '1', usdt(20))
    expect(again(on, own).used).toBe(0n)
    expect(again(on, own, new Map([[first.intent, on.t]])).used).toBe(10_000_000n)
    const hourAgo = on.t - hour
    expect(again(on, own, new Map([[first.intent, hourAgo + 1]])).used).toBe(10_000_000n)
    expect(again(on, own, new Map([[first.intent, hourAgo]])).used).toBe(0n)
    // Never itself, and never sooner than its spend closes.
    expect(again(on, own, new Map([[own.intent, on.t]])).used).toBe(0n)
    const later = reserve(on, 'c', '2', usdt(30))
    expect(again(on, later, new Map([[own.intent, hourAgo]])).used).toBe(20_000_000n)
  })

  it('repeats only what was asked for before it', () => {
    const on = readyLog()
    const first = reserve(on, 'a', '0')
    const second = reserve(on.wait(60), 'b', '1')
    expect(again(on, first).duplicateOf).toBe('')
    expect(again(on, second).duplicateOf).toBe(first.intent)
    expect(again(on.wait(3_600), second).duplicateOf).toBe(first.intent)
  })
})
