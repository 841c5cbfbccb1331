/**
 * The reference twin, on `@noble/curves`: for tests and cross-checks, chosen only by name. Its
 * multiplications are ten times slower and constant-time by best effort only.
 * INVARIANT: it gives the same bytes as the native twin in every operation; one list of cases
 * runs on both.
 */

import { secp256k1 } from '@noble/curves/secp256k1.js'
import { Malformed } from './bytes.ts'
import { type Curve, type Group, POINT_BYTES, type Point, type Scalar, type Sum } from './curve.ts'
import { plainExtensionTables } from './plain-extension.ts'
import { equalPoints, requireNonZero, toPoint, xScalar } from './point.ts'
import { bigintScalarField, isZero, toInteger } from './scalar-field.ts'
import { bigintScalarTables } from './scalar-table.ts'
import { sha256 } from './transcript.ts'

const NoblePoint = secp256k1.Point
type NoblePoint = typeof NoblePoint.BASE

export function nobleCurve(): Curve {
  return {
    name: 'noble',
    scalars: bigintScalarField,
    tables: bigintScalarTables,
    extension: plainExtensionTables,
    points: nobleGroup,
  }
}

const nobleGroup: Group = {
  generator: toPoint(NoblePoint.BASE.toBytes(true)),
  decodePoint(bytes) {
    const point = tryPoint(bytes)
    if (point === undefined) throw new Malformed('expected a compressed point on the curve')
    return point
  },
  tryPoint,
  multiplyBase: (k) => (isZero(k) ? undefined : close(NoblePoint.BASE.multiply(toInteger(k)))),
  multiplyPublic: (point, k) => close(open(point).multiplyUnsafe(toInteger(k))),
  add: (a, b) => close(open(a).add(open(b))),
  sum: (points) => close(points.reduce<NoblePoint>((all, p) => all.add(open(p)), NoblePoint.ZERO)),
  negate: (point) => close(open(point).negate()),
  equal: equalPoints,
  sharedX(point, k) {
    const shared = sharedPoint(point, k)
    const x = shared.slice(1)
    shared.fill(0)
    return x
  },
  sharedDigest(point, k) {
    const shared = sharedPoint(point, k)
    const digest = sha256(shared)
    shared.fill(0)
    return digest
  },
  digest: sha256,
  xScalar,
  isOdd: (point) => point[0] === 3,
  verify: (publicKey, digest, r, s) =>
    secp256k1.verify(Uint8Array.from([...r, ...s]), digest, publicKey, { prehash: false }),
  blind() {
    // Nothing to blind: this twin keeps no blinded tables.
  },
}

function sharedPoint(point: Point, k: Scalar): Uint8Array {
  requireNonZero(k)
  return open(point).multiply(toInteger(k)).toBytes(true)
}

function tryPoint(bytes: Uint8Array): Point | undefined {
  if (bytes.length !== POINT_BYTES || (bytes[0] !== 2 && bytes[0] !== 3)) return undefined
  try {
    return toPoint(NoblePoint.fromBytes(bytes).toBytes(true))
  } catch {
    return undefined
  }
}

function open(point: Sum): NoblePoint {
  return point === undefined ? NoblePoint.ZERO : NoblePoint.fromBytes(point)
}

function close(point: NoblePoint): Sum {
  return point.is0() ? undefined : toPoint(point.toBytes(true))
}
