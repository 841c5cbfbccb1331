// Backups: a Seal whose DEK is wrapped for recovery keys (X25519). The node holds public halves
// only, so it can make a backup and never open one; any one of the recovery keys opens it. X25519
// and not P-256: a recovery key is a file of its own machine, no token needs to hold it, and there
// is no point to validate but the low orders, which `x25519` refuses.
// INVARIANT: DEK and ephemeral secrets are fresh for every file, so every wrapping key is used
// once. The wrap is that of token profile A: HKDF over z, salted with both public keys, bound to
// the context.
import {
  aesGcmOpen,
  aesGcmSeal,
  equalBytes,
  hkdfSha256,
  sha256,
  x25519,
  x25519PublicKey,
} from './crypto.ts'
import { attempt, isRefusal, refuse } from './refusal.ts'
import { closed, isThing, openUnder, sealUnder, wrapInfo } from './seal.ts'
import { parseSeal, type RecoveryStanza, type Seal, type SealedThing } from './seal-file.ts'

/** Fresh for every file: the DEK, and a secret for each recovery key. */
export interface BackupRandomness {
  readonly dek: Uint8Array
  readonly ephemerals: readonly Uint8Array[]
}

/** The file's bytes, sealed to each of these X25519 keys. */
export function sealToRecovery(
  thing: SealedThing,
  plaintext: Uint8Array,
  to: readonly Uint8Array[],
  { dek, ephemerals }: BackupRandomness,
): Uint8Array {
  const stanzas = to.map((key, at) => wrap(thing, dek, key, ephemerals[at] ?? new Uint8Array(0)))
  return sealUnder(dek, thing, stanzas, plaintext)
}

/** The plaintext, when the file is exactly `expected` and this is one of its recovery keys. */
export function openWithRecovery(
  bytes: Uint8Array,
  expected: SealedThing,
  secret: Uint8Array,
): Uint8Array {
  const dek = unwrapDek(bytes, expected, secret)
  try {
    return openWithDek(bytes, expected, dek)
  } finally {
    dek.fill(0)
  }
}

/**
 * Opens this one file to whoever has it: the mac allows one DEK alone, so it is no matter of word.
 */
export function openWithDek(bytes: Uint8Array, expected: SealedThing, dek: Uint8Array): Uint8Array {
  return openUnder(dek, sealOf(bytes, expected))
}

/** The key of one file, for whoever must show what was in it; the caller wipes it. */
export function unwrapDek(
  bytes: Uint8Array,
  expected: SealedThing,
  secret: Uint8Array,
): Uint8Array {
  const seal = sealOf(bytes, expected)
  const own = x25519PublicKey(secret)
  const stanza = seal.stanzas.find(
    (one): one is RecoveryStanza => one.how === 'x25519' && equalBytes(one.to, own),
  )
  const key = stanza && wrappingKey(expected, x25519(secret, stanza.eph), stanza)
  if (stanza === undefined || key === undefined) return closed()
  const dek = aesGcmOpen(key, nonce, stanza.wrapped)
  key.fill(0)
  return dek ?? closed()
}

function sealOf(bytes: Uint8Array, expected: SealedThing): Seal {
  const seal = attempt(() => parseSeal(bytes))
  return isRefusal(seal) || !isThing(seal.thing, expected) ? closed() : seal
}

const nonce = new Uint8Array(12)

function wrap(
  thing: SealedThing,
  dek: Uint8Array,
  to: Uint8Array,
  ephemeral: Uint8Array,
): RecoveryStanza {
  if (ephemeral.length !== 32) throw new Error('an ephemeral secret has 32 bytes')
  const eph = x25519PublicKey(ephemeral)
  const key = wrappingKey(thing, x25519(ephemeral, to), { to, eph })
  if (key === undefined) return refuse('CONFIG', 'a recovery key is no key of x25519')
  const wrapped = aesGcmSeal(key, nonce, dek)
  key.fill(0)
  return { how: 'x25519', to, eph, wrapped }
}

/** Wipes the shared secret; undefined when there is none. */
function wrappingKey(
  thing: SealedThing,
  shared: Uint8Array | undefined,
  { to, eph }: Pick<RecoveryStanza, 'to' | 'eph'>,
): Uint8Array | undefined {
  if (shared === undefined) return undefined
  const key = hkdfSha256(shared, sha256(eph, to), wrapInfo(thing), 32)
  shared.fill(0)
  return key
}
