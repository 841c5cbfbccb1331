import { secp256k1 } from '@noble/curves/secp256k1.js'
import { Signature as EthersSignature, recoverAddress } from 'ethers'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { evmAddress } from '../../../policy/chain/evm.ts'
import {
  assemble,
  encodeSignature,
  normalise,
  parseSignature,
  type SharePart,
  verifies,
} from '../../../policy/chain/signature.ts'
import { sha256, toHex, toUtf8 } from '../../../proto/crypto.ts'
import { attempt } from '../../../proto/refusal.ts'
import { refusedWith } from '../../kit/refused.ts'

const { Point } = secp256k1
const { Fn } = Point
const secret = Fn.fromBytes(sha256(toUtf8('test-seed/vault')))
const publicKey = Point.BASE.multiply(secret).toBytes(true)
const digest = sha256(toUtf8('payment'))
const message = Fn.create(BigInt(`0x${toHex(digest)}`))

/** Parts as a signing session leaves them: s = sum w / sum u, with phi masking numerator and k. */
function partsFor(k: bigint, phi: bigint, split: bigint): SharePart[] {
  const point = Point.BASE.multiply(k)
  const r = Fn.create(point.x)
  const u = Fn.mul(k, phi)
  const w = Fn.mul(Fn.add(message, Fn.mul(r, secret)), phi)
  const part = (a: bigint, b: bigint): SharePart => ({
    nonce: point.toBytes(true),
    u: Fn.toBytes(a),
    w: Fn.toBytes(b),
  })
  return [part(split, Fn.neg(split)), part(Fn.sub(u, split), Fn.add(w, split))]
}

const scalar = fc.bigInt({ min: 2n, max: Fn.ORDER - 2n })
const honest = partsFor(7_777n, 99n, 1_234n)
const made = assemble(honest, digest, publicKey)
const ofParts = (parts: readonly SharePart[]) =>
  refusedWith(() => assemble(parts, digest, publicKey))
const change = (patch: Partial<SharePart>) => [{ ...honest[0]!, ...patch }, honest[1]!]

describe('a signature from the released parts', () => {
  it('verifies, has low s, and recovers to the vault in ethers as well', () => {
    fc.assert(
      fc.property(scalar, scalar, scalar, (k, phi, split) => {
        const signature = assemble(partsFor(k, phi, split), digest, publicKey)
        expect(Fn.fromBytes(signature.s) <= Fn.ORDER / 2n).toBe(true)
        expect(verifies(signature, digest, publicKey)).toBe(true)
        const sender = recoverAddress(
          digest,
          EthersSignature.from({
            r: `0x${toHex(signature.r)}`,
            s: `0x${toHex(signature.s)}`,
            v: 27 + signature.v,
          }),
        )
        expect(sender.toLowerCase()).toBe(evmAddress(publicKey))
      }),
      { numRuns: 25 },
    )
  })

  it('has one form: (R, s) and (-R, -s) give it, the two other combinations are refused', () => {
    const x = honest[0]!.nonce.slice(1)
    const negative = Fn.toBytes(Fn.neg(Fn.fromBytes(made.s)))
    const from = (parity: number, s: Uint8Array) =>
      attempt(() => normalise({ nonce: Uint8Array.of(2 + parity, ...x), s }, digest, publicKey))
    expect(from(made.v, made.s)).toEqual(made)
    expect(from(1 - made.v, negative)).toEqual(made)
    expect(from(made.v, negative)).toMatchObject({ code: 'PEER_FAULT' })
    expect(from(1 - made.v, made.s)).toMatchObject({ code: 'PEER_FAULT' })
  })

  it('is refused when a part is wrong', () => {
    expect(ofParts(honest)).toBe('accepted')
    const one = Fn.toBytes(1n)
    const order = new Uint8Array(Buffer.from(Fn.ORDER.toString(16), 'hex'))
    const wrong = [
      [],
      [honest[0]!],
      change({ u: one }),
      change({ w: one }),
      change({ u: order }),
      change({ w: new Uint8Array(31) }),
      change({ nonce: Point.BASE.toBytes(true) }),
      honest.map((part) => ({ ...part, nonce: Point.BASE.toBytes(true) })),
      honest.map((part) => ({ ...part, nonce: new Uint8Array(33) })),
      [honest[0]!, { ...honest[1]!, u: Fn.toBytes(Fn.neg(Fn.fromBytes(honest[0]!.u))) }],
      [honest[0]!, { ...honest[1]!, w: Fn.toBytes(Fn.neg(Fn.fromBytes(honest[0]!.w))) }],
    ]
    for (const parts of wrong) expect(ofParts(parts)).toBe('PEER_FAULT')
  })

  it('is refused for a nonce point above the order, which an EVM signature cannot express', () => {
    const { nonce, key, s } = signatureAboveOrder()
    const compact = Uint8Array.of(...Fn.toBytes(Fn.create(Point.fromBytes(nonce).x)), ...s)
    expect(secp256k1.verify(compact, digest, key, { prehash: false, lowS: false })).toBe(true)
    expect(refusedWith(() => normalise({ nonce, s }, digest, key))).toBe('PEER_FAULT')
  })
})

describe('checking a signature', () => {
  it('refuses another key, another digest, high s, the other parity and broken bytes', () => {
    const other = Point.BASE.multiply(5n).toBytes(true)
    const high = Fn.toBytes(Fn.neg(Fn.fromBytes(made.s)))
    const flipped = made.v === 0 ? 1 : 0
    expect(verifies(made, digest, publicKey)).toBe(true)
    expect(verifies(made, digest, other)).toBe(false)
    expect(verifies(made, digest.with(0, digest[0]! ^ 1), publicKey)).toBe(false)
    expect(verifies({ ...made, s: high, v: flipped }, digest, publicKey)).toBe(false)
    expect(verifies({ ...made, v: flipped }, digest, publicKey)).toBe(false)
    expect(verifies({ ...made, r: new Uint8Array(32) }, digest, publicKey)).toBe(false)
    expect(verifies({ ...made, r: made.r.slice(1) }, digest, publicKey)).toBe(false)
    expect(verifies(made, digest, new Uint8Array(33))).toBe(false)
    expect(verifies(made, digest.slice(1), publicKey)).toBe(false)
  })

  it('reads the 65 bytes of the log and nothing else', () => {
    const bytes = encodeSignature(made)
    expect(bytes).toHaveLength(65)
    expect(parseSignature(bytes)).toEqual(made)
    for (const wrong of [
      bytes.with(64, 2),
      bytes.with(64, 27),
      bytes.slice(1),
      new Uint8Array(66),
    ]) {
      expect(refusedWith(() => parseSignature(wrong))).toBe('MALFORMED')
    }
  })
})

/** A valid signature with R.x in [n, p): the key is computed from it, Q = (s R - m G) / r. */
function signatureAboveOrder(): { nonce: Uint8Array; key: Uint8Array; s: Uint8Array } {
  for (let x = Fn.ORDER; ; x += 1n) {
    const nonce = Uint8Array.of(2, ...Buffer.from(x.toString(16), 'hex'))
    try {
      const point = Point.fromBytes(nonce)
      const s = 4_242n
      const inverse = Fn.inv(Fn.create(x))
      const key = point
        .multiply(Fn.mul(s, inverse))
        .subtract(Point.BASE.multiply(Fn.mul(message, inverse)))
      return { nonce, key: key.toBytes(true), s: Fn.toBytes(s) }
    } catch {
      // Not on the curve, or r = 0: the next one.
    }
  }
}
