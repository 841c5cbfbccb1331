import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { ascii, Malformed, u32 } from '../../signer-node/dkls23/bytes.ts'
import { type Curve, ORDER, type Point, type Scalar } from '../../signer-node/dkls23/curve.ts'
import { nativeCurve } from '../../signer-node/dkls23/curve-native.ts'
import { host, moduleBytes, WasmLibrary } from '../../signer-node/dkls23/curve-wasm-library.ts'
import { modOrder, toInteger, toScalar } from '../../signer-node/dkls23/scalar-field.ts'
import { expand, hashToScalar, sha256 } from '../../signer-node/dkls23/transcript.ts'
import { native, twins } from '../kit/twins.ts'
import { hex, unhex, vector } from '../kit/vectors.ts'

const TWINS: readonly Curve[] = twins

const sample = (i: number): Scalar => hashToScalar(native, 'gadget', u32(i))
const pointOf = (curve: Curve, k: Scalar): Point => curve.points.multiplyBase(k)!
const hexOf = (bytes: Uint8Array | undefined): string =>
  bytes === undefined ? 'identity' : hex(bytes)
const wide = (value: bigint): Uint8Array => unhex(value.toString(16).padStart(128, '0'))
const raw = (value: bigint): Uint8Array => unhex(value.toString(16).padStart(64, '0'))

/** Zero, one, both ends, both sides of a half, and some in between. */
const EDGES = [0n, 1n, 2n, ORDER >> 1n, (ORDER >> 1n) + 1n, ORDER - 2n, ORDER - 1n].map(toScalar)
const SCALARS = [...EDGES, ...Array.from({ length: 5 }, (_, i) => sample(i))]

describe.each(TWINS)('the scalars of the $name twin', ({ scalars }) => {
  it('agree with plain integers mod q, at the edges too (A55)', () => {
    for (const a of SCALARS) {
      expect(toInteger(scalars.negate(a))).toBe(modOrder(-toInteger(a)))
      for (const b of SCALARS) {
        const [m, n] = [toInteger(a), toInteger(b)]
        expect(toInteger(scalars.add(a, b))).toBe((m + n) % ORDER)
        expect(toInteger(scalars.subtract(a, b))).toBe((m - n + ORDER) % ORDER)
        expect(toInteger(scalars.multiply(a, b))).toBe((m * n) % ORDER)
      }
    }
  })

  it('never change their operands or hand one of them out', () => {
    for (const [a, b] of [
      [sample(1), sample(2)],
      [scalars.zero, sample(2)],
      [sample(1), scalars.zero],
    ] as const) {
      const before = [hex(a), hex(b)]
      const { add, subtract, multiply, negate } = scalars
      const results = [add(a, b), subtract(a, b), multiply(a, b), negate(a)]
      for (const result of results) result.fill(0xff)
      expect([hex(a), hex(b)]).toEqual(before)
    }
  })

  it('have an inverse, except zero', () => {
    for (const a of SCALARS.slice(1)) {
      expect(hex(scalars.multiply(a, scalars.invertPublic(a)))).toBe(hex(scalars.one))
    }
    expect(() => scalars.invertPublic(scalars.zero)).toThrow(RangeError)
  })

  it('decode when they are below q, and are malformed otherwise', () => {
    for (const a of SCALARS) expect(hex(scalars.decodeScalar(Uint8Array.from(a)))).toBe(hex(a))
    for (const value of [ORDER, ORDER + 1n, 2n ** 256n - 1n]) {
      expect(() => scalars.decodeScalar(raw(value))).toThrow(Malformed)
    }
    for (const length of [0, 31, 33]) {
      expect(() => scalars.decodeScalar(new Uint8Array(length))).toThrow(Malformed)
    }
  })

  it('decode to copies', () => {
    const bytes = raw(5n)
    const scalar = scalars.decodeScalar(bytes)
    bytes.fill(9)
    expect(toInteger(scalar)).toBe(5n)
  })

  it('are reduced from 32 and from 64 bytes', () => {
    for (const value of [0n, ORDER - 1n, ORDER, ORDER + 5n, 2n ** 256n - 1n]) {
      expect(toInteger(scalars.reduce(raw(value)))).toBe(value % ORDER)
    }
    for (const value of [0n, ORDER, ORDER * ORDER + 3n, 2n ** 512n - 1n]) {
      expect(toInteger(scalars.fromWide(wide(value)))).toBe(value % ORDER)
    }
    expect(() => scalars.reduce(new Uint8Array(33))).toThrow(RangeError)
    expect(() => scalars.fromWide(new Uint8Array(32))).toThrow(RangeError)
  })

  it('are made from natural numbers only', () => {
    expect(toInteger(scalars.fromNumber(65_535))).toBe(65_535n)
    for (const value of [-1, 0.5, 2 ** 53]) {
      expect(() => scalars.fromNumber(value)).toThrow(RangeError)
    }
  })

  it('know zero, and which half they are in', () => {
    expect(SCALARS.map(scalars.isZero)).toEqual(SCALARS.map((a) => toInteger(a) === 0n))
    expect(EDGES.map(scalars.isHigh)).toEqual([false, false, false, false, true, true, true])
  })
})

describe.each(TWINS)('the points of the $name twin', (curve) => {
  const { points, scalars } = curve
  const [k, l] = [sample(1), sample(2)]
  const [kG, lG] = [pointOf(curve, k), pointOf(curve, l)]

  it('have the generator of secp256k1', () => {
    expect(hex(points.generator)).toBe(
      '0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798',
    )
    expect(points.equal(points.multiplyBase(scalars.one), points.generator)).toBe(true)
  })

  it('multiply alike by every way', () => {
    const expected = hexOf(points.multiplyBase(scalars.multiply(k, l)))
    expect(hexOf(points.multiplyPublic(lG, k))).toBe(expected)
    expect(hex(points.sharedX(kG, l))).toBe(expected.slice(2))
    const digest = hex(sha256(unhex(expected)))
    expect(hex(points.sharedDigest(kG, l))).toBe(digest)
    expect(hex(points.digest(points.decodePoint(unhex(expected))))).toBe(digest)
  })

  it('add and subtract like their logarithms', () => {
    expect(hexOf(points.add(kG, lG))).toBe(hexOf(points.multiplyBase(scalars.add(k, l))))
    expect(hexOf(points.add(kG, kG))).toBe(hexOf(points.multiplyBase(scalars.add(k, k))))
    expect(hexOf(points.negate(kG))).toBe(hexOf(points.multiplyBase(scalars.negate(k))))
    const three = points.sum([kG, lG, undefined, points.generator])
    const sum = scalars.add(scalars.add(k, l), scalars.one)
    expect(hexOf(three)).toBe(hexOf(points.multiplyBase(sum)))
  })

  it('give the identity as nothing, and take nothing for it', () => {
    const { zero } = scalars
    expect([
      points.multiplyBase(zero),
      points.multiplyPublic(kG, zero),
      points.multiplyPublic(undefined, k),
      points.add(kG, points.negate(kG)),
      points.add(undefined, undefined),
      points.negate(undefined),
      points.sum([]),
      points.sum([kG, lG, points.negate(points.add(kG, lG))]),
    ]).toEqual(Array.from({ length: 8 }, () => undefined))
    expect(hexOf(points.add(kG, undefined))).toBe(hex(kG))
    expect(() => points.sharedX(kG, zero)).toThrow(RangeError)
    expect(() => points.sharedDigest(kG, zero)).toThrow(RangeError)
  })

  it('are equal by their bytes; the identity equals only itself', () => {
    expect(points.equal(kG, pointOf(curve, k))).toBe(true)
    expect(points.equal(kG, lG)).toBe(false)
    expect(points.equal(kG, points.negate(kG))).toBe(false)
    expect(points.equal(undefined, undefined)).toBe(true)
    expect(points.equal(kG, undefined)).toBe(false)
    expect(points.equal(undefined, kG)).toBe(false)
  })

  const x = hex(kG).slice(2)
  const refused: readonly (readonly [string, string])[] = [
    ['of 32 bytes', x],
    ['of 34 bytes', `${hex(kG)}00`],
    ['in the 65-byte form', `04${x}${'00'.repeat(32)}`],
    ['with the first byte 00', `00${x}`],
    ['with the first byte 04', `04${x}`],
    ['with the first byte 06', `06${x}`],
    ['for the identity', '00'],
    ['for an identity of 33 bytes', '00'.repeat(33)],
    ['off the curve', `02${'00'.repeat(31)}05`],
    [
      'with a coordinate of p',
      '02fffffffffffffffffffffffffffffffffffffffffffffffffffffffefffffc2f',
    ],
    ['of no bytes', ''],
  ]

  it.each(refused)('are refused in an encoding %s (A52)', (_name, encoding) => {
    expect(() => points.decodePoint(unhex(encoding))).toThrow(Malformed)
    expect(points.tryPoint(unhex(encoding))).toBeUndefined()
  })

  it('decode to copies of their own bytes', () => {
    const bytes = Uint8Array.from(kG)
    const decoded = points.decodePoint(bytes)
    bytes.fill(0)
    expect(hex(decoded)).toBe(hex(kG))
    expect(hexOf(points.tryPoint(kG))).toBe(hex(kG))
  })

  it('show x mod q, whether that changed it, and their parity', () => {
    const atOrder = points.decodePoint(unhex(vector('x = q point')))
    expect(points.xScalar(atOrder)).toEqual({ x: scalars.zero, isReduced: true })
    const plain = points.xScalar(kG)
    expect([hex(plain.x), plain.isReduced]).toEqual([x, false])
    const minus = points.negate(kG)!
    expect([points.isOdd(kG), points.isOdd(minus)].sort()).toEqual([false, true])
    expect(points.isOdd(kG)).toBe(hex(kG).startsWith('03'))
  })

  it('verify the signatures of the vectors and nothing near them', () => {
    const publicKey = points.decodePoint(unhex(vector('pk')))
    const digest = unhex(vector('m'))
    const r = scalars.decodeScalar(unhex(vector('sign r')))
    const s = scalars.decodeScalar(unhex(vector('sign s')))
    expect(points.verify(publicKey, digest, r, s)).toBe(true)
    expect(points.verify(publicKey, digest, r, scalars.negate(s)), 'high s').toBe(false)
    expect(points.verify(publicKey, digest, s, r)).toBe(false)
    expect(points.verify(publicKey, unhex(vector('R_1')).slice(1), r, s)).toBe(false)
    expect(points.verify(kG, digest, r, s)).toBe(false)
    expect(points.verify(publicKey, digest, scalars.zero, s)).toBe(false)
    expect(points.verify(publicKey, digest, r, scalars.zero)).toBe(false)
  })

  it('verify the signature whose nonce point overflows q, under both keys', () => {
    const r = scalars.decodeScalar(unhex(vector('recover r')))
    for (const name of ['recover v=2', 'recover v=3']) {
      const publicKey = points.decodePoint(unhex(vector(name)))
      expect(points.verify(publicKey, unhex(vector('m')), r, scalars.one)).toBe(true)
    }
  })

  it('give the same bytes after blinding', () => {
    points.blind(new Uint8Array(32).fill(7))
    expect(hexOf(points.multiplyBase(k))).toBe(hex(kG))
  })
})

describe('the twins', () => {
  it('give identical bytes in every operation on many points', () => {
    for (let i = 0; i < 8; i++) {
      const [a, b] = [sample(2 * i), sample(2 * i + 1)]
      const results = TWINS.map(({ points, scalars }) => {
        const [p, q] = [points.multiplyBase(a), points.multiplyBase(b)]
        const shared = [points.sharedX(p!, b), points.sharedDigest(q!, a), points.digest(p!)]
        const products = [...shared, points.multiplyPublic(q, a)]
        const sums = [points.add(p, q), points.negate(p), points.sum([p, q, p])]
        const numbers = [scalars.multiply(a, b), scalars.subtract(a, b), scalars.invertPublic(a)]
        return [p, q, ...products, ...sums, ...numbers].map(hexOf)
      })
      expect(results[1]).toEqual(results[0])
      expect(results[2]).toEqual(results[0])
    }
  })

  it('agree on which x-coordinates are on the curve', () => {
    const verdicts = TWINS.map(({ points }) =>
      Array.from({ length: 64 }, (_, i) => {
        const bytes = expand('ot-group', 33, u32(i))
        bytes[0] = 2 + (i & 1)
        return hexOf(points.tryPoint(bytes))
      }),
    )
    expect(verdicts[1]).toEqual(verdicts[0])
    expect(verdicts[2]).toEqual(verdicts[0])
    expect(new Set(verdicts[0]).size).toBeGreaterThan(16)
    expect(verdicts[0]).toContain('identity')
  })
})

describe('the WebAssembly library', () => {
  const library = new WasmLibrary()
  const [one, zero] = [native.scalars.one, native.scalars.zero]

  it('is loaded only when it is the file that is known', () => {
    const changed = Uint8Array.from(moduleBytes())
    expect(() => new WasmLibrary(changed)).not.toThrow()
    changed[changed.length - 1]! ^= 1
    expect(() => new WasmLibrary(changed)).toThrow('not the one that is known here')
  })

  it('refuses keys and points that are none, and is as before afterwards', () => {
    const off = unhex(`02${'00'.repeat(31)}05`)
    expect(() => library.create(zero)).toThrow('refused')
    expect(() => library.ecdh(off, one)).toThrow('refused')
    expect(() => library.ecdh(native.points.generator, zero)).toThrow('refused')
    expect(() => library.multiplyPublic(off, one)).toThrow('refused')
    expect(() => library.uncompress(off)).toThrow('refused')
    expect(() => library.verify(off, unhex(vector('m')), new Uint8Array(64))).toThrow('refused')
    expect(hex(library.create(one))).toBe(hex(native.points.generator))
  })

  it('cannot go on after a fault that it finds in itself', () => {
    expect(host.e).toThrow('stopped')
    expect(host.b).toThrow('stopped')
    expect([host.a(), host.c(), host.d()]).toEqual([0, 0, 0])
  })

  it('keeps no operand and nothing on its stack', () => {
    const k = sample(3)
    const shared = library.ecdh(native.points.generator, k)
    library.create(k)
    const held = Buffer.from(library.memory)
    expect(held.includes(Buffer.from(k))).toBe(false)
    expect(held.includes(Buffer.from(shared))).toBe(false)
    expect(held.subarray(157872 - 65536, 157872).every((byte) => byte === 0)).toBe(true)
    // Where nothing was wiped the stack would show: the constants of the module do.
    expect(held.subarray(0, 65536).some((byte) => byte !== 0)).toBe(true)
  })
})

describe('the native addon', () => {
  it('is required: when it does not load there is a clear error and no other twin', () => {
    expect(() => nativeCurve('secp256k1/no-such-build.js')).toThrow(
      'the native secp256k1 addon did not load from secp256k1/no-such-build.js',
    )
  })

  it('is loaded by its own entry point, never by the one that falls back in silence', () => {
    const folder = new URL('../../signer-node/dkls23/', import.meta.url)
    const source = readFileSync(new URL('curve-native.ts', folder), 'utf8')
    const loaded = [...source.matchAll(/'(secp256k1[^']*|elliptic[^']*)'/g)].map(([, name]) => name)
    expect(loaded).toEqual(['secp256k1/bindings.js'])
  })

  it('does not hide an error that is no zero and no identity', () => {
    const short = ascii('short') as unknown as Scalar
    const { points } = native
    expect(() => points.add(pointOf(native, sample(1)), short as unknown as Point)).toThrow(
      'public key',
    )
  })
})
