/**
 * Properties of signing: any t of any n with 2t > n, any indices, any path, any digest end in one
 * signature that three other libraries accept, and the released parts are the sums that the
 * specification says (1.12). Shares and trees are dealt; key generation has its own property.
 */

import { secp256k1 } from '@noble/curves/secp256k1.js'
import { SigningKey } from 'ethers'
import fc from 'fast-check'
import { expect } from 'vitest'
import { assemble } from '../../policy/chain/signature.ts'
import type { Point } from '../../signer-node/dkls23/curve.ts'
import { nativeCurve } from '../../signer-node/dkls23/curve-native.ts'
import { deriveChild, type Path } from '../../signer-node/dkls23/derivation.ts'
import type { Keyshare } from '../../signer-node/dkls23/keyshare.ts'
import type { Party } from '../../signer-node/dkls23/party.ts'
import { dealKey } from '../kit/dealt.ts'
import { keygen, keygenRuns, keyTerms } from '../kit/keys.ts'
import { driveAll, nodes } from '../kit/protocol.ts'
import { compactOf, opensslVerifies, randomnessOf, type Signed, signAll } from '../kit/sign-all.ts'
import { GROUP_ORDER, integer, inverse, modulo, slowVerify, sumOf } from '../kit/slow-curve.ts'
import { hex } from '../kit/vectors.ts'
import {
  type Bounds,
  type Document,
  document,
  path,
  type Shape,
  seedText,
  shape,
} from './arbitrary.ts'
import { type Property, property } from './property.ts'

const curve = nativeCurve()

interface Trial {
  readonly of: Shape
  readonly path: Path
  readonly document: Document
  readonly seed: string
}

const trial = (bounds: Bounds): fc.Arbitrary<Trial> =>
  fc.record({ of: shape(bounds), path, document, seed: seedText })

/** Noble, ethers, and OpenSSL or the textbook: none of them is the library that signed. */
function expectAccepted({ signature, publicKey }: Signed, { digest, message }: Document): void {
  const compact = compactOf(signature)
  const strict = { prehash: false, lowS: true }
  expect(secp256k1.verify(compact, digest, publicKey, strict)).toBe(true)
  expect(integer(signature.s) <= GROUP_ORDER >> 1n).toBe(true)
  const [r, s] = [`0x${hex(signature.r)}`, `0x${hex(signature.s)}`]
  const recoverable = { r, s, yParity: signature.recovery as 0 | 1 }
  const recovered = SigningKey.recoverPublicKey(digest, recoverable)
  expect(SigningKey.computePublicKey(recovered, true)).toBe(`0x${hex(publicKey)}`)
  const isAccepted =
    message === undefined
      ? slowVerify(publicKey, digest, compact)
      : opensslVerifies(publicKey, message, compact)
  expect(isAccepted).toBe(true)
}

/** sum u = k * phi, sum w = phi * (m + r x), R = k*G, and so s = (m + r x) / k. */
function expectSums(one: Trial, secret: bigint, { shares }: Signed): void {
  const drawn = [...shares.keys()].map((x) => {
    const randomness = randomnessOf(curve, one.seed, x)
    return { r: integer(randomness.scalar('r')), phi: integer(randomness.scalar('phi')) }
  })
  const [k, phi] = [sumOf(drawn.map(({ r }) => r)), sumOf(drawn.map((part) => part.phi))]
  const parts = [...shares.values()]
  const u = sumOf(parts.map((part) => integer(part.u)))
  const w = sumOf(parts.map((part) => integer(part.w)))
  const nonce = secp256k1.Point.BASE.multiply(k)
  for (const part of parts) expect(hex(part.nonce)).toBe(nonce.toHex(true))
  const closing = integer(one.document.digest) + nonce.toAffine().x * secret
  expect(u).toBe(modulo(k * phi, GROUP_ORDER))
  expect(w).toBe(modulo(phi * closing, GROUP_ORDER))
  const s = modulo(w * inverse(u, GROUP_ORDER), GROUP_ORDER)
  expect(s).toBe(modulo(closing * inverse(k, GROUP_ORDER), GROUP_ORDER))
}

function signs(keyshares: ReadonlyMap<Party, Keyshare>, one: Trial): Signed {
  const { of, path: steps, document: signed, seed } = one
  const order = { keyshares, signers: of.signers, path: steps, digest: signed.digest, seed }
  const done = signAll(curve, order)
  expectAccepted(done, signed)
  // The judges' own assembly of the same parts, with another library, is the same signature.
  const { r, s, v } = assemble([...done.shares.values()], signed.digest, done.publicKey)
  const { signature } = done
  expect([hex(r), hex(s), v]).toEqual([hex(signature.r), hex(signature.s), signature.recovery])
  return done
}

function dealtSigns(one: Trial): void {
  const key = dealKey(curve, { ...one.of, seed: one.seed })
  const done = signs(key.keyshares, one)
  const { tweak } = deriveChild(curve, key.facts, one.path)
  expectSums(one, modulo(key.coefficients[0]! + integer(tweak), GROUP_ORDER), done)
}

function generatedSigns(one: Trial): void {
  const { threshold, xs } = one.of
  const runs = keygenRuns(curve, threshold, nodes(...xs), `generated ${one.seed}`)
  const parties = [...runs].map(([x, run]) => [x, keygen(run, keyTerms(threshold))] as const)
  signs(driveAll(new Map(parties)), one)
}

function signsNothingElse(one: Trial, bit: number): void {
  const key = dealKey(curve, { ...one.of, seed: one.seed })
  const { signature, publicKey } = signs(key.keyshares, one)
  const { digest } = one.document
  const other = digest.slice()
  other[bit >> 3]! ^= 1 << (bit & 7)
  const sibling = deriveChild(curve, key.facts, [...one.path, 1]).publicKey
  const accepts = (under: Point, signed: Uint8Array): boolean =>
    secp256k1.verify(compactOf(signature), signed, under, { prehash: false })
  expect(accepts(publicKey, digest)).toBe(true)
  expect(accepts(publicKey, other)).toBe(false)
  expect(accepts(sibling, digest)).toBe(false)
}

/** In `npm test` few nodes and one trial with sixteen, because t signers cost t * (t - 1) products. */
export const signingProperties = (nodesMax: number): readonly Property[] => [
  property(
    `any t of up to ${nodesMax} nodes sign for any path and digest, and the parts sum as specified`,
    6,
    fc.property(trial({ nodesMax }), dealtSigns),
  ),
  property(
    'nine of sixteen nodes do, whichever',
    1,
    fc.property(trial({ nodesMin: 16, nodesMax: 16, thresholdMax: 9 }), dealtSigns),
  ),
  property(
    'a key that any nodes generated signs by any t of them',
    2,
    fc.property(trial({ nodesMax: Math.min(nodesMax, 7) }), generatedSigns),
  ),
  property(
    'a signature is none of another digest or child key',
    4,
    fc.property(trial({ nodesMax: 3 }), fc.nat({ max: 255 }), signsNothingElse),
  ),
]
