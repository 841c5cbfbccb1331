// The chain's questions for EVM networks. Which form of transaction and which call may pass is said
// by whoever asks, from the policy; without a word only type-2 transfers do.
import { keccak256 } from '../../proto/crypto.ts'
import { type Accepts, type Chain, plainTransfers } from './chain.ts'
import { attachType2, type EvmTransaction, evmAddress, parseUnsigned, shape } from './evm.ts'
import { effectOf } from './evm-effect.ts'
import { attachLegacy, parseLegacy } from './evm-legacy.ts'

export function evmChain(chainId: bigint): Chain {
  return {
    decode: (bytes, accepts = plainTransfers) =>
      effectOf(readAccepted(bytes, chainId, accepts), bytes, accepts),
    digest: (bytes) => keccak256(bytes),
    attach: (bytes, signature) =>
      isLegacy(bytes)
        ? attachLegacy(parseLegacy(bytes, chainId), signature)
        : attachType2(parseUnsigned(bytes, chainId), signature),
    address: evmAddress,
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
