// Numbers and words of Ethereum JSON-RPC, in the one form that they have; every other form is no
// answer.
import { refuse } from '../../proto/refusal.ts'
import { unavailable } from './post.ts'

const quantityForm = /^0x(?:0|[1-9a-f][0-9a-f]{0,63})$/
const wordForm = /^0x[0-9a-f]{64}$/

export function readQuantity(value: unknown): bigint {
  if (typeof value !== 'string' || !quantityForm.test(value)) {
    throw unavailable('expected a quantity in hex')
  }
  return BigInt(value)
}

export function quantity(value: bigint): string {
  return value < 0n ? refuse('INTERNAL', 'negative quantity') : `0x${value.toString(16)}`
}

/** 32 bytes. */
export function isWord(value: unknown): value is string {
  return typeof value === 'string' && wordForm.test(value)
}
