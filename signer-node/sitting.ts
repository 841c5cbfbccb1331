// What makes a signer node a Station: it sits at one table, for one planned ceremony. Then it asks
// nobody for its floor (the other witnesses are not in the room), cosigns nothing, pairs only
// inside a session (freshOt), may accept one attempt again after a session that failed, and is as
// patient as people who read aloud and carry cards.
// INVARIANT: a hot node has none of it; patience is bounded, and changes no rule but how long to
// wait. Source: the ceremony's design, 4.6 to 4.8; README D2.
import type { Digest } from '../proto/ids.ts'
import { limits } from '../proto/limits.ts'
import { refuse } from '../proto/refusal.ts'

/** How long a node waits, in milliseconds. */
export interface Patience {
  /** From its acceptance to Start. */
  readonly acceptanceMs: number
  /** For the messages of one round. */
  readonly roundMs: number
  /** For a whole session, also over pairings made in it. */
  readonly sessionMs: number
  readonly freshSessionMs: number
}

export interface Sitting {
  /** Of the planned ceremony, as its line names it. */
  readonly plan: Digest
  readonly patience: Patience
}

export const hotPatience: Patience = {
  acceptanceMs: limits.acceptanceLifetimeMs,
  roundMs: limits.roundTimeoutMs,
  sessionMs: limits.sessionTimeoutMs,
  freshSessionMs: limits.freshSessionTimeoutMs,
}

/** As a Plan has it: seconds over a network, hours where cards are carried. */
export interface Timeouts {
  readonly roundS: number
  readonly sessionS: number
}

/** No less than what a hot node waits, and no longer than a sitting lasts. */
export function tablePatience({ roundS, sessionS }: Timeouts): Patience {
  const [roundMs, sessionMs] = [1_000 * roundS, 1_000 * sessionS]
  const { tableWaitMsMax: max, roundTimeoutMs: min } = limits
  // What is no number compares with nothing, so what is asked is what must hold.
  if (!(roundMs >= min && sessionMs >= roundMs && sessionMs <= max)) {
    const got = `${roundMs} and ${sessionMs}`
    refuse(
      'CONFIG',
      `timeouts: expected ${min} to ${max} ms, a round within its session, got ${got}`,
    )
  }
  return { acceptanceMs: roundMs, roundMs, sessionMs, freshSessionMs: sessionMs }
}
