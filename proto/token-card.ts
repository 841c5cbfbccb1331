// The card of a token: its two public keys and what it says of itself, made where the token is and
// signed by its identity key (proof of possession). A node's configuration pins it by digest; from
// then on files are sealed to it, with the token at hand or not. Holds nothing secret.
// Source: README D11, D14; the probe that found the profile is `signer-node/hsm/probe.ts`.
import { digestOf, p256Verify, tagged, toHex } from './crypto.ts'
import type { Digest } from './ids.ts'
import { encode, type JsonObject, parse } from './jcs.ts'
import { refuse } from './refusal.ts'
import type { TokenSealKey } from './seal-token.ts'
import { digest, handle, hex, list, literal, object, type Shaped, text } from './shape.ts'
import { tags } from './tags.ts'

/** How a token opens: A, B and C of `seal-token.ts`. The order is the order of preference. */
export const tokenProfiles = ['ecdh', 'ecdh-x963', 'rsa-oaep'] as const
export type TokenProfile = (typeof tokenProfiles)[number]

const said = text(64, /^[ -~]*$/)
const shape = object({
  format: literal('custody-token/v1'),
  org: handle,
  env: literal('prod', 'test', 'dev'),
  node: handle,
  /** Names it among the node's tokens. */
  id: handle,
  profile: literal(...tokenProfiles),
  manufacturer: said,
  model: said,
  /** Pinned: a PIN is given to no other token. */
  serial: text(64, /^[!-~](?:[ -~]*[!-~])?$/),
  firmware: said,
  /** SHA-256 of the module's file at the time. */
  module: digest,
  /** P-256, uncompressed: signs this card. */
  identity: hex(65),
  /** A point of P-256, or a modulus of 3072 bits. */
  seal: hex(384, true),
  /** CKA_ID of the two key pairs. */
  identityId: hex(16),
  sealId: hex(16),
  /** Attributes that the module does not know, accepted by whoever enrolled it. */
  gaps: list(text(64, /^[a-z ]+$/), 0, 32),
  signature: hex(64),
})

/** Of modules that keep their keys in files, as they name themselves: none for production. */
export const softwareMaker = 'custody software token'
export const softwareMakers: readonly string[] = [
  softwareMaker,
  'SoftHSM project',
  'Mozilla Foundation',
]

export interface TokenCard extends Omit<Shaped<typeof shape>, 'format' | 'signature'> {
  readonly digest: Digest
}

/** Strict, and signed by its own identity key. */
export function parseTokenCard(bytes: Uint8Array): TokenCard {
  const { format: _, signature, ...card } = shape(parse(bytes), 'token card')
  const sealBytes = card.profile === 'rsa-oaep' ? 384 : 65
  if (card.seal.length !== sealBytes) {
    refuse('MALFORMED', `token card.seal: expected ${sealBytes} bytes`)
  }
  const { signature: __, ...signed } = parse(bytes) as JsonObject
  if (!p256Verify(card.identity, cardMessage(signed), signature)) {
    refuse('SEAL', 'token card: not signed by its own identity key')
  }
  return { ...card, digest: digestOf(tags.tokenCard, bytes) }
}

/** What the identity key signs. */
export function cardMessage(unsigned: JsonObject): Uint8Array {
  return tagged(tags.tokenCard, encode(unsigned))
}

export function tokenCardDocument(unsigned: JsonObject, signature: Uint8Array): Uint8Array {
  const bytes = encode({ ...unsigned, signature: toHex(signature) })
  parseTokenCard(bytes)
  return bytes
}

/** What files are sealed to. */
export function sealKeyOf({ profile, serial: token, seal }: TokenCard): TokenSealKey {
  switch (profile) {
    case 'ecdh':
      return { how: 'p256-ecdh', kdf: 'null', token, point: seal }
    case 'ecdh-x963':
      return { how: 'p256-ecdh', kdf: 'x963-sha256', token, point: seal }
    case 'rsa-oaep':
      return { how: 'rsa-oaep-sha256', token, modulus: seal }
  }
}
