import { describe, expect, it } from 'vitest'
import type { JsonObject } from '../../proto/jcs.ts'
import { writeTime } from '../../proto/shape.ts'
import { digestNamed, Payment, readyLog, type TestLog, tronSpend } from '../kit/audit-log.ts'

function reserved(): [TestLog, Payment] {
  const on = readyLog()
  const pay = new Payment('a', on.t + 3_600_000, tronSpend)
  on.add('intent.created', pay.created())
  return [on.add('spend.reserved', pay.reserved('')), pay]
}

describe('an attempt on Tron', () => {
  const at = (on: TestLog, ms: number) => ({ until: writeTime(on.t + ms) })

  it('is void without an end of life, past the bound, or too near its end', () => {
    const [on, pay] = reserved()
    const starts = (line: JsonObject): string =>
      on.outcome('session.started', pay.started(1, '', line))
    expect(starts({})).toBe('LIFETIME')
    expect(starts(at(on, 601_000))).toBe('LIFETIME')
    expect(starts(at(on, 60_000))).toBe('LIFETIME')
    expect(starts(at(on, -1_000))).toBe('LIFETIME')
    expect(starts({ slot: '0', ...at(on, 600_000) })).toBe('NONCE')
    expect(starts(at(on, 600_000))).toBe('folded')
  })

  it('binds the bytes for ever, and is repeated until their life ends', () => {
    const [on, pay] = reserved()
    const until = writeTime(on.t + 600_000)
    on.add('session.started', pay.started(1, '', { until }))
    const other = pay.started(2, '', { bytes: digestNamed('others'), until })
    const replacing = { ...other, replaces: digestNamed('warrant a 1') }
    expect(on.outcome('session.started', other)).toBe('ONE_EFFECT')
    expect(on.outcome('session.started', replacing)).toBe('ONE_EFFECT')
    expect(on.outcome('session.started', pay.started(2, '', { until }))).toBe('folded')
    on.wait(601)
    expect(on.outcome('session.started', pay.started(2, '', { until }))).toBe('REQUEST_ENDED')
  })

  it('ends the request with the life of its bytes: it lapses, then settles or is dropped', () => {
    const [on, pay] = reserved()
    const line = at(on, 600_000)
    on.add('session.started', pay.started(1, '', line)).add('session.aborted', pay.aborted(1))
    on.wait(541)
    // Another attempt of the same bytes would find no time to be signed in.
    expect(on.outcome('session.started', pay.started(2, '', line))).toBe('LIFETIME')
    on.wait(60)
    expect(on.outcome('session.started', pay.started(2, '', line))).toBe('REQUEST_ENDED')
    expect(on.outcome('tx.settled', pay.settled)).toBe('folded')
    expect(on.outcome('tx.dropped', pay.dropped)).toBe('folded')
  })

  it('is not dropped while its bytes may still land', () => {
    const [on, pay] = reserved()
    on.add('session.started', pay.started(1, '', at(on, 600_000)))
    expect(on.outcome('tx.dropped', pay.dropped)).toBe('LIFETIME')
    on.add('sign.completed', pay.completed(1))
    on.add('tx.broadcast', pay.followed)
    expect(on.outcome('tx.dropped', pay.dropped)).toBe('LIFETIME')
    on.wait(601)
    expect(on.outcome('tx.dropped', pay.dropped)).toBe('folded')
  })

  it('has one id, which its digest gives: no line says of another transaction that it landed', () => {
    const [on, pay] = reserved()
    const until = writeTime(on.t + 600_000)
    on.add('session.started', pay.started(1, '', { until }))
    const other = { txid: digestNamed('another') }
    expect(on.outcome('sign.completed', { ...pay.completed(1), ...other })).toBe('BYTES_DIGEST')
    on.add('session.aborted', pay.aborted(1)).wait(601)
    expect(on.outcome('tx.settled', { ...pay.settled, ...other })).toBe('LINE_MISSING')
    expect(on.outcome('tx.dropped', { ...pay.dropped, ...other })).toBe('LINE_MISSING')
    expect(on.outcome('tx.settled', pay.settled)).toBe('folded')
  })
})
