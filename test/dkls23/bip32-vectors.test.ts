// The official vectors of BIP-32, for what is built here: public derivation. Both implementations,
// that of the nodes and that of the judges, walk every step without hardening from the xpub before
// it. We read no xpub, so of the invalid ones those apply that break the key inside; the others are
// listed by name.
import { describe, expect, it } from 'vitest'
import { derive } from '../../policy/chain/derive.ts'
import { attempt, isRefusal } from '../../proto/refusal.ts'
import { Malformed } from '../../signer-node/dkls23/bytes.ts'
import type { Curve } from '../../signer-node/dkls23/curve.ts'
import { deriveChild, InvalidPath, parsePath } from '../../signer-node/dkls23/derivation.ts'
import { chainVectors, invalidKeys, readExtended } from '../kit/bip32.ts'
import { native, twins } from '../kit/twins.ts'
import { hex } from '../kit/vectors.ts'

const vectors = chainVectors()
const steps = vectors.flatMap(({ vector, chain, xpub }) => {
  const above = chain.replace(/\/[^/]+$/, '')
  const parent = vectors.find((one) => one.vector === vector && one.chain === above)
  if (chain === 'm' || parent === undefined) return []
  const step = chain.slice(above.length + 1)
  return [{ name: `vector ${vector}, ${above} to ${chain}`, step, parent: parent.xpub, xpub }]
})
const isHardened = ({ step }: { readonly step: string }): boolean => step.endsWith('H')
const open = steps.filter((one) => !isHardened(one))
const hardened = steps.filter(isHardened)

function rootOf(curve: Curve, xpub: string) {
  const { key, chainCode } = readExtended(xpub)!
  return { publicKey: curve.points.decodePoint(key), chainCode }
}

describe('public derivation', () => {
  it('has all the steps of the text to walk', () => {
    expect(vectors).toHaveLength(17)
    expect(open.map(({ step }) => step)).toEqual(['1', '2', '1000000000', '0', '1', '2'])
    expect(hardened).toHaveLength(7)
  })

  describe.each(open)('of $name', ({ step, parent, xpub }) => {
    const expected = readExtended(xpub)!

    it.each(twins)('is right with the $name twin of the nodes', (curve) => {
      const child = deriveChild(curve, rootOf(curve, parent), parsePath(`m/${step}`))
      expect(hex(child.publicKey)).toBe(hex(expected.key))
      expect(hex(child.chainCode)).toBe(hex(expected.chainCode))
    })

    it('is right in the judgement', () => {
      const { key, chainCode } = readExtended(parent)!
      const child = derive({ publicKey: key, chainCode }, `m/${step}`)
      expect(hex(child.publicKey)).toBe(hex(expected.key))
      expect(hex(child.chainCode)).toBe(hex(expected.chainCode))
      expect(Number(step)).toBe(expected.index)
    })
  })

  it.each(hardened)('has no hardened step: $name', ({ step, parent }) => {
    const path = `m/${step.replace('H', "'")}`
    const curve = native
    const { key, chainCode } = readExtended(parent)!
    expect(() => parsePath(path)).toThrow(InvalidPath)
    const index = 2 ** 31 + Number(step.slice(0, -1))
    expect(() => deriveChild(curve, rootOf(curve, parent), [index])).toThrow(InvalidPath)
    expect(isRefusal(attempt(() => derive({ publicKey: key, chainCode }, path)))).toBe(true)
  })
})

describe('an invalid extended key', () => {
  const invalid = invalidKeys().map(([why, encoded]) => ({ why, fields: readExtended(encoded) }))
  /** About the form of the text alone, which nothing here reads. */
  const ofTheText = [
    'zero depth with non-zero parent fingerprint',
    'zero depth with non-zero index',
    'unknown extended key version',
    'invalid checksum',
  ]
  const isOfTheText = (why: string): boolean => ofTheText.includes(why)
  const broken = invalid.filter(({ why }) => !isOfTheText(why))

  it('is one of sixteen, nine of them with a broken key inside', () => {
    expect(invalid).toHaveLength(16)
    expect(broken.map(({ why }) => why)).toEqual([
      'pubkey version / prvkey mismatch',
      'prvkey version / pubkey mismatch',
      'invalid pubkey prefix 04',
      'invalid prvkey prefix 04',
      'invalid pubkey prefix 01',
      'invalid prvkey prefix 01',
      'private key 0 not in 1..n-1',
      'private key n not in 1..n-1',
      'invalid pubkey 020000000000000000000000000000000000000000000000000000000000000007',
    ])
    expect(invalid.filter(({ fields }) => fields === undefined)).toEqual([
      { why: 'invalid checksum', fields: undefined },
    ])
  })

  // A public key in a private version is a good key: only its label is wrong, and we see no label.
  const good = 'prvkey version / pubkey mismatch'

  it.each(broken.filter(({ why }) => why !== good))('has no public key: $why', ({ fields }) => {
    const { key, chainCode } = fields!
    for (const curve of twins) {
      expect(() => curve.points.decodePoint(key)).toThrow(Malformed)
    }
    expect(isRefusal(attempt(() => derive({ publicKey: key, chainCode }, 'm/0')))).toBe(true)
  })

  it('with a good key under the wrong label derives as that key', () => {
    const { key } = broken.find(({ why }) => why === good)!.fields!
    expect(hex(native.points.decodePoint(key))).toBe(hex(key))
  })

  it('with the private key n is no scalar', () => {
    const { key } = broken.find(({ why }) => why.startsWith('private key n'))!.fields!
    for (const { scalars } of twins) {
      expect(() => scalars.decodeScalar(key.slice(1))).toThrow(Malformed)
    }
  })
})
