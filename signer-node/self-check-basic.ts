// Known answers for what every witness computes with, before its door opens: the hashes,
// signatures and ciphers that this process was given are the right ones, its clock and its random
// bytes are not stuck. Vectors: FIPS 180, RFC 8032, RFC 7748, RFC 5869, the GCM specification.
// Throws at the first wrong answer, with its name.
import {
  aesGcmOpen,
  aesGcmSeal,
  ed25519PublicKey,
  ed25519Sign,
  ed25519Verify,
  hkdfSha256,
  keccak256,
  sha256,
  toHex,
  toUtf8,
  x25519,
  x25519PublicKey,
} from '../proto/crypto.ts'
import type { Clock, Random } from './ports.ts'

export type Answer = readonly [what: string, got: () => string, expected: string]

/** How many answers were asked for. */
export function basicCheck(clock: Clock, random: Random): number {
  const known = answered([...hashes, ...keys, ...ciphers])
  const draws = new Set([random(32), random(32), new Uint8Array(32)].map(toHex))
  if (draws.size !== 3) throw new Error('self-check failed: random bytes repeat')
  const now = clock.wallMs()
  if (now < earliestMs || now > latestMs) throw new Error('self-check failed: the clock is not set')
  return known + 2
}

export function answered(answers: readonly Answer[]): number {
  for (const [what, got, expected] of answers) {
    if (got() !== expected) throw new Error(`self-check failed: ${what}`)
  }
  return answers.length
}

const earliestMs = Date.parse('2026-01-01T00:00:00Z')
const latestMs = Date.parse('2100-01-01T00:00:00Z')
export const nothing = new Uint8Array(0)
export const bytes = (hex: string): Uint8Array => Uint8Array.from(Buffer.from(hex, 'hex'))
const run = (from: number, length: number): Uint8Array =>
  Uint8Array.from({ length }, (_, at) => from + at)

const hashes: readonly Answer[] = [
  [
    'sha-256',
    () => toHex(sha256(toUtf8('abc'))),
    'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad',
  ],
  [
    'keccak-256',
    () => toHex(keccak256(nothing)),
    'c5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470',
  ],
  [
    'hkdf-sha256',
    () => toHex(hkdfSha256(new Uint8Array(22).fill(0x0b), run(0, 13), run(0xf0, 10), 42)),
    '3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865',
  ],
]

const seed = bytes('9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60')
const basePoint = bytes('09'.padEnd(64, '0'))
const bob = bytes('5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb')

const keys: readonly Answer[] = [
  [
    'ed25519 public key',
    () => toHex(ed25519PublicKey(seed)),
    'd75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a',
  ],
  [
    'ed25519 signature',
    () => toHex(ed25519Sign(seed, nothing)),
    'e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e06522490155' +
      '5fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b',
  ],
  [
    'ed25519 refusal',
    () => String(ed25519Verify(ed25519PublicKey(seed), toUtf8('x'), ed25519Sign(seed, nothing))),
    'false',
  ],
  [
    'x25519',
    () => toHex(x25519(basePoint, basePoint) ?? nothing),
    '422c8e7a6227d7bca1350b3e2bb7279f7897b87bb6854b783c60e80311ae3079',
  ],
  [
    'x25519 public key',
    () => toHex(x25519PublicKey(bob)),
    'de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f',
  ],
]

const zeroKey = new Uint8Array(32)
const zeroNonce = new Uint8Array(12)

const ciphers: readonly Answer[] = [
  [
    'aes-256-gcm',
    () => toHex(aesGcmSeal(zeroKey, zeroNonce, new Uint8Array(16))),
    'cea7403d4d606b6e074ec5d3baf39d18d0d1c8a799996bf0265b98b5d48ab919',
  ],
  [
    'aes-256-gcm refusal',
    () => String(aesGcmOpen(zeroKey, zeroNonce, new Uint8Array(32))),
    'undefined',
  ],
]
