// The TLS certificate of a Station: its own signature under its own key, because whom a Station
// believes is pinned by digest and not by an authority. Others trust exactly this certificate.
// Source: RFC 5280; README D27 for the name. INVARIANT: of an end, for both uses, P-256 under
// SHA-256; the key is made of bytes that are given and returned sealed by whoever asked.
import { createPrivateKey, sign } from 'node:crypto'
import { concat, p256PublicKey, sha256, toHex, toUtf8 } from '../../proto/crypto.ts'
import { refuse } from '../../proto/refusal.ts'
import { Secret } from '../dkls23/secret.ts'
import {
  around,
  bits,
  identifier,
  instant,
  instead,
  natural,
  octets,
  sequence,
  set,
  text,
  yes,
} from './der.ts'

export interface StationCertificate {
  /** PEM. */
  readonly certificate: string
  /** SHA-256 of its SubjectPublicKeyInfo. */
  readonly pin: string
}

export interface CertificateWish {
  readonly org: string
  readonly node: string
  readonly nowMs: number
  /** The table's end is a coordinator's, which others dial; a Station where nothing is said. */
  readonly role?: 'node' | 'coordinator'
}

const oid = {
  commonName: [0x55, 0x04, 0x03],
  ecKey: [0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01],
  p256: [0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07],
  ecdsaSha256: [0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02],
  ownKey: [0x55, 0x1d, 0x0e],
  use: [0x55, 0x1d, 0x0f],
  otherName: [0x55, 0x1d, 0x11],
  isAuthority: [0x55, 0x1d, 0x13],
  uses: [0x55, 0x1d, 0x25],
  server: [0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x03, 0x01],
  client: [0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x03, 0x02],
} as const

const digits = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'
const dayMs = 86_400_000
/** "No end is known" of RFC 5280, 4.1.2.5: the root ends it, by pinning another. */
const lastMs = Date.parse('9999-12-31T23:59:59Z')

/** Private key as PKCS#8, of 32 random bytes that are the caller's to wipe. */
export function transportKey(random: Uint8Array): Secret {
  const point = p256PublicKey(random) ?? refuse('CONFIG', 'a key of p256 is below its order')
  const inner = sequence(natural(Uint8Array.of(1)), octets(random), around(1, bits(point)))
  const algorithm = sequence(named('ecKey'), named('p256'))
  const key = sequence(natural(Uint8Array.of(0)), algorithm, octets(inner))
  inner.fill(0)
  return new Secret(key)
}

/** PEM, as TLS takes it, in bytes and no string; the caller wipes it. */
export function keyPem(key: Secret): Secret {
  const body = new Uint8Array(new ArrayBuffer(4 * Math.ceil(key.bytes.length / 3)))
  for (let at = 0; at < key.bytes.length; at += 3) {
    const group = key.bytes.subarray(at, at + 3)
    const whole = ((group[0] ?? 0) << 16) | ((group[1] ?? 0) << 8) | (group[2] ?? 0)
    for (let i = 0; i < 4; i += 1) {
      const digit = digits.charCodeAt((whole >> (18 - 6 * i)) & 63)
      body[(at / 3) * 4 + i] = i <= group.length ? digit : '='.charCodeAt(0)
    }
  }
  const [head, end] = ['-----BEGIN PRIVATE KEY-----\n', '\n-----END PRIVATE KEY-----\n']
  const written = new Secret(concat(toUtf8(head), body, toUtf8(end)))
  body.fill(0)
  return written
}

export function selfSigned(
  key: Secret,
  random: (length: number) => Uint8Array,
  wish: CertificateWish,
): StationCertificate {
  const own = Buffer.from(key.bytes)
  const privateKey = createPrivateKey({ key: own, format: 'der', type: 'pkcs8' })
  own.fill(0)
  const point = key.bytes.slice(-65)
  const spki = sequence(sequence(named('ecKey'), named('p256')), bits(point))
  const body = unsigned(spki, point, random(16), wish)
  const signature = new Uint8Array(sign('sha256', body, privateKey))
  const certificate = sequence(body, sequence(named('ecdsaSha256')), bits(signature))
  return {
    certificate: pem(Buffer.from(certificate).toString('base64')),
    pin: toHex(sha256(spki)),
  }
}

function unsigned(
  spki: Uint8Array,
  point: Uint8Array,
  serial: Uint8Array,
  { org, node, nowMs, role = 'node' }: CertificateWish,
): Uint8Array {
  const name = sequence(set(sequence(named('commonName'), text(node))))
  const uri = instead(6, Buffer.from(`spiffe://${org}/${role}/${node}`))
  // The clock of a Station may be behind that of the room.
  const life = sequence(instant(nowMs - dayMs), instant(lastMs))
  const extensions = sequence(
    sequence(named('isAuthority'), yes, octets(sequence())),
    sequence(named('use'), yes, octets(bits(Uint8Array.of(0x80), 7))),
    sequence(named('uses'), octets(sequence(named('server'), named('client')))),
    sequence(named('otherName'), octets(sequence(uri))),
    sequence(named('ownKey'), octets(octets(sha256(point).subarray(0, 20)))),
  )
  return sequence(
    around(0, natural(Uint8Array.of(2))),
    natural(concat(Uint8Array.of(1), serial.subarray(1))),
    sequence(named('ecdsaSha256')),
    ...[name, life, name, spki],
    around(3, extensions),
  )
}

function named(name: keyof typeof oid): Uint8Array {
  return identifier(Uint8Array.from(oid[name]))
}

function pem(base64: string): string {
  const lines = base64.match(/.{1,64}/g) ?? []
  return ['-----BEGIN CERTIFICATE-----', ...lines, '-----END CERTIFICATE-----', ''].join('\n')
}
