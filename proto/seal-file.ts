// The sealed file as written: what it is, for whom, its stanzas, and the strict parse. Hex is lower
// case and of exact length and costs are bounded, so that one share has one file and a hostile file
// cannot exhaust the memory of a node. Opens nothing: that is `seal.ts`.
import { type ScryptCost, toHex } from './crypto.ts'
import { type Json, type JsonObject, parse } from './jcs.ts'
import { refuse } from './refusal.ts'
import {
  digest,
  handle,
  hex,
  integer,
  list,
  literal,
  object,
  type Reader,
  type Shaped,
  text,
} from './shape.ts'

const env = literal('prod', 'test', 'dev')

const keyshareContext = object({
  org: handle,
  env,
  vault: handle,
  /** Public key of the vault, compressed. */
  key: text(66, /^0[23][0-9a-f]{64}$/),
  commitments: digest,
  epoch: integer(0, 0xffff_ffff),
  party: integer(1, 255),
  threshold: integer(1, 255),
  parties: integer(1, 255),
  made: digest,
})
const identityContext = object({ org: handle, env, owner: handle, credential: handle })
const exportContext = object({
  org: handle,
  env,
  vault: handle,
  /** Public key of the vault, compressed. */
  key: text(66, /^0[23][0-9a-f]{64}$/),
  keyState: digest,
  epoch: integer(0, 0xffff_ffff),
  /** Who made the part, and its place. */
  node: handle,
  party: integer(1, 255),
  /** The approved change, which names the recipient. */
  change: digest,
})

/** A one-time key for the import of a vault's key. */
const invitationContext = object({
  org: handle,
  env,
  vault: handle,
  key: handle,
  node: handle,
  x: integer(1, 65_535),
  /** Its public half, hex. */
  to: text(64, /^[0-9a-f]{64}$/),
  /** Lines of the node's log when it was made. */
  size: integer(0, Number.MAX_SAFE_INTEGER),
})

export type InvitationContext = Shaped<typeof invitationContext>
export type KeyshareContext = Shaped<typeof keyshareContext>
export type IdentityContext = Shaped<typeof identityContext>
export type ExportContext = Shaped<typeof exportContext>

/**
 * A share that signs, one that came back from a backup and may not, and the backup itself: the kind
 * is under the mac, so nobody without the key of the file can make one of another.
 */
export type KeyshareKind = 'keyshare' | 'restored' | 'backup'

/** What a file is and for whom: the opener states it in full, and any difference is a refusal. */
export type SealedThing =
  | { readonly kind: KeyshareKind; readonly context: KeyshareContext }
  | { readonly kind: 'identity'; readonly context: IdentityContext }
  /** One node's part of a key that leaves the house, for its recipient alone. */
  | { readonly kind: 'export'; readonly context: ExportContext }
  | { readonly kind: 'invitation'; readonly context: InvitationContext }

export interface PassphraseStanza extends ScryptCost {
  readonly how: 'scrypt'
  readonly salt: Uint8Array
  readonly wrapped: Uint8Array
}

export interface P256Stanza {
  readonly how: 'p256-ecdh'
  readonly kdf: 'null' | 'x963-sha256'
  readonly token: string
  readonly to: Uint8Array
  readonly eph: Uint8Array
  readonly wrapped: Uint8Array
}

export interface RsaStanza {
  readonly how: 'rsa-oaep-sha256'
  readonly token: string
  readonly to: Uint8Array
  readonly wrapped: Uint8Array
}

/** For a key that a person holds, away from the node. */
export interface RecoveryStanza {
  readonly how: 'x25519'
  readonly to: Uint8Array
  readonly eph: Uint8Array
  readonly wrapped: Uint8Array
}

export type Stanza = PassphraseStanza | P256Stanza | RsaStanza | RecoveryStanza

export interface Seal {
  readonly thing: SealedThing
  readonly stanzas: readonly Stanza[]
  readonly mac: Uint8Array
  readonly body: Uint8Array
}

const point = hex(65)
const tokenSerial = text(64, /^[!-~](?:[ -~]*[!-~])?$/)
const wrappedDek = hex(48)

const scryptStanza = object({
  how: literal('scrypt'),
  // Below 2^15 guessing is cheap; above 2^20 a hostile file could exhaust the memory of a node.
  n: literal(...[15, 16, 17, 18, 19, 20].map((bits) => 2 ** bits)),
  r: literal(8),
  p: integer(1, 4),
  salt: hex(16),
  wrapped: wrappedDek,
})
const p256Stanza = object({
  how: literal('p256-ecdh'),
  kdf: literal('null', 'x963-sha256'),
  token: tokenSerial,
  to: point,
  eph: point,
  wrapped: wrappedDek,
})
const rsaStanza = object({
  how: literal('rsa-oaep-sha256'),
  token: tokenSerial,
  to: hex(32),
  wrapped: hex(384),
})

const recoveryStanza = object({
  how: literal('x25519'),
  to: hex(32),
  eph: hex(32),
  wrapped: wrappedDek,
})

const stanza: Reader<Stanza> = (value, path) => {
  const how = typeof value === 'object' && 'how' in value ? value['how'] : undefined
  switch (literal('scrypt', 'p256-ecdh', 'rsa-oaep-sha256', 'x25519')(how, `${path}.how`)) {
    case 'scrypt':
      return scryptStanza(value, path)
    case 'p256-ecdh':
      return p256Stanza(value, path)
    case 'rsa-oaep-sha256':
      return rsaStanza(value, path)
    case 'x25519':
      return recoveryStanza(value, path)
  }
}

const sealShape = object({
  format: literal('custody-seal/v1'),
  kind: literal('keyshare', 'restored', 'identity', 'backup', 'invitation', 'export'),
  context: (value) => value,
  stanzas: list(stanza, 1, 4),
  mac: hex(32),
  body: hex(65_536, true),
})

export function parseSeal(bytes: Uint8Array): Seal {
  const { kind, context, stanzas, mac, body } = sealShape(parse(bytes), '')
  requireStanzas(kind, stanzas)
  return { thing: thingOf(kind, context), stanzas, mac, body }
}

function thingOf(kind: SealedThing['kind'], context: Json | undefined): SealedThing {
  switch (kind) {
    case 'identity':
      return { kind, context: identityContext(context, 'context') }
    case 'export':
      return { kind, context: exportContext(context, 'context') }
    case 'invitation':
      return { kind, context: invitationContext(context, 'context') }
    case 'keyshare':
    case 'restored':
    case 'backup':
      return { kind, context: keyshareContext(context, 'context') }
  }
}

/** All that the mac covers. */
export function headerJson({ kind, context }: SealedThing, stanzas: readonly Stanza[]): JsonObject {
  return { format: 'custody-seal/v1', kind, context, stanzas: stanzas.map(stanzaJson) }
}

function stanzaJson(written: Stanza): JsonObject {
  const entries = Object.entries(written).map(([key, value]) => [
    key,
    value instanceof Uint8Array ? toHex(value) : value,
  ])
  return Object.fromEntries(entries)
}

/** One way in for each kind: of a mixture the weaker would decide. */
function requireStanzas(kind: SealedThing['kind'], stanzas: readonly Stanza[]): void {
  const expected = wayIn[kind]
  if (!expected.fits(stanzas)) refuse('MALFORMED', `stanzas: expected ${expected.what}`)
}

const passphraseAlone = (stanzas: readonly Stanza[]): boolean =>
  stanzas.length === 1 && stanzas[0]?.how === 'scrypt'
const tokensAlone = (stanzas: readonly Stanza[]): boolean =>
  stanzas.every(({ how }) => how !== 'scrypt' && how !== 'x25519') && areDistinct(stanzas)
const passphraseOrTokens = (stanzas: readonly Stanza[]): boolean =>
  passphraseAlone(stanzas) || tokensAlone(stanzas)
const recoveryAlone = (stanzas: readonly Stanza[]): boolean =>
  stanzas.every(({ how }) => how === 'x25519') && areDistinct(stanzas)

const wayIn = {
  keyshare: { fits: passphraseOrTokens, what: 'one passphrase alone or tokens, each once' },
  restored: { fits: passphraseOrTokens, what: 'one passphrase alone or tokens, each once' },
  identity: { fits: passphraseOrTokens, what: 'one passphrase alone or tokens, each once' },
  invitation: { fits: passphraseOrTokens, what: 'one passphrase alone or tokens, each once' },
  backup: { fits: recoveryAlone, what: 'recovery keys alone, each once' },
  export: { fits: recoveryAlone, what: 'recipients alone, each once' },
} as const

function areDistinct(stanzas: readonly Stanza[]): boolean {
  const keys = stanzas.map((written) => ('to' in written ? toHex(written.to) : ''))
  return new Set(keys).size === keys.length
}
