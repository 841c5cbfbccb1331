// A Keyshare as a node holds it for as long as it may use it: its secret hidden, opened for one
// session at a time, and forgotten for good. INVARIANT: after `forget` nothing opens it any more.
import type { VaultRow } from '../policy/view.ts'
import type { Derivation } from './deriving.ts'
import type { KeyFacts, Keyshare } from './dkls23/keyshare.ts'
import { Secret } from './dkls23/secret.ts'
import type { ExpectedKeyshare, Keystore } from './keystore.ts'
import { isRefreshed } from './past.ts'

/** What is public of it, and a way to its secret. */
export interface HeldKeyshare {
  readonly facts: KeyFacts
  readonly keyState: Uint8Array
  /** For one session; the caller disposes of it. Throws when it was forgotten. */
  readonly open: () => Keyshare
  /** An old share is as good as a new one to whoever collects t of one epoch. */
  readonly forget: () => void
}

export interface Held {
  readonly keyshare: HeldKeyshare
  readonly isRestored: boolean
}

/** On its way to be held. */
export interface Opening {
  readonly name: string
  readonly isRestored: boolean
  readonly opening: Derivation
  /** Whoever waits for it, however it ended. */
  readonly over: PromiseWithResolvers<void>
}

/** To sign with. */
export function maySign({ isRestored, keyshare }: Held): boolean {
  return !isRestored && isRefreshed(keyshare.facts)
}

/** The Keyshare itself is the caller's to wipe. */
export function hidden(keyshare: Keyshare, { shield, curve }: Keystore): HeldKeyshare {
  const { facts, keyState } = keyshare
  const share = shield.hide(keyshare.secretShare)
  const open = (): Keyshare => {
    using opened = shield.open(share)
    return keyshare.reopened(curve, new Secret(curve.scalars.decodeScalar(opened.bytes)))
  }
  return { facts, keyState, open, forget: () => shield.forget(share) }
}

/** What does not open for the one standing may open for another. */
export function nameOf({ vault, epoch, keyState, exported }: VaultRow): string {
  return `${vault} ${epoch} ${keyState}${exported ? ' exported' : ''}`
}

export function expectedOfRow(row: VaultRow): ExpectedKeyshare {
  const { vault, epoch, t: threshold, participants, publicKey, keyState } = row
  return { vault, epoch, threshold, parties: participants.length, publicKey, keyState }
}
