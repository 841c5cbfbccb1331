// Where a request stands at a time: the words of the walk, sections 2 and 3, on one row of History.
// The state in the row moves by lines only; time alone can end a request, so whoever asks for its
// standing names the time.

import type { Digest } from '../../proto/ids.ts'
import { limits } from '../../proto/limits.ts'
import { refuse } from '../../proto/refusal.ts'
import { isMessage } from '../intent.ts'
import { standing, type Verdict } from '../verdict.ts'
import type { RequestState } from '../view.ts'
import type { Reading } from './rows.ts'
import { get, type IntentStored, tables } from './tables.ts'

const finalStates: ReadonlySet<RequestState> = new Set<RequestState>([
  'DENIED',
  'SETTLED',
  'DROPPED',
  'REJECTED',
  'CANCELLED',
  'EXPIRED',
  'ACTIVE',
])

export function isFinal(state: RequestState): boolean {
  return finalStates.has(state)
}

/** No new attempt is lawful, now and for ever; or while a cancel has its nonce. */
export function hasEnded(row: IntentStored, t: number): boolean {
  return row.cancelledBy !== undefined || hasEndedItself(row, t)
}

/** As `hasEnded`, whatever a cancel took. */
export function hasEndedItself(row: IntentStored, t: number): boolean {
  if (isFinal(row.state) || row.state === 'LAPSING' || row.rejected) return true
  if (isSignedMessage(row)) return true
  if (row.aborted >= limits.attemptsPerIntentMax || t > row.notAfter) return true
  return row.until !== 0 && t > row.until
}

/** A message ends with its signature: there is nothing to send, to bump or to follow. */
export function isSignedMessage({ op, state }: Pick<IntentStored, 'op' | 'state'>): boolean {
  return isMessage(op) && state === 'SIGNED'
}

/** The state that a caller is shown: an ended request in signing may still have a signature. */
export function stateAt(row: IntentStored, t: number): RequestState {
  return row.state === 'SIGNING' && hasEnded(row, t) ? 'LAPSING' : row.state
}

/**
 * How a verdict is written into `intent.evaluated`. A request for which only time is missing is not
 * denied: by its rule and its people it is allowed, and the trace says what it waits for.
 */
export function resultOf(verdict: Verdict): 'allow' | 'need' | 'deny' | 'error' {
  if (verdict.result === 'ERROR') return 'error'
  switch (standing(verdict)) {
    case 'ALLOW':
    case 'WAITING':
      return 'allow'
    case 'AWAITING_APPROVAL':
      return 'need'
    case 'DENIED':
      return 'deny'
  }
}

export function* knownIntent(intent: Digest): Reading<IntentStored> {
  const row = yield* get(tables.intent, intent)
  return row ?? refuse('REQUEST_NOT_FOUND', `no intent ${intent}`)
}

export function requireOpen(row: IntentStored, t: number): void {
  if (hasEnded(row, t)) refuse('REQUEST_ENDED', `request is ${stateAt(row, t)} and has ended`)
}

export function requireUnspent(row: IntentStored): void {
  if (row.attempts > 0) refuse('TOO_LATE_TO_CANCEL', 'an attempt has started: request is spent')
}
