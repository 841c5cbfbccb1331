// Who is calling: the single URI SAN `spiffe://org/role/id` of a certificate and the SHA-256 of its
// key (the pin). A certificate of our own CA is not enough: the key must be pinned, for this role
// and this id. Authority to move money never comes from here.
// Source: README D27, the API design 7.2.
import { createPrivateKey, X509Certificate } from 'node:crypto'
import { sha256, toHex } from '../crypto.ts'
import { type Handle, parseHandle } from '../ids.ts'
import { refuse } from '../refusal.ts'
import { checkCertificate, type Use } from './certificate.ts'
import { type Role, roles } from './routes.ts'

/** The peer of a connection, once its certificate and pin were checked. */
export interface Caller {
  readonly role: Role
  readonly id: Handle
  /** SHA-256 of its SubjectPublicKeyInfo, lower-case hex. */
  readonly pin: string
}

/** Certificates and key of one end, PEM. */
export interface TlsIdentity {
  readonly ca: string
  readonly cert: string
  /** In bytes where the key was opened from a Seal. */
  readonly key: string | Buffer
}

/** Pin to the only role and id that its key may have. */
export type Pins = ReadonlyMap<string, { readonly role: Role; readonly id: string }>

const sanForm = /^URI:spiffe:\/\/([a-z0-9._-]+)\/([a-z]+)\/([a-z0-9._-]+)$/

/** Whom a certificate is asked of, and when. */
export interface Asked {
  readonly org: string
  readonly use: Use
  readonly nowMs: number
}

/** Of a DER certificate whose chain TLS has verified; all but one pinned identity is refused. */
export function readCaller(
  certificate: Uint8Array,
  { org, use, nowMs }: Asked,
  pins: Pins,
): Caller {
  const x509 = new X509Certificate(certificate)
  checkCertificate(x509, use, nowMs)
  const san = sanForm.exec(x509.subjectAltName ?? '')
  const role = roles.find((name) => name === san?.[2])
  if (san === null || role === undefined) {
    return refuse('UNAUTHENTICATED', 'certificate: expected one URI SAN spiffe://org/role/id')
  }
  if (san[1] !== org) refuse('UNAUTHENTICATED', 'certificate: of another organisation')
  const id = parseHandle(san[3] ?? '', 'certificate')
  const pin = pinOf(x509)
  const pinned = pins.get(pin)
  if (pinned === undefined) refuse('UNAUTHENTICATED', `certificate of ${id}: key is not pinned`)
  if (pinned.role !== role || pinned.id !== id) {
    refuse('UNAUTHENTICATED', `certificate of ${id}: key is pinned for ${pinned.role} ${pinned.id}`)
  }
  return { role, id, pin }
}

/** Of the own files: with what must hold before they are used, so that none locks its owner out. */
export function readOwn(identity: TlsIdentity, owner: Omit<Caller, 'pin'>, asked: Asked): Own {
  const x509 = new X509Certificate(identity.cert)
  if (!x509.checkPrivateKey(createPrivateKey(identity.key))) {
    refuse('CONFIG', 'tls: the key is not that of the certificate')
  }
  const pin = pinOf(x509)
  readCaller(x509.raw, asked, new Map([[pin, owner]]))
  const authorities = identity.ca.match(pemForm)?.map((text) => new X509Certificate(text)) ?? []
  if (authorities.length === 0) refuse('CONFIG', 'tls: expected certificates of authorities in ca')
  return { pin, notAfter: x509.validToDate, authorities: authorities.map(({ subject }) => subject) }
}

const pemForm = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g

export interface Own {
  readonly pin: string
  readonly notAfter: Date
  /** Who are trusted to have signed others. */
  readonly authorities: readonly string[]
}

/** What a certificate says, unjudged: for people. */
export interface CertificateFacts {
  readonly name: string
  /** Its URI, or nothing when it has none of ours. */
  readonly uri: string
  readonly from: string
  readonly to: string
  readonly pin: string
  readonly issuer: string
}

export function factsOf(text: string): CertificateFacts {
  const x509 = new X509Certificate(text)
  const uri = sanForm.test(x509.subjectAltName ?? '') ? x509.subjectAltName?.slice(4) : undefined
  return {
    name: commonName(x509.subject),
    uri: uri ?? '',
    from: x509.validFromDate.toISOString(),
    to: x509.validToDate.toISOString(),
    pin: pinOf(x509),
    issuer: commonName(x509.issuer),
  }
}

function commonName(written: string): string {
  return /^CN=(.*)$/m.exec(written)?.[1] ?? written
}

export function pinOf(certificate: X509Certificate): string {
  return toHex(sha256(certificate.publicKey.export({ format: 'der', type: 'spki' })))
}
