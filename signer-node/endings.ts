// Every way in which a message or a session can end, as one table: how grave it is, what happens
// then, whether somebody is named, what is kept of it, what is counted, and what leaves the node.
// Source: protocol document 1.13; failure model 5.1 (O-...), where equivocation is a FAULT here.
// INVARIANT: nothing but a failed check over data that its sender signed, for that session, under
// one view, is a ban; what anybody who carries messages can cause names nobody.
// Acts on nothing itself: `session.ts` ends, `blame.ts` keeps and counts, `last-words.ts` tells.
import type { AbortReason } from './dkls23/abort.ts'

export type EndingClass =
  /** The message is ignored; the session goes on. */
  | 'drop'
  /** A new session may work; nobody is to blame. */
  | 'retry'
  /** The sender sent something wrong. */
  | 'fault'
  /** The sender cheated where cheating could teach it a secret. */
  | 'ban'
  /** Wrong, and nobody can be named. */
  | 'abort'

/** As the failure model calls it. */
export type Outcome =
  | 'O-DROP'
  | 'O-ABORT'
  | 'O-MISMATCH'
  | 'O-EQUIV'
  | 'O-OT'
  | 'O-SIG'
  | 'O-TIME'
  | 'O-HALT'

/** What the node keeps for a stranger. Never Delta, leaves, pads, beta or chi. */
export type Kept =
  | 'nothing'
  /** Both signatures, over two digests for one place. */
  | 'two-messages'
  /** The signed message with the share that is not on the dealt polynomial. */
  | 'wrong-share'

export type Counted =
  | 'nothing'
  /** In `droppedEnvelopes`. */
  | 'dropped'
  /** For the peer and the day; the third raises an alarm. */
  | 'strike'
  /** For the peer and the day; the third bans it. */
  | 'failed-set-up'
  /** The Pairing, for ever, and the peer once its probation of the day is used up. */
  | 'tombstone'

/** What the coordinator hears. A pair set-up says nothing in any case. */
export type Said =
  | 'nothing'
  /** One word for all, at the deadline of the round: what silence sounds like. */
  | 'timed-out'
  /** Why, at once: it depends on nothing but what the coordinator itself carried or asked for. */
  | 'why'

export interface Row {
  readonly class: EndingClass
  readonly outcome: Outcome
  readonly names: boolean
  readonly kept: Kept
  readonly counted: Counted
  readonly said: Said
  /** What the node does, and what is left to its operator. */
  readonly remedy: string
}

/** Endings that no protocol throws. */
export type OuterEnding =
  | 'unauthentic'
  | 'unknown-session'
  | 'wrong-time'
  | 'equal-copy'
  | 'timeout'
  | 'stopped'
  | 'acceptances-differ'
  | 'clone'
  | 'two-messages'
  | 'bug'

export type Ending = AbortReason | OuterEnding

const dropped = {
  class: 'drop',
  outcome: 'O-DROP',
  names: false,
  kept: 'nothing',
  counted: 'dropped',
  said: 'nothing',
  remedy: 'ignore it and wait for the right one until the deadline',
} as const satisfies Row

const retried = {
  class: 'retry',
  outcome: 'O-MISMATCH',
  names: false,
  kept: 'nothing',
  counted: 'nothing',
  said: 'timed-out',
  remedy: 'a new attempt with new nonces, with the same nodes or others',
} as const satisfies Row

const faulty = {
  class: 'fault',
  outcome: 'O-ABORT',
  names: true,
  kept: 'nothing',
  counted: 'strike',
  said: 'timed-out',
  remedy: 'a new attempt; after three a day an operator looks at the peer',
} as const satisfies Row

const banned = {
  class: 'ban',
  outcome: 'O-OT',
  names: true,
  kept: 'nothing',
  counted: 'tombstone',
  said: 'timed-out',
  remedy: 'the pairing dies before anything else; other nodes sign; re-admission by operators',
} as const satisfies Row

const aborted = {
  class: 'abort',
  outcome: 'O-ABORT',
  names: false,
  kept: 'nothing',
  counted: 'nothing',
  said: 'timed-out',
  remedy: 'a new attempt with other nodes; the brake of the vault counts it',
} as const satisfies Row

export const endings = {
  unauthentic: dropped,
  'unknown-session': dropped,
  'wrong-time': dropped,
  'equal-copy': { ...dropped, counted: 'nothing' },

  timeout: { ...retried, outcome: 'O-TIME' },
  'missing-message': { ...retried, outcome: 'O-TIME' },
  'view-mismatch': retried,
  'pairing-mismatch': retried,
  'pairing-dead': { ...retried, remedy: 'a check of another session failed; see its ban' },
  'pprf-check': {
    ...retried,
    outcome: 'O-OT',
    counted: 'failed-set-up',
    remedy: 'the set-up is thrown away; the third in a day bans the peer',
  },
  'acceptances-differ': { ...retried, said: 'why' },
  clone: {
    ...retried,
    said: 'why',
    remedy: 'that incarnation is refused for good; its operator starts the node anew',
  },
  stopped: { ...retried, said: 'why', remedy: 'as whoever stopped it says' },

  'two-messages': { ...faulty, outcome: 'O-EQUIV', kept: 'two-messages' },
  'unknown-sender': faulty,
  'duplicate-message': faulty,
  'wrong-round': faulty,
  'wrong-size': faulty,
  malformed: faulty,
  commitment: faulty,
  proof: faulty,
  constant: faulty,
  share: { ...faulty, kept: 'wrong-share' },
  'identity-point': faulty,

  'ot-check': banned,
  'rvole-check': banned,
  'gamma-check': banned,

  'public-key-sum': aborted,
  'signature-invalid': {
    ...aborted,
    outcome: 'O-SIG',
    remedy: 'no signature leaves; an operator looks before the vault signs on',
  },
  degenerate: aborted,
  bug: { ...aborted, outcome: 'O-HALT', said: 'nothing', remedy: 'the process stops' },
} as const satisfies Record<Ending, Row>

/** The row of one ending, without what the table knows of its exact words. */
export function endingOf(ending: Ending): Row {
  return endings[ending]
}
