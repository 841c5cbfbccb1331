/**
 * freshOt: signing over pairings that are made inside the session, for that session alone (1.10 and
 * 1.12 one after the other): pair set-up with every other signer in rounds 1 to 3, at once, then
 * `sign` in rounds 4 to 6. For cold keys, and for a peer in quarantine.
 * INVARIANT: such a pairing has an id of its session and its two, and is destroyed when the
 * session ends, however it ends; its Delta is behind the same fence as all others.
 * The set-ups have sessions of their own, so each brings its own randomness.
 */

import { Abort } from './abort.ts'
import { setUpPairing } from './pair-setup.ts'
import type { Pairing, RecordDeath } from './pairing.ts'
import type { Participant, Party } from './party.ts'
import { type Inbox, type Outgoing, type Protocol, peersOf, type Run } from './protocol.ts'
import type { SessionRandomness } from './randomness.ts'
import { participantParts } from './session-id.ts'
import { type SignatureShare, type SigningJob, sign } from './sign.ts'
import { hash } from './transcript.ts'

export const SETUP_ROUNDS = 3

export interface FreshJob extends Omit<SigningJob, 'pairings' | 'isSliced'> {
  /** Of the set-up with every other signer. */
  readonly randomness: ReadonlyMap<Party, SessionRandomness>
  readonly recordDeath: RecordDeath
}

export function* freshSign(run: Run, job: FreshJob): Protocol<SignatureShare> {
  const setups = peersOf(run).map(({ x }): readonly [Party, Protocol<Pairing>] => [
    x,
    setUpPairing(setupRun(run, x, job), job.recordDeath),
  ])
  const pairings = new Map<Party, Pairing>()
  using _destroyed = { [Symbol.dispose]: () => destroy(pairings.values()) }
  yield* together(new Map(setups), pairings)
  return yield* after(SETUP_ROUNDS, sign(run, { ...job, pairings }))
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

function setupRun(run: Run, peer: Party, { randomness }: FreshJob): Run {
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

/** Several protocols of two in step, each with one peer; all take the same number of rounds. */
function* together<R>(
  runs: ReadonlyMap<Party, Protocol<R>>,
  results: Map<Party, R>,
): Protocol<void> {
  try {
    let inbox: Inbox = []
    while (results.size < runs.size) {
      const outgoing: Outgoing[] = []
      for (const [peer, protocol] of runs) {
        const step = protocol.next(inbox.filter(({ from }) => from === peer))
        if (step.done === true) results.set(peer, step.value)
        else outgoing.push(...step.value)
      }
      if (results.size === runs.size) return
      inbox = yield outgoing
      requireKnown(runs, inbox)
    }
  } finally {
    for (const protocol of runs.values()) end(protocol)
  }
}

function requireKnown(runs: ReadonlyMap<Party, unknown>, inbox: Inbox): void {
  for (const { from } of inbox) {
    if (runs.has(from)) continue
    throw new Abort('unknown-sender', `party ${from} has no place here`, { culprit: from })
  }
}

/** The same protocol, its rounds numbered on. */
function* after<R>(rounds: number, protocol: Protocol<R>): Protocol<R> {
  try {
    let step = protocol.next([])
    while (step.done !== true) {
      const inbox = yield step.value.map((sent) => ({ ...sent, round: sent.round + rounds }))
      step = protocol.next(inbox.map((come) => ({ ...come, round: come.round - rounds })))
    }
    return step.value
  } finally {
    end(protocol)
  }
}

/** Lets its own declarations wipe what it holds; nothing when it is over. */
function end(protocol: Protocol<unknown>): void {
  protocol.return(undefined)
}
