import { describe, expect, it } from 'vitest'
import { u32 } from '../../signer-node/dkls23/bytes.ts'
import { ORDER, type Scalar } from '../../signer-node/dkls23/curve.ts'
import { nativeCurve } from '../../signer-node/dkls23/curve-native.ts'
import { type Party, parseParty } from '../../signer-node/dkls23/party.ts'
import {
  evaluateCommitments,
  interpolatePoint,
  isShareOf,
  lagrange,
  lagrangeAtZero,
  Polynomial,
} from '../../signer-node/dkls23/polynomial.ts'
import { toInteger } from '../../signer-node/dkls23/scalar-field.ts'
import { hashToScalar } from '../../signer-node/dkls23/transcript.ts'
import { vectorRandomness } from '../kit/protocol.ts'
import { hex } from '../kit/vectors.ts'

const curve = nativeCurve()
const { scalars, points } = curve
const coefficients = [0, 1, 2].map((m) => hashToScalar(curve, 'gadget', u32(m)))
const polynomial = new Polynomial(curve, coefficients)
const xs = [1, 2, 5, 65_535].map(parseParty)

/** f(x) by powers, in plain integers. */
const slow = (x: number): bigint =>
  coefficients.reduce((sum, c, m) => sum + toInteger(c) * BigInt(x) ** BigInt(m), 0n) % ORDER

const sumOf = (list: readonly Scalar[]): Scalar => list.reduce(scalars.add, scalars.zero)

describe('a polynomial', () => {
  it('evaluates as its powers do, up to the highest index', () => {
    for (const x of xs) expect(toInteger(polynomial.evaluate(x))).toBe(slow(x))
  })

  it('evaluates in the exponent to the same value', () => {
    for (const x of xs) {
      const inExponent = evaluateCommitments(curve, polynomial.commitments(), x)
      expect(points.equal(inExponent, points.multiplyBase(polynomial.evaluate(x)))).toBe(true)
    }
  })

  it('has as many coefficients as the threshold, drawn one by one', () => {
    const sampled = Polynomial.sample(curve, vectorRandomness('dkg', 1, curve), 3)
    const again = vectorRandomness('dkg', 1, curve)
    const expected = [0, 1, 2].map((m) => hex(again.scalar('coef', m)))
    expect(sampled.coefficients.map(hex)).toEqual(expected)
  })

  it('is wiped at the end of its scope, and not by being evaluated', () => {
    const own = coefficients.map((c) => scalars.add(c, scalars.zero))
    {
      using inScope = new Polynomial(curve, own)
      const before = own.map(hex)
      inScope.evaluate(parseParty(3))
      expect(own.map(hex)).toEqual(before)
    }
    expect(own.every(scalars.isZero)).toBe(true)
    expect(hex(scalars.zero)).toBe('00'.repeat(32))
  })
})

describe('a dealt share', () => {
  const x = parseParty(5)
  const share = polynomial.evaluate(x)
  const commitments = polynomial.commitments()

  it('is on the committed polynomial', () => {
    expect(isShareOf(curve, commitments, x, share)).toBe(true)
  })

  it.each([
    ['one more', commitments, x, scalars.add(share, scalars.one)],
    ['at another index', commitments, parseParty(6), share],
    ['of another polynomial', [...commitments].reverse(), x, share],
    ['with a missing coefficient', commitments.slice(0, 2), x, share],
  ])('is not on it when it is %s', (_name, committed, at, value) => {
    expect(isShareOf(curve, committed, at, value)).toBe(false)
  })

  it('may be zero, where the polynomial is', () => {
    const root = scalars.negate(scalars.multiply(coefficients[1]!, scalars.fromNumber(5)))
    using through = new Polynomial(curve, [root, scalars.add(coefficients[1]!, scalars.zero)])
    expect(scalars.isZero(through.evaluate(x))).toBe(true)
    expect(isShareOf(curve, through.commitments(), x, scalars.zero)).toBe(true)
  })
})

describe('interpolation', () => {
  const at = (x: Party): Scalar => polynomial.evaluate(x)

  it.each([[[1, 2, 5]], [[2, 5, 65_535]], [[1, 2, 5, 65_535]]])(
    'of the shares of %j gives the secret',
    (numbers) => {
      const group = numbers.map(parseParty)
      const terms = group.map((x) => scalars.multiply(lagrangeAtZero(curve, group, x), at(x)))
      expect(hex(sumOf(terms))).toBe(hex(coefficients[0]!))
    },
  )

  it('with too few shares gives something else', () => {
    const group = [1, 2].map(parseParty)
    const terms = group.map((x) => scalars.multiply(lagrangeAtZero(curve, group, x), at(x)))
    expect(hex(sumOf(terms))).not.toBe(hex(coefficients[0]!))
  })

  it('has weights that sum to one, so a tweak may be added to every share', () => {
    expect(hex(sumOf(xs.map((x) => lagrangeAtZero(curve, xs, x))))).toBe(hex(scalars.one))
  })

  it('works at any other index and in the exponent', () => {
    const shares = new Map(xs.slice(0, 3).map((x) => [x, points.multiplyBase(at(x))!]))
    const value = interpolatePoint(curve, shares, 65_535)
    expect(points.equal(value, points.multiplyBase(at(parseParty(65_535))))).toBe(true)
    expect(points.equal(interpolatePoint(curve, shares, 0), polynomial.commitments()[0])).toBe(true)
  })

  it('refuses a repeated point and a weight of no point (A16)', () => {
    const [one, two] = [parseParty(1), parseParty(2)]
    expect(() => lagrange(curve, [one, one, two], two, 0)).toThrow(RangeError)
    expect(() => lagrange(curve, [one], two, 0)).toThrow(RangeError)
  })
})
