/** A curve that counts the points it decodes and multiplies: what somebody else can make it do. */
import type { Curve, Group } from '../../signer-node/dkls23/curve.ts'

export interface Work {
  decoded: number
  multiplied: number
  /** Signatures, which are not of this curve. */
  verified: number
}

export function workOf(): Work {
  return { decoded: 0, multiplied: 0, verified: 0 }
}

export function countingCurve(curve: Curve): { readonly curve: Curve; readonly work: Work } {
  const work = workOf()
  const { points } = curve
  const counting = <A extends readonly unknown[], R>(
    what: 'decoded' | 'multiplied',
    inner: (...given: A) => R,
  ) => {
    return (...given: A): R => {
      work[what] += 1
      return inner(...given)
    }
  }
  const counted: Partial<Group> = {
    decodePoint: counting('decoded', points.decodePoint),
    tryPoint: counting('decoded', points.tryPoint),
    multiplyBase: counting('multiplied', points.multiplyBase),
    multiplyPublic: counting('multiplied', points.multiplyPublic),
    sharedX: counting('multiplied', points.sharedX),
    sharedDigest: counting('multiplied', points.sharedDigest),
    verify: counting('multiplied', points.verify),
  }
  return { curve: { ...curve, points: { ...points, ...counted } }, work }
}
