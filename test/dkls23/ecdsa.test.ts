import { readFileSync } from 'node:fs'
import { secp256k1 } from '@noble/curves/secp256k1.js'
import { describe, expect, it } from 'vitest'
import { combine } from '../../signer-node/dkls23/combine.ts'
import { type Curve, ORDER, type Point, type Scalar } from '../../signer-node/dkls23/curve.ts'
import { nativeCurve } from '../../signer-node/dkls23/curve-native.ts'
import { nobleCurve } from '../../signer-node/dkls23/curve-noble.ts'
import {
  isValidSignature,
  normalize,
  parityOf,
  type Signature,
} from '../../signer-node/dkls23/ecdsa.ts'
import { sha256 } from '../../signer-node/dkls23/transcript.ts'
import { readDerSignature } from '../kit/der.ts'
import { vectorDigest } from '../kit/signing.ts'
import { hex, unhex, vector } from '../kit/vectors.ts'

interface WycheproofTest {
  readonly tcId: number
  readonly comment: string
  readonly flags: readonly string[]
  readonly msg: string
  readonly sig: string
  readonly result: 'valid' | 'invalid'
}
interface WycheproofGroup {
  readonly publicKey: { readonly uncompressed: string }
  readonly tests: readonly WycheproofTest[]
}
const file = '../vectors/wycheproof/ecdsa_secp256k1_sha256_bitcoin_test.json'
const wycheproof: {
  readonly numberOfTests: number
  readonly testGroups: readonly WycheproofGroup[]
} = JSON.parse(readFileSync(new URL(file, import.meta.url), 'utf8'))

const MALLEABLE = 'SignatureMalleabilityBitcoin'

function scalarOf(curve: Curve, value: bigint): Scalar | undefined {
  if (value >= ORDER) return undefined
  return curve.scalars.decodeScalar(unhex(value.toString(16).padStart(64, '0')))
}

/** From DER to a pair of scalars that may be a signature, or undefined. */
function parse(curve: Curve, der: string): Pick<Signature, 'r' | 's'> | undefined {
  const numbers = readDerSignature(unhex(der))
  if (numbers === undefined) return undefined
  const [r, s] = numbers.map((value) => scalarOf(curve, value))
  return r === undefined || s === undefined ? undefined : { r, s }
}

function isAccepted(curve: Curve, publicKey: Point, { msg, sig }: WycheproofTest): boolean {
  const signature = parse(curve, sig)
  if (signature === undefined) return false
  return isValidSignature(curve, publicKey, sha256(unhex(msg)), signature)
}

function compressed(curve: Curve, uncompressed: string): Point {
  const parity = Number.parseInt(uncompressed.slice(-1), 16) & 1
  return curve.points.decodePoint(unhex(`0${2 + parity}${uncompressed.slice(2, 66)}`))
}

describe.each([
  ['native', nativeCurve(), 1],
  ['noble', nobleCurve(), 12],
] as const)('ECDSA on the %s twin', (_, curve, stride) => {
  const tests = wycheproof.testGroups.flatMap(({ publicKey, tests: group }) =>
    group.map((test) => ({ test, publicKey: compressed(curve, publicKey.uncompressed) })),
  )

  it('accepts what Wycheproof calls valid and refuses the rest', () => {
    expect(tests).toHaveLength(wycheproof.numberOfTests)
    const wrong = tests
      .filter((_, i) => i % stride === 0)
      .filter(({ test, publicKey }) => {
        return isAccepted(curve, publicKey, test) !== (test.result === 'valid')
      })
    expect(wrong.map(({ test }) => `${test.tcId} ${test.comment}`)).toEqual([])
  })

  it('refuses a high s and accepts its normal form', () => {
    const malleable = tests.filter(({ test }) => test.flags.includes(MALLEABLE))
    expect(malleable).not.toEqual([])
    for (const { test, publicKey } of malleable) {
      const high = { ...parse(curve, test.sig)!, recovery: 0 }
      const digest = sha256(unhex(test.msg))
      expect(isValidSignature(curve, publicKey, digest, high)).toBe(false)
      expect(isValidSignature(curve, publicKey, digest, normalize(curve, high))).toBe(true)
    }
  })

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
