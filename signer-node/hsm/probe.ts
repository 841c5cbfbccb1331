// What a token can do, found by doing it: mechanism lists lie in both directions. For each profile
// a key pair is born in the token, this side seals to it as `seal-token.ts` would, the token does
// its part, and only the right answer counts. The first profile that passes is the token's.
// Leaves nothing behind in the token. Decides nothing about makers: that is who asked.
import {
  equalBytes,
  p256PublicKey,
  p256Shared,
  p256Verify,
  rsaOaepSeal,
  sha256,
} from '../../proto/crypto.ts'
import { type TokenProfile, tokenProfiles } from '../../proto/token-card.ts'
import { remembers } from './floors.ts'
import { fail, type KeyKind, type Token, TokenFault, type TokenKey } from './token.ts'

export interface Tried {
  readonly what: TokenProfile | 'identity' | 'random' | 'floor'
  /** Empty: it works. */
  readonly because: string
  readonly lacking: readonly string[]
}

export interface Probed {
  /** Undefined: no profile works, and the token cannot be used. */
  readonly profile: TokenProfile | undefined
  readonly tried: readonly Tried[]
}

type Random = (length: number) => Uint8Array

const idBytes = 16

export function kindOf(profile: TokenProfile): KeyKind {
  return profile === 'rsa-oaep' ? 'rsa' : 'ecdh'
}

export function probe(token: Token, random: Random): Probed {
  const tried: Tried[] = [
    trying('identity', token, random, (key) => signs(key, random)),
    trying('random', token, random, () => draws(token)),
  ]
  const isFit = tried.every(({ because }) => because === '')
  let profile: TokenProfile | undefined
  for (const what of tokenProfiles) {
    if (!isFit || profile !== undefined) break
    const one = trying(what, token, random, (key) => opens(key, what, random))
    tried.push(one)
    if (one.because === '') profile = what
  }
  return { profile, tried: [...tried, keeping(token, random)] }
}

/** Throws unless the key opens what was sealed to it. */
export function opens(key: TokenKey, profile: TokenProfile, random: Random): void {
  if (profile === 'rsa-oaep') decrypts(key, random)
  else agrees(key, profile, random)
}

function decrypts(key: TokenKey, random: Random): void {
  const message = random(48)
  const sealed = rsaOaepSeal(key.publicKey, message, random(32))
  requireSame(key.decrypt(sealed ?? new Uint8Array(0)), message)
}

function agrees(key: TokenKey, profile: TokenProfile, random: Random): void {
  const secret = random(32)
  const [point, shared] = [p256PublicKey(secret), p256Shared(secret, key.publicKey)]
  if (point === undefined || shared === undefined) fail('broken', 'not a point of p256')
  const hashed = sha256(shared, Uint8Array.of(0, 0, 0, 1))
  if (profile === 'ecdh') requireSame(key.agree('null', point), shared)
  else requireSame(key.agree('x963-sha256', point), hashed)
}

/** Throws unless it signs. */
export function signs(key: TokenKey, random: Random): void {
  const message = random(32)
  const signature = key.sign(sha256(message))
  if (!p256Verify(key.publicKey, message, signature)) fail('broken', 'a signature does not verify')
}

/** Not whether it is random: whether it is the same twice. */
function draws(token: Token): void {
  const [first, second] = [token.random(32), token.random(32)]
  if (first.length !== 32 || equalBytes(first, second)) fail('broken', 'random bytes repeat')
}

/** A Station needs it; a hot node does not, so no profile hangs on it. */
function keeping(token: Token, random: Random): Tried {
  try {
    remembers(token, random)
    return { what: 'floor', because: '', lacking: [] }
  } catch (error) {
    return { what: 'floor', because: causeOf(error), lacking: [] }
  }
}

function trying(
  what: TokenProfile | 'identity' | 'random',
  token: Token,
  random: Random,
  trial: (key: TokenKey) => void,
): Tried {
  let lacking: readonly string[] = []
  try {
    const kind = what === 'identity' || what === 'random' ? 'identity' : kindOf(what)
    const key = passing(token, kind, random)
    try {
      lacking = key.lacking()
      trial(key)
    } finally {
      key.drop()
    }
    return { what, because: '', lacking }
  } catch (error) {
    return { what, because: causeOf(error), lacking }
  }
}

/** A token that has gone is no token that cannot. */
function causeOf(error: unknown): string {
  if (!(error instanceof TokenFault)) throw error
  if (error.fault === 'not-present' || error.fault === 'gone') throw error
  return error.because
}

/** Some tokens have no keys but lasting ones. */
function passing(token: Token, kind: KeyKind, random: Random): TokenKey {
  try {
    return token.make(kind, random(idBytes), false)
  } catch {
    return token.make(kind, random(idBytes), true)
  }
}

function requireSame(got: Uint8Array, wanted: Uint8Array): void {
  if (!equalBytes(got, wanted)) fail('will-not-open', 'it answers, and wrongly')
}
