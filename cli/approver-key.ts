// Where the key of a person or service lives: an Ed25519 seed in a sealed file, opened with a
// passphrase from a prompt, a file that only its owner can read, or a file descriptor. Never from
// the environment and never from an argument, where others could read it.
// The seed is wiped after the key object is made; what JavaScript keeps of a passphrase is not.
import { readFileSync, statSync } from 'node:fs'
import { ed25519PublicKey, ed25519Signer } from '../proto/crypto.ts'
import type { Handle } from '../proto/ids.ts'
import { refuse } from '../proto/refusal.ts'
import { openWithPassphrase, type Passphrase, sealToPassphrase } from '../proto/seal.ts'
import type { SealedThing } from '../proto/seal-file.ts'
import type { Sign } from '../proto/signed.ts'
import type { Profile } from './profile.ts'
import { type Args, flag, UsageError, type World } from './verb.ts'

export interface ApproverKey {
  readonly credential: Handle
  readonly publicKey: Uint8Array
  readonly sign: Sign
}

/** Asks for the passphrase where the profile names no file with it. */
export async function openKey(profile: Profile, args: Args, world: World): Promise<ApproverKey> {
  const { key } = profile
  if (key === undefined) return refuse('CONFIG', `${profile.id}: this profile has no signing key`)
  const thing = keyThing(profile, key.credential)
  const passphrase = await readPassphrase(profile, args, world)
  const seed = openWithPassphrase(readFileSync(key.file), thing, passphrase)
  try {
    if (seed.length !== 32) refuse('SEAL', 'expected an ed25519 seed')
    return {
      credential: key.credential,
      publicKey: ed25519PublicKey(seed),
      sign: ed25519Signer(seed),
    }
  } finally {
    seed.fill(0)
    passphrase.fill(0)
  }
}

/** A sealed file with a new key; the seed is wiped. */
export function makeKey(
  thing: SealedThing,
  passphrase: Passphrase,
  random: World['random'],
): { readonly file: Uint8Array; readonly publicKey: Uint8Array } {
  const seed = random(32)
  try {
    const file = sealToPassphrase(thing, seed, passphrase, { dek: random(32), salt: random(16) })
    return { file, publicKey: ed25519PublicKey(seed) }
  } finally {
    seed.fill(0)
  }
}

export function keyThing(
  owner: Pick<Profile, 'org' | 'env' | 'id'>,
  credential: Handle,
): SealedThing {
  const { org, env, id } = owner
  return { kind: 'identity', context: { org, env, owner: id, credential } }
}

/** From where the flags or the owner's files say; undefined when a person has to type it. */
export function readSecret(args: Args, beside?: string): Uint8Array | undefined {
  const descriptor = flag(args, 'passphrase-fd')
  if (descriptor !== undefined) return fromDescriptor(descriptor)
  const file = flag(args, 'credential') ?? beside
  return file === undefined ? undefined : fromFile(file)
}

async function readPassphrase(profile: Profile, args: Args, world: World): Promise<Uint8Array> {
  const given = readSecret(args, profile.credential)
  if (given !== undefined) return given
  const typed = await world.ask(`Passphrase of ${profile.id}`, true)
  if (typed === undefined) throw new UsageError('expected a passphrase: no terminal to ask at')
  return new TextEncoder().encode(typed)
}

function fromDescriptor(written: string): Uint8Array {
  const descriptor = /^\d{1,4}$/.test(written) ? Number(written) : -1
  if (descriptor < 0) throw new UsageError('--passphrase-fd: expected a number')
  return firstLine(readFileSync(descriptor))
}

function fromFile(file: string): Uint8Array {
  const { mode } = statSync(file)
  if ((mode & 0o077) !== 0) refuse('CONFIG', `${file}: others can read it, expected mode 0400`)
  return firstLine(readFileSync(file))
}

function firstLine(bytes: Uint8Array): Uint8Array {
  const end = bytes.indexOf(0x0a)
  return new Uint8Array(end < 0 ? bytes : bytes.subarray(0, end))
}
