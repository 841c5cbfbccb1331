// The card of a Station: the public facts of one custodian's place at the table, made at the
// enrolment sitting and carried to whoever drafts the root and the Plan. Names the keys that the
// root pins (Ed25519 identity, transport, witness key) and holds the cards of both Tokens, daily
// and spare, each signed by its Token; the whole is signed by the Station's identity.
// INVARIANT: two different Tokens, both of this very node. It proves possession and no person: the
// people in the room compare it (Words) before anybody relies on it. Holds nothing secret.
import { digestOf, ed25519Verify, equalBytes, tagged, toHex } from '../../proto/crypto.ts'
import type { Digest } from '../../proto/ids.ts'
import { encode, type Json, type JsonObject, parse } from '../../proto/jcs.ts'
import { limits } from '../../proto/limits.ts'
import { refuse } from '../../proto/refusal.ts'
import {
  digest,
  handle,
  hex,
  integer,
  literal,
  object,
  type Reader,
  type Shaped,
  text,
} from '../../proto/shape.ts'
import type { Sign } from '../../proto/signed.ts'
import { tags } from '../../proto/tags.ts'
import { parseTokenCard, type TokenCard } from '../../proto/token-card.ts'
import { formatVkey, parseVkey, type Vkey } from '../audit/checkpoint.ts'
import { colors } from './plan.ts'

/** As it was written: its bytes are what its Token signed. */
const written: Reader<Json> = (value, path) =>
  value === undefined ? refuse('MALFORMED', `${path}: expected a token card`) : value

const shape = object({
  format: literal('custody-station-card/v1'),
  org: handle,
  env: literal('prod', 'test', 'dev'),
  node: handle,
  /** Place on the polynomial, for life. */
  x: integer(1, limits.nodesMax),
  /** Who owns both Tokens and all media. */
  custodian: handle,
  site: handle,
  /** On the Station, its Tokens, its media and its bags. */
  color: literal(...colors),
  /** Ed25519. */
  identity: hex(32),
  witness: text(320),
  /** SHA-256 of the public key of its TLS certificate. */
  transport: digest,
  /** PEM: others at the table trust exactly this one. That its key is `transport`, TLS asks. */
  certificate: text(
    2_048,
    /^-----BEGIN CERTIFICATE-----\n[A-Za-z0-9+/=\n]+-----END CERTIFICATE-----\n$/,
  ),
  daily: written,
  spare: written,
  signature: hex(64),
})

export interface StationCard
  extends Omit<Shaped<typeof shape>, 'format' | 'signature' | 'witness' | 'daily' | 'spare'> {
  readonly witness: Vkey
  readonly daily: TokenCard
  readonly spare: TokenCard
  readonly digest: Digest
}

export type UnsignedStationCard = Omit<StationCard, 'daily' | 'spare' | 'digest'> & {
  /** The documents of `custody-token/v1`. */
  readonly daily: Uint8Array
  readonly spare: Uint8Array
}

/** Strict; signed by its own identity, and each Token's card by that Token. */
export function parseStationCard(bytes: Uint8Array): StationCard {
  const { format: _, signature, ...read } = shape(parse(bytes), 'station card')
  const { signature: __, ...unsigned } = parse(bytes) as JsonObject
  if (!ed25519Verify(read.identity, messageOf(unsigned), signature)) {
    refuse('SEAL', 'station card: not signed by its own identity key')
  }
  const card = {
    ...read,
    witness: parseVkey(read.witness),
    daily: parseTokenCard(encode(read.daily)),
    spare: parseTokenCard(encode(read.spare)),
    digest: digestOf(tags.stationCard, bytes),
  }
  requireOwnTokens(card)
  return card
}

export function stationCardDocument(card: UnsignedStationCard, sign: Sign): Uint8Array {
  const { org, env, node, x, custodian, site, color, transport, certificate } = card
  const unsigned: JsonObject = {
    format: 'custody-station-card/v1',
    ...{ org, env, node, x, custodian, site, color, transport, certificate },
    identity: toHex(card.identity),
    witness: formatVkey(card.witness),
    daily: parse(card.daily),
    spare: parse(card.spare),
  }
  const bytes = encode({ ...unsigned, signature: toHex(sign(messageOf(unsigned))) })
  parseStationCard(bytes)
  return bytes
}

/** The two documents, as they stand in a card that was read. */
export function tokenDocuments(bytes: Uint8Array): Pick<UnsignedStationCard, 'daily' | 'spare'> {
  const { daily, spare } = shape(parse(bytes), 'station card')
  return { daily: encode(daily), spare: encode(spare) }
}

/** As the root names it, but for what only a root decides. */
export function stationMember(card: StationCard): JsonObject {
  const { node, x, identity, transport, witness } = card
  return { node, x, identity: toHex(identity), transport, witness: formatVkey(witness) }
}

function requireOwnTokens({ org, env, node, daily, spare }: StationCard): void {
  for (const token of [daily, spare]) {
    if (token.org !== org || token.env !== env || token.node !== node) {
      const whose = `${token.node} (${token.org} ${token.env})`
      refuse('CONFIG', `station card: the token ${token.id} is of ${whose}`)
    }
  }
  const isSame =
    daily.id === spare.id ||
    daily.serial === spare.serial ||
    equalBytes(daily.identity, spare.identity) ||
    equalBytes(daily.seal, spare.seal)
  if (isSame) refuse('CONFIG', 'station card: daily and spare are one token')
}

function messageOf(unsigned: JsonObject): Uint8Array {
  return tagged(tags.stationCard, encode(unsigned))
}
