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
import {
  BASE_OT_MESSAGE_BYTES,
  type BaseOtRun,
  choose,
  collect,
  decodePairs,
  encodePairs,
  offer,
  type PointPair,
} from './base-ot.ts'
import { concat, Reader } from './bytes.ts'
import { COMMITMENT_BYTES, commit, requireOpening, SALT_BYTES } from './commitment.ts'
import type { Curve } from './curve.ts'
import { directionalSessionId, Pairing, type RecordDeath, type Role } from './pairing.ts'
import { DELTA_BYTES } from './params.ts'
import type { Participant, Party } from './party.ts'
import { growTrees, PPRF_MESSAGE_BYTES, punctureTrees } from './pprf.ts'
import {
  broadcast,
  type Protocol,
  peersOf,
  type Round,
  type Run,
  requireSameView,
} from './protocol.ts'
import { SecretScope } from './secret.ts'
import { DIGEST_BYTES, hash, sha256 } from './transcript.ts'
import { ZERO_PART_BYTES, zeroSeed } from './zero-share.ts'

/** P1: the base transfers as chooser, and a commitment to the part of the seed. */
interface Choices {
  readonly bytes: Uint8Array
  readonly choices: readonly PointPair[]
  readonly commitment: Uint8Array
}

/** P2: the base transfers as offerer, the own trees, and the opened part of the seed. */
interface Answers {
  readonly bytes: Uint8Array
  readonly answers: readonly PointPair[]
  readonly trees: Uint8Array
  readonly zeroPart: Uint8Array
  readonly salt: Uint8Array
}

export function* setUpPairing(run: Run, recordDeath: RecordDeath): Protocol<Pairing> {
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
  const first = choicesOf(choice.pairs, commitment)
  const theirFirst = only(yield* broadcast(choicesRound(curve), [peer], first))

  // P2
  const offered = offer(otRun(run, peer, 'receiver'), theirFirst.choices)
  secrets.keep(offered.keys)
  const grown = growTrees(directionalSessionId(facts, 'receiver', 'pprf'), offered.keys)
  secrets.keep(grown.leaves)
  const second = answersOf(offered.pairs, grown.message, part, salt)
  secrets.keep(second.bytes)
  const theirSecond = only(yield* broadcast(answersRound(curve), [peer], second))
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
  return new Pairing(
    facts,
    { delta, senderLeaves: punctured.leaves, receiverLeaves: grown.leaves, zeroSeed: seed },
    recordDeath,
  )
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

function choicesOf(choices: readonly PointPair[], commitment: Uint8Array): Choices {
  return { bytes: concat(encodePairs(choices), commitment), choices, commitment }
}

export function choicesRound(curve: Curve): Round<Choices> {
  return {
    number: 1,
    name: 'pair setup 1',
    size: BASE_OT_MESSAGE_BYTES + COMMITMENT_BYTES,
    encode: ({ bytes }) => bytes,
    decode(bytes) {
      const reader = new Reader(bytes)
      const choices = decodePairs(curve, reader.take(BASE_OT_MESSAGE_BYTES))
      const commitment = reader.take(COMMITMENT_BYTES)
      reader.end()
      return { bytes, choices, commitment }
    },
  }
}

function answersOf(
  answers: readonly PointPair[],
  trees: Uint8Array,
  zeroPart: Uint8Array,
  salt: Uint8Array,
): Answers {
  return {
    bytes: concat(encodePairs(answers), trees, zeroPart, salt),
    answers,
    trees,
    zeroPart,
    salt,
  }
}

export function answersRound(curve: Curve): Round<Answers> {
  return {
    number: 2,
    name: 'pair setup 2',
    size: BASE_OT_MESSAGE_BYTES + PPRF_MESSAGE_BYTES + ZERO_PART_BYTES + SALT_BYTES,
    encode: ({ bytes }) => bytes,
    decode(bytes) {
      const reader = new Reader(bytes)
      const answers = decodePairs(curve, reader.take(BASE_OT_MESSAGE_BYTES))
      const trees = reader.take(PPRF_MESSAGE_BYTES)
      const zeroPart = reader.take(ZERO_PART_BYTES)
      const salt = reader.take(SALT_BYTES)
      reader.end()
      return { bytes, answers, trees, zeroPart, salt }
    },
  }
}

export const confirmRound: Round<Uint8Array> = {
  number: 3,
  name: 'pair setup 3',
  size: DIGEST_BYTES,
  encode: (confirm) => confirm,
  decode: (bytes) => bytes,
}
