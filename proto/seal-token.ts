// Token stanzas of a Seal: the DEK wrapped for hardware tokens. Sealing needs the public halves
// only, so a file is sealed to several tokens with none of them at hand; opening needs one bare
// operation of one token (ECDH, or OAEP) and the rest is done here.
// Source: SEC 1 (ECDH), ANSI X9.63 (profile B), RFC 8017 (OAEP). INVARIANT: every wrapping key is
// bound to the context, and used once, because ephemeral secret and DEK are fresh for each file.
// Never branches on why a token failed: modules name one cause by many names.
import {
  aesGcmOpen,
  aesGcmSeal,
  concat,
  equalBytes,
  hkdfSha256,
  p256PublicKey,
  p256Shared,
  rsaOaepSeal,
  sha256,
} from './crypto.ts'
import { encode } from './jcs.ts'
import { attempt, isRefusal, refuse } from './refusal.ts'
import { closed, isThing, openUnder, sealUnder, wrapInfo } from './seal.ts'
import {
  type P256Stanza,
  parseSeal,
  type RsaStanza,
  type Seal,
  type SealedThing,
} from './seal-file.ts'

/** A: the token gives the x-coordinate. B: it hashes it. C: for tokens that give no secret out. */
export type TokenSealKey =
  | {
      readonly how: 'p256-ecdh'
      readonly kdf: P256Stanza['kdf']
      readonly token: string
      /** 65 bytes. */
      readonly point: Uint8Array
    }
  | {
      readonly how: 'rsa-oaep-sha256'
      readonly token: string
      /** 384 bytes; the exponent is 65537. */
      readonly modulus: Uint8Array
    }

/** Fresh for every file. For each token 32 bytes: a secret of P-256, or the seed of OAEP. */
export interface TokenRandomness {
  readonly dek: Uint8Array
  readonly perToken: readonly Uint8Array[]
}

/** What the token has to do. */
export type TokenTask =
  | { readonly do: 'agree'; readonly kdf: P256Stanza['kdf']; readonly point: Uint8Array }
  | { readonly do: 'decrypt'; readonly bytes: Uint8Array }

type TokenStanza = P256Stanza | RsaStanza

/** The file's bytes, sealed to each of these tokens. */
export function sealToTokens(
  thing: SealedThing,
  plaintext: Uint8Array,
  keys: readonly TokenSealKey[],
  { dek, perToken }: TokenRandomness,
): Uint8Array {
  const stanzas = keys.map((key, at) => wrap(thing, dek, key, perToken[at] ?? new Uint8Array(0)))
  return sealUnder(dek, thing, stanzas, plaintext)
}

/** Undefined when no stanza of the file is for this token. */
export function tokenTask(seal: Seal, key: TokenSealKey): TokenTask | undefined {
  const stanza = stanzaOf(seal, key)
  if (stanza === undefined) return undefined
  return stanza.how === 'p256-ecdh'
    ? { do: 'agree', kdf: stanza.kdf, point: stanza.eph }
    : { do: 'decrypt', bytes: stanza.wrapped }
}

/** The DEK, from what the token answered to the task; the answer is wiped. */
export function unwrapByToken(
  seal: Seal,
  key: TokenSealKey,
  answer: Uint8Array,
): Uint8Array | undefined {
  const stanza = stanzaOf(seal, key)
  if (stanza === undefined) return undefined
  try {
    return stanza.how === 'p256-ecdh'
      ? unwrapAgreed(seal.thing, stanza, answer)
      : unwrapDecrypted(seal.thing, answer)
  } finally {
    answer.fill(0)
  }
}

/** The plaintext, when the file is exactly `expected` and the DEK is its own. */
export function openWithDek(bytes: Uint8Array, expected: SealedThing, dek: Uint8Array): Uint8Array {
  const seal = attempt(() => parseSeal(bytes))
  if (isRefusal(seal) || !isThing(seal.thing, expected)) return closed()
  return openUnder(dek, seal)
}

/**
 * What was written, read back: each stanza is what this randomness gives, so each token opens it.
 * For whoever has just sealed; a token is asked at the next start.
 */
export function isSealedTo(
  seal: Seal,
  keys: readonly TokenSealKey[],
  { dek, perToken }: TokenRandomness,
): boolean {
  if (seal.stanzas.length !== keys.length) return false
  return keys.every((key, at) => {
    const written = stanzaOf(seal, key)
    const wanted = wrap(seal.thing, dek, key, perToken[at] ?? new Uint8Array(0))
    return written !== undefined && equalBytes(written.wrapped, wanted.wrapped)
  })
}

/** How a stanza names the key that it is for. */
export function sealedTo(key: TokenSealKey): Uint8Array {
  return key.how === 'p256-ecdh' ? key.point : sha256(key.modulus)
}

const nonce = new Uint8Array(12)
const contextBytes = 16

function stanzaOf(seal: Seal, key: TokenSealKey): TokenStanza | undefined {
  const to = sealedTo(key)
  return seal.stanzas.find((one): one is TokenStanza => {
    if (one.how === 'scrypt' || one.how !== key.how) return false
    if (one.how === 'p256-ecdh' && key.how === 'p256-ecdh' && one.kdf !== key.kdf) return false
    return equalBytes(one.to, to)
  })
}

function wrap(
  thing: SealedThing,
  dek: Uint8Array,
  key: TokenSealKey,
  fresh: Uint8Array,
): TokenStanza {
  if (fresh.length !== 32) throw new Error('the randomness of a token stanza has 32 bytes')
  const { token } = key
  if (key.how === 'rsa-oaep-sha256') {
    const message = concat(dek, contextMark(thing))
    const wrapped = rsaOaepSeal(key.modulus, message, fresh)
    message.fill(0)
    if (wrapped === undefined) return refuse('CONFIG', `token ${token}: not a key of rsa`)
    return { how: key.how, token, to: sealedTo(key), wrapped }
  }
  const [eph, shared] = [p256PublicKey(fresh), p256Shared(fresh, key.point)]
  if (eph === undefined) throw new Error('an ephemeral secret is below the order of the curve')
  if (shared === undefined) return refuse('CONFIG', `token ${token}: not a point of p256`)
  const agreed = key.kdf === 'null' ? shared : x963(shared)
  const wrapping = wrappingKey(thing, agreed, { to: key.point, eph })
  const wrapped = aesGcmSeal(wrapping, nonce, dek)
  for (const used of [shared, agreed, wrapping]) used.fill(0)
  return { how: key.how, kdf: key.kdf, token, to: key.point, eph, wrapped }
}

function unwrapAgreed(
  thing: SealedThing,
  stanza: P256Stanza,
  agreed: Uint8Array,
): Uint8Array | undefined {
  if (agreed.length !== 32) return undefined
  const wrapping = wrappingKey(thing, agreed, stanza)
  const dek = aesGcmOpen(wrapping, nonce, stanza.wrapped)
  wrapping.fill(0)
  return dek
}

/** The context travels inside, because some modules refuse a label. */
function unwrapDecrypted(thing: SealedThing, message: Uint8Array): Uint8Array | undefined {
  const isOfThis =
    message.length === 32 + contextBytes && equalBytes(message.subarray(32), contextMark(thing))
  return isOfThis ? message.slice(0, 32) : undefined
}

function wrappingKey(
  thing: SealedThing,
  agreed: Uint8Array,
  { to, eph }: Pick<P256Stanza, 'to' | 'eph'>,
): Uint8Array {
  return hkdfSha256(agreed, sha256(eph, to), wrapInfo(thing), 32)
}

/** One block is all that is asked for. */
function x963(shared: Uint8Array): Uint8Array {
  return sha256(shared, Uint8Array.of(0, 0, 0, 1))
}

function contextMark({ context }: SealedThing): Uint8Array {
  return sha256(encode(context)).subarray(0, contextBytes)
}
