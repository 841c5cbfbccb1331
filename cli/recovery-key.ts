// Makes a recovery key: two fresh private keys in one sealed file, and the document of their public
// halves, which the node's configuration pins. The private halves are wiped here.
import { concat, ed25519PublicKey, toHex, x25519PublicKey } from '../proto/crypto.ts'
import type { Handle } from '../proto/ids.ts'
import { recoveryKeyDocument, recoveryThing } from '../proto/recovery-key.ts'
import { type Passphrase, sealToPassphrase } from '../proto/seal.ts'
import type { World } from './verb.ts'

export interface RecoveryOwner {
  readonly org: Handle
  readonly env: 'prod' | 'test' | 'dev'
  /** Whose backups it opens. */
  readonly node: Handle
  readonly id: Handle
}

export function makeRecoveryKey(
  { org, env, node, id }: RecoveryOwner,
  passphrase: Passphrase,
  random: World['random'],
): { readonly document: Uint8Array; readonly sealed: Uint8Array } {
  const [opening, signing] = [random(32), random(32)]
  const both = concat(opening, signing)
  try {
    const [seal, sign] = [x25519PublicKey(opening), ed25519PublicKey(signing)]
    const keys = { seal: toHex(seal), sign: toHex(sign) }
    const thing = recoveryThing({ org, env, owner: node }, id)
    const fresh = { dek: random(32), salt: random(16) }
    return {
      document: recoveryKeyDocument({ org, env, node, id, ...keys }),
      sealed: sealToPassphrase(thing, both, passphrase, fresh),
    }
  } finally {
    for (const secret of [opening, signing, both]) secret.fill(0)
  }
}
