// What a certificate must be beyond what TLS verifies: of an end and not of an authority, for this
// use, valid now, of a key of at least 128 bits of strength; and the same strength asked of every
// signature of its chain. Sessions are never resumed, because a resumed one skips all this.
// INVARIANT: judged before a byte of HTTP/2 is read. Whose it is, is `identity.ts`.
// Source: the API design 7.2; reliability F52, API-37, API-38. Reads no list of revoked
// certificates: a key that is taken out of the pins is refused at once.
import { constants, type X509Certificate } from 'node:crypto'
import { refuse } from '../refusal.ts'

/** What its holder does: it dials, or it is dialled. */
export type Use = 'client' | 'server'

/** For both ends. Level 3 of OpenSSL is 128 bits, for keys and signatures of the whole chain. */
export const tlsRules = {
  minVersion: 'TLSv1.3',
  ciphers: 'DEFAULT@SECLEVEL=3',
  secureOptions: constants.SSL_OP_NO_TICKET,
} as const

const usages = { client: '1.3.6.1.5.5.7.3.2', server: '1.3.6.1.5.5.7.3.1' } as const
const rsaBitsMin = 3_072
const curves: readonly string[] = ['prime256v1', 'secp384r1', 'secp521r1']

export function checkCertificate(x509: X509Certificate, use: Use, nowMs: number): void {
  const { ca, keyUsage: named, validFromDate: from, validToDate: to } = x509
  if (nowMs < from.getTime()) no(`valid from ${from.toISOString()}`)
  if (nowMs > to.getTime()) no(`expired at ${to.toISOString()}`)
  if (ca) no('of an authority, expected one of an end')
  // Absent means any use to TLS. Default is no.
  if (!(named ?? []).includes(usages[use])) no(`not for the use as ${use}`)
  if (!isStrong(x509)) no('key of less than 128 bits of strength')
}

/** What TLS found, in words; its own text is kept for what has no name here. */
export function tlsFault(error: Error, verification: unknown): string {
  const code = typeof verification === 'string' ? verification : ''
  const word = Object.hasOwn(faults, code) ? faults[code] : undefined
  if (word !== undefined) return `tls: ${word} (${code})`
  if ('code' in error && error.code === 'ECONNRESET') return `tls: ${hungUp}`
  const reason = 'reason' in error && typeof error.reason === 'string' ? error.reason : ''
  return `tls: ${code || reason || error.message}`
}

const hungUp = 'the other end hung up; it may not believe this certificate'
const faults: Readonly<Record<string, string>> = {
  CERT_HAS_EXPIRED: 'the certificate, or one above it, has expired',
  CERT_NOT_YET_VALID: 'the certificate, or one above it, is not valid yet',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'the certificate is signed by itself',
  SELF_SIGNED_CERT_IN_CHAIN: 'the chain ends at an authority that is not trusted here',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'the chain leads to no authority that is trusted here',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'the certificate leads to no authority that is trusted here',
  CERT_SIGNATURE_FAILURE: 'a signature of the chain is not that of its issuer',
  INVALID_CA: 'a certificate above it is of no authority',
  INVALID_PURPOSE: 'the certificate is not for this use',
  PATH_LENGTH_EXCEEDED: 'the chain is longer than an authority allows',
  CERT_CHAIN_TOO_LONG: 'the chain is too long',
  UNSPECIFIED: 'a key, signature, name or extension of the chain is not allowed',
}

function isStrong({ publicKey }: X509Certificate): boolean {
  const { asymmetricKeyType: type, asymmetricKeyDetails: of } = publicKey
  if (type === 'ed25519') return true
  if (type === 'ec') return curves.includes(of?.namedCurve ?? '')
  return type === 'rsa' && (of?.modulusLength ?? 0) >= rsaBitsMin
}

function no(what: string): never {
  return refuse('UNAUTHENTICATED', `certificate: ${what}`)
}
