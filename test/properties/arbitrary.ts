/** What properties are tried with: boundaries as often as chance. */

import fc from 'fast-check'
import { sha256 } from '../../signer-node/dkls23/transcript.ts'
import { bytes32 } from '../kit/dealt.ts'
import { GROUP_ORDER, PRIME } from '../kit/slow-curve.ts'

const half = GROUP_ORDER >> 1n

/** Values at which a reduction, a carry or a sign may go wrong (A55). */
export const boundaries: readonly bigint[] = [
  0n,
  1n,
  2n,
  2n ** 32n - 1n,
  2n ** 32n,
  2n ** 64n - 1n,
  2n ** 64n,
  2n ** 128n - 1n,
  2n ** 128n,
  2n ** 192n,
  half - 1n,
  half,
  half + 1n,
  2n ** 255n,
  GROUP_ORDER - 2n ** 128n,
  GROUP_ORDER - 2n,
  GROUP_ORDER - 1n,
]

/** Below the group order. */
export const scalarValue = fc.oneof(fc.constantFrom(...boundaries), fc.bigInt(0n, GROUP_ORDER - 1n))

/** Any 256 bits, with the values around the order and the prime. */
export const wordValue = fc.oneof(
  fc.constantFrom(...boundaries, GROUP_ORDER, GROUP_ORDER + 1n, PRIME - 1n, PRIME, 2n ** 256n - 1n),
  fc.bigInt(0n, 2n ** 256n - 1n),
)

/** Any 512 bits. */
export const wideValue = fc.oneof(
  wordValue,
  fc.bigInt(0n, 2n ** 512n - 1n),
  fc.constantFrom(GROUP_ORDER ** 2n - 1n, GROUP_ORDER ** 2n, 2n ** 512n - 1n),
  wordValue.map((value) => value << 256n),
)

/** What is signed. With its message when it is the SHA-256 of one, which not every value is. */
export interface Document {
  readonly digest: Uint8Array
  readonly message?: Uint8Array
}

export const document: fc.Arbitrary<Document> = fc.oneof(
  fc.uint8Array({ maxLength: 100 }).map((message) => ({ message, digest: sha256(message) })),
  wordValue.map((value) => ({ digest: bytes32(value) })),
)

/** Without hardening. */
export const path = fc.array(
  fc.oneof(fc.constantFrom(0, 1, 2 ** 31 - 1), fc.nat({ max: 2 ** 31 - 1 })),
  { maxLength: 5 },
)

const index = fc.oneof(
  fc.constantFrom(1, 2, 255, 256, 65_534, 65_535),
  fc.integer({ min: 1, max: 65_535 }),
)

export interface Shape {
  readonly threshold: number
  /** Ascending. */
  readonly xs: readonly number[]
  /** Exactly t of them, ascending. */
  readonly signers: readonly number[]
}

export interface Bounds {
  readonly nodesMin?: number
  readonly nodesMax: number
  readonly thresholdMax?: number
}

/** t of n with 2t > n, any indices, any t of them to sign. */
export function shape({ nodesMin = 2, nodesMax, thresholdMax = 16 }: Bounds): fc.Arbitrary<Shape> {
  return fc
    .integer({ min: nodesMin, max: nodesMax })
    .chain((n) => {
      const threshold = fc.integer({ min: (n >> 1) + 1, max: Math.min(n, thresholdMax) })
      return fc.tuple(threshold, indices(n))
    })
    .chain(([t, xs]) =>
      fc
        .shuffledSubarray(xs, { minLength: t, maxLength: t })
        .map((signers) => ({ threshold: t, xs: ascending(xs), signers: ascending(signers) })),
    )
}

function indices(count: number): fc.Arbitrary<number[]> {
  return fc.uniqueArray(index, { minLength: count, maxLength: count })
}

function ascending(xs: readonly number[]): readonly number[] {
  return [...xs].sort((a, b) => a - b)
}

export const seedText = fc.string({ unit: 'grapheme-ascii', minLength: 1, maxLength: 12 })
