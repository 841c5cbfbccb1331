// An address as people type or paste it, to the one form that documents use. Mixed case carries a
// checksum (EIP-55) and must be right; one case alone carries none and is taken as it stands.
// Whose address it is, is another question: see `intent.ts`.
import { parseAddress } from '../policy/chain/chains.ts'
import { keccak256, toHex, toUtf8 } from '../proto/crypto.ts'
import { refuse } from '../proto/refusal.ts'

export function typedAddress(network: string, typed: string): string {
  if (!network.startsWith('eip155:')) return parseAddress(network, typed, 'to')
  const digits = typed.replace(/^0x/, '')
  const mixed = /[a-f]/.test(digits) && /[A-F]/.test(digits)
  if (mixed && digits !== checksummed(digits.toLowerCase())) {
    refuse('INVALID_INTENT', 'to: the checksum of this address is wrong')
  }
  return parseAddress(network, `0x${digits.toLowerCase()}`, 'to')
}

function checksummed(digits: string): string {
  const hash = toHex(keccak256(toUtf8(digits)))
  const upper = (index: number): boolean => Number.parseInt(hash.charAt(index), 16) >= 8
  return [...digits].map((digit, i) => (upper(i) ? digit.toUpperCase() : digit)).join('')
}
