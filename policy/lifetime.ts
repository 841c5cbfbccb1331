// The end of a transaction's life, where its network gives it one (Tron). The policy says how far
// off it may lie when an attempt starts: the longer it is, the longer nobody knows whether the
// transaction still lands. INVARIANT: what this lets pass has an end, and time to be signed in.

import type { VaultId } from '../proto/ids.ts'
import { refuse } from '../proto/refusal.ts'
import { networkOf, type Rulebook } from './rulebook.ts'

/** So long before the end no share leaves any more (the walk, 6, R2), and no attempt starts. */
export const untilMarginMs = 60_000

/** `until` is 0 where the transaction has no end; `t` is the time of the attempt line. */
export function requireLifetime(
  { vault, t, until }: { readonly vault: VaultId; readonly t: number; readonly until: number },
  rulebook: Rulebook,
): void {
  const slot = networkOf(rulebook, vault)?.slot
  if (slot?.kind !== 'one-body') {
    if (until !== 0) refuse('LIFETIME', 'transactions of this network have no end of life')
    return
  }
  const isCold = rulebook.vaults.get(vault)?.tier === 'cold'
  const most = isCold ? slot.lifetimeColdMs : slot.lifetimeMs
  const left = until - t
  if (!(left > untilMarginMs && left <= most)) {
    refuse('LIFETIME', `expected between ${untilMarginMs} and ${most} ms to live, got ${left}`)
  }
}
