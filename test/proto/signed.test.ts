import { describe, expect, it } from 'vitest'
import * as crypto from '../../proto/crypto.ts'
import { parseHandle } from '../../proto/ids.ts'
import { encode } from '../../proto/jcs.ts'
import { grpcStatus, isReasonCode, mayPass, retryClass } from '../../proto/reasons.ts'
import { attempt, isRefusal, Refused, refuse } from '../../proto/refusal.ts'
import { integer, object } from '../../proto/shape.ts'
import { open, sign, signedJson, signedShape } from '../../proto/signed.ts'
import { tags } from '../../proto/tags.ts'

const seed = crypto.sha256(crypto.toUtf8('test-seed/ana'))
const publicKey = crypto.ed25519PublicKey(seed)
const read = { shape: object({ n: integer(0, 9) }), refuseWith: 'APPROVAL_SIG' } as const
const signed = sign(tags.freeze, encode({ n: 3 }), parseHandle('ana-1'), crypto.ed25519Signer(seed))

describe('a signed document', () => {
  it('opens under the key that signed it, with the digest of its exact bytes', () => {
    const opened = open(tags.freeze, signed, publicKey, read)
    expect(opened.value).toEqual({ n: 3 })
    expect(opened.digest).toBe(crypto.digestOf(tags.freeze, encode({ n: 3 })))
    expect(signedShape(signedJson(signed), '')).toEqual(signed)
  })

  it('refuses another tag, another key, another byte and a longer signature', () => {
    const other = crypto.ed25519PublicKey(crypto.sha256(crypto.toUtf8('other')))
    const flipped = { ...signed, document: signed.document.replace('3', '4') }
    const long = { ...signed, signature: crypto.concat(signed.signature, Uint8Array.of(0)) }
    const cases = [
      () => open(tags.policy, signed, publicKey, read),
      () => open(tags.freeze, signed, other, read),
      () => open(tags.freeze, flipped, publicKey, read),
      () => open(tags.freeze, long, publicKey, read),
      () => open(tags.freeze, signed, new Uint8Array(31), read),
    ]
    for (const work of cases) expect(attempt(work)).toMatchObject({ code: 'APPROVAL_SIG' })
  })

  it('decodes only after it verified', () => {
    const document = crypto.toUtf8('{"n": 3}')
    const odd = sign(tags.freeze, document, parseHandle('ana-1'), crypto.ed25519Signer(seed))
    expect(attempt(() => open(tags.freeze, odd, publicKey, read))).toMatchObject({
      code: 'MALFORMED',
    })
  })
})

describe('the crypto door', () => {
  it('gives the published public key of the vectors', () => {
    expect(crypto.toBase64(publicKey)).toBe('cc8eEzQFSQMkn6kZM42BlmrlXjv+au5UzEicbhDEXyc=')
  })

  it('opens AES-GCM only unchanged', () => {
    const key = crypto.sha256(seed)
    const nonce = new Uint8Array(12)
    const sealed = crypto.aesGcmSeal(key, nonce, seed, publicKey)
    expect(crypto.aesGcmOpen(key, nonce, sealed, publicKey)).toEqual(seed)
    expect(crypto.aesGcmOpen(key, nonce, sealed)).toBeUndefined()
    expect(crypto.aesGcmOpen(key, nonce, sealed.subarray(1), publicKey)).toBeUndefined()
    expect(crypto.aesGcmOpen(key, nonce, new Uint8Array(15), publicKey)).toBeUndefined()
  })

  it('gives both sides of X25519 one secret and refuses a low-order or short key', () => {
    const alice = crypto.sha256(seed, seed)
    const bob = crypto.sha256(alice)
    const one = crypto.x25519(alice, crypto.x25519PublicKey(bob))
    expect(one).toEqual(crypto.x25519(bob, crypto.x25519PublicKey(alice)))
    expect(crypto.x25519(alice, new Uint8Array(32))).toBeUndefined()
    expect(crypto.x25519(alice, new Uint8Array(31))).toBeUndefined()
  })

  it('reads only lower-case hex and canonical base64', () => {
    expect(crypto.fromHex('0aff')).toEqual(Uint8Array.of(10, 255))
    for (const bad of ['0A', '0', 'zz', ' 00']) expect(crypto.fromHex(bad)).toBeUndefined()
    expect(crypto.fromBase64('AA==')).toEqual(Uint8Array.of(0))
    for (const bad of ['AA', 'AB==', 'AA==\n']) expect(crypto.fromBase64(bad)).toBeUndefined()
  })
})

describe('refusals and reasons', () => {
  it('turns a refusal into a value and lets every other error go on', () => {
    expect(isRefusal(attempt(() => refuse('LIMIT', 'sends 2, room 1', 'hot-24h')))).toBe(true)
    expect(() => attempt(() => JSON.parse('{'))).toThrow(SyntaxError)
    expect(new Refused({ kind: 'refused', code: 'LIMIT', because: 'x' }).message).toBe('LIMIT: x')
  })

  it('knows status and retry class of every code', () => {
    expect(grpcStatus('IDEMPOTENCY_CONFLICT')).toBe('ALREADY_EXISTS')
    expect(retryClass('LIMIT')).toBe('AFTER')
    expect(mayPass('LIMIT')).toBe(true)
    expect(mayPass('BYTES_TO')).toBe(false)
    expect(isReasonCode('toString')).toBe(false)
  })
})
