// Judging people's documents again, at the line that records them: the intent was signed by its
// initiator, a decision by the person whom the line names, each with a credential of the directory
// in force. Lines themselves are the coordinator's word; what is opened here is not.
// Whether approvals suffice is `admit`'s question, at the attempt.

import { toUtf8 } from '../../proto/crypto.ts'
import type { Digest } from '../../proto/ids.ts'
import { parse } from '../../proto/jcs.ts'
import { attempt, isRefusal, refuse } from '../../proto/refusal.ts'
import { type Signed, signedShape } from '../../proto/signed.ts'
import { openSigned } from '../approval.ts'
import { isChangeOp, openChange } from '../change.ts'
import { openAsked, openRequested } from '../check-people.ts'
import { parseIntent } from '../request.ts'
import type { Roster } from '../roster.ts'
import type { IntentRow } from '../view.ts'
import { type Docket, violation } from './docket.ts'
import type { EntryOf } from './entry.ts'
import { requireOwn } from './fold-governance.ts'
import type { Bench } from './judge-again.ts'
import { readSync } from './rows.ts'
import { knownIntent } from './standing.ts'

export function intentAgain(line: EntryOf<'intent.created'>, bench: Bench, docket: Docket): void {
  const { intent } = line.body
  const signed = kept('intent', intent, bench)
  const named = { intent, what: `intent ${intent}`, line: line.seq }
  judge(signed, named, docket, (document) => {
    const row = readSync(knownIntent(intent), bench.rows)
    const roster = readSync(bench.desk.roster(), bench.rows)
    requireOwn(openRecorded(document, row, roster), bench.root)
  })
}

/**
 * A reservation grants nothing before an attempt, and `admit` judges those; but one of a cancel
 * stops another request at once, so it is the one that people read.
 */
export function cancelAgain(
  { body, seq }: EntryOf<'spend.reserved'>,
  bench: Bench,
  docket: Docket,
): void {
  const { intent, cancels: got } = body
  const signed = kept('intent', intent, bench)
  // That it was not kept is said at the line that recorded it.
  if (got === undefined || signed === undefined) return
  judge(signed, { intent, what: `intent ${intent}`, line: seq }, docket, ({ document }) => {
    const { cancels: expected } = parseIntent(toUtf8(document)).intent
    if (expected !== got) refuse('LINE_VOID', `cancels: expected ${expected ?? 'none'}, got ${got}`)
  })
}

export function decisionAgain(
  line: EntryOf<'approval.recorded' | 'approval.rejected'>,
  bench: Bench,
  docket: Docket,
): void {
  const { body, seq, t } = line
  const decision = line.type === 'approval.recorded' ? 'approve' : 'reject'
  const kind = decision === 'approve' ? 'approval' : 'rejection'
  const signed = kept(kind, body.approval, bench)
  const named = { intent: body.intent, what: `${kind} ${body.approval}`, line: seq }
  judge(signed, named, docket, (document) => {
    const roster = readSync(bench.desk.roster(), bench.rows)
    const { approval } = openSigned(decision, document, roster, t)
    requireOwn(approval, bench.root)
    for (const field of ['intent', 'person', 'rule'] as const) {
      if (approval[field] !== body[field]) {
        refuse('LINE_VOID', `${field}: expected ${approval[field]}, got ${body[field]}`)
      }
    }
  })
}

/** A payment or a change, as the line says. */
function openRecorded(document: Signed, row: IntentRow, roster: Roster) {
  const lines = { intent: row, attempt: row }
  if (!isChangeOp(row.op)) return openRequested(document, lines, roster).intent
  const open = (key: Uint8Array) => {
    const { digest, change } = openChange(document, key)
    return { digest, asked: change }
  }
  return openAsked(document, lines, { roster, open }).asked
}

interface Named {
  readonly intent: Digest
  readonly what: string
  readonly line: number
}

/** A document that nobody kept matters once the request has reserved anything. */
function judge(
  signed: Signed | undefined,
  { intent, what, line }: Named,
  docket: Docket,
  open: (signed: Signed) => void,
): void {
  if (signed === undefined) {
    docket.missingIfReserved(line, what, { intent, after: 0 })
    return
  }
  const wrong = attempt(() => open(signed))
  if (isRefusal(wrong)) docket.find(violation(line, wrong.code, `${what}: ${wrong.because}`))
}

function kept(
  kind: 'intent' | 'approval' | 'rejection',
  digest: Digest,
  { blob }: Bench,
): Signed | undefined {
  const content = blob(kind, digest)
  return content === undefined ? undefined : signedShape(parse(content), kind)
}
