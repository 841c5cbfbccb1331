/**
 * What all twins do with a point's bytes alone. Not for use outside them: the one place where
 * bytes that a curve library has checked or made become a Point.
 */

import { ORDER, POINT_BYTES, type Point, type Scalar, type Sum } from './curve.ts'
import { isZero, modOrder, readInteger, toScalar, viewOf } from './scalar-field.ts'

/** A copy, so that later writes to the argument cannot change the Point. */
export function toPoint(checked: Uint8Array): Point {
  if (checked.length !== POINT_BYTES) throw new RangeError('a point has 33 bytes')
  return Uint8Array.from(checked) as Point
}

/** Compressed encodings are unique, so equal bytes are equal points; the identity equals itself. */
export function equalPoints(a: Sum, b: Sum): boolean {
  if (a === undefined || b === undefined) return a === b
  let difference = 0
  for (let i = 0; i < POINT_BYTES; i++) difference |= (a[i] ?? 0) ^ (b[i] ?? 0)
  return difference === 0
}

export function xScalar(point: Point): { readonly x: Scalar; readonly isReduced: boolean } {
  const x = readInteger(viewOf(point), 1)
  return { x: toScalar(modOrder(x)), isReduced: x >= ORDER }
}

export function requireNonZero(k: Scalar): void {
  if (isZero(k)) throw new RangeError('a shared point needs a scalar other than zero')
}
