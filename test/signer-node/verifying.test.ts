// The verifier that a node brings to the fold, against the reference that everybody else folds
// with: one of them saying yes where the other says no would part the histories of two nodes.
import { secp256k1 } from '@noble/curves/secp256k1.js'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Signature } from '../../policy/chain/chain.ts'
import { verifies } from '../../policy/chain/signature.ts'
import { concat } from '../../proto/crypto.ts'
import { nativeCurve } from '../../signer-node/dkls23/curve-native.ts'
import { nobleCurve } from '../../signer-node/dkls23/curve-noble.ts'
import { wasmCurve } from '../../signer-node/dkls23/curve-wasm.ts'
import { verifierOf } from '../../signer-node/verifying.ts'
import { unhex } from '../kit/vectors.ts'
import {
  digestOf,
  pairOfP1363,
  pointOfUncompressed,
  type SignatureGroup,
  type SignatureTest,
  wycheproof,
} from '../kit/wycheproof.ts'

const { Fn, BASE } = secp256k1.Point
const native = nativeCurve()
const curves = [
  ['native', native],
  ['wasm', wasmCurve()],
  ['noble', nobleCurve()],
] as const

interface Case {
  readonly signature: Signature
  readonly digest: Uint8Array
  readonly key: Uint8Array
}

function made(secret: bigint, digest: Uint8Array): Case {
  const key = BASE.multiply(secret).toBytes(true)
  const options = { prehash: false, format: 'recovered' } as const
  const bytes = secp256k1.sign(digest, Fn.toBytes(secret), options)
  const signature = { v: bytes[0] as 0 | 1, r: bytes.slice(1, 33), s: bytes.slice(33) }
  return { signature, digest, key }
}

const good = made(7n, new Uint8Array(32).fill(9))
const other = made(8n, good.digest)
const number = (value: bigint): Uint8Array => unhex(value.toString(16).padStart(64, '0'))
const changed = (patch: Partial<Signature>): Case => {
  return { ...good, signature: { ...good.signature, ...patch } }
}
const negative = Fn.toBytes(Fn.neg(Fn.fromBytes(good.signature.s)))
const flipped = good.signature.v === 0 ? 1 : 0
const uncompressed = secp256k1.Point.fromBytes(good.key).toBytes(false)

const bad: readonly (readonly [string, Case])[] = [
  ['the other parity', changed({ v: flipped })],
  ['a high s', changed({ s: negative })],
  ['a high s with the other parity', changed({ s: negative, v: flipped })],
  ['an r of zero', changed({ r: number(0n) })],
  ['an s of zero', changed({ s: number(0n) })],
  ['an r of the order', changed({ r: number(Fn.ORDER) })],
  ['an r above the order', changed({ r: number(Fn.ORDER + 1n) })],
  ['an s of the order', changed({ s: number(Fn.ORDER) })],
  ['an r of all ones', changed({ r: new Uint8Array(32).fill(0xff) })],
  ['the digest of something else', { ...good, digest: new Uint8Array(32).fill(8) }],
  ['a digest of zero', { ...good, digest: new Uint8Array(32) }],
  ['the key of somebody else', { ...good, key: other.key }],
  ['the negated key', { ...good, key: concat(Uint8Array.of(good.key[0]! ^ 1), good.key.slice(1)) }],
  ['a key that is on no curve', { ...good, key: concat(Uint8Array.of(2), number(5n)) }],
  ['a key with a byte too few', { ...good, key: good.key.slice(0, 32) }],
  ['an uncompressed key', { ...good, key: uncompressed }],
  ['a hybrid key', { ...good, key: concat(Uint8Array.of(6), uncompressed.slice(1)) }],
]

function ask(by: typeof verifies, { signature, digest, key }: Case): boolean {
  return by(signature, digest, key)
}

describe.each(curves)('a signature in the log, by the %s curve', (_, curve) => {
  const own = verifierOf(curve)

  it('is verified, also over a digest above the order', () => {
    const high = made(7n, new Uint8Array(32).fill(0xff))
    for (const one of [good, other, high]) {
      expect(ask(own, one)).toBe(true)
      expect(ask(verifies, one)).toBe(true)
    }
  })

  it.each(bad)('is refused with %s, as the reference refuses it', (_, one) => {
    expect(ask(verifies, one)).toBe(false)
    expect(ask(own, one)).toBe(false)
  })

  it('gets the answer of the reference whatever its bytes are', () => {
    const bytes = (length: number) => fc.uint8Array({ minLength: length, maxLength: length })
    const near = fc.constantFrom(good, other)
    const one = fc.record({ r: bytes(32), s: bytes(32), key: bytes(33), at: fc.nat(3), near })
    fc.assert(
      fc.property(one, fc.constantFrom<0 | 1>(0, 1), ({ r, s, key, at, near: { ...case_ } }, v) => {
        const { signature } = case_
        const parts = [{ r }, { s }, {}, { v }] as const
        const asked = { ...case_, signature: { ...signature, ...parts[at] } }
        const whole = at === 2 ? { ...asked, key } : asked
        expect(ask(own, whole)).toBe(ask(verifies, whole))
      }),
      { numRuns: 30 },
    )
  })
})

it('every case of Wycheproof gets one answer from the node and from the reference', () => {
  const cases = wycheproof<SignatureGroup, SignatureTest>('ecdsa_secp256k1_sha256_p1363')
  const own = verifierOf(native)
  let accepted = 0
  for (const { group, test } of cases) {
    const pair = pairOfP1363(native, test.sig)
    const key = pointOfUncompressed(native, unhex(group.publicKey.uncompressed))
    if (pair === undefined || key === undefined) continue
    for (const v of [0, 1] as const) {
      const one = { signature: { ...pair, v }, digest: digestOf(group.sha, test.msg), key }
      expect(ask(own, one), test.comment).toBe(ask(verifies, one))
      if (ask(own, one)) accepted += 1
    }
  }
  expect(accepted).toBeGreaterThan(50)
})
