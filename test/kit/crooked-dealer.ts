/**
 * A malicious party in a key making: a dealer that deals what it is told to, or honest parties
 * whose messages are changed on their way. Party 2 of 3 is the malicious one, t = 2.
 */

import type { Abort } from '../../signer-node/dkls23/abort.ts'
import { concat } from '../../signer-node/dkls23/bytes.ts'
import { commit } from '../../signer-node/dkls23/commitment.ts'
import type { Scalar } from '../../signer-node/dkls23/curve.ts'
import { nativeCurve } from '../../signer-node/dkls23/curve-native.ts'
import { proveCoefficient } from '../../signer-node/dkls23/dlog-proof.ts'
import type { Keyshare } from '../../signer-node/dkls23/keyshare.ts'
import type { Party } from '../../signer-node/dkls23/party.ts'
import { Polynomial } from '../../signer-node/dkls23/polynomial.ts'
import { type Protocol, peersOf, type Run } from '../../signer-node/dkls23/protocol.ts'
import { hash } from '../../signer-node/dkls23/transcript.ts'
import { keygen, keygenRuns, keyTerms } from './keys.ts'
import { abortOf, drive, nodes, type Outcome, type Tamper } from './protocol.ts'

const curve = nativeCurve()
export const EVIL = 2
/** Round 2: t coefficients, t proofs, chain-code part | salt | echo | share. */
export const AT = {
  proofs: 66,
  chainCode: 66 + 2 * 2144,
  salt: 4386,
  echo: 4418,
  share: 4450,
  end: 4482,
}

/** The honest parties beside a malicious one, which may be any generator. */
export function runAgainst(
  evil: (run: Run) => Protocol<unknown>,
): ReadonlyMap<Party, Outcome<unknown>> {
  const runs = keygenRuns(curve, 2, nodes(1, 2, 3))
  const parties = [...runs].map(([x, run]): readonly [Party, Protocol<unknown>] => [
    x,
    x === EVIL ? evil(run) : keygen(run, keyTerms(2)),
  ])
  return drive(new Map(parties))
}

/** Honest parties whose messages are changed on their way. */
export function runTampered(tamper: Tamper): ReadonlyMap<Party, Outcome<Keyshare>> {
  const runs = keygenRuns(curve, 2, nodes(1, 2, 3))
  return drive(new Map([...runs].map(([x, run]) => [x, keygen(run, keyTerms(2))])), tamper)
}

export const evilIn =
  (wanted: number, change: (bytes: Uint8Array, to: Party) => Uint8Array): Tamper =>
  (round, from, to, bytes) =>
    round === wanted && from === EVIL ? change(bytes, to) : bytes

export const put =
  (offset: number, patch: Uint8Array) =>
  (bytes: Uint8Array): Uint8Array => {
    const changed = bytes.slice()
    changed.set(patch, offset)
    return changed
  }

export interface Twist {
  readonly coefficients?: readonly Scalar[]
  /** A || pi || cc, before it is committed to. */
  readonly value?: (value: Uint8Array, run: Run) => Uint8Array
  readonly share?: (share: Scalar) => Uint8Array
}

/** A dealer that follows the rounds with whatever it was told to deal. */
export function* crookedDealer(run: Run, twist: Twist): Protocol<void> {
  const { curve, sid, self, randomness, participants } = run
  const honest = [0, 1].map((m) => randomness.scalar('coef', m))
  const coefficients = twist.coefficients ?? honest
  const proofs = coefficients.map((witness, index) => {
    const statement = curve.points.multiplyBase(witness)!
    const draw = (i: number, restart: number): Scalar => randomness.scalar('fis', index, i, restart)
    return proveCoefficient({ ...run, prover: self }, { index, statement }, witness, draw)
  })
  const committed = coefficients.map((c) => curve.points.multiplyBase(c)!)
  const plain = concat(...committed, ...proofs, randomness.bytes('cc', 32))
  const value = twist.value?.(plain, run) ?? plain
  const salt = randomness.bytes('deal-salt', 32)
  const com = commit({ sid, committer: self, label: 'deal' }, value, salt)
  const peers = peersOf(run)
  const inbox = yield peers.map(({ x }) => ({ round: 1, to: x, bytes: com }))
  const coms = participants.map(({ x }) => inbox.find(({ from }) => from === x)?.bytes ?? com)
  const echo = hash('echo', sid, coms)
  const polynomial = new Polynomial(curve, coefficients)
  yield peers.map(({ x }) => {
    const share = polynomial.evaluate(x)
    return { round: 2, to: x, bytes: concat(value, salt, echo, twist.share?.(share) ?? share) }
  })
  // It says no more: whoever has not aborted by now waits for its confirmation in vain.
}

export const deals = (twist: Twist) => runAgainst((run) => crookedDealer(run, twist))
export const aborts = (outcomes: ReadonlyMap<Party, Outcome<unknown>>): readonly Abort[] =>
  [1, 3].map((x) => abortOf(outcomes, x))
export const fault = (reason: string) => ({ reason, remedy: 'fault', culprit: EVIL })
export const retry = (reason: string) => ({ reason, remedy: 'retry', culprit: undefined })
