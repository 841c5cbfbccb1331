/**
 * The native twin: libsecp256k1 through the `secp256k1` addon. Secret scalars meet points only in
 * its constant-time calls (publicKeyCreate, ecdh), and are added and multiplied by its private-key
 * tweaks; the tables of a multiplication are on limbs, without BigInt and without branches.
 * INVARIANT: `bindings.js` is loaded, never `index.js`, which falls back to `elliptic` in silence.
 */

import { createRequire } from 'node:module'
import { Malformed } from './bytes.ts'
import {
  type Curve,
  type Group,
  POINT_BYTES,
  type Point,
  type Scalar,
  type ScalarField,
  type Sum,
} from './curve.ts'
import { limbScalarTables } from './limb-table.ts'
import { equalPoints, toPoint, xScalar } from './point.ts'
import { bigintScalarField, isZero } from './scalar-field.ts'
import { SecretScope } from './secret.ts'

type HashPoint = (x: Uint8Array, y: Uint8Array) => Uint8Array

/** The calls of the addon that are used here; each throws where libsecp256k1 returns an error. */
interface Addon {
  contextRandomize(seed: Uint8Array): void
  privateKeyNegate(key: Uint8Array): Uint8Array
  privateKeyTweakAdd(key: Uint8Array, tweak: Uint8Array): Uint8Array
  privateKeyTweakMul(key: Uint8Array, tweak: Uint8Array): Uint8Array
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
const RESULT_IS_ZERO = [
  'The tweak was out of range or the resulted private key is invalid',
  'The tweak was out of range or equal to zero',
]

/** Throws when the addon cannot be loaded: there is no fallback. */
export function nativeCurve(entryPoint = ENTRY_POINT): Curve {
  const addon = loadAddon(entryPoint)
  return {
    name: 'native',
    scalars: nativeScalars(addon),
    tables: limbScalarTables,
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

/** The tweaks work in place and refuse zero, in and out: both cases are answered here. */
function nativeScalars(addon: Addon): ScalarField {
  const { zero } = bigintScalarField
  const negate = (a: Scalar): Scalar =>
    isZero(a) ? copy(a) : inPlace(a, (key) => addon.privateKeyNegate(key))
  const add = (a: Scalar, b: Scalar): Scalar =>
    isZero(a) ? copy(b) : inPlace(a, (key) => addon.privateKeyTweakAdd(key, b))
  return {
    ...bigintScalarField,
    add,
    negate,
    subtract(a, b) {
      const minus = negate(b)
      const difference = add(a, minus)
      minus.fill(0)
      return difference
    },
    multiply: (a, b) =>
      isZero(a) || isZero(b) ? copy(zero) : inPlace(a, (key) => addon.privateKeyTweakMul(key, b)),
  }
}

function copy(scalar: Scalar): Scalar {
  return Uint8Array.from(scalar) as Scalar
}

function inPlace(scalar: Scalar, change: (key: Uint8Array) => void): Scalar {
  const result = copy(scalar)
  try {
    change(result)
  } catch (cause) {
    if (!(cause instanceof Error && RESULT_IS_ZERO.includes(cause.message))) throw cause
    // Both operands are canonical, so the one thing that libsecp256k1 can refuse is a zero sum.
    result.fill(0)
  }
  return result
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
    multiply: (point, k) =>
      point === undefined || isZero(k) ? undefined : sharedPoint(addon, point, k),
    multiplyPublic: (point, k) =>
      point === undefined || isZero(k) ? undefined : toPoint(addon.publicKeyTweakMul(point, k)),
    add: (a, b) => sum([a, b]),
    sum,
    negate: (point) => (point === undefined ? undefined : toPoint(addon.publicKeyNegate(point))),
    equal: equalPoints,
    sharedX(point, k) {
      if (isZero(k)) throw new RangeError('a shared point needs a scalar other than zero')
      return shared(addon, point, k, xOnly)
    },
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

/** What to take of a shared point: how many bytes, and which. */
interface Form {
  readonly length: number
  readonly choose: HashPoint
}

const xOnly: Form = { length: X_BYTES, choose: (x) => x }

const compressed: Form = {
  length: POINT_BYTES,
  choose(x, y) {
    const bytes = new Uint8Array(POINT_BYTES)
    bytes[0] = 2 + ((y[31] ?? 0) & 1)
    bytes.set(x, 1)
    return bytes
  },
}

function sharedPoint(addon: Addon, point: Point, k: Scalar): Point {
  using scraps = new SecretScope()
  return toPoint(scraps.keep(shared(addon, point, k, compressed)))
}

/** ecdh gives both coordinates of k*P to `hashfn` and copies what that returns to its output. */
function shared(addon: Addon, point: Point, k: Scalar, { length, choose }: Form): Uint8Array {
  using scraps = new SecretScope()
  const xbuf = scraps.keep(new Uint8Array(X_BYTES))
  const ybuf = scraps.keep(new Uint8Array(X_BYTES))
  const hashfn: HashPoint = (x, y) => scraps.keep(choose(x, y))
  return addon.ecdh(point, k, { hashfn, xbuf, ybuf }, new Uint8Array(length))
}
