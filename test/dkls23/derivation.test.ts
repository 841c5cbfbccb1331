import { HDNodeWallet } from 'ethers'
import { describe, expect, it } from 'vitest'
import type { Curve } from '../../signer-node/dkls23/curve.ts'
import { nativeCurve } from '../../signer-node/dkls23/curve-native.ts'
import {
  deriveChild,
  type ExtendedKey,
  InvalidPath,
  PATH_LEVELS_MAX,
  parsePath,
} from '../../signer-node/dkls23/derivation.ts'
import { twins } from '../kit/twins.ts'
import { hex, unhex, vector } from '../kit/vectors.ts'

const curve = nativeCurve()
const { points, scalars } = curve
const ROOT: ExtendedKey = {
  publicKey: points.decodePoint(unhex(vector('pk'))),
  chainCode: unhex(vector('cc')),
}

describe('a path', () => {
  it.each([
    ['m', []],
    ['m/0/7', [0, 7]],
    ['m/2147483647', [2 ** 31 - 1]],
    ['m/44/60/0/0/12', [44, 60, 0, 0, 12]],
  ])('%s is read as its indices', (text, path) => {
    expect(parsePath(text)).toEqual(path)
  })

  it.each([
    '',
    'm/',
    '/0',
    '0/7',
    'M/0',
    'm//1',
    'm/00',
    'm/01',
    "m/0'",
    'm/0h',
    'm/-1',
    'm/1.0',
    'm/ 1',
    'm/1e3',
    'm/2147483648',
    'm/99999999999',
    'm/0\n',
    'mm/1',
    '/m/1',
    `m${'/1'.repeat(PATH_LEVELS_MAX + 1)}`,
  ])('%j is refused', (text) => {
    expect(() => parsePath(text)).toThrow(InvalidPath)
  })

  it('may have 255 levels', () => {
    expect(parsePath(`m${'/1'.repeat(PATH_LEVELS_MAX)}`)).toHaveLength(PATH_LEVELS_MAX)
  })

  it.each([[[2 ** 31]], [[-1]], [[0.5]], [Array.from({ length: 256 }, () => 0)]])(
    'of numbers is checked as well: %j',
    (path) => {
      expect(() => deriveChild(curve, ROOT, path)).toThrow(InvalidPath)
    },
  )
})

describe.each(twins)('derivation with the $name twin', (twin) => {
  it('reproduces the vectors', () => {
    const child = deriveChild(twin, ROOT, [0, 7])
    expect(hex(child.tweak)).toBe(vector('sign-path tau'))
    expect(hex(child.publicKey)).toBe(vector("sign-path pk'"))
    const presigned = deriveChild(twin, ROOT, parsePath('m/44/0/5'))
    expect(hex(presigned.publicKey)).toBe(vector("presign pk'"))
  })
})

describe('a child', () => {
  it('is the root itself for the empty path', () => {
    const child = deriveChild(curve, ROOT, [])
    expect(scalars.isZero(child.tweak)).toBe(true)
    expect([child.publicKey, child.chainCode]).toEqual([ROOT.publicKey, ROOT.chainCode])
  })

  it('has the root public key plus tweak times the generator', () => {
    const { tweak, publicKey } = deriveChild(curve, ROOT, [3, 1, 4])
    const expected = points.add(ROOT.publicKey, points.multiplyBase(tweak))
    expect(points.equal(expected, publicKey)).toBe(true)
  })

  it.each([[[0]], [[0, 7]], [[44, 60, 0, 0, 12]], [[2 ** 31 - 1, 1]]])(
    'at %j is what an independent BIP-32 implementation derives',
    (path) => {
      const wallet = HDNodeWallet.fromSeed(unhex('000102030405060708090a0b0c0d0e0f')).neuter()
      const theirs = path.reduce((node, index) => node.deriveChild(index), wallet)
      const ours = deriveChild(
        curve,
        {
          publicKey: points.decodePoint(unhex(wallet.publicKey.slice(2))),
          chainCode: unhex(wallet.chainCode.slice(2)),
        },
        path,
      )
      expect(`0x${hex(ours.publicKey)}`).toBe(theirs.publicKey)
      expect(`0x${hex(ours.chainCode)}`).toBe(theirs.chainCode)
    },
  )

  it.each<[string, Curve]>([
    ['left half is not below q', { ...curve, scalars: { ...scalars, reduce: () => scalars.one } }],
    ['key is the identity', { ...curve, points: { ...points, add: () => undefined } }],
  ])('does not exist where its %s', (_name, rare) => {
    expect(() => deriveChild(rare, ROOT, [0])).toThrow(
      expect.objectContaining({ reason: 'degenerate', remedy: 'abort' }),
    )
  })
})
