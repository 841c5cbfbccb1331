// Judging a line again from what is kept beside the log: an attempt by `admit`, as every node did;
// a signature by the transaction that it makes; an evaluation by `evaluate`, trace for trace.
// INVARIANT: only what stood in the log up to the line is looked at, so the answer is the one that
// an honest node could have given then.
import { toUtf8 } from '../../proto/crypto.ts'
import type { Digest } from '../../proto/ids.ts'
import { attempt, isRefusal } from '../../proto/refusal.ts'
import { admit } from '../admit.ts'
import { chainOf } from '../chain/chains.ts'
import { parseSignature } from '../chain/signature.ts'
import type { Root } from '../documents.ts'
import { evaluate } from '../evaluate.ts'
import { parseFacts } from '../facts.ts'
import { parseInForce } from '../in-force.ts'
import { parseIntent } from '../request.ts'
import { traceDigest } from '../verdict.ts'
import { parseWarrant } from '../warrant.ts'
import { type BlobKind, blobText } from './blobs.ts'
import type { EntryOf } from './entry.ts'
import { requestView } from './history.ts'
import type { Finding } from './report.ts'
import { type MemoryRows, readSync } from './rows.ts'
import { resultOf } from './standing.ts'
import { get, tables } from './tables.ts'
import { witnessedIn } from './witnessed.ts'

export interface Bench {
  /** History with the line itself. */
  readonly rows: MemoryRows
  readonly root: Root
  readonly rootAt: (size: number) => Uint8Array
  readonly blob: (kind: BlobKind, digest: Digest) => Uint8Array | undefined
}

/** Undefined where the warrant was not kept; whether that matters shows with a signature. */
export function attemptAgain(
  { body, seq, t }: EntryOf<'session.started'>,
  { rows, root, rootAt, blob }: Bench,
): readonly Finding[] | undefined {
  const warrant = blob('warrant', body.warrant)
  if (warrant === undefined) return undefined
  const own = { root, rootAt: (size: number) => (size <= seq + 1 ? rootAt(size) : undefined) }
  const result = admit({
    warrant,
    attempt: body.attempt,
    own: {
      view: readSync(requestView(body.intent), rows),
      clockMs: t,
      frozenLocally: false,
      witnessedAt: (line, heads) => witnessedIn(own, line, heads),
    },
  })
  if (!isRefusal(result)) return []
  return [violation(seq, `${result.check} ${result.code}`, result.because)]
}

export function signatureAgain(
  { body, seq }: EntryOf<'sign.completed'>,
  { rows, blob }: Bench,
): readonly Finding[] {
  const started = readSync(get(tables.attempt, body.intent, body.attempt), rows)
  const nodes = started?.participants.length ?? 0
  const findings: Finding[] = []
  if (new Set(body.receipts).size !== nodes || body.receipts.length !== nodes) {
    const because = `expected a receipt of each of ${nodes} nodes, got ${body.receipts.length}`
    findings.push(violation(seq, 'LINE_MISSING', because))
  }
  const bytes = blob('warrant', body.warrant)
  if (bytes === undefined) return [...findings, unjudged(seq, `warrant ${body.warrant}`)]
  const txid = attempt(() => {
    const { warrant } = parseWarrant(bytes)
    const { intent } = parseIntent(toUtf8(warrant.intent.document))
    const chain = chainOf(intent.network)
    return chain.attach(warrant.bytes, parseSignature(body.signature)).txid
  })
  if (isRefusal(txid)) return [...findings, violation(seq, txid.code, txid.because)]
  if (txid === body.txid) return findings
  return [...findings, violation(seq, 'TX_INTENT_MISMATCH', `expected ${txid}, got ${body.txid}`)]
}

/** Undefined where its facts were not kept: an evaluation is a record and grants nothing. */
export function evaluationAgain(
  { body, seq }: EntryOf<'intent.evaluated'>,
  { rows, blob }: Bench,
): readonly Finding[] | undefined {
  const written = blob('facts', body.facts)
  if (written === undefined) return undefined
  const judged = attempt(() => {
    const { ruleset, documents } = readSync(requestView(body.intent), rows)
    const { rulebook, roster } = parseInForce(ruleset, documents)
    const facts = parseFacts(blobText(written))
    const verdict = evaluate(facts, rulebook, roster)
    return { verdict, policy: rulebook.digest }
  })
  if (isRefusal(judged)) return [violation(seq, judged.code, judged.because)]
  const { verdict, policy } = judged
  const compared = [
    ['policy', policy, body.policy],
    ['result', resultOf(verdict), body.result],
    ['rule', verdict.rule, body.rule],
    ['trace', traceDigest(verdict), body.trace],
  ] as const
  return compared.flatMap(([what, expected, got]) =>
    expected === got ? [] : [violation(seq, 'RULE', `${what}: expected ${expected}, got ${got}`)],
  )
}

export function violation(line: number, code: string, because: string): Finding {
  return { area: 'authorisation', word: 'VIOLATION', code, because, line }
}

export function unjudged(line: number, what: string): Finding {
  const because = `${what} is not in the export`
  return { area: 'completeness', word: 'UNCONFIRMED', code: 'LINE_MISSING', because, line }
}
