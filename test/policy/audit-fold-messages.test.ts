// The fold on messages: no nonce, no sum, one digest for ever, and an end with the signature.
import { describe, expect, it } from 'vitest'
import { readSync } from '../../policy/audit/rows.ts'
import { below, tables } from '../../policy/audit/tables.ts'
import type { JsonObject } from '../../proto/jcs.ts'
import { limits } from '../../proto/limits.ts'
import { digestNamed, Payment, readyLog, sighash, stateOf, type TestLog } from '../kit/audit-log.ts'

const hour = 3_600_000
const nothing = { max: '0', price: '0', tip: '0' }
const spend = { op: 'evm.message', amount: '0', asset: 'eth-native', feeMax: '0' }

class Message extends Payment {
  constructor(name: string, notAfter: number, change: JsonObject = {}) {
    super(name, notAfter, { ...spend, ...change })
  }

  override started(attempt: number, slot = '', change: JsonObject = {}): JsonObject {
    return super.started(attempt, slot, { fee: nothing, ...change })
  }

  override get txid(): string {
    return `0x${sighash(this.name)}`
  }
}

function reserved(name = 'a'): [TestLog, Message] {
  const on = readyLog()
  const message = new Message(name, on.t + hour)
  on.add('intent.created', message.created()).add('spend.reserved', message.reserved(''))
  return [on, message]
}

function signed(): [TestLog, Message] {
  const [on, message] = reserved()
  on.add('session.started', message.started(1))
  return [on.add('sign.completed', message.completed(1)), message]
}

/** When what counts in limits closes. */
const spends = (on: TestLog): readonly number[] =>
  readSync(below(tables.spend), on.rows).map((row) => row.closesAt)

describe('the reservation of a message', () => {
  it('gives no nonce and takes none from the payments of its address', () => {
    const [on] = reserved()
    const pay = new Payment('pay', on.t + hour)
    on.add('intent.created', pay.created())
    expect(on.outcome('spend.reserved', pay.reserved('0'))).toBe('folded')
    const other = new Message('b', on.t + hour)
    on.add('intent.created', other.created())
    expect(on.outcome('spend.reserved', other.reserved('0'))).toBe('NONCE')
    expect(on.outcome('spend.reserved', other.reserved(''))).toBe('folded')
  })

  it('moves nothing and costs nothing, or is void', () => {
    const on = readyLog()
    const message = new Message('a', on.t + hour)
    on.add('intent.created', message.created())
    const outcome = (change: JsonObject) =>
      on.outcome('spend.reserved', message.reserved('', change))
    expect(outcome({})).toBe('folded')
    expect(outcome({ amount: '1' })).toBe('LINE_VOID')
    expect(outcome({ feeMax: '1' })).toBe('LINE_VOID')
  })
})

describe('the attempts of a message', () => {
  it('sign one digest for ever', () => {
    const [on, message] = reserved()
    on.add('session.started', message.started(1)).add('session.aborted', message.aborted(1))
    const outcome = (change: JsonObject) =>
      on.outcome('session.started', message.started(2, '', change))
    expect(outcome({})).toBe('folded')
    expect(outcome({ digest: sighash('b') })).toBe('ONE_EFFECT')
    const raised = { max: '1', price: '1', tip: '1' }
    const other = { bytes: digestNamed('other'), replaces: digestNamed('warrant a 1') }
    expect(outcome(other)).toBe('ONE_EFFECT')
    expect(outcome({ ...other, fee: raised })).toBe('FEE')
    expect(outcome({ slot: '0' })).toBe('NONCE')
  })

  it('bind the digest to one request: a second one of the same message signs nothing', () => {
    const [on] = signed()
    const twin = new Message('twin', on.t + hour)
    on.add('intent.created', twin.created()).add('spend.reserved', twin.reserved(''))
    const same = twin.started(1, '', { digest: sighash('a') })
    expect(on.outcome('session.started', same)).toBe('ONE_EFFECT')
    expect(on.outcome('session.started', twin.started(1))).toBe('folded')
  })
})

describe('the end of a message', () => {
  it('is its signature: nothing more is signed, cancelled, rejected or sent', () => {
    const [on, message] = signed()
    expect(stateOf(on, message)).toBe('SIGNED')
    expect(spends(on)).toEqual([on.t])
    expect(on.outcome('session.started', message.started(2))).toBe('REQUEST_ENDED')
    expect(on.outcome('approval.rejected', message.decided('ana'))).toBe('REQUEST_ENDED')
    const ended = { by: 'svc-payouts', intent: message.intent }
    expect(on.outcome('intent.cancelled', ended)).toBe('TOO_LATE_TO_CANCEL')
    expect(on.outcome('intent.expired', ended)).toBe('TOO_LATE_TO_CANCEL')
    for (const [type, body] of [
      ['tx.broadcast', message.followed],
      ['tx.settled', message.settled],
      ['tx.dropped', message.dropped],
    ] as const) {
      expect(on.outcome(type, body), type).toBe('LINE_VOID')
    }
  })

  it('names what was signed: a line with another id is void', () => {
    const [on, message] = reserved()
    on.add('session.started', message.started(1))
    const other = message.completed(1, { txid: `0x${sighash('b')}` })
    expect(on.outcome('sign.completed', other)).toBe('BYTES_DIGEST')
    expect(on.outcome('sign.completed', message.completed(1))).toBe('folded')
  })

  it('is a line that says so where no attempt may start any more and none has a signature', () => {
    const [on, message] = reserved()
    const expired = { by: 'coordinator', intent: message.intent }
    on.add('session.started', message.started(1))
    expect(on.outcome('intent.expired', expired)).toBe('TOO_LATE_TO_CANCEL')
    on.t = message.notAfter + 1
    // Its shares may still leave.
    expect(on.outcome('intent.expired', expired)).toBe('TOO_LATE_TO_CANCEL')
    on.add('session.aborted', message.aborted(1)).add('intent.expired', expired)
    expect(stateOf(on, message)).toBe('EXPIRED')
    // Nobody can prove that there is no signature, so what it took of limits stays taken.
    expect(spends(on)).toEqual([message.notAfter])
    on.add('sign.completed', message.completed(1))
    expect(stateOf(on, message)).toBe('EXPIRED')
  })

  it('comes after as many attempts as there may be, too', () => {
    const [on, message] = reserved()
    for (let attempt = 1; attempt <= limits.attemptsPerIntentMax; attempt += 1) {
      on.add('session.started', message.started(attempt))
      on.add('session.aborted', message.aborted(attempt))
    }
    expect(stateOf(on, message)).toBe('LAPSING')
    on.add('intent.expired', { by: 'coordinator', intent: message.intent })
    expect(stateOf(on, message)).toBe('EXPIRED')
  })

  it('of a payment that was tried is not this line', () => {
    const on = readyLog()
    const pay = new Payment('pay', on.t + hour)
    on.add('intent.created', pay.created()).add('spend.reserved', pay.reserved('0'))
    on.add('session.started', pay.started(1, '0'))
    on.t = pay.notAfter + 1
    on.add('session.aborted', pay.aborted(1))
    const expired = { by: 'coordinator', intent: pay.intent }
    expect(on.outcome('intent.expired', expired)).toBe('TOO_LATE_TO_CANCEL')
  })
})
