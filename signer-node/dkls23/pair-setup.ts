/**
 * Makes a Pairing between two nodes: base transfers and trees in both directions at once and a
 * zero-sharing seed, in three messages (1.10, P1 to P3). P0, the signed hellos, is in the sid,
 * which is the pairing id.
 * INVARIANT: both parts of the seed are committed to before either is revealed, and a pairing is
 * returned only after both nodes have confirmed the same four messages.
 * A failed tree check may have told choice bits of a Delta that is thrown away with it; the caller
 * counts such failures for each peer.
 */

import { Abort } from './abort.ts'
import { type BaseOtRun, choose, collect, offer, type PointPair, pairsLayout } from './base-ot.ts'
import { commit, requireOpening, SALT_BYTES } from './commitment.ts'
import type { Curve } from './curve.ts'
import { alone, digest, group, raw, salt, unread } from './layout.ts'
import {
  directionalSessionId,
  Pairing,
  type PairingSecrets,
  type RecordDeath,
  type Role,
} from './pairing.ts'
import { DELTA_BYTES } from './params.ts'
import type { Participant, Party } from './party.ts'
import { growTrees, punctureTrees, TREES_MESSAGE } from './pprf.ts'
import {
  broadcast,
  type Protocol,
  peersOf,
  type Round,
  type Run,
  requireSameView,
  roundOf,
} from './protocol.ts'
import { SecretScope } from './secret.ts'
import { hash, sha256 } from './transcript.ts'
import { ZERO_PART_BYTES, zeroSeed } from './zero-share.ts'

/** P1: the base transfers as chooser, and a commitment to the part of the seed. */
interface Choices {
  readonly choices: readonly PointPair[]
  readonly commitment: Uint8Array
}

/** P2: the base transfers as offerer, the own trees, and the opened part of the seed. */
interface Answers {
  readonly answers: readonly PointPair[]
  readonly trees: Uint8Array
  readonly zeroPart: Uint8Array
  readonly salt: Uint8Array
}

/** A message with the bytes that it was read from or is sent as, which P3 confirms. */
type Kept<M> = M & { readonly bytes: Uint8Array }

export function* setUpPairing(run: Run, recordDeath: RecordDeath): Protocol<Pairing> {
  return pairingOf(run, yield* agreePairing(run), recordDeath)
}

/** Takes the secrets, which may come from another thread, away: what was given is wiped. */
export function pairingOf(run: Run, made: PairingSecrets, recordDeath: RecordDeath): Pairing {
  const { self, sid } = run
  const pairing = new Pairing({ id: sid, self, peer: onlyPeer(run) }, made, recordDeath)
  for (const secret of Object.values(made)) secret.fill(0)
  return pairing
}

/** The whole exchange; whoever takes the secrets wipes them. */
export function* agreePairing(run: Run): Protocol<PairingSecrets> {
  using secrets = new SecretScope()
  const { curve, randomness, self, sid } = run
  const peer = onlyPeer(run)
  const facts = { id: sid, sid, self, peer }
  const delta = secrets.keep(randomness.bytes('delta', DELTA_BYTES, peer.x))
  const part = secrets.keep(randomness.bytes('zero-s', ZERO_PART_BYTES))
  const salt = randomness.bytes('zero-salt', SALT_BYTES)

  // P1
  const chooser = otRun(run, peer, 'sender')
  const choice = choose(chooser, delta)
  for (const exponent of choice.exponents) secrets.keep(exponent)
  const commitment = commit({ sid, committer: self, label: 'zero' }, part, salt)
  const choices = choicesRound(curve)
  const first = kept(choices, { choices: choice.pairs, commitment })
  const theirFirst = only(yield* broadcast(keeping(choices), [peer], first))

  // P2
  const offered = offer(otRun(run, peer, 'receiver'), theirFirst.choices)
  secrets.keep(offered.keys)
  const grown = growTrees(directionalSessionId(facts, 'receiver', 'pprf'), offered.keys)
  secrets.keep(grown.leaves)
  const answers = answersRound(curve)
  const trees = grown.message
  const second = kept(answers, { answers: offered.pairs, trees, zeroPart: part, salt })
  secrets.keep(second.bytes)
  const theirSecond = only(yield* broadcast(keeping(answers), [peer], second))
  for (const bytes of [theirSecond.bytes, theirSecond.zeroPart]) secrets.keep(bytes)

  const scope = { sid, committer: peer, label: 'zero' } as const
  requireOpening(scope, theirFirst.commitment, theirSecond.zeroPart, theirSecond.salt)
  const keys = secrets.keep(collect(chooser, delta, choice, theirSecond.answers))
  const psid = directionalSessionId(facts, 'sender', 'pprf')
  const punctured = punctureTrees(psid, delta, keys, theirSecond.trees)
  secrets.keep(punctured.leaves)
  if (!punctured.isConsistent) {
    throw new Abort('pprf-check', 'the trees do not fit their digest', { culprit: peer.x })
  }

  // P3
  const isLow = self.x < peer.x
  const messages = isLow
    ? [first, theirFirst, second, theirSecond]
    : [theirFirst, first, theirSecond, second]
  const confirm = hash(
    'pair-confirm',
    sid,
    messages.map(({ bytes }) => sha256(bytes)),
  )
  requireSameView(confirm, yield* broadcast(confirmRound, [peer], confirm), 'the pair setup')
  const [low, high] = isLow ? [part, theirSecond.zeroPart] : [theirSecond.zeroPart, part]
  const seed = secrets.keep(zeroSeed(sid, low, high))
  // Copies: what was made here is wiped with the rest.
  return {
    delta: Uint8Array.from(delta),
    senderLeaves: Uint8Array.from(punctured.leaves),
    receiverLeaves: Uint8Array.from(grown.leaves),
    zeroSeed: Uint8Array.from(seed),
  }
}

function onlyPeer(run: Run): Participant {
  const [peer, ...others] = peersOf(run)
  if (peer === undefined || others.length > 0) throw new RangeError('a pairing has two nodes')
  return peer
}

/** The message of the one peer. */
function only<M>(messages: ReadonlyMap<Party, M>): M {
  const [message] = messages.values()
  if (message === undefined) throw new RangeError('the exchange returns a message of every peer')
  return message
}

function otRun(run: Run, peer: Participant, role: Role): BaseOtRun {
  const { curve, randomness, self, sid } = run
  const psid = directionalSessionId({ sid, id: sid, self, peer }, role, 'base-ot')
  return { curve, psid, peer: peer.x, randomness }
}

function kept<M extends object>(round: Round<M>, message: M): Kept<M> {
  return { ...message, bytes: round.encode(message) }
}

function keeping<M extends object>(round: Round<M>): Round<Kept<M>> {
  return {
    ...round,
    encode: ({ bytes }) => bytes,
    decode: (bytes) => ({ ...round.decode(bytes), bytes }),
  }
}

export function choicesRound(curve: Curve): Round<Choices> {
  const layout = group<Choices>({ choices: pairsLayout(curve), commitment: digest })
  return roundOf(1, 'pair setup 1', layout)
}

export function answersRound(curve: Curve): Round<Answers> {
  const layout = group<Answers>({
    answers: pairsLayout(curve),
    trees: unread(TREES_MESSAGE),
    zeroPart: raw('bytes', ZERO_PART_BYTES),
    salt,
  })
  return roundOf(2, 'pair setup 2', layout)
}

export const confirmRound: Round<Uint8Array> = roundOf(3, 'pair setup 3', alone('confirm', digest))
