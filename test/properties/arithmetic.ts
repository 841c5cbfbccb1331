/**
 * Scalars, points, polynomials and child keys of all twins against the textbook
 * (`kit/slow-curve.ts`), with the values at which a reduction, a carry or a sign may slip (A55).
 */

import { HDNodeWallet } from 'ethers'
import fc from 'fast-check'
import { expect } from 'vitest'
import { derive } from '../../policy/chain/derive.ts'
import type { Curve, Scalar, Sum } from '../../signer-node/dkls23/curve.ts'
import { deriveChild } from '../../signer-node/dkls23/derivation.ts'
import { parseParty } from '../../signer-node/dkls23/party.ts'
import {
  evaluateCommitments,
  interpolatePoint,
  isShareOf,
  lagrange,
  Polynomial,
} from '../../signer-node/dkls23/polynomial.ts'
import { sha256 } from '../../signer-node/dkls23/transcript.ts'
import { bytes32, dealKey, evaluate, scalarOf } from '../kit/dealt.ts'
import {
  GROUP_ORDER,
  integer,
  inverse,
  modulo,
  slowGenerator,
  slowHex,
  slowLift,
  slowMultiply,
  sumOf,
} from '../kit/slow-curve.ts'
import { twins } from '../kit/twins.ts'
import { hex, unhex } from '../kit/vectors.ts'
import { path, scalarValue, seedText, shape, wideValue, wordValue } from './arbitrary.ts'
import { type Property, property } from './property.ts'

const hexOf = (sum: Sum): string => (sum === undefined ? 'identity' : hex(sum))

/** In every twin: the results of all are compared with one expected value. */
function inAll(check: (curve: Curve) => void): void {
  for (const curve of twins) check(curve)
}

function fieldLaws(m: bigint, n: bigint): void {
  inAll((curve) => {
    const { add, subtract, multiply, negate, isHigh, isZero, invertPublic } = curve.scalars
    const [a, b] = [scalarOf(curve, m), scalarOf(curve, n)]
    const expectValue = (scalar: Scalar, value: bigint): void => {
      expect(hex(scalar)).toBe(hex(bytes32(modulo(value, GROUP_ORDER))))
    }
    expectValue(add(a, b), m + n)
    expectValue(subtract(a, b), m - n)
    expectValue(multiply(a, b), m * n)
    expectValue(negate(a), -m)
    expect([isZero(a), isHigh(a)]).toEqual([m === 0n, m > GROUP_ORDER >> 1n])
    if (m !== 0n) expectValue(invertPublic(a), inverse(m, GROUP_ORDER))
    // The operands are as they were.
    expectValue(a, m)
    expectValue(b, n)
  })
}

function reductions(word: bigint, wide: bigint, natural: number): void {
  inAll(({ scalars }) => {
    expect(integer(scalars.reduce(bytes32(word)))).toBe(word % GROUP_ORDER)
    const packed = unhex(wide.toString(16).padStart(128, '0'))
    expect(integer(scalars.fromWide(packed))).toBe(wide % GROUP_ORDER)
    expect(integer(scalars.fromNumber(natural))).toBe(BigInt(natural))
    const decode = () => hex(scalars.decodeScalar(bytes32(word)))
    if (word < GROUP_ORDER) expect(decode()).toBe(hex(bytes32(word)))
    else expect(decode).toThrow('a scalar must be below the group order')
  })
}

function groupLaws(m: bigint, n: bigint): void {
  const [left, right] = [m, n].map((k) => slowMultiply(slowGenerator, k))
  const expected = {
    left: slowHex(left),
    sum: slowHex(slowMultiply(slowGenerator, m + n)),
    product: slowHex(slowMultiply(right, m)),
    negative: slowHex(slowMultiply(slowGenerator, -m)),
  }
  inAll((curve) => {
    const { multiplyBase, multiplyPublic, add, sum, negate, equal } = curve.points
    const [a, b] = [scalarOf(curve, m), scalarOf(curve, n)]
    const [P, Q] = [multiplyBase(a), multiplyBase(b)]
    expect(hexOf(P)).toBe(expected.left)
    expect([hexOf(add(P, Q)), hexOf(add(Q, P))]).toEqual([expected.sum, expected.sum])
    expect(hexOf(sum([P, undefined, Q]))).toBe(expected.sum)
    expect(hexOf(multiplyPublic(Q, a))).toBe(expected.product)
    expect(hexOf(negate(P))).toBe(expected.negative)
    expect(add(P, negate(P))).toBeUndefined()
    expect(equal(P, Q)).toBe(m === n)
    if (Q === undefined || m === 0n) return
    expect(hex(curve.points.sharedX(Q, a))).toBe(expected.product.slice(2))
    expect(hex(curve.points.sharedDigest(Q, a))).toBe(hex(sha256(unhex(expected.product))))
  })
}

function decoding(x: bigint, first: number): void {
  const bytes = Uint8Array.of(first, ...bytes32(x))
  const isPoint = (first === 2 || first === 3) && slowLift(x, first === 3) !== undefined
  inAll(({ points }) => {
    const decoded = points.tryPoint(bytes)
    expect(hexOf(decoded)).toBe(isPoint ? hex(bytes) : 'identity')
    if (decoded === undefined) {
      expect(() => points.decodePoint(bytes)).toThrow()
      return
    }
    const { x: reduced, isReduced } = points.xScalar(decoded)
    expect([integer(reduced), isReduced]).toEqual([x % GROUP_ORDER, x >= GROUP_ORDER])
    expect([hex(points.decodePoint(bytes)), points.isOdd(decoded)]).toEqual([
      hex(bytes),
      first === 3,
    ])
  })
}

interface Sharing {
  readonly of: {
    readonly threshold: number
    readonly xs: readonly number[]
    readonly signers: readonly number[]
  }
  readonly coefficients: readonly bigint[]
  readonly target: number
}

const sharing: fc.Arbitrary<Sharing> = shape({ nodesMax: 16 }).chain((of) =>
  fc.record({
    of: fc.constant(of),
    coefficients: fc.array(scalarValue, { minLength: of.threshold, maxLength: of.threshold }),
    target: fc.oneof(fc.constantFrom(0, 1, 65_535), fc.nat({ max: 65_535 })),
  }),
)

/** Any t shares give every value of the polynomial, the secret among them. */
function interpolation({ of, coefficients, target }: Sharing): void {
  const group = of.signers.map(parseParty)
  for (const curve of twins) {
    const polynomial = new Polynomial(
      curve,
      coefficients.map((c) => scalarOf(curve, c)),
    )
    const shares = group.map((x) => integer(polynomial.evaluate(x)))
    expect(shares).toEqual(of.signers.map((x) => evaluate(coefficients, x)))
    const weights = group.map((x) => integer(lagrange(curve, group, x, target)))
    expect(sumOf(weights)).toBe(1n)
    expect(sumOf(weights.map((w, i) => w * shares[i]!))).toBe(evaluate(coefficients, target))
  }
}

/** The same in the exponent; the native twin is enough, its points are compared above. */
function inExponent({ of, coefficients, target }: Sharing): void {
  const [curve] = twins
  const { points } = curve
  const polynomial = new Polynomial(
    curve,
    coefficients.map((c) => scalarOf(curve, c)),
  )
  const committed = polynomial.commitments()
  const base = (value: bigint): Sum => points.multiplyBase(scalarOf(curve, value))
  for (const x of of.xs.map(parseParty)) {
    const share = evaluate(coefficients, x)
    expect(hexOf(evaluateCommitments(curve, committed, x))).toBe(hexOf(base(share)))
    expect(isShareOf(curve, committed, x, scalarOf(curve, share))).toBe(true)
    expect(isShareOf(curve, committed, x, scalarOf(curve, share + 1n))).toBe(false)
  }
  const held = of.signers.map(parseParty).map((x) => [x, base(evaluate(coefficients, x))] as const)
  if (held.some(([, point]) => point === undefined)) return
  const through = new Map(held.map(([x, point]) => [x, point!]))
  expect(hexOf(interpolatePoint(curve, through, target))).toBe(
    hexOf(base(evaluate(coefficients, target))),
  )
}

function childKeys(seed: string, steps: readonly number[], further: readonly number[]): void {
  const wallet = HDNodeWallet.fromSeed(
    dealKey(twins[0]!, { xs: [1, 2], threshold: 2, seed }).facts.chainCode,
  )
  const theirs = [...steps, ...further].reduce(
    (node, index) => node.deriveChild(index),
    wallet.neuter(),
  )
  for (const curve of twins) {
    const root = {
      publicKey: curve.points.decodePoint(unhex(wallet.publicKey.slice(2))),
      chainCode: unhex(wallet.chainCode.slice(2)),
    }
    const once = deriveChild(curve, root, [...steps, ...further])
    const twice = deriveChild(curve, deriveChild(curve, root, steps), further)
    const judged = derive(root, ['m', ...steps, ...further].join('/'))
    for (const child of [once, twice, judged]) {
      expect([`0x${hex(child.publicKey)}`, `0x${hex(child.chainCode)}`]).toEqual([
        theirs.publicKey,
        theirs.chainCode,
      ])
    }
    const { add, multiplyBase } = curve.points
    expect(hexOf(add(root.publicKey, multiplyBase(once.tweak)))).toBe(hex(once.publicKey))
  }
}

export const arithmeticProperties: readonly Property[] = [
  property('scalars are the integers mod q', 150, fc.property(scalarValue, scalarValue, fieldLaws)),
  property(
    'reductions and decoding are those of integers, and what is not below q is no scalar',
    150,
    fc.property(wordValue, wideValue, fc.nat({ max: 65_535 }), reductions),
  ),
  property('points are the textbook group', 12, fc.property(scalarValue, scalarValue, groupLaws)),
  property(
    'exactly what lies on the curve decodes to a point',
    60,
    fc.property(wordValue, fc.oneof(fc.constantFrom(2, 3), fc.nat({ max: 255 })), decoding),
  ),
  property('any t shares give the polynomial', 25, fc.property(sharing, interpolation)),
  property('any t points give it in the exponent', 10, fc.property(sharing, inExponent)),
  property(
    'a child key is that of every other implementation, in one walk or two',
    10,
    fc.property(seedText, path, path, childKeys),
  ),
]
