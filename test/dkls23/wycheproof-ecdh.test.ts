// Wycheproof's two ECDH files over secp256k1 and its curve parameters, through `sharedX`, which the
// base transfer uses. Our door takes a point of 33 bytes: of X.509 keys only the two DER forms of
// the named curve become one, so cases about explicit curve parameters and loose DER end before it.
import { secp256k1 } from '@noble/curves/secp256k1.js'
import { describe, expect, it } from 'vitest'
import { type Curve, ORDER, type Point } from '../../signer-node/dkls23/curve.ts'
import { native, noble, twins, wasm } from '../kit/twins.ts'
import { hex, unhex } from '../kit/vectors.ts'
import {
  type Case,
  named,
  natural,
  pointOfSpki,
  pointOfUncompressed,
  scalarOf,
  wycheproof,
} from '../kit/wycheproof.ts'

interface Jwk {
  readonly crv: string
  readonly x: string
  readonly y: string
  readonly d?: string
}
interface AsnTest extends Case {
  readonly public: string
  readonly private: string
  readonly shared: string
}
interface JwkTest extends Case {
  readonly public: Jwk
  readonly private: Jwk
  readonly shared: string
}
interface CurveTest extends Case {
  readonly name: string
  readonly p: string
  readonly n: string
  readonly a: string
  readonly b: string
  readonly gx: string
  readonly gy: string
}

/** The shared x, or undefined when the key has no form that our door takes. */
function agree(curve: Curve, point: Point | undefined, secret: bigint): string | undefined {
  const scalar = scalarOf(curve, secret)
  if (point === undefined || scalar === undefined) return undefined
  return hex(curve.points.sharedX(point, scalar))
}

function ofAsn(curve: Curve, test: AsnTest): string | undefined {
  return agree(curve, pointOfSpki(curve, test.public), natural(unhex(test.private)))
}

function ofJwk(curve: Curve, test: JwkTest): string | undefined {
  const [x, y] = [bytesOf(test.public.x), bytesOf(test.public.y)]
  const isOurs = test.public.crv === 'P-256K'
  const point = isOurs ? pointOfUncompressed(curve, Uint8Array.of(4, ...x, ...y)) : undefined
  return agree(curve, point, natural(bytesOf(test.private.d ?? '')))
}

const bytesOf = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, 'base64url'))

describe.each([
  ['native', native, 1],
  ['wasm', wasm, 6],
  ['noble', noble, 6],
] as const)('Wycheproof, ECDH over secp256k1, %s', (_, curve, step) => {
  const asn = wycheproof<object, AsnTest>('ecdh_secp256k1').filter((_, i) => i % step === 0)
  const jwk = wycheproof<object, JwkTest>('ecdh_secp256k1_webcrypto').filter(
    (_, i) => i % step === 0,
  )

  it('agrees with every valid case, and with no invalid one', () => {
    const results = [
      ...asn.map(({ test }) => ({ test, got: ofAsn(curve, test) })),
      ...jwk.map(({ test }) => ({ test, got: ofJwk(curve, test) })),
    ]
    const wrong = results.filter(({ test, got }) => {
      if (test.result === 'valid') return got !== test.shared
      // What may be accepted must be right where it is; the invalid never is.
      return got !== undefined && !(test.result === 'acceptable' && got === test.shared)
    })
    expect(wrong.map(named)).toEqual([])
    expect(results.filter(({ got }) => got !== undefined).length).toBeGreaterThan(100)
  })
})

describe('a key of Wycheproof', () => {
  const curve = native

  it('is taken in its compressed form too', () => {
    const [compressed, ...others] = wycheproof<object, AsnTest>('ecdh_secp256k1').filter(
      ({ test }) => test.flags.includes('CompressedPublic'),
    )
    expect(others).toEqual([])
    expect(ofAsn(curve, compressed!.test)).toBe(compressed!.test.shared)
  })

  it('that is not on the curve has no 33 bytes that we decode, or another y', () => {
    const off = wycheproof<object, JwkTest>('ecdh_secp256k1_webcrypto')
      .filter(({ test }) => test.flags.includes('InvalidCurveAttack'))
      .map(({ test }) => ({ x: bytesOf(test.public.x), y: hex(bytesOf(test.public.y)) }))
    expect(off).toHaveLength(16)
    for (const { x, y } of off) {
      const points = [2, 3].map((parity) => curve.points.tryPoint(Uint8Array.of(parity, ...x)))
      for (const point of points) {
        if (point === undefined) continue
        expect(hex(secp256k1.Point.fromBytes(point).toBytes(false).slice(33))).not.toBe(y)
      }
    }
  })
})

describe('the curve', () => {
  it('is the secp256k1 of Wycheproof, in every twin', () => {
    const rows = wycheproof<object, CurveTest>('ec_prime_order_curves')
    const { test } = rows.find((row) => row.test.name === 'secp256k1')!
    const [p, n, a, b, gx, gy] = [test.p, test.n, test.a, test.b, test.gx, test.gy].map((text) =>
      natural(unhex(text)),
    )
    const { Fp, CURVE } = { Fp: secp256k1.Point.Fp, CURVE: secp256k1.Point.CURVE() }
    expect([Fp.ORDER, CURVE.a, CURVE.b, CURVE.n]).toEqual([p, a, b, n])
    expect(ORDER).toBe(n)
    for (const curve of twins) {
      const { generator, multiplyBase, add, negate } = curve.points
      const whole = secp256k1.Point.fromBytes(generator).toAffine()
      expect([whole.x, whole.y]).toEqual([gx, gy])
      // n*G is the identity: (n-1)*G is -G.
      const last = multiplyBase(scalarOf(curve, ORDER - 1n)!)
      expect(last).toEqual(negate(generator))
      expect(add(last, generator)).toBeUndefined()
    }
  })
})
