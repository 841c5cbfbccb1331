/**
 * The WebAssembly twin, for machines without the native addon: libsecp256k1 as a module for the
 * products of secret scalars, noble for sums of points, and everything else as in the native twin.
 * A shared x-coordinate, which that module does not give out, is Diffie-Hellman of OpenSSL.
 * INVARIANT: secret scalars meet points only in `create`, `ecdh` and OpenSSL's ladder.
 * It is twice as slow as the native twin in signing, and takes seconds for a pair setup.
 */

import { createECDH } from 'node:crypto'
import { secp256k1 } from '@noble/curves/secp256k1.js'
import { Malformed } from './bytes.ts'
import { coreScalarField } from './core-scalars.ts'
import { coreScalarTables } from './core-tables.ts'
import { coreExtensionTables } from './core-transfers.ts'
import { type Curve, type Group, POINT_BYTES, type Point, type Scalar, type Sum } from './curve.ts'
import { threadLibrary, type WasmLibrary } from './curve-wasm-library.ts'
import { equalPoints, requireNonZero, toPoint, xScalar } from './point.ts'
import { isZero } from './scalar-field.ts'
import { sha256 } from './transcript.ts'

const NoblePoint = secp256k1.Point

export function wasmCurve(library = threadLibrary()): Curve {
  return {
    name: 'wasm',
    scalars: coreScalarField,
    tables: coreScalarTables,
    extension: coreExtensionTables,
    points: wasmGroup(library),
  }
}

function wasmGroup(library: WasmLibrary): Group {
  const tryPoint = (bytes: Uint8Array): Point | undefined =>
    bytes.length === POINT_BYTES && library.isPoint(bytes) ? toPoint(bytes) : undefined
  const sum = (points: readonly Sum[]): Sum => combine(library, points)
  return {
    generator: toPoint(library.create(coreScalarField.one)),
    tryPoint,
    decodePoint(bytes) {
      const point = tryPoint(bytes)
      if (point === undefined) throw new Malformed('expected a compressed point on the curve')
      return point
    },
    multiplyBase: (k) => (isZero(k) ? undefined : toPoint(library.create(k))),
    multiplyPublic: (point, k) =>
      point === undefined || isZero(k) ? undefined : toPoint(library.multiplyPublic(point, k)),
    add: (a, b) => sum([a, b]),
    sum,
    negate,
    equal: equalPoints,
    sharedX(point, k) {
      requireNonZero(k)
      return sharedX(point, k)
    },
    sharedDigest(point, k) {
      requireNonZero(k)
      return library.ecdh(point, k)
    },
    digest: sha256,
    xScalar,
    isOdd: (point) => point[0] === 3,
    verify: (publicKey, digest, r, s) =>
      library.verify(publicKey, digest, Uint8Array.from([...r, ...s])),
    blind: (seed) => library.randomize(seed),
  }
}

/** noble adds in variable time: what it sees are points, never a scalar. */
function combine(library: WasmLibrary, sums: readonly Sum[]): Sum {
  const points = sums.filter((point) => point !== undefined)
  const total = points.reduce(
    (all, point) => all.add(NoblePoint.fromBytes(library.uncompress(point))),
    NoblePoint.ZERO,
  )
  return total.is0() ? undefined : toPoint(total.toBytes(true))
}

/** The other parity of the same x. */
function negate(point: Sum): Sum {
  if (point === undefined) return undefined
  const negated = toPoint(point)
  negated[0] = 5 - (negated[0] ?? 0)
  return negated
}

/** OpenSSL's ladder, which takes milliseconds; only the base transfers ask for it. */
function sharedX(point: Point, k: Scalar): Uint8Array {
  const exchange = createECDH('secp256k1')
  exchange.setPrivateKey(k)
  const shared = exchange.computeSecret(point)
  const x = new Uint8Array(shared)
  shared.fill(0)
  return x
}
