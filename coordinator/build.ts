// The bytes of an EVM transfer, inside its intent's bounds: the nonce from the reservation line,
// fees from the endpoints, never more than `maxFee` all together. Nodes judge the result; here the
// own encoder is compared with an independent one, because a wrong byte found now costs nothing.
// Replacements (the walk, 7): same nonce, same effect, both fee fields raised by the policy's step.
import { Transaction } from 'ethers'
import { chainOf } from '../policy/chain/chains.ts'
import { type EvmTransaction, encodeUnsigned, transferCall } from '../policy/chain/evm.ts'
import type { Effect, Fee, Intent } from '../policy/intent.ts'
import { toHex } from '../proto/crypto.ts'
import { refuse } from '../proto/refusal.ts'
import type { Call, ChainRpc, Prices } from './chain-rpc/rpc.ts'

export interface BuildOrder {
  readonly intent: Intent
  /** Address of the vault's key at the intent's path. */
  readonly from: string
  /** Nonce of the reservation line. */
  readonly slot: string
  /** The last attempt's fee and the policy's step, when this replaces its transaction. */
  readonly bump?: { readonly last: Fee; readonly percent: number }
  /** Signed days later, and never bumped: the price may rise to all that the intent allows. */
  readonly isPatient?: boolean
}

export type Built =
  | { readonly kind: 'built'; readonly bytes: Uint8Array; readonly effect: Effect }
  /** Not now: asked again later it may succeed. */
  | { readonly kind: 'later'; readonly code: 'FEE' | 'CHAIN_UNAVAILABLE'; readonly because: string }

/** Throws `Unavailable` when no endpoint answers. */
export async function buildTransfer(rpc: ChainRpc, order: BuildOrder): Promise<Built> {
  const { intent, bump } = order
  if (intent.op !== 'evm.transfer' && intent.op !== 'erc20.transfer') {
    return refuse('NOT_SUPPORTED', `expected a transfer on an EVM network, got ${intent.op}`)
  }
  const call = callOf(order)
  const gas = bump === undefined ? await gasLimit(rpc, call) : bump.last.max / bump.last.price
  if (typeof gas === 'string') return { kind: 'later', code: 'CHAIN_UNAVAILABLE', because: gas }
  const market = await rpc.prices()
  const fees = bump === undefined ? market : raised(market, bump)
  const priceMax = intent.maxFee / gas
  if (fees.base + fees.tip > priceMax) {
    const because = `gas price: expected at most ${priceMax}, got ${fees.base + fees.tip}`
    return { kind: 'later', code: 'FEE', because }
  }
  // Room for the base fee to double before the transaction is stuck, if the intent allows it.
  const wanted = 2n * fees.base + fees.tip
  const price = wanted < priceMax && order.isPatient !== true ? wanted : priceMax
  const bytes = encodeBoth({
    chainId: BigInt(intent.network.replace(/^eip155:/, '')),
    nonce: BigInt(order.slot),
    tip: fees.tip,
    price,
    gasLimit: gas,
    to: call.to,
    value: call.value,
    calldata: call.calldata,
  })
  return { kind: 'built', bytes, effect: chainOf(intent.network).decode(bytes) }
}

function callOf({ intent, from }: BuildOrder): Call {
  if (intent.op === 'evm.transfer') {
    return { from, to: intent.to, value: intent.amount, calldata: new Uint8Array(0) }
  }
  const calldata = transferCall(intent.to, intent.amount)
  return { from, to: intent.contract, value: 0n, calldata }
}

const plainTransferGas = 21_000n

/** A quarter more than estimated, because state moves; a plain transfer costs the same for ever. */
async function gasLimit(rpc: ChainRpc, call: Call): Promise<bigint | string> {
  const answer = await rpc.gas(call)
  if (answer.kind === 'reverts') return `the transfer would fail now: ${answer.because}`
  return answer.gas === plainTransferGas ? answer.gas : (answer.gas * 5n) / 4n
}

/** Prices at which both fee fields are at least the step above the last ones. */
function raised(market: Prices, bump: { readonly last: Fee; readonly percent: number }): Prices {
  const step = (value: bigint): bigint => (value * BigInt(100 + bump.percent) + 99n) / 100n
  const tip = larger(market.tip, step(bump.last.tip))
  const price = step(bump.last.price)
  return { tip, base: larger(market.base, price - tip) }
}

function larger(a: bigint, b: bigint): bigint {
  return a > b ? a : b
}

function encodeBoth(transaction: EvmTransaction): Uint8Array {
  const bytes = encodeUnsigned(transaction)
  const other = Transaction.from({
    type: 2,
    chainId: transaction.chainId,
    nonce: Number(transaction.nonce),
    maxPriorityFeePerGas: transaction.tip,
    maxFeePerGas: transaction.price,
    gasLimit: transaction.gasLimit,
    to: transaction.to,
    value: transaction.value,
    data: `0x${toHex(transaction.calldata)}`,
  })
  if (other.unsignedSerialized !== `0x${toHex(bytes)}`) {
    throw new Error('two encoders disagree about one transaction')
  }
  return bytes
}
