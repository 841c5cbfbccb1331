import { describe, expect, it } from 'vitest'
import { combine } from '../../signer-node/dkls23/combine.ts'
import { ORDER, type Point, type Scalar } from '../../signer-node/dkls23/curve.ts'
import { nativeCurve } from '../../signer-node/dkls23/curve-native.ts'
import { recoversTo } from '../../signer-node/dkls23/ecdsa.ts'
import { parseParty } from '../../signer-node/dkls23/party.ts'
import type { SignatureShare } from '../../signer-node/dkls23/sign.ts'
import { dealPairings } from '../kit/pairings.ts'
import { driveAll, flip } from '../kit/protocol.ts'
import { dkgKey, keysharesOf, signingProtocols, vectorDigest } from '../kit/signing.ts'
import { twins } from '../kit/twins.ts'
import { unhex } from '../kit/vectors.ts'

const curve = nativeCurve()
const { scalars, points } = curve
const keyshares = keysharesOf(curve, dkgKey)
const { publicKey } = keyshares.get(parseParty(1))!.facts
const setup = { name: 'combine', signers: [1, 2], keyshares, pairings: dealPairings([1, 2]) }
const [honest, other] = [...driveAll(signingProtocols({ ...setup, curve })).values()] as [
  SignatureShare,
  SignatureShare,
]
const shares = [honest, other]

const plusG = (point: Point): Point => points.add(point, points.generator)!
const plusOne = (scalar: Scalar): Scalar => scalars.add(scalar, scalars.one)
const times = (k: number): Point => points.multiplyBase(scalars.fromNumber(k))!
const changed = (change: Partial<SignatureShare>) => [{ ...honest, ...change }, other]
const renamed = (nonce: Point) => shares.map((share) => ({ ...share, nonce }))
const invalid = expect.objectContaining({
  reason: 'signature-invalid',
  remedy: 'abort',
  culprit: undefined,
  evidence: undefined,
})

/** The first point of this parity whose x is above the group order. */
function pointAboveOrder(odd: number): Point {
  for (let x = ORDER + 1n; ; x++) {
    const point = points.tryPoint(unhex(`0${2 + odd}${x.toString(16)}`))
    if (point !== undefined) return point
  }
}

describe.each(twins)('combining the last messages on the $name twin', (twin) => {
  it('gives a signature that recovers to the public key, whoever is named first', () => {
    const signature = combine(twin, publicKey, vectorDigest, shares)
    expect(recoversTo(twin, publicKey, vectorDigest, signature)).toBe(true)
    expect(combine(twin, publicKey, vectorDigest, [other, honest])).toEqual(signature)
  })

  it('gives none of another digest, of a wrong share, of too few, or under another key (A24)', () => {
    expect(() => combine(twin, publicKey, flip(vectorDigest, 0), shares)).toThrow(invalid)
    expect(() => combine(twin, plusG(publicKey), vectorDigest, shares)).toThrow(invalid)
    for (const wrong of [
      changed({ u: plusOne(honest.u) }),
      changed({ w: plusOne(honest.w) }),
      renamed(plusG(honest.nonce)),
      shares.slice(0, 1),
    ]) {
      expect(() => combine(twin, publicKey, vectorDigest, wrong)).toThrow(invalid)
    }
    expect(() => combine(twin, publicKey, vectorDigest, [])).toThrow(RangeError)
  })

  it('numbers a nonce point whose x is above the order from 2 on', () => {
    // Nobody knows the logarithm of such a point, so the public key is made for the signature:
    // r pk = s R - m G, with r the reduced x of R.
    for (const odd of [0, 1]) {
      const nonce = pointAboveOrder(odd)
      const { x: r, isReduced } = twin.points.xScalar(nonce)
      expect(isReduced).toBe(true)
      const s = twin.scalars.fromNumber(7)
      const m = twin.scalars.negate(twin.scalars.reduce(vectorDigest))
      const sum = twin.points.add(twin.points.multiplyPublic(nonce, s), twin.points.multiplyBase(m))
      const key = twin.points.multiplyPublic(sum, twin.scalars.invertPublic(r))!
      const all = [{ u: twin.scalars.one, w: s, nonce }]
      expect(combine(twin, key, vectorDigest, all).recovery).toBe(2 + odd)
    }
  })

  it.each(['first', 'last'])('believes no nonce point that the %s share alone names', (place) => {
    for (const nonce of [points.negate(honest.nonce)!, plusG(honest.nonce), times(7)]) {
      const odd = changed({ nonce })
      const given = place === 'first' ? odd : odd.toReversed()
      expect(() => combine(twin, publicKey, vectorDigest, given)).toThrow(
        'the shares name different nonce points',
      )
    }
  })

  it('refuses -R from all shares, under which the signature is valid but recovers to nobody', () => {
    const given = renamed(points.negate(honest.nonce)!)
    expect(() => combine(twin, publicKey, vectorDigest, given)).toThrow(invalid)
    expect(() => combine(twin, publicKey, vectorDigest, given)).toThrow('does not recover')
  })

  it('lets nobody who speaks last put a key and a nonce of its own in place of the others', () => {
    // It knows 5 and 7, so with u = 7 and w = m + 5r the sums are a signature under 5G.
    const [key, nonce] = [scalars.fromNumber(5), times(7)]
    const { x: r } = points.xScalar(nonce)
    const sum = scalars.add(scalars.reduce(vectorDigest), scalars.multiply(r, key))
    const rushing = {
      u: scalars.subtract(scalars.fromNumber(7), other.u),
      w: scalars.subtract(sum, other.w),
      nonce,
      publicKey: times(5),
    }
    for (const rest of [other, { ...other, nonce }]) {
      for (const given of [
        [rushing, rest],
        [rest, rushing],
      ]) {
        expect(() => combine(twin, publicKey, vectorDigest, given)).toThrow(invalid)
      }
    }
    const own = [rushing, { ...other, nonce }]
    expect(combine(twin, times(5), vectorDigest, own).r).toEqual(r)
  })

  it('returns nothing that the curve library does not verify', () => {
    const doubting = { ...twin, points: { ...twin.points, verify: () => false } }
    expect(() => combine(doubting, publicKey, vectorDigest, shares)).toThrow(invalid)
  })

  it.each(['u', 'w'] as const)('aborts when all %s sum to zero (A26)', (name) => {
    const cancelled = changed({ [name]: scalars.negate(other[name]) })
    expect(() => combine(twin, publicKey, vectorDigest, cancelled)).toThrow(
      expect.objectContaining({ reason: 'degenerate' }),
    )
  })
})

describe('a recovery id', () => {
  const signature = combine(curve, publicKey, vectorDigest, shares)

  it.each([1, 2, 3])('is another one when changed by %i', (bits) => {
    const recovery = signature.recovery ^ bits
    expect(recoversTo(curve, publicKey, vectorDigest, { ...signature, recovery })).toBe(false)
  })

  it('is of one key, digest and r', () => {
    const wrong = { ...signature, r: plusOne(signature.r) }
    expect(recoversTo(curve, publicKey, vectorDigest, wrong)).toBe(false)
    expect(recoversTo(curve, plusG(publicKey), vectorDigest, signature)).toBe(false)
    expect(recoversTo(curve, publicKey, flip(vectorDigest, 9), signature)).toBe(false)
  })

  it('is of nothing when the nonce point would be the identity', () => {
    const m = scalars.reduce(vectorDigest)
    const cancelled = { ...signature, r: scalars.one }
    const key = points.negate(points.multiplyBase(m)!)!
    expect(recoversTo(curve, key, vectorDigest, cancelled)).toBe(false)
  })
})
