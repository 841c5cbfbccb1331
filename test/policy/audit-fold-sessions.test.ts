import { describe, expect, it } from 'vitest'
import { enclosureDigest, signedEnclosure } from '../../policy/audit/enclosures.ts'
import { toUtf8 } from '../../proto/crypto.ts'
import { type JsonObject, text } from '../../proto/jcs.ts'
import { writeTime } from '../../proto/shape.ts'
import { sign } from '../../proto/signed.ts'
import { tags } from '../../proto/tags.ts'
import * as house from '../kit/audit-documents.ts'
import {
  bootedLog,
  count,
  digestNamed,
  Payment,
  readyLog,
  sighash,
  stateOf,
  stored,
  type TestLog,
} from '../kit/audit-log.ts'
import { handleOf } from '../kit/examples.ts'

const hour = 3_600_000

function reserved(name = 'a', spend: JsonObject = {}, on = readyLog()): [TestLog, Payment] {
  const pay = new Payment(name, on.t + hour, spend)
  on.add('intent.created', pay.created())
  return [on.add('spend.reserved', pay.reserved('0')), pay]
}

function started(): [TestLog, Payment] {
  const [on, pay] = reserved()
  return [on.add('session.started', pay.started(1, '0')), pay]
}

function freezing(scope: string): [JsonObject, string[]] {
  const document = {
    format: 'custody-freeze/v1',
    org: house.org,
    env: house.env,
    scope,
    person: 'ana',
    credential: 'ana-1',
    issued: '2026-12-01T00:00:00Z',
    nonce: '00'.repeat(16),
  }
  const bytes = toUtf8(text(document))
  const signed = sign(tags.freeze, bytes, handleOf('ana-1'), house.keyOf('ana').sign)
  const enclosure = signedEnclosure(signed)
  return [{ freeze: enclosureDigest(enclosure), scope }, [enclosure]]
}

describe('session.started', () => {
  it('spends the request and binds digest, bytes and slot', () => {
    const [on, pay] = started()
    expect(stateOf(on, pay)).toBe('SIGNING')
    expect(stored(on, 'digest', sighash('a'))['intent']).toBe(pay.intent)
    expect(stored(on, 'intent', pay.intent)['attempts']).toBe(1)
  })

  it('is void without an intent or a live reservation', () => {
    const on = readyLog()
    const pay = new Payment('a', on.t + hour)
    expect(on.outcome('session.started', pay.started(1, '0'))).toBe('REQUEST_NOT_FOUND')
    on.add('intent.created', pay.created())
    expect(on.outcome('session.started', pay.started(1, '0'))).toBe('LINE_MISSING')
    on.add('spend.reserved', pay.reserved('0')).add('spend.released', { intent: pay.intent })
    expect(on.outcome('session.started', pay.started(1, '0'))).toBe('LINE_MISSING')
  })

  it('is void unless it is the next attempt', () => {
    const [on, pay] = reserved()
    expect(on.outcome('session.started', pay.started(2, '0'))).toBe('STALE_ATTEMPT')
    on.add('session.started', pay.started(1, '0'))
    expect(on.outcome('session.started', pay.started(1, '0'))).toBe('STALE_ATTEMPT')
    expect(on.outcome('session.started', pay.started(3, '0'))).toBe('STALE_ATTEMPT')
    expect(on.outcome('session.started', pay.started(2, '0'))).toBe('folded')
  })

  it('is void after the eighth, aborted or not', () => {
    const [on, pay] = reserved()
    for (let at = 1; at <= 8; at += 1) on.add('session.started', pay.started(at, '0'))
    expect(on.outcome('session.started', pay.started(9, '0'))).toBe('STALE_ATTEMPT')
    for (let at = 1; at <= 8; at += 1) on.add('session.aborted', pay.aborted(at))
    expect(on.outcome('session.started', pay.started(9, '0'))).toBe('REQUEST_ENDED')
    expect(stateOf(on, pay)).toBe('LAPSING')
  })

  it('is void past notAfter and lawful at that instant', () => {
    const [on, pay] = reserved()
    on.t = pay.notAfter
    expect(on.outcome('session.started', pay.started(1, '0'))).toBe('folded')
    expect(on.wait(1).outcome('session.started', pay.started(1, '0'))).toBe('TIME')
  })

  it('is void while everything or its vault is frozen, and not for another vault', () => {
    const outcome = (scope: string) => {
      const [on, pay] = reserved()
      on.add('freeze.set', ...freezing(scope))
      return on.outcome('session.started', pay.started(1, '0'))
    }
    expect(outcome('all')).toBe('FROZEN')
    expect(outcome('hot-eth')).toBe('FROZEN')
    expect(outcome('warm-eth')).toBe('folded')
  })

  it('is void unless its participants are t nodes of the vault, once each, in order', () => {
    const [on, pay] = reserved()
    const outcome = (participants: string[]) =>
      on.outcome('session.started', pay.started(1, '0', { participants }))
    expect(outcome(['node-a', 'node-c'])).toBe('folded')
    for (const bent of [
      ['node-a'],
      ['node-a', 'node-b', 'node-c'],
      ['node-b', 'node-a'],
      ['node-a', 'node-a'],
      ['node-a', 'node-d'],
    ]) {
      expect(outcome(bent), bent.join()).toBe('PARTICIPANTS')
    }
  })

  it('is void for another epoch, and for a vault without a key', () => {
    const [on, pay] = reserved()
    expect(on.outcome('session.started', pay.started(1, '0', { epoch: 2 }))).toBe('EPOCH')
    const [keyless, second] = reserved('a', {}, bootedLog())
    expect(keyless.outcome('session.started', second.started(1, '0'))).toBe('VAULT_NOT_FOUND')
  })

  it('is void with another slot, or fees above the reservation', () => {
    const [on, pay] = reserved()
    expect(on.outcome('session.started', pay.started(1, '1'))).toBe('NONCE')
    expect(on.outcome('session.started', pay.started(1, ''))).toBe('NONCE')
    const fee = { max: '10001', price: '1', tip: '1' }
    expect(on.outcome('session.started', pay.started(1, '0', { fee }))).toBe('FEE')
    expect(
      on.outcome('session.started', pay.started(1, '0', { fee: { ...fee, max: '10000' } })),
    ).toBe('folded')
  })

  it('is void with an end of life where the network knows none', () => {
    const [on, pay] = reserved()
    const mortal = pay.started(1, '0', { until: writeTime(on.t + hour) })
    expect(on.outcome('session.started', mortal)).toBe('LIFETIME')
  })

  it('is void when what the key would sign is bound to another intent', () => {
    const [on] = started()
    const other = new Payment('b', on.t + hour)
    on.add('intent.created', other.created()).add('spend.reserved', other.reserved('1'))
    const same = other.started(1, '1', { digest: sighash('a') })
    expect(on.outcome('session.started', same)).toBe('ONE_EFFECT')
    expect(on.outcome('session.started', other.started(1, '1'))).toBe('folded')
  })

  it('is void when a first attempt claims to replace something', () => {
    const [on, pay] = reserved()
    const bent = pay.started(1, '0', { replaces: digestNamed('nothing') })
    expect(on.outcome('session.started', bent)).toBe('ONE_EFFECT')
  })
})

describe('a first attempt after a change of policy or directory', () => {
  // A later ruleset cannot be activated yet, so the row is changed as such a line would do it.
  it('is void: approvals named the old documents', () => {
    for (const what of ['policy', 'directory']) {
      const [on, pay] = reserved()
      const now = stored(on, 'ruleset', 'now')
      const value = text({ ...now, [what]: digestNamed('another') })
      on.rows.apply([{ kind: 'put', table: 'ruleset', key: 'now', value }])
      expect(on.outcome('session.started', pay.started(1, '0')), what).toBe('POLICY_CHANGED')
    }
  })
})

describe('a retry', () => {
  it('signs the same bytes, and says the same of them', () => {
    const [on, pay] = started()
    on.add('session.aborted', pay.aborted(1))
    expect(on.outcome('session.started', pay.started(2, '0'))).toBe('folded')
    const bent: readonly JsonObject[] = [
      { digest: sighash('other') },
      { fee: { max: '1999', price: '100', tip: '10' } },
      { fee: { max: '2000', price: '101', tip: '10' } },
      { fee: { max: '2000', price: '100', tip: '11' } },
      { replaces: pay.started(1, '0')['warrant']! },
    ]
    for (const change of bent) {
      const outcome = on.outcome('session.started', pay.started(2, '0', change))
      expect(outcome, JSON.stringify(change)).toBe('ONE_EFFECT')
    }
  })
})

describe('a fee bump', () => {
  const bump = (pay: Payment, change: JsonObject = {}) =>
    pay.started(2, '0', {
      bytes: digestNamed('bumped bytes'),
      digest: sighash('bumped'),
      fee: { max: '2200', price: '110', tip: '11' },
      replaces: pay.started(1, '0')['warrant']!,
      ...change,
    })

  it('replaces the last warrant with both fees raised by what the policy asks', () => {
    const [on, pay] = started()
    on.add('sign.completed', pay.completed(1)).add('tx.broadcast', pay.followed)
    on.add('session.started', bump(pay))
    expect(stateOf(on, pay)).toBe('SIGNING')
    const last = { ...bump(pay), attempt: 3, warrant: digestNamed('third') }
    expect(on.outcome('session.started', last)).toBe('folded')
  })

  it('is void with one fee too low, or above what was reserved', () => {
    const [on, pay] = started()
    const outcome = (fee: JsonObject) => on.outcome('session.started', bump(pay, { fee }))
    expect(outcome({ max: '2200', price: '109', tip: '11' })).toBe('FEE')
    expect(outcome({ max: '2200', price: '110', tip: '10' })).toBe('FEE')
    expect(outcome({ max: '10001', price: '110', tip: '11' })).toBe('FEE')
    expect(outcome({ max: '10000', price: '110', tip: '11' })).toBe('folded')
  })

  it('never passes with a fee that did not rise at all', () => {
    const [on, pay] = reserved()
    const none = { max: '0', price: '0', tip: '0' }
    on.add('session.started', pay.started(1, '0', { fee: none }))
    expect(on.outcome('session.started', bump(pay, { fee: none }))).toBe('FEE')
  })

  it('is void when it does not name the warrant that it replaces', () => {
    const [on, pay] = started()
    expect(on.outcome('session.started', bump(pay, { replaces: '' }))).toBe('ONE_EFFECT')
    const other = bump(pay, { replaces: digestNamed('other') })
    expect(on.outcome('session.started', other)).toBe('ONE_EFFECT')
  })

  it('opens a closed spend again until notAfter, because its shares may leave until then', () => {
    const [on, pay] = started()
    on.wait(60).add('sign.completed', pay.completed(1))
    expect(stored(on, 'reservation', pay.intent)['closesAt']).toBe(on.t)
    on.wait(60).add('session.started', bump(pay))
    expect(stored(on, 'reservation', pay.intent)['closesAt']).toBe(pay.notAfter)
    expect(count(on, 'spend')).toBe(1)
  })
})

describe('session.aborted', () => {
  it('closes an attempt once; the request signs on', () => {
    const [on, pay] = started()
    expect(on.outcome('session.aborted', pay.aborted(2))).toBe('STALE_ATTEMPT')
    on.add('session.aborted', pay.aborted(1))
    expect(stateOf(on, pay)).toBe('SIGNING')
    expect(on.outcome('session.aborted', pay.aborted(1))).toBe('STALE_ATTEMPT')
    const none = new Payment('none', on.t)
    expect(on.outcome('session.aborted', none.aborted(1))).toBe('REQUEST_NOT_FOUND')
  })

  it('is void for an attempt that has a signature', () => {
    const [on, pay] = started()
    on.add('sign.completed', pay.completed(1))
    expect(on.outcome('session.aborted', pay.aborted(1))).toBe('STALE_ATTEMPT')
  })

  it('lets the request lapse when its last attempt ends, whatever an earlier one came to', () => {
    const [on, pay] = started()
    on.add('sign.completed', pay.completed(1))
    for (let at = 2; at <= 8; at += 1) on.add('session.started', pay.started(at, '0'))
    for (const at of [2, 3, 4, 5, 6, 8]) on.add('session.aborted', pay.aborted(at))
    expect(stateOf(on, pay)).toBe('SIGNING')
    expect(stateOf(on.add('session.aborted', pay.aborted(7)), pay)).toBe('LAPSING')
    expect(stateOf(on.add('tx.settled', pay.settled), pay)).toBe('SETTLED')
  })

  it('lets the request lapse when nothing may start any more', () => {
    const [on, pay] = started()
    on.t = pay.notAfter + 1
    expect(stateOf(on.add('session.aborted', pay.aborted(1)), pay)).toBe('LAPSING')
  })
})

describe('share.receipt', () => {
  it('is recorded once for a node and counter', () => {
    const on = readyLog()
    const receipt = { counter: 7, node: 'node-a', receipt: digestNamed('receipt') }
    on.add('share.receipt', receipt)
    expect(on.outcome('share.receipt', receipt)).toBe('REPLAY_DETECTED')
    const other = { ...receipt, receipt: digestNamed('another') }
    expect(on.outcome('share.receipt', other)).toBe('REPLAY_DETECTED')
    expect(on.outcome('share.receipt', { ...other, counter: 8 })).toBe('folded')
    expect(on.outcome('share.receipt', { ...other, node: 'node-b' })).toBe('folded')
  })

  it('is void for a digest that is recorded, and for a node that the root does not name', () => {
    const on = readyLog()
    const receipt = { counter: 7, node: 'node-a', receipt: digestNamed('receipt') }
    expect(on.outcome('share.receipt', { ...receipt, node: 'node-d' })).toBe('PARTICIPANTS')
    on.add('share.receipt', receipt)
    expect(on.outcome('share.receipt', { ...receipt, counter: 8 })).toBe('REPLAY_DETECTED')
    expect(on.outcome('share.receipt', { ...receipt, node: 'node-b' })).toBe('REPLAY_DETECTED')
  })
})
