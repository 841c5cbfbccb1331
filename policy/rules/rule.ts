// Rule: a box, the people whose approval it asks for, how long it holds and how long it stays open.
// Rules have no order: exactly one may match. Here written names become sets of vaults, classes and
// people, and written amounts become base units of each asset.
import type { Handle } from '../../proto/ids.ts'
import { refuse } from '../../proto/refusal.ts'
import { isCall, isMessage, movesNothing } from '../intent.ts'
import type { Places } from '../places.ts'
import type { Calendar, WrittenRule } from '../policy-shape.ts'
import type { Requirement } from '../quorum.ts'
import { named, type Roles, requireRoles } from '../roles.ts'
import { baseUnits } from '../units.ts'
import type { Box, Interval } from './box.ts'

export interface Rule {
  readonly id: Handle
  readonly box: Box
  /** `always` or the name of a calendar. */
  readonly when: Handle
  /** Empty: nobody is asked. */
  readonly require: readonly Requirement[]
  /** Counts from the witnessed time of the approval that completed the quorum. */
  readonly holdMs: number
  /** Counts from the intent's `created`. */
  readonly ttlMs: number
}

export interface Names {
  readonly places: Places
  readonly roles: Roles
  readonly calendars: ReadonlyMap<Handle, Calendar>
}

export function ruleOf(written: WrittenRule, { places, roles, calendars }: Names): Rule {
  const { id, match, hold: holdMs = 0, ttl: ttlMs } = written
  const path = `rules.${id}`
  for (const vault of match.from) named(places.vaults, vault, `${path}.from`)
  for (const name of match.to) named(places.destinations, name, `${path}.to`)
  const initiators = match.initiator.map((name) => named(roles, name, `${path}.initiator`))
  if (match.when !== 'always') named(calendars, match.when, `${path}.when`)
  if (ttlMs === 0) bad(`${path}.ttl: expected more than nothing`)
  if (holdMs > 0 && written.require.length === 0) {
    bad(`${path}.hold: expected somebody whose approval it can count from`)
  }
  requireRoles(written.require, roles, path)

  const box: Box = {
    ops: new Set(match.op),
    from: new Set(match.from),
    to: new Set(match.to),
    initiators: new Set(initiators.flatMap((role) => [...role.members])),
    calls: callsOf(match, places, path),
    messages: messagesOf(match, places, path),
    amounts: amountsOf(match, places, path),
  }
  return { id, box, when: match.when, require: written.require, holdMs, ttlMs }
}

function amountsOf(
  match: WrittenRule['match'],
  places: Places,
  path: string,
): ReadonlyMap<Handle, Interval> {
  const { asset: assets, amount } = match
  return new Map(
    assets.map((id) => {
      const { decimals } = named(places.assets, id, `${path}.asset`)
      // Without `gt` from nothing on, which only a call may move, or what moves nothing at all.
      const mayBeNone = match.call !== undefined || match.op.some(movesNothing)
      if (amount.gt === undefined && !mayBeNone) bad(`${path}.amount: no gt`)
      const gt = amount.gt === undefined ? -1n : baseUnits(amount.gt, decimals, `${path}.amount.gt`)
      const hi = baseUnits(amount.lte, decimals, `${path}.amount.lte`)
      if (gt >= hi) bad(`${path}.amount: expected gt below lte`)
      return [id, { lo: gt + 1n, hi }]
    }),
  )
}

/** A rule is for calls alone or for transfers alone, so that neither is allowed by the other. */
function callsOf(
  { op, call, from }: WrittenRule['match'],
  places: Places,
  path: string,
): ReadonlySet<Handle> {
  const isOfCalls = op.some(isCall)
  if (isOfCalls !== (call !== undefined) || (isOfCalls && op.length > 1)) {
    bad(`${path}.match: expected call beside an operation of calls alone`)
  }
  // A Station asks for an amount and a recipient, which do not say what a call does.
  const cold = from.find((id) => places.vaults.get(id)?.tier === 'cold')
  if (isOfCalls && cold !== undefined) bad(`${path}.from: no calls from the cold vault ${cold}`)
  for (const name of call ?? []) named(places.calls, name, `${path}.call`)
  return new Set(call)
}

/** A rule is for messages alone. */
function messagesOf(
  match: WrittenRule['match'],
  places: Places,
  path: string,
): ReadonlySet<Handle> {
  const { op, message } = match
  if (op.some(isMessage) !== (message !== undefined)) {
    bad(`${path}.match: expected message beside an operation of messages alone`)
  }
  if (op.some(movesNothing)) requireNothing(match, places, path)
  for (const name of message ?? []) named(places.messages, name, `${path}.message`)
  return new Set(message)
}

/** Of messages and of cancels: a rule of nothing else, of no amount, and of no cold vault. */
function requireNothing(
  { op, from, amount }: WrittenRule['match'],
  places: Places,
  path: string,
): void {
  if (op.length > 1) bad(`${path}.match: expected ${op.find(movesNothing)} alone`)
  if (amount.gt !== undefined || amount.lte !== '0') {
    bad(`${path}.amount: expected {"lte":"0"}, because nothing moves`)
  }
  // A Station asks for an amount and a recipient; here are neither to type.
  const cold = from.find((id) => places.vaults.get(id)?.tier === 'cold')
  if (cold !== undefined) bad(`${path}.from: no ${op.join()} of the cold vault ${cold}`)
}

function bad(because: string): never {
  return refuse('INVALID_POLICY', because)
}
