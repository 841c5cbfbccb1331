// The fold of ceremonies: what people planned for cold vaults, the Bundle that went into the room,
// and how it ended; and, in the main log, how far the log of cold vaults had come.
// INVARIANT: a ceremony is open for exactly the vaults, requests and window that its approved order
// names; a vault has one open ceremony; a plan is used once, and what has ended opens no more.
// An aborted one may be given the Record that came out after all, once: it opens nothing.
// Who ends a ceremony proves nothing here: its end grants nothing, and the stations' floors and the
// Record, beside the log, say whether it is true. What comes of it are lines of their own.

import { toUtf8 } from '../../proto/crypto.ts'
import type { Digest } from '../../proto/ids.ts'
import { refuse } from '../../proto/refusal.ts'
import { calledStations, type Plan, type PlannedRequest, parsePlan } from '../ceremony/plan.ts'
import { requireRoot } from '../ceremony/plan-fit.ts'
import { requireThreshold, termsOfPlan } from '../ceremony/planned.ts'
import { isChangeOp, type TermsOf } from '../change.ts'
import { isOpen } from '../cold.ts'
import type { CeremonyRow, CeremonyState } from '../view.ts'
import type { Desk } from './desk.ts'
import type { EntryOf } from './entry.ts'
import { active, carriedOut } from './fold-changes.ts'
import { frozenScopes, openCeremony } from './history.ts'
import { requireSitters } from './plan-people.ts'
import type { Reading, Write } from './rows.ts'
import { knownIntent, requireOpen } from './standing.ts'
import { get, type IntentStored, put, remove, tables } from './tables.ts'

type Planned = EntryOf<'ceremony.planned'>

export function* planned(line: Planned, desk: Desk): Reading<readonly Write[]> {
  const the = yield* carriedOut(line, desk)
  const { body, seq, t } = line
  const { change } = the.approved
  if (change.op !== 'ceremony.plan') return refuse('LINE_VOID', 'expected a plan')
  requireSame(body, change.terms)
  const read = parsePlan(toUtf8(desk.came(body.plan)))
  // The document is what people read, so what it says must be what the line does.
  requireSame(body, termsOfPlan(read))
  requireRoot(read.plan, the.root)
  const law = { rulebook: yield* desk.rulebook(), roster: yield* desk.roster() }
  yield* requireSitters(read.plan, law)
  if (t >= body.until) refuse('TIME', 'the window of the ceremony is over')
  if (yield* get(tables.ceremony, body.plan)) {
    refuse('CEREMONY', `the plan ${body.plan} was used before`)
  }
  for (const vault of body.vaults) yield* requireFree(vault, read.plan, t)
  for (const request of read.plan.requests) yield* requireRipe(request, line)
  const { order: _, ...stated } = body
  const row: CeremonyRow = {
    ...{ ...stated, seq, t },
    called: calledStations(read.plan).map(({ node }) => node),
    state: 'planned',
    bundle: '',
    record: { root: '', size: 0 },
  }
  return [
    put(tables.ceremony, body.plan, row),
    ...body.vaults.map((vault) => put(tables.openCeremony, vault, { plan: body.plan })),
    active(the),
  ]
}

export function* exported({ body }: EntryOf<'ceremony.exported'>): Reading<readonly Write[]> {
  const row = yield* openRow(body.plan, ['planned'])
  const { bundle, plan, main } = body
  const carried = main === undefined ? {} : { main }
  return [put(tables.ceremony, plan, { ...row, bundle, ...carried, state: 'exported' })]
}

export function* ended(
  line: EntryOf<'ceremony.concluded' | 'ceremony.aborted'>,
): Reading<readonly Write[]> {
  const { plan, record } = line.body
  const isConcluded = line.type === 'ceremony.concluded'
  const known = yield* get(tables.ceremony, plan)
  // What came out of the room after it was called off: stations remember it, so the log must.
  const isLate = !isConcluded && known?.state === 'aborted' && known.record.size === 0
  const row =
    isLate && record.size > 0
      ? known
      : yield* openRow(plan, isConcluded ? ['exported'] : ['planned', 'exported'])
  if ((record.size === 0) !== (record.root === '')) {
    refuse('LINE_VOID', 'record: expected size and root, or neither')
  }
  // A Record begins with the Bundle that came into the room.
  if (record.size > 0 && row.bundle === '') refuse('CEREMONY', 'a record, and no bundle has left')
  const state: CeremonyState = isConcluded ? 'concluded' : 'aborted'
  return [
    put(tables.ceremony, plan, { ...row, record, state }),
    // By then another ceremony of them may be open.
    ...(isOpen(row) ? row.vaults.map((vault) => remove(tables.openCeremony, vault)) : []),
  ]
}

export function* anchored(
  { body, seq, t }: EntryOf<'cold.anchored'>,
  desk: Desk,
): Reading<readonly Write[]> {
  const { origin, root, size } = body
  const [named, rulebook] = [yield* desk.root(), yield* desk.rulebook()]
  if (named.cold) refuse('NOT_SUPPORTED', 'the log of cold vaults is anchored in the main log')
  const { coldOrigin } = rulebook.log
  if (origin !== coldOrigin) refuse('LOG_FORK', `expected the log ${coldOrigin}, got ${origin}`)
  const last = yield* get(tables.anchor, origin)
  if (last !== undefined && size <= last.size) {
    refuse('LOG_FORK', `expected more than ${last.size} lines, got ${size}`)
  }
  return [put(tables.anchor, origin, { seq, t, origin, root, size })]
}

/** The line says what people approved, and nothing else. */
function requireSame(body: Planned['body'], terms: TermsOf['ceremony.plan']): void {
  for (const field of ['plan', 'kind', 'from', 'until'] as const) {
    if (body[field] !== terms[field]) {
      refuse('LINE_VOID', `${field}: expected ${terms[field]}, got ${body[field]}`)
    }
  }
  for (const field of ['vaults', 'requests'] as const) {
    if (body[field].join() !== terms[field].join()) {
      refuse('LINE_VOID', `${field}: expected those that people approved`)
    }
  }
}

function* requireFree(vault: string, plan: Plan, t: number): Reading<void> {
  const { kind } = plan
  const open = yield* openCeremony(vault)
  if (open !== undefined) refuse('CEREMONY', `${vault}: the ceremony ${open.plan} is open`)
  const frozen = yield* frozenScopes(vault, t)
  if (kind === 'sign' && frozen.length > 0) refuse('FROZEN', `${vault}: ${frozen.join(', ')}`)
  const row = yield* get(tables.vault, vault)
  if (kind !== 'reshare' && row !== undefined) requireThreshold(plan, row)
  const hasKey = row !== undefined
  if (hasKey === (kind === 'genesis')) {
    refuse(hasKey ? 'KEY_EXISTS' : 'VAULT_NOT_FOUND', `${vault} has ${hasKey ? 'a' : 'no'} key`)
  }
}

/** What the plan says that it is, allowed by its people, and alive when the room opens. */
function* requireRipe(planned: PlannedRequest, { body, t }: Planned): Reading<void> {
  const { request } = planned
  const row = yield* knownIntent(request)
  requireOpen(row, t)
  const op = isChangeOp(row.op) ? row.op : 'payment'
  if (row.vault !== planned.vault || op !== planned.op) {
    refuse('CEREMONY', `${request} is ${op} of ${row.vault}, which the plan does not say`)
  }
  if (row.notAfter < body.from) refuse('TIME', `${request} ends before the ceremony begins`)
  if (op === 'payment') yield* requireReserved(row)
  else if (row.state !== 'WAITING') refuse('CEREMONY', `${request} is ${row.state}`)
}

function* requireReserved({ intent, state }: IntentStored): Reading<void> {
  const reservation = yield* get(tables.reservation, intent)
  if (reservation === undefined || (state !== 'RESERVED' && state !== 'SIGNING')) {
    refuse('CEREMONY', `${intent} is ${state}, and nothing is reserved for it`)
  }
}

function* openRow(plan: Digest, states: readonly CeremonyState[]): Reading<CeremonyRow> {
  const row = yield* get(tables.ceremony, plan)
  if (row === undefined) return refuse('CEREMONY', `no ceremony ${plan} was planned`)
  if (!states.includes(row.state)) refuse('CEREMONY', `the ceremony ${plan} is ${row.state}`)
  return row
}
