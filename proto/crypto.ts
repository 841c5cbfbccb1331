// The one door to node:crypto and the hash library for documents: hash, HMAC, HKDF, scrypt,
// AES-GCM, Ed25519, X25519, and P-256 and RSA-OAEP for tokens. Deterministic functions only:
// randomness is an argument of whoever needs it. Keys are raw 32-byte values here; Node's wrappers
// are made inside, dropped, and kept of public keys that verify. Protocol hashing does not go
// through this file (dkls23/transcript.ts).
import {
  constants,
  createCipheriv,
  createDecipheriv,
  createECDH,
  createHash,
  createHmac,
  createPrivateKey,
  createPublicKey,
  diffieHellman,
  hkdfSync,
  type KeyObject,
  sign as nodeSign,
  verify as nodeVerify,
  publicEncrypt,
  scrypt as scryptElsewhere,
  scryptSync,
  timingSafeEqual,
} from 'node:crypto'
import { keccak_256 } from '@noble/hashes/sha3.js'
import type { Digest } from './ids.ts'
import { limits } from './limits.ts'
import { remember } from './remember.ts'
import type { Tag } from './tags.ts'

const utf8 = new TextEncoder()
const newline = Uint8Array.of(0x0a)

export function sha256(...parts: readonly Uint8Array[]): Uint8Array {
  return sha256Of(parts)
}

/** Each part is taken before the next one is asked for. */
export function sha256Of(parts: Iterable<Uint8Array>): Uint8Array {
  const hash = createHash('sha256')
  for (const part of parts) hash.update(part)
  return new Uint8Array(hash.digest())
}

export function keccak256(bytes: Uint8Array): Uint8Array {
  return keccak_256(bytes)
}

/** tag || 0x0A || bytes: what is signed and hashed for every document. */
export function tagged(tag: Tag, bytes: Uint8Array): Uint8Array {
  return concat(utf8.encode(tag), newline, bytes)
}

export function digestOf(tag: Tag, bytes: Uint8Array): Digest {
  return toHex(sha256(utf8.encode(tag), newline, bytes)) as Digest
}

/** Plain SHA-256 as a digest: display texts and blobs, which have no tag. */
export function plainDigest(bytes: Uint8Array): Digest {
  return toHex(sha256(bytes)) as Digest
}

export function hmacSha256(key: Uint8Array, bytes: Uint8Array): Uint8Array {
  return new Uint8Array(createHmac('sha256', key).update(bytes).digest())
}

export function hmacSha512(key: Uint8Array, bytes: Uint8Array): Uint8Array {
  return new Uint8Array(createHmac('sha512', key).update(bytes).digest())
}

export function hkdfSha256(
  key: Uint8Array,
  salt: Uint8Array,
  info: Uint8Array,
  length: number,
): Uint8Array {
  return new Uint8Array(hkdfSync('sha256', key, salt, info, length))
}

export function hkdfSha512(
  key: Uint8Array,
  salt: Uint8Array,
  info: Uint8Array,
  length: number,
): Uint8Array {
  return new Uint8Array(hkdfSync('sha512', key, salt, info, length))
}

export interface ScryptCost {
  readonly n: number
  readonly r: number
  readonly p: number
}

export function scrypt(passphrase: Uint8Array, salt: Uint8Array, cost: ScryptCost): Uint8Array {
  return viewOf(scryptSync(passphrase, salt, 32, optionsOf(cost)))
}

/** In a thread of the runtime's own, which has a copy of the passphrase and wipes it. */
export function scryptLater(
  passphrase: Uint8Array,
  salt: Uint8Array,
  cost: ScryptCost,
): Promise<Uint8Array> {
  return new Promise((made, failed) => {
    scryptElsewhere(passphrase, salt, 32, optionsOf(cost), (error, key) => {
      if (error === null) made(viewOf(key))
      else failed(error)
    })
  })
}

function optionsOf({ n, r, p }: ScryptCost) {
  return { N: n, r, p, maxmem: 256 * n * r }
}

/** AES-128 in counter mode, for the files of wallets; says nothing about who wrote it. */
export function aesCtr(key: Uint8Array, iv: Uint8Array, bytes: Uint8Array): Uint8Array {
  const cipher = createCipheriv('aes-128-ctr', key, iv)
  return concat(cipher.update(bytes), cipher.final())
}

/** AES-256-GCM; the 16-byte tag is appended. */
export function aesGcmSeal(
  key: Uint8Array,
  nonce: Uint8Array,
  plaintext: Uint8Array,
  aad: Uint8Array = new Uint8Array(0),
): Uint8Array {
  const cipher = createCipheriv('aes-256-gcm', key, nonce)
  cipher.setAAD(aad)
  return concat(cipher.update(plaintext), cipher.final(), cipher.getAuthTag())
}

/** Undefined when it does not open: the caller says what that means. */
export function aesGcmOpen(
  key: Uint8Array,
  nonce: Uint8Array,
  sealed: Uint8Array,
  aad: Uint8Array = new Uint8Array(0),
): Uint8Array | undefined {
  if (sealed.length < 16) return undefined
  const decipher = createDecipheriv('aes-256-gcm', key, nonce)
  decipher.setAAD(aad)
  decipher.setAuthTag(sealed.subarray(sealed.length - 16))
  const plaintext = decipher.update(sealed.subarray(0, sealed.length - 16))
  try {
    return concat(plaintext, decipher.final())
  } catch {
    return undefined
  } finally {
    plaintext.fill(0)
    wash(plaintext.length)
  }
}

const washes = 16
/** Of sealed files. Envelopes of a protocol are longer, and in the path that must be fast. */
const washedBytesMax = 2_048

/**
 * The runtime allocates a byte too many for what a cipher gives, copies it to a smaller place and
 * frees the first as it is. The allocator gives such places to who asks next for as much: here they
 * are taken, as many as it may hold back, and written over.
 */
function wash(length: number): void {
  if (length > washedBytesMax) return
  const taken: Buffer[] = []
  for (let i = 0; i < washes; i += 1) {
    for (const size of [length, length + 1, length + 16]) {
      taken.push(Buffer.allocUnsafeSlow(size).fill(0))
    }
  }
}

// PKCS#8 and SPKI prefixes of RFC 8410, so that raw 32-byte keys can be used.
const pkcs8 = (oid: number): Uint8Array =>
  Uint8Array.of(0x30, 0x2e, 2, 1, 0, 0x30, 5, 6, 3, 0x2b, 0x65, oid, 4, 0x22, 4, 0x20)
const spki = (oid: number): Uint8Array =>
  Uint8Array.of(0x30, 0x2a, 0x30, 5, 6, 3, 0x2b, 0x65, oid, 3, 0x21, 0)
const oidEd25519 = 0x70
const oidX25519 = 0x6e

function privateKey(seed: Uint8Array, oid: number): KeyObject {
  const der = concat(pkcs8(oid), seed)
  try {
    const key = Buffer.from(der.buffer, der.byteOffset, der.byteLength)
    return createPrivateKey({ key, format: 'der', type: 'pkcs8' })
  } finally {
    der.fill(0)
  }
}

function publicKey(raw: Uint8Array, oid: number): KeyObject {
  const key = Buffer.from(concat(spki(oid), raw))
  return createPublicKey({ key, format: 'der', type: 'spki' })
}

/** Half of what verifying costs, and a node verifies under the same few keys all day. */
const verifyKey = remember(limits.verifyKeysMax, (raw) =>
  publicKey(Buffer.from(raw, 'hex'), oidEd25519),
)

function rawPublic(key: KeyObject): Uint8Array {
  return new Uint8Array(key.export({ format: 'der', type: 'spki' }).subarray(-32))
}

export function ed25519PublicKey(seed: Uint8Array): Uint8Array {
  return rawPublic(createPublicKey(privateKey(seed, oidEd25519)))
}

/** A key made once for many signatures; the seed may be wiped after the call. */
export function ed25519Signer(seed: Uint8Array): (message: Uint8Array) => Uint8Array {
  const key = privateKey(seed, oidEd25519)
  return (message) => new Uint8Array(nodeSign(null, message, key))
}

export function ed25519Sign(seed: Uint8Array, message: Uint8Array): Uint8Array {
  return ed25519Signer(seed)(message)
}

/** False for every malformed key or signature; never throws. */
export function ed25519Verify(
  raw: Uint8Array,
  message: Uint8Array,
  signature: Uint8Array,
): boolean {
  if (raw.length !== 32 || signature.length !== 64) return false
  try {
    return nodeVerify(null, message, verifyKey(toHex(raw)), signature)
  } catch {
    return false
  }
}

export function x25519PublicKey(secret: Uint8Array): Uint8Array {
  return rawPublic(createPublicKey(privateKey(secret, oidX25519)))
}

/** Undefined when the peer's key has low order or is malformed. */
export function x25519(secret: Uint8Array, peer: Uint8Array): Uint8Array | undefined {
  if (peer.length !== 32) return undefined
  try {
    const shared = diffieHellman({
      privateKey: privateKey(secret, oidX25519),
      publicKey: publicKey(peer, oidX25519),
    })
    return shared.every((byte) => byte === 0) ? undefined : viewOf(shared)
  } catch {
    return undefined
  }
}

// RFC 5480: a P-256 point as a SubjectPublicKeyInfo.
const spkiP256 = Uint8Array.of(
  ...[0x30, 0x59, 0x30, 0x13, 6, 7, 0x2a, 0x86, 0x48, 0xce, 0x3d, 2, 1, 6, 8],
  ...[0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7, 3, 0x42, 0],
)

/** The point of a secret, 65 bytes. Undefined when the secret is none of the curve. */
export function p256PublicKey(secret: Uint8Array): Uint8Array | undefined {
  return p256(secret, (curve) => viewOf(curve.getPublicKey()))
}

/** The x-coordinate of the shared point. Undefined unless both are of the curve. */
export function p256Shared(secret: Uint8Array, point: Uint8Array): Uint8Array | undefined {
  if (!isUncompressed(point)) return undefined
  return p256(secret, (curve) => viewOf(curve.computeSecret(point)))
}

/** Of SHA-256 of the message, as r and s; false for every malformed point; never throws. */
export function p256Verify(point: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean {
  if (!isUncompressed(point) || signature.length !== 64) return false
  try {
    const der = { key: Buffer.from(concat(spkiP256, point)), format: 'der', type: 'spki' } as const
    const key = createPublicKey(der)
    return nodeVerify('sha256', message, { key, dsaEncoding: 'ieee-p1363' }, signature)
  } catch {
    return false
  }
}

function isUncompressed(point: Uint8Array): boolean {
  return point.length === 65 && point[0] === 4
}

function p256<T>(secret: Uint8Array, use: (curve: ReturnType<typeof createECDH>) => T) {
  try {
    const curve = createECDH('prime256v1')
    curve.setPrivateKey(secret)
    return use(curve)
  } catch {
    return undefined
  }
}

const oaepHash = 32
const noLabel = sha256(new Uint8Array(0))

/**
 * RSA-OAEP with SHA-256, an empty label and e = 65537; the seed is an argument (RFC 8017, 7.1.1),
 * 32 bytes and fresh. Undefined when the modulus is no key.
 */
export function rsaOaepSeal(
  modulus: Uint8Array,
  message: Uint8Array,
  seed: Uint8Array,
): Uint8Array | undefined {
  const room = modulus.length - oaepHash - 1
  const filling = new Uint8Array(room - oaepHash - 1 - message.length)
  const block = concat(noLabel, filling, Uint8Array.of(1), message)
  const masked = xored(block, mgf1(seed, room))
  const encoded = concat(Uint8Array.of(0), xored(seed, mgf1(masked, oaepHash)), masked)
  block.fill(0)
  const n = Buffer.from(modulus).toString('base64url')
  try {
    const key = createPublicKey({ key: { kty: 'RSA', n, e: 'AQAB' }, format: 'jwk' })
    return viewOf(publicEncrypt({ key, padding: constants.RSA_NO_PADDING }, encoded))
  } catch {
    return undefined
  } finally {
    encoded.fill(0)
  }
}

function mgf1(seed: Uint8Array, length: number): Uint8Array {
  const blocks = Array.from({ length: Math.ceil(length / 32) }, (_, at) =>
    sha256(seed, Uint8Array.of(0, 0, 0, at)),
  )
  return concat(...blocks).subarray(0, length)
}

function xored(a: Uint8Array, b: Uint8Array): Uint8Array {
  return a.map((byte, at) => byte ^ (b[at] ?? 0))
}

/** The same bytes without the manners of a Buffer: a copy would leave a second secret behind. */
function viewOf({ buffer, byteOffset, length }: Buffer): Uint8Array {
  return new Uint8Array(buffer, byteOffset, length)
}

export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && timingSafeEqual(a, b)
}

export function concat(...parts: readonly Uint8Array[]): Uint8Array {
  let length = 0
  for (const part of parts) length += part.length
  const all = new Uint8Array(length)
  let at = 0
  for (const part of parts) {
    all.set(part, at)
    at += part.length
  }
  return all
}

export function toHex(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('hex')
}

/** Lower-case hex of even length only; Node's own decoder is lenient. Undefined otherwise. */
export function fromHex(text: string): Uint8Array | undefined {
  if (!/^(?:[0-9a-f]{2})*$/.test(text)) return undefined
  return new Uint8Array(Buffer.from(text, 'hex'))
}

export function toBase64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64')
}

/** Canonical padded base64 only. Undefined otherwise. */
export function fromBase64(text: string): Uint8Array | undefined {
  const bytes = Buffer.from(text, 'base64')
  return bytes.toString('base64') === text ? new Uint8Array(bytes) : undefined
}

export function toUtf8(text: string): Uint8Array {
  return utf8.encode(text)
}

const strictUtf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** Undefined for bytes that are not well-formed UTF-8. */
export function fromUtf8(bytes: Uint8Array): string | undefined {
  try {
    return strictUtf8.decode(bytes)
  } catch {
    return undefined
  }
}
