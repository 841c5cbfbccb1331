import { describe, expect, it } from 'vitest'
import { ascii, u64 } from '../../signer-node/dkls23/bytes.ts'
import type { Curve } from '../../signer-node/dkls23/curve.ts'
import { nativeCurve } from '../../signer-node/dkls23/curve-native.ts'
import {
  type RandomnessRoots,
  SessionRandomness,
  sessionKey,
} from '../../signer-node/dkls23/randomness.ts'
import { Secret } from '../../signer-node/dkls23/secret.ts'
import { encode, sha256 } from '../../signer-node/dkls23/transcript.ts'
import { vectorRandomness } from '../kit/protocol.ts'
import { hex, vector } from '../kit/vectors.ts'

const curve = nativeCurve()
const fresh = () => vectorRandomness('pair-1-2', 1, curve)
const bytes32 = (fill: number) => new Uint8Array(32).fill(fill)

describe('the randomness of a session', () => {
  it('gives the Delta of the vectors for the K of the vectors', () => {
    expect(hex(fresh().bytes('delta', 32, 2))).toBe(vector('Delta 1'))
    expect(hex(vectorRandomness('pair-1-2', 2, curve).bytes('delta', 32, 1))).toBe(
      vector('Delta 2'),
    )
  })

  it('gives the nonce of the vectors as a scalar', () => {
    const r = vectorRandomness('sign', 1, curve).scalar('r')
    expect(hex(curve.points.multiplyBase(r)!)).toBe(vector('R_1'))
  })

  it('does not depend on the order of the draws', () => {
    const [a, b] = [fresh(), fresh()]
    const first = [a.bytes('cc', 32), a.scalar('coef', 0)]
    const second = [b.scalar('coef', 0), b.bytes('cc', 32)].reverse()
    expect(first).toEqual(second)
  })

  it('differs for every label and index', () => {
    const randomness = fresh()
    const drawn = [
      randomness.scalar('coef'),
      randomness.scalar('coef', 1),
      randomness.scalar('coef', 0, 1),
      randomness.scalar('coef', 0, 0, 1),
      randomness.scalar('pok'),
    ]
    expect(new Set(drawn.map(hex)).size).toBe(drawn.length)
  })

  it('gives each secret once', () => {
    const randomness = fresh()
    randomness.bytes('cc', 32)
    expect(() => randomness.bytes('cc', 32)).toThrow('drawn twice')
    randomness.scalar('fis', 1, 2, 0)
    expect(() => randomness.scalar('fis', 1, 2, 0)).toThrow('drawn twice')
  })

  it('takes a missing index and an index of zero for the same draw', () => {
    const randomness = fresh()
    randomness.scalar('coef', 0)
    expect(() => randomness.scalar('coef')).toThrow('drawn twice')
  })

  it('takes no more than three indices', () => {
    expect(() => fresh().scalar('fis', 1, 2, 3, 4)).toThrow(RangeError)
  })

  it('aborts when a scalar is zero', () => {
    const scalars = { ...curve.scalars, fromWide: () => curve.scalars.zero }
    const stuck: Curve = { ...curve, scalars }
    const randomness = new SessionRandomness(new Secret(bytes32(1)), stuck)
    expect(() => randomness.scalar('r')).toThrow(
      expect.objectContaining({ reason: 'degenerate', remedy: 'abort' }),
    )
  })

  it('refuses a K of another size, and is of no use after its end', () => {
    expect(() => new SessionRandomness(new Secret(new Uint8Array(31)), curve)).toThrow(RangeError)
    const randomness = fresh()
    randomness[Symbol.dispose]()
    expect(() => randomness.bytes('cc', 32)).toThrow('wiped')
  })
})

describe('a K that is lent to another thread', () => {
  const draws: Readonly<Record<string, (from: SessionRandomness) => unknown>> = {
    'a nonce': (from) => from.scalar('r'),
    'a mask': (from) => from.scalar('phi'),
    beta: (from) => from.bytes('beta', 64, 2),
    Delta: (from) => from.bytes('delta', 32, 2),
  }

  it('gives there what it would have given here', () => {
    const lender = fresh()
    using lent = lender.lend()
    const there = new SessionRandomness(new Secret(lent.bytes.slice()), curve)
    expect(hex(there.bytes('delta', 32, 2))).toBe(vector('Delta 1'))
  })

  it('is a copy, so that each thread wipes its own', () => {
    const lender = fresh()
    lender.lend()[Symbol.dispose]()
    expect(hex(lender.scalar('pok'))).toBe(hex(fresh().scalar('pok')))
  })

  it.each(Object.entries(draws))('draws nothing here any more: not %s', (_, draw) => {
    const lender = fresh()
    lender.lend()
    expect(() => draw(lender)).toThrow('lent')
    expect(() => draw(fresh())).not.toThrow()
  })

  it('still draws the nonce of the confirmation here, once', () => {
    const lender = fresh()
    lender.lend()
    expect(hex(lender.scalar('pok'))).toBe(hex(fresh().scalar('pok')))
    expect(() => lender.scalar('pok')).toThrow('drawn twice')
  })

  it('is lent once, and only before anything was drawn', () => {
    const lender = fresh()
    lender.lend()
    expect(() => lender.lend()).toThrow('lent once')
    for (const draw of Object.values(draws)) {
      const used = fresh()
      draw(used)
      expect(() => used.lend()).toThrow('before any draw')
    }
  })
})

describe('the key K of a session', () => {
  const roots: RandomnessRoots = {
    kernelBytes: new Secret(bytes32(1)),
    nodeSecret: new Secret(bytes32(2)),
    incarnation: new Uint8Array(16).fill(3),
    counter: 4n,
    purpose: 'sign',
    sid: bytes32(5),
  }
  const changes: readonly Partial<RandomnessRoots>[] = [
    { kernelBytes: new Secret(bytes32(9)) },
    { nodeSecret: new Secret(bytes32(9)) },
    { incarnation: ascii('another') },
    { counter: 5n },
    { purpose: 'dkg' },
    { sid: bytes32(9) },
  ]

  it('is the hash of all roots in this order, under its own tag', () => {
    const { kernelBytes, nodeSecret, incarnation, counter, purpose, sid } = roots
    const own = [kernelBytes.bytes, nodeSecret.bytes]
    const parts = [...own, incarnation, u64(counter), purpose, sid]
    expect(hex(sessionKey(roots).bytes)).toBe(hex(sha256(encode('rng-root', parts))))
  })

  it('depends on every root, so a repeated kernel state alone repeats nothing', () => {
    const keys = [{}, ...changes].map((change) => hex(sessionKey({ ...roots, ...change }).bytes))
    expect(new Set(keys).size).toBe(changes.length + 1)
  })

  it.each(['kernelBytes', 'nodeSecret'] as const)('refuses a short %s', (root) => {
    const short = { ...roots, [root]: new Secret(new Uint8Array(16)) }
    expect(() => sessionKey(short)).toThrow(RangeError)
  })
})
