// admitChange: the one gate of changes, as `admit` is of payments. An order, the own copy of the
// log and the own clock give `AdmittedChange`, the only value on which a node refreshes, reshares,
// exports, destroys or lets a peer in again, or a refusal that names the check.
// INVARIANT: pure; every fact comes from a verified signature or the own copy. Stop conditions
// (freeze, rejection, time, an ended request) are asked again before anything leaves.
// N3 is the own clock against the line that recorded the request: there is no attempt line.
import type { Digest, Handle, RequestId } from '../proto/ids.ts'
import { allAtOnce, attemptInTurns, type InTurns } from '../proto/in-turns.ts'
import { limits } from '../proto/limits.ts'
import { isRefusal, refuse } from '../proto/refusal.ts'
import { writeTimeMillis } from '../proto/shape.ts'
import type { By, Check, CheckRefusal } from './admit.ts'
import { type Approved, approvedChange } from './approved-change.ts'
import { type Change, isChangeOp } from './change.ts'
import { type Fitted, stopsWhenFrozen } from './change-fit.ts'
import { type Own, requireThawedLocally } from './check-lines.ts'
import { requireTable, requireWindow } from './cold.ts'
import type { Root } from './documents.ts'
import { parseInForce, rootOf } from './in-force.ts'
import { parseOrder } from './order.ts'
import { traceDigest } from './verdict.ts'
import type { CeremonyRow, IntentRow, RequestView, VaultRow } from './view.ts'

declare const admitted: unique symbol

/** What whoever carries it out goes by. */
export interface AdmittedWork {
  readonly change: Change
  /** Digest of the change: the request. */
  readonly digest: RequestId
  /** Digest of the order, as the line names it. */
  readonly order: Digest
  /** The key in force; undefined for a new key and between peers. */
  readonly vault: VaultRow | undefined
  /** The key of that vault, in force or to be made; undefined between peers. */
  readonly key: Handle | undefined
  readonly root: Root
}

/** Made by `admitChange` and by nothing else. */
export interface AdmittedChange extends AdmittedWork {
  readonly [admitted]: true
  readonly policy: Digest
  readonly display: Digest
  readonly trace: Digest
  /** Last instant, in milliseconds, at which the approvals and the change still hold. */
  readonly until: number
}

export interface ChangeSubmission {
  /** Canonical bytes of the order. */
  readonly order: Uint8Array
  /** The view is that of the change's request, at the newest line of the own copy. */
  readonly own: Own
}

export function admitChange(submission: ChangeSubmission): AdmittedChange | CheckRefusal {
  return allAtOnce(admittingChange(submission))
}

/** `admitChange` in turns, as `admitting` of payments. */
export function* admittingChange(
  submission: ChangeSubmission,
): InTurns<AdmittedChange | CheckRefusal> {
  let check: Check = 'N1'
  const judging = judge(submission, (id, work) => {
    check = id
    return work()
  })
  const result = yield* attemptInTurns(judging)
  return isRefusal(result) ? { ...result, check } : result
}

function* judge({ order: bytes, own }: ChangeSubmission, by: By): InTurns<AdmittedChange> {
  const { view, clockMs } = own
  const read = by('N1', () => parseOrder(bytes))
  const row = by('N8', () => findRequest(view))
  by('N3', () => requireClock(row, clockMs))
  yield
  const inForce = by('N9', () => parseInForce(view.ruleset, view.documents))
  const root = by('N9', () => rootOf(view))
  const vault = view.vaults.find((known) => known.vault === row.vault)
  const grounds = {
    row,
    decisions: view.decisions,
    vault,
    root,
    inForce,
    ceremony: view.ceremony,
    frozen: view.frozen,
    // Every line of the own copy lies before this judgement.
    at: { seq: Number.MAX_SAFE_INTEGER, t: clockMs },
    witnessedAt: (seq: number) => own.witnessedAt(seq, read.order.heads),
  }
  const approved = yield* approvedChange(read, grounds, by)
  by('N4', () => requireThawedHere(approved, own))
  const { ceremony } = approved
  if (ceremony !== undefined) by('N3', () => requireRoom(ceremony, own))
  const { change, digest, display, verdict, until } = approved
  const { fitted } = approved
  const value: Omit<AdmittedChange, typeof admitted> = {
    ...{ change, digest, display, until, root },
    order: read.digest,
    vault: fitted.kind === 'key' ? fitted.row : undefined,
    key: keyOf(fitted),
    policy: inForce.rulebook.digest,
    trace: traceDigest(verdict),
  }
  return value as AdmittedChange
}

function keyOf(fitted: Fitted): Handle | undefined {
  switch (fitted.kind) {
    case 'key':
      return fitted.row.key
    case 'new':
      return fitted.key
    case 'peers':
    case 'ceremony':
      return undefined
  }
}

/** N8: the own copy holds the line that recorded this change. */
export function findRequest({ intent }: RequestView): IntentRow {
  if (intent === undefined) return refuse('LINE_MISSING', 'no created line in the own copy')
  if (!isChangeOp(intent.op)) refuse('LINE_MISSING', `the request is a payment, ${intent.op}`)
  return intent
}

/** N3: a clock before the request was recorded would lengthen what people allowed. */
export function requireClock({ t }: IntentRow, clockMs: number): void {
  // A clock that is no number compares with nothing, so what is asked is what must hold.
  if (!(clockMs >= t - limits.clockSkewMs)) {
    refuse('CLOCK', `recorded at ${writeTimeMillis(t)}, own clock ${clockMs - t} ms later`)
  }
}

/** N3: a cold key changes in its room, within the window, and nowhere else. */
function requireRoom(open: CeremonyRow, { ceremony: table, clockMs }: Own): void {
  requireTable(open, table ?? refuse('CEREMONY', 'a cold key changes at its ceremony'))
  requireWindow(open, clockMs)
}

/** N4: the operator's own switch stops what a freeze stops. */
function requireThawedHere({ change }: Approved, own: Own): void {
  if (stopsWhenFrozen(change.op)) requireThawedLocally(own)
}
