// An EVM address as people type or paste it, to the one form that documents use. Whose address it
// is, is another question.
import { keccak256, toHex, toUtf8 } from '../../proto/crypto.ts'
import { refuse } from '../../proto/refusal.ts'
import { parseEvmAddress } from './evm.ts'

/** Mixed case carries a checksum (EIP-55) and must be right; one case alone carries none. */
export function typedEvmAddress(typed: string, what: string): string {
  const digits = typed.replace(/^0x/, '')
  const mixed = /[a-f]/.test(digits) && /[A-F]/.test(digits)
  if (mixed && digits !== checksummed(digits.toLowerCase())) {
    refuse('INVALID_INTENT', `${what}: the checksum of this address is wrong`)
  }
  return parseEvmAddress(`0x${digits.toLowerCase()}`, what)
}

function checksummed(digits: string): string {
  const hash = toHex(keccak256(toUtf8(digits)))
  const upper = (index: number): boolean => Number.parseInt(hash.charAt(index), 16) >= 8
  return [...digits].map((digit, i) => (upper(i) ? digit.toUpperCase() : digit)).join('')
}
