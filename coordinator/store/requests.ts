// The index of requests: for listing, waking and looking up by caller's id. Every column repeats
// what the fold knows and is written in the transaction of the lines, so it can be made again.

import { isFinal, isSignedMessage } from '../../policy/audit/standing.ts'
import type { IntentRow, RequestState } from '../../policy/view.ts'
import { requestStates } from '../../policy/view.ts'
import { type Digest, parseDigest } from '../../proto/ids.ts'
import { literal } from '../../proto/shape.ts'
import { numberOf, type Row, type Session, textOf, type Value } from './store.ts'

export interface RequestRow {
  readonly intent: Digest
  readonly initiator: string
  readonly callerId: string
  readonly vault: string
  readonly state: RequestState
  readonly notAfter: number
  readonly createdSeq: number
  /** Newest line about it. */
  readonly seq: number
}

/** `seq`: the newest line about the request. */
export async function putRequest(
  session: Session,
  origin: string,
  row: IntentRow,
  seq: number,
): Promise<void> {
  await session.query(
    `insert into request
       (origin, intent, initiator, caller_id, vault, state, not_after, created_seq, seq, rests)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
     on conflict (origin, intent) do update
     set state = excluded.state, seq = excluded.seq, rests = excluded.rests`,
    [
      ...[origin, row.intent, row.initiator, row.id, row.vault, row.state],
      ...[row.notAfter, row.seq, seq, isSignedMessage(row)],
    ],
  )
}

export async function findRequest(
  session: Session,
  origin: string,
  caller: { readonly initiator: string; readonly callerId: string },
): Promise<RequestRow | undefined> {
  const rows = await select(session, 'origin = $1 and initiator = $2 and caller_id = $3', [
    origin,
    caller.initiator,
    caller.callerId,
  ])
  return rows[0]
}

export interface ListPage {
  /** Empty: any. */
  readonly state: string
  /** Only those that have not ended. */
  readonly open?: boolean
  /** The created seq of the last one seen. */
  readonly before: number
  readonly countMax: number
}

/** Newest first. */
export function listRequests(
  session: Session,
  origin: string,
  { state: inState, open = false, before, countMax }: ListPage,
): Promise<readonly RequestRow[]> {
  const isOpen = '(not $5 or (not rests and state <> all($6::text[])))'
  return select(
    session,
    `origin = $1 and ($2 = '' or state = $2) and created_seq < $3 and ${isOpen}
     order by created_seq desc limit $4`,
    [origin, inState, before, countMax, open, requestStates.filter(isFinal)],
  )
}

/** In any of these states and not at its end there, oldest first. */
export function requestsIn(
  session: Session,
  origin: string,
  states: readonly RequestState[],
  countMax: number,
): Promise<readonly RequestRow[]> {
  const inStates = 'origin = $1 and state = any($2::text[]) and not rests'
  return select(session, `${inStates} order by created_seq limit $3`, [origin, states, countMax])
}

/** Those with a line at or after `seq`, in the order of their newest line. */
export function requestsSince(
  session: Session,
  origin: string,
  seq: number,
  countMax: number,
): Promise<readonly RequestRow[]> {
  return select(session, 'origin = $1 and seq >= $2 order by seq limit $3', [origin, seq, countMax])
}

/** Open ones of one caller: a bound on what may wait. */
export async function countOpen(
  session: Session,
  origin: string,
  initiator: string,
): Promise<number> {
  const rows = await session.query(
    `select count(*)::bigint as open from request where origin = $1 and initiator = $2
     and state in ('AWAITING_APPROVAL', 'WAITING', 'RESERVED', 'SIGNING')`,
    [origin, initiator],
  )
  return rows[0] === undefined ? 0 : numberOf(rows[0], 'open')
}

async function select(
  session: Session,
  condition: string,
  values: readonly Value[],
): Promise<readonly RequestRow[]> {
  const rows = await session.query(
    `select intent, initiator, caller_id, vault, state, not_after, created_seq, seq
     from request where ${condition}`,
    values,
  )
  return rows.map(parseRow)
}

const state = literal(...requestStates)

function parseRow(row: Row): RequestRow {
  return {
    intent: parseDigest(textOf(row, 'intent')),
    initiator: textOf(row, 'initiator'),
    callerId: textOf(row, 'caller_id'),
    vault: textOf(row, 'vault'),
    state: state(textOf(row, 'state'), 'state'),
    notAfter: numberOf(row, 'not_after'),
    createdSeq: numberOf(row, 'created_seq'),
    seq: numberOf(row, 'seq'),
  }
}
