// The fold of a request's own lines: created, judged, decided by people, ended before any attempt.
// Each function gives the rows that its line writes, or refuses: then the line is void.
// An evaluation is a record. It moves what callers see and grants nothing.
import { refuse } from '../../proto/refusal.ts'
import { isMessage } from '../intent.ts'
import type { RequestState } from '../view.ts'
import type { EntryOf } from './entry.ts'
import { freeRoom } from './fold-spends.ts'
import type { Reading, Write } from './rows.ts'
import { isFinal, knownIntent, requireOpen, requireUnspent, stateAt } from './standing.ts'
import { get, type IntentStored, key, put, tables } from './tables.ts'

export function* created({ body, seq, t }: EntryOf<'intent.created'>): Reading<readonly Write[]> {
  const { intent, initiator, id } = body
  if (yield* get(tables.intent, intent)) refuse('IDEMPOTENCY_CONFLICT', 'this intent exists')
  if (yield* get(tables.caller, initiator, id)) {
    refuse('IDEMPOTENCY_CONFLICT', `${initiator} has used the id ${id}`)
  }
  const row: IntentStored = {
    ...body,
    seq,
    t,
    aborted: 0,
    attempts: 0,
    rejected: false,
    rule: '',
    state: 'AWAITING_APPROVAL',
    until: 0,
  }
  return [put(tables.intent, intent, row), put(tables.caller, key(initiator, id), { intent })]
}

export function* evaluated({ body }: EntryOf<'intent.evaluated'>): Reading<readonly Write[]> {
  const row = yield* knownIntent(body.intent)
  // From the reservation on, states move by the lines that act.
  if (row.state !== 'AWAITING_APPROVAL' && row.state !== 'WAITING') return []
  const next: IntentStored = { ...row, rule: body.rule, state: judged(body.result) }
  return [put(tables.intent, body.intent, next)]
}

export function* decided({
  type,
  body,
  seq,
  t,
}: EntryOf<'approval.recorded' | 'approval.rejected'>): Reading<readonly Write[]> {
  const { intent, person } = body
  const row = yield* knownIntent(intent)
  const decision = type === 'approval.recorded' ? 'approve' : 'reject'
  // A no is heard while a cancel has the nonce too: given back, the request would go on.
  const { cancelledBy: _, ...itself } = row
  requireOpen(decision === 'reject' ? itself : row, t)
  const before = yield* get(tables.decision, intent, person)
  // A no counts after a yes: a yes line that nobody signed must not take the no away.
  if (before !== undefined && !(before.decision === 'approve' && decision === 'reject')) {
    refuse('APPROVAL_REPLAYED', `${person} has decided on this intent`)
  }
  const recorded = put(tables.decision, key(intent, person), { ...body, seq, t, decision })
  if (decision === 'approve') return [recorded]
  const unspent = row.attempts === 0
  const next = { ...row, rejected: true, state: unspent ? 'REJECTED' : row.state } as const
  const freed = unspent ? yield* freeRoom(intent) : []
  return [recorded, put(tables.intent, intent, next), ...freed]
}

export function* ended({
  type,
  body,
  t,
}: EntryOf<'intent.cancelled' | 'intent.expired'>): Reading<readonly Write[]> {
  const row = yield* knownIntent(body.intent)
  if (type === 'intent.expired' && isMessage(row.op) && row.attempts > 0) {
    return yield* lapsed(row, t)
  }
  requireUnspent(row)
  if (isFinal(row.state)) refuse('REQUEST_ENDED', `request is ${row.state}`)
  const state = type === 'intent.cancelled' ? 'CANCELLED' : 'EXPIRED'
  return [put(tables.intent, body.intent, { ...row, state }), ...(yield* freeRoom(body.intent))]
}

/**
 * A message that was tried and has no signature: no chain will ever show whether it has one that
 * nobody saw, so a line says that the waiting is over. What it took of limits stays taken.
 */
function* lapsed(row: IntentStored, t: number): Reading<readonly Write[]> {
  const last = yield* get(tables.attempt, row.intent, row.attempts)
  const state = stateAt(row, t)
  if (state !== 'LAPSING' || last?.state === 'open') {
    return refuse('TOO_LATE_TO_CANCEL', `the message is ${state} and may still be signed`)
  }
  return [put(tables.intent, row.intent, { ...row, state: 'EXPIRED' })]
}

/** An error of the evaluation is final too: nothing was found lawful, and retrying repeats it. */
function judged(result: EntryOf<'intent.evaluated'>['body']['result']): RequestState {
  switch (result) {
    case 'deny':
    case 'error':
      return 'DENIED'
    case 'need':
      return 'AWAITING_APPROVAL'
    case 'allow':
      return 'WAITING'
  }
}
