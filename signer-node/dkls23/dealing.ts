/**
 * Dealing: what one party contributes to a key (specification 1.11, 2.1, 2.3): a polynomial, its
 * coefficients in the exponent, a proof for each of them, all committed to before anything of
 * anybody is revealed. A new key also gets parts of its chain code; a refresh deals zero.
 * INVARIANT: an opened dealing has exactly the coefficients and proofs of its form; its size says
 * so, so no peer can raise the threshold with a longer list (attack A30). The constant of a refresh
 * is not sent at all, so it cannot be anything but zero (attack A36).
 *
 * A = coefficients in the exponent | pi = proofs | cc = chain-code part | value = A || pi || cc
 */

import { Abort } from './abort.ts'
import { concat } from './bytes.ts'
import { type CommitmentScope, commit, requireOpening, SALT_BYTES } from './commitment.ts'
import { type Curve, type Point, requirePoint, type Scalar, type Sum } from './curve.ts'
import {
  type CoefficientClaim,
  coefficientProofLayout,
  proveCoefficient,
  type Repetition,
  verifyCoefficient,
} from './dlog-proof.ts'
import { decodeAs, group, type Layout, list, mapped, point, raw, salt, unread } from './layout.ts'
import { CHAIN_CODE_BYTES } from './params.ts'
import type { Participant, Party } from './party.ts'
import { isShareOf, type Polynomial } from './polynomial.ts'
import type { Run } from './protocol.ts'

/** What all dealers of a run owe. It follows from the run's purpose, never from a message. */
export interface DealingForm {
  readonly threshold: number
  /** A part of a new key with its chain code, zero, or the weighed share of an old key. */
  readonly of: 'key' | 'zero' | 'share'
}

/** The parts that are revealed, and the bytes they were read from. */
export interface Opening {
  readonly value: Uint8Array
  readonly salt: Uint8Array
  /** A_0 .. A_{t-1}; A_0 of a dealing of zero is the identity. */
  readonly coefficients: readonly Sum[]
  /** One for every coefficient that was sent, with its index. */
  readonly proofs: readonly CoefficientProof[]
  /** Empty but for a new key. */
  readonly chainCode: Uint8Array
}

interface CoefficientProof extends CoefficientClaim {
  readonly repetitions: readonly Repetition[]
}

/** This party's own dealing; the polynomial is secret, and its owner wipes it. */
export class Dealing {
  readonly opening: Opening
  readonly commitment: Uint8Array
  readonly #polynomial: Polynomial

  private constructor(polynomial: Polynomial, opening: Opening, commitment: Uint8Array) {
    this.#polynomial = polynomial
    this.opening = opening
    this.commitment = commitment
  }

  static deal(run: Run, form: DealingForm, polynomial: Polynomial): Dealing {
    const { curve, randomness } = run
    const scope = { ...run, prover: run.self }
    const dealt = polynomial.coefficients.slice(firstIndex(form)).map((witness, i) => {
      const index = firstIndex(form) + i
      const statement = requirePoint(curve.points.multiplyBase(witness))
      const draw = (repetition: number, restart: number): Scalar =>
        randomness.scalar('fis', index, repetition, restart)
      return { statement, proof: proveCoefficient(scope, { index, statement }, witness, draw) }
    })
    const coefficients = dealt.map(({ statement }) => statement)
    const proofs = dealt.map(({ proof }) => proof)
    const chainCode = form.of === 'key' ? [randomness.bytes('cc', CHAIN_CODE_BYTES)] : []
    const value = concat(...coefficients, ...proofs, ...chainCode)
    const salt = randomness.bytes('deal-salt', SALT_BYTES)
    const opening = decodeAs(openingLayout(curve, form), concat(value, salt))
    return new Dealing(polynomial, opening, commit(scopeOf(run, run.self), value, salt))
  }

  /** f(x), secret. */
  shareFor(x: Party): Scalar {
    return this.#polynomial.evaluate(x)
  }
}

/** The committed value as it was sent, its salt, and what stands in the value. */
export function openingLayout(curve: Curve, form: DealingForm): Layout<Opening> {
  const layout = valueLayout(curve, form)
  const read = (value: Uint8Array): Omit<Opening, 'value' | 'salt'> => {
    const { sent, proofs, chainCode } = decodeAs(layout, value)
    const index = firstIndex(form)
    const claims = sent.map((statement, i) => ({ index: index + i, statement }))
    return {
      coefficients: index === 0 ? sent : [undefined, ...sent],
      proofs: claims.map((claim, i) => ({ ...claim, repetitions: proofs[i] ?? [] })),
      chainCode,
    }
  }
  return mapped(
    group({ value: unread(layout), salt }),
    ({ value, salt }) => ({ value, salt, ...read(value) }),
    (opening) => opening,
  )
}

interface DealtValue {
  readonly sent: readonly Point[]
  readonly proofs: readonly (readonly Repetition[])[]
  readonly chainCode: Uint8Array
}

function valueLayout(curve: Curve, form: DealingForm): Layout<DealtValue> {
  const count = form.threshold - firstIndex(form)
  const sent = list(count, point(curve))
  const proofs = list(count, coefficientProofLayout(curve))
  if (form.of === 'key') {
    return group({ sent, proofs, chainCode: raw('bytes', CHAIN_CODE_BYTES) })
  }
  const chainCode = new Uint8Array()
  return mapped(
    group({ sent, proofs }),
    (value) => ({ ...value, chainCode }),
    (value) => value,
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
  for (const { index, statement, repetitions } of opening.proofs) {
    if (!verifyCoefficient({ ...run, prover: dealer }, { index, statement }, repetitions)) {
      const because = `the proof of coefficient ${index} does not hold`
      throw new Abort('proof', because, { culprit: dealer.x })
    }
  }
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

/** The index of the first coefficient that is sent. */
function firstIndex(form: DealingForm): 0 | 1 {
  return form.of === 'zero' ? 1 : 0
}

function scopeOf({ sid }: Run, committer: Participant): CommitmentScope {
  return { sid, committer, label: 'deal' }
}
