/**
 * Tagged hashing (specification 1.3): every hash of the protocol is made here, under a tag of the
 * registry, over length-prefixed parts. The one file of the protocol that touches a hash library.
 *
 *   hash H | expand X | hashToScalar Hq | FixedHash fix | encode enc
 *
 * INVARIANT: the encoding is injective; lists carry their count and nest without being flattened.
 * Every preimage is wiped after its hash, because any part of it may be secret.
 */

import { createHmac, hash as oneShot } from 'node:crypto'
import { ascii } from './bytes.ts'
import type { Curve, Scalar } from './curve.ts'

const TAGS = [
  'session',
  'pair-sid',
  'rng-root',
  'rng',
  'commit',
  'ot-group',
  'ot-key',
  'pprf-dig',
  'ote-chi',
  'ote-msg',
  'gadget',
  'vole-at',
  'vole-theta',
  'vole-mu',
  'pair-confirm',
  'zero-seed',
  'fresh-pairing',
  'zero',
  'round1',
  'echo',
  'transcript',
  'chain-code',
  'key-state',
  'confirm',
  'fischlin-com',
  'fischlin-try',
  'schnorr',
  'omega',
  'rerand',
  'import',
] as const

/** The four hashes of the hot loops: how many indices follow v, and how many bytes come out. */
const FIXED = {
  'pprf-node': { indices: 3, outputBytes: 64 },
  'pprf-leaf': { indices: 2, outputBytes: 64 },
  'ote-prg': { indices: 2, outputBytes: 80 },
  'ote-pad': { indices: 1, outputBytes: 96 },
} as const

export type Tag = (typeof TAGS)[number]
export type FixedTag = keyof typeof FIXED

/** One part: bytes, ASCII text, or a list of parts, which becomes one part itself. */
export type Part = Uint8Array | string | readonly Part[]

export const SUITE = 'dkls23/secp256k1/W256/k2/xi512/s128/rho1/sha256-shake256'
export const DIGEST_BYTES = 32
const WIDE_BYTES = 64
const PREFIX = 'mpc1/'
/** Not hashed: the first bytes of a stored keyshare, as it is written and as it was before. */
export const KEYSHARE_TAG = `${PREFIX}keyshare/2\n`
export const KEYSHARE_TAG_1 = `${PREFIX}keyshare/1\n`

/** H: 32 bytes. */
export function hash(tag: Tag, ...parts: readonly Part[]): Uint8Array {
  const preimage = encode(tag, parts)
  const digest = sha256(preimage)
  preimage.fill(0)
  return digest
}

/** X: the first `length` bytes of the extendable hash. */
export function expand(tag: Tag, length: number, ...parts: readonly Part[]): Uint8Array {
  const preimage = encode(tag, parts)
  const output = shake256(preimage, length)
  preimage.fill(0)
  return output
}

/** Hq: 64 bytes reduced mod q. */
export function hashToScalar(curve: Curve, tag: Tag, ...parts: readonly Part[]): Scalar {
  const wide = expand(tag, WIDE_BYTES, ...parts)
  const scalar = curve.scalars.fromWide(wide)
  wide.fill(0)
  return scalar
}

/**
 * fix, for many calls under one tag and one v: only the indices and the payload of the preimage
 * change. The preimage is wiped when the scope ends.
 */
export class FixedHash {
  readonly #preimage: Uint8Array
  readonly #view: DataView
  readonly #indices: number
  readonly #outputBytes: number

  constructor(tag: FixedTag, v: Uint8Array) {
    const { indices, outputBytes } = FIXED[tag]
    this.#indices = indices
    this.#outputBytes = outputBytes
    this.#preimage = new Uint8Array(FIXED_HEAD_BYTES + 2 * indices + FIXED_PAYLOAD_BYTES)
    this.#preimage.set(fixedHead(tag, v))
    this.#view = new DataView(this.#preimage.buffer)
  }

  digest(payload: Uint8Array, ...indices: readonly number[]): Uint8Array {
    if (payload.length !== FIXED_PAYLOAD_BYTES || indices.length !== this.#indices) {
      throw new RangeError('the payload or the indices do not fit the tag')
    }
    for (let i = 0; i < indices.length; i++) {
      this.#view.setUint16(FIXED_HEAD_BYTES + 2 * i, indices[i] ?? 0)
    }
    this.#preimage.set(payload, FIXED_HEAD_BYTES + 2 * indices.length)
    return shake256(this.#preimage, this.#outputBytes)
  }

  [Symbol.dispose](): void {
    this.#preimage.fill(0)
  }
}

/** What all hashes of one tag and one v begin with. */
export function fixedHead(tag: FixedTag, v: Uint8Array): Uint8Array {
  if (v.length !== DIGEST_BYTES) throw new RangeError(`v has ${DIGEST_BYTES} bytes`)
  const head = new Uint8Array(FIXED_HEAD_BYTES)
  head.set(ascii(PREFIX + tag))
  head.set(v, FIXED_TAG_BYTES)
  return head
}

const FIXED_TAG_BYTES = 16
const FIXED_HEAD_BYTES = FIXED_TAG_BYTES + DIGEST_BYTES
const FIXED_PAYLOAD_BYTES = 32

/** enc: the count of the parts, then each with its length. */
export function encode(tag: string, parts: readonly Part[]): Uint8Array {
  const name = ascii(PREFIX + tag)
  const writer = new PartWriter(4 + name.length + sizeOf(parts))
  writer.bytes(name)
  writer.list(parts)
  return writer.buffer
}

/** SHA-256 of bytes that were made elsewhere: signed messages and setup messages. */
export function sha256(bytes: Uint8Array): Uint8Array {
  return plain(oneShot('sha256', bytes, 'buffer'))
}

/** For BIP-32 derivation only. */
export function hmacSha512(key: Uint8Array, bytes: Uint8Array): Uint8Array {
  return plain(createHmac('sha512', key).update(bytes).digest())
}

function shake256(bytes: Uint8Array, outputLength: number): Uint8Array {
  return plain(oneShot('shake256', bytes, { outputEncoding: 'buffer', outputLength }))
}

/** A Buffer's slice shares memory, which no caller here expects. */
function plain(buffer: Uint8Array): Uint8Array {
  return new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.length)
}

class PartWriter {
  readonly buffer: Uint8Array
  readonly #view: DataView
  #offset = 0

  constructor(size: number) {
    this.buffer = new Uint8Array(size)
    this.#view = new DataView(this.buffer.buffer)
  }

  list(parts: readonly Part[]): void {
    this.#u32(parts.length)
    for (const part of parts) this.#part(part)
  }

  bytes(part: Uint8Array): void {
    this.#u32(part.length)
    this.buffer.set(part, this.#offset)
    this.#offset += part.length
  }

  #part(part: Part): void {
    if (part instanceof Uint8Array) {
      this.bytes(part)
    } else if (typeof part === 'string') {
      this.bytes(ascii(part))
    } else {
      this.#u32(sizeOf(part))
      this.list(part)
    }
  }

  #u32(value: number): void {
    this.#view.setUint32(this.#offset, value)
    this.#offset += 4
  }
}

/** The bytes of list(parts). */
function sizeOf(parts: readonly Part[]): number {
  let size = 4
  for (const part of parts) {
    const isBytes = part instanceof Uint8Array || typeof part === 'string'
    size += 4 + (isBytes ? part.length : sizeOf(part))
  }
  return size
}
