/**
 * Distributed key generation (specification 1.11): commit, reveal, confirm. `prepareKey` runs the
 * first two rounds and gives a pending key; the caller makes it durable, and only then runs
 * `confirmKey`, because whoever has confirmed may never lose its share (2.2).
 * INVARIANT: a key comes out only after the checks of `dealing-rounds.ts`, and nothing of this
 * party's share has left it when it does.
 * It does not collect signatures: the certificate of all n confirmations belongs to the node.
 */

import { Abort } from './abort.ts'
import { type Curve, requirePoint } from './curve.ts'
import { Dealing } from './dealing.ts'
import { type Dealt, receiveDealings } from './dealing-rounds.ts'
import {
  decodeSchnorrProof,
  proveSchnorr,
  type SchnorrProof,
  schnorrLayout,
  verifySchnorr,
} from './dlog-proof.ts'
import { type KeyFacts, Keyshare, type KeyTerms, MADE_HERE, requireTerms } from './keyshare.ts'
import { digest, group } from './layout.ts'
import type { Party } from './party.ts'
import { evaluateCommitments, Polynomial } from './polynomial.ts'
import {
  broadcast,
  type Protocol,
  type Round,
  type Run,
  requireSameView,
  roundOf,
} from './protocol.ts'
import { Secret, SecretScope } from './secret.ts'
import { hash } from './transcript.ts'

/** A key that this party holds but that nobody may use before all have confirmed it. */
export interface PendingKey {
  readonly keyshare: Keyshare
  /** The same 32 bytes at every party that saw the same run. */
  readonly confirmation: Uint8Array
  /** In which round of its run it is confirmed. */
  readonly round: number
}

export type { KeyTerms } from './keyshare.ts'

/** After the rounds of dealing. */
const CONFIRM_ROUND = 3

/** Rounds 1 and 2. The terms are part of the session id, so all parties have the same. */
export function* prepareKey(run: Run, terms: KeyTerms): Protocol<PendingKey> {
  requireTerms(terms, run.participants)
  const { curve, participants, randomness } = run
  const form = { threshold: terms.threshold, of: 'key' } as const
  const plan = { name: 'dkg', form, dealers: participants, receivers: participants } as const
  using polynomial = Polynomial.sample(curve, randomness, terms.threshold)
  const dealt = yield* receiveDealings(run, plan, Dealing.deal(run, form, polynomial))
  using share = dealt.share
  const facts = keyFacts(run, terms, dealt)
  // A copy, which the keyshare owns.
  const secretShare = new Secret(curve.scalars.add(share.bytes, curve.scalars.zero))
  return pendingKey(run, Keyshare.make(curve, facts, run.self.x, secretShare), dealt.transcript)
}

/** Its confirmation names run, key and every byte that was dealt. */
export function pendingKey(
  { sid }: Run,
  keyshare: Keyshare,
  transcript: Uint8Array,
  round = CONFIRM_ROUND,
): PendingKey {
  return { keyshare, confirmation: hash('confirm', sid, keyshare.keyState, transcript), round }
}

/**
 * The last round of every run that makes a key or a new epoch of one: all who hold a share of it,
 * and nobody else, confirm the same key and prove to hold their own share. The keyshare is wiped
 * when the run fails: what must outlive that is what the caller has made durable.
 */
export function* confirmKey(run: Run, pending: PendingKey): Protocol<Keyshare> {
  using onFailure = new DisposableStack()
  onFailure.use(pending.keyshare)
  const { keyshare, confirmation, round } = pending
  const { participants, publicShares } = keyshare.facts
  const claimOf = (x: Party) => ({
    label: 'share' as const,
    extra: confirmation,
    statement: entry(publicShares, x),
  })
  using scraps = new SecretScope()
  const nonce = scraps.keep(run.randomness.scalar('pok'))
  const scope = { ...run, prover: run.self }
  const proof = proveSchnorr(scope, claimOf(run.self.x), keyshare.secretShare.bytes, nonce)
  const peers = participants.filter(({ x }) => x !== run.self.x)
  const confirmed = yield* broadcast(confirmRound(run.curve, round), peers, {
    confirmation,
    proof: decodeSchnorrProof(run.curve, proof),
  })
  const confirmations = new Map([...confirmed].map(([x, theirs]) => [x, theirs.confirmation]))
  requireSameView(confirmation, confirmations, 'the confirmation')
  for (const prover of peers) {
    const { proof } = entry(confirmed, prover.x)
    if (!verifySchnorr({ ...run, prover }, claimOf(prover.x), proof)) {
      throw new Abort('proof', 'the proof of the share does not hold', { culprit: prover.x })
    }
  }
  onFailure.move()
  return keyshare
}

interface Confirm {
  readonly confirmation: Uint8Array
  readonly proof: SchnorrProof
}

export function confirmRound(curve: Curve, round = CONFIRM_ROUND): Round<Confirm> {
  const layout = group<Confirm>({ confirmation: digest, proof: schnorrLayout(curve) })
  return roundOf(round, 'key confirm', layout)
}

/** X_l and pk from all dealings. */
function keyFacts(run: Run, terms: KeyTerms, { coefficients, chainCodes }: Dealt): KeyFacts {
  const { curve, participants, sid } = run
  const publicShares = new Map(
    participants.map(({ x }) => [x, requirePoint(evaluateCommitments(curve, coefficients, x))]),
  )
  const publicKey = requirePoint(coefficients[0])
  const chainCode = hash('chain-code', sid, chainCodes)
  return { ...terms, past: MADE_HERE, participants, publicShares, publicKey, chainCode }
}

function entry<T>(map: ReadonlyMap<Party, T>, x: Party): T {
  const value = map.get(x)
  if (value === undefined) throw new RangeError(`there is nothing of party ${x}`)
  return value
}
