/**
 * How a party speaks and listens. A Protocol is a generator: it yields what to send, is resumed
 * with what arrived, and returns its result; it has no I/O and no promises, and when it is ended
 * early (`return` or `throw` into it) its `using` declarations wipe its secrets.
 * INVARIANT: the message rules live here: known sender, this round, one message each, of which
 * equal copies are ignored (1.5), exact size, strict decoding. A breach is an Abort that names the
 * sender; only silence names nobody, because whoever carries the messages can cause it.
 */

import { Abort } from './abort.ts'
import { Malformed } from './bytes.ts'
import type { Curve } from './curve.ts'
import { decodeAs, encodeAs, type Field, type Layout, sizeOf } from './layout.ts'
import type { Participant, Party } from './party.ts'
import type { SessionRandomness } from './randomness.ts'
import { equalBytes, SecretScope } from './secret.ts'

export interface Outgoing {
  readonly round: number
  readonly to: Party
  readonly bytes: Uint8Array
}

export interface Incoming {
  readonly round: number
  readonly from: Party
  readonly bytes: Uint8Array
}

/** What arrived for the round that was yielded last, in any order. */
export type Inbox = readonly Incoming[]

export type Protocol<R> = Generator<readonly Outgoing[], R, Inbox>

/**
 * Yielded to send nothing and wait for nobody: whoever drives the run resumes it with nothing, in a
 * later turn. Only what is declared as sliced may do so.
 */
export const PAUSE: unique symbol = Symbol('pause')

/** A protocol that pauses between two pieces of its work. */
export type Sliced<R> = Generator<readonly Outgoing[] | typeof PAUSE, R, Inbox>

/** One round's message type: its fields, and its only encoding, of one exact size. */
export interface Round<M> {
  readonly number: number
  readonly name: string
  readonly fields: readonly Field[]
  readonly size: number
  encode(message: M): Uint8Array
  /** Throws Malformed for anything but the one encoding of a message. */
  decode(bytes: Uint8Array): M
}

/** What every protocol of a run is given: who, about what, with which curve and randomness. */
export interface Run {
  readonly sid: Uint8Array
  readonly self: Participant
  /** All of them with self, in ascending x. */
  readonly participants: readonly Participant[]
  readonly curve: Curve
  readonly randomness: SessionRandomness
}

/** A round whose message stands in this layout. */
export function roundOf<M>(number: number, name: string, layout: Layout<M>): Round<M> {
  return {
    number,
    name,
    fields: layout.parts,
    size: sizeOf([layout]),
    encode: (message) => encodeAs(layout, message),
    decode: (bytes) => decodeAs(layout, bytes),
  }
}

export function peersOf({ self, participants }: Run): readonly Participant[] {
  if (!participants.some(({ x }) => x === self.x)) {
    throw new RangeError('a party takes part in its own run')
  }
  return participants.filter(({ x }) => x !== self.x)
}

/** Sends one message to all; returns the messages of all peers, in ascending x. */
export function* broadcast<M>(
  round: Round<M>,
  peers: readonly Participant[],
  message: M,
): Protocol<ReadonlyMap<Party, M>> {
  const bytes = encode(round, message)
  const inbox = yield peers.map(({ x }) => ({ round: round.number, to: x, bytes }))
  return receive(round, peers, inbox)
}

/**
 * Sends each peer its own message; returns the messages of all peers, in ascending x. Such a
 * message may hold a secret of the two, so what was yielded is wiped when the run goes on or ends.
 */
export function* exchange<M>(
  round: Round<M>,
  peers: readonly Participant[],
  messageFor: (peer: Participant) => M,
): Protocol<ReadonlyMap<Party, M>> {
  using sent = new SecretScope()
  const inbox = yield peers.map((peer) => ({
    round: round.number,
    to: peer.x,
    bytes: sent.keep(encode(round, messageFor(peer))),
  }))
  return receive(round, peers, inbox)
}

/**
 * Where not everybody speaks: sends what there is to send, and returns the messages of exactly the
 * speakers. The messages may hold secrets and are wiped as in `exchange`.
 */
export function* exchangeAmong<M>(
  round: Round<M>,
  speakers: readonly Participant[],
  messages: ReadonlyMap<Party, M>,
): Protocol<ReadonlyMap<Party, M>> {
  using sent = new SecretScope()
  const inbox = yield [...messages].map(([to, message]) => ({
    round: round.number,
    to,
    bytes: sent.keep(encode(round, message)),
  }))
  return receive(round, speakers, inbox)
}

/** All peers must have seen the same as this party. A difference blames nobody. */
export function requireSameView(
  mine: Uint8Array,
  theirs: ReadonlyMap<Party, Uint8Array>,
  what: string,
): void {
  for (const [from, view] of theirs) {
    if (!equalBytes(mine, view)) {
      throw new Abort('view-mismatch', `${what} of party ${from} differs from this party's own`)
    }
  }
}

function encode<M>(round: Round<M>, message: M): Uint8Array {
  const bytes = round.encode(message)
  if (bytes.length !== round.size) {
    throw new RangeError(`${round.name} has ${round.size} bytes, encoded ${bytes.length}`)
  }
  return bytes
}

function receive<M>(
  round: Round<M>,
  peers: readonly Participant[],
  inbox: Inbox,
): ReadonlyMap<Party, M> {
  const received = new Map<Party, { readonly bytes: Uint8Array; readonly message: M }>()
  for (const incoming of inbox) {
    const { from, bytes } = incoming
    if (!peers.some(({ x }) => x === from)) {
      throw new Abort('unknown-sender', `party ${from} has no place in ${round.name}`, blame(from))
    }
    const first = received.get(from)
    if (first === undefined) {
      received.set(from, { bytes, message: open(round, incoming) })
    } else if (!equalBytes(first.bytes, bytes) || incoming.round !== round.number) {
      throw new Abort('duplicate-message', `two messages in ${round.name}`, blame(from))
    }
  }
  return new Map(
    peers.map(({ x }) => {
      const arrived = received.get(x)
      if (arrived !== undefined) return [x, arrived.message]
      throw new Abort('missing-message', `no message of party ${x} in ${round.name}`)
    }),
  )
}

function open<M>(round: Round<M>, { round: number, from, bytes }: Incoming): M {
  if (number !== round.number) {
    const because = `expected round ${round.number}, got round ${number}`
    throw new Abort('wrong-round', because, blame(from))
  }
  if (bytes.length !== round.size) {
    const because = `${round.name} has ${round.size} bytes, got ${bytes.length}`
    throw new Abort('wrong-size', because, blame(from))
  }
  try {
    return round.decode(bytes)
  } catch (cause) {
    if (!(cause instanceof Malformed)) throw cause
    throw new Abort('malformed', `${round.name}: ${cause.message}`, blame(from))
  }
}

function blame(culprit: Party): { readonly culprit: Party } {
  return { culprit }
}
