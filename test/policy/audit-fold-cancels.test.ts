// The fold on cancels: one nonce, one payment, whatever was signed for it and whatever lands.
import { describe, expect, it } from 'vitest'
import { nonceTaken } from '../../coordinator/desk/cancelling.ts'
import { type Reading, readSync } from '../../policy/audit/rows.ts'
import { nextNonce } from '../../policy/audit/slots.ts'
import { parseDigest, parseVaultId } from '../../proto/ids.ts'
import type { JsonObject } from '../../proto/jcs.ts'
import { limits } from '../../proto/limits.ts'
import { isRefusal } from '../../proto/refusal.ts'
import { digestNamed, Payment, readyLog, sighash, stateOf, type TestLog } from '../kit/audit-log.ts'

const hour = 3_600_000
const spend = { op: 'evm.cancel', amount: '0', asset: 'eth-native', dest: 'hot' }
const above = { max: '2000', price: '110', tip: '11' }

class Cancel extends Payment {
  readonly #of: Payment

  constructor(of: Payment, name: string, notAfter: number, change: JsonObject = {}) {
    super(name, notAfter, { ...spend, ...change })
    this.#of = of
  }

  override reserved(slot: string, change: JsonObject = {}): JsonObject {
    return super.reserved(slot, { cancels: this.#of.intent, ...change })
  }

  override started(attempt: number, slot: string, change: JsonObject = {}): JsonObject {
    return super.started(attempt, slot, { fee: above, ...change })
  }
}

/** A payment with its first attempt, and a cancel of it that was asked for. */
function tried(change: JsonObject = {}): [TestLog, Payment, Cancel] {
  const on = readyLog()
  const pay = new Payment('pay', on.t + hour, change)
  on.add('intent.created', pay.created()).add('spend.reserved', pay.reserved('0'))
  on.add('session.started', pay.started(1, '0'))
  const cancel = new Cancel(pay, 'cancel', on.t + hour)
  return [on.add('intent.created', cancel.created()), pay, cancel]
}

function stuck(): [TestLog, Payment, Cancel] {
  const [on, pay, cancel] = tried()
  on.add('sign.completed', pay.completed(1)).add('tx.broadcast', pay.followed)
  return [on, pay, cancel]
}

const next = (on: TestLog): number =>
  readSync(nextNonce({ vault: parseVaultId('hot-eth'), path: 'm' }, on.t), on.rows)
const higher = {
  bytes: digestNamed('bumped'),
  digest: sighash('bumped'),
  fee: above,
  replaces: digestNamed('warrant pay 1'),
}

/** What whoever asks for one more is told. */
async function askedFor(on: TestLog, { intent }: Payment): Promise<string> {
  const copy = { read: async <T>(reading: Reading<T>) => readSync(reading, on.rows) }
  const place = { vault: parseVaultId('hot-eth'), path: 'm', network: 'eip155:31337' }
  const taken = await nonceTaken(copy, { ...place, cancels: parseDigest(intent) }, on.t)
  return isRefusal(taken) ? taken.code : 'taken'
}

describe('a cancel', () => {
  it('takes the nonce of a request that was tried and may still land', () => {
    for (const make of [tried, stuck]) {
      const [on, pay, cancel] = make()
      expect(on.outcome('spend.reserved', cancel.reserved('1'))).toBe('NONCE')
      expect(on.outcome('spend.reserved', cancel.reserved('0'))).toBe('folded')
      // Long after nothing may be signed for it any more, too.
      on.t = pay.notAfter + 1
      const late = new Cancel(pay, 'late', on.t + hour)
      on.add('intent.created', late.created())
      expect(on.outcome('spend.reserved', late.reserved('0'))).toBe('folded')
    }
  })

  it('names a request, and nothing else does', () => {
    const [on, pay, cancel] = stuck()
    const other = new Payment('other', on.t + hour)
    on.add('intent.created', other.created())
    expect(on.outcome('spend.reserved', other.reserved('1', { cancels: pay.intent }))).toBe(
      'LINE_VOID',
    )
    const { cancels: _, ...nothing } = cancel.reserved('0')
    expect(on.outcome('spend.reserved', nothing)).toBe('LINE_VOID')
    const amount = cancel.reserved('0', { amount: '1' })
    expect(on.outcome('spend.reserved', amount)).toBe('LINE_VOID')
    const nobody = cancel.reserved('0', { cancels: digestNamed('nobody') })
    expect(on.outcome('spend.reserved', nobody)).toBe('REQUEST_NOT_FOUND')
    expect(on.outcome('spend.reserved', cancel.reserved('0'))).toBe('folded')
  })

  it('is not for what was never tried, what has ended, or another address', () => {
    const on = readyLog()
    const pay = new Payment('pay', on.t + hour)
    const cancel = new Cancel(pay, 'cancel', on.t + hour)
    on.add('intent.created', pay.created()).add('intent.created', cancel.created())
    const outcome = (change: JsonObject = {}) =>
      on.outcome('spend.reserved', cancel.reserved('0', change))
    expect(outcome()).toBe('LINE_MISSING')
    on.add('spend.reserved', pay.reserved('0'))
    expect(outcome()).toBe('LINE_MISSING')
    on.add('session.started', pay.started(1, '0'))
    expect(outcome()).toBe('folded')
    expect(outcome({ path: 'm/1' })).toBe('NONCE')
    on.add('sign.completed', pay.completed(1)).add('tx.settled', pay.settled)
    expect(outcome()).toBe('REQUEST_ENDED')
  })

  it('is not for a nonce that went to another request', () => {
    const [on, pay, cancel] = tried()
    on.t = pay.notAfter + 1
    on.add('session.aborted', pay.aborted(1))
    const after = new Payment('after', on.t + hour)
    on.add('intent.created', after.created()).add('spend.reserved', after.reserved('0'))
    const late = new Cancel(pay, 'late', on.t + hour)
    on.add('intent.created', late.created())
    expect(cancel.name).toBe('cancel')
    expect(on.outcome('spend.reserved', late.reserved('0'))).toBe('NONCE')
  })

  it('is not for a cancel, nor beside another one that may still be replaced', () => {
    const [on, pay, cancel] = stuck()
    on.add('spend.reserved', cancel.reserved('0')).add('session.started', cancel.started(1, '0'))
    const again = new Cancel(pay, 'again', on.t + 3 * hour)
    const ofCancel = new Cancel(cancel, 'of-cancel', on.t + 3 * hour)
    on.add('intent.created', again.created()).add('intent.created', ofCancel.created())
    expect(on.outcome('spend.reserved', ofCancel.reserved('0'))).toBe('LINE_VOID')
    expect(on.outcome('spend.reserved', again.reserved('0'))).toBe('ONE_EFFECT')
    // Once the first can no longer be replaced, a second one goes above all of them.
    on.add('sign.completed', cancel.completed(1)).add('tx.broadcast', cancel.followed)
    on.t = cancel.notAfter + 1
    on.add('spend.reserved', again.reserved('0'))
    const fee = { max: '2000', price: '121', tip: '13' }
    expect(on.outcome('session.started', again.started(1, '0'))).toBe('FEE')
    expect(on.outcome('session.started', again.started(1, '0', { fee }))).toBe('folded')
    // Given back untried, the first one has the nonce again.
    on.add('spend.released', { intent: again.intent })
    const third = new Cancel(pay, 'third', on.t + hour)
    on.add('intent.created', third.created()).add('spend.reserved', third.reserved('0'))
  })

  it('of one request is asked for a bounded number of times, and folded as often as it was', async () => {
    const [on, pay] = stuck()
    let fee = 100
    const ask = (name: string): Cancel => {
      const cancel = new Cancel(pay, name, on.t + hour)
      on.add('intent.created', cancel.created())
      return cancel
    }
    for (let made = 0; made <= limits.cancelsPerIntentMax; made += 1) {
      // One that is given back untried counts for nothing.
      const idle = ask(`idle-${made}`)
      on.add('spend.reserved', idle.reserved('0')).add('spend.released', { intent: idle.intent })
      const expected = made < limits.cancelsPerIntentMax ? 'taken' : 'TOO_LATE_TO_CANCEL'
      expect(await askedFor(on, pay)).toBe(expected)
      const cancel = ask(`cancel-${made}`)
      fee = Math.ceil(fee * 1.2)
      const fees = { max: '2000', price: `${fee}`, tip: `${fee}` }
      on.add('spend.reserved', cancel.reserved('0'))
      on.add('session.started', cancel.started(1, '0', { fee: fees }))
      on.add('session.aborted', cancel.aborted(1))
      // What was written before there was a bound is read as it was, the ninth too.
      expect(stateOf(on, cancel)).toBe('SIGNING')
      on.t = cancel.notAfter + 1
    }
  })

  it('lies above every attempt under the nonce, in both fees, and is bumped like any other', () => {
    const [on, , cancel] = stuck()
    on.add('spend.reserved', cancel.reserved('0'))
    const outcome = (fee: JsonObject) =>
      on.outcome('session.started', cancel.started(1, '0', { fee: { max: '2000', ...fee } }))
    expect(outcome({ price: '109', tip: '11' })).toBe('FEE')
    expect(outcome({ price: '110', tip: '10' })).toBe('FEE')
    expect(outcome({ price: '110', tip: '11' })).toBe('folded')
    on.add('session.started', cancel.started(1, '0'))
    const bump = {
      bytes: digestNamed('cancel higher'),
      digest: sighash('cancel higher'),
      fee: { max: '2500', price: '121', tip: '13' },
      replaces: digestNamed('warrant cancel 1'),
    }
    expect(on.outcome('session.started', cancel.started(2, '0', bump))).toBe('folded')
  })
})

describe('a cancelled request', () => {
  it('is signed no more from the reservation on: neither a retry nor a bump', () => {
    const [on, pay, cancel] = stuck()
    expect(on.outcome('session.started', pay.started(2, '0', higher))).toBe('folded')
    on.add('spend.reserved', cancel.reserved('0'))
    expect(on.outcome('session.started', pay.started(2, '0', higher))).toBe('REQUEST_ENDED')
    expect(on.outcome('session.started', pay.started(2, '0'))).toBe('REQUEST_ENDED')
    expect(stateOf(on, pay)).toBe('BROADCAST')
  })

  it('is again, when the cancel is given back before it was tried', () => {
    for (const end of ['spend.released', 'intent.cancelled', 'intent.expired'] as const) {
      const [on, pay, cancel] = stuck()
      on.add('spend.reserved', cancel.reserved('0'))
      const by = end === 'intent.expired' ? 'coordinator' : 'svc-payouts'
      const body = end === 'spend.released' ? {} : { by }
      on.add(end, { ...body, intent: cancel.intent })
      expect(on.outcome('session.started', pay.started(2, '0', higher)), end).toBe('folded')
      // Its nonce is its own: nobody finds it free.
      expect(next(on)).toBe(1)
    }
  })

  it('keeps its nonce from others while the cancel may be signed, whatever it has signed itself', () => {
    const [on, pay, cancel] = tried()
    on.add('session.aborted', pay.aborted(1)).add('spend.reserved', cancel.reserved('0'))
    expect(next(on)).toBe(1)
    on.add('session.started', cancel.started(1, '0')).add('session.aborted', cancel.aborted(1))
    expect(next(on)).toBe(1)
    on.t = Math.max(pay.notAfter, cancel.notAfter) + 1
    // Nothing of either was ever signed: a hole, like that of any other request.
    expect(next(on)).toBe(0)
  })

  it('that was being signed is not over for ever, when the cancel is given back', () => {
    const [on, pay, cancel] = tried()
    on.add('spend.reserved', cancel.reserved('0')).add('session.aborted', pay.aborted(1))
    expect(stateOf(on, pay)).toBe('SIGNING')
    on.add('spend.released', { intent: cancel.intent })
    expect(on.outcome('session.started', pay.started(2, '0'))).toBe('folded')
  })

  it('is dropped when the cancel lands, and later nonces are given as before', () => {
    const [on, pay, cancel] = stuck()
    const after = new Payment('after', on.t + hour)
    on.add('intent.created', after.created()).add('spend.reserved', after.reserved('1'))
    on.add('spend.reserved', cancel.reserved('0')).add('session.started', cancel.started(1, '0'))
    on.add('sign.completed', cancel.completed(1)).add('tx.broadcast', cancel.followed)
    on.add('tx.settled', cancel.settled).add('tx.dropped', pay.dropped)
    expect([stateOf(on, pay), stateOf(on, cancel)]).toEqual(['DROPPED', 'SETTLED'])
    expect(next(on)).toBe(2)
    expect(on.outcome('session.started', after.started(1, '1'))).toBe('folded')
  })

  it('that has no signature is dropped too', () => {
    const [on, pay, cancel] = tried()
    on.add('session.aborted', pay.aborted(1)).add('spend.reserved', cancel.reserved('0'))
    const none = { ...pay.dropped, txid: `0x${'0'.repeat(64)}` }
    expect(on.outcome('tx.dropped', none)).toBe('folded')
    on.add('session.started', cancel.started(1, '0')).add('sign.completed', cancel.completed(1))
    on.add('tx.broadcast', cancel.followed).add('tx.settled', cancel.settled)
    on.add('tx.dropped', none)
    expect(stateOf(on, pay)).toBe('DROPPED')
  })

  it('settles when it landed nonetheless, and the cancel is tried no more and dropped', () => {
    const [on, pay, cancel] = stuck()
    on.add('spend.reserved', cancel.reserved('0')).add('session.started', cancel.started(1, '0'))
    on.add('sign.completed', cancel.completed(1)).add('tx.broadcast', cancel.followed)
    on.add('tx.settled', pay.settled)
    expect(on.outcome('session.started', cancel.started(2, '0'))).toBe('REQUEST_ENDED')
    on.add('tx.dropped', cancel.dropped)
    expect([stateOf(on, pay), stateOf(on, cancel)]).toEqual(['SETTLED', 'DROPPED'])
    expect(next(on)).toBe(1)
  })
})

describe('a cancel that ran out before it was tried', () => {
  it('gives its nonce to nobody until it is given back', () => {
    const [on, pay] = tried()
    on.add('session.aborted', pay.aborted(1))
    const short = new Cancel(pay, 'short', on.t + hour / 2)
    on.add('intent.created', short.created()).add('spend.reserved', short.reserved('0'))
    on.t = short.notAfter + 1
    expect(next(on)).toBe(1)
    const after = new Payment('after', on.t + hour)
    on.add('intent.created', after.created())
    expect(on.outcome('spend.reserved', after.reserved('0'))).toBe('NONCE')
    expect(on.outcome('spend.reserved', after.reserved('1'))).toBe('folded')
    on.add('intent.expired', { by: 'coordinator', intent: short.intent })
    expect(on.outcome('session.started', pay.started(2, '0'))).toBe('folded')
  })

  it('is given back before another one takes the nonce', () => {
    const [on, pay] = stuck()
    const short = new Cancel(pay, 'short', on.t + hour / 2)
    const second = new Cancel(pay, 'second', on.t + 3 * hour)
    on.add('intent.created', short.created()).add('intent.created', second.created())
    on.add('spend.reserved', short.reserved('0'))
    on.t = short.notAfter + 1
    expect(on.outcome('spend.reserved', second.reserved('0'))).toBe('ONE_EFFECT')
    on.add('intent.expired', { by: 'coordinator', intent: short.intent })
    on.add('spend.reserved', second.reserved('0')).add('session.started', second.started(1, '0'))
    expect(on.outcome('session.started', pay.started(2, '0', higher))).toBe('REQUEST_ENDED')
  })
})

describe('a rejection of a cancelled request', () => {
  it('counts while the cancel has the nonce, and when that was given back', () => {
    const [on, pay, cancel] = stuck()
    on.add('spend.reserved', cancel.reserved('0'))
    expect(on.outcome('approval.recorded', pay.decided('alice'))).toBe('REQUEST_ENDED')
    const free = stuck()[0]
    expect(free.outcome('session.started', pay.started(2, '0', higher))).toBe('folded')
    on.add('approval.rejected', pay.decided('alice'))
    on.add('spend.released', { intent: cancel.intent })
    expect(on.outcome('session.started', pay.started(2, '0', higher))).toBe('REQUEST_ENDED')
  })
})
