/**
 * Reshare (specification 2.3): t or more holders of a key deal their weighed shares to new holders,
 * of whom any t' sign from then on; also how a lost node is replaced. `prepareReshare` gives the
 * pending keyshare of a receiver, and nothing to a dealer that is none; only receivers run
 * `confirmKey`. The participants of the run are dealers and receivers, in ascending x.
 * INVARIANT: a receiver believes no dealer: the old key state is checked as a whole, and a dealer's
 * constant must be lambda_i X_i before any of its shares counts (attack A44), so key and chain code
 * stay, and a liar is named. A dealer deals only under terms that forget nothing of the past of its
 * key, and the receivers confirm the past that they were told. It does not touch the old keyshare.
 *
 * a_i = lambda_i s_i, dealt by f_i | s_j' = sum of f_i(x_j) | X_l' = sum of f_i(x_l)*G
 */

import { Abort } from './abort.ts'
import { concat, u8 } from './bytes.ts'
import { type Curve, requirePoint, type Scalar } from './curve.ts'
import { Dealing, type Opening } from './dealing.ts'
import { type DealingPlan, type Dealt, onlyDeal, receiveDealings } from './dealing-rounds.ts'
import { type PendingKey, pendingKey } from './keygen.ts'
import {
  type KeyFacts,
  type KeyPast,
  Keyshare,
  requireActive,
  requireKeyState,
  requireLaterEpoch,
  requireRemembered,
  requireTerms,
} from './keyshare.ts'
import { pastByte } from './keyshare-format.ts'
import {
  InvalidParticipants,
  isSameList,
  isSameParticipant,
  joinParticipants,
  type Participant,
  type Party,
} from './party.ts'
import { evaluateCommitments, lagrangeAtZero, Polynomial } from './polynomial.ts'
import type { Protocol, Run } from './protocol.ts'
import { equalBytes, Secret } from './secret.ts'

/** The same at every participant; the session id names all of it but the past of the old key. */
export interface ReshareTerms {
  /** The key as it is: a new node has this from the log and from the statements of its holders. */
  readonly old: KeyFacts
  /** What the log calls that state of the key. */
  readonly keyState: Uint8Array
  readonly epoch: number
  readonly threshold: number
  /** At least t of the old holders, in ascending x. */
  readonly dealers: readonly Party[]
  /** In ascending x. The x of a lost node may come again under another node id. */
  readonly receivers: readonly Participant[]
}

/** Rounds 1 and 2. `own` is the old keyshare of a dealer, and of nobody else. */
export function* prepareReshare(
  run: Run,
  terms: ReshareTerms,
  own?: Keyshare,
): Protocol<PendingKey | undefined> {
  const { curve, randomness, self } = run
  const plan = requirePlan(run, terms)
  requireOwnShare(run, terms, own)

  using constant = own && weighedShare(curve, terms, own)
  using polynomial =
    constant && Polynomial.sample(curve, randomness, terms.threshold, constant.bytes)
  const dealing = polynomial && Dealing.deal(run, plan.form, polynomial)
  if (dealing !== undefined && !terms.receivers.some(({ x }) => x === self.x)) {
    yield* onlyDeal(run, plan, dealing)
    return undefined
  }
  const dealt = yield* receiveDealings(run, plan, dealing)
  using share = dealt.share
  // A copy, which the keyshare owns.
  const secretShare = new Secret(curve.scalars.add(share.bytes, curve.scalars.zero))
  const facts = newFacts(curve, terms, dealt)
  const keyshare = Keyshare.make(curve, facts, self.x, secretShare)
  return pendingKey(run, keyshare, confirmedPast(dealt.transcript, facts.past))
}

/**
 * Whose messages a participant waits for in a round, itself not counted: of all dealers, then, as a
 * receiver, of all dealers again, then of all receivers. A dealer that receives nothing waits for
 * nobody after the first round.
 */
export function reshareSpeakers(
  { dealers, receivers }: Pick<ReshareTerms, 'dealers' | 'receivers'>,
  self: Party,
  round: number,
): readonly Party[] {
  const indices = receivers.map(({ x }) => x)
  const isHearer = round === 1 || indices.includes(self)
  const speakers = round === 3 ? indices : dealers
  return isHearer ? speakers.filter((x) => x !== self) : []
}

/** The terms are lawful for this key, and the run is of exactly their dealers and receivers. */
function requirePlan(run: Run, terms: ReshareTerms): DealingPlan {
  const { old, keyState, epoch, threshold, receivers } = terms
  requireKeyState(run.curve, old, keyState)
  requireActive(old)
  requireLaterEpoch(old, epoch)
  requireTerms({ keyId: old.keyId, epoch, threshold }, receivers)
  const dealers = requireDealers(terms)
  for (const { x, nodeId } of receivers) {
    const before = old.participants.find((holder) => equalBytes(holder.nodeId, nodeId))
    if (before !== undefined && before.x !== x) {
      throw new InvalidParticipants(`a node keeps its index ${before.x}, got ${x}`)
    }
  }
  const all = joinParticipants(dealers, receivers)
  if (!isSameList(all, run.participants) || !all.some((one) => isSameParticipant(one, run.self))) {
    throw new InvalidParticipants('a reshare is of its dealers and its receivers')
  }
  const requireConstant = (dealer: Participant, opening: Opening): void =>
    requireWeighedShare(run.curve, terms, dealer, opening)
  return { name: 'reshare', form: { threshold, of: 'share' }, dealers, receivers, requireConstant }
}

function requireDealers({ old, dealers }: ReshareTerms): readonly Participant[] {
  const holders = old.participants.filter(({ x }) => dealers.includes(x))
  if (holders.map(({ x }) => x).join() !== dealers.join()) {
    throw new InvalidParticipants('dealers are holders of the key, each once, in ascending order')
  }
  if (holders.length < old.threshold) {
    throw new InvalidParticipants(
      `expected ${old.threshold} dealers or more, got ${holders.length}`,
    )
  }
  return holders
}

/** A dealer deals the share of exactly this state of the key, and nobody else brings one. */
function requireOwnShare({ self }: Run, terms: ReshareTerms, own: Keyshare | undefined): void {
  const isDealer = terms.dealers.includes(self.x)
  const isFitting =
    own !== undefined &&
    isSameParticipant(own.self, self) &&
    equalBytes(own.keyState, terms.keyState)
  if (isDealer ? !isFitting : own !== undefined) {
    throw new InvalidParticipants('a dealer, and only a dealer, brings its share of this key')
  }
  if (own !== undefined) requireRemembered(own.facts, terms.old)
}

/** DEVIATION 15: 2.3 confirms no past. That of a key which was only made adds nothing. */
function confirmedPast(transcript: Uint8Array, past: KeyPast): Uint8Array {
  const bits = pastByte(past)
  return bits === 0 ? transcript : concat(transcript, u8(bits))
}

/** a_i, which is this party's part of the secret over the set of dealers. */
function weighedShare(curve: Curve, { dealers }: ReshareTerms, own: Keyshare): Secret<Scalar> {
  const weight = lagrangeAtZero(curve, dealers, own.self.x)
  return new Secret(curve.scalars.multiply(weight, own.secretShare.bytes))
}

/** A_{i,0} == lambda_i X_i. */
function requireWeighedShare(
  curve: Curve,
  { old, dealers }: ReshareTerms,
  { x }: Participant,
  { coefficients }: Opening,
): void {
  const weight = lagrangeAtZero(curve, dealers, x)
  const expected = curve.points.multiplyPublic(old.publicShares.get(x), weight)
  if (curve.points.equal(coefficients[0], expected)) return
  const because = 'the dealer did not deal its own share of the key'
  throw new Abort('constant', because, { culprit: x })
}

function newFacts(curve: Curve, terms: ReshareTerms, { coefficients }: Dealt): KeyFacts {
  const { old, epoch, threshold, receivers: participants } = terms
  const publicShares = new Map(
    participants.map(({ x }) => [x, requirePoint(evaluateCommitments(curve, coefficients, x))]),
  )
  return { ...old, epoch, threshold, participants, publicShares }
}
