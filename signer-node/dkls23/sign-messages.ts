/**
 * The two messages that signers send to one another (1.12): fixed layouts, one encoding each.
 * The third message is not here: `sign` returns it.
 * INVARIANT: every scalar and point of a message is decoded before the message is used.
 */

import { concat, Reader } from './bytes.ts'
import { COMMITMENT_BYTES, SALT_BYTES } from './commitment.ts'
import { type Curve, POINT_BYTES, type Point, SCALAR_BYTES, type Scalar } from './curve.ts'
import {
  decodeProduct,
  encodeProduct,
  PRODUCT_MESSAGE_BYTES,
  type Product,
} from './multiplication.ts'
import { EXTENSION_MESSAGE_BYTES } from './ot-extension.ts'
import type { Round } from './protocol.ts'
import { DIGEST_BYTES } from './transcript.ts'

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

const POINTS = 4

export const firstRound: Round<FirstMessage> = {
  number: 1,
  name: 'sign 1',
  size: COMMITMENT_BYTES + EXTENSION_MESSAGE_BYTES,
  encode: ({ commitment, extension }) => concat(commitment, extension),
  decode(bytes) {
    const reader = new Reader(bytes)
    const commitment = reader.take(COMMITMENT_BYTES)
    const extension = reader.take(EXTENSION_MESSAGE_BYTES)
    reader.end()
    return { commitment, extension }
  },
}

export function secondRound(curve: Curve): Round<SecondMessage> {
  return {
    number: 2,
    name: 'sign 2',
    size: PRODUCT_MESSAGE_BYTES + DIGEST_BYTES + SALT_BYTES + POINTS * POINT_BYTES + SCALAR_BYTES,
    encode: (message) =>
      concat(
        encodeProduct(message.product),
        message.view,
        message.noncePoint,
        message.salt,
        message.keyPoint,
        ...message.gammas,
        message.offset,
      ),
    decode(bytes) {
      const reader = new Reader(bytes)
      const point = (): Point => curve.points.decodePoint(reader.take(POINT_BYTES))
      const message: SecondMessage = {
        product: decodeProduct(curve, reader.take(PRODUCT_MESSAGE_BYTES)),
        view: reader.take(DIGEST_BYTES),
        noncePoint: point(),
        salt: reader.take(SALT_BYTES),
        keyPoint: point(),
        gammas: [point(), point()],
        offset: curve.scalars.decodeScalar(reader.take(SCALAR_BYTES)),
      }
      reader.end()
      return message
    },
  }
}
