// The bytes of a Tron transfer, inside its intent's bounds: a reference that is already solidified,
// a life no longer than the policy says, and a fee_limit that leaves room for the bandwidth. They
// are built once: the first attempt binds them for ever. Nodes judge the result; here the own
// encoder is compared with tronweb's, which is loaded when the first Tron transfer is built.
import { acceptsFor } from '../../policy/chain/chain.ts'
import { chainOf } from '../../policy/chain/chains.ts'
import { trc20Call } from '../../policy/chain/tron.ts'
import { tronBytes } from '../../policy/chain/tron-address.ts'
import { publishedPrices, type TronPrices } from '../../policy/chain/tron-prices.ts'
import { encodeRaw, type TronContract, type TronTransaction } from '../../policy/chain/tron-raw.ts'
import type { Intent, Op } from '../../policy/intent.ts'
import { fromHex, toHex } from '../../proto/crypto.ts'
import { refuse } from '../../proto/refusal.ts'
import type { Built } from './ledger.ts'
import type { TronPrices as NetworkPrices, TronRpc } from './tron-rpc.ts'

export interface TronOrder {
  readonly intent: Intent
  /** Address of the vault's key at the intent's path. */
  readonly from: string
  readonly now: number
  /** The policy's bound, for the tier of the vault. */
  readonly lifetimeMs: number
  /** The policy's, where it has any. */
  readonly prices?: TronPrices | undefined
}

/** The network takes nothing that lives longer than a day after its head block. */
const networkLifetimeMs = 24 * 3_600_000
/** For a head block that is late, and for the way to it. */
const headMarginMs = 120_000
/** The last 65,536 blocks are taken as a reference; one of this age shows a node behind. */
const referenceAgeMaxMs = 3_600_000

/** Throws `Unavailable` when no endpoint answers. */
export async function buildTronTransfer(rpc: TronRpc, order: TronOrder): Promise<Built> {
  const { intent, now, lifetimeMs } = order
  if (intent.op === 'tron.transfer' && intent.amount > BigInt(Number.MAX_SAFE_INTEGER)) {
    return later('CHAIN_UNAVAILABLE', 'an amount that tronweb cannot say, so nothing is compared')
  }
  const counted = order.prices ?? publishedPrices
  const asked = await rpc.prices()
  const dear = dearer(asked, counted, intent.op)
  if (dear !== undefined) return later('FEE', dear)
  const feeLimit = await feeLimitOf(rpc, order, asked.energy)
  if (typeof feeLimit === 'string') return later('CHAIN_UNAVAILABLE', feeLimit)
  if (feeLimit > counted.feeLimit) {
    return later('FEE', `fee_limit: expected at most ${counted.feeLimit}, got ${feeLimit}`)
  }
  const block = await rpc.reference()
  if (now - block.timestamp > referenceAgeMaxMs) {
    return later('CHAIN_UNAVAILABLE', 'the newest solidified block is more than an hour old')
  }
  const end = Math.min(now + lifetimeMs, block.timestamp + networkLifetimeMs - headMarginMs)
  const number = new Uint8Array(8)
  new DataView(number.buffer).setBigUint64(0, block.number)
  const bytes = await encodeBoth({
    refBlockBytes: number.slice(6),
    refBlockHash: block.id.slice(8, 16),
    expiration: BigInt(Math.floor(end / 1_000) * 1_000),
    timestamp: BigInt(now),
    feeLimit,
    contract: contractOf(order),
  })
  const accepts = acceptsFor(intent, { forms: [], prices: counted })
  const effect = chainOf(intent.network).decode(bytes, accepts)
  if (effect.fee.max > intent.maxFee) {
    return later('FEE', `fee: expected at most ${intent.maxFee}, got ${effect.fee.max}`)
  }
  return { kind: 'built', bytes, effect }
}

/** Of a network that charges more than is counted nothing is built: the bound would be wrong. */
function dearer(asked: NetworkPrices, counted: TronPrices, op: Op): string | undefined {
  const charged = ['bandwidth', op === 'tron.transfer' ? 'activation' : 'energy'] as const
  const name = charged.find((one) => asked[one] > counted[one])
  if (name === undefined) return undefined
  return `${name}: the network charges ${asked[name]}, expected at most ${counted[name]}`
}

/** A quarter more than estimated, because the price of a busy contract moves; 0 for the coin. */
async function feeLimitOf(
  rpc: TronRpc,
  { intent, from }: TronOrder,
  price: bigint,
): Promise<bigint | string> {
  if (intent.op === 'tron.transfer') return 0n
  const calldata = trc20Call(intent.to, intent.amount)
  const answer = await rpc.energy({ from, contract: intent.contract, calldata })
  if (answer.kind === 'reverts') return `the transfer would fail now: ${answer.because}`
  const limit = (answer.gas * price * 5n) / 4n
  return limit > 0n ? limit : 1n
}

function contractOf({ intent, from }: TronOrder): TronContract {
  const owner = tronBytes(from)
  switch (intent.op) {
    case 'tron.transfer':
      return { kind: 'transfer', owner, to: tronBytes(intent.to), amount: intent.amount }
    case 'trc20.transfer': {
      const calldata = trc20Call(intent.to, intent.amount)
      return { kind: 'trigger', owner, contract: tronBytes(intent.contract), calldata }
    }
    default:
      return refuse('NOT_SUPPORTED', `expected a transfer on Tron, got ${intent.op}`)
  }
}

function later(code: 'FEE' | 'CHAIN_UNAVAILABLE', because: string): Built {
  return { kind: 'later', code, because }
}

async function encodeBoth(transaction: TronTransaction): Promise<Uint8Array> {
  const bytes = encodeRaw(transaction)
  const { utils } = await import('tronweb')
  const pb = utils.transaction.txJsonToPb(jsonOf(transaction))
  const other = fromHex(utils.transaction.txPbToRawDataHex(pb).toLowerCase())
  if (other === undefined || toHex(other) !== toHex(bytes)) {
    throw new Error('two encoders disagree about one transaction')
  }
  return bytes
}

/** As tronweb reads transactions; whoever passes what JSON numbers cannot say sees it differ. */
function jsonOf({ contract, ...raw }: TronTransaction) {
  const type = contract.kind === 'transfer' ? 'TransferContract' : 'TriggerSmartContract'
  const value =
    contract.kind === 'transfer'
      ? { to_address: toHex(contract.to), amount: Number(contract.amount) }
      : { contract_address: toHex(contract.contract), data: toHex(contract.calldata) }
  const parameter = {
    value: { owner_address: toHex(contract.owner), ...value },
    type_url: `type.googleapis.com/protocol.${type}`,
  }
  return {
    visible: false,
    txID: '',
    raw_data_hex: '',
    raw_data: {
      contract: [{ type, parameter }],
      ref_block_bytes: toHex(raw.refBlockBytes),
      ref_block_hash: toHex(raw.refBlockHash),
      expiration: Number(raw.expiration),
      timestamp: Number(raw.timestamp),
      ...(raw.feeLimit > 0n ? { fee_limit: Number(raw.feeLimit) } : {}),
    },
  }
}
