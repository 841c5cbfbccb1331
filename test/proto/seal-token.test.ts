import { constants, createPrivateKey, generateKeyPairSync, privateDecrypt } from 'node:crypto'
import { p256 } from '@noble/curves/nist.js'
import { describe, expect, it } from 'vitest'
import {
  p256PublicKey,
  p256Shared,
  p256Verify,
  rsaOaepSeal,
  sha256,
  toHex,
  toUtf8,
} from '../../proto/crypto.ts'
import { parseDigest, parseHandle } from '../../proto/ids.ts'
import { encode, type JsonObject, parse } from '../../proto/jcs.ts'
import { attempt, isRefusal } from '../../proto/refusal.ts'
import { openWithPassphrase } from '../../proto/seal.ts'
import { type KeyshareContext, parseSeal, type SealedThing } from '../../proto/seal-file.ts'
import {
  isSealedTo,
  openWithDek,
  sealToTokens,
  type TokenSealKey,
  tokenTask,
  unwrapByToken,
} from '../../proto/seal-token.ts'
import { refusedWith } from '../kit/refused.ts'

const h = (name: string): Uint8Array => sha256(toUtf8(name))
const dek = h('test-seed/dek')
const secret = h('test-seed/token')
const point = p256.getPublicKey(secret, false)
const keyshare = toUtf8('keyshare')
const context: KeyshareContext = {
  org: parseHandle('acme'),
  env: 'prod',
  vault: parseHandle('cold-eth'),
  key: `02${'ab'.repeat(32)}`,
  commitments: parseDigest('cd'.repeat(32)),
  epoch: 0,
  party: 2,
  threshold: 3,
  parties: 5,
  made: parseDigest('ef'.repeat(32)),
}
const cold: SealedThing = { kind: 'keyshare', context }

const rsa = generateKeyPairSync('rsa', { modulusLength: 3072 })
const modulus = new Uint8Array(
  Buffer.from(rsa.publicKey.export({ format: 'jwk' }).n ?? '', 'base64url'),
)
const keyA: TokenSealKey = { how: 'p256-ecdh', kdf: 'null', token: 'T1', point }
const keyB: TokenSealKey = { ...keyA, kdf: 'x963-sha256' }
const keyC: TokenSealKey = { how: 'rsa-oaep-sha256', token: 'T3', modulus }
const profiles = { A: keyA, B: keyB, C: keyC } as const

/** What the token of these keys would answer, by other code than the sealing side. */
function tokenAnswers(bytes: Uint8Array, key: TokenSealKey, own = secret): Uint8Array {
  const task = tokenTask(parseSeal(bytes), key)
  if (task === undefined) throw new Error('expected a stanza for this token')
  if (task.do === 'decrypt') {
    const oaep = { padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: 'sha256' }
    return new Uint8Array(privateDecrypt({ key: rsa.privateKey, ...oaep }, task.bytes))
  }
  const x = p256.getSharedSecret(own, task.point).slice(1)
  return task.kdf === 'null' ? x : sha256(x, Uint8Array.of(0, 0, 0, 1))
}

const fresh = (count: number) => ({
  dek,
  perToken: ['eph', 'eph2', 'eph3', 'eph4'].slice(0, count).map((name) => h(`test-seed/${name}`)),
})
const sealed = (...keys: readonly TokenSealKey[]) =>
  sealToTokens(cold, keyshare, keys, fresh(keys.length))

function opens(
  bytes: Uint8Array,
  key: TokenSealKey,
  { expected = cold, own = secret }: { expected?: SealedThing; own?: Uint8Array } = {},
): string {
  return refusedWith(() => {
    const found = unwrapByToken(parseSeal(bytes), key, tokenAnswers(bytes, key, own))
    return openWithDek(bytes, expected, found ?? new Uint8Array(32))
  })
}

describe('the vectors of token stanzas', () => {
  it('profile A: wrapped, mac, body and the whole file', () => {
    const bytes = sealed(keyA)
    const { stanzas, mac, body } = parseSeal(bytes)
    expect(toHex(p256.getPublicKey(secret, true))).toBe(
      '030b22222137b64f9ccde679fdf7dddd1629e230796235f4c5d3419b7057e685f2',
    )
    expect(toHex(stanzas[0]!.wrapped)).toBe(
      '28c17955e025aa86765c9561e5ad1c5223f95f920a2fdf29' +
        'c09372b704c9e1c5cb8d247a205cebf96bcf45894984b35c',
    )
    expect(toHex(mac)).toBe('38da7eced209017d5a27670082d155729a2609f6e99a7766920d1968054dfb91')
    expect(toHex(body)).toBe('60edb0480a51155224ebf804060d82c26844aa7eaae8ded1')
    expect(toHex(sha256(bytes))).toBe(
      'a61aa80c33d0b46625aaf7a185cd6e9454c1db13aa99b0295e579db9b8e5ca72',
    )
  })

  it('profile B: wrapped and mac', () => {
    const { stanzas, mac } = parseSeal(sealed(keyB))
    expect(toHex(stanzas[0]!.wrapped)).toBe(
      '6a94abbf11448da8a961792ea6b1da91299237ddbdd9fdae' +
        'c397418b175bc9842146d2c6c75fe5b23c3ec41889bfcce2',
    )
    expect(toHex(mac)).toBe('ec4e4c106df7f5ab5712963d1898e7efa58656837e9bdf43c3c5d0a0a17e13a7')
  })

  it('profile C: what OpenSSL opens as OAEP with SHA-256 is the DEK and 16 bytes of the context', () => {
    const opened = tokenAnswers(sealed(keyC), keyC)
    expect(toHex(opened.slice(0, 32))).toBe(toHex(dek))
    expect(toHex(opened.slice(32))).toBe('87366f99e2e526dfbcce30d86560118d')
  })

  it('every length of message comes back from OpenSSL, and a modulus that is none is no key', () => {
    for (const length of [0, 1, 48, 318]) {
      const message = new Uint8Array(length).fill(7)
      const wrapped = rsaOaepSeal(modulus, message, h('seed')) ?? new Uint8Array(0)
      const oaep = { padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: 'sha256' }
      const back = privateDecrypt(
        { key: createPrivateKey(rsa.privateKey.export(pem)), ...oaep },
        wrapped,
      )
      expect(toHex(new Uint8Array(back))).toBe(toHex(message))
    }
    expect(rsaOaepSeal(new Uint8Array(384), keyshare, h('seed'))).toBeUndefined()
  })
})

const pem = { format: 'pem', type: 'pkcs8' } as const

describe('a file sealed to tokens', () => {
  it('opens with each of its tokens, and they may be of all profiles', () => {
    const bytes = sealed(keyA, keyC)
    for (const key of [keyA, keyC]) expect(opens(bytes, key)).toBe('accepted')
    for (const key of Object.values(profiles)) expect(opens(sealed(key), key)).toBe('accepted')
    const found = unwrapByToken(parseSeal(bytes), keyC, tokenAnswers(bytes, keyC))
    expect(openWithDek(bytes, cold, found!)).toEqual(keyshare)
  })

  it('has no task for a token that it is not sealed to, nor for the other profile of its key', () => {
    const seal = parseSeal(sealed(keyA))
    expect(tokenTask(seal, keyA)).toBeDefined()
    const other = { ...keyA, point: p256.getPublicKey(h('another'), false) }
    for (const key of [other, keyB, keyC]) {
      expect(tokenTask(seal, key)).toBeUndefined()
      expect(unwrapByToken(seal, key, new Uint8Array(32))).toBeUndefined()
    }
  })

  it('does not open by the answer of another token', () => {
    for (const key of [keyA, keyB]) {
      expect(opens(sealed(key), key)).toBe('accepted')
      expect(opens(sealed(key), key, { own: h('another token') })).toBe('SEAL')
    }
    const seal = parseSeal(sealed(keyA))
    for (const length of [0, 31, 33]) {
      expect(unwrapByToken(seal, keyA, new Uint8Array(length))).toBeUndefined()
    }
    const oaep = parseSeal(sealed(keyC))
    expect(unwrapByToken(oaep, keyC, dek.slice())).toBeUndefined()
    const forged = new Uint8Array([...dek, ...new Uint8Array(16)])
    expect(unwrapByToken(oaep, keyC, forged)).toBeUndefined()
  })

  it('wipes what the token answered', () => {
    const bytes = sealed(keyA)
    const answer = tokenAnswers(bytes, keyA)
    expect(unwrapByToken(parseSeal(bytes), keyA, answer)).toEqual(dek)
    expect(answer.every((byte) => byte === 0)).toBe(true)
  })

  it('opens in exactly the context that it was sealed for, for every profile and field', () => {
    const other: JsonObject = {
      org: 'acme2',
      env: 'test',
      vault: 'cold-trx',
      key: `03${'ab'.repeat(32)}`,
      commitments: 'ce'.repeat(32),
      epoch: 1,
      party: 1,
      threshold: 2,
      parties: 3,
      made: 'ee'.repeat(32),
    }
    expect(Object.keys(other).sort()).toEqual(Object.keys(context).sort())
    for (const key of Object.values(profiles)) {
      const bytes = sealed(key)
      const written = parse(bytes) as JsonObject
      for (const [field, value] of Object.entries(other)) {
        const expected = { ...cold, context: { ...context, [field]: value } } as SealedThing
        expect(opens(bytes, key, { expected })).toBe('SEAL')
        // Forged in the file as well: the wrap and the mac still know the first context.
        const forged = encode({ ...written, context: { ...context, [field]: value } })
        expect(opens(forged, key, { expected })).toBe('SEAL')
      }
      for (const kind of ['restored', 'backup'] as const) {
        expect(opens(bytes, key, { expected: { kind, context } })).toBe('SEAL')
      }
      expect(opens(encode({ ...written, kind: 'restored' }), key)).toBe('SEAL')
    }
  })

  it('is refused after the change of any one bit, or does not open', () => {
    const bytes = sealed(keyA, keyC)
    const seal = parseSeal(bytes)
    const own = tokenTask(seal, keyA)
    let parsed = 0
    for (let bit = 0; bit < bytes.length * 8; bit += 1) {
      const changed = bytes.with(bit >> 3, bytes[bit >> 3]! ^ (1 << (bit & 7)))
      const odd = attempt(() => parseSeal(changed))
      if (isRefusal(odd)) continue
      parsed += 1
      // Whoever has the DEK already is not fooled either.
      expect(refusedWith(() => openWithDek(changed, cold, dek))).toBe('SEAL')
    }
    expect([own?.do, parsed > 100]).toEqual(['agree', true])
    expect(refusedWith(() => openWithDek(bytes, cold, dek))).toBe('accepted')
  })

  it('is refused with stanzas swapped, removed, doubled, or of another file', () => {
    const written = parse(sealed(keyA, keyC)) as { stanzas: JsonObject[] } & JsonObject
    const [a, c] = written.stanzas as [JsonObject, JsonObject]
    const odd = sealToTokens(cold, keyshare, [keyA], { dek: h('dek 2'), perToken: [h('eph 2')] })
    const [foreign] = (parse(odd) as { stanzas: JsonObject[] }).stanzas as [JsonObject]
    const with_ = (stanzas: readonly JsonObject[]) => encode({ ...written, stanzas })
    expect(opens(with_([a, c]), keyA)).toBe('accepted')
    expect(opens(with_([c, a]), keyA)).toBe('SEAL')
    expect(opens(with_([a]), keyA)).toBe('SEAL')
    expect(opens(with_([c]), keyC)).toBe('SEAL')
    expect(opens(with_([a, a]), keyA)).toBe('MALFORMED')
    expect(opens(with_([foreign, c]), keyA)).toBe('SEAL')
  })

  it('is never mixed with a passphrase, and no passphrase opens it', () => {
    const written = parse(sealed(keyA)) as { stanzas: JsonObject[] } & JsonObject
    const scrypt = {
      ...{ how: 'scrypt', n: 32_768, r: 8, p: 1 },
      ...{ salt: '00'.repeat(16), wrapped: '00'.repeat(48) },
    }
    const mixed = encode({ ...written, stanzas: [...written.stanzas, scrypt] })
    expect(refusedWith(() => parseSeal(mixed))).toBe('MALFORMED')
    expect(refusedWith(() => openWithPassphrase(sealed(keyA), cold, toUtf8('any')))).toBe(
      'NOT_SUPPORTED',
    )
  })

  it('may be an identity, and is of one to four tokens', () => {
    const owner = parseHandle('node-1')
    const thing: SealedThing = {
      kind: 'identity',
      context: { org: context.org, env: 'prod', owner, credential: parseHandle('identity') },
    }
    const bytes = sealToTokens(thing, h('seed'), [keyA], fresh(1))
    expect(openWithDek(bytes, thing, dek)).toEqual(h('seed'))
    const keys = ['1', '2', '3', '4', '5'].map((name) => {
      return { ...keyA, point: p256.getPublicKey(h(name), false) }
    })
    expect(refusedWith(() => sealed(...keys.slice(0, 4)))).toBe('accepted')
    const five = { dek, perToken: keys.map(() => h('eph')) }
    expect(refusedWith(() => sealToTokens(cold, keyshare, keys, five))).toBe('MALFORMED')
    expect(refusedWith(() => sealed())).toBe('MALFORMED')
  })

  it('is known again by whoever has just sealed it, stanza for stanza', () => {
    for (const keys of [[keyA], [keyB], [keyC], [keyA, keyC]]) {
      const random = fresh(keys.length)
      const seal = parseSeal(sealToTokens(cold, keyshare, keys, random))
      expect(isSealedTo(seal, keys, random)).toBe(true)
      expect(isSealedTo(seal, [...keys].reverse(), random)).toBe(keys.length === 1)
      expect(isSealedTo(seal, keys.slice(1), random)).toBe(false)
      expect(isSealedTo(seal, keys, { ...random, dek: h('other') })).toBe(false)
    }
  })

  it('is not made for a key that is none, nor with short randomness', () => {
    const off = { ...keyA, point: point.with(40, point[40]! ^ 1) }
    expect(refusedWith(() => sealed(off))).toBe('CONFIG')
    expect(refusedWith(() => sealed({ ...keyA, point: new Uint8Array(65) }))).toBe('CONFIG')
    expect(refusedWith(() => sealed({ ...keyC, modulus: new Uint8Array(384) }))).toBe('CONFIG')
    const short = { dek, perToken: [new Uint8Array(31)] }
    expect(() => sealToTokens(cold, keyshare, [keyA], short)).toThrow('has 32 bytes')
    const high = { dek, perToken: [new Uint8Array(32).fill(255)] }
    expect(() => sealToTokens(cold, keyshare, [keyA], high)).toThrow('below the order')
  })
})

describe('P-256 through our door', () => {
  it('agrees with another library on points and shared secrets', () => {
    for (const name of ['a', 'b', 'c']) {
      const [own, peer] = [h(name), p256.getPublicKey(h(`${name} peer`), false)]
      expect(toHex(p256PublicKey(own)!)).toBe(toHex(p256.getPublicKey(own, false)))
      expect(toHex(p256Shared(own, peer)!)).toBe(toHex(p256.getSharedSecret(own, peer).slice(1)))
    }
  })

  it('takes no point off the curve, compressed, or of another length, and no secret out of range', () => {
    expect(p256Shared(secret, point)).toBeDefined()
    const compressed = p256.getPublicKey(secret, true)
    const hybrid = point.with(0, 6 + (point[64]! & 1))
    for (const odd of [compressed, hybrid, new Uint8Array(65), point.with(3, point[3]! ^ 1)]) {
      expect(p256Shared(secret, odd)).toBeUndefined()
    }
    for (const odd of [new Uint8Array(32), new Uint8Array(32).fill(255), new Uint8Array(0)]) {
      expect(p256PublicKey(odd)).toBeUndefined()
      expect(p256Shared(odd, point)).toBeUndefined()
    }
  })

  it('verifies what another library signed, and nothing else', () => {
    const message = toUtf8('message')
    const signature = p256.sign(message, secret)
    expect(p256Verify(point, message, signature)).toBe(true)
    expect(p256Verify(point, toUtf8('another'), signature)).toBe(false)
    expect(p256Verify(point, message, signature.slice(1))).toBe(false)
    expect(p256Verify(point, message, signature.with(5, signature[5]! ^ 1))).toBe(false)
    expect(p256Verify(p256.getPublicKey(h('x'), false), message, signature)).toBe(false)
    expect(p256Verify(new Uint8Array(65).fill(4), message, signature)).toBe(false)
    expect(p256Verify(p256.getPublicKey(secret, true), message, signature)).toBe(false)
  })
})
