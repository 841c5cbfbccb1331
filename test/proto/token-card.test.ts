import { p256 } from '@noble/curves/nist.js'
import { describe, expect, it } from 'vitest'
import { concat, toHex, toUtf8 } from '../../proto/crypto.ts'
import { encode, type JsonObject, parse } from '../../proto/jcs.ts'
import {
  cardMessage,
  parseTokenCard,
  sealKeyOf,
  tokenCardDocument,
} from '../../proto/token-card.ts'
import { refusedWith } from '../kit/refused.ts'
import { cardFields, secretOf, testCard } from '../kit/token-card.ts'

const card = testCard('T1')
const modulus = 'c1'.repeat(384)

describe('the card of a token', () => {
  it('says what files are sealed to, for every profile', () => {
    const { seal, digest } = parseTokenCard(card)
    expect(digest).toMatch(/^[0-9a-f]{64}$/)
    const keyFor = (change: JsonObject) => sealKeyOf(parseTokenCard(testCard('T1', change)))
    const point = { how: 'p256-ecdh', token: 'T1', point: seal }
    expect(keyFor({})).toEqual({ ...point, kdf: 'null' })
    expect(keyFor({ profile: 'ecdh-x963' })).toEqual({ ...point, kdf: 'x963-sha256' })
    const rsa = keyFor({ profile: 'rsa-oaep', seal: modulus })
    expect(rsa).toMatchObject({ how: 'rsa-oaep-sha256', token: 'T1' })
  })

  it('has a key that fits its profile', () => {
    const make = (change: JsonObject) => refusedWith(() => testCard('T1', change))
    expect(make({ profile: 'rsa-oaep', seal: modulus })).toBe('accepted')
    expect(make({ profile: 'rsa-oaep' })).toBe('MALFORMED')
    expect(make({ seal: modulus })).toBe('MALFORMED')
    expect(make({ profile: 'rsa-oaep-sha1', seal: modulus })).toBe('MALFORMED')
  })

  it('is signed by its own identity key over every field', () => {
    const written = parse(card) as JsonObject
    const other: JsonObject = {
      ...{ org: 'acme2', env: 'prod', node: 'node-2', id: 'token-2', profile: 'ecdh-x963' },
      ...{ manufacturer: 'Other', model: 'U', serial: 'T2', firmware: '1.1' },
      module: '01'.repeat(32),
      identity: toHex(p256.getPublicKey(secretOf('other'), false)),
      seal: toHex(p256.getPublicKey(secretOf('other'), false)),
      ...{ identityId: '03'.repeat(16), sealId: '03'.repeat(16), gaps: ['local'] },
    }
    const { format: _, ...fields } = cardFields('T1')
    expect(Object.keys(other).sort()).toEqual(Object.keys(fields).sort())
    for (const [field, value] of Object.entries(other)) {
      const changed = encode({ ...written, [field]: value })
      expect([field, refusedWith(() => parseTokenCard(changed))]).toEqual([field, 'SEAL'])
    }
    const fields_ = cardFields('T1')
    const stranger = p256.sign(cardMessage(fields_), secretOf('stranger'))
    expect(refusedWith(() => tokenCardDocument(fields_, stranger))).toBe('SEAL')
  })

  it('is read strictly, and another byte is another digest', () => {
    expect(refusedWith(() => parseTokenCard(card))).toBe('accepted')
    expect(refusedWith(() => parseTokenCard(concat(card, toUtf8('\n'))))).toBe('MALFORMED')
    const written = parse(card) as JsonObject
    expect(refusedWith(() => parseTokenCard(encode({ ...written, pin: '' })))).toBe('MALFORMED')
    expect(parseTokenCard(testCard('T2')).digest).not.toBe(parseTokenCard(card).digest)
  })
})
