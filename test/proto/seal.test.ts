import { p256 } from '@noble/curves/nist.js'
import { describe, expect, it } from 'vitest'
import {
  aesGcmSeal,
  concat,
  fromUtf8,
  hkdfSha256,
  sha256,
  tagged,
  toHex,
  toUtf8,
} from '../../proto/crypto.ts'
import { parseDigest, parseHandle } from '../../proto/ids.ts'
import { encode, type JsonObject, parse } from '../../proto/jcs.ts'
import { attempt, isRefusal } from '../../proto/refusal.ts'
import {
  openUnder,
  openWithPassphrase,
  scryptDefault,
  sealToPassphrase,
  sealUnder,
} from '../../proto/seal.ts'
import {
  type KeyshareContext,
  parseSeal,
  type SealedThing,
  type Stanza,
} from '../../proto/seal-file.ts'
import { refusedWith } from '../kit/refused.ts'

const h = (name: string): Uint8Array => sha256(toUtf8(name))
const dek = h('test-seed/dek')
const salt = h('test-seed/salt').slice(0, 16)
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
const approver: SealedThing = {
  kind: 'identity',
  context: {
    org: parseHandle('acme'),
    env: 'prod',
    owner: parseHandle('ana'),
    credential: parseHandle('ana-1'),
  },
}
const contextDigest = sha256(encode(context))

const passphrase = toUtf8('test passphrase')
const quick = { passphrase, cost: { n: 2 ** 15, r: 8, p: 1 } }
const random = { dek, salt }
const file = sealToPassphrase(cold, keyshare, quick, random)
const opens = (bytes: Uint8Array, expected: SealedThing = cold, word = passphrase): string =>
  refusedWith(() => openWithPassphrase(bytes, expected, word))

describe('the vectors of the sealed file', () => {
  const point = p256.getPublicKey(h('test-seed/token'), false)
  const eph = p256.getPublicKey(h('test-seed/eph'), false)
  const wrap = (z: Uint8Array): Uint8Array => {
    const info = tagged('custody/v1/seal-wrap', contextDigest)
    return aesGcmSeal(hkdfSha256(z, sha256(eph, point), info, 32), new Uint8Array(12), dek)
  }
  const tokenStanza = (kdf: 'null' | 'x963-sha256', z: Uint8Array): Stanza => ({
    how: 'p256-ecdh',
    kdf,
    token: 'T1',
    to: point,
    eph,
    wrapped: wrap(z),
  })
  const x = p256.getSharedSecret(h('test-seed/eph'), point).slice(1)

  it('has the context digest of the vector', () => {
    expect(toHex(contextDigest)).toBe(
      '87366f99e2e526dfbcce30d86560118dcbcb49a14f43ff724403dc6bf45b2d07',
    )
  })

  it('profile A: wrapped, mac, body and the whole file', () => {
    const stanza = tokenStanza('null', x)
    const bytes = sealUnder(dek, cold, [stanza], keyshare)
    const { mac, body } = parseSeal(bytes)
    expect(toHex(stanza.wrapped)).toBe(
      '28c17955e025aa86765c9561e5ad1c5223f95f920a2fdf29' +
        'c09372b704c9e1c5cb8d247a205cebf96bcf45894984b35c',
    )
    expect(toHex(mac)).toBe('38da7eced209017d5a27670082d155729a2609f6e99a7766920d1968054dfb91')
    expect(toHex(body)).toBe('60edb0480a51155224ebf804060d82c26844aa7eaae8ded1')
    expect(toHex(sha256(bytes))).toBe(
      'a61aa80c33d0b46625aaf7a185cd6e9454c1db13aa99b0295e579db9b8e5ca72',
    )
    expect(openUnder(dek, parseSeal(bytes))).toEqual(keyshare)
  })

  it('profile B: wrapped and mac', () => {
    const stanza = tokenStanza('x963-sha256', sha256(x, Uint8Array.of(0, 0, 0, 1)))
    const { mac } = parseSeal(sealUnder(dek, cold, [stanza], keyshare))
    expect(toHex(stanza.wrapped)).toBe(
      '6a94abbf11448da8a961792ea6b1da91299237ddbdd9fdae' +
        'c397418b175bc9842146d2c6c75fe5b23c3ec41889bfcce2',
    )
    expect(toHex(mac)).toBe('ec4e4c106df7f5ab5712963d1898e7efa58656837e9bdf43c3c5d0a0a17e13a7')
  })

  it('scrypt: wrapped and mac, and it opens', () => {
    const bytes = sealToPassphrase(cold, keyshare, { passphrase, cost: scryptDefault }, random)
    const { stanzas, mac } = parseSeal(bytes)
    expect(toHex(stanzas[0]!.wrapped)).toBe(
      '38818ba4dc9d80547376b49d30c99e487f3780036b9acd57' +
        '7b4017741b65b77214ee0a84399886d30533aac2108e70eb',
    )
    expect(toHex(mac)).toBe('8841943b4ee6ae2d36d1f286f45428cf1ab88b7710b995d5a76356ebda77173b')
    expect(openWithPassphrase(bytes, cold, passphrase)).toEqual(keyshare)
  })
})

describe('opening a sealed file', () => {
  it('gives back exactly what was sealed, for every kind', () => {
    expect(openWithPassphrase(file, cold, passphrase)).toEqual(keyshare)
    const restored: SealedThing = { kind: 'restored', context: context }
    for (const thing of [approver, restored]) {
      const bytes = sealToPassphrase(thing, h('seed'), quick, random)
      expect(openWithPassphrase(bytes, thing, passphrase)).toEqual(h('seed'))
    }
  })

  it('is refused with another passphrase, and never says why', () => {
    expect(opens(file, cold, toUtf8('test passphrasE'))).toBe('SEAL')
    expect(opens(file, cold, new Uint8Array(0))).toBe('SEAL')
    expect(() => openWithPassphrase(file, cold, toUtf8('x'))).toThrow(
      'SEAL: this file does not open here',
    )
  })

  it('is refused when any field of the context is not what the opener expects', () => {
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
    for (const [key, value] of Object.entries(other)) {
      const expected = { ...cold, context: { ...context, [key]: value } } as SealedThing
      expect(opens(file, expected)).toBe('SEAL')
      // Forged in the file as well: the wrap and the mac still know the first context.
      const written = parse(file) as JsonObject
      const forged = encode({ ...written, context: { ...context, [key]: value } })
      expect(opens(forged, expected)).toBe('SEAL')
    }
    for (const kind of ['backup', 'restored'] as const) {
      expect(opens(file, { kind, context })).toBe('SEAL')
    }
    expect(opens(file, approver)).toBe('SEAL')
  })

  it('is refused after the change of any one bit', () => {
    expect(refusedWith(() => openUnder(dek, parseSeal(file)))).toBe('accepted')
    let parsed = 0
    for (let bit = 0; bit < file.length * 8; bit += 1) {
      const bytes = file.with(bit >> 3, file[bit >> 3]! ^ (1 << (bit & 7)))
      const seal = attempt(() => parseSeal(bytes))
      if (isRefusal(seal)) continue
      parsed += 1
      expect(refusedWith(() => openUnder(dek, seal))).toBe('SEAL')
    }
    expect(parsed).toBeGreaterThan(100)
  })

  it('is refused when wrap or header is another, although the passphrase is right', () => {
    const written = parse(file) as { stanzas: [JsonObject]; mac: string; body: string } & JsonObject
    const flip = (text: string): string => `${text.slice(0, -1)}${text.endsWith('0') ? '1' : '0'}`
    const [stanza] = written.stanzas
    const changes: readonly JsonObject[] = [
      { stanzas: [{ ...stanza, wrapped: flip(String(stanza['wrapped'])) }] },
      { stanzas: [{ ...stanza, salt: '00'.repeat(16) }] },
      { stanzas: [{ ...stanza, p: 2 }] },
      { stanzas: [{ ...stanza, n: 2 ** 16 }] },
      { mac: flip(written.mac) },
      { body: flip(written.body) },
      { body: '' },
      { kind: 'backup' },
      { kind: 'restored' },
    ]
    for (const change of changes) expect(opens(encode({ ...written, ...change }))).toBe('SEAL')
    expect(opens(encode({ ...written }))).toBe('accepted')
  })

  it('says clearly that a token stanza is not opened here', () => {
    const stanza: Stanza = {
      how: 'rsa-oaep-sha256',
      token: 'T1',
      to: new Uint8Array(32),
      wrapped: new Uint8Array(384),
    }
    expect(opens(sealUnder(dek, cold, [stanza], keyshare))).toBe('NOT_SUPPORTED')
  })
})

describe('the form of a sealed file', () => {
  const written = parse(file) as { stanzas: [JsonObject]; mac: string; body: string } & JsonObject
  const [stanza] = written.stanzas
  const rsa: JsonObject = {
    how: 'rsa-oaep-sha256',
    token: 'T1',
    to: '00'.repeat(32),
    wrapped: '00'.repeat(384),
  }
  const parses = (change: JsonObject): string =>
    refusedWith(() => parseSeal(encode({ ...written, ...change })))
  const stanzaParses = (change: JsonObject): string =>
    parses({ stanzas: [{ ...stanza, ...change }] })

  it('bounds what a passphrase may cost', () => {
    expect(stanzaParses({})).toBe('accepted')
    expect(stanzaParses({ n: 2 ** 20 })).toBe('accepted')
    for (const n of [2 ** 14, 2 ** 21, 2 ** 15 + 1, 0]) {
      expect(stanzaParses({ n })).toBe('MALFORMED')
    }
    for (const r of [0, 1, 9]) expect(stanzaParses({ r })).toBe('MALFORMED')
    for (const p of [0, 5]) expect(stanzaParses({ p })).toBe('MALFORMED')
  })

  it('takes lower-case hex of exact length only', () => {
    for (const name of ['salt', 'wrapped']) {
      const value = String(stanza[name])
      for (const wrong of [value.toUpperCase(), `${value}00`, value.slice(2), `${value} `, '']) {
        expect(stanzaParses({ [name]: wrong })).toBe('MALFORMED')
      }
    }
    for (const wrong of [written.mac.toUpperCase(), `${written.mac}00`, `0x${written.mac}`]) {
      expect(parses({ mac: wrong })).toBe('MALFORMED')
    }
    expect(parses({ body: written.body.toUpperCase() })).toBe('MALFORMED')
    expect(parses({ body: '00'.repeat(65_537) })).toBe('MALFORMED')
  })

  it('never mixes passphrases with tokens or with each other', () => {
    const tokens = ['00', '01', '02', '03', '04'].map((byte) => ({ ...rsa, to: byte.repeat(32) }))
    expect(parses({ stanzas: tokens.slice(0, 4) })).toBe('accepted')
    expect(parses({ stanzas: [rsa, rsa] })).toBe('MALFORMED')
    expect(parses({ stanzas: [stanza, stanza] })).toBe('MALFORMED')
    expect(parses({ stanzas: [stanza, rsa] })).toBe('MALFORMED')
    expect(parses({ stanzas: [] })).toBe('MALFORMED')
    expect(parses({ stanzas: tokens })).toBe('MALFORMED')
  })

  it('seals backups to recovery keys alone, each once, and nothing else to them', () => {
    const to = (byte: string): JsonObject => {
      return { how: 'x25519', to: byte.repeat(32), eph: '09'.repeat(32), wrapped: '00'.repeat(48) }
    }
    const [one, two] = [to('01'), to('02')]
    expect(parses({ kind: 'backup', stanzas: [one, two] })).toBe('accepted')
    expect(parses({ kind: 'backup', stanzas: [one, one] })).toBe('MALFORMED')
    expect(parses({ kind: 'backup' })).toBe('MALFORMED')
    expect(parses({ kind: 'backup', stanzas: [rsa] })).toBe('MALFORMED')
    expect(parses({ kind: 'backup', stanzas: [one, stanza] })).toBe('MALFORMED')
    expect(parses({ kind: 'keyshare', stanzas: [one] })).toBe('MALFORMED')
    expect(parses({ kind: 'restored', stanzas: [one] })).toBe('MALFORMED')
    expect(parses({ kind: 'restored', stanzas: [one, rsa] })).toBe('MALFORMED')
  })

  it('seals identities to one passphrase or to tokens, and to no recovery key', () => {
    const own = { kind: 'identity', context: { ...approver.context } }
    const recovery: JsonObject = {
      ...{ how: 'x25519', to: '01'.repeat(32) },
      ...{ eph: '09'.repeat(32), wrapped: '00'.repeat(48) },
    }
    expect(parses(own)).toBe('accepted')
    expect(parses({ ...own, stanzas: [rsa] })).toBe('accepted')
    expect(parses({ ...own, stanzas: [rsa, stanza] })).toBe('MALFORMED')
    expect(parses({ ...own, stanzas: [recovery] })).toBe('MALFORMED')
    expect(parses({ kind: 'identity' })).toBe('MALFORMED')
  })

  it('knows its stanzas, its kinds and its keys', () => {
    expect(stanzaParses({ how: 'argon2id' })).toBe('MALFORMED')
    expect(stanzaParses({ hint: 'cat' })).toBe('MALFORMED')
    expect(parses({ stanzas: ['scrypt'] })).toBe('MALFORMED')
    expect(parses({ kind: 'note' })).toBe('MALFORMED')
    expect(parses({ format: 'custody-seal/v2' })).toBe('MALFORMED')
    expect(parses({ note: '' })).toBe('MALFORMED')
    expect(parses({ context: { ...context, key: 'ab' } })).toBe('MALFORMED')
    expect(refusedWith(() => parseSeal(toUtf8(`${fromUtf8(file)}\n`)))).toBe('MALFORMED')
    expect(refusedWith(() => parseSeal(concat(file, file)))).toBe('MALFORMED')
  })

  it('writes no file that it would not read back', () => {
    const weak = { passphrase, cost: { n: 2 ** 14, r: 8, p: 1 } }
    expect(refusedWith(() => sealToPassphrase(cold, keyshare, weak, random))).toBe('MALFORMED')
    const short = { dek: dek.slice(1), salt }
    expect(refusedWith(() => sealToPassphrase(cold, keyshare, quick, short))).toBe('MALFORMED')
  })
})
