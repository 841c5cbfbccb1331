import { describe, expect, it } from 'vitest'
import { destinationDigest, destinationJson, parseDestination } from '../../policy/destination.ts'
import { encodeIntent, openIntent, parseIntent } from '../../policy/request.ts'
import { fromUtf8, toUtf8 } from '../../proto/crypto.ts'
import { encode, type JsonObject, parse } from '../../proto/jcs.ts'
import { limits } from '../../proto/limits.ts'
import { writeTime } from '../../proto/shape.ts'
import { sign } from '../../proto/signed.ts'
import { tags } from '../../proto/tags.ts'
import {
  handleOf,
  payout,
  payoutBytes,
  record,
  recordText,
  testKey,
  token,
} from '../kit/examples.ts'
import { refusedWith } from '../kit/refused.ts'

const written = parse(payoutBytes) as JsonObject
const changed = (patch: JsonObject): Uint8Array => encode({ ...written, ...patch })
const parses = (patch: JsonObject): string => refusedWith(() => parseIntent(changed(patch)))
const without = (key: string): Uint8Array => {
  const { [key]: _, ...rest } = written
  return encode(rest)
}

describe('an intent', () => {
  it('has the digest of the published vector', () => {
    expect(parseIntent(payoutBytes)).toEqual({
      digest: '0f90702c456aef0c787f1d0545d8582ccb93fdded7cd5e0e04225cbd7daf24b6',
      intent: payout,
    })
  })

  it('is accepted in every form that a network has', () => {
    expect(parses({ op: 'evm.transfer', contract: '', asset: 'eth-native' })).toBe('accepted')
    expect(parses({ path: 'm/0/17', dest: '', maxFee: '0' })).toBe('accepted')
    const tron = 'TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6t'
    expect(
      parses({ network: 'tron:0x2b6653dc', op: 'tron.transfer', contract: '', to: tron }),
    ).toBe('accepted')
  })

  it('needs every key, and no other', () => {
    for (const key of Object.keys(written)) {
      expect(refusedWith(() => parseIntent(without(key)))).toBe('MALFORMED')
    }
    expect(parses({ gas: '1' })).toBe('MALFORMED')
  })

  const malformed: readonly JsonObject[] = [
    { format: 'custody-intent/v2' },
    { env: 'production' },
    { org: 'Acme' },
    { id: '' },
    { created: '2026-12-07T10:15:00.000Z' },
    { notAfter: '2026-02-30T10:15:00Z' },
    { vault: 'hot eth' },
    { path: "m/0'" },
    { path: 'm/01' },
    { network: 'eip155' },
    { op: 'evm.approve' },
    { contract: token.toUpperCase() },
    { contract: '' },
    { to: '0x7A16fF8270133F063aAb6C9977183D9e72835428' },
    { to: '' },
    { dest: 'none' },
    { amount: '-1' },
    { amount: '01' },
    { amount: '1.5' },
    { amount: 42 },
    { amount: (1n << 256n).toString() },
    { maxFee: '1e3' },
    { purpose: '' },
    { purpose: 'a\nb' },
    { purpose: 'a  b' },
    { purpose: `a${' '.repeat(80)}b` },
    { purpose: ' a' },
    { purpose: 'a ' },
    { purpose: 'é' },
    { purpose: 'a'.repeat(129) },
    { initiator: '' },
  ]
  it.each(malformed.map((patch) => [JSON.stringify(patch), patch] as const))(
    'is refused with %s',
    (_, patch) => expect(parses(patch)).toBe('MALFORMED'),
  )

  it('AUTH-07 is refused with EIP-55 capitals, or half of them, in any address', () => {
    const capitals = '0x7A16fF8270133F063aAb6c9977183D9e72835428'
    expect(parses({ to: capitals.toLowerCase() })).toBe('accepted')
    for (const field of ['to', 'contract']) {
      expect(parses({ [field]: capitals })).toBe('MALFORMED')
      expect(parses({ [field]: capitals.toLowerCase().replace('f', 'F') })).toBe('MALFORMED')
    }
  })

  it('names the path of an own address that it pays, below m and beside no record', () => {
    expect(parses({ dest: '', toPath: 'm/1/17' })).toBe('accepted')
    expect(parses({ dest: '', toPath: 'm' })).toBe('INVALID_INTENT')
    expect(parses({ toPath: 'm/1/17' })).toBe('INVALID_INTENT')
    const call = { op: 'evm.call', call: 'deposit()', contract: '', dest: '' }
    expect(parses(call)).toBe('accepted')
    expect(parses({ ...call, toPath: 'm/1/17' })).toBe('INVALID_INTENT')
    const cancel = {
      op: 'evm.cancel',
      cancels: 'ab'.repeat(32),
      contract: '',
      dest: '',
      amount: '0',
    }
    expect(parses(cancel)).toBe('accepted')
    expect(parses({ ...cancel, toPath: 'm/1/17' })).toBe('INVALID_INTENT')
    for (const toPath of ['', "m/1'", 'm/0/17', 'm/1/017', 'm/1/17/0', 'm/1/100000000']) {
      expect(parses({ dest: '', toPath })).toBe('INVALID_INTENT')
    }
  })

  it('says its purpose in words with one space between them', () => {
    expect(parses({ purpose: 'pay out 1 of 2' })).toBe('accepted')
    expect(parses({ purpose: 'a'.repeat(128) })).toBe('accepted')
  })

  it('lives 90 days at most', () => {
    const until = (days: number, more = 0) => {
      return parses({ notAfter: writeTime(payout.created + days * 86_400_000 + more) })
    }
    expect(until(90)).toBe('accepted')
    expect(until(90, 1_000)).toBe('INVALID_INTENT')
  })

  it('pays nobody at the zero address, on any network', () => {
    expect(parses({ to: `0x${'00'.repeat(20)}` })).toBe('INVALID_INTENT')
    const tron = { network: 'tron:0x2b6653dc', op: 'tron.transfer', contract: '' }
    expect(parses({ ...tron, to: 'T9yD14Nj9j7xAB4dbGeiX9h8unkKHxuWwb' })).toBe('INVALID_INTENT')
  })

  it('is refused when its parts do not belong together', () => {
    const inconsistent: readonly JsonObject[] = [
      { op: 'trc20.transfer' },
      { op: 'evm.transfer' },
      { to: token },
      { amount: '0' },
      { notAfter: '2026-12-07T10:15:00Z' },
    ]
    for (const patch of inconsistent) expect(parses(patch)).toBe('INVALID_INTENT')
    expect(parses({ network: 'eip155:01' })).toBe('MALFORMED')
    expect(parses({ network: 'eip155:10' })).toBe('NOT_SUPPORTED')
    expect(parses({ network: 'bip122:000000000019d6689c085ae165831e93' })).toBe('NOT_SUPPORTED')
  })

  it('has one text: other order, spaces or escapes are refused', () => {
    const text = fromUtf8(payoutBytes)!
    const wrong = [
      ` ${text}`,
      text.replace(',', ', '),
      text.replace('usdt', '\\u0075sdt'),
      '{}',
      '',
    ]
    for (const other of wrong) {
      expect(refusedWith(() => parseIntent(toUtf8(other)))).toBe('MALFORMED')
    }
    const long = new Uint8Array(limits.intentBytesMax + 1).fill(0x20)
    expect(refusedWith(() => parseIntent(long))).toBe('TOO_LARGE')
  })
})

describe('a signed intent', () => {
  const key = testKey('svc-payouts')
  const credential = handleOf('svc-payouts-1')
  const signed = sign(tags.intent, payoutBytes, credential, key.sign)
  const opens = (patch: object, publicKey = key.publicKey) =>
    refusedWith(() => openIntent({ ...signed, ...patch }, publicKey))

  it('opens under the key of its initiator', () => {
    expect(openIntent(signed, key.publicKey)).toEqual(parseIntent(payoutBytes))
  })

  it('does not open when key, text, signature or tag is another', () => {
    const other = fromUtf8(changed({ amount: '42000000001' }))!
    const approval = sign(tags.approval, payoutBytes, credential, key.sign)
    expect(opens({})).toBe('accepted')
    expect(opens({}, testKey('ana').publicKey)).toBe('INTENT_SIG')
    expect(opens({ document: other })).toBe('INTENT_SIG')
    expect(opens({ signature: signed.signature.with(0, 0) })).toBe('INTENT_SIG')
    expect(opens({ signature: approval.signature })).toBe('INTENT_SIG')
  })

  it('is parsed as strictly as any other', () => {
    const wrong = sign(tags.intent, changed({ amount: '0' }), credential, key.sign)
    expect(refusedWith(() => openIntent(wrong, key.publicKey))).toBe('INVALID_INTENT')
    expect(opens({ document: ' '.repeat(limits.intentBytesMax + 1) })).toBe('TOO_LARGE')
  })

  it('is written as it is read', () => {
    expect(encodeIntent(parseIntent(payoutBytes).intent)).toEqual(payoutBytes)
  })
})

describe('a destination record', () => {
  const json = destinationJson(record.record)
  const reads = (patch: JsonObject) =>
    refusedWith(() => parseDestination(encode({ ...json, ...patch })))

  it('has the digest of the published vector, from text and from a book alike', () => {
    const digest = '18333b1de2f292ecc5c6eab848b9ed914185aa17a9544e29612e790a2ef9c8b2'
    expect(record.digest).toBe(digest)
    expect(destinationDigest(record.record)).toBe(digest)
    expect(fromUtf8(encode(json))).toBe(recordText)
  })

  it('is refused in any other form', () => {
    expect(reads({})).toBe('accepted')
    expect(reads({ status: 'removed', version: 4 })).toBe('accepted')
    const wrong: readonly JsonObject[] = [
      { format: 'custody-dest/v2' },
      { status: 'paused' },
      { version: 0 },
      { label: 'a\nFEE       none' },
      { label: '' },
      { label: 'cust-1  (verified)' },
      { label: 'a'.repeat(129) },
      { address: '0x7A16fF8270133F063aAb6C9977183D9e72835428' },
      { network: 'eip155' },
      { activeFrom: 'now' },
      { note: '' },
    ]
    for (const patch of wrong) expect(reads(patch)).toBe('MALFORMED')
  })
})
