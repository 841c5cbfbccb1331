// Tron transactions: the chain's questions, answered from raw_data alone. Accepted are a transfer
// of the coin (TransferContract) and a TRC-20 `transfer` (TriggerSmartContract, 68 bytes); what may
// not be in raw_data at all is refused in `tron-raw.ts`. There is no account nonce: what may be
// used once is the bytes themselves, until their expiration.
// No chain id stands in the bytes either: only the reference block ties them to one network.
import { sha256, toHex } from '../../proto/crypto.ts'
import { refuse } from '../../proto/refusal.ts'
import type { Effect } from '../intent.ts'
import { type Chain, plainTransfers, type Signature, type SignedTransaction } from './chain.ts'
import { transferCall } from './evm.ts'
import { transferred } from './evm-effect.ts'
import { writeFields } from './protobuf.ts'
import { encodeSignature, recovered } from './signature.ts'
import { nobodyOnTron, tronAddress, tronBytes, tronText } from './tron-address.ts'
import { publishedPrices, type TronPrices } from './tron-prices.ts'
import { parseRaw, shape, type TronTransaction, textOf } from './tron-raw.ts'

export function tronChain(network: string): Chain {
  return {
    decode: (bytes, { prices = publishedPrices } = plainTransfers) =>
      effectOf(parseRaw(bytes), { network, bytes, prices }),
    digest: (bytes) => sha256(bytes),
    attach,
    txid: toHex,
    address: tronAddress,
  }
}

/** Data of TRC-20's `transfer(address,uint256)`: as on EVM networks, without the prefix. */
export function trc20Call(to: string, amount: bigint): Uint8Array {
  return transferCall(`0x${toHex(tronBytes(to).subarray(1))}`, amount)
}

/** Bytes that the network charges for: with its signature, and 64 for the result it will hold. */
export function bandwidthOf(raw: Uint8Array): bigint {
  const signed = writeFields([
    [1, raw],
    [2, new Uint8Array(65).fill(1)],
  ])
  return BigInt(signed.length + 64)
}

/** Blocks come at whole seconds, and lines of the log say whole seconds, up to the year 9999. */
const lastSecond = 253_402_300_799_000n

interface Reading {
  readonly network: string
  readonly bytes: Uint8Array
  readonly prices: TronPrices
}

function effectOf(transaction: TronTransaction, { network, bytes, prices }: Reading): Effect {
  const { expiration, contract, feeLimit } = transaction
  if (expiration % 1_000n !== 0n || expiration > lastSecond) {
    shape('expiration', `expiration ${expiration}, which no line can say`)
  }
  if (feeLimit > prices.feeLimit) {
    refuse('FEE', `fee_limit: expected at most ${prices.feeLimit}, got ${feeLimit}`)
  }
  const until = Number(expiration)
  const transfer = contract.kind === 'transfer' ? native(contract) : token(contract)
  if (transfer.to === nobodyOnTron) refuse('BYTES_TO', 'expected a recipient, got nobody')
  return {
    network,
    ...transfer,
    from: textOf(contract.owner),
    slot: '',
    fee: { max: feeOf(transaction, bytes, prices), price: 0n, tip: 0n },
    until,
    digest: sha256(bytes),
    bytes,
  }
}

/** Bandwidth as if all of it were burned, and what beside it the kind of contract can burn. */
function feeOf(
  { contract, feeLimit }: TronTransaction,
  bytes: Uint8Array,
  prices: TronPrices,
): bigint {
  const bandwidth = bandwidthOf(bytes) * prices.bandwidth
  return bandwidth + (contract.kind === 'transfer' ? prices.activation : feeLimit)
}

type Contract<K extends TronTransaction['contract']['kind']> = TronTransaction['contract'] & {
  readonly kind: K
}
type Transfer = Pick<Effect, 'op' | 'contract' | 'to' | 'amount'>

function native({ to, amount }: Contract<'transfer'>): Transfer {
  return { op: 'tron.transfer', contract: '', to: textOf(to), amount }
}

function token({ contract, calldata }: Contract<'trigger'>): Transfer {
  const { to, amount } = transferred(calldata, shape)
  return { op: 'trc20.transfer', contract: textOf(contract), to: tronText(to), amount }
}

/** `Transaction` of Tron.proto: raw_data and the 65 bytes r, s and v, which is 0 or 1. */
function attach(bytes: Uint8Array, signature: Signature): SignedTransaction {
  const owner = textOf(parseRaw(bytes).contract.owner)
  const digest = sha256(bytes)
  const key = recovered(signature, digest)
  if (key === undefined || tronAddress(key) !== owner) {
    refuse('BYTES_FROM', `expected a signature of ${owner}`)
  }
  const raw = writeFields([
    [1, bytes],
    [2, encodeSignature(signature)],
  ])
  return { raw, txid: toHex(digest) }
}
