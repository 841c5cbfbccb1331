// The refresh that an import carries. Whoever dealt an imported key knows every share of it until
// the shares are dealt anew; so whoever approves the import approves that one refresh with it, to
// be done at once. From the line of the import until the line of its refresh the import is ACTIVE
// and its key `unrefreshed`; in between, and at no other time, the import's order stands for a
// refresh. It asks nobody again and does not run out: it gives no one anything and only takes the
// dealer's knowledge away. INVARIANT: one refresh an import, because the first one ends the
// standing; confirmed under a name of its own, so no second dealing of the same import can pass
// for it, although its holders confirmed an epoch too. Pure.
import { digestOf, toUtf8 } from '../proto/crypto.ts'
import type { Digest } from '../proto/ids.ts'
import { allAtOnce, type InTurns } from '../proto/in-turns.ts'
import { attempt as attempting, isRefusal, refuse } from '../proto/refusal.ts'
import { tags } from '../proto/tags.ts'
import type { Check, CheckRefusal } from './admit.ts'
import {
  type AdmittedChange,
  type AdmittedWork,
  admittingChange,
  type ChangeSubmission,
  findRequest,
  requireClock,
} from './admit-change.ts'
import { parseChange } from './change.ts'
import type { Root } from './documents.ts'
import { rootOf } from './in-force.ts'
import { parseOrder, type ReadOrder } from './order.ts'
import type { IntentRow, VaultRow } from './view.ts'

/** What a node may carry out: an approved change, or the refresh that an import carries. */
export type Admission = AdmittedChange | AdmittedRefresh

export interface AdmittedRefresh extends AdmittedWork {
  readonly covered: true
  readonly vault: VaultRow
}

export function isCovered(admission: Admission): admission is AdmittedRefresh {
  return 'covered' in admission
}

/** Whether this request is an import whose key waits for its refresh. */
export function carriesRefresh(
  request: Pick<IntentRow, 'op' | 'state' | 'vault'> | undefined,
  vault: VaultRow | undefined,
): vault is VaultRow {
  // A vault gets a key once, so the one import of it that is in force brought this key.
  const isImport = request?.op === 'key.import' && request.state === 'ACTIVE'
  return isImport && vault?.vault === request.vault && vault.standing === 'unrefreshed'
}

/** What the holders confirm the refresh under: neither the import nor any other request. */
export function refreshNamed(imported: Digest): Digest {
  return digestOf(tags.importRefresh, toUtf8(imported))
}

/** Refused unless the order is of this very import, and the holders are nodes still. */
export function requireCovered(
  { order }: ReadOrder,
  { request, vault, root }: { request: IntentRow; vault: VaultRow | undefined; root: Root },
): VaultRow {
  if (!carriesRefresh(request, vault)) {
    return refuse('REQUEST_ENDED', 'no imported key waits for the refresh of this request')
  }
  if (digestOf(tags.intent, toUtf8(order.change.document)) !== request.intent) {
    refuse('WARRANT', 'expected an order of the import, got one of another change')
  }
  const gone = vault.participants.find(({ node }) => !root.nodes.some((one) => one.node === node))
  if (gone !== undefined) refuse('PARTICIPANTS', `${gone.node} is no node of the root`)
  return vault
}

/** The gate of nodes and coordinators: `admitChange`, or the refresh of an import in force. */
export function admitWork(submission: ChangeSubmission): Admission | CheckRefusal {
  return allAtOnce(admittingWork(submission))
}

/** `admitWork` in turns, as `admitting` of payments. */
export function* admittingWork(submission: ChangeSubmission): InTurns<Admission | CheckRefusal> {
  const { intent, vaults } = submission.own.view
  const vault = vaults.find((known) => known.vault === intent?.vault)
  if (intent === undefined || !carriesRefresh(intent, vault)) {
    return yield* admittingChange(submission)
  }
  return admitCovered(submission, vault)
}

function admitCovered(
  { order: bytes, own }: ChangeSubmission,
  row: VaultRow,
): AdmittedRefresh | CheckRefusal {
  let check: Check = 'N1'
  const result = attempting((): AdmittedRefresh => {
    const read = parseOrder(bytes)
    check = 'N3'
    const request = findRequest(own.view)
    requireClock(request, own.clockMs)
    check = 'N2'
    const root = rootOf(own.view)
    const vault = requireCovered(read, { request, vault: row, root })
    const { change, digest } = parseChange(toUtf8(read.order.change.document))
    return { covered: true, change, digest, order: read.digest, vault, key: vault.key, root }
  })
  return isRefusal(result) ? { ...result, check } : result
}
