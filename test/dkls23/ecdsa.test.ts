import { secp256k1 } from '@noble/curves/secp256k1.js'
import { describe, expect, it } from 'vitest'
import { combine } from '../../signer-node/dkls23/combine.ts'
import { ORDER } from '../../signer-node/dkls23/curve.ts'
import { nativeCurve } from '../../signer-node/dkls23/curve-native.ts'
import { nobleCurve } from '../../signer-node/dkls23/curve-noble.ts'
import { isValidSignature, normalize, parityOf } from '../../signer-node/dkls23/ecdsa.ts'
import { vectorDigest } from '../kit/signing.ts'
import { hex, unhex, vector } from '../kit/vectors.ts'
import { scalarOf } from '../kit/wycheproof.ts'

describe.each([
  ['native', nativeCurve()],
  ['noble', nobleCurve()],
] as const)('ECDSA on the %s twin', (_, curve) => {
  it('turns only the parity when it turns s, and keeps bit 1 (A25)', () => {
    const low = scalarOf(curve, 5n)!
    const high = curve.scalars.negate(low)
    const r = scalarOf(curve, 2n)!
    for (const recovery of [0, 1, 2, 3]) {
      expect(normalize(curve, { r, s: low, recovery })).toEqual({ r, s: low, recovery })
      const turned = { r, s: low, recovery: recovery ^ 1 }
      expect(normalize(curve, { r, s: high, recovery })).toEqual(turned)
    }
    const half = scalarOf(curve, (ORDER - 1n) / 2n)!
    expect(normalize(curve, { r, s: half, recovery: 0 }).s).toEqual(half)
  })

  it('refuses zero, and a digest of another length', () => {
    const { zero, one } = curve.scalars
    const publicKey = curve.points.generator
    const shapes = [
      { r: zero, s: one },
      { r: one, s: zero },
    ]
    for (const shape of shapes) {
      expect(isValidSignature(curve, publicKey, vectorDigest, shape)).toBe(false)
    }
    const short = vectorDigest.subarray(1)
    expect(isValidSignature(curve, publicKey, short, { r: one, s: one })).toBe(false)
  })

  it.each([2, 3])('keeps recovery id %i, and has no parity for chains without bit 1', (v) => {
    const nonce = curve.points.decodePoint(unhex(xAbove(v & 1)))
    const publicKey = curve.points.decodePoint(unhex(vector(`recover v=${v}`)))
    const { zero, one } = curve.scalars
    const shares = [
      { u: one, w: one, nonce },
      { u: zero, w: zero, nonce },
    ]
    const signature = combine(curve, publicKey, vectorDigest, shares)
    expect(hex(signature.r)).toBe(vector('recover r'))
    expect(signature.recovery).toBe(v)
    expect(parityOf(signature)).toBeUndefined()
    const recovered = new secp256k1.Signature(2n, 1n, v).recoverPublicKey(vectorDigest)
    expect(hex(recovered.toBytes(true))).toBe(hex(publicKey))
  })

  it('gives the parity of every other signature', () => {
    const [r, s] = [curve.scalars.one, curve.scalars.one]
    expect([0, 1].map((recovery) => parityOf({ r, s, recovery }))).toEqual([0, 1])
  })

  it('knows that a point with x = q has r = 0', () => {
    const point = curve.points.decodePoint(unhex(vector('x = q point')))
    const { x, isReduced } = curve.points.xScalar(point)
    expect(curve.scalars.isZero(x)).toBe(true)
    expect(isReduced).toBe(true)
  })
})

/** The point with x = q + 2, which leaves r = 2. */
function xAbove(parity: number): string {
  return `0${2 + parity}${(ORDER + 2n).toString(16)}`
}
