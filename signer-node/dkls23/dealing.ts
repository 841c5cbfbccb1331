/**
 * Dealing: what one party contributes to a key (specification 1.11): a random polynomial, its
 * coefficients in the exponent, a proof for each of them, and a part of the chain code, all
 * committed to before anything of anybody is revealed.
 * INVARIANT: an opened dealing has exactly t coefficients and t proofs; its size says so, so no
 * peer can raise the threshold with a longer list (attack A30).
 *
 * A = coefficients in the exponent | pi = proofs | cc = chain-code part | value = A || pi || cc
 */

import { Abort } from './abort.ts'
import { concat } from './bytes.ts'
import { type CommitmentScope, commit, requireOpening, SALT_BYTES } from './commitment.ts'
import { type Curve, type Point, requirePoint, type Scalar } from './curve.ts'
import {
  coefficientProofLayout,
  proveCoefficient,
  type Repetition,
  verifyCoefficient,
} from './dlog-proof.ts'
import { CHAIN_CODE_BYTES } from './keyshare.ts'
import { decodeAs, group, type Layout, list, mapped, point, raw, salt, unread } from './layout.ts'
import type { Participant, Party } from './party.ts'
import { isShareOf, Polynomial } from './polynomial.ts'
import type { Run } from './protocol.ts'

/** The parts that are revealed, and the bytes they were read from. */
export interface Opening {
  readonly value: Uint8Array
  readonly salt: Uint8Array
  readonly coefficients: readonly Point[]
  readonly proofs: readonly (readonly Repetition[])[]
  readonly chainCode: Uint8Array
}

/** This party's own dealing; the polynomial is secret. */
export class Dealing {
  readonly opening: Opening
  readonly commitment: Uint8Array
  readonly #polynomial: Polynomial

  private constructor(polynomial: Polynomial, opening: Opening, commitment: Uint8Array) {
    this.#polynomial = polynomial
    this.opening = opening
    this.commitment = commitment
  }

  static deal(run: Run, threshold: number): Dealing {
    const { curve, randomness } = run
    const polynomial = Polynomial.sample(curve, randomness, threshold)
    const scope = { ...run, prover: run.self }
    const dealt = polynomial.coefficients.map((witness, index) => {
      const statement = requirePoint(curve.points.multiplyBase(witness))
      const draw = (i: number, restart: number): Scalar =>
        randomness.scalar('fis', index, i, restart)
      return { statement, proof: proveCoefficient(scope, { index, statement }, witness, draw) }
    })
    const coefficients = dealt.map(({ statement }) => statement)
    const proofs = dealt.map(({ proof }) => proof)
    const chainCode = randomness.bytes('cc', CHAIN_CODE_BYTES)
    const value = concat(...coefficients, ...proofs, chainCode)
    const salt = randomness.bytes('deal-salt', SALT_BYTES)
    const opening = decodeAs(openingLayout(curve, threshold), concat(value, salt))
    return new Dealing(polynomial, opening, commit(scopeOf(run, run.self), value, salt))
  }

  /** f(x), secret. */
  shareFor(x: Party): Scalar {
    return this.#polynomial.evaluate(x)
  }

  [Symbol.dispose](): void {
    this.#polynomial[Symbol.dispose]()
  }
}

/** The committed value as it was sent, its salt, and what stands in the value. */
export function openingLayout(curve: Curve, threshold: number): Layout<Opening> {
  const dealt = group({
    coefficients: list(threshold, point(curve)),
    proofs: list(threshold, coefficientProofLayout(curve)),
    chainCode: raw('bytes', CHAIN_CODE_BYTES),
  })
  return mapped(
    group({ value: unread(dealt), salt }),
    ({ value, salt }) => ({ value, salt, ...decodeAs(dealt, value) }),
    (opening) => opening,
  )
}

/** The opening fits its commitment, and the dealer knows every coefficient. */
export function requireDealing(
  run: Run,
  dealer: Participant,
  commitment: Uint8Array,
  opening: Opening,
): void {
  requireOpening(scopeOf(run, dealer), commitment, opening.value, opening.salt)
  opening.coefficients.forEach((statement, index) => {
    const proof = opening.proofs[index] ?? []
    if (!verifyCoefficient({ ...run, prover: dealer }, { index, statement }, proof)) {
      const because = `the proof of coefficient ${index} does not hold`
      throw new Abort('proof', because, { culprit: dealer.x })
    }
  })
}

/** f_j(x)*G is what the dealer's coefficients say; `message` is the evidence for a complaint. */
export function requireShare(
  run: Run,
  dealer: Participant,
  opening: Opening,
  { share, message }: { readonly share: Scalar; readonly message: () => Uint8Array },
): void {
  if (isShareOf(run.curve, opening.coefficients, run.self.x, share)) return
  const because = 'the dealt share is not on the dealt polynomial'
  throw new Abort('share', because, { culprit: dealer.x, evidence: message() })
}

function scopeOf({ sid }: Run, committer: Participant): CommitmentScope {
  return { sid, committer, label: 'deal' }
}
