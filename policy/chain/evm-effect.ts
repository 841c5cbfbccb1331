// What an EVM transaction does when signed. A transfer of the coin is value without calldata; of a
// token it is an ERC-20 `transfer` (68 bytes, no value). Another function is read only when it was
// asked for. Everything else is refused, what is known to be dangerous under its own name.
// Whether the transfer is the right one is judged by `admit`, not here.
import { equalBytes, keccak256, toHex } from '../../proto/crypto.ts'
import { refuse } from '../../proto/refusal.ts'
import type { Effect } from '../intent.ts'
import type { Accepts } from './chain.ts'
import { deny, type EvmTransaction, shape, transferSelector, zeroEvmAddress } from './evm.ts'
import { callText, decodeCall, parseCall } from './evm-call.ts'
import { functionOf } from './evm-selectors.ts'

export function effectOf(
  transaction: EvmTransaction,
  bytes: Uint8Array,
  { call, cancel = false }: Accepts,
): Effect {
  const { chainId, nonce, price, tip, gasLimit } = transaction
  const transfer = cancel ? nothing(transaction) : paidOrCalled(transaction, call)
  if (transfer.to === zeroEvmAddress) refuse('BYTES_TO', 'expected a recipient, got zero')
  return {
    network: `eip155:${chainId}`,
    ...transfer,
    from: '',
    until: undefined,
    slot: nonce.toString(),
    fee: { max: gasLimit * price, price, tip },
    digest: keccak256(bytes),
    bytes,
  }
}

type Transfer = Pick<Effect, 'op' | 'contract' | 'to' | 'amount' | 'call'>

function paidOrCalled(transaction: EvmTransaction, call: string | undefined): Transfer {
  return call === undefined ? transferOf(transaction) : called(transaction, call)
}

/** Uses a nonce up, and does nothing else; to whom is compared with the own address. */
function nothing({ to, value, calldata, gasLimit }: EvmTransaction): Transfer {
  if (value !== 0n) shape('cancel', 'a cancel that pays')
  if (calldata.length > 0) shape('cancel', 'a cancel that calls')
  if (gasLimit !== 21_000n) shape('cancel', `a cancel with ${gasLimit} gas`)
  return { op: 'evm.cancel', contract: '', to, amount: 0n }
}

function transferOf(transaction: EvmTransaction): Transfer {
  return transaction.calldata.length === 0 ? native(transaction) : token(transaction)
}

/** Only the function that was asked for; its arguments come from the bytes. */
function called({ to, value, calldata }: EvmTransaction, asked: string): Transfer {
  const call = callText(decodeCall(parseCall(asked).form, calldata))
  return { op: 'evm.call', contract: '', to, amount: value, call }
}

function native({ to, value }: EvmTransaction): Transfer {
  if (value === 0n) shape('zero-amount', 'a transfer of nothing')
  return { op: 'evm.transfer', contract: '', to, amount: value }
}

function token({ to, value, calldata }: EvmTransaction): Transfer {
  if (value !== 0n) {
    requireTransfer(calldata)
    shape('value-beside-call', 'native value beside a token call')
  }
  const call = transferred(calldata, shape)
  return {
    op: 'erc20.transfer',
    contract: to,
    to: `0x${toHex(call.to)}`,
    amount: call.amount,
  }
}

/** Twenty bytes and base units of a `transfer(address,uint256)`, on every network that has it. */
export function transferred(
  calldata: Uint8Array,
  shape: (rule: string, got: string) => never,
): { readonly to: Uint8Array; readonly amount: bigint } {
  requireTransfer(calldata)
  if (calldata.length !== 68) shape('calldata', `calldata of ${calldata.length} bytes, not 68`)
  if (calldata.subarray(4, 16).some((byte) => byte !== 0)) {
    shape('dirty-address', 'an address word with dirty upper bytes')
  }
  const amount = BigInt(`0x${toHex(calldata.subarray(36))}`)
  if (amount === 0n) shape('zero-amount', 'a transfer of nothing')
  return { to: calldata.slice(16, 36), amount }
}

function requireTransfer(calldata: Uint8Array): void {
  const selector = calldata.subarray(0, 4)
  if (equalBytes(selector, transferSelector)) return
  const known = functionOf(selector)
  deny(known === undefined ? 'unknown-call' : known.replace(/[A-Z]/g, (c) => `-${c.toLowerCase()}`))
}
