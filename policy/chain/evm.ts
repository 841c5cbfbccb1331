// EVM transactions, type 2 (EIP-1559, EIP-2718): the chain's questions, answered strictly. Accepted
// are a transfer of the native coin (value, no calldata) and an ERC-20 `transfer` (68 bytes, no
// value); everything else is refused, what is known to be dangerous under its own name.
// INVARIANT: encodeUnsigned(parseUnsigned(b)) = b, so bytes and meaning cannot differ.
// Whether the transfer is the right one is judged by `admit`, not here.
import { concat, equalBytes, keccak256, toHex, toUtf8 } from '../../proto/crypto.ts'
import { limits } from '../../proto/limits.ts'
import { refuse } from '../../proto/refusal.ts'
import type { Effect } from '../intent.ts'
import type { Chain, Signature, SignedTransaction } from './chain.ts'
import { pointBytes } from './derive.ts'
import { decodeInteger, decodeRlp, encodeInteger, encodeRlp, type Rlp } from './rlp.ts'

/** An unsigned type-2 transaction; the access list is always empty. */
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

export function evmChain(chainId: bigint): Chain {
  return {
    decode: (bytes) => effectOf(parseUnsigned(bytes, chainId), bytes),
    digest: (bytes) => keccak256(bytes),
    attach: (bytes, signature) => attach(parseUnsigned(bytes, chainId), signature),
    address: evmAddress,
  }
}

export function encodeUnsigned(transaction: EvmTransaction): Uint8Array {
  return concat(Uint8Array.of(typeByte), encodeRlp(fieldsOf(transaction)))
}

/** Strict and total: the result encodes to the same bytes or there is no result. */
export function parseUnsigned(bytes: Uint8Array, chainId: bigint): EvmTransaction {
  if (bytes.length > limits.transactionBytesMax) shape('size', 'a transaction of this size')
  requireType2(bytes[0])
  const fields = decodeRlp(bytes.subarray(1))
  if (fields instanceof Uint8Array || fields.length !== fieldCount) {
    return shape('fields', `type 2 without exactly ${fieldCount} unsigned fields`)
  }
  const transaction: EvmTransaction = {
    chainId: decodeInteger(fields[0], 8, 'chain id'),
    nonce: decodeInteger(fields[1], 8, 'nonce'),
    tip: decodeInteger(fields[2], 32, 'max priority fee'),
    price: decodeInteger(fields[3], 32, 'max fee'),
    gasLimit: decodeInteger(fields[4], 8, 'gas limit'),
    to: readTo(fields[5]),
    value: decodeInteger(fields[6], 32, 'value'),
    calldata: fields[7] instanceof Uint8Array ? fields[7] : shape('calldata', 'calldata as a list'),
  }
  requireEmptyList(fields[8])
  if (transaction.chainId !== chainId) {
    shape('chain-id', `expected chain id ${chainId}, got ${transaction.chainId}`)
  }
  // Yellow paper, G_transaction: with less no chain takes it.
  if (transaction.gasLimit < 21_000n) shape('gas-limit', `${transaction.gasLimit} gas, not 21000`)
  if (transaction.tip > transaction.price) shape('tip', 'a tip above the maximum fee')
  if (!equalBytes(encodeUnsigned(transaction), bytes)) shape('canonical', 'bytes in another form')
  return transaction
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

function readTo(field: Rlp | undefined): string {
  if (!(field instanceof Uint8Array)) return shape('to', 'a recipient that is no address')
  if (field.length === 0) return deny('contract-creation')
  if (field.length !== 20) return shape('to', `a recipient of ${field.length} bytes`)
  return `0x${toHex(field)}`
}

function requireEmptyList(field: Rlp | undefined): void {
  if (field instanceof Uint8Array || field?.length !== 0) shape('access-list', 'an access list')
}

function effectOf(transaction: EvmTransaction, bytes: Uint8Array): Effect {
  const { chainId, nonce, price, tip, gasLimit } = transaction
  const transfer = transaction.calldata.length === 0 ? native(transaction) : token(transaction)
  if (transfer.to === zeroEvmAddress) refuse('BYTES_TO', 'expected a recipient, got zero')
  return {
    network: `eip155:${chainId}`,
    ...transfer,
    slot: nonce.toString(),
    fee: { max: gasLimit * price, price, tip },
    digest: keccak256(bytes),
    bytes,
  }
}

type Transfer = Pick<Effect, 'op' | 'contract' | 'to' | 'amount'>

function native({ to, value }: EvmTransaction): Transfer {
  if (value === 0n) shape('zero-amount', 'a transfer of nothing')
  return { op: 'evm.transfer', contract: '', to, amount: value }
}

function token({ to, value, calldata }: EvmTransaction): Transfer {
  requireTransfer(calldata)
  if (value !== 0n) shape('value-beside-call', 'native value beside a token call')
  if (calldata.length !== 68) shape('calldata', `calldata of ${calldata.length} bytes, not 68`)
  if (calldata.subarray(4, 16).some((byte) => byte !== 0)) {
    shape('dirty-address', 'an address word with dirty upper bytes')
  }
  const amount = BigInt(`0x${toHex(calldata.subarray(36))}`)
  if (amount === 0n) shape('zero-amount', 'a transfer of nothing')
  const recipient = `0x${toHex(calldata.subarray(16, 36))}`
  return { op: 'erc20.transfer', contract: to, to: recipient, amount }
}

function requireTransfer(calldata: Uint8Array): void {
  const selector = calldata.subarray(0, 4)
  if (equalBytes(selector, transferSelector)) return
  deny(deniedCalls.get(toHex(selector)) ?? 'unknown-call')
}

const selectorOf = (signature: string): Uint8Array => keccak256(toUtf8(signature)).subarray(0, 4)

const transferSelector = selectorOf('transfer(address,uint256)')

/** EIP-3009. */
const authorization = 'address,address,uint256,uint256,uint256,bytes32,uint8,bytes32,bytes32'

/** Calls that move or lend more than one payment; named, so that a log shows what was tried. */
const deniedCalls: ReadonlyMap<string, string> = new Map(
  [
    'approve(address,uint256)',
    'increaseAllowance(address,uint256)',
    'decreaseAllowance(address,uint256)',
    'transferFrom(address,address,uint256)',
    'permit(address,address,uint256,uint256,uint8,bytes32,bytes32)',
    'permit(address,address,uint256,uint256,bool,uint8,bytes32,bytes32)',
    `transferWithAuthorization(${authorization})`,
    `receiveWithAuthorization(${authorization})`,
    'setApprovalForAll(address,bool)',
    'multicall(bytes[])',
    'multicall(uint256,bytes[])',
    'multicall(bytes32,bytes[])',
    'aggregate((address,bytes)[])',
    'execTransaction(address,uint256,bytes,uint8,uint256,uint256,uint256,address,address,bytes)',
    'execute(address,uint256,bytes)',
    'upgradeTo(address)',
    'upgradeToAndCall(address,bytes)',
    'transferOwnership(address)',
  ].map((signature) => [
    toHex(selectorOf(signature)),
    signature.slice(0, signature.indexOf('(')).replace(/[A-Z]/g, (c) => `-${c.toLowerCase()}`),
  ]),
)

function attach(transaction: EvmTransaction, signature: Signature): SignedTransaction {
  const { r, s, v } = signature
  const fields = [...fieldsOf(transaction), encodeInteger(BigInt(v)), trimmed(r), trimmed(s)]
  const raw = concat(Uint8Array.of(typeByte), encodeRlp(fields))
  return { raw, txid: `0x${toHex(keccak256(raw))}` }
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

function addressBytes(text: string): Uint8Array {
  return encodeFixed(BigInt(parseEvmAddress(text)), 20)
}

function word(bytes: Uint8Array): Uint8Array {
  if (bytes.length > 32) refuse('MALFORMED', 'amount: above 2^256-1')
  return concat(new Uint8Array(32 - bytes.length), bytes)
}

function encodeFixed(value: bigint, length: number): Uint8Array {
  const bytes = encodeInteger(value)
  return concat(new Uint8Array(length - bytes.length), bytes)
}

function trimmed(bytes: Uint8Array): Uint8Array {
  return encodeInteger(BigInt(`0x${toHex(bytes)}`))
}

function shape(rule: string, got: string): never {
  return refuse('BYTES_SHAPE', `expected a plain type 2 transfer, got ${got}`, rule)
}

function deny(rule: string): never {
  return refuse('BYTES_OP', `expected a plain type 2 transfer, got ${rule}`, rule)
}
