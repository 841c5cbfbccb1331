// What the Hub is asked for, and how a session at the table ends: an attempt to sign, and an
// approved change that deals shares. All of it comes from the Bundle's log and its requests.
import type { ExtendedKey } from '../../policy/chain/derive.ts'
import type { ChangeOf } from '../../policy/change.ts'
import type { KeyFacts } from '../../policy/view.ts'
import type { Digest } from '../../proto/ids.ts'
import type { Certificate } from './certificate.ts'
import type { AskFailed } from './hub-ask.ts'
import type { SessionResult, Signable } from './session-results.ts'

/** One attempt, as its line has it. */
export interface SignOrder {
  readonly attempt: number
  /** Of the attempt line. */
  readonly seq: number
  readonly warrant: Uint8Array
  /** Of the vault, as the log has it. */
  readonly key: ExtendedKey
  /** Exactly t of those that the line calls, ascending by x. */
  readonly signers: readonly string[]
}

/** An approved sentence, to be signed by a key that the log has. */
export interface ProveOrder {
  readonly change: ChangeOf<'key.prove'>
  readonly changeDigest: Digest
  readonly order: Uint8Array
  readonly orderDigest: Digest
  /** Above any that was asked for before. */
  readonly attempt: number
  readonly row: KeyFacts
  /** CAIP-2 name of the vault's network. */
  readonly network: string
  readonly signers: readonly string[]
}

/** An approved change that deals shares. */
export interface DealOrder {
  readonly line: 'key.created' | 'key.refreshed' | 'key.reshared'
  readonly change: Digest
  /** Canonical bytes, and their digest. */
  readonly order: Uint8Array
  readonly orderDigest: Digest
  /** The epoch in force; 0 for a first key. */
  readonly from: number
  /** To be made: above any that a Station ever prepared. */
  readonly epoch: number
  readonly attempt: number
  /** Everyone of the session, and who holds a share afterwards; ascending by x. */
  readonly nodes: readonly string[]
  readonly holders: readonly string[]
}

export type SignEnded =
  | {
      readonly kind: 'signed'
      readonly signature: Uint8Array
      readonly about: Signable
      readonly result: SessionResult
      /** Which signers verified it with their own curve. */
      readonly verifiedBy: readonly string[]
    }
  | (AskFailed & { readonly result: SessionResult })

export type DealEnded =
  | {
      readonly kind: 'certified'
      readonly certificate: Certificate
      readonly result: SessionResult
      /** Which holders have the certificate on disk. */
      readonly certifiedBy: readonly string[]
    }
  | AskFailed

/** Why no key came of it; empty where one did. It is of all its holders, or was never made. */
export function withoutKey(ended: DealEnded, holders: readonly string[]): string {
  if (ended.kind === 'failed') return ended.because
  const lacking = holders.filter((node) => !ended.certifiedBy.includes(node))
  return lacking.length === 0 ? '' : `${lacking.join(', ')} did not take the certificate`
}

/** Each is refused in moments; more than a few that nobody's death explains are no accident. */
const heldMax = 8

/**
 * 1 when this was a try, 0 when it began nothing: a share of its epoch lies at a Station from a
 * dealing that died, and the next is above it. Whoever was started again knows no such epoch.
 */
export function triesSpent(ended: DealEnded, above: number): 0 | 1 {
  return ended.kind === 'failed' && ended.reason === 'EPOCH' && above <= heldMax ? 0 : 1
}
