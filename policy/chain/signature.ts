// A Signature from what the nodes released, all of it public by then: the nonce point R and the
// parts u_i, w_i with s = sum w / sum u (DKLs23, the last step of signing). INVARIANT: what leaves
// this file verified under the vault's key, has low s, and recovers to that key by `v`.
// Its curve library is not the one that signs. Who sent a wrong part is not known here.
import { secp256k1 } from '@noble/curves/secp256k1.js'
import { concat, equalBytes } from '../../proto/crypto.ts'
import { refuse } from '../../proto/refusal.ts'
import type { Signature } from './chain.ts'

const { Point } = secp256k1
const { Fn } = Point

/** One node's part: R compressed, u and w as 32-byte scalars. */
export interface SharePart {
  readonly nonce: Uint8Array
  readonly u: Uint8Array
  readonly w: Uint8Array
}

/** From the parts of all participants; refused when they make no signature of this digest. */
export function assemble(
  parts: readonly SharePart[],
  digest: Uint8Array,
  publicKey: Uint8Array,
): Signature {
  const [first] = parts
  if (first === undefined) return bad('no parts')
  if (!parts.every((part) => equalBytes(part.nonce, first.nonce))) bad('different nonce points')
  const u = sum(parts.map((part) => part.u))
  const w = sum(parts.map((part) => part.w))
  if (Fn.is0(u) || Fn.is0(w)) return bad('a sum of zero')
  return normalise({ nonce: first.nonce, s: Fn.toBytes(Fn.div(w, u)) }, digest, publicKey)
}

/** Low s and the recovery id of (R, s), after verifying it. */
export function normalise(
  raw: { readonly nonce: Uint8Array; readonly s: Uint8Array },
  digest: Uint8Array,
  publicKey: Uint8Array,
): Signature {
  const { x, odd } = readNonce(raw.nonce)
  // Such an R carries recovery id 2 or 3, which an EVM signature cannot say. Chance 2^-127.
  if (x >= Fn.ORDER) bad('a nonce point above the order, which has no recovery id on this chain')
  const s = scalar(raw.s)
  const high = s > Fn.ORDER / 2n
  const signature: Signature = {
    r: Fn.toBytes(x),
    s: Fn.toBytes(high ? Fn.neg(s) : s),
    v: odd === high ? 0 : 1,
  }
  return verifies(signature, digest, publicKey) ? signature : bad('no signature of this digest')
}

/** Whoever has another implementation of exactly this may bring it along to the fold. */
export type Verifies = (signature: Signature, digest: Uint8Array, publicKey: Uint8Array) => boolean

/** True when valid under the key, low in s, and recovering to the key. Never throws. */
export function verifies(signature: Signature, digest: Uint8Array, publicKey: Uint8Array): boolean {
  const compact = concat(signature.r, signature.s)
  const recoverable = concat(Uint8Array.of(signature.v), compact)
  try {
    if (!secp256k1.verify(compact, digest, publicKey, { prehash: false, lowS: true })) return false
    const key = secp256k1.recoverPublicKey(recoverable, digest, { prehash: false })
    return equalBytes(key, publicKey)
  } catch {
    return false
  }
}

/** The key that a low-s signature of this digest recovers to; undefined when it is none. */
export function recovered(signature: Signature, digest: Uint8Array): Uint8Array | undefined {
  const { r, s, v } = signature
  try {
    const key = secp256k1.recoverPublicKey(concat(Uint8Array.of(v), r, s), digest, {
      prehash: false,
    })
    return verifies(signature, digest, key) ? key : undefined
  } catch {
    return undefined
  }
}

/** r || s || v, 65 bytes, as it stands in the log. */
export function encodeSignature({ r, s, v }: Signature): Uint8Array {
  return concat(r, s, Uint8Array.of(v))
}

export function parseSignature(bytes: Uint8Array): Signature {
  const v = bytes[64]
  if (bytes.length !== 65 || (v !== 0 && v !== 1)) {
    return refuse('MALFORMED', 'signature: expected 65 bytes that end in 0 or 1')
  }
  return { r: bytes.slice(0, 32), s: bytes.slice(32, 64), v }
}

function readNonce(nonce: Uint8Array): { x: bigint; odd: boolean } {
  try {
    const { x, y } = Point.fromBytes(nonce).toAffine()
    return { x, odd: (y & 1n) === 1n }
  } catch {
    return bad('a nonce point that is not on the curve')
  }
}

function sum(scalars: readonly Uint8Array[]): bigint {
  return scalars.reduce((total, bytes) => Fn.add(total, scalar(bytes)), 0n)
}

function scalar(bytes: Uint8Array): bigint {
  try {
    return Fn.fromBytes(bytes)
  } catch {
    return bad('a scalar out of range')
  }
}

function bad(got: string): never {
  return refuse('PEER_FAULT', `expected parts of one signature, got ${got}`)
}
