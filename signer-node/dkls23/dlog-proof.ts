/**
 * Proofs of knowledge of w with A = w*G (specification 1.11). Schnorr with Fiat-Shamir for the
 * confirmation of a share; Fischlin's transform for the coefficients of a dealing, whose witness
 * can be extracted without rewinding, so that many key makings may run at once.
 * INVARIANT: both bind session, prover, index or label and the whole statement; a proof is of one
 * exact size, and every response is canonical, which makes it unique.
 *
 * K = first message | e = challenge | z = response = k + e*w | com = hash of every K at once
 */

import { concat, u8, u16 } from './bytes.ts'
import {
  type Curve,
  POINT_BYTES,
  type Point,
  requirePoint,
  SCALAR_BYTES,
  type Scalar,
} from './curve.ts'
import { below, decodeAs, group, type Layout, list, point, scalar } from './layout.ts'
import type { Participant } from './party.ts'
import { SecretScope } from './secret.ts'
import { hash, hashToScalar, type Part } from './transcript.ts'

/** Who proves, in which session. */
export interface ProofScope {
  readonly curve: Curve
  readonly sid: Uint8Array
  readonly prover: Participant
}

export interface SchnorrClaim {
  readonly label: 'share'
  readonly extra: Uint8Array
  readonly statement: Point
}

export interface CoefficientClaim {
  readonly index: number
  readonly statement: Point
}

export interface SchnorrProof {
  readonly firstMessage: Point
  readonly response: Scalar
}

/** One of the repetitions of a Fischlin proof. */
export interface Repetition {
  readonly firstMessage: Point
  readonly challenge: number
  readonly response: Scalar
}

export const REPETITIONS = 32
export const ZERO_BITS = 4
const CHALLENGES = 2 ** 9
const REPETITION_BYTES = POINT_BYTES + 2 + SCALAR_BYTES
export const SCHNORR_PROOF_BYTES = POINT_BYTES + SCALAR_BYTES
export const COEFFICIENT_PROOF_BYTES = REPETITIONS * REPETITION_BYTES

/** `nonce` is a fresh secret scalar other than zero. */
export function proveSchnorr(
  scope: ProofScope,
  claim: SchnorrClaim,
  witness: Scalar,
  nonce: Scalar,
): Uint8Array {
  using scraps = new SecretScope()
  const { scalars, points } = scope.curve
  const firstMessage = requirePoint(points.multiplyBase(nonce))
  const challenge = schnorrChallenge(scope, claim, firstMessage)
  const product = scraps.keep(scalars.multiply(challenge, witness))
  return concat(firstMessage, scalars.add(nonce, product))
}

export function decodeSchnorrProof(curve: Curve, bytes: Uint8Array): SchnorrProof {
  return decodeAs(schnorrLayout(curve), bytes)
}

export function schnorrLayout(curve: Curve): Layout<SchnorrProof> {
  return group({ firstMessage: point(curve), response: scalar(curve) })
}

/** z*G == K + e*A. */
export function verifySchnorr(
  scope: ProofScope,
  claim: SchnorrClaim,
  { firstMessage, response }: SchnorrProof,
): boolean {
  const challenge = schnorrChallenge(scope, claim, firstMessage)
  return answers(scope.curve, firstMessage, challenge, { statement: claim.statement, response })
}

/**
 * Fischlin's transform: every K is fixed in com, then each repetition walks the challenges until
 * its hash ends in zero bits. `drawNonce` gives fresh secret scalars; the walk fails for all of a
 * set of nonces about once in 2^43 proofs, and then starts again with others.
 */
export function proveCoefficient(
  scope: ProofScope,
  claim: CoefficientClaim,
  witness: Scalar,
  drawNonce: (repetition: number, restart: number) => Scalar,
  challenges = CHALLENGES,
): Uint8Array {
  for (let restart = 0; ; restart++) {
    using scraps = new SecretScope()
    const nonces = repeat((i) => scraps.keep(drawNonce(i, restart)))
    const firstMessages = nonces.map((nonce) =>
      requirePoint(scope.curve.points.multiplyBase(nonce)),
    )
    const com = fischlinCommitment(scope, claim, firstMessages)
    const answered = nonces.map((nonce, i) =>
      walk(scope.curve, witness, nonce, { com, i, challenges }),
    )
    if (answered.every((answer) => answer !== undefined)) {
      return concat(...answered.flatMap((answer, i) => [firstMessages[i] ?? com, answer]))
    }
  }
}

export function decodeCoefficientProof(curve: Curve, bytes: Uint8Array): readonly Repetition[] {
  return decodeAs(coefficientProofLayout(curve), bytes)
}

export function coefficientProofLayout(curve: Curve): Layout<readonly Repetition[]> {
  const repetition = group<Repetition>({
    firstMessage: point(curve),
    challenge: below(CHALLENGES),
    response: scalar(curve),
  })
  return list(REPETITIONS, repetition)
}

/** The hash bits are zero and z_i*G == K_i + e_i*A, for every repetition. */
export function verifyCoefficient(
  scope: ProofScope,
  claim: CoefficientClaim,
  proof: readonly Repetition[],
): boolean {
  if (proof.length !== REPETITIONS) return false
  const firstMessages = proof.map(({ firstMessage }) => firstMessage)
  const com = fischlinCommitment(scope, claim, firstMessages)
  return proof.every(({ firstMessage, challenge, response }, i) => {
    const e = scope.curve.scalars.fromNumber(challenge)
    const { statement } = claim
    return (
      isHit(com, i, challenge, response) &&
      answers(scope.curve, firstMessage, e, { statement, response })
    )
  })
}

function schnorrChallenge(scope: ProofScope, claim: SchnorrClaim, firstMessage: Point): Scalar {
  const { curve, sid, prover } = scope
  const { label, extra, statement } = claim
  const parts: Part[] = [sid, prover.nodeId, u16(prover.x), label, extra, statement, firstMessage]
  return hashToScalar(curve, 'schnorr', ...parts)
}

function fischlinCommitment(
  { sid, prover }: ProofScope,
  { index, statement }: CoefficientClaim,
  firstMessages: readonly Point[],
): Uint8Array {
  const { nodeId, x } = prover
  return hash('fischlin-com', sid, nodeId, u16(x), u16(index), statement, firstMessages)
}

interface Walk {
  readonly com: Uint8Array
  readonly i: number
  readonly challenges: number
}

/** u16 e || z for the first challenge whose hash hits, or nothing. */
function walk(curve: Curve, witness: Scalar, nonce: Scalar, walk: Walk): Uint8Array | undefined {
  using scraps = new SecretScope()
  let response = nonce
  for (let e = 0; e < walk.challenges; e++) {
    if (isHit(walk.com, walk.i, e, response)) return concat(u16(e), response)
    response = scraps.keep(curve.scalars.add(response, witness))
  }
  return undefined
}

function isHit(com: Uint8Array, i: number, challenge: number, response: Scalar): boolean {
  const digest = hash('fischlin-try', com, u8(i), u16(challenge), response)
  return ((digest[0] ?? 0xff) & (2 ** ZERO_BITS - 1)) === 0
}

function answers(
  { points }: Curve,
  firstMessage: Point,
  challenge: Scalar,
  { statement, response }: { readonly statement: Point; readonly response: Scalar },
): boolean {
  const expected = points.add(firstMessage, points.multiplyPublic(statement, challenge))
  return points.equal(points.multiplyBase(response), expected)
}

function repeat<T>(make: (i: number) => T): readonly T[] {
  return Array.from({ length: REPETITIONS }, (_, i) => make(i))
}
