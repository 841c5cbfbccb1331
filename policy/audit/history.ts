// History, read: what `admit`, `evaluate` and the fold ask of the rows about one request.
// Readings only; they run over any rows, and over an overlay with the line that would come next.
// Sums follow the walk: a spend counts at `t` in a window W while it closes after t − W.
import type { Digest } from '../../proto/ids.ts'
import { refuse } from '../../proto/refusal.ts'
import { isOverdue, overdueScope } from '../cold.ts'
import { duplicateWindowMs, type Rulebook } from '../rulebook.ts'
import { duplicateOf } from '../rules/guard.ts'
import { type Spend, used } from '../rules/limit.ts'
import type {
  CeremonyRow,
  HistoryFacts,
  RequestStanding,
  RequestState,
  RequestView,
  ReservationRow,
  SpendRow,
} from '../view.ts'
import type { Reading } from './rows.ts'
import { below, between, get, key, type RulesetStored, tables } from './tables.ts'

/** Everything that `admit` needs to know of the log about one intent. */
export function* requestView(intent: Digest): Reading<RequestView> {
  const standing = yield* requestStanding(intent)
  return {
    ...standing,
    reservation: yield* get(tables.reservation, intent),
    shown: (yield* below(tables.shown)).map(({ vault }) => vault),
    documents: yield* textsOf(standing.ruleset),
  }
}

/** What may stop it after it was admitted; asked often, so without the texts. */
export function* requestStanding(intent: Digest): Reading<RequestStanding> {
  const row = yield* get(tables.intent, intent)
  return {
    intent: row,
    decisions: yield* below(tables.decision, intent),
    attempts: yield* below(tables.attempt, intent),
    frozen: row === undefined ? [] : yield* frozenByPeople(row.vault),
    ceremony: row === undefined ? undefined : yield* openCeremony(row.vault),
    vaults: yield* below(tables.vault),
    ruleset: yield* inForce(),
  }
}

export function* inForce(): Reading<RulesetStored> {
  const row = yield* get(tables.ruleset, 'now')
  return row ?? refuse('RULESET_VERSION', 'no root is in force yet')
}

/** What evaluation reads of the past, for a payment that is not reserved yet. */
export function* historyFacts(
  rulebook: Rulebook,
  payment: Omit<Spend, 'rule'>,
  t: number,
): Reading<HistoryFacts> {
  const windowMs = Math.max(...rulebook.limits.map((limit) => limit.windowMs))
  const rows = yield* spendsSince(rulebook, t - windowMs)
  return {
    limits: rulebook.limits.map((limit) => ({
      id: limit.id,
      used: used(limit, rows, { t, to: payment.to }),
    })),
    duplicateOf: yield* duplicateBefore(rulebook, payment, t),
    frozen: (yield* frozenScopes(payment.vault, t)).length > 0,
  }
}

/** When a payment is judged again, and what the log says of others by then. */
export interface Again {
  /** Milliseconds. */
  readonly t: number
  /** When others went to their chain, or may, in milliseconds: days after their spends closed. */
  readonly left: ReadonlyMap<Digest, number>
}

/**
 * The same, for a payment that is reserved, signed and judged again: its own spend is no use beside
 * it, and of what was reserved after it only what has gone out. The rest is judged by itself before
 * it goes, and counts this one; so the earlier goes first, and both never exceed a limit.
 */
export function* historyAgain(
  rulebook: Rulebook,
  own: ReservationRow,
  { t, left }: Again,
): Reading<HistoryFacts> {
  const windowMs = Math.max(...rulebook.limits.map((limit) => limit.windowMs))
  const rows: SpendRow[] = []
  for (const row of yield* spendsAgain(rulebook, left, t - windowMs)) {
    if (row.seq < own.seq || (row.seq > own.seq && (yield* hasGone(row)))) rows.push(row)
  }
  const limits = rulebook.limits.map((limit) => {
    return { id: limit.id, used: used(limit, rows, { t, to: own.to }) }
  })
  return { limits, duplicateOf: yield* duplicateAgain(rulebook, own), frozen: false }
}

/** A spend closes at its signature; what was held back then counts from when it goes. */
function* spendsAgain(
  rulebook: Rulebook,
  left: Again['left'],
  since: number,
): Reading<readonly SpendRow[]> {
  const rows = new Map<Digest, SpendRow>()
  for (const row of yield* spendsSince(rulebook, since)) rows.set(row.intent, row)
  for (const [intent, at] of left) {
    const row =
      at > since ? (rows.get(intent) ?? (yield* get(tables.reservation, intent))) : undefined
    if (row !== undefined) rows.set(intent, { ...row, closesAt: Math.max(row.closesAt, at) })
  }
  return [...rows.values()]
}

/** Signed in a room and not let out, or not even signed; everything else may be on its chain. */
const waiting: ReadonlySet<RequestState> = new Set(['RESERVED', 'SIGNING', 'SIGNED'])

function* hasGone({ intent }: SpendRow): Reading<boolean> {
  const row = yield* get(tables.intent, intent)
  return row === undefined || !waiting.has(row.state)
}

/** As at its reservation, by the guard of today. */
function* duplicateAgain(rulebook: Rulebook, own: ReservationRow): Reading<Digest | ''> {
  const windowMs = duplicateWindowMs(rulebook)
  if (windowMs === undefined) return ''
  const rows = yield* spendsSince(rulebook, own.t - windowMs)
  return duplicateOf(
    windowMs,
    rows.filter(({ seq }) => seq < own.seq),
    own,
  )
}

/** Of all vaults of the policy, the spends that close after `since`. */
export function* spendsSince(rulebook: Rulebook, since: number): Reading<readonly SpendRow[]> {
  const rows: SpendRow[] = []
  for (const vault of rulebook.vaults.keys()) {
    const from = key(vault, Math.max(0, since + 1))
    rows.push(...(yield* between(tables.spend, from, `${vault}}`)))
  }
  return rows
}

/** The newest payment of the same amount to the same address, as far back as the policy looks. */
export function* duplicateBefore(
  rulebook: Rulebook,
  payment: Pick<Spend, 'to' | 'amount'>,
  t: number,
): Reading<Digest | ''> {
  const windowMs = duplicateWindowMs(rulebook)
  if (windowMs === undefined) return ''
  // A spend closes no earlier than it was reserved, so none of the window is left out.
  const rows = yield* spendsSince(rulebook, t - windowMs)
  return duplicateOf(windowMs, rows, { to: payment.to, amount: payment.amount, t })
}

/** Whatever stops the vault at this time: people, or a ceremony of which nobody said the end. */
export function* frozenScopes(vault: string, t: number): Reading<readonly string[]> {
  const scopes = yield* frozenByPeople(vault)
  return isOverdue(yield* openCeremony(vault), t) ? [...scopes, overdueScope] : scopes
}

/** The ceremony of this vault that was planned and has not ended. */
export function* openCeremony(vault: string): Reading<CeremonyRow | undefined> {
  const open = yield* get(tables.openCeremony, vault)
  return open && (yield* get(tables.ceremony, open.plan))
}

/** `all` or the vault, where they are frozen. */
export function* frozenByPeople(vault: string): Reading<readonly string[]> {
  const scopes: string[] = []
  for (const scope of ['all', vault]) {
    if (yield* get(tables.freeze, scope)) scopes.push(scope)
  }
  return scopes
}

function* textsOf({
  root,
  policy,
  directory,
  books,
}: RulesetStored): Reading<ReadonlyMap<Digest, string>> {
  const texts = new Map<Digest, string>()
  for (const digest of [root, policy, directory, ...books.map((book) => book.digest)]) {
    if (digest === '') continue
    const row = yield* get(tables.document, digest)
    if (row !== undefined) texts.set(digest, row.text)
  }
  return texts
}
