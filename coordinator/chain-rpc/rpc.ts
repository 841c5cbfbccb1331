// ChainRpc: what a coordinator asks of a network's endpoints. Nothing an endpoint says is an
// authority: fees stay inside the intent, and what became final closes a request and frees nothing.
// No endpoint is asked for a nonce to use: the log gives it.

import type { Signature } from '../../policy/chain/chain.ts'

/** Base units for one unit of gas, now. */
export interface Prices {
  readonly base: bigint
  readonly tip: bigint
}

export interface Call {
  readonly from: string
  readonly to: string
  readonly value: bigint
  readonly calldata: Uint8Array
}

/** What it would cost, or that it would fail and why. */
export type GasAnswer =
  | { readonly kind: 'gas'; readonly gas: bigint }
  | { readonly kind: 'reverts'; readonly because: string }

export type SendAnswer =
  /** By one endpoint at least, now or before. */
  | { readonly kind: 'taken' }
  /** None says that it took it, and not all that it cannot land: it may be on its way. */
  | { readonly kind: 'unclear'; readonly because: string }
  /** Every endpoint that answered said no. */
  | { readonly kind: 'refused'; readonly because: string }

export interface MinedAt {
  readonly height: bigint
  /** Enough blocks on top, as configured. */
  readonly final: boolean
  /** False when it was mined and its call reverted. */
  readonly succeeded: boolean
  /** What its tokens say that they moved; absent where the endpoint does not tell. */
  readonly moved?: readonly Moved[]
}

/** A token's `Transfer` event. */
export interface Moved {
  readonly contract: string
  readonly to: string
  readonly amount: bigint
}

/** A transaction that a key signed, as its own signature shows. */
export interface SignedElsewhere {
  readonly txid: string
  /** What the key signed, 32 bytes. */
  readonly digest: Uint8Array
  readonly signature: Signature
}

/** One nonce of one address. */
export interface NoncePlace {
  readonly from: string
  readonly slot: bigint
}

/** Throws `Unavailable` when no endpoint answers. */
export interface ChainRpc {
  /** `stuck`: for what was priced too low to be taken, where several endpoints differ. */
  prices(why?: 'stuck'): Promise<Prices>
  gas(call: Call): Promise<GasAnswer>
  /** Sending the same bytes again is harmless. */
  send(raw: Uint8Array): Promise<SendAnswer>
  /** Undefined while no endpoint that answers has it in a block. Final: of several, two say so. */
  minedAt(txid: string): Promise<MinedAt | undefined>
  /** Whether a final transaction used this nonce, as two endpoints see it. One is not enough. */
  consumed(from: string, slot: bigint): Promise<boolean>
  /** The same of several addresses, in few messages. */
  consumedAmong(places: readonly NoncePlace[]): Promise<readonly boolean[]>
  /** How many nonces final transactions used; undefined where no two endpoints say the same. */
  used(from: string): Promise<bigint | undefined>
  /** What used this nonce, proved by its signature; undefined where no endpoint shows it. */
  signedAt(from: string, slot: bigint): Promise<SignedElsewhere | undefined>
}
