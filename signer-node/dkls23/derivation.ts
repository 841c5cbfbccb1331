/**
 * BIP-32 derivation without hardening (specification 2.5): from a public key, a chain code and a
 * path everyone computes the child's public key and the additive tweak of the secret.
 * INVARIANT: child public key = public key + tweak*G. A party adds the tweak to its own share
 * before the Lagrange weight, which is right because the weights of the signers sum to one.
 */

import { Abort } from './abort.ts'
import { concat, u32 } from './bytes.ts'
import type { Curve, Point, Scalar } from './curve.ts'
import { equalBytes } from './secret.ts'
import { hmacSha512 } from './transcript.ts'

export type Path = readonly number[]

export interface ExtendedKey {
  readonly publicKey: Point
  readonly chainCode: Uint8Array
}

export interface Child extends ExtendedKey {
  readonly tweak: Scalar
}

export const PATH_LEVELS_MAX = 255
const HARDENED = 2 ** 31
const HALF_BYTES = 32

/** Not a path that can be derived here: hardened, too deep, or in another form than m/0/7. */
export class InvalidPath extends Error {
  override readonly name = 'InvalidPath'
}

/** 'm' is the root; each further level is one decimal index without leading zeros. */
export function parsePath(text: string): Path {
  if (!/^m(\/(0|[1-9][0-9]{0,9}))*$/.test(text)) {
    throw new InvalidPath('a path is m followed by indices without hardening, as in m/0/7')
  }
  const path = text.split('/').slice(1).map(Number)
  requirePath(path)
  return path
}

export function deriveChild(curve: Curve, root: ExtendedKey, path: Path): Child {
  requirePath(path)
  const start: Child = { ...root, tweak: curve.scalars.zero }
  return path.reduce<Child>((parent, index) => deriveOne(curve, parent, index), start)
}

function requirePath(path: Path): void {
  if (path.length > PATH_LEVELS_MAX) {
    throw new InvalidPath(`a path has at most ${PATH_LEVELS_MAX} levels, got ${path.length}`)
  }
  if (path.some((index) => !Number.isInteger(index) || index < 0 || index >= HARDENED)) {
    throw new InvalidPath('an index is an integer below 2^31: nothing here derives hardened keys')
  }
}

function deriveOne(curve: Curve, parent: Child, index: number): Child {
  const { scalars, points } = curve
  const digest = hmacSha512(parent.chainCode, concat(parent.publicKey, u32(index)))
  const left = digest.slice(0, HALF_BYTES)
  const step = scalars.reduce(left)
  const publicKey = points.add(parent.publicKey, points.multiplyBase(step))
  if (!equalBytes(step, left) || publicKey === undefined) {
    throw new Abort('degenerate', `index ${index} has no child key, use the next one`)
  }
  const tweak = scalars.add(parent.tweak, step)
  return { publicKey, tweak, chainCode: digest.slice(HALF_BYTES) }
}
