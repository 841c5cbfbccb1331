// Wycheproof for what `proto/crypto.ts` calls: Ed25519, X25519, AES-256-GCM, HKDF and HMAC. The
// door takes raw keys of one length each, so keys and
// nonces of other lengths and wrappings do not apply.
import { describe, expect, it } from 'vitest'
import {
  aesGcmOpen,
  aesGcmSeal,
  ed25519Verify,
  hkdfSha256,
  hmacSha256,
  hmacSha512,
  x25519,
} from '../../proto/crypto.ts'
import { hex, unhex } from '../kit/vectors.ts'
import { type Case, named, wycheproof } from '../kit/wycheproof.ts'

interface SignatureCase extends Case {
  readonly msg: string
  readonly sig: string
}
interface SharedCase extends Case {
  readonly public: string
  readonly private: string
  readonly shared: string
}
interface SealCase extends Case {
  readonly key: string
  readonly iv: string
  readonly aad: string
  readonly msg: string
  readonly ct: string
  readonly tag: string
}
interface DerivedCase extends Case {
  readonly ikm: string
  readonly salt: string
  readonly info: string
  readonly size: number
  readonly okm: string
}
interface MacCase extends Case {
  readonly key: string
  readonly msg: string
  readonly tag: string
}

describe('Wycheproof', () => {
  it('agrees with every Ed25519 verdict', () => {
    type Group = { readonly publicKey: { readonly pk: string } }
    const cases = wycheproof<Group, SignatureCase>('ed25519')
    const wrong = cases.filter(({ group, test }) => {
      const verdict = ed25519Verify(unhex(group.publicKey.pk), unhex(test.msg), unhex(test.sig))
      return verdict !== (test.result === 'valid')
    })
    expect(wrong.map(named)).toEqual([])
    expect(cases).toHaveLength(151)
  })

  it('agrees with every X25519 secret, and refuses exactly those that are zero', () => {
    const cases = wycheproof<object, SharedCase>('x25519')
    const wrong = cases.filter(({ test }) => {
      const shared = x25519(unhex(test.private), unhex(test.public))
      if (test.flags.includes('ZeroSharedSecret')) return shared !== undefined
      return shared === undefined || hex(shared) !== test.shared
    })
    expect(wrong.map(named)).toEqual([])
    expect(cases.filter(({ test }) => test.flags.includes('ZeroSharedSecret'))).toHaveLength(31)
  })

  it('opens every valid AES-256-GCM, seals to the same bytes, and opens no invalid one', () => {
    type Group = { readonly keySize: number; readonly ivSize: number }
    const ours = wycheproof<Group, SealCase>('aes_gcm').filter(({ group }) => {
      return group.keySize === 256 && group.ivSize === 96
    })
    const wrong = ours.filter(({ test }) => {
      const [key, iv, aad] = [unhex(test.key), unhex(test.iv), unhex(test.aad)]
      const opened = aesGcmOpen(key, iv, unhex(test.ct + test.tag), aad)
      if (test.result !== 'valid') return opened !== undefined
      const isSealed = hex(aesGcmSeal(key, iv, unhex(test.msg), aad)) === test.ct + test.tag
      return !isSealed || opened === undefined || hex(opened) !== test.msg
    })
    expect(wrong.map(named)).toEqual([])
    const count = (result: string): number =>
      ours.filter(({ test }) => test.result === result).length
    expect([count('valid'), count('invalid')]).toEqual([39, 27])
  })

  it('derives every HKDF-SHA-256 key, and none that is too long', () => {
    const cases = wycheproof<object, DerivedCase>('hkdf_sha256')
    for (const { test } of cases) {
      const derive = () =>
        hkdfSha256(unhex(test.ikm), unhex(test.salt), unhex(test.info), test.size)
      if (test.result === 'valid') expect([test.tcId, hex(derive())]).toEqual([test.tcId, test.okm])
      else expect(derive).toThrow('Invalid key length')
    }
    expect(cases.filter(({ test }) => test.result === 'invalid')).toHaveLength(3)
  })

  it.each([
    ['hmac_sha256', hmacSha256],
    ['hmac_sha512', hmacSha512],
  ] as const)('agrees with every tag of %s', (file, hmac) => {
    type Group = { readonly tagSize: number }
    const cases = wycheproof<Group, MacCase>(file)
    const wrong = cases.filter(({ group, test }) => {
      const tag = hex(hmac(unhex(test.key), unhex(test.msg))).slice(0, group.tagSize / 4)
      return (tag === test.tag) !== (test.result === 'valid')
    })
    expect(wrong.map(named)).toEqual([])
    expect(cases).toHaveLength(174)
  })
})
