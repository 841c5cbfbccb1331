// A request as callers see it: the state of the log, why it is denied or waits, what is still
// needed, the signed transaction when there is one. While a request is open it is judged as of now;
// a denial shows the trace that was kept beside the log. What only this coordinator knows (nodes
// away, fees) is added as a note.
import { type Entry, type EntryOf, parseEntry } from '../policy/audit/entry.ts'
import { stateAt } from '../policy/audit/standing.ts'
import { get, tables } from '../policy/audit/tables.ts'
import { chainOf } from '../policy/chain/chains.ts'
import { parseSignature } from '../policy/chain/signature.ts'
import { isChangeOp } from '../policy/change.ts'
import { isMessage } from '../policy/intent.ts'
import { parseIntent } from '../policy/request.ts'
import type { IntentRow, RequestState } from '../policy/view.ts'
import { toUtf8 } from '../proto/crypto.ts'
import type { Digest } from '../proto/ids.ts'
import { type Json, parse } from '../proto/jcs.ts'
import { attempt, isRefusal } from '../proto/refusal.ts'
import { list, object, type Reader, text, writeTime } from '../proto/shape.ts'
import { heldBack } from './ceremony/held.ts'
import { readSigned } from './desk/case.ts'
import { lookAt } from './desk/request.ts'
import type { RulesMemory } from './desk/rules.ts'
import type { Note } from './driver.ts'
import type { Copy } from './page.ts'
import { readBlob } from './store/blobs.ts'
import { readLinesOf } from './store/lines.ts'
import { readWarrant } from './warrants.ts'

export interface Shown {
  readonly id: Digest
  readonly initiator: string
  readonly callerId: string
  readonly state: RequestState
  readonly reasons: readonly {
    readonly code: string
    readonly rule: string
    readonly because: string
  }[]
  readonly vault: string
  readonly rule: string
  readonly attempts: number
  /** For example `1 ops`. */
  readonly missing: readonly string[]
  /** Empty before there is a signature, and while it is held back from its chain. */
  readonly signedTransaction: Uint8Array
  /** Of a message: 65 bytes r, s, v, where v is 27 or 28; else empty. */
  readonly signature: Uint8Array
  readonly txid: string
  readonly seq: number
  /** Time of that line, written. */
  readonly changed: string
  /** Canonical text. */
  readonly intent: string
}

export interface Viewed {
  readonly memory: RulesMemory
  readonly origin: string
  readonly now: number
  readonly note: Note | undefined
}

/** Undefined when there is no such request. */
export async function showRequest(
  copy: Copy,
  id: Digest,
  { memory, origin, now, note }: Viewed,
): Promise<Shown | undefined> {
  const row = await copy.read(get(tables.intent, id))
  if (row === undefined) return undefined
  const entries = (await readLinesOf(copy.session, origin, id)).map(parseEntry)
  const { document } = readSigned(await readBlob(copy.session, id), 'intent')
  const found = await judgementOf(copy, memory, { row, entries, now })
  const isSigned = entries.some(({ type }) => type === 'sign.completed')
  const held = isSigned ? await heldBack({ copy, memory }, id, now) : undefined
  const why = row.state === 'DENIED' ? undefined : (held ?? note)
  const open = why === undefined ? [] : [{ code: why.code, because: why.because, rule: '' }]
  return {
    id,
    initiator: row.initiator,
    callerId: row.id,
    state: stateAt(row, now),
    reasons: [...found.reasons, ...open],
    vault: row.vault,
    rule: row.rule,
    attempts: row.attempts,
    missing: found.missing,
    ...(isChangeOp(row.op) ? noTransaction : await signedOf(copy, entries, document)),
    ...(held === undefined ? {} : { signedTransaction: noBytes }),
    seq: entries.at(-1)?.seq ?? row.seq,
    changed: writeTime(entries.at(-1)?.t ?? row.t),
    intent: document,
  }
}

interface Found {
  readonly reasons: Shown['reasons']
  readonly missing: readonly string[]
}

const nothing: Found = { reasons: [], missing: [] }

async function judgementOf(
  copy: Copy,
  memory: RulesMemory,
  about: { readonly row: IntentRow; readonly entries: readonly Entry[]; readonly now: number },
): Promise<Found> {
  const { row, entries, now } = about
  if (row.state === 'DENIED') return { ...nothing, reasons: await deniedFor(copy, entries) }
  if (row.state !== 'AWAITING_APPROVAL' && row.state !== 'WAITING') return nothing
  const { verdict } = (await lookAt(copy, memory, row.intent, now)).judged
  return {
    reasons: verdict.reasons.map(({ code, rule, because }) => ({ code, rule, because })),
    missing: verdict.missing.map(({ count, role }) => `${count} ${role}`),
  }
}

const anything: Reader<Json> = (value) => value ?? ''
const reasonShape = object({
  because: text(8_192),
  code: text(64),
  rule: text(128),
  stands: anything,
})
const reasonsShape = list(reasonShape, 0, 1_024)

/** What the trace of the denial says. */
async function deniedFor(copy: Copy, entries: readonly Entry[]): Promise<Shown['reasons']> {
  const evaluated = entries.findLast(
    (entry): entry is EntryOf<'intent.evaluated'> => entry.type === 'intent.evaluated',
  )
  const blob = evaluated && (await readBlob(copy.session, evaluated.body.trace))
  const trace = blob === undefined ? '' : parse(blob.content)
  const reasons = typeof trace === 'object' && 'reasons' in trace ? trace['reasons'] : []
  const read = attempt(() => reasonsShape(reasons, 'reasons'))
  return isRefusal(read) ? [] : read.map(({ code, rule, because }) => ({ code, rule, because }))
}

const noBytes = new Uint8Array(0)
const noTransaction = { signedTransaction: noBytes, signature: noBytes, txid: '' }

/** Of the newest signature. */
async function signedOf(copy: Copy, entries: readonly Entry[], document: string) {
  const completed = entries.findLast(
    (entry): entry is EntryOf<'sign.completed'> => entry.type === 'sign.completed',
  )
  if (completed === undefined) return noTransaction
  const { network, op } = parseIntent(toUtf8(document)).intent
  const { bytes } = await readWarrant(copy.session, completed.body.warrant)
  const signature = parseSignature(completed.body.signature)
  const { raw, txid } = chainOf(network).attach(bytes, signature)
  if (isMessage(op)) return { ...noTransaction, signature: raw }
  return { ...noTransaction, signedTransaction: raw, txid }
}
