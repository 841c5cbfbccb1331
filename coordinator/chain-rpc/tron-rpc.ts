// TronRpc: what a coordinator asks of the endpoints of a Tron network. Nothing an endpoint says is
// an authority: fees stay inside the intent, a reference block is checked as far as its own bytes
// go, and what became final closes a request and frees nothing.
import type { ChainRpc, GasAnswer } from './rpc.ts'

/** A solidified block, to which a transaction refers (TAPOS). */
export interface Reference {
  readonly number: bigint
  /** 32 bytes. */
  readonly id: Uint8Array
  /** Milliseconds. */
  readonly timestamp: number
}

/** Sun. */
export interface TronPrices {
  readonly energy: bigint
  /** For one byte of bandwidth. */
  readonly bandwidth: bigint
  /** What a transfer of the coin burns when its recipient does not exist yet. */
  readonly activation: bigint
}

/** A call of a contract that changes nothing, in base58 addresses. */
export interface TronCall {
  readonly from: string
  readonly contract: string
  readonly calldata: Uint8Array
}

/** Throws `Unavailable` when no endpoint answers. */
export interface TronRpc extends Pick<ChainRpc, 'send' | 'minedAt'> {
  readonly kind: 'tron'
  reference(): Promise<Reference>
  prices(): Promise<TronPrices>
  energy(call: TronCall): Promise<GasAnswer>
  /**
   * Whether two endpoints, each after it had solidified a block well past `until`, do not have the
   * transaction. One is not enough.
   */
  isGone(txid: string, until: number): Promise<boolean>
}
