/**
 * Wycheproof's files as they are, and how their keys and signatures become ours: 33-byte points,
 * 32-byte scalars. A value that has no such form is `undefined`, because nothing of it could ever
 * reach the product. A key given as (x, y) becomes a point only if y is the one of our point.
 */

import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { secp256k1 } from '@noble/curves/secp256k1.js'
import { type Curve, ORDER, type Point, type Scalar } from '../../signer-node/dkls23/curve.ts'
import { readDerSignature } from './der.ts'
import { hex, unhex } from './vectors.ts'

export interface Case {
  readonly tcId: number
  readonly comment: string
  readonly flags: readonly string[]
  readonly result: 'valid' | 'invalid' | 'acceptable'
}

/** Every case of a file, each with the fields of its group. Fails when the file is not whole. */
export function wycheproof<Group, Test extends Case>(
  name: string,
): readonly { readonly group: Group; readonly test: Test }[] {
  const file = new URL(`../vectors/wycheproof/${name}_test.json`, import.meta.url)
  const { numberOfTests, testGroups } = JSON.parse(readFileSync(file, 'utf8'))
  const groups: readonly (Group & { readonly tests: readonly Test[] })[] = testGroups
  const cases = groups.flatMap((group) => group.tests.map((test) => ({ group, test })))
  if (cases.length !== numberOfTests) throw new Error(`${name}: expected ${numberOfTests} cases`)
  return cases
}

/** What a failure shows of a case. */
export function named({ test }: { readonly test: Case }): string {
  return `${test.tcId} ${test.result} ${test.comment}`
}

export interface SignatureTest extends Case {
  readonly msg: string
  readonly sig: string
}

export interface SignatureGroup {
  readonly sha: string
  readonly publicKey: { readonly uncompressed: string }
}

export type Pair = { readonly r: Scalar; readonly s: Scalar }

/** DER, read strictly: the product has no DER, its signatures are pairs of 32 bytes. */
export function pairOfDer(curve: Curve, sig: string): Pair | undefined {
  const numbers = readDerSignature(unhex(sig))
  if (numbers === undefined) return undefined
  const [r, s] = numbers.map((value) => scalarOf(curve, value))
  return r === undefined || s === undefined ? undefined : { r, s }
}

/** r and s, 32 bytes each, as the product writes them. */
export function pairOfP1363(curve: Curve, sig: string): Pair | undefined {
  const bytes = unhex(sig)
  if (bytes.length !== 64) return undefined
  const [r, s] = [bytes.slice(0, 32), bytes.slice(32)].map((half) => scalarOf(curve, natural(half)))
  return r === undefined || s === undefined ? undefined : { r, s }
}

export function scalarOf(curve: Curve, value: bigint): Scalar | undefined {
  if (value >= ORDER) return undefined
  return curve.scalars.decodeScalar(unhex(value.toString(16).padStart(64, '0')))
}

/** The digest that is signed: of a longer hash its first 32 bytes (SEC 1, 4.1.3). */
export function digestOf(sha: string, msg: string): Uint8Array {
  const [algorithm, outputLength] = hashes[sha] ?? []
  if (algorithm === undefined) throw new Error(`no hash is known as ${sha}`)
  const hash = createHash(algorithm, outputLength === undefined ? {} : { outputLength })
  return new Uint8Array(hash.update(unhex(msg)).digest()).slice(0, 32)
}

const hashes: Readonly<Record<string, readonly [string, number?]>> = {
  'SHA-256': ['sha256'],
  'SHA-512': ['sha512'],
  'SHA3-256': ['sha3-256'],
  'SHA3-512': ['sha3-512'],
  SHAKE128: ['shake128', 32],
  SHAKE256: ['shake256', 64],
}

/** 04 || x || y. */
export function pointOfUncompressed(curve: Curve, uncompressed: Uint8Array): Point | undefined {
  if (uncompressed.length !== 65 || uncompressed[0] !== 4) return undefined
  const [x, y] = [uncompressed.slice(1, 33), uncompressed.slice(33)]
  const point = curve.points.tryPoint(Uint8Array.of(2 + ((y[31] ?? 0) & 1), ...x))
  if (point === undefined) return undefined
  // Our form has no y but its parity: another y than that of the point has no form here.
  const whole = secp256k1.Point.fromBytes(point).toBytes(false)
  return hex(whole) === hex(uncompressed) ? point : undefined
}

// SEQUENCE { SEQUENCE { id-ecPublicKey, secp256k1 }, BIT STRING }, with a point of 65 or 33 bytes.
const spkiForms = [
  ['3056301006072a8648ce3d020106052b8104000a034200', 65],
  ['3036301006072a8648ce3d020106052b8104000a032200', 33],
] as const

/** An X.509 key that names this curve, in its two DER forms and no other. */
export function pointOfSpki(curve: Curve, der: string): Point | undefined {
  for (const [prefix, length] of spkiForms) {
    if (!der.startsWith(prefix) || der.length !== prefix.length + 2 * length) continue
    const bytes = unhex(der.slice(prefix.length))
    return length === 65 ? pointOfUncompressed(curve, bytes) : curve.points.tryPoint(bytes)
  }
  return undefined
}

export function natural(bytes: Uint8Array): bigint {
  return bytes.length === 0 ? 0n : BigInt(`0x${hex(bytes)}`)
}
