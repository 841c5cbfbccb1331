// Ledger: what a coordinator asks of a network, of whatever kind, and how its bytes are built. One
// kind's endpoints are asked behind it; nothing an endpoint says is an authority (`rpc.ts`).

import type { Terms } from '../../policy/chain/chain.ts'
import type { Effect, Fee, Intent } from '../../policy/intent.ts'
import type { MinedAt, NoncePlace, SendAnswer, SignedElsewhere } from './rpc.ts'

export interface BuildOrder {
  readonly intent: Intent
  /** Address of the vault's key at the intent's path. */
  readonly from: string
  /** Nonce of the reservation line; empty where addresses count none. */
  readonly slot: string
  /** Milliseconds. */
  readonly now: number
  /** The policy's bound for the tier of the vault, where bytes have an end of life. */
  readonly lifetimeMs?: number | undefined
  /**
   * The last attempt's fee and the policy's step, when this replaces its transaction; of a cancel
   * the highest of those that it is to replace.
   */
  readonly bump?: { readonly last: Fee; readonly percent: number } | undefined
  /** Signed days later, and never bumped: the price may rise to all that the intent allows. */
  readonly isPatient?: boolean
  /** What the policy says of the network; a chain's own defaults where it has no such network. */
  readonly terms: Partial<Terms>
}

export type Built =
  | { readonly kind: 'built'; readonly bytes: Uint8Array; readonly effect: Effect }
  /** Not now: asked again later it may succeed. */
  | { readonly kind: 'later'; readonly code: 'FEE' | 'CHAIN_UNAVAILABLE'; readonly because: string }

/** Of a network whose addresses count what they sent. */
export interface NonceLedger {
  /** Whether a final transaction used this nonce, as two endpoints see it. One is not enough. */
  consumed(from: string, slot: bigint): Promise<boolean>
  /** The same of several addresses, in few messages. */
  consumedAmong(places: readonly NoncePlace[]): Promise<readonly boolean[]>
  /** How many nonces final transactions used; undefined where no two endpoints say the same. */
  used(from: string): Promise<bigint | undefined>
  /** What used this nonce, proved by its signature; undefined where no endpoint shows it. */
  signedAt(from: string, slot: bigint): Promise<SignedElsewhere | undefined>
}

/** Throws `Unavailable` when no endpoint answers. */
export interface Ledger {
  /** Bytes of a first attempt or of a replacement, within the intent's bounds. */
  build(order: BuildOrder): Promise<Built>
  /** Sending the same bytes again is harmless. */
  send(raw: Uint8Array): Promise<SendAnswer>
  /** Undefined while no endpoint that answers has it in a block. Final: of several, two say so. */
  minedAt(txid: string): Promise<MinedAt | undefined>
  readonly nonces?: NonceLedger
  /**
   * Where bytes have an end of life: whether two endpoints, each past `until`, do not have the
   * transaction. One is not enough.
   */
  isGone?(txid: string, until: number): Promise<boolean>
}
