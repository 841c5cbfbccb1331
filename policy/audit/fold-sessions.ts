// The fold of attempts. An attempt line spends the request: from it on, nothing is taken back.
// One intent, one effect: one nonce or one set of bytes for ever, other bytes only as a fee bump.
// INVARIANT: what the key would sign is bound to one intent for ever.
// The bytes themselves are compared with the intent by `admit`; here they are a digest.
import { toHex } from '../../proto/crypto.ts'
import { limits } from '../../proto/limits.ts'
import { refuse } from '../../proto/refusal.ts'
import { requireCeremony } from '../cold.ts'
import type { Root } from '../documents.ts'
import { isMessage } from '../intent.ts'
import { requireSigns } from '../key-standing.ts'
import { requireLifetime } from '../lifetime.ts'
import type { SlotRule } from '../places.ts'
import { networkOf } from '../rulebook.ts'
import { requireTemper, type Tier } from '../vault.ts'
import type { AttemptRow, CeremonyRow, VaultRow } from '../view.ts'
import { requireCancellable } from './cancels.ts'
import type { Desk } from './desk.ts'
import type { EntryOf } from './entry.ts'
import { closeAt } from './fold-spends.ts'
import { frozenScopes, openCeremony } from './history.ts'
import { identityIn } from './reigns.ts'
import type { Reading, Write } from './rows.ts'
import { hasEndedItself, knownIntent, requireOpen } from './standing.ts'
import {
  below,
  get,
  type IntentStored,
  key,
  put,
  type ReservationStored,
  tables,
} from './tables.ts'

type Prices = Pick<AttemptRow['fee'], 'price' | 'tip'>
type Started = EntryOf<'session.started'>

export function* started(line: Started, desk: Desk): Reading<readonly Write[]> {
  const { body, t } = line
  const { intent, attempt, until } = body
  const row = yield* knownIntent(intent)
  if (t > row.notAfter) refuse('TIME', 'past notAfter')
  requireOpen(row, t)
  const reservation = yield* get(tables.reservation, intent)
  if (reservation === undefined) return refuse('LINE_MISSING', 'no live reservation')
  requireNext(row, attempt)
  const ruleset = yield* desk.ruleset()
  if (attempt === 1) requirePinned(reservation, ruleset)
  const frozen = yield* frozenScopes(row.vault, t)
  if (frozen.length > 0) refuse('FROZEN', `frozen: ${frozen.join(', ')}`)
  const vault = yield* get(tables.vault, row.vault)
  if (vault === undefined) return refuse('VAULT_NOT_FOUND', 'the vault has no key')
  requireSigns(vault)
  const root = yield* desk.root()
  const { tier } = (yield* desk.rulebook()).vaults.get(row.vault) ?? gone(row.vault)
  requireTemper(tier, root)
  if (tier === 'cold') requireRoom(line, yield* openCeremony(row.vault))
  requireParticipants(line, vault, tier)
  requireNamed(line, root)
  yield* requireOneEffect(line, reservation, desk)

  const next: IntentStored = { ...row, attempts: attempt, state: 'SIGNING', until }
  return [
    put(tables.intent, intent, next),
    put(tables.attempt, key(intent, attempt), attemptOf(line, ruleset.digest)),
    put(tables.digest, toHex(body.digest), { intent }),
    // Shares of a bump may leave until `notAfter`, so a spend that had closed is open again.
    ...closeAt(reservation, Math.max(reservation.closesAt, row.notAfter)),
  ]
}

export function* aborted({ body, t }: EntryOf<'session.aborted'>): Reading<readonly Write[]> {
  const { intent, attempt } = body
  const row = yield* knownIntent(intent)
  const found = yield* get(tables.attempt, intent, attempt)
  if (found === undefined) return refuse('STALE_ATTEMPT', `attempt ${attempt} has not started`)
  if (found.state !== 'open') refuse('STALE_ATTEMPT', `attempt ${attempt} is ${found.state}`)
  const next = { ...row, aborted: row.aborted + 1 }
  const isOver = hasEndedItself(next, t) || (yield* areUsedUp(row, attempt))
  const lapses = row.state === 'SIGNING' && isOver
  return [
    put(tables.attempt, key(intent, attempt), { ...found, state: 'aborted' }),
    put(tables.intent, intent, lapses ? { ...next, state: 'LAPSING' } : next),
  ]
}

/** No attempt is left, some have a signature, and none but the one that ends now is open. */
function* areUsedUp(row: IntentStored, ends: number): Reading<boolean> {
  if (row.attempts < limits.attemptsPerIntentMax) return false
  const attempts = yield* below(tables.attempt, row.intent)
  return attempts.every(({ attempt, state }) => attempt === ends || state !== 'open')
}

/** What the receipt says is judged by whoever opens it: the fold does not see it. */
export function* receiptGiven(
  { body }: EntryOf<'share.receipt'>,
  desk: Desk,
): Reading<readonly Write[]> {
  const { node, counter, receipt } = body
  // Of any root: a receipt may come after its node has left.
  if (identityIn(yield* desk.reigns(), node) === undefined) {
    refuse('PARTICIPANTS', `${node} is no node of the root`)
  }
  if (yield* get(tables.receipt, node, counter)) {
    refuse('REPLAY_DETECTED', `receipt ${counter} of ${node} is recorded`)
  }
  if (yield* get(tables.receiptNamed, receipt)) {
    refuse('REPLAY_DETECTED', `receipt ${receipt} is recorded`)
  }
  return [
    put(tables.receipt, key(node, counter), { receipt }),
    put(tables.receiptNamed, receipt, { counter, node }),
  ]
}

function requireNext(row: IntentStored, attempt: number): void {
  const next = row.attempts + 1
  if (attempt !== next) refuse('STALE_ATTEMPT', `expected attempt ${next}, got ${attempt}`)
  const most = limits.attemptsPerIntentMax
  if (attempt > most) refuse('STALE_ATTEMPT', `expected at most ${most} attempts`)
}

function requirePinned(
  { policy, directory }: ReservationStored,
  now: { readonly policy: string; readonly directory: string },
): void {
  if (policy !== now.policy || directory !== now.directory) {
    refuse('POLICY_CHANGED', 'policy or directory changed since the reservation')
  }
}

function gone(vault: string): never {
  return refuse('VAULT_NOT_FOUND', `the policy names no vault ${vault}`)
}

/** Under a plan that names it, and before the Bundle left: later lines reach no room. */
function requireRoom({ body }: Started, open: CeremonyRow | undefined): void {
  const { called, plan, state } = requireCeremony(body.intent, open)
  if (state !== 'planned') refuse('CEREMONY', `the bundle of ${plan} has left`)
  const absent = body.participants.find((node) => !called.includes(node))
  if (absent !== undefined) refuse('PARTICIPANTS', `${absent} is not called by the plan ${plan}`)
}

/** t nodes of the vault, in the order of their x; of a cold one whoever is called to its table. */
function requireParticipants({ body }: Started, vault: VaultRow, tier: Tier): void {
  if (body.epoch !== vault.epoch) {
    refuse('EPOCH', `expected epoch ${vault.epoch}, got ${body.epoch}`)
  }
  const count = body.participants.length
  if (tier === 'cold' ? count < vault.t : count !== vault.t) {
    refuse('PARTICIPANTS', `expected ${vault.t} nodes, got ${count}`)
  }
  let last = 0
  for (const node of body.participants) {
    const x = vault.participants.find((member) => member.node === node)?.x ?? 0
    if (x <= last) refuse('PARTICIPANTS', 'expected nodes of the vault, each once, in order')
    last = x
  }
}

/** A key outlives the root that it was made under; its members sign while a root names them. */
function requireNamed({ body }: Started, { nodes, version }: Root): void {
  const named = new Set(nodes.map(({ node }) => node))
  const gone = body.participants.find((node) => !named.has(node))
  if (gone !== undefined) refuse('PARTICIPANTS', `${gone} is no node of root ${version}`)
}

function* requireOneEffect(
  { body, t }: Started,
  reservation: ReservationStored,
  desk: Desk,
): Reading<void> {
  if (body.slot !== reservation.slot) {
    refuse('NONCE', `expected slot ${reservation.slot}, got ${body.slot}`)
  }
  const rulebook = yield* desk.rulebook()
  const rule = networkOf(rulebook, reservation.vault)?.slot
  requireLifetime({ vault: reservation.vault, t, until: body.until }, rulebook)
  if (body.fee.max > reservation.feeMax) {
    refuse('FEE', `expected at most ${reservation.feeMax}, got ${body.fee.max}`)
  }
  const bound = yield* get(tables.digest, toHex(body.digest))
  if (bound !== undefined && bound.intent !== body.intent) {
    refuse('ONE_EFFECT', 'this digest is bound to another intent')
  }
  const last = yield* get(tables.attempt, body.intent, body.attempt - 1)
  const { cancelling } = reservation
  if (cancelling !== undefined) yield* requireCancellable(cancelling)
  if (last === undefined) {
    if (body.replaces !== '') refuse('ONE_EFFECT', 'a first attempt replaces nothing')
    if (cancelling !== undefined) requireRaised(body.fee, cancelling, rule)
    return
  }
  if (body.bytes === last.bytes) return requireSame(body, last)
  if (rule?.kind !== 'nonce' || isMessage(reservation.op)) {
    return refuse('ONE_EFFECT', 'the first attempt binds the bytes for ever')
  }
  requireBump(body, last, rule)
}

/** A retry: the same transaction, so everything that is said of it is the same. */
function requireSame(body: Started['body'], last: AttemptRow): void {
  const { fee, replaces, until, digest } = body
  const sameFee =
    fee.max === last.fee.max && fee.price === last.fee.price && fee.tip === last.fee.tip
  const same = sameFee && until === last.until && toHex(digest) === toHex(last.digest)
  if (!same || replaces !== last.replaces) {
    refuse('ONE_EFFECT', 'same bytes with another digest, fee, lifetime or replaced warrant')
  }
}

/** The walk, section 7: other bytes on the same nonce only for fees that are really higher. */
function requireBump(
  body: Started['body'],
  last: AttemptRow,
  rule: SlotRule & { readonly kind: 'nonce' },
): void {
  if (body.replaces !== last.warrant) {
    refuse('ONE_EFFECT', 'other bytes that do not replace the last warrant')
  }
  requireRaised(body.fee, last.fee, rule)
}

function requireRaised(now: Prices, before: Prices, rule: SlotRule | undefined): void {
  const bumpPercent = rule?.kind === 'nonce' ? rule.bumpPercent : 0
  const percent = BigInt(100 + bumpPercent)
  const raised = (of: 'price' | 'tip') =>
    now[of] > before[of] && now[of] * 100n >= before[of] * percent
  if (!raised('price') || !raised('tip')) {
    refuse('FEE', `expected both fees ${bumpPercent} percent above the last attempt`)
  }
}

function attemptOf({ body, seq, t }: Started, ruleset: AttemptRow['ruleset']): AttemptRow {
  return { ...body, seq, t, ruleset, state: 'open' }
}
