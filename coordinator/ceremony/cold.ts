// What is cold: a payment out of a vault whose key is in no node that a coordinator reaches. It is
// judged, approved and reserved like any other, and then it waits for its ceremony.
// Decides nothing: the fold says when an attempt of such a vault may be.
import type { Rulebook } from '../../policy/rulebook.ts'
import type { VaultId } from '../../proto/ids.ts'
import { refusal } from '../../proto/refusal.ts'
import type { Case } from '../desk/case.ts'

/** What a cold request waits for; shown to callers. */
export const ceremonyNote = refusal('CEREMONY', 'waits for its ceremony')

export function isCold({ intent, inForce }: Pick<Case, 'intent' | 'inForce'>): boolean {
  return isColdVault(inForce.rulebook, intent.vault)
}

export function isColdVault({ vaults }: Rulebook, vault: VaultId): boolean {
  return vaults.get(vault)?.tier === 'cold'
}
