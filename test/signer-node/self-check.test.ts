import { describe, expect, it } from 'vitest'
import type { Curve } from '../../signer-node/dkls23/curve.ts'
import { nativeCurve } from '../../signer-node/dkls23/curve-native.ts'
import { selfCheck } from '../../signer-node/self-check.ts'
import { twins } from '../kit/twins.ts'
import { namedRandom, TestClock } from './world.ts'

const clock = new TestClock()
const random = namedRandom('self-check')
const native = nativeCurve()

describe('the self-check before the door opens', () => {
  it('passes on every twin of the curve', () => {
    for (const twin of twins) expect(() => selfCheck(twin, clock, random)).not.toThrow()
  })

  it('stops a curve that computes one thing wrongly', () => {
    const { points } = native
    const wrong: readonly [Partial<Curve['points']>, string][] = [
      [{ multiplyBase: () => points.generator }, 'secp256k1 base'],
      [{ add: () => points.generator }, 'secp256k1 sum'],
      [{ sharedDigest: () => points.generator }, 'secp256k1 product'],
      [{ verify: () => true }, 'ecdsa refusal'],
      [{ verify: () => false }, 'ecdsa signature'],
    ]
    for (const [change, what] of wrong) {
      const curve = { ...native, points: { ...points, ...change } }
      expect(() => selfCheck(curve, clock, random)).toThrow(what)
    }
  })

  it('stops random bytes that repeat or are zero', () => {
    const stuck = (length: number) => new Uint8Array(length).fill(7)
    expect(() => selfCheck(native, clock, stuck)).toThrow('random bytes repeat')
    expect(() => selfCheck(native, clock, (length) => new Uint8Array(length))).toThrow('repeat')
  })

  it('stops a clock that was never set', () => {
    expect(() => selfCheck(native, new TestClock(0), random)).toThrow('the clock is not set')
    expect(() => selfCheck(native, new TestClock(5e12), random)).toThrow('the clock is not set')
  })
})
