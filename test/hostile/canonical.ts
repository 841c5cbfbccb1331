/**
 * Which bytes are a point, a scalar or a number, decided once more with nothing but integers, so
 * that the expectations of the adversary cases do not lean on the decoders that they test.
 */

import { ORDER } from '../../signer-node/dkls23/curve.ts'
import type { Leaf } from '../kit/rounds.ts'
import { numberLimits } from './meaning.ts'

/** p = 2^256 - 2^32 - 977 (SEC 2). */
export const FIELD = 2n ** 256n - 2n ** 32n - 977n

export function isCanonical({ kind, path }: Leaf, bytes: Uint8Array): boolean {
  const value = integer(bytes)
  if (kind === 'scalar') return value < ORDER
  if (kind === 'number') return value < BigInt(numberLimits[path] ?? 0)
  return kind !== 'point' || isPoint(bytes)
}

export function bigEndian(value: bigint): Uint8Array {
  return Uint8Array.from(Buffer.from(value.toString(16).padStart(64, '0'), 'hex'))
}

function isPoint(bytes: Uint8Array): boolean {
  const x = integer(bytes.subarray(1))
  return (bytes[0] === 2 || bytes[0] === 3) && x < FIELD && isSquare(x ** 3n + 7n)
}

/** Euler: a^((p-1)/2) is 1, or a is 0. */
function isSquare(value: bigint): boolean {
  let [base, power, result] = [value % FIELD, (FIELD - 1n) / 2n, 1n]
  if (base === 0n) return true
  for (; power > 0n; power >>= 1n) {
    if (power & 1n) result = (result * base) % FIELD
    base = (base * base) % FIELD
  }
  return result === 1n
}

function integer(bytes: Uint8Array): bigint {
  return bytes.length === 0 ? 0n : BigInt(`0x${Buffer.from(bytes).toString('hex')}`)
}
