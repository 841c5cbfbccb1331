// The chain's questions for EVM networks. Which form of transaction and which call may pass is said
// by whoever asks, from the policy; without a word only type-2 transfers do. A message is no
// transaction, and bytes are the one or the other by their first byte.
import { concat, keccak256, toHex } from '../../proto/crypto.ts'
import type { Effect } from '../intent.ts'
import {
  type Accepts,
  type Chain,
  plainTransfers,
  type Signature,
  type SignedTransaction,
} from './chain.ts'
import { attachType2, type EvmTransaction, evmAddress, parseUnsigned, shape } from './evm.ts'
import { effectOf } from './evm-effect.ts'
import { attachLegacy, parseLegacy } from './evm-legacy.ts'
import {
  decodeMessage,
  encodeMessage,
  isMessageBytes,
  messageDigest,
  messageText,
  parseMessage,
} from './evm-message.ts'

export function evmChain(chainId: bigint): Chain {
  return {
    decode: (bytes, accepts = plainTransfers) =>
      accepts.message === true
        ? messageEffect(bytes, chainId)
        : effectOf(readAccepted(bytes, chainId, accepts), bytes, accepts),
    digest: (bytes) =>
      isMessageBytes(bytes) ? messageDigest(decodeMessage(bytes)) : keccak256(bytes),
    attach: (bytes, signature) => attach(bytes, chainId, signature),
    message: (text) => encodeMessage(parseMessage(text)),
    address: evmAddress,
  }
}

function attach(bytes: Uint8Array, chainId: bigint, signature: Signature): SignedTransaction {
  if (isMessageBytes(bytes)) {
    const { r, s, v } = signature
    const digest = messageDigest(decodeMessage(bytes))
    return { raw: concat(r, s, Uint8Array.of(27 + v)), txid: `0x${toHex(digest)}` }
  }
  return isLegacy(bytes)
    ? attachLegacy(parseLegacy(bytes, chainId), signature)
    : attachType2(parseUnsigned(bytes, chainId), signature)
}

/** A message does nothing on its chain; whatever it says, it says to its contract or to people. */
function messageEffect(bytes: Uint8Array, chainId: bigint): Effect {
  const message = decodeMessage(bytes)
  const domain = message.kind === 'typed' ? message.typed.domain : undefined
  return {
    network: `eip155:${domain?.chainId ?? chainId}`,
    op: 'evm.message',
    contract: '',
    to: domain?.verifyingContract ?? '',
    amount: 0n,
    message: messageText(message),
    from: '',
    until: undefined,
    slot: '',
    fee: { max: 0n, price: 0n, tip: 0n },
    digest: messageDigest(message),
    bytes,
  }
}

function readAccepted(bytes: Uint8Array, chainId: bigint, { forms }: Accepts): EvmTransaction {
  if (!isLegacy(bytes)) {
    const transaction = parseUnsigned(bytes, chainId)
    return forms.includes('type-2') ? transaction : shape('type-2', 'a type 2 transaction')
  }
  if (!forms.includes('legacy')) shape('legacy', 'a legacy transaction')
  return parseLegacy(bytes, chainId)
}

/** EIP-2718: a first byte from 0xc0 on begins the list of a legacy transaction. */
function isLegacy(bytes: Uint8Array): boolean {
  return (bytes[0] ?? 0) >= 0xc0
}
