/**
 * A malicious dealer in a refresh or a reshare: it keeps the rounds and deals what it is told to.
 * It knows its own old share, as a corrupt holder does.
 */

import { concat } from '../../signer-node/dkls23/bytes.ts'
import { commit } from '../../signer-node/dkls23/commitment.ts'
import type { Scalar } from '../../signer-node/dkls23/curve.ts'
import { proveCoefficient } from '../../signer-node/dkls23/dlog-proof.ts'
import type { Participant, Party } from '../../signer-node/dkls23/party.ts'
import { Polynomial } from '../../signer-node/dkls23/polynomial.ts'
import type { Incoming, Protocol, Run } from '../../signer-node/dkls23/protocol.ts'
import { hash } from '../../signer-node/dkls23/transcript.ts'

export interface CrookedPlan {
  readonly dealers: readonly Participant[]
  readonly receivers: readonly Participant[]
  /** f, constant first. */
  readonly coefficients: readonly Scalar[]
  /** Index of the first coefficient that is shown. */
  readonly first: 0 | 1
}

export interface Twist {
  /** A || pi, before it is committed to. */
  readonly value?: (value: Uint8Array, run: Run) => Uint8Array
  readonly share?: (share: Scalar, to: Party) => Uint8Array
  /** Under which index a coefficient is proved. */
  readonly index?: (index: number) => number
}

/** Rounds 1 and 2; then it falls silent. */
export function* crookedPart(run: Run, plan: CrookedPlan, twist: Twist = {}): Protocol<void> {
  const { curve, sid, self, randomness, participants } = run
  const shown = plan.coefficients.slice(plan.first)
  const points = shown.map((c) => curve.points.multiplyBase(c)!)
  const proofs = shown.map((witness, i) => {
    const index = twist.index?.(plan.first + i) ?? plan.first + i
    const draw = (repetition: number, restart: number): Scalar =>
      randomness.scalar('fis', plan.first + i, repetition, restart)
    const claim = { index, statement: points[i]! }
    return proveCoefficient({ ...run, prover: self }, claim, witness, draw)
  })
  const plain = concat(...points, ...proofs)
  const value = twist.value?.(plain, run) ?? plain
  const salt = randomness.bytes('deal-salt', 32)
  const com = commit({ sid, committer: self, label: 'deal' }, value, salt)
  const others = participants.filter(({ x }) => x !== self.x)
  const inbox: readonly Incoming[] = yield others.map(({ x }) => ({ round: 1, to: x, bytes: com }))
  const coms = plan.dealers.map(({ x }) => inbox.find(({ from }) => from === x)?.bytes ?? com)
  const echo = hash('echo', sid, coms)
  const polynomial = new Polynomial(curve, plan.coefficients)
  const heard = plan.receivers.filter(({ x }) => x !== self.x)
  yield heard.map(({ x }) => {
    const share = polynomial.evaluate(x)
    return { round: 2, to: x, bytes: concat(value, salt, echo, twist.share?.(share, x) ?? share) }
  })
}
