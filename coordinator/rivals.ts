// Who else has a transaction under the same nonce: whoever was given it later, what a cancel takes
// over, and the cancels of a request, the newest first. One of them lands, and the others are
// dropped for it.
import type { Reading } from '../policy/audit/rows.ts'
import { get, tables } from '../policy/audit/tables.ts'
import type { Digest } from '../proto/ids.ts'

/** The request that settled with the nonce of this one; undefined while none has. */
export function* settledRival(intent: Digest): Reading<Digest | undefined> {
  for (const rival of yield* rivalsOf(intent)) {
    if ((yield* get(tables.intent, rival))?.state === 'SETTLED') return rival
  }
  return undefined
}

/** All of them, in no order that matters. */
export function* rivalsOf(intent: Digest): Reading<readonly Digest[]> {
  const reservation = yield* get(tables.reservation, intent)
  if (reservation === undefined || reservation.slot === '') return []
  const { vault, path, slot, cancelling } = reservation
  const used = yield* get(tables.usedSlot, vault, path, Number(slot))
  const all = new Set<Digest>()
  const targets = [cancelling?.request ?? intent]
  if (used !== undefined && used.holder !== '') {
    all.add(used.holder)
    const held = yield* get(tables.reservation, used.holder)
    targets.push(held?.cancelling?.request ?? used.holder)
  }
  for (const target of targets) {
    all.add(target)
    for (const cancel of yield* cancelsOf(target)) all.add(cancel)
  }
  all.delete(intent)
  return [...all]
}

function* cancelsOf(target: Digest): Reading<readonly Digest[]> {
  const all: Digest[] = []
  let next = (yield* get(tables.intent, target))?.cancelledBy
  while (next !== undefined) {
    all.push(next)
    const before = (yield* get(tables.reservation, next))?.cancelling?.before
    next = before === '' ? undefined : before
  }
  return all
}
