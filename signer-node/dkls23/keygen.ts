/**
 * Distributed key generation (specification 1.11): commit, reveal, confirm. `prepareKey` runs the
 * first two rounds and gives a pending key; the caller makes it durable, and only then runs
 * `confirmKey`, because whoever has confirmed may never lose its share (2.2).
 * INVARIANT: no share of a dealer is used before the dealer's commitment, proofs and share held;
 * every failed check names its culprit, and a difference of views names nobody.
 * It does not collect signatures: the certificate of all n confirmations belongs to the node.
 */

import { Abort } from './abort.ts'
import { concat, Reader } from './bytes.ts'
import { COMMITMENT_BYTES } from './commitment.ts'
import { type Curve, requirePoint, SCALAR_BYTES, type Scalar } from './curve.ts'
import {
  Dealing,
  decodeOpening,
  type Opening,
  openingBytes,
  requireDealing,
  requireShare,
} from './dealing.ts'
import {
  decodeSchnorrProof,
  proveSchnorr,
  SCHNORR_PROOF_BYTES,
  type SchnorrProof,
  verifySchnorr,
} from './dlog-proof.ts'
import { type KeyFacts, Keyshare, type KeyTerms, requireTerms } from './keyshare.ts'
import type { Party } from './party.ts'
import { evaluateCommitments } from './polynomial.ts'
import {
  broadcast,
  exchange,
  type Protocol,
  peersOf,
  type Round,
  type Run,
  requireSameView,
} from './protocol.ts'
import { Secret, SecretScope } from './secret.ts'
import { DIGEST_BYTES, hash } from './transcript.ts'

/** A key that this party holds but that nobody may use before all have confirmed it. */
export interface PendingKey {
  readonly keyshare: Keyshare
  /** The same 32 bytes at every party that saw the same run. */
  readonly confirmation: Uint8Array
}

export type { KeyTerms } from './keyshare.ts'

type ByParty<T> = ReadonlyMap<Party, T>

/** Rounds 1 and 2. The terms are part of the session id, so all parties have the same. */
export function* prepareKey(run: Run, terms: KeyTerms): Protocol<PendingKey> {
  requireTerms(terms, run.participants)
  using scraps = new SecretScope()
  using dealing = Dealing.deal(run, terms.threshold)
  const { self, sid } = run
  const peers = peersOf(run)

  const peerCommitments = yield* broadcast(COMMIT, peers, dealing.commitment)
  const commitments = inOrder(run, peerCommitments, dealing.commitment)
  const echo = hash('echo', sid, [...commitments.values()])

  const reveal = revealRound(run.curve, terms.threshold, scraps)
  const revealed = yield* exchange(reveal, peers, ({ x }) => ({
    opening: dealing.opening,
    echo,
    share: scraps.keep(dealing.shareFor(x)),
  }))
  requireSameView(
    echo,
    pick(revealed, ({ echo }) => echo),
    'the list of commitments',
  )
  for (const dealer of peers) {
    const message = entry(revealed, dealer.x)
    requireDealing(run, dealer, entry(commitments, dealer.x), message.opening)
    const evidence = { share: message.share, message: () => reveal.encode(message) }
    requireShare(run, dealer, message.opening, evidence)
  }

  const openings = inOrder(
    run,
    pick(revealed, ({ opening }) => opening),
    dealing.opening,
  )
  const ownShare = scraps.keep(dealing.shareFor(self.x))
  const shares = inOrder(
    run,
    pick(revealed, ({ share }) => share),
    ownShare,
  )
  const facts = keyFacts(run, terms, openings)
  const secretShare = sumScalars(run.curve, shares)
  const keyshare = Keyshare.make(run.curve, facts, self.x, secretShare)
  const opened = [...openings.values()].map(({ value, salt }) => concat(value, salt))
  const transcript = hash('transcript', sid, [...commitments.values()], opened)
  return { keyshare, confirmation: hash('confirm', sid, keyshare.keyState, transcript) }
}

/** Round 3: everyone confirms the same key and proves to hold its own share of it. */
export function* confirmKey(run: Run, pending: PendingKey): Protocol<Keyshare> {
  const { keyshare, confirmation } = pending
  const { publicShares } = keyshare.facts
  const claimOf = (x: Party) => ({
    label: 'share' as const,
    extra: confirmation,
    statement: entry(publicShares, x),
  })
  using scraps = new SecretScope()
  const nonce = scraps.keep(run.randomness.scalar('pok'))
  const scope = { ...run, prover: run.self }
  const proof = proveSchnorr(scope, claimOf(run.self.x), keyshare.secretShare.bytes, nonce)
  const peers = peersOf(run)
  const confirmed = yield* broadcast(confirmRound(run.curve), peers, {
    confirmation,
    proof: decodeSchnorrProof(run.curve, proof),
  })
  const confirmations = pick(confirmed, ({ confirmation }) => confirmation)
  requireSameView(confirmation, confirmations, 'the confirmation')
  for (const prover of peers) {
    const { proof } = entry(confirmed, prover.x)
    if (!verifySchnorr({ ...run, prover }, claimOf(prover.x), proof)) {
      throw new Abort('proof', 'the proof of the share does not hold', { culprit: prover.x })
    }
  }
  return keyshare
}

export const COMMIT: Round<Uint8Array> = {
  number: 1,
  name: 'dkg commit',
  size: COMMITMENT_BYTES,
  encode: (commitment) => commitment,
  decode: (bytes) => bytes.slice(),
}

interface Reveal {
  readonly opening: Opening
  readonly echo: Uint8Array
  readonly share: Scalar
}

/** Every share is kept as it is decoded, so that it is wiped whatever else is wrong. */
export function revealRound(curve: Curve, threshold: number, scraps: SecretScope): Round<Reveal> {
  const opened = openingBytes(threshold)
  return {
    number: 2,
    name: 'dkg reveal',
    size: opened + DIGEST_BYTES + SCALAR_BYTES,
    encode: ({ opening, echo, share }) => concat(opening.value, opening.salt, echo, share),
    decode(bytes) {
      const reader = new Reader(bytes)
      const opening = decodeOpening(curve, threshold, reader.take(opened))
      const echo = reader.take(DIGEST_BYTES)
      const share = scraps.keep(reader.take(SCALAR_BYTES))
      reader.end()
      return { opening, echo, share: scraps.keep(curve.scalars.decodeScalar(share)) }
    },
  }
}

interface Confirm {
  readonly confirmation: Uint8Array
  readonly proof: SchnorrProof
}

export function confirmRound(curve: Curve): Round<Confirm> {
  return {
    number: 3,
    name: 'dkg confirm',
    size: DIGEST_BYTES + SCHNORR_PROOF_BYTES,
    encode: ({ confirmation, proof }) => concat(confirmation, proof.firstMessage, proof.response),
    decode(bytes) {
      const reader = new Reader(bytes)
      const confirmation = reader.take(DIGEST_BYTES)
      const proof = decodeSchnorrProof(curve, reader.take(SCHNORR_PROOF_BYTES))
      reader.end()
      return { confirmation, proof }
    },
  }
}

/** X_l and pk from all dealings. */
function keyFacts(run: Run, terms: KeyTerms, openings: ByParty<Opening>): KeyFacts {
  const { curve, participants, sid } = run
  const dealt = [...openings.values()]
  const coefficients = Array.from({ length: terms.threshold }, (_, m) =>
    curve.points.sum(dealt.map((opening) => opening.coefficients[m])),
  )
  const publicShares = new Map(
    participants.map(({ x }) => [x, requirePoint(evaluateCommitments(curve, coefficients, x))]),
  )
  const publicKey = requirePoint(coefficients[0])
  const parts = dealt.map(({ chainCode }) => chainCode)
  return {
    ...terms,
    participants,
    publicShares,
    publicKey,
    chainCode: hash('chain-code', sid, parts),
  }
}

/** s_i, the sum of what everyone dealt to this party. */
function sumScalars({ scalars }: Curve, shares: ByParty<Scalar>): Secret<Scalar> {
  using scraps = new SecretScope()
  const all = [...shares.values()]
  const sum = all.reduce((a, b) => scraps.keep(scalars.add(a, b)), scalars.zero)
  // A copy: the sums on the way, and the last of them, are wiped here.
  return new Secret(scalars.add(sum, scalars.zero))
}

/** The peers' values and this party's own, in ascending x. */
function inOrder<T>({ participants, self }: Run, theirs: ByParty<T>, mine: T): ByParty<T> {
  return new Map(participants.map(({ x }) => [x, x === self.x ? mine : entry(theirs, x)]))
}

function pick<T, U>(messages: ByParty<T>, part: (message: T) => U): ByParty<U> {
  return new Map([...messages].map(([x, message]) => [x, part(message)]))
}

function entry<T>(map: ByParty<T>, x: Party): T {
  const value = map.get(x)
  if (value === undefined) throw new RangeError(`there is nothing of party ${x}`)
  return value
}
