// The Seal: one way to keep a secret in a file, whether keyshare, identity key or backup. A random
// key (DEK) seals the body; each stanza wraps the DEK for one passphrase or one hardware token; the
// mac covers the rest. INVARIANT: the DEK is fresh for every file, so its keys are used once and
// the nonce may be zero. Randomness is an argument.
// Token stanzas are `seal-token.ts`, recovery stanzas `seal-recovery.ts`. Whatever does not open is
// refused in one sentence: the cause would help only an attacker.
import {
  aesGcmOpen,
  aesGcmSeal,
  equalBytes,
  hkdfSha256,
  hmacSha256,
  type ScryptCost,
  scrypt,
  sha256,
  tagged,
  toHex,
  toUtf8,
} from './crypto.ts'
import { encode, type JsonObject } from './jcs.ts'
import { attempt, isRefusal, refuse } from './refusal.ts'
import { headerJson, parseSeal, type Seal, type SealedThing, type Stanza } from './seal-file.ts'
import { tags } from './tags.ts'

/** 2^17 takes about a third of a second and 128 MiB. */
export const scryptDefault: ScryptCost = { n: 2 ** 17, r: 8, p: 1 }

export interface SealRandomness {
  /** 32 bytes, fresh for every file. */
  readonly dek: Uint8Array
  /** 16 bytes. */
  readonly salt: Uint8Array
}

export interface Passphrase {
  readonly passphrase: Uint8Array
  readonly cost: ScryptCost
}

/** What is asked of scrypt; the passphrase is wiped only after the answer. */
export interface ScryptJob extends Passphrase {
  readonly salt: Uint8Array
}

/**
 * Asks for keys, which take long, and is resumed with them; it wipes them. Where it asks for none
 * it may be left for a while (`in-turns.ts`).
 */
export type Deriving<R> = Generator<ScryptJob | undefined, R, Uint8Array>

/** Derives at once, in this thread. */
export function atOnce<R>(work: Deriving<R>): R {
  try {
    let step = work.next()
    while (step.done !== true) {
      step = step.value === undefined ? work.next() : work.next(scryptOf(step.value))
    }
    return step.value
  } finally {
    giveUp(work)
  }
}

/** Lets its own declarations wipe what it holds; nothing when it is over. */
export function giveUp(work: Deriving<unknown>): void {
  work.return(undefined)
}

export function scryptOf({ passphrase, salt, cost }: ScryptJob): Uint8Array {
  return scrypt(passphrase, salt, cost)
}

/** The file's bytes, sealed to one passphrase. */
export function sealToPassphrase(
  ...about: readonly [SealedThing, Uint8Array, Passphrase, SealRandomness]
): Uint8Array {
  return atOnce(sealing(...about))
}

/** The plaintext, when the file is exactly `expected` and the passphrase is its own. */
export function openWithPassphrase(
  bytes: Uint8Array,
  expected: SealedThing,
  passphrase: Uint8Array,
): Uint8Array {
  return atOnce(opening(bytes, expected, passphrase))
}

/** `sealToPassphrase`, wherever its key is derived. */
export function* sealing(
  thing: SealedThing,
  plaintext: Uint8Array,
  { passphrase, cost }: Passphrase,
  { dek, salt }: SealRandomness,
): Deriving<Uint8Array> {
  const wrapped = once(yield* passphraseKey(thing, { passphrase, cost, salt }), (key) =>
    aesGcmSeal(key, nonce, dek),
  )
  return sealUnder(dek, thing, [{ how: 'scrypt', ...cost, salt, wrapped }], plaintext)
}

/** The file's bytes under a DEK that the stanzas wrap already. */
export function sealUnder(
  dek: Uint8Array,
  thing: SealedThing,
  stanzas: readonly Stanza[],
  plaintext: Uint8Array,
): Uint8Array {
  const header = headerJson(thing, stanzas)
  const mac = macOf(dek, header)
  const body = once(bodyKey(dek), (key) => aesGcmSeal(key, nonce, plaintext, mac))
  const bytes = encode({ ...header, mac: toHex(mac), body: toHex(body) })
  // A file that we would not read back is never written.
  parseSeal(bytes)
  return bytes
}

/** `openWithPassphrase`, wherever its key is derived. */
export function* opening(
  bytes: Uint8Array,
  expected: SealedThing,
  passphrase: Uint8Array,
): Deriving<Uint8Array> {
  const seal = attempt(() => parseSeal(bytes))
  if (isRefusal(seal) || !isThing(seal.thing, expected)) return closed()
  const [stanza] = seal.stanzas
  if (stanza?.how === 'x25519') return closed()
  if (stanza?.how !== 'scrypt') {
    return refuse('NOT_SUPPORTED', 'this file is sealed to a token: no passphrase opens it')
  }
  const { n, r, p, salt } = stanza
  const job = { passphrase, cost: { n, r, p }, salt }
  const dek = once(yield* passphraseKey(expected, job), (key) =>
    aesGcmOpen(key, nonce, stanza.wrapped),
  )
  if (dek === undefined) return closed()
  try {
    return openUnder(dek, seal)
  } finally {
    dek.fill(0)
  }
}

/** The plaintext under an unwrapped DEK: first the mac over the header, then the body. */
export function openUnder(dek: Uint8Array, { thing, stanzas, mac, body }: Seal): Uint8Array {
  if (!equalBytes(mac, macOf(dek, headerJson(thing, stanzas)))) return closed()
  return once(bodyKey(dek), (key) => aesGcmOpen(key, nonce, body, mac)) ?? closed()
}

/** What every key that wraps a DEK is bound to: what the file is of. */
export function wrapInfo({ context }: SealedThing): Uint8Array {
  return tagged(tags.sealWrap, sha256(encode(context)))
}

export function isThing(thing: SealedThing, expected: SealedThing): boolean {
  return equalBytes(thingBytes(thing), thingBytes(expected))
}

export function closed(): never {
  return refuse('SEAL', 'this file does not open here')
}

const nonce = new Uint8Array(12)
const noSalt = new Uint8Array(0)

/** A key that is made for one use and wiped after it. */
function once<T>(key: Uint8Array, use: (key: Uint8Array) => T): T {
  try {
    return use(key)
  } finally {
    key.fill(0)
  }
}

function* passphraseKey(thing: SealedThing, job: ScryptJob): Deriving<Uint8Array> {
  return once(yield job, (key) => hkdfSha256(key, job.salt, wrapInfo(thing), 32))
}

function bodyKey(dek: Uint8Array): Uint8Array {
  return hkdfSha256(dek, noSalt, toUtf8('body'), 32)
}

function macOf(dek: Uint8Array, header: JsonObject): Uint8Array {
  return once(hkdfSha256(dek, noSalt, toUtf8('header'), 32), (key) =>
    hmacSha256(key, encode(header)),
  )
}

function thingBytes({ kind, context }: SealedThing): Uint8Array {
  return encode({ kind, context })
}
