/**
 * freshOt: signing over pairings that are made inside the session, for that session alone (1.10 and
 * 1.12 one after the other): pair set-up with every other signer in rounds 1 to 3, at once, then
 * `sign` in rounds 4 to 6. For cold keys, and for a peer in quarantine.
 * INVARIANT: such a pairing has an id of its session and its two, and is destroyed when the
 * session ends, however it ends; its Delta is behind the same fence as all others.
 * The set-ups have sessions of their own, so each brings its own randomness. Who drives them beside
 * one another, and where, is not said here (`fresh-signing.ts`).
 */

import { pairingOf } from './pair-setup.ts'
import type { Pairing, PairingSecrets, RecordDeath } from './pairing.ts'
import type { Participant, Party } from './party.ts'
import { PAUSE, type Run, type Sliced } from './protocol.ts'
import type { SessionRandomness } from './randomness.ts'
import { participantParts } from './session-id.ts'
import { type SignatureShare, type SigningJob, sign } from './sign.ts'
import { hash } from './transcript.ts'

export const SETUP_ROUNDS = 3

export interface FreshJob extends Omit<SigningJob, 'pairings'> {
  /** Of the set-up with every other signer. */
  readonly randomness: ReadonlyMap<Party, SessionRandomness>
  readonly recordDeath: RecordDeath
}

/** After the set-ups, with what they made of every other signer, which is wiped. */
export function* signOver(
  run: Run,
  job: FreshJob,
  made: ReadonlyMap<Party, PairingSecrets>,
): Sliced<SignatureShare> {
  const pairings = new Map<Party, Pairing>()
  using _destroyed = { [Symbol.dispose]: () => destroy(pairings.values()) }
  for (const [x, secrets] of made) {
    pairings.set(x, pairingOf(setupRun(run, x, job), secrets, job.recordDeath))
  }
  return yield* after(SETUP_ROUNDS, sign(run, { ...job, pairings, isSliced: true }))
}

/** The id of the pairing that two signers make in a session. */
export function freshPairingId(
  sid: Uint8Array,
  participants: readonly Participant[],
  [one, other]: readonly [Party, Party],
): Uint8Array {
  const two = participants.filter(({ x }) => x === one || x === other)
  if (two.length !== 2) throw new RangeError('a pairing has two nodes')
  return hash('fresh-pairing', sid, participantParts(two))
}

/** The run of the set-up with this peer. */
export function setupRun(run: Run, peer: Party, { randomness }: Pick<FreshJob, 'randomness'>): Run {
  const { self, curve, sid, participants } = run
  const own = randomness.get(peer)
  if (own === undefined) throw new RangeError(`there is no randomness for party ${peer}`)
  const two = participants.filter(({ x }) => x === self.x || x === peer)
  const id = freshPairingId(sid, participants, [self.x, peer])
  return { sid: id, self, participants: two, curve, randomness: own }
}

function destroy(pairings: Iterable<Pairing>): void {
  for (const pairing of pairings) pairing[Symbol.dispose]()
}

/** The same protocol, its rounds numbered on. */
function* after<R>(rounds: number, protocol: Sliced<R>): Sliced<R> {
  try {
    let step = protocol.next([])
    while (step.done !== true) {
      const said = step.value
      const sent =
        said === PAUSE ? said : said.map((one) => ({ ...one, round: one.round + rounds }))
      const inbox = yield sent
      step = protocol.next(inbox.map((come) => ({ ...come, round: come.round - rounds })))
    }
    return step.value
  } finally {
    // Lets its own declarations wipe what it holds; nothing when it is over.
    end(protocol)
  }
}

function end(protocol: Sliced<unknown>): void {
  protocol.return(undefined)
}
