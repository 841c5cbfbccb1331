// What makes a signer node a Station: it sits at one table, for one planned ceremony. Then it asks
// nobody for its floor (the other witnesses are not in the room), cosigns nothing, pairs only
// inside a session (freshOt), may accept one attempt again after a session that failed, and is as
// patient as people who read aloud and carry cards.
// INVARIANT: a hot node has none of it; patience is bounded, and changes no rule but how long to
// wait; an acceptance names the Record of the sitting at a table, and nowhere else.
// Source: the ceremony's design, 4.6 to 4.8; README D2.
import type { Digest, NodeId } from '../proto/ids.ts'
import type { JsonObject } from '../proto/jcs.ts'
import { limits } from '../proto/limits.ts'
import type { RecordHead } from '../proto/node-documents.ts'
import { attempt, isRefusal, refuse } from '../proto/refusal.ts'

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
  readonly record: SittingRecord
}

/** What a session at a table is about, as each of its acceptances says. */
export interface AtTheTable {
  readonly request: Digest
  /** Everybody of the session. */
  readonly nodes: readonly NodeId[]
  /** Of the text that was confirmed; absent where a key is dealt. */
  readonly display?: Digest
}

/** The Record of this sitting, as far as the own copy goes. */
export interface SittingRecord {
  /**
   * Its head, to be named by an acceptance about this: once, because each session is confirmed
   * anew. Refused while somebody's confirmation is missing in it.
   */
  name(about: AtTheTable): RecordHead
  /**
   * What another acceptance of the session names. Refused where the own copy has another Record up
   * to there, or does not go as far, and where confirmations are missing in it.
   */
  require(about: AtTheTable, named: RecordHead): void
}

type Naming = readonly { readonly node: NodeId; readonly record?: RecordHead }[]

/** A part of an acceptance; nothing away from a table. */
export function recordSaid(sitting: Sitting | undefined, about: AtTheTable): JsonObject {
  return sitting === undefined ? {} : { record: { ...sitting.record.name(about) } }
}

/** Of every acceptance, the own one too: it was named a while ago. */
export function requireRecord({ record }: Sitting, all: Naming, about: AtTheTable): void {
  for (const one of all) {
    const named = one.record ?? refuse('RECORD', `${one.node} names no Record`, 'X-14')
    const fits = attempt(() => record.require(about, named))
    if (isRefusal(fits)) refuse(fits.code, `${one.node}: ${fits.because}`, fits.rule)
  }
}

/** Away from a table. */
export function requireNoRecord(all: Naming): void {
  const seated = all.find(({ record }) => record !== undefined)
  if (seated !== undefined) refuse('VIEW', `${seated.node} names a Record, and this is no table`)
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
