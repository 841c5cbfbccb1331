import { secp256k1 } from '@noble/curves/secp256k1.js'
import { describe, expect, it } from 'vitest'
import { hmacSha512, toHex } from '../../proto/crypto.ts'
import type { JsonObject } from '../../proto/jcs.ts'
import {
  digestNamed,
  Payment,
  readyLog,
  sighash,
  signature,
  stateOf,
  stored,
  type TestLog,
  vaultRow,
  vaultSecret,
} from '../kit/audit-log.ts'

const hour = 3_600_000

function started(spend: JsonObject = {}): [TestLog, Payment] {
  const on = readyLog()
  const pay = new Payment('a', on.t + hour, spend)
  on.add('intent.created', pay.created()).add('spend.reserved', pay.reserved('0'))
  return [on.add('session.started', pay.started(1, '0')), pay]
}

function signed(): [TestLog, Payment] {
  const [on, pay] = started()
  return [on.add('sign.completed', pay.completed(1)), pay]
}

function lapsing(): [TestLog, Payment] {
  const [on, pay] = started()
  on.t = pay.notAfter + 1
  return [on.add('session.aborted', pay.aborted(1)), pay]
}

describe('sign.completed', () => {
  it('is lawful with a signature of the vault over the digest of the attempt', () => {
    const [on, pay] = signed()
    expect(stateOf(on, pay)).toBe('SIGNED')
  })

  it('verifies under the child key of the path that was reserved', () => {
    const [on, pay] = started({ path: 'm/5' })
    const { publicKey, chainCode } = vaultRow('hot-eth')
    const mac = hmacSha512(chainCode, Uint8Array.of(...publicKey, 0, 0, 0, 5))
    const { Fn } = secp256k1.Point
    const sum = Fn.add(Fn.fromBytes(vaultSecret('hot-eth')), Fn.fromBytes(mac.slice(0, 32)))
    const child = signature('hot-eth', sighash('a'), Fn.toBytes(sum))
    expect(on.outcome('sign.completed', pay.completed(1))).toBe('BYTES_DIGEST')
    expect(on.outcome('sign.completed', pay.completed(1, { signature: child }))).toBe('folded')
  })

  it('is void with a signature that does not verify', () => {
    const [on, pay] = started()
    const outcome = (written: string) =>
      on.outcome('sign.completed', pay.completed(1, { signature: written }))
    const good = signature('hot-eth', sighash('a'))
    expect(outcome(signature('warm-eth', sighash('a')))).toBe('BYTES_DIGEST')
    expect(outcome(signature('hot-eth', sighash('b')))).toBe('BYTES_DIGEST')
    expect(outcome(`${good.slice(0, 128)}${good.endsWith('00') ? '01' : '00'}`)).toBe(
      'BYTES_DIGEST',
    )
    expect(outcome(`${good.slice(0, 128)}1b`)).toBe('MALFORMED')
    expect(outcome('00'.repeat(65))).toBe('BYTES_DIGEST')
    expect(outcome(highS(good))).toBe('BYTES_DIGEST')
  })

  it('is void for an attempt that has not started, or with another warrant', () => {
    const [on, pay] = started()
    expect(on.outcome('sign.completed', pay.completed(2))).toBe('STALE_ATTEMPT')
    const other = pay.completed(1, { warrant: digestNamed('other') })
    expect(on.outcome('sign.completed', other)).toBe('WARRANT')
    const none = new Payment('none', on.t)
    expect(on.outcome('sign.completed', none.completed(1))).toBe('REQUEST_NOT_FOUND')
  })

  it('is void the second time for one attempt', () => {
    const [on, pay] = signed()
    expect(on.outcome('sign.completed', pay.completed(1))).toBe('REPLAY_DETECTED')
  })

  it('may come after the abort of its attempt, and after the end of the request', () => {
    const [on, pay] = started()
    on.add('session.aborted', pay.aborted(1)).add('sign.completed', pay.completed(1))
    expect(stateOf(on, pay)).toBe('SIGNED')
    const [late, second] = lapsing()
    expect(stateOf(late.add('sign.completed', second.completed(1)), second)).toBe('LAPSING')
    const [gone, third] = lapsing()
    gone.add('tx.dropped', third.dropped).add('sign.completed', third.completed(1))
    expect(stateOf(gone, third)).toBe('DROPPED')
  })
})

describe('a signature of an earlier attempt', () => {
  /** Attempt 1 aborted without a trace, attempt 2 with higher fees. */
  function bumped(): [TestLog, Payment, JsonObject] {
    const [on, pay] = started()
    on.add('session.aborted', pay.aborted(1))
    const second = pay.started(2, '0', {
      bytes: digestNamed('bumped bytes'),
      digest: sighash('bumped'),
      fee: { max: '2200', price: '110', tip: '11' },
      replaces: pay.started(1, '0')['warrant']!,
    })
    const completion = pay.completed(2, {
      signature: signature('hot-eth', sighash('bumped')),
      txid: `0x${digestNamed('bumped tx')}`,
    })
    return [on.wait(60).add('session.started', second), pay, completion]
  }
  const closesAt = (on: TestLog, pay: Payment) => stored(on, 'reservation', pay.intent)['closesAt']

  it('closes no spend, because shares of the newest may still leave', () => {
    const [on, pay, completion] = bumped()
    on.add('sign.completed', pay.completed(1))
    expect(stateOf(on, pay)).toBe('SIGNED')
    expect(closesAt(on, pay)).toBe(pay.notAfter)
    on.wait(60).add('sign.completed', completion)
    expect(closesAt(on, pay)).toBe(on.t)
  })

  it('moves nothing back that was broadcast, and counts its transaction as known', () => {
    const [on, pay, completion] = bumped()
    const second = { intent: pay.intent, txid: completion['txid']! }
    on.add('sign.completed', completion).add('tx.broadcast', second)
    expect(on.outcome('tx.settled', pay.settled)).toBe('LINE_MISSING')
    on.add('sign.completed', pay.completed(1))
    expect(stateOf(on, pay)).toBe('BROADCAST')
    expect(on.outcome('tx.settled', pay.settled)).toBe('folded')
  })
})

describe('tx.broadcast, tx.settled and tx.dropped', () => {
  it('follow a signed transaction to its end', () => {
    const [on, pay] = signed()
    expect(stateOf(on.add('tx.broadcast', pay.followed), pay)).toBe('BROADCAST')
    expect(stateOf(on.add('tx.broadcast', pay.followed), pay)).toBe('BROADCAST')
    expect(stateOf(on.add('tx.settled', pay.settled), pay)).toBe('SETTLED')
    const [other, dropped] = signed()
    expect(stateOf(other.add('tx.dropped', dropped.dropped), dropped)).toBe('DROPPED')
  })

  it('are void without a verified signature of that very transaction', () => {
    const [on, pay] = started()
    expect(on.outcome('tx.broadcast', pay.followed)).toBe('LINE_MISSING')
    expect(on.outcome('tx.settled', pay.settled)).toBe('LINE_MISSING')
    expect(on.outcome('tx.dropped', pay.dropped)).toBe('LINE_MISSING')
    on.add('sign.completed', pay.completed(1))
    const txid = `0x${digestNamed('another transaction')}`
    expect(on.outcome('tx.broadcast', { ...pay.followed, txid })).toBe('LINE_MISSING')
    expect(on.outcome('tx.settled', { ...pay.settled, txid })).toBe('LINE_MISSING')
    expect(on.outcome('tx.dropped', { ...pay.dropped, txid })).toBe('LINE_MISSING')
  })

  it('settle or drop a lapsing request without one, and never broadcast it', () => {
    const [on, pay] = lapsing()
    expect(on.outcome('tx.broadcast', pay.followed)).toBe('LINE_MISSING')
    expect(on.outcome('tx.settled', pay.settled)).toBe('folded')
    expect(stateOf(on.add('tx.dropped', pay.dropped), pay)).toBe('DROPPED')
  })

  it('follow known transactions alone, once one is signed, though the request lapses', () => {
    const [on, pay] = lapsing()
    on.add('sign.completed', pay.completed(1))
    const txid = `0x${digestNamed('another transaction')}`
    expect(on.outcome('tx.settled', { ...pay.settled, txid })).toBe('LINE_MISSING')
    expect(on.outcome('tx.dropped', { ...pay.dropped, txid })).toBe('LINE_MISSING')
    expect(on.outcome('tx.settled', pay.settled)).toBe('folded')
  })

  it('treat a request as lapsing that ended with no attempt left open', () => {
    const [on, pay] = started()
    on.add('session.aborted', pay.aborted(1))
    expect(stateOf(on, pay)).toBe('SIGNING')
    expect(on.outcome('tx.dropped', pay.dropped)).toBe('LINE_MISSING')
    on.t = pay.notAfter + 1
    expect(on.outcome('tx.dropped', pay.dropped)).toBe('folded')
  })

  it('are void once the request is closed, and for no request', () => {
    const [on, pay] = signed()
    on.add('tx.settled', pay.settled)
    expect(on.outcome('tx.settled', pay.settled)).toBe('REQUEST_ENDED')
    expect(on.outcome('tx.dropped', pay.dropped)).toBe('REQUEST_ENDED')
    expect(on.outcome('tx.broadcast', pay.followed)).toBe('REQUEST_ENDED')
    const none = new Payment('none', on.t)
    expect(on.outcome('tx.settled', none.settled)).toBe('REQUEST_NOT_FOUND')
  })

  it('are void before anything was reserved', () => {
    const [on] = signed()
    const pay = new Payment('b', on.t + hour)
    on.add('intent.created', pay.created())
    expect(on.outcome('tx.dropped', pay.dropped)).toBe('LINE_MISSING')
  })
})

function highS(written: string): string {
  const { Fn } = secp256k1.Point
  const bytes = Uint8Array.from(Buffer.from(written, 'hex'))
  const s = Fn.toBytes(Fn.neg(Fn.fromBytes(bytes.slice(32, 64))))
  return `${written.slice(0, 64)}${toHex(s)}${written.endsWith('00') ? '01' : '00'}`
}
