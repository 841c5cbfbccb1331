// Certificates of a cluster: one authority and a leaf for each end, P-256, the identity as the only
// SAN `spiffe://org/role/id`. A leaf can be client and server; what it may do is decided by its pin
// and role, not by its usage.
// Source: README D27. Writes no file; keys are made here and returned to their owner once.
import 'reflect-metadata'
import { createHash, createPublicKey, webcrypto } from 'node:crypto'
import {
  AuthorityKeyIdentifierExtension,
  BasicConstraintsExtension,
  cryptoProvider,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  KeyUsageFlags,
  KeyUsagesExtension,
  PemConverter,
  Pkcs10CertificateRequestGenerator,
  SubjectAlternativeNameExtension,
  SubjectKeyIdentifierExtension,
  X509Certificate,
  X509CertificateGenerator,
} from '@peculiar/x509'

export interface Validity {
  readonly notBefore: Date
  readonly notAfter: Date
}

export interface Authority {
  readonly cert: string
  readonly key: string
  readonly issue: (leaf: LeafWish) => Promise<Leaf>
}

export interface LeafWish {
  /** For people who read certificates; no program does. */
  readonly name: string
  /** URIs of the SAN: one, except in tests of what must be refused. */
  readonly uris: readonly string[]
  /** Of the owner, when the key stays as it was. */
  readonly keys?: webcrypto.CryptoKeyPair
}

export interface Leaf {
  readonly cert: string
  readonly key: string
  /** SHA-256 of the key's SubjectPublicKeyInfo, lower-case hex. */
  readonly pin: string
}

const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const

export async function makeAuthority(name: string, validity: Validity): Promise<Authority> {
  cryptoProvider.set(webcrypto)
  const keys = await makeKeys()
  const cert = await X509CertificateGenerator.createSelfSigned({
    name: `CN=${name}`,
    ...validity,
    keys,
    signingAlgorithm: algorithm,
    extensions: [
      new BasicConstraintsExtension(true, 0, true),
      new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true),
      await SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  })
  return {
    cert: cert.toString('pem'),
    key: await pem(keys.privateKey),
    issue: issuing(cert.subjectName, validity, {
      signingKey: keys.privateKey,
      issuerKey: keys.publicKey,
    }),
  }
}

/** An authority again, from its files. */
export async function openAuthority(
  files: Pick<Authority, 'cert' | 'key'>,
  validity: Validity,
): Promise<Authority> {
  cryptoProvider.set(webcrypto)
  const issuer = new X509Certificate(files.cert)
  const der = PemConverter.decodeFirst(files.key)
  const signingKey = await webcrypto.subtle.importKey('pkcs8', der, algorithm, true, ['sign'])
  const issuerKey = await issuer.publicKey.export(algorithm, ['verify'])
  return { ...files, issue: issuing(issuer.subjectName, validity, { signingKey, issuerKey }) }
}

/** For an authority that lives elsewhere: what it is asked to sign, and the key that stays here. */
export async function makeRequest(wish: LeafWish): Promise<Leaf> {
  cryptoProvider.set(webcrypto)
  const own = await makeKeys()
  const uris = wish.uris.map((value) => ({ type: 'url', value }) as const)
  const request = await Pkcs10CertificateRequestGenerator.create({
    name: `CN=${wish.name}`,
    keys: own,
    signingAlgorithm: algorithm,
    extensions: [new SubjectAlternativeNameExtension(uris)],
  })
  return { cert: request.toString('pem'), key: await pem(own.privateKey), pin: await pinOf(own) }
}

function issuing(
  issuer: X509Certificate['subjectName'],
  validity: Validity,
  { signingKey, issuerKey }: Record<'signingKey' | 'issuerKey', webcrypto.CryptoKey>,
): Authority['issue'] {
  return async (wish) => {
    const own = wish.keys ?? (await makeKeys())
    const leaf = await X509CertificateGenerator.create({
      subject: `CN=${wish.name}`,
      issuer,
      ...validity,
      publicKey: own.publicKey,
      signingKey,
      signingAlgorithm: algorithm,
      extensions: await leafExtensions(wish.uris, own.publicKey, issuerKey),
    })
    return { cert: leaf.toString('pem'), key: await pem(own.privateKey), pin: await pinOf(own) }
  }
}

async function pinOf({ publicKey }: webcrypto.CryptoKeyPair): Promise<string> {
  const spki = new Uint8Array(await webcrypto.subtle.exportKey('spki', publicKey))
  return createHash('sha256').update(spki).digest('hex')
}

async function leafExtensions(
  uris: readonly string[],
  own: webcrypto.CryptoKey,
  issuer: webcrypto.CryptoKey,
) {
  const both = [ExtendedKeyUsage.clientAuth, ExtendedKeyUsage.serverAuth]
  return [
    new BasicConstraintsExtension(false, undefined, true),
    new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
    new ExtendedKeyUsageExtension(both),
    new SubjectAlternativeNameExtension(uris.map((value) => ({ type: 'url', value }))),
    await AuthorityKeyIdentifierExtension.create(issuer),
    await SubjectKeyIdentifierExtension.create(own),
  ]
}

/** The pair of a private key in a file, as our programs write them. */
export async function openKeys(text: string): Promise<webcrypto.CryptoKeyPair> {
  const der = createPublicKey(text).export({ type: 'spki', format: 'der' })
  const publicKey = await webcrypto.subtle.importKey('spki', der, algorithm, true, ['verify'])
  const own = PemConverter.decodeFirst(text)
  const privateKey = await webcrypto.subtle.importKey('pkcs8', own, algorithm, true, ['sign'])
  return { publicKey, privateKey }
}

function makeKeys(): Promise<webcrypto.CryptoKeyPair> {
  return webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify'])
}

async function pem(key: webcrypto.CryptoKey): Promise<string> {
  const der = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', key)).toString('base64')
  const lines = der.match(/.{1,64}/g) ?? []
  return ['-----BEGIN PRIVATE KEY-----', ...lines, '-----END PRIVATE KEY-----', ''].join('\n')
}
