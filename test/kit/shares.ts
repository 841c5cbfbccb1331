/** What a group of shares adds up to, which only a test may ask. */

import type { Curve, Scalar } from '../../signer-node/dkls23/curve.ts'
import type { Keyshare } from '../../signer-node/dkls23/keyshare.ts'
import { lagrangeAtZero } from '../../signer-node/dkls23/polynomial.ts'

/** The secret at zero of the polynomial through the shares of a group. */
export function secretOf(curve: Curve, group: Iterable<Keyshare>): Scalar {
  const shares = [...group]
  const xs = shares.map(({ self }) => self.x)
  return shares.reduce((sum, { self, secretShare }) => {
    const weight = lagrangeAtZero(curve, xs, self.x)
    return curve.scalars.add(sum, curve.scalars.multiply(weight, secretShare.bytes))
  }, curve.scalars.zero)
}

/** Every group of this size. */
export function groupsOf<T>(list: readonly T[], size: number): readonly (readonly T[])[] {
  if (size === 0) return [[]]
  return list.flatMap((item, i) =>
    groupsOf(list.slice(i + 1), size - 1).map((rest) => [item, ...rest]),
  )
}
