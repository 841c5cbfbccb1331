/**
 * Arithmetic mod q on BigInts: the whole scalar field of the noble twin, and the parts of it that
 * the native twin shares. Big integers can neither be wiped nor made constant-time, so they live
 * only inside these leaf functions (docs/security.md says what that leaves open).
 * INVARIANT: every Scalar made here is reduced before it is encoded, or was checked when decoded.
 */

import { Malformed } from './bytes.ts'
import { ORDER, SCALAR_BYTES, type Scalar, type ScalarField } from './curve.ts'

const HALF_ORDER = ORDER >> 1n
const WIDE_BYTES = 64

export const bigintScalarField: ScalarField = {
  zero: toScalar(0n),
  one: toScalar(1n),
  decodeScalar,
  fromWide(bytes) {
    if (bytes.length !== WIDE_BYTES) throw new RangeError(`expected ${WIDE_BYTES} bytes`)
    const view = viewOf(bytes)
    return toScalar(modOrder((readInteger(view, 0) << 256n) | readInteger(view, SCALAR_BYTES)))
  },
  reduce(bytes) {
    if (bytes.length !== SCALAR_BYTES) throw new RangeError(`expected ${SCALAR_BYTES} bytes`)
    return toScalar(modOrder(readInteger(viewOf(bytes), 0)))
  },
  fromNumber(value) {
    if (!Number.isSafeInteger(value) || value < 0) throw new RangeError('expected a natural number')
    return toScalar(BigInt(value))
  },
  add: (a, b) => toScalar(modOrder(toInteger(a) + toInteger(b))),
  subtract: (a, b) => toScalar(modOrder(toInteger(a) - toInteger(b))),
  negate: (a) => toScalar(modOrder(-toInteger(a))),
  multiply: (a, b) => toScalar(modOrder(toInteger(a) * toInteger(b))),
  invertPublic: (a) => toScalar(invert(toInteger(a))),
  isZero,
  isHigh: (a) => toInteger(a) > HALF_ORDER,
}

export function decodeScalar(bytes: Uint8Array): Scalar {
  if (bytes.length !== SCALAR_BYTES) {
    throw new Malformed(`a scalar has ${SCALAR_BYTES} bytes, got ${bytes.length}`)
  }
  const value = readInteger(viewOf(bytes), 0)
  if (value >= ORDER) throw new Malformed('a scalar must be below the group order')
  return toScalar(value)
}

/** Reads every byte, whatever they are. */
export function isZero(a: Scalar): boolean {
  let seen = 0
  for (const byte of a) seen |= byte
  return seen === 0
}

export function modOrder(value: bigint): bigint {
  const rest = value % ORDER
  return rest < 0n ? rest + ORDER : rest
}

export function toInteger(scalar: Scalar): bigint {
  return readInteger(viewOf(scalar), 0)
}

/** The encoding of an integer that is already below q. */
export function toScalar(value: bigint): Scalar {
  const bytes = new Uint8Array(SCALAR_BYTES)
  writeInteger(new DataView(bytes.buffer), 0, value)
  return bytes as Scalar
}

/** Four 64-bit words, big-endian: as fast as a hex string, and leaves no string behind. */
export function readInteger(view: DataView, offset: number): bigint {
  return (
    (view.getBigUint64(offset) << 192n) |
    (view.getBigUint64(offset + 8) << 128n) |
    (view.getBigUint64(offset + 16) << 64n) |
    view.getBigUint64(offset + 24)
  )
}

/** setBigUint64 keeps the low 64 bits of what it is given. */
export function writeInteger(view: DataView, offset: number, value: bigint): void {
  view.setBigUint64(offset, value >> 192n)
  view.setBigUint64(offset + 8, value >> 128n)
  view.setBigUint64(offset + 16, value >> 64n)
  view.setBigUint64(offset + 24, value)
}

export function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}

/** Extended Euclid. */
function invert(value: bigint): bigint {
  if (value === 0n) throw new RangeError('zero has no inverse')
  let [previous, current] = [ORDER, value]
  let [previousFactor, factor] = [0n, 1n]
  while (current !== 0n) {
    const quotient = previous / current
    ;[previous, current] = [current, previous - quotient * current]
    ;[previousFactor, factor] = [factor, previousFactor - quotient * factor]
  }
  return modOrder(previousFactor)
}
