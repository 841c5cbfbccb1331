/**
 * The native twin: libsecp256k1 through the `secp256k1` addon. Secret scalars meet points only in
 * publicKeyCreate and ecdh; everything else that is secret is bytes in the compiled module.
 * The time of the addon's ecdh tells of the scalar (`npm run bench -- ct`), so chi, which decides
 * what a signature hides, goes through the WebAssembly build of the same library; the exponents of
 * base transfers, each used once, do not (docs/security.md).
 * INVARIANT: `bindings.js` is loaded, never `index.js`, which falls back to `elliptic` in silence.
 */

import { createRequire } from 'node:module'
import { Malformed } from './bytes.ts'
import { coreScalarField } from './core-scalars.ts'
import { coreScalarTables } from './core-tables.ts'
import { coreExtensionTables } from './core-transfers.ts'
import { type Curve, type Group, POINT_BYTES, type Point, type Scalar, type Sum } from './curve.ts'
import { threadLibrary } from './curve-wasm-library.ts'
import { equalPoints, requireNonZero, toPoint, xScalar } from './point.ts'
import { bigintScalarField, isZero } from './scalar-field.ts'
import { SecretScope } from './secret.ts'
import { sha256 } from './transcript.ts'

type HashPoint = (x: Uint8Array, y: Uint8Array) => Uint8Array

/** The calls of the addon that are used here; each throws where libsecp256k1 returns an error. */
interface Addon {
  contextRandomize(seed: Uint8Array): void
  publicKeyVerify(point: Uint8Array): boolean
  publicKeyCreate(key: Uint8Array): Uint8Array
  publicKeyNegate(point: Uint8Array): Uint8Array
  publicKeyCombine(points: readonly Uint8Array[]): Uint8Array
  publicKeyTweakMul(point: Uint8Array, tweak: Uint8Array): Uint8Array
  ecdsaVerify(signature: Uint8Array, digest: Uint8Array, point: Uint8Array): boolean
  ecdh(
    point: Uint8Array,
    key: Uint8Array,
    options: { hashfn: HashPoint; xbuf: Uint8Array; ybuf: Uint8Array },
    output: Uint8Array,
  ): Uint8Array
}

const X_BYTES = 32
const ENTRY_POINT = 'secp256k1/bindings.js'
const SUM_IS_IDENTITY = 'The sum of the public keys is not valid'

/** Throws when the addon cannot be loaded: there is no fallback. */
export function nativeCurve(entryPoint = ENTRY_POINT): Curve {
  const addon = loadAddon(entryPoint)
  return {
    name: 'native',
    scalars: coreScalarField,
    tables: coreScalarTables,
    extension: coreExtensionTables,
    points: nativeGroup(addon),
  }
}

function loadAddon(entryPoint: string): Addon {
  try {
    const addon: Addon = createRequire(import.meta.url)(entryPoint)
    return addon
  } catch (cause) {
    throw new Error(`the native secp256k1 addon did not load from ${entryPoint}`, { cause })
  }
}

function nativeGroup(addon: Addon): Group {
  const tryPoint = (bytes: Uint8Array): Point | undefined =>
    bytes.length === POINT_BYTES && addon.publicKeyVerify(bytes) ? toPoint(bytes) : undefined
  const sum = (points: readonly Sum[]): Sum => combine(addon, points)
  return {
    generator: toPoint(addon.publicKeyCreate(bigintScalarField.one)),
    tryPoint,
    decodePoint(bytes) {
      const point = tryPoint(bytes)
      if (point === undefined) throw new Malformed('expected a compressed point on the curve')
      return point
    },
    multiplyBase: (k) => (isZero(k) ? undefined : toPoint(addon.publicKeyCreate(k))),
    multiplyPublic: (point, k) =>
      point === undefined || isZero(k) ? undefined : toPoint(addon.publicKeyTweakMul(point, k)),
    add: (a, b) => sum([a, b]),
    sum,
    negate: (point) => (point === undefined ? undefined : toPoint(addon.publicKeyNegate(point))),
    equal: equalPoints,
    sharedX(point, k) {
      requireNonZero(k)
      return sharedX(addon, point, k)
    },
    sharedDigest(point, k) {
      requireNonZero(k)
      return threadLibrary().ecdh(point, k)
    },
    digest: sha256,
    xScalar,
    isOdd: (point) => point[0] === 3,
    verify: (publicKey, digest, r, s) =>
      addon.ecdsaVerify(Uint8Array.from([...r, ...s]), digest, publicKey),
    blind: (seed) => addon.contextRandomize(seed),
  }
}

function combine(addon: Addon, sums: readonly Sum[]): Sum {
  const points = sums.filter((point) => point !== undefined)
  if (points.length === 0) return undefined
  try {
    return toPoint(addon.publicKeyCombine(points))
  } catch (cause) {
    if (!(cause instanceof Error && cause.message === SUM_IS_IDENTITY)) throw cause
    return undefined
  }
}

/** ecdh gives both coordinates of k*P to `hashfn` and copies what that returns to its output. */
function sharedX(addon: Addon, point: Point, k: Scalar): Uint8Array {
  using scraps = new SecretScope()
  const xbuf = scraps.keep(new Uint8Array(X_BYTES))
  const ybuf = scraps.keep(new Uint8Array(X_BYTES))
  return addon.ecdh(point, k, { hashfn: (x) => x, xbuf, ybuf }, new Uint8Array(X_BYTES))
}
