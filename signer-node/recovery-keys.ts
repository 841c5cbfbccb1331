// The recovery keys of this node as its configuration pins them: the public documents that an
// operator made on another machine, each by digest. A document of another node, or another one than
// was pinned, is refused at start: backups sealed to a stranger are no backups.
// Opens no file.
import type { Digest, Handle } from '../proto/ids.ts'
import { parseRecoveryKey, type RecoveryKey } from '../proto/recovery-key.ts'
import { refuse } from '../proto/refusal.ts'

export interface PinnedDocument {
  readonly bytes: Uint8Array
  readonly digest: Digest
}

export interface RecoveryOwner {
  readonly org: Handle
  readonly env: 'prod' | 'test' | 'dev'
  readonly node: Handle
}

export const recoveryKeysMax = 4

export function pinnedRecoveryKeys(
  owner: RecoveryOwner,
  pinned: readonly PinnedDocument[],
): readonly RecoveryKey[] {
  if (pinned.length === 0 || pinned.length > recoveryKeysMax) {
    refuse('CONFIG', `backups.recovery: expected 1 to ${recoveryKeysMax} keys`)
  }
  const keys = pinned.map(({ bytes, digest }) => {
    const key = parseRecoveryKey(bytes)
    if (key.digest !== digest) {
      return refuse('CONFIG', `backups.recovery: expected the key ${digest}, got ${key.digest}`)
    }
    requireOwn(key, owner)
    return key
  })
  const ids = new Set(keys.map(({ id }) => id))
  if (ids.size !== keys.length) refuse('CONFIG', 'backups.recovery: two keys of one id')
  return keys
}

/** A recovery key belongs to one node. */
export function requireOwn(key: RecoveryKey, { org, env, node }: RecoveryOwner): void {
  if (key.org !== org || key.env !== env || key.node !== node) {
    refuse('CONFIG', `expected a recovery key of ${node}, got one of ${key.node} (${key.org})`)
  }
}
