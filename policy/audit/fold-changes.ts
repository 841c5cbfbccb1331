// The fold of changes carried out: a refreshed, reshared, imported, exported or destroyed key, a
// peer let in again. Each line names the change and the order that proves it was approved; the
// order comes with the line, and the fold judges it as every node did, so that nobody has to
// believe the coordinator's lines about who approved. A change is carried out once: from its line
// on the request is ACTIVE, which is final.
// The fold sees no cosignatures. For the delay it goes by the lines' own times, less what clocks
// may differ; by witnessed times it is judged by the nodes that sign the line, and by the auditor.
import type { Digest } from '../../proto/ids.ts'
import { limits } from '../../proto/limits.ts'
import { refuse } from '../../proto/refusal.ts'
import { type Approved, approvedChange } from '../approved-change.ts'
import { pointBytes } from '../chain/derive.ts'
import type { ChangeOf, ChangeOp } from '../change.ts'
import { isChangeOp } from '../change.ts'
import { requireSameKey } from '../change-fit.ts'
import { refreshNamed, requireCovered } from '../covered-refresh.ts'
import type { Root } from '../documents.ts'
import { dealt, madeHere } from '../key-standing.ts'
import { parseOrderText } from '../order.ts'
import type { KeyFacts, VaultRow } from '../view.ts'
import type { Desk } from './desk.ts'
import type { EntryOf } from './entry.ts'
import { frozenByPeople, openCeremony } from './history.ts'
import {
  confirmMessage,
  consentMessage,
  requireAllNodes,
  requireSameCommittee,
  requiringSignatures,
  requiringWord,
} from './key-confirm.ts'
import type { Reading, Write } from './rows.ts'
import { knownIntent, requireOpen } from './standing.ts'
import { below, get, type IntentStored, key as keyOf, put, tables } from './tables.ts'

type KeyLine = EntryOf<'key.created' | 'key.imported' | 'key.refreshed' | 'key.reshared'>
type RetiredLine = EntryOf<'key.exported' | 'key.disabled'>
type CarriedOut =
  | KeyLine
  | RetiredLine
  | EntryOf<'key.proved' | 'peer.readmitted' | 'ceremony.planned'>

const opOf: { readonly [K in CarriedOut['type']]: ChangeOp } = {
  'key.created': 'key.create',
  'key.imported': 'key.import',
  'key.refreshed': 'key.refresh',
  'key.reshared': 'key.reshare',
  'key.exported': 'key.export',
  'key.disabled': 'key.destroy',
  'key.proved': 'key.prove',
  'peer.readmitted': 'peer.readmit',
  'ceremony.planned': 'ceremony.plan',
}

/** A key with new shares, which all its holders confirmed under this very change. */
export function* dealtAnew(line: KeyLine, desk: Desk): Reading<readonly Write[]> {
  if (line.type === 'key.refreshed') {
    const request = yield* get(tables.intent, line.body.change)
    if (request?.op === 'key.import') return yield* refreshedAtLast(line, request, desk)
  }
  const the = yield* carriedOut(line, desk)
  const { body } = line
  const { chainCode, epoch, key, keyState, participants, publicKey, t, vault } = body
  const stated: KeyFacts = { chainCode, epoch, key, keyState, participants, publicKey, t, vault }
  yield
  const row = requireKeyLine(stated, the)
  if (line.type === 'key.reshared' && line.body.from !== the.row?.epoch) {
    refuse('EPOCH', `from: expected epoch ${the.row?.epoch}, got ${line.body.from}`)
  }
  const message = (node: string) => confirmMessage(stated, node, body.change)
  const nodes = participants.map(({ node }) => node)
  yield* requiringSignatures(body.confirms, nodes, { root: the.root, message })
  return [put(tables.vault, vault, row), ...goneOn(the), active(the)]
}

/** What an imported key signed before it came stands in no line: people said how far it was. */
function goneOn({ approved: { change } }: Carried): readonly Write[] {
  if (change.op !== 'key.import') return []
  const { vault, terms } = change
  const given = terms.nonces ?? []
  return given.map(({ path, next }) => put(tables.slots, keyOf(vault, path), { next }))
}

/** A key that signs no more: t holders said that they judged the change themselves. */
export function* retired(line: RetiredLine, desk: Desk): Reading<readonly Write[]> {
  const the = yield* carriedOut(line, desk)
  const { body } = line
  const row = the.row ?? refuse('VAULT_NOT_FOUND', 'the vault has no key')
  if (body.vault !== row.vault) refuse('LINE_VOID', `expected vault ${row.vault}`)
  if (body.epoch !== row.epoch || body.keyState !== row.keyState) {
    refuse('EPOCH', `expected epoch ${row.epoch} and its key state, got ${body.epoch}`)
  }
  const { change } = the.approved
  if (line.type === 'key.exported' && change.op === 'key.export') {
    requireRecipient(line, change)
  }
  yield* requiringWord(line, row, the.root)
  if (line.type === 'key.disabled') {
    return [put(tables.vault, row.vault, { ...row, standing: 'disabled' }), active(the)]
  }
  const next: VaultRow = { ...row, standing: 'exported', exported: true }
  return [put(tables.vault, row.vault, next), exportOf(line), active(the)]
}

/** Parts go to the newest recipient alone: an earlier one may be why people approved another. */
function exportOf({ body, seq, t }: EntryOf<'key.exported'>): Write {
  const { change, confirms, keyState, recipient, vault } = body
  const nodes = confirms.map(({ node }) => node)
  return put(tables.exported, vault, { seq, t, change, keyState, nodes, recipient, vault })
}

/**
 * Only the node that lifts its ban has to agree; what else it asks for is its own matter. People
 * decide about a ban that the log shows: what they were asked before it was about another one.
 */
export function* readmitted(
  line: EntryOf<'peer.readmitted'>,
  desk: Desk,
): Reading<readonly Write[]> {
  const the = yield* carriedOut(line, desk)
  const { change, confirms, node, peer } = line.body
  const { terms } = the.approved.change
  if (!('peer' in terms) || terms.node !== node || terms.peer !== peer) {
    refuse('LINE_VOID', 'the approved change names other nodes')
  }
  const ban = yield* get(tables.ban, node, peer)
  if (ban === undefined) return refuse('LINE_MISSING', `${node} has said of no ban of ${peer}`)
  if (the.intent.seq < ban.seq) refuse('PEER_BANNED', `asked before ban ${ban.number} of ${peer}`)
  const message = (by: string) => consentMessage(change, by)
  yield* requiringSignatures(confirms, [node], { root: the.root, message })
  const row = { seq: line.seq, t: line.t, change, node, peer }
  return [put(tables.readmission, keyOf(node, peer, change), row), active(the)]
}

export interface Carried {
  readonly approved: Approved
  readonly intent: IntentStored
  /** The key in force before this line. */
  readonly row: VaultRow | undefined
  readonly root: Root
}

/** What every such line needs: a living request of this operation, and the order that proves it. */
export function* carriedOut(line: CarriedOut, desk: Desk): Reading<Carried> {
  const { body, seq, t } = line
  const intent = yield* knownIntent(body.change)
  requireOpen(intent, t)
  const { op } = intent
  if (!isChangeOp(op) || op !== opOf[line.type]) {
    return refuse('LINE_VOID', `expected a change of the kind ${opOf[line.type]}, got ${op}`)
  }
  const ruleset = yield* desk.ruleset()
  const root = yield* desk.root()
  const row = yield* get(tables.vault, intent.vault)
  const grounds = {
    row: intent,
    decisions: yield* below(tables.decision, body.change),
    vault: row,
    root,
    inForce: {
      ruleset: ruleset.digest,
      rulebook: yield* desk.rulebook(),
      roster: yield* desk.roster(),
    },
    // Of a ceremony that ran over, what was done in time still comes into force.
    frozen: yield* frozenByPeople(intent.vault),
    ceremony: yield* openCeremony(intent.vault),
    at: { seq, t },
    // One clock wrote the record, another judged the delay, each within the allowed difference.
    witnessedAt: () => intent.t - 2 * limits.clockSkewMs,
  }
  const order = parseOrderText(desk.came(body.order))
  const approved = yield* approvedChange(order, grounds, (_check, work) => work())
  return { approved, intent, row, root }
}

/** What the line says of the key, as far as change, key in force and root settle it. */
function requireKeyLine(stated: KeyFacts, { approved, row, root }: Carried): VaultRow {
  const { change, fitted } = approved
  if (stated.vault !== change.vault) refuse('LINE_VOID', `expected vault ${change.vault}`)
  pointBytes(stated.publicKey)
  if (fitted.kind === 'new') {
    if (stated.key !== fitted.key) refuse('KEY_DISABLED', `expected the key ${fitted.key}`)
    requireAllNodes(stated, root)
    if (change.op !== 'key.import') return { ...stated, ...madeHere }
    requireSameKey(change.terms, stated)
    return { ...stated, ...dealt }
  }
  const before = row ?? refuse('VAULT_NOT_FOUND', 'the vault has no key')
  return requireLaterKey(stated, before, change.op === 'key.reshare' ? change.terms : before)
}

/** The same key in a later epoch, held by this committee. */
function requireLaterKey(
  stated: KeyFacts,
  before: VaultRow,
  committee: Pick<KeyFacts, 't' | 'participants'>,
): VaultRow {
  if (stated.key !== before.key) refuse('KEY_DISABLED', `expected the key ${before.key}`)
  requireSameKey(before, stated)
  if (stated.epoch <= before.epoch) {
    refuse('EPOCH', `expected an epoch above ${before.epoch}, got ${stated.epoch}`)
  }
  requireSameCommittee(committee, stated)
  const { imported, exported } = before
  return { ...stated, standing: 'active', imported, exported }
}

/** The refresh that an import carries: people and delay were judged at the import's line. */
function* refreshedAtLast(
  { body }: EntryOf<'key.refreshed'>,
  request: IntentStored,
  desk: Desk,
): Reading<readonly Write[]> {
  const { chainCode, epoch, key, keyState, participants, publicKey, t, vault } = body
  const stated: KeyFacts = { chainCode, epoch, key, keyState, participants, publicKey, t, vault }
  const root = yield* desk.root()
  const row = yield* get(tables.vault, request.vault)
  const order = parseOrderText(desk.came(body.order))
  const before = requireCovered(order, { request, vault: row, root })
  if (vault !== before.vault) refuse('LINE_VOID', `expected vault ${before.vault}`)
  const next = requireLaterKey(stated, before, before)
  const message = (node: string) => confirmMessage(stated, node, refreshNamed(body.change))
  const nodes = participants.map(({ node }) => node)
  yield* requiringSignatures(body.confirms, nodes, { root, message })
  return [put(tables.vault, vault, next)]
}

function requireRecipient(
  { body }: EntryOf<'key.exported'>,
  { terms }: ChangeOf<'key.export'>,
): void {
  if (!body.recipient.every((byte, at) => byte === terms.recipient[at])) {
    refuse('LINE_VOID', 'recipient: expected the key that people approved')
  }
}

export function active({ approved, intent }: Carried): Write {
  const digest: Digest = approved.digest
  return put(tables.intent, digest, { ...intent, state: 'ACTIVE' })
}
