// The bytes of an EVM transfer, inside its intent's bounds: the nonce from the reservation line,
// fees from the endpoints, never more than `maxFee` all together. Nodes judge the result; here the
// own encoder is compared with an independent one, because a wrong byte found now costs nothing.
// Replacements (the walk, 7): same nonce, same effect, both fee fields raised by the policy's step.
import { Transaction } from 'ethers'
import { acceptsFor, type Form } from '../../policy/chain/chain.ts'
import { chainOf } from '../../policy/chain/chains.ts'
import { type EvmTransaction, encodeUnsigned, transferCall } from '../../policy/chain/evm.ts'
import { encodeCall, parseCall } from '../../policy/chain/evm-call.ts'
import { encodeLegacy } from '../../policy/chain/evm-legacy.ts'
import { type Intent, isCancel } from '../../policy/intent.ts'
import { toHex } from '../../proto/crypto.ts'
import { limits } from '../../proto/limits.ts'
import { refuse } from '../../proto/refusal.ts'
import type { BuildOrder, Built } from './ledger.ts'
import type { Call, ChainRpc, Prices } from './rpc.ts'

export interface EvmOrder extends Pick<BuildOrder, 'intent' | 'from' | 'slot' | 'bump'> {
  readonly isPatient?: boolean
  /** As the policy asks for its network; type 2 when nothing is said. */
  readonly form?: Form | undefined
}

/** Throws `Unavailable` when no endpoint answers. */
export async function buildTransfer(rpc: ChainRpc, order: EvmOrder): Promise<Built> {
  const { intent, bump } = order
  if (!isEvm(intent.op)) {
    return refuse('NOT_SUPPORTED', `expected an operation of an EVM network, got ${intent.op}`)
  }
  const call = callOf(order)
  const isPlain = isCancel(intent.op)
  const gas = isPlain ? plainTransferGas : (gasOf(bump) ?? (await gasLimit(rpc, call)))
  if (typeof gas === 'string') return { kind: 'later', code: 'CHAIN_UNAVAILABLE', because: gas }
  const market = await rpc.prices(bump && 'stuck')
  const { form = 'type-2' } = order
  const fees = form === 'legacy' ? onePrice(market, bump) : raised(market, bump)
  const priceMax = intent.maxFee / gas
  if (fees.base + fees.tip > priceMax) {
    const because = `gas price: expected at most ${priceMax}, got ${fees.base + fees.tip}`
    return { kind: 'later', code: 'FEE', because }
  }
  const wanted = wantedPrice(order, fees)
  const price = wanted !== undefined && wanted < priceMax ? wanted : priceMax
  const bytes = encodeBoth(form, {
    chainId: BigInt(intent.network.replace(/^eip155:/, '')),
    nonce: BigInt(order.slot),
    tip: form === 'legacy' ? price : fees.tip,
    price,
    gasLimit: gas,
    to: call.to,
    value: call.value,
    calldata: call.calldata,
  })
  const effect = chainOf(intent.network).decode(bytes, acceptsFor(intent, { forms: [form] }))
  return { kind: 'built', bytes, effect }
}

/**
 * Type 2: room for the base fee to double before the transaction is stuck, and all that is allowed
 * for what waits, because what is not needed is not paid. A legacy price is paid whole: half again.
 */
function wantedPrice(order: EvmOrder, { base, tip }: Prices): bigint | undefined {
  const { form, bump, isPatient = false } = order
  if (form === 'legacy') return bump === undefined ? (base * (isPatient ? 4n : 3n)) / 2n : base
  return isPatient ? undefined : 2n * base + tip
}

function callOf({ intent, from }: EvmOrder): Call {
  if (intent.call !== undefined) {
    const calldata = encodeCall(parseCall(intent.call))
    return { from, to: intent.to, value: intent.amount, calldata }
  }
  if (intent.op === 'evm.transfer' || isCancel(intent.op)) {
    return { from, to: intent.to, value: intent.amount, calldata: new Uint8Array(0) }
  }
  const calldata = transferCall(intent.to, intent.amount)
  return { from, to: intent.contract, value: 0n, calldata }
}

function isEvm(op: Intent['op']): boolean {
  return op === 'evm.transfer' || op === 'erc20.transfer' || op === 'evm.call' || isCancel(op)
}

const plainTransferGas = 21_000n
/** With a quarter on top it is what a node takes. */
const estimateMax = (BigInt(limits.transactionGasMax) * 4n) / 5n

/** A replacement keeps its gas, which a fee of nothing does not tell. */
function gasOf(bump: Bump | undefined): bigint | undefined {
  return bump === undefined || bump.last.price === 0n ? undefined : bump.last.max / bump.last.price
}

/** A quarter more than estimated, because state moves; a plain transfer costs the same for ever. */
async function gasLimit(rpc: ChainRpc, call: Call): Promise<bigint | string> {
  const answer = await rpc.gas(call)
  if (answer.kind === 'reverts') return `the transfer would fail now: ${answer.because}`
  if (answer.gas < plainTransferGas || answer.gas > estimateMax) {
    return `gas: expected from ${plainTransferGas} to ${estimateMax}, got ${answer.gas}`
  }
  return answer.gas === plainTransferGas ? answer.gas : (answer.gas * 5n) / 4n
}

type Bump = NonNullable<EvmOrder['bump']>

/** Prices at which both fee fields are at least the step above the last ones. */
function raised(market: Prices, bump: Bump | undefined): Prices {
  if (bump === undefined) return market
  const tip = larger(market.tip, step(bump.last.tip, bump))
  const price = step(bump.last.price, bump)
  return { tip, base: larger(market.base, price - tip) }
}

/** The one price of a legacy transaction. */
function onePrice({ base, tip }: Prices, bump: Bump | undefined): Prices {
  const now = base + tip
  return { base: bump === undefined ? now : larger(now, step(bump.last.price, bump)), tip: 0n }
}

/** More than before even where that was nothing: on some chains every tip is. */
function step(value: bigint, { percent }: Bump): bigint {
  return value === 0n ? 1n : (value * BigInt(100 + percent) + 99n) / 100n
}

function larger(a: bigint, b: bigint): bigint {
  return a > b ? a : b
}

function encodeBoth(form: Form, transaction: EvmTransaction): Uint8Array {
  const bytes = form === 'legacy' ? encodeLegacy(transaction) : encodeUnsigned(transaction)
  const { chainId, nonce, tip, price, gasLimit, to, value, calldata } = transaction
  const fees =
    form === 'legacy'
      ? { type: 0, gasPrice: price }
      : { type: 2, maxPriorityFeePerGas: tip, maxFeePerGas: price }
  const data = `0x${toHex(calldata)}`
  const other = Transaction.from({
    ...fees,
    chainId,
    nonce: Number(nonce),
    gasLimit,
    to,
    value,
    data,
  })
  if (other.unsignedSerialized !== `0x${toHex(bytes)}`) {
    throw new Error('two encoders disagree about one transaction')
  }
  return bytes
}
