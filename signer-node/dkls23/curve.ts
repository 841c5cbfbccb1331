/**
 * The one door to secp256k1. Everything above it sees scalars and points as opaque canonical
 * bytes, and tables of scalars as opaque objects, so that arithmetic can be replaced by another
 * twin without touching a protocol file. Twins: `curve-native.ts`, `curve-wasm.ts` and, as the
 * reference, `curve-noble.ts`; every one gives the same bytes.
 * INVARIANT: a Scalar is 32 bytes big-endian below q; a Point is 33 bytes SEC1 compressed on the
 * curve. The identity has no encoding, so it is never a Point: sums give `undefined` for it.
 * It draws no randomness.
 */

import { Abort } from './abort.ts'

export type Scalar = Uint8Array & { readonly __brand: 'Scalar' }
export type Point = Uint8Array & { readonly __brand: 'Point' }

/** The result of a group operation; `undefined` is the identity. */
export type Sum = Point | undefined

export const SCALAR_BYTES = 32
export const POINT_BYTES = 33
export const ORDER = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n

/** A table of scalars, row by row. How it is held, and wiped, is the twin's own business. */
export interface ScalarTable extends Disposable {
  readonly rows: number
  readonly columns: number
}

export interface ScalarField {
  readonly zero: Scalar
  readonly one: Scalar
  /** Strict: 32 bytes below q, else Malformed. */
  decodeScalar(bytes: Uint8Array): Scalar
  /** 64 big-endian bytes reduced mod q: close to uniform when they are. */
  fromWide(bytes: Uint8Array): Scalar
  /** 32 big-endian bytes reduced mod q, for values that may lawfully exceed it. */
  reduce(bytes: Uint8Array): Scalar
  fromNumber(value: number): Scalar
  add(a: Scalar, b: Scalar): Scalar
  subtract(a: Scalar, b: Scalar): Scalar
  negate(a: Scalar): Scalar
  multiply(a: Scalar, b: Scalar): Scalar
  /** Variable time, for public values only; refuses zero. */
  invertPublic(a: Scalar): Scalar
  isZero(a: Scalar): boolean
  /** Above (q-1)/2. */
  isHigh(a: Scalar): boolean
}

/** The sums of a multiplication (1.9), over tables of xi rows. Bits are LSB first in each byte. */
export interface ScalarTables {
  /** Strict: every entry canonical, else Malformed; the whole table is read before the verdict. */
  decodeTable(packed: Uint8Array, columns: number): ScalarTable
  /** Every 32-byte entry reduced mod q: how pads become scalars. */
  reduceTable(packed: Uint8Array, columns: number): ScalarTable
  encodeTable(table: ScalarTable): Uint8Array
  /** For the first `columns` columns i, or all: the sum over rows j of weights_j * table_{j,i}. */
  weighColumns(weights: ScalarTable, table: ScalarTable, columns?: number): readonly Scalar[]
  /** The sum of weights_j over the rows j whose bit is set. */
  sumSelected(weights: ScalarTable, bits: Uint8Array): Scalar
  /** minuend_{j,i} - subtrahend_{j,i} + addends_i, for all j and i. */
  correct(minuend: ScalarTable, subtrahend: ScalarTable, addends: readonly Scalar[]): ScalarTable
  /** base_{j,i} + bit_j * addend_{j,i}, for all j and i. */
  addSelected(base: ScalarTable, bits: Uint8Array, addend: ScalarTable): ScalarTable
  /** One column: the sum over i of weights_i * table_{j,i}, for each row j. */
  combineRows(table: ScalarTable, weights: readonly Scalar[]): ScalarTable
  /** One column: column_j - bit_j * value, for each row j. */
  subtractSelected(column: ScalarTable, bits: Uint8Array, value: Scalar): ScalarTable
}

/**
 * The batches of the OT extension (1.8), all on bytes. A matrix of rows has, for each of its 640
 * columns j, row_j of 256 bits; the sum over GF(2^128) has bit p of every column in row p.
 */
export interface ExtensionTables {
  /** Receiver: U, and the rows of V, from all leaves and its choices x. */
  expandOwn(
    psid: Uint8Array,
    leaves: Uint8Array,
    choices: Uint8Array,
  ): { readonly corrections: Uint8Array; readonly rows: Uint8Array }
  /** Sender: the rows of Q, from the leaves that it knows and U. */
  expandKnown(
    psid: Uint8Array,
    delta: Uint8Array,
    leaves: Uint8Array,
    corrections: Uint8Array,
  ): Uint8Array
  /** The sum of chi_j times block j of the rows, plus the last block. */
  weigh(rows: Uint8Array, weights: Uint8Array): Uint8Array
  /** The same for the one column of choices. */
  weighColumn(column: Uint8Array, weights: Uint8Array): Uint8Array
  /** q~_w == t~_w ^ Delta_w * x~ for all w at once, with one verdict at the end. */
  agree(sums: Uint8Array, claimed: ClaimedSums, delta: Uint8Array): boolean
  /** pad_j for each of the 512 rows that carry something; `offset` is added to each row first. */
  pads(binding: Uint8Array, rows: Uint8Array, offset: Uint8Array): Uint8Array
}

/** t~ and x~, as the receiver sent them. */
export interface ClaimedSums {
  readonly rowSums: Uint8Array
  readonly choiceSum: Uint8Array
}

export interface Group {
  readonly generator: Point
  /** Strict: 33 bytes, first byte 02 or 03, on the curve, else Malformed. */
  decodePoint(bytes: Uint8Array): Point
  /** The same without an exception, for the group oracle, which misses half the time. */
  tryPoint(bytes: Uint8Array): Point | undefined
  /** k*G, in constant time. */
  multiplyBase(k: Scalar): Sum
  /** k*P in variable time, for public k only. */
  multiplyPublic(point: Sum, k: Scalar): Sum
  add(a: Sum, b: Sum): Sum
  sum(points: readonly Sum[]): Sum
  negate(point: Sum): Sum
  equal(a: Sum, b: Sum): boolean
  /** The x-coordinate of k*P for a secret k, 32 bytes; k must not be zero. */
  sharedX(point: Point, k: Scalar): Uint8Array
  /** SHA-256 of k*P, compressed, for a secret k: what `digest` gives of a point known otherwise. */
  sharedDigest(point: Point, k: Scalar): Uint8Array
  /** SHA-256 of a point, compressed. */
  digest(point: Point): Uint8Array
  /** x(P) mod q, and whether the reduction changed it (recovery id bit 1). */
  xScalar(point: Point): { readonly x: Scalar; readonly isReduced: boolean }
  isOdd(point: Point): boolean
  /** ECDSA with low s only; the digest is 32 bytes. */
  verify(publicKey: Point, digest: Uint8Array, r: Scalar, s: Scalar): boolean
  /** Re-randomizes the blinding of base multiplications, where the twin has one. */
  blind(seed: Uint8Array): void
}

export interface Curve {
  readonly name: 'native' | 'wasm' | 'noble'
  readonly scalars: ScalarField
  readonly tables: ScalarTables
  readonly extension: ExtensionTables
  readonly points: Group
}

/** For results that are the identity with negligible probability only. */
export function requirePoint(sum: Sum): Point {
  if (sum === undefined) throw new Abort('degenerate', 'a point came out as the identity')
  return sum
}
