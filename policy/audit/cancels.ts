// A cancel in the fold: a request that takes the nonce of another one, with a transaction that
// pays nobody. One slot, one payment: of all bytes that are lawful under a slot at most one has an
// effect beyond its fee. So from the cancel's reservation on no attempt of the cancelled request is
// lawful, and it is again only where the reservation is given back before the cancel was tried.
// Whichever lands settles; the other is dropped by the evidence that the nonce is used up.
import type { Digest } from '../../proto/ids.ts'
import { limits } from '../../proto/limits.ts'
import { refuse } from '../../proto/refusal.ts'
import { isCancel, isMessage } from '../intent.ts'
import type { Cancelling } from '../view.ts'
import type { EntryOf } from './entry.ts'
import type { Reading, Write } from './rows.ts'
import { give } from './slots.ts'
import { hasEnded, isFinal, knownIntent } from './standing.ts'
import {
  below,
  get,
  type IntentStored,
  put,
  type ReservationStored,
  type SlotStored,
  tables,
} from './tables.ts'

/** What a cancel of this request would take over, at time `t`. */
export interface Taken extends Cancelling {
  readonly slot: string
}

type Place = Pick<ReservationStored, 'vault' | 'path' | 'network'>

/** Refused unless the request was tried, may still land, and nobody else has its nonce. */
export function* takenBy(cancels: Digest, place: Place, t: number): Reading<Taken> {
  const target = yield* knownIntent(cancels)
  if (isCancel(target.op) || isMessage(target.op)) {
    refuse('LINE_VOID', `${target.op} is not cancelled: a cancel is replaced by higher fees`)
  }
  if (isFinal(target.state)) refuse('REQUEST_ENDED', `what it cancels is ${target.state}`)
  const reservation = yield* get(tables.reservation, cancels)
  if (reservation === undefined || target.attempts === 0) {
    return refuse('LINE_MISSING', 'what was never tried is taken back without a cancel')
  }
  const { vault, path, network, slot } = reservation
  if (slot === '' || vault !== place.vault || path !== place.path || network !== place.network) {
    refuse('NONCE', `expected the vault, path and network of ${cancels}, on a chain of nonces`)
  }
  const { cancelledBy: before = '' } = target
  yield* requireOver(before, t)
  const held = yield* slotAt(reservation)
  if (held?.holder !== (before === '' ? cancels : before)) {
    refuse('NONCE', `nonce ${slot} was given to another request`)
  }
  return { request: cancels, before, slot, ...(yield* highest(cancels, before)) }
}

/** The rows of a cancel's reservation beside its own. */
export function* takeOver(
  { body }: EntryOf<'spend.reserved'>,
  { request, slot }: Taken,
): Reading<readonly Write[]> {
  const target = yield* knownIntent(request)
  const given = yield* give(body, Number(slot), body.intent)
  return [...given, put(tables.intent, request, { ...target, cancelledBy: body.intent })]
}

/** Nothing of the cancel exists, so all is as it was before its reservation. */
export function* giveBack(
  stored: ReservationStored,
  { request, before }: Cancelling,
): Reading<readonly Write[]> {
  const { cancelledBy: _, ...target } = yield* knownIntent(request)
  const row: IntentStored = before === '' ? target : { ...target, cancelledBy: before }
  const given = yield* give(stored, Number(stored.slot), before === '' ? request : before)
  return [...given, put(tables.intent, request, row)]
}

/** What has landed, or lost its nonce, needs no cancel. */
export function* requireCancellable({ request }: Cancelling): Reading<void> {
  const { state } = yield* knownIntent(request)
  if (isFinal(state)) refuse('REQUEST_ENDED', `what it cancels is ${state}`)
}

/**
 * Refused beside `newest`, the last cancel of a request that was tried, when there are as many as a
 * request may have. Asked by who reserves and who signs, of a cancel that is new. No rule of the
 * fold: it costs by what it walks over, and a log that is older than the bound stays as it was.
 */
export function* requireFew(newest: Digest | ''): Reading<void> {
  const most = limits.cancelsPerIntentMax
  let [count, next] = [0, newest]
  while (next !== '') {
    count += 1
    if (count >= most) refuse('TOO_LATE_TO_CANCEL', `expected at most ${most} cancels of a request`)
    next = (yield* get(tables.reservation, next))?.cancelling?.before ?? ''
  }
}

/** Of a request that is reserved: fewer cancels than the bound were tried before this one. */
export function* requireFewBefore(intent: Digest): Reading<void> {
  yield* requireFew((yield* get(tables.reservation, intent))?.cancelling?.before ?? '')
}

/**
 * An earlier cancel of the same request may still be replaced by higher fees of its own; one that
 * was never tried is given back first, or giving it back would undo the cancel after it.
 */
function* requireOver(before: Digest | '', t: number): Reading<void> {
  if (before === '') return
  const row = yield* knownIntent(before)
  if (!hasEnded(row, t)) refuse('ONE_EFFECT', `the cancel ${before} of it has not ended`)
  if (row.attempts === 0) refuse('ONE_EFFECT', `the cancel ${before} of it is given back first`)
}

function* slotAt({ vault, path, slot }: ReservationStored): Reading<SlotStored | undefined> {
  const open = yield* get(tables.openSlot, vault, path, Number(slot))
  return open ?? (yield* get(tables.usedSlot, vault, path, Number(slot)))
}

/** The highest price and tip of every attempt under the slot. */
function* highest(
  cancels: Digest,
  before: Digest | '',
): Reading<Pick<Cancelling, 'price' | 'tip'>> {
  const fees = (yield* below(tables.attempt, cancels)).map(({ fee }) => fee)
  const earlier = before === '' ? undefined : yield* get(tables.reservation, before)
  if (earlier !== undefined) {
    fees.push(...(yield* below(tables.attempt, earlier.intent)).map(({ fee }) => fee))
    if (earlier.cancelling !== undefined) fees.push({ max: 0n, ...earlier.cancelling })
  }
  const [price = 0n] = fees.map((fee) => fee.price).sort(descending)
  const [tip = 0n] = fees.map((fee) => fee.tip).sort(descending)
  return { price, tip }
}

function descending(a: bigint, b: bigint): number {
  return a > b ? -1 : 1
}
