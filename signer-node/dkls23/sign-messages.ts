/**
 * The two messages that signers send to one another (1.12): fixed layouts, one encoding each.
 * The third message is not here: `sign` returns it.
 * INVARIANT: every scalar and point of a message is decoded before the message is used.
 */

import type { Curve, Point, Scalar } from './curve.ts'
import { digest, group, pair, point, salt, scalar, unread } from './layout.ts'
import { type Product, productLayout } from './multiplication.ts'
import { EXTENSION } from './ot-extension.ts'
import { type Round, roundOf } from './protocol.ts'

export interface FirstMessage {
  readonly commitment: Uint8Array
  /** The sender of this message is the receiver of the multiplication. */
  readonly extension: Uint8Array
}

export interface SecondMessage {
  readonly product: Product
  /** D: the commitments as this signer saw them. */
  readonly view: Uint8Array
  readonly noncePoint: Point
  readonly salt: Uint8Array
  readonly keyPoint: Point
  /** Gamma_u and Gamma_v: this signer's product shares in the exponent. */
  readonly gammas: readonly [Point, Point]
  /** psi = phi - chi. */
  readonly offset: Scalar
}

export const firstRound: Round<FirstMessage> = roundOf(
  1,
  'sign 1',
  group({ commitment: digest, extension: unread(EXTENSION) }),
)

export function secondRound(curve: Curve): Round<SecondMessage> {
  const layout = group<SecondMessage>({
    product: productLayout(curve),
    view: digest,
    noncePoint: point(curve),
    salt,
    keyPoint: point(curve),
    gammas: pair(point(curve)),
    offset: scalar(curve),
  })
  return roundOf(2, 'sign 2', layout)
}
