// A recovery key: the pair of keys that opens backups (X25519) and signs that it did (Ed25519), of
// one node and no other. The public halves are a small document; the node's configuration pins it
// by digest. The private halves are 64 bytes in a sealed file of kind identity, made on another
// machine by `custody recovery init` and never present where the node runs.
import { digestOf } from './crypto.ts'
import { type Digest, type Handle, parseHandle } from './ids.ts'
import { encode, type JsonObject, parse } from './jcs.ts'
import type { IdentityContext, SealedThing } from './seal-file.ts'
import { handle, hex, literal, object, type Shaped } from './shape.ts'
import { tags } from './tags.ts'

const shape = object({
  format: literal('custody-recovery-key/v1'),
  org: handle,
  env: literal('prod', 'test', 'dev'),
  node: handle,
  /** Names it in proofs, beside the node's other recovery keys. */
  id: handle,
  /** X25519. */
  seal: hex(32),
  /** Ed25519. */
  sign: hex(32),
})

export interface RecoveryKey extends Omit<Shaped<typeof shape>, 'format'> {
  readonly digest: Digest
}

/** Secrets of a recovery key: X25519, then Ed25519, 32 bytes each. */
export const recoverySecretBytes = 64

export function parseRecoveryKey(bytes: Uint8Array): RecoveryKey {
  const { format: _, ...key } = shape(parse(bytes), 'recovery key')
  return { ...key, digest: digestOf(tags.recoveryKey, bytes) }
}

export function recoveryKeyDocument(fields: JsonObject): Uint8Array {
  const bytes = encode({ ...fields, format: 'custody-recovery-key/v1' })
  parseRecoveryKey(bytes)
  return bytes
}

export function recoveryThing(owner: Omit<IdentityContext, 'credential'>, id: Handle): SealedThing {
  return { kind: 'identity', context: { ...owner, credential: parseHandle(`recovery/${id}`) } }
}
