/**
 * Secret sharing in the field and in the exponent: sample a polynomial, evaluate it, commit to its
 * coefficients (Feldman), and interpolate.
 * INVARIANT: a polynomial of threshold t has exactly t coefficients and t committed points; the
 * points it is evaluated at are party indices, so never zero.
 *
 * f(x) = sum of coefficient_m * x^m | A_m = coefficient_m * G | lambda_i = Lagrange coefficient
 */

import type { Curve, Point, Scalar, Sum } from './curve.ts'
import type { Party } from './party.ts'
import type { SessionRandomness } from './randomness.ts'
import { SecretScope } from './secret.ts'

export class Polynomial {
  readonly #curve: Curve
  readonly #coefficients: readonly Scalar[]

  constructor(curve: Curve, coefficients: readonly Scalar[]) {
    this.#curve = curve
    this.#coefficients = coefficients
  }

  /** Random, or random but for a constant that is given; takes ownership of the constant. */
  static sample(
    curve: Curve,
    randomness: SessionRandomness,
    threshold: number,
    constant?: Scalar,
  ): Polynomial {
    const degrees = Array.from({ length: threshold }, (_, m) => m)
    const draw = (m: number): Scalar => randomness.scalar('coef', m)
    return new Polynomial(
      curve,
      degrees.map((m) => (m === 0 ? (constant ?? draw(m)) : draw(m))),
    )
  }

  get coefficients(): readonly Scalar[] {
    return this.#coefficients
  }

  /** f(x), by Horner's rule; secret. */
  evaluate(x: Party): Scalar {
    using scraps = new SecretScope()
    const { scalars } = this.#curve
    const at = scalars.fromNumber(x)
    return this.#coefficients.reduceRight((sum, coefficient) => {
      const product = scraps.keep(scalars.multiply(scraps.keep(sum), at))
      return scalars.add(product, coefficient)
    }, scalars.zero)
  }

  /** A_0 .. A_{t-1}. */
  commitments(): readonly Sum[] {
    return this.#coefficients.map((coefficient) => this.#curve.points.multiplyBase(coefficient))
  }

  [Symbol.dispose](): void {
    for (const coefficient of this.#coefficients) coefficient.fill(0)
  }
}

/** f(x)*G from the committed coefficients: the sum of x^m * A_m. */
export function evaluateCommitments(curve: Curve, commitments: readonly Sum[], x: Party): Sum {
  const at = curve.scalars.fromNumber(x)
  return commitments.reduceRight<Sum>(
    (sum, commitment) => curve.points.add(curve.points.multiplyPublic(sum, at), commitment),
    undefined,
  )
}

/** f(x)*G == sum of x^m * A_m, for a share that somebody else dealt. */
export function isShareOf(
  curve: Curve,
  commitments: readonly Sum[],
  x: Party,
  share: Scalar,
): boolean {
  const { points } = curve
  return points.equal(points.multiplyBase(share), evaluateCommitments(curve, commitments, x))
}

/** lambda_x: the weight of the share of x in the value at zero. */
export function lagrangeAtZero(curve: Curve, xs: readonly Party[], x: Party): Scalar {
  return lagrange(curve, xs, x, 0)
}

/** The weight of the value at x in the value at `target`, over the points xs. */
export function lagrange(curve: Curve, xs: readonly Party[], x: Party, target: number): Scalar {
  const { scalars } = curve
  if (new Set(xs).size !== xs.length || !xs.includes(x)) {
    throw new RangeError('interpolation needs distinct points, and a weight is of one of them')
  }
  const others = xs.filter((other) => other !== x).map((other) => scalars.fromNumber(other))
  const [at, to] = [scalars.fromNumber(x), scalars.fromNumber(target)]
  const product = (from: Scalar): Scalar =>
    others.reduce((all, l) => scalars.multiply(all, scalars.subtract(l, from)), scalars.one)
  return scalars.multiply(product(to), scalars.invertPublic(product(at)))
}

/** The point at `target` of the polynomial in the exponent that runs through the given points. */
export function interpolatePoint(
  curve: Curve,
  points: ReadonlyMap<Party, Point>,
  target: number,
): Sum {
  const xs = [...points.keys()]
  const terms = [...points].map(([x, point]) =>
    curve.points.multiplyPublic(point, lagrange(curve, xs, x, target)),
  )
  return curve.points.sum(terms)
}
