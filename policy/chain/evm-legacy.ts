// EVM transactions of the first form, with the chain id in what is signed (EIP-155). Only where a
// network's policy asks for them: some chains and services know nothing newer. One price is paid
// whole, so it stands as price and as tip, and a replacement that raises both raises it.
// INVARIANT: encodeLegacy(parseLegacy(b)) = b. A list of six fields, which any chain would take, is
// refused.
import { equalBytes, keccak256, toHex } from '../../proto/crypto.ts'
import { limits } from '../../proto/limits.ts'
import type { Signature, SignedTransaction } from './chain.ts'
import {
  addressBytes,
  type EvmTransaction,
  fieldsIn,
  readCalldata,
  readTo,
  requireFor,
  shape,
  trimmed,
} from './evm.ts'
import { decodeInteger, encodeInteger, encodeRlp, type Rlp } from './rlp.ts'

export function encodeLegacy(transaction: EvmTransaction): Uint8Array {
  const nothing = encodeInteger(0n)
  return encodeRlp([...fieldsOf(transaction), encodeInteger(transaction.chainId), nothing, nothing])
}

/** Strict and total: the result encodes to the same bytes or there is no result. */
export function parseLegacy(bytes: Uint8Array, chainId: bigint): EvmTransaction {
  if (bytes.length > limits.transactionBytesMax) shape('size', 'a transaction of this size')
  const fields = fieldsIn(bytes, 'a legacy transaction')
  const price = decodeInteger(fields[1], 32, 'gas price')
  const transaction: EvmTransaction = {
    chainId: decodeInteger(fields[6], 8, 'chain id'),
    nonce: decodeInteger(fields[0], 8, 'nonce'),
    tip: price,
    price,
    gasLimit: decodeInteger(fields[2], 8, 'gas limit'),
    to: readTo(fields[3]),
    value: decodeInteger(fields[4], 32, 'value'),
    calldata: readCalldata(fields[5]),
  }
  requireFor(chainId, transaction)
  // Also where r and s stand in what is signed: both must be nothing.
  if (!equalBytes(encodeLegacy(transaction), bytes)) shape('canonical', 'bytes in another form')
  return transaction
}

/** EIP-155: v = 35 + 2 * chain id + parity. */
export function attachLegacy(
  transaction: EvmTransaction,
  { r, s, v }: Signature,
): SignedTransaction {
  const written = encodeInteger(35n + 2n * transaction.chainId + BigInt(v))
  const raw = encodeRlp([...fieldsOf(transaction), written, trimmed(r), trimmed(s)])
  return { raw, txid: `0x${toHex(keccak256(raw))}` }
}

function fieldsOf({ nonce, price, gasLimit, to, value, calldata }: EvmTransaction): readonly Rlp[] {
  const numbers = [nonce, price, gasLimit].map(encodeInteger)
  return [...numbers, addressBytes(to), encodeInteger(value), calldata]
}
