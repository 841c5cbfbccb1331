// Judging a line again from what is kept beside the log: an attempt by `admit`, as every node did;
// a signature by the transaction that it makes; an evaluation by `evaluate`, trace for trace.
// INVARIANT: only what stood in the log up to the line is looked at, so the answer is the one that
// an honest node could have given then; its clock is that of the witnesses.
import { toUtf8 } from '../../proto/crypto.ts'
import type { Digest } from '../../proto/ids.ts'
import { limits } from '../../proto/limits.ts'
import { attempt, isRefusal } from '../../proto/refusal.ts'
import { writeTimeMillis } from '../../proto/shape.ts'
import { admit } from '../admit.ts'
import { chainOf } from '../chain/chains.ts'
import { parseSignature } from '../chain/signature.ts'
import { encodeChange, isChangeOp, parseChange } from '../change.ts'
import { parseChangeFacts } from '../change-facts.ts'
import { tableClock } from '../cold.ts'
import type { Root } from '../documents.ts'
import { evaluate } from '../evaluate.ts'
import { parseFacts } from '../facts.ts'
import { parseInForce } from '../in-force.ts'
import { judgeChange } from '../judge-change.ts'
import { encodeIntent, parseIntent } from '../request.ts'
import type { Roster } from '../roster.ts'
import type { Rulebook } from '../rulebook.ts'
import { traceDigest } from '../verdict.ts'
import { parseWarrant } from '../warrant.ts'
import { type BlobKind, blobText } from './blobs.ts'
import type { Desk } from './desk.ts'
import { type Docket, violation } from './docket.ts'
import type { EntryOf } from './entry.ts'
import { requestView } from './history.ts'
import type { Reigns } from './reigns.ts'
import { type MemoryRows, type Reading, readSync } from './rows.ts'
import { knownIntent, resultOf } from './standing.ts'
import { get, tables } from './tables.ts'
import { type WitnessedHead, witnessedIn } from './witnessed.ts'

export interface Bench {
  /** History with the line itself. */
  readonly rows: MemoryRows
  /** The documents in force at the line. */
  readonly desk: Desk
  /** In force at the line. */
  readonly root: Root
  /** Of the whole log. */
  readonly reigns: Reigns
  readonly rootAt: (size: number) => Uint8Array
  /** How many lines there are. */
  readonly size: number
  readonly blob: (kind: BlobKind, digest: Digest) => Uint8Array | undefined
  /** Heads of these lines that q witnesses of their root cosigned, ascending. */
  readonly heads: readonly WitnessedHead[]
}

/** Whether it could be judged. */
export function attemptAgain(
  { body, seq, t }: EntryOf<'session.started'>,
  { rows, reigns, rootAt, blob, heads }: Bench,
  docket: Docket,
): boolean {
  const { intent, attempt: number } = body
  const refuse = (code: string, because: string): void =>
    docket.refused(intent, number, { line: seq, code, because })
  const late = wrongTime(seq, t, heads)
  if (late !== undefined) refuse('N3 CLOCK', late)
  const warrant = blob('warrant', body.warrant)
  if (warrant === undefined) {
    docket.missing(seq, `warrant ${body.warrant}`)
    return false
  }
  const own = { reigns, rootAt: (size: number) => (size <= seq + 1 ? rootAt(size) : undefined) }
  const view = readSync(requestView(intent), rows)
  const result = admit({
    warrant,
    attempt: number,
    own: {
      view,
      clockMs: tableClock(view, t),
      frozenLocally: false,
      witnessedAt: (line, notes) => witnessedIn(own, line, notes),
    },
  })
  if (isRefusal(result)) refuse(`${result.check} ${result.code}`, result.because)
  return true
}

export function signatureAgain(
  { body, seq }: EntryOf<'sign.completed'>,
  { rows, blob }: Bench,
  docket: Docket,
): void {
  const nodes = readSync(signersOf(body.intent, body.attempt), rows)
  if (new Set(body.receipts).size !== nodes || body.receipts.length !== nodes) {
    const because = `expected a receipt of each of ${nodes} nodes, got ${body.receipts.length}`
    docket.find(violation(seq, 'LINE_MISSING', because))
  }
  const bytes = blob('warrant', body.warrant)
  // That it was not kept is said at the attempt, which named it first.
  if (bytes === undefined) return
  const txid = attempt(() => {
    const { warrant } = parseWarrant(bytes)
    const { intent } = parseIntent(toUtf8(warrant.intent.document))
    const chain = chainOf(intent.network)
    return chain.attach(warrant.bytes, parseSignature(body.signature)).txid
  })
  if (isRefusal(txid)) {
    docket.find(violation(seq, txid.code, txid.because))
  } else if (txid !== body.txid) {
    docket.find(violation(seq, 'TX_INTENT_MISMATCH', `expected ${txid}, got ${body.txid}`))
  }
}

/** A cold attempt calls more nodes than sign; of a hot one all do, and they are t. */
function* signersOf(intent: Digest, attempt: number): Reading<number> {
  const started = yield* get(tables.attempt, intent, attempt)
  const row = yield* get(tables.vault, (yield* knownIntent(intent)).vault)
  return Math.min(started?.participants.length ?? 0, row?.t ?? 0)
}

/** Whether it could be judged. It grants nothing, unless something was reserved by it. */
export function evaluationAgain(
  { body, seq, t }: EntryOf<'intent.evaluated'>,
  { rows, blob }: Bench,
  docket: Docket,
): boolean {
  const written = blob('facts', body.facts)
  if (written === undefined) {
    const request = { intent: body.intent, after: seq }
    docket.missingIfReserved(seq, `facts ${body.facts}`, request)
    return false
  }
  const judged = attempt(() => {
    const { ruleset, documents } = readSync(requestView(body.intent), rows)
    const { rulebook, roster } = parseInForce(ruleset, documents)
    const { op } = readSync(knownIntent(body.intent), rows)
    const judge = isChangeOp(op) ? changeJudged : paymentJudged
    return { ...judge(blobText(written), rulebook, roster), rulebook }
  })
  if (isRefusal(judged)) {
    docket.find(violation(seq, judged.code, judged.because))
    return true
  }
  const { verdict, rulebook } = judged
  const compared = [
    ['intent', judged.intent, body.intent],
    ['at', writeTimeMillis(judged.at), writeTimeMillis(t)],
    ['policy', rulebook.digest, body.policy],
    ['result', resultOf(verdict), body.result],
    ['rule', verdict.rule, body.rule],
    ['trace', traceDigest(verdict), body.trace],
  ] as const
  for (const [what, expected, got] of compared) {
    if (expected === got) continue
    docket.find(violation(seq, 'RULE', `${what}: expected ${expected}, got ${got}`))
  }
  return true
}

function paymentJudged(written: string, rulebook: Rulebook, roster: Roster) {
  const facts = parseFacts(written)
  const { digest: intent } = parseIntent(encodeIntent(facts.intent))
  return { intent, at: facts.at, verdict: evaluate(facts, rulebook, roster) }
}

function changeJudged(written: string, rulebook: Rulebook, roster: Roster) {
  const facts = parseChangeFacts(written)
  const { digest: intent } = parseChange(encodeChange(facts.change))
  return { intent, at: facts.at, verdict: judgeChange(facts, rulebook, roster) }
}

/**
 * N3 by the clock of the witnesses: they had not seen the line long after its time, or had seen it
 * long before. Undefined where the heads that were kept show neither.
 */
export function wrongTime(
  seq: number,
  t: number,
  heads: readonly WitnessedHead[],
): string | undefined {
  const first = heads.find(({ size }) => size > seq)
  const before = heads.filter(({ size }) => size <= seq).map(({ at }) => at)
  const last = Math.max(0, ...before)
  const wrong = (at: number, what: string): string =>
    `attempt line at ${writeTimeMillis(t)}, ${what} ${writeTimeMillis(at)}`
  if (first !== undefined && first.at < t - limits.clockSkewMs) return wrong(first.at, 'seen at')
  return last > t + limits.clockSkewMs ? wrong(last, 'not seen at') : undefined
}
