// The fold of reservations: an amount counts against every limit from its line on, and on EVM the
// line gives the intent its nonce; a message has none, and counts in limits that count. The check
// depends only on the lines before, so that sequencer, nodes and auditor get one answer.
// INVARIANT: room comes back at once before the first attempt, and after it never sooner than a
// window after the spend has closed.
import type { Digest } from '../../proto/ids.ts'
import { refuse } from '../../proto/refusal.ts'
import { isCancel, isMessage, movesNothing } from '../intent.ts'
import { networkOf, type Rulebook } from '../rulebook.ts'
import { covers, type Spend, used, weight } from '../rules/limit.ts'
import type { Cancelling, LimitUse } from '../view.ts'
import { giveBack, type Taken, takenBy, takeOver } from './cancels.ts'
import type { Desk } from './desk.ts'
import type { EntryOf } from './entry.ts'
import { duplicateBefore, spendsSince } from './history.ts'
import type { Reading, Write } from './rows.ts'
import { give, nextNonce, takeBack } from './slots.ts'
import { knownIntent, requireOpen, requireUnspent } from './standing.ts'
import { get, key, put, type ReservationStored, remove, tables } from './tables.ts'

type Reserved = EntryOf<'spend.reserved'>

export function* reserved(line: Reserved, desk: Desk): Reading<readonly Write[]> {
  const { body, seq, t } = line
  const { intent, vault, slot } = body
  const row = yield* knownIntent(intent)
  requireOpen(row, t)
  if (yield* get(tables.reservation, intent)) refuse('LINE_VOID', 'a live reservation exists')
  if (row.vault !== vault || row.op !== body.op || row.initiator !== body.initiator) {
    refuse('LINE_VOID', 'vault, operation or initiator differ from the intent')
  }
  const costs = isMessage(body.op) && body.feeMax !== 0n
  if (movesNothing(body.op) && (body.amount !== 0n || costs)) {
    refuse('LINE_VOID', `${body.op} moves nothing, and a message costs nothing`)
  }
  const ruleset = yield* desk.ruleset()
  const rulebook = yield* desk.rulebook()
  const { directory } = ruleset
  if (directory === '' || body.policy !== rulebook.digest) {
    return refuse('POLICY_CHANGED', `policy ${body.policy} is not in force`)
  }
  if (isCancel(body.op) !== (body.cancels !== undefined)) {
    refuse('LINE_VOID', `expected a request to cancel beside a cancel alone, got ${body.op}`)
  }
  const taken = body.cancels && (yield* takenBy(body.cancels, body, t))
  const given = taken?.slot ?? (yield* slotFor(line, rulebook))
  if (slot !== given) refuse('NONCE', `expected slot ${given}, got ${slot}`)

  const limits = yield* usesOf(rulebook, body, t)
  const duplicateOf = yield* duplicateBefore(rulebook, body, t)
  const { cancels: _, ...spent } = body
  const stored: ReservationStored = {
    ...spent,
    ...(taken && { cancelling: cancellingOf(taken) }),
    seq,
    t,
    closesAt: row.notAfter,
    directory,
    duplicateOf,
    limits,
  }
  const bound = yield* bindSlot(line, taken)
  return [
    put(tables.reservation, intent, stored),
    spendOf(stored),
    put(tables.intent, intent, { ...row, state: 'RESERVED' }),
    ...bound,
  ]
}

export function* released({ body }: EntryOf<'spend.released'>): Reading<readonly Write[]> {
  const row = yield* knownIntent(body.intent)
  requireUnspent(row)
  const freed = yield* freeRoom(body.intent)
  if (freed.length === 0) refuse('LINE_MISSING', 'no live reservation')
  return [...freed, put(tables.intent, body.intent, { ...row, state: 'WAITING' })]
}

/** Takes back a reservation that no attempt followed; nothing where there is none. */
export function* freeRoom(intent: Digest): Reading<readonly Write[]> {
  const stored = yield* get(tables.reservation, intent)
  if (stored === undefined) return []
  const nonce = yield* unbindSlot(stored)
  return [remove(tables.reservation, intent), remove(tables.spend, spendKey(stored)), ...nonce]
}

function* bindSlot(line: Reserved, taken: Taken | undefined): Reading<readonly Write[]> {
  const { slot, intent } = line.body
  if (taken !== undefined) return yield* takeOver(line, taken)
  return slot === '' ? [] : yield* give(line.body, Number(slot), intent)
}

function* unbindSlot(stored: ReservationStored): Reading<readonly Write[]> {
  const { slot, cancelling, intent } = stored
  if (cancelling !== undefined) return yield* giveBack(stored, cancelling)
  return slot === '' ? [] : yield* takeBack(stored, Number(slot), intent)
}

function cancellingOf({ request, before, price, tip }: Taken): Cancelling {
  return { request, before, price, tip }
}

/** Moves the end from which windows count. */
export function closeAt(stored: ReservationStored, closesAt: number): readonly Write[] {
  if (closesAt === stored.closesAt) return []
  const moved = { ...stored, closesAt }
  return [
    remove(tables.spend, spendKey(stored)),
    spendOf(moved),
    put(tables.reservation, stored.intent, moved),
  ]
}

function* slotFor({ body, t }: Reserved, rulebook: Rulebook): Reading<string> {
  const network = networkOf(rulebook, body.vault)
  if (network?.caip2 !== body.network) {
    return refuse('LINE_VOID', `vault ${body.vault} is not on ${body.network}`)
  }
  const isFree = network.slot.kind !== 'nonce' || isMessage(body.op)
  return isFree ? '' : String(yield* nextNonce(body, t))
}

function* usesOf(rulebook: Rulebook, spend: Spend, t: number): Reading<readonly LimitUse[]> {
  const covering = rulebook.limits.filter((limit) => covers(limit, spend))
  if (covering.length === 0) return []
  const windowMs = Math.max(...covering.map((limit) => limit.windowMs))
  const rows = yield* spendsSince(rulebook, t - windowMs)
  return covering.map((limit) => {
    const before = used(limit, rows, { t, to: spend.to })
    if (before + weight(limit, spend) > limit.max) {
      refuse('LIMIT', `limit ${limit.id}: ${before} of ${limit.max} used`, limit.id)
    }
    return { id: limit.id, used: before }
  })
}

function spendOf(stored: ReservationStored): Write {
  const { seq, t, amount, asset, closesAt, dest, intent, rule, to, vault } = stored
  const row = { seq, t, amount, asset, closesAt, dest, intent, rule, to, vault }
  return put(tables.spend, spendKey(stored), row)
}

function spendKey({ vault, closesAt, seq }: ReservationStored): string {
  return key(vault, closesAt, seq)
}
