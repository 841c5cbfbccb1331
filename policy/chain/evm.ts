// EVM transactions, type 2 (EIP-1559, EIP-2718), as bytes: read, written and signed strictly. The
// older form is `evm-legacy.ts`; what the calldata does is read in `evm-effect.ts`.
// INVARIANT: encodeUnsigned(parseUnsigned(b)) = b, so bytes and meaning cannot differ.
import { concat, equalBytes, keccak256, toHex } from '../../proto/crypto.ts'
import { limits } from '../../proto/limits.ts'
import { refuse } from '../../proto/refusal.ts'
import type { Signature, SignedTransaction } from './chain.ts'
import { pointBytes } from './derive.ts'
import { selectorOf } from './evm-selectors.ts'
import { decodeInteger, decodeRlp, encodeInteger, encodeRlp, type Rlp } from './rlp.ts'

/** An unsigned transaction; the access list is always empty. A legacy one has `tip` = `price`. */
export interface EvmTransaction {
  readonly chainId: bigint
  readonly nonce: bigint
  readonly tip: bigint
  readonly price: bigint
  readonly gasLimit: bigint
  /** Lower-case 0x hex. */
  readonly to: string
  readonly value: bigint
  readonly calldata: Uint8Array
}

export function encodeUnsigned(transaction: EvmTransaction): Uint8Array {
  return concat(Uint8Array.of(typeByte), encodeRlp(fieldsOf(transaction)))
}

/** Strict and total: the result encodes to the same bytes or there is no result. */
export function parseUnsigned(bytes: Uint8Array, chainId: bigint): EvmTransaction {
  if (bytes.length > limits.transactionBytesMax) shape('size', 'a transaction of this size')
  requireType2(bytes[0])
  const fields = fieldsIn(bytes.subarray(1), 'type 2')
  const transaction: EvmTransaction = {
    chainId: decodeInteger(fields[0], 8, 'chain id'),
    nonce: decodeInteger(fields[1], 8, 'nonce'),
    tip: decodeInteger(fields[2], 32, 'max priority fee'),
    price: decodeInteger(fields[3], 32, 'max fee'),
    gasLimit: decodeInteger(fields[4], 8, 'gas limit'),
    to: readTo(fields[5]),
    value: decodeInteger(fields[6], 32, 'value'),
    calldata: readCalldata(fields[7]),
  }
  requireEmptyList(fields[8])
  requireFor(chainId, transaction)
  if (transaction.tip > transaction.price) shape('tip', 'a tip above the maximum fee')
  if (!equalBytes(encodeUnsigned(transaction), bytes)) shape('canonical', 'bytes in another form')
  return transaction
}

export function attachType2(transaction: EvmTransaction, signature: Signature): SignedTransaction {
  const { r, s, v } = signature
  const fields = [...fieldsOf(transaction), encodeInteger(BigInt(v)), trimmed(r), trimmed(s)]
  const raw = concat(Uint8Array.of(typeByte), encodeRlp(fields))
  return { raw, txid: `0x${toHex(keccak256(raw))}` }
}

/** The nine unsigned fields that both forms have. */
export function fieldsIn(list: Uint8Array, what: string): readonly Rlp[] {
  const fields = decodeRlp(list)
  if (fields instanceof Uint8Array || fields.length !== fieldCount) {
    return shape('fields', `${what} without exactly ${fieldCount} unsigned fields`)
  }
  return fields
}

/** What holds of every transaction of a chain, whatever its form. */
export function requireFor(chainId: bigint, transaction: EvmTransaction): void {
  if (transaction.chainId !== chainId) {
    shape('chain-id', `expected chain id ${chainId}, got ${transaction.chainId}`)
  }
  // Yellow paper, G_transaction: with less no chain takes it.
  const { gasLimit } = transaction
  if (gasLimit < 21_000n) shape('gas-limit', `${gasLimit} gas, not 21000`)
  // No block would take more, and at a low price `maxFee` bounds little: the nonce would be stuck.
  const most = limits.transactionGasMax
  if (gasLimit > most) shape('gas-limit', `${gasLimit} gas, expected at most ${most}`)
}

/** Calldata of `transfer(address,uint256)`. */
export function transferCall(to: string, amount: bigint): Uint8Array {
  return concat(transferSelector, word(addressBytes(to)), word(encodeInteger(amount)))
}

/** keccak of the uncompressed point, last 20 bytes (yellow paper, appendix F). */
export function evmAddress(publicKey: Uint8Array): string {
  return `0x${toHex(keccak256(pointBytes(publicKey)).subarray(12))}`
}

const addressForm = /^0x[0-9a-f]{40}$/

export const zeroEvmAddress = `0x${'0'.repeat(40)}`

/** Lower case only: EIP-55 capitals are checked where people type, not in documents. */
export function parseEvmAddress(text: string, what = 'address'): string {
  if (!addressForm.test(text)) refuse('MALFORMED', `${what}: expected 0x and 40 lower-case hex`)
  return text
}

export const transferSelector = selectorOf('transfer(address,uint256)')

const typeByte = 0x02
const fieldCount = 9

/** EIP-2718 types; a first byte from 0xc0 on is the list of a legacy transaction. */
function requireType2(first: number | undefined): void {
  if (first === typeByte) return
  if (first === 0x01) shape('access-list-type', 'transaction type 1')
  if (first === 0x03) shape('blob', 'transaction type 3')
  if (first === 0x04) deny('eip-7702')
  if (first === 0x19) deny('message')
  if (first !== undefined && first >= 0xc0) shape('legacy', 'a legacy transaction')
  shape('type', `transaction type ${first ?? 'nothing'}`)
}

export function readTo(field: Rlp | undefined): string {
  if (!(field instanceof Uint8Array)) return shape('to', 'a recipient that is no address')
  if (field.length === 0) return deny('contract-creation')
  if (field.length !== 20) return shape('to', `a recipient of ${field.length} bytes`)
  return `0x${toHex(field)}`
}

export function readCalldata(field: Rlp | undefined): Uint8Array {
  return field instanceof Uint8Array ? field : shape('calldata', 'calldata as a list')
}

function requireEmptyList(field: Rlp | undefined): void {
  if (field instanceof Uint8Array || field?.length !== 0) shape('access-list', 'an access list')
}

function fieldsOf(transaction: EvmTransaction): readonly Rlp[] {
  const { chainId, nonce, tip, price, gasLimit, to, value, calldata } = transaction
  return [
    ...[chainId, nonce, tip, price, gasLimit].map(encodeInteger),
    addressBytes(to),
    encodeInteger(value),
    calldata,
    [],
  ]
}

export function addressBytes(text: string): Uint8Array {
  return encodeFixed(BigInt(parseEvmAddress(text)), 20)
}

export function word(bytes: Uint8Array): Uint8Array {
  if (bytes.length > 32) refuse('MALFORMED', 'amount: above 2^256-1')
  return concat(new Uint8Array(32 - bytes.length), bytes)
}

function encodeFixed(value: bigint, length: number): Uint8Array {
  const bytes = encodeInteger(value)
  return concat(new Uint8Array(length - bytes.length), bytes)
}

export function trimmed(bytes: Uint8Array): Uint8Array {
  return encodeInteger(BigInt(`0x${toHex(bytes)}`))
}

export function shape(rule: string, got: string): never {
  return refuse('BYTES_SHAPE', `expected a plain type 2 transfer, got ${got}`, rule)
}

export function deny(rule: string): never {
  return refuse('BYTES_OP', `expected a plain type 2 transfer, got ${rule}`, rule)
}
