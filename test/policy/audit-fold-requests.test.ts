import { describe, expect, it } from 'vitest'
import {
  count,
  digestNamed,
  Payment,
  readyLog,
  stateOf,
  stored,
  type TestLog,
} from '../kit/audit-log.ts'

const hour = 3_600_000
const log = () => readyLog()
const payment = (on: TestLog, name = 'a') => new Payment(name, on.t + hour)

function created(): [TestLog, Payment] {
  const on = log()
  const pay = payment(on)
  return [on.add('intent.created', pay.created()), pay]
}

function reserved(): [TestLog, Payment] {
  const [on, pay] = created()
  return [on.add('spend.reserved', pay.reserved('0')), pay]
}

function started(): [TestLog, Payment] {
  const [on, pay] = reserved()
  return [on.add('session.started', pay.started(1, '0')), pay]
}

describe('intent.created', () => {
  it('opens a request, once for an intent and once for an id of its initiator', () => {
    const [on, pay] = created()
    expect(stateOf(on, pay)).toBe('AWAITING_APPROVAL')
    expect(on.outcome('intent.created', pay.created())).toBe('IDEMPOTENCY_CONFLICT')
    const sameId = pay.created({ intent: digestNamed('another intent') })
    expect(on.outcome('intent.created', sameId)).toBe('IDEMPOTENCY_CONFLICT')
    const sameIntent = pay.created({ id: 'another-id' })
    expect(on.outcome('intent.created', sameIntent)).toBe('IDEMPOTENCY_CONFLICT')
    expect(on.outcome('intent.created', { ...sameId, id: 'b' })).toBe('folded')
    expect(on.outcome('intent.created', { ...sameId, initiator: 'ana' })).toBe('folded')
  })
})

describe('intent.evaluated', () => {
  it('moves what callers see: need, allow and deny', () => {
    const [on, pay] = created()
    expect(stateOf(on.add('intent.evaluated', pay.evaluated('allow')), pay)).toBe('WAITING')
    expect(stored(on, 'intent', pay.intent)['rule']).toBe('payout-auto')
    expect(stateOf(on.add('intent.evaluated', pay.evaluated('need')), pay)).toBe(
      'AWAITING_APPROVAL',
    )
    expect(stateOf(on.add('intent.evaluated', pay.evaluated('deny', '')), pay)).toBe('DENIED')
    expect(stored(on, 'intent', pay.intent)['rule']).toBe('')
  })

  it('denies for good: no later line revives the request', () => {
    const [on, pay] = created()
    on.add('intent.evaluated', pay.evaluated('deny'))
    expect(stateOf(on.add('intent.evaluated', pay.evaluated('allow')), pay)).toBe('DENIED')
    expect(on.outcome('spend.reserved', pay.reserved('0'))).toBe('REQUEST_ENDED')
    expect(on.outcome('approval.recorded', pay.decided('ana'))).toBe('REQUEST_ENDED')
    expect(on.outcome('intent.cancelled', { by: 'ana', intent: pay.intent })).toBe('REQUEST_ENDED')
  })

  it('ends the request on an error of the evaluation as well', () => {
    const [on, pay] = created()
    expect(stateOf(on.add('intent.evaluated', pay.evaluated('error', '')), pay)).toBe('DENIED')
  })

  it('moves nothing once something is reserved', () => {
    const [on, pay] = reserved()
    expect(stateOf(on.add('intent.evaluated', pay.evaluated('deny')), pay)).toBe('RESERVED')
  })

  it('is void for an unknown intent', () => {
    const on = log()
    expect(on.outcome('intent.evaluated', payment(on).evaluated('allow'))).toBe('REQUEST_NOT_FOUND')
  })
})

describe('approval.recorded and approval.rejected', () => {
  it('record one approval a person', () => {
    const [on, pay] = created()
    on.add('approval.recorded', pay.decided('ana')).add('approval.recorded', pay.decided('bo'))
    expect(count(on, 'decision')).toBe(2)
    expect(on.outcome('approval.recorded', pay.decided('ana'))).toBe('APPROVAL_REPLAYED')
    expect(on.outcome('approval.rejected', pay.decided('chen'))).toBe('folded')
  })

  it('let a rejection override an approval of the same person, and nothing override that', () => {
    const [on, pay] = started()
    on.add('approval.recorded', pay.decided('ana'))
    const no = { ...pay.decided('ana'), approval: digestNamed('no of ana') }
    on.add('approval.rejected', no)
    const kept = stored(on, 'decision', `${pay.intent}|ana`)
    expect(kept).toMatchObject({ decision: 'reject', approval: no.approval })
    expect(stored(on, 'intent', pay.intent)['rejected']).toBe(true)
    expect(on.outcome('session.started', pay.started(2, '0'))).toBe('REQUEST_ENDED')
    // Ended requests take no decision; the row alone refuses one where the request is open again.
    const value = JSON.stringify({ ...stored(on, 'intent', pay.intent), rejected: false })
    on.rows.apply([{ kind: 'put', table: 'intent', key: pay.intent, value }])
    expect(on.outcome('approval.rejected', no)).toBe('APPROVAL_REPLAYED')
    expect(on.outcome('approval.recorded', pay.decided('ana'))).toBe('APPROVAL_REPLAYED')
  })

  it('are void for an unknown intent, and after the end of a known one', () => {
    const [on, pay] = created()
    const none = payment(on, 'none')
    expect(on.outcome('approval.recorded', none.decided('ana'))).toBe('REQUEST_NOT_FOUND')
    expect(on.outcome('approval.rejected', none.decided('ana'))).toBe('REQUEST_NOT_FOUND')
    on.add('intent.cancelled', { by: 'svc-payouts', intent: pay.intent })
    expect(on.outcome('approval.recorded', pay.decided('ana'))).toBe('REQUEST_ENDED')
    expect(on.outcome('approval.rejected', pay.decided('ana'))).toBe('REQUEST_ENDED')
  })

  it('are void after notAfter, and lawful at that instant', () => {
    const [on, pay] = created()
    on.t = pay.notAfter
    expect(on.outcome('approval.recorded', pay.decided('ana'))).toBe('folded')
    expect(on.wait(1).outcome('approval.recorded', pay.decided('ana'))).toBe('REQUEST_ENDED')
  })

  it('a rejection before any attempt ends the request and gives its room and nonce back', () => {
    const [on, pay] = reserved()
    on.add('approval.rejected', pay.decided('ana'))
    expect(stateOf(on, pay)).toBe('REJECTED')
    expect(count(on, 'spend')).toBe(0)
    expect(count(on, 'reservation')).toBe(0)
    const next = payment(on, 'b')
    on.add('intent.created', next.created())
    expect(on.outcome('spend.reserved', next.reserved('0'))).toBe('folded')
  })

  it('a rejection after an attempt line stops further attempts and frees nothing', () => {
    const [on, pay] = started()
    on.add('approval.rejected', pay.decided('ana'))
    expect(stateOf(on, pay)).toBe('SIGNING')
    expect(count(on, 'spend')).toBe(1)
    expect(on.outcome('session.started', pay.started(2, '0'))).toBe('REQUEST_ENDED')
    expect(stateOf(on.add('session.aborted', pay.aborted(1)), pay)).toBe('LAPSING')
  })
})

describe('intent.cancelled and intent.expired', () => {
  it('end a request before its first attempt and free what it held', () => {
    for (const [type, state] of [
      ['intent.cancelled', 'CANCELLED'],
      ['intent.expired', 'EXPIRED'],
    ] as const) {
      const [on, pay] = reserved()
      on.add(type, { by: 'svc-payouts', intent: pay.intent })
      expect(stateOf(on, pay)).toBe(state)
      expect(count(on, 'spend')).toBe(0)
      expect(on.outcome(type, { by: 'svc-payouts', intent: pay.intent })).toBe('REQUEST_ENDED')
      expect(on.outcome('spend.reserved', pay.reserved('0'))).toBe('REQUEST_ENDED')
    }
  })

  it('may come after notAfter', () => {
    const [on, pay] = created()
    on.wait(7_200).add('intent.expired', { by: 'coordinator', intent: pay.intent })
    expect(stateOf(on, pay)).toBe('EXPIRED')
  })

  it('are void once an attempt has started, and for an unknown intent', () => {
    const [on, pay] = started()
    const none = { by: 'svc-payouts', intent: digestNamed('none') }
    for (const type of ['intent.cancelled', 'intent.expired'] as const) {
      const outcome = on.outcome(type, { by: 'svc-payouts', intent: pay.intent })
      expect(outcome).toBe('TOO_LATE_TO_CANCEL')
      expect(on.outcome(type, none)).toBe('REQUEST_NOT_FOUND')
    }
  })
})
