// A workshop for certificates as they must not be: any key, signature, validity, name, usage and
// issuer, made with the library that makes the good ones. Its authorities set no length of their
// chains, so that what refuses a chain is a rule and not the kit.
import 'reflect-metadata'
import { createHash, webcrypto } from 'node:crypto'
import {
  BasicConstraintsExtension,
  cryptoProvider,
  ExtendedKeyUsageExtension,
  Extension,
  type JsonGeneralName,
  KeyUsageFlags,
  KeyUsagesExtension,
  SubjectAlternativeNameExtension,
  X509CertificateGenerator,
} from '@peculiar/x509'
import type { End } from './wire.ts'

export { KeyUsageFlags }

export const client = '1.3.6.1.5.5.7.3.2'
export const server = '1.3.6.1.5.5.7.3.1'
const hourMs = 3_600_000

export type KeyKind = 'p256' | 'p384' | 'ed25519' | 'rsa1024' | 'rsa2048' | 'rsa3072'

/** What differs from a good leaf; `undefined` leaves a part out. */
export interface Odd {
  readonly key?: KeyKind
  readonly hash?: 'SHA-1' | 'SHA-256'
  readonly fromMs?: number
  readonly toMs?: number
  readonly names?: readonly JsonGeneralName[]
  readonly usages?: readonly string[] | undefined
  readonly keyUsage?: KeyUsageFlags
  readonly isAuthority?: boolean
  readonly isMarked?: boolean
  readonly extra?: readonly Extension[]
}

export interface Issuer {
  readonly name: string
  readonly cert: string
  readonly keys: webcrypto.CryptoKeyPair
  readonly algorithm: Algorithm
  /** Certificates between this issuer and the trusted one, this one first. */
  readonly chain: string
}

type Algorithm = { readonly name: string } & Readonly<Record<string, unknown>>

const kinds: Readonly<Record<KeyKind, Algorithm>> = {
  p256: { name: 'ECDSA', namedCurve: 'P-256' },
  p384: { name: 'ECDSA', namedCurve: 'P-384' },
  ed25519: { name: 'Ed25519' },
  rsa1024: rsa(1_024),
  rsa2048: rsa(2_048),
  rsa3072: rsa(3_072),
}

function rsa(modulusLength: number): Algorithm {
  const publicExponent = Uint8Array.of(1, 0, 1)
  return { name: 'RSASSA-PKCS1-v1_5', modulusLength, publicExponent, hash: 'SHA-256' }
}

/** Trusted when it is its own issuer, else below `above`. */
export async function issuer(name: string, above?: Issuer, odd: Odd = {}): Promise<Issuer> {
  const rights = odd.keyUsage ?? KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign
  const wish = { isAuthority: true, keyUsage: rights, usages: undefined, names: [], ...odd }
  const made = await certify(name, wish, above)
  const chain = above === undefined ? '' : `${made.cert}\n${above.chain}`
  return { name, cert: made.cert, keys: made.keys, algorithm: made.algorithm, chain }
}

/** An end of that role and name, whose certificate differs from a good one in what `odd` says. */
export async function oddEnd(
  who: Pick<End, 'role' | 'id'>,
  odd: Odd = {},
  by: Issuer | 'itself',
  ca: Issuer,
): Promise<End> {
  const uri = { type: 'url', value: `spiffe://acme/${who.role}/${who.id}` } as const
  const wish = { names: [uri], ...odd }
  const made = await certify(who.id, wish, by === 'itself' ? undefined : by)
  const chain = by === 'itself' ? '' : by.chain
  const identity = { ca: ca.cert, cert: `${made.cert}\n${chain}`, key: made.key }
  const leaf = { cert: made.cert, key: made.key, pin: made.pin }
  return { ...who, identity, leaf }
}

async function certify(name: string, odd: Odd, by: Issuer | undefined) {
  cryptoProvider.set(webcrypto)
  const algorithm = kinds[odd.key ?? 'p256']
  const generated = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify'])
  const keys = generated as webcrypto.CryptoKeyPair
  const hash = odd.hash ?? 'SHA-256'
  const signing = by === undefined ? { keys, algorithm } : by
  const cert = await X509CertificateGenerator.create({
    subject: `CN=${name}`,
    issuer: `CN=${by?.name ?? name}`,
    notBefore: new Date(odd.fromMs ?? Date.now() - hourMs),
    notAfter: new Date(odd.toMs ?? Date.now() + hourMs),
    publicKey: keys.publicKey,
    signingKey: await withHash(signing.keys.privateKey, signing.algorithm, hash),
    signingAlgorithm: { ...signing.algorithm, hash } as EcdsaParams,
    extensions: extensionsOf(odd),
  })
  const spki = Buffer.from(await webcrypto.subtle.exportKey('spki', keys.publicKey))
  const pkcs8 = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', keys.privateKey))
  const pin = createHash('sha256').update(spki).digest('hex')
  return { cert: cert.toString('pem'), key: pem(pkcs8), keys, algorithm, pin }
}

type EcdsaParams = Parameters<typeof X509CertificateGenerator.create>[0]['signingAlgorithm']

/** An RSA key of WebCrypto is tied to one hash. */
async function withHash(key: webcrypto.CryptoKey, algorithm: Algorithm, hash: string) {
  if (algorithm.name !== 'RSASSA-PKCS1-v1_5') return key
  const der = await webcrypto.subtle.exportKey('pkcs8', key)
  return webcrypto.subtle.importKey('pkcs8', der, { ...algorithm, hash }, true, ['sign'])
}

function extensionsOf(odd: Odd): Extension[] {
  const usages = 'usages' in odd ? odd.usages : [client, server]
  const names = odd.names ?? []
  return [
    ...(odd.isMarked === false
      ? []
      : [new BasicConstraintsExtension(odd.isAuthority === true, undefined, true)]),
    new KeyUsagesExtension(odd.keyUsage ?? KeyUsageFlags.digitalSignature, true),
    ...(usages === undefined ? [] : [new ExtendedKeyUsageExtension([...usages])]),
    ...(names.length === 0 ? [] : [new SubjectAlternativeNameExtension([...names])]),
    ...(odd.extra ?? []),
  ]
}

/** Names of this kind may be issued only below `host` (RFC 5280, 4.2.1.10). */
export function permittedUris(host: string): Extension {
  const name = Buffer.from(host)
  const uri = Buffer.concat([Buffer.of(0x86, name.length), name])
  const subtree = Buffer.concat([Buffer.of(0x30, uri.length), uri])
  const permitted = Buffer.concat([Buffer.of(0xa0, subtree.length), subtree])
  const value = Buffer.concat([Buffer.of(0x30, permitted.length), permitted])
  return new Extension('2.5.29.30', true, value)
}

/** A critical extension that nobody knows. */
export const unknownCritical = (): Extension =>
  new Extension('1.3.6.1.4.1.99999.1', true, Buffer.of(0x05, 0x00))

/** Basic constraints of an authority below which no other may stand. */
export const noneBelow = (): Extension => new BasicConstraintsExtension(true, 0, true)

function pem(der: Buffer): string {
  const lines = der.toString('base64').match(/.{1,64}/g) ?? []
  return ['-----BEGIN PRIVATE KEY-----', ...lines, '-----END PRIVATE KEY-----', ''].join('\n')
}
