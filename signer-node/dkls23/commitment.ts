/**
 * Commit to a value before it is revealed (specification 1.3, tag `commit`).
 * INVARIANT: the hash covers the session, the committer and the label, so that a copied
 * commitment opens for nobody else (attack A28). The salt has 32 random bytes.
 */

import { Abort } from './abort.ts'
import { u16 } from './bytes.ts'
import type { Participant } from './party.ts'
import { equalBytes } from './secret.ts'
import { hash } from './transcript.ts'

export type CommitmentLabel = 'deal' | 'R' | 'zero' | 'omega'

/** Who commits, to what, in which session. */
export interface CommitmentScope {
  readonly sid: Uint8Array
  readonly committer: Participant
  readonly label: CommitmentLabel
}

export const SALT_BYTES = 32
export const COMMITMENT_BYTES = 32

export function commit(scope: CommitmentScope, value: Uint8Array, salt: Uint8Array): Uint8Array {
  if (salt.length !== SALT_BYTES) throw new RangeError(`a salt has ${SALT_BYTES} bytes`)
  const { sid, committer, label } = scope
  return hash('commit', sid, committer.nodeId, u16(committer.x), label, value, salt)
}

/** Aborts with the committer as culprit when the opening does not fit. */
export function requireOpening(
  scope: CommitmentScope,
  commitment: Uint8Array,
  value: Uint8Array,
  salt: Uint8Array,
): void {
  if (equalBytes(commitment, commit(scope, value, salt))) return
  throw new Abort('commitment', `the commitment "${scope.label}" does not open to its value`, {
    culprit: scope.committer.x,
  })
}
