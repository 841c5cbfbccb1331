/**
 * Keys that a trusted dealer made, whose secret the test knows, and scalars as plain integers. For
 * what is not about key generation: n = 16 costs milliseconds. Reduction and evaluation are done
 * here in integers, apart from the code under test.
 */

import { ascii } from '../../signer-node/dkls23/bytes.ts'
import type { Curve, Scalar } from '../../signer-node/dkls23/curve.ts'
import { type KeyFacts, Keyshare, MADE_HERE } from '../../signer-node/dkls23/keyshare.ts'
import { type Participant, type Party, parseParticipants } from '../../signer-node/dkls23/party.ts'
import { Secret } from '../../signer-node/dkls23/secret.ts'
import { sha256 } from '../../signer-node/dkls23/transcript.ts'
import { GROUP_ORDER, modulo, sumOf } from './slow-curve.ts'
import { hex, unhex } from './vectors.ts'

export interface DealtKey {
  /** Of the polynomial; the first is the secret key. */
  readonly coefficients: readonly bigint[]
  readonly participants: readonly Participant[]
  readonly keyshares: ReadonlyMap<Party, Keyshare>
  readonly facts: KeyFacts
}

export interface DealtTerms {
  readonly xs: readonly number[]
  readonly threshold: number
  readonly seed: string
  readonly keyId?: Uint8Array
  readonly epoch?: number
}

export function dealKey(curve: Curve, terms: DealtTerms): DealtKey {
  const { xs, threshold, seed, keyId = ascii('dealt'), epoch = 1 } = terms
  const coefficients = Array.from({ length: threshold }, (_, m) => integerOf(seed, m))
  const participants = parseParticipants(xs.map((x) => ({ x, nodeId: ascii(`node-${x}`) })))
  const share = (x: number): Scalar => scalarOf(curve, evaluate(coefficients, x))
  const facts = {
    keyId,
    epoch,
    threshold,
    past: MADE_HERE,
    participants,
    publicShares: new Map(participants.map(({ x }) => [x, curve.points.multiplyBase(share(x))!])),
    publicKey: curve.points.multiplyBase(scalarOf(curve, coefficients[0]!))!,
    chainCode: sha256(ascii(`${seed} chain code`)),
  }
  const keyshares = new Map(
    participants.map(({ x }) => [x, Keyshare.make(curve, facts, x, new Secret(share(x)))]),
  )
  return { coefficients, participants, keyshares, facts }
}

/** Close to uniform, never zero. */
export function integerOf(seed: string, index: number): bigint {
  const halves = [0, 1].map((half) => hex(sha256(ascii(`${seed} ${index} ${half}`))))
  return modulo(BigInt(`0x${halves.join('')}`), GROUP_ORDER - 1n) + 1n
}

/** The sum of c_m * x^m mod q. */
export function evaluate(coefficients: readonly bigint[], x: number): bigint {
  return sumOf(coefficients.map((c, m) => c * BigInt(x) ** BigInt(m)))
}

export function scalarOf(curve: Curve, value: bigint): Scalar {
  return curve.scalars.decodeScalar(bytes32(modulo(value, GROUP_ORDER)))
}

export function bytes32(value: bigint): Uint8Array {
  return unhex(value.toString(16).padStart(64, '0'))
}
