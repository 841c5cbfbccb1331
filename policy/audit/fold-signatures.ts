// The fold of results: a signature that verifies under the vault's key, and what became of the
// transaction. Only the signature is proved here; that a transaction landed or was dropped rests on
// chain endpoints, so those lines close a request and free no room.
import { refuse } from '../../proto/refusal.ts'
import { boundTxid } from '../chain/chains.ts'
import { derive } from '../chain/derive.ts'
import { parseSignature } from '../chain/signature.ts'
import { isMessage } from '../intent.ts'
import type { AttemptRow } from '../view.ts'
import type { Desk } from './desk.ts'
import type { EntryOf } from './entry.ts'
import { closeAt } from './fold-spends.ts'
import type { Reading, Write } from './rows.ts'
import { count } from './slots.ts'
import { isFinal, knownIntent, stateAt } from './standing.ts'
import { get, type IntentStored, key, put, type ReservationStored, tables } from './tables.ts'

type Completed = EntryOf<'sign.completed'>
type Followed = EntryOf<'tx.broadcast' | 'tx.settled' | 'tx.dropped'>

export function* completed({ body, t }: Completed, desk: Desk): Reading<readonly Write[]> {
  const { intent, attempt, txid } = body
  const row = yield* knownIntent(intent)
  const found = yield* get(tables.attempt, intent, attempt)
  const reservation = yield* get(tables.reservation, intent)
  if (found === undefined || reservation === undefined) {
    return refuse('STALE_ATTEMPT', `attempt ${attempt} has not started`)
  }
  if (found.state === 'completed') refuse('REPLAY_DETECTED', `attempt ${attempt} has a signature`)
  if (found.warrant !== body.warrant) refuse('WARRANT', 'not the warrant of the attempt')
  if (isOther(txid, found, reservation))
    refuse('BYTES_DIGEST', 'not the id of the transaction of the attempt')
  yield
  yield* requireSignature(body, found, reservation, desk)
  yield

  const before = yield* get(tables.completed, intent)
  const txids = [...new Set([...(before?.txids ?? []), txid])]
  const written = [
    put(tables.attempt, key(intent, attempt), { ...found, state: 'completed' }),
    put(tables.completed, intent, { txids }),
  ]
  // The slot rule: what was dropped uses no nonce up, and what settled unseen does so from here on.
  const isFirst = before === undefined && row.state !== 'DROPPED'
  const counted = isFirst ? yield* countSlot(reservation, 1) : []
  // A late signature of a closed request is evidence; it moves no state any more.
  if (isFinal(row.state)) return [...written, ...counted]
  const state = row.state === 'SIGNING' ? 'SIGNED' : row.state
  return [
    ...written,
    put(tables.intent, intent, { ...row, state }),
    // Shares of a later attempt may still leave, so only the newest closes the spend.
    ...(attempt === row.attempts ? closeAt(reservation, t) : []),
    ...counted,
  ]
}

export function* followed({ type, body, t }: Followed): Reading<readonly Write[]> {
  const { intent, txid } = body
  const row = yield* knownIntent(intent)
  if (isMessage(row.op)) refuse('LINE_VOID', 'a message has no transaction')
  if (isFinal(row.state)) refuse('REQUEST_ENDED', `request is ${row.state}`)
  // A caller may pay again once a request is dropped, so not while its bytes may still land.
  if (type === 'tx.dropped' && t <= row.until) {
    refuse('LIFETIME', 'the transaction has not come to the end of its life')
  }
  const signed = yield* get(tables.completed, intent)
  // A lapsing request may have a signature unseen; once one is seen, only known ones count.
  const unseen = type !== 'tx.broadcast' && stateAt(row, t) === 'LAPSING'
  const known = signed === undefined ? unseen : signed.txids.includes(txid)
  const reservation = yield* get(tables.reservation, intent)
  const first = yield* get(tables.attempt, intent, 1)
  if (reservation === undefined || !known || isOther(txid, first, reservation)) {
    return refuse('LINE_MISSING', 'no verified signature of this transaction')
  }
  const next = put(tables.intent, intent, follow(row, type))
  const frees = type === 'tx.dropped' && signed !== undefined
  return frees ? [next, ...(yield* countSlot(reservation, -1))] : [next]
}

/** Bytes with an end of life are bound for ever, and so are a message's: their id is known. */
function isOther(
  txid: string,
  attempt: AttemptRow | undefined,
  { network, op }: ReservationStored,
): boolean {
  if (attempt === undefined || !(isMessage(op) || attempt.until > 0)) return false
  const bound = boundTxid(network, op, attempt.digest)
  return bound !== undefined && bound !== txid
}

function follow(row: IntentStored, type: Followed['type']): IntentStored {
  switch (type) {
    case 'tx.broadcast':
      return row.state === 'SIGNED' ? { ...row, state: 'BROADCAST' } : row
    case 'tx.settled':
      return { ...row, state: 'SETTLED' }
    case 'tx.dropped':
      return { ...row, state: 'DROPPED' }
  }
}

function* requireSignature(
  body: Completed['body'],
  { digest }: AttemptRow,
  { vault, path }: ReservationStored,
  { verifies }: Desk,
): Reading<void> {
  const row = yield* get(tables.vault, vault)
  const key = row && derive(row, path).publicKey
  if (key === undefined || !verifies(parseSignature(body.signature), digest, key)) {
    refuse('BYTES_DIGEST', 'the signature does not verify under the key of the address')
  }
}

function* countSlot(reservation: ReservationStored, by: 1 | -1): Reading<readonly Write[]> {
  return reservation.slot === '' ? [] : yield* count(reservation, Number(reservation.slot), by)
}
