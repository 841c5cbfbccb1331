// The replay: every line folded again and every decision judged again, with the same `fold`,
// `admit` and `evaluate` that decided when it happened, on documents that are found by digest and
// under the root that the auditor pinned and those that followed it lawfully.
// A void line is a violation: the sequencer never writes one. What nobody kept cannot be judged,
// and that is said too, because silence would look like consent.
import { fromUtf8 } from '../../proto/crypto.ts'
import type { Digest } from '../../proto/ids.ts'
import { writeTime } from '../../proto/shape.ts'
import { isOpen, isOverdue } from '../cold.ts'
import type { Trust } from '../trust.ts'
import { type BlobKind, enclosedKinds } from './blobs.ts'
import { type Context, Desk, Library } from './desk.ts'
import { Docket, unjudged, violation } from './docket.ts'
import type { Documents } from './enclosures.ts'
import type { Entry, EntryOf } from './entry.ts'
import type { Blob } from './export.ts'
import { createFold } from './fold.ts'
import { attemptAgain, type Bench, evaluationAgain, signatureAgain } from './judge-again.ts'
import { changeAgain } from './judge-change-again.ts'
import { cancelAgain, decisionAgain, intentAgain } from './judge-people.ts'
import { namedReceipts, receiptAgain } from './judge-receipts.ts'
import { type Reigns, readReigns } from './reigns.ts'
import type { Anchor, Finding, Notice } from './report.ts'
import { MemoryRows, readSync } from './rows.ts'
import { below, get, tables } from './tables.ts'
import { witnessedHeads } from './witnessed.ts'

export interface Recorded {
  readonly entries: readonly Entry[]
  /** Each has the digest that it is named by. */
  readonly blobs: readonly Blob[]
  readonly rootAt: (size: number) => Uint8Array
  /** Notes that the log signed. */
  readonly heads: readonly string[]
}

export interface Replayed {
  readonly findings: readonly Finding[]
  readonly anchors: readonly Anchor[]
  /** Attempts that were refused and that nobody signed. */
  readonly notices: readonly Notice[]
  readonly attempts: number
  readonly signatures: number
  readonly evaluations: number
  /** Every root that the lines brought, as far as they could be folded. */
  readonly reigns: Reigns
  /** Whether the last line was reached. */
  readonly isWhole: boolean
}

export function replay(recorded: Recorded, trust: Trust): Replayed {
  const { entries, blobs } = recorded
  const rows = new MemoryRows()
  const context = { rootDigest: trust.root, origin: trust.log.origin }
  const fold = createFold(context)
  const documents = enclosed(blobs)
  const desk = new Desk(context, documents, new Library())
  const reigns = reignsOf(entries, context, documents)
  const judges = reigns.length === 0 ? undefined : judgesOf(recorded, reigns)
  const docket = new Docket()
  const done = { attempts: 0, signatures: 0, evaluations: 0 }
  let bench: Bench | undefined
  for (const entry of entries) {
    const folded = readSync(fold(entry, documents), rows)
    if (folded.kind === 'missing') {
      const because = `document ${folded.digest}, which the rest stands on, is not in the export`
      docket.find(unjudged(entry.seq, because))
      return { ...docket.close(), ...done, ...told(rows), reigns, isWhole: false }
    }
    if (folded.kind === 'void') {
      docket.find(violation(entry.seq, folded.code, `void ${entry.type}: ${folded.because}`))
      continue
    }
    rows.apply(folded.writes)
    if (entry.type === 'root.activated' && judges !== undefined) {
      bench = { ...judges, rows, desk, root: readSync(desk.root(), rows) }
    }
    if (bench !== undefined) judgeAgain(entry, bench, docket, done)
  }
  docket.find(...overdue(rows, entries.at(-1)?.t ?? 0))
  return { ...docket.close(), ...done, ...told(rows), reigns, isWhole: true }
}

/** Ceremonies that people planned, and of which nobody said how they ended. */
function overdue(rows: MemoryRows, t: number): readonly Finding[] {
  return readSync(below(tables.ceremony), rows)
    .filter((row) => isOpen(row) && isOverdue(row, t))
    .map(({ plan, seq, until }) => {
      const because = `the ceremony ${plan} was to end by ${writeTime(until)}, and nobody says how`
      return { area: 'completeness', word: 'UNCONFIRMED', code: 'CEREMONY', because, line: seq }
    })
}

function told(rows: MemoryRows): Pick<Replayed, 'anchors'> {
  const anchors = readSync(below(tables.anchor), rows)
  return {
    anchors: anchors.map(({ seq: line, origin, size, root }) => ({ line, origin, size, root })),
  }
}

/**
 * Every root of the log. A head is judged by the root of its last line, which may come long after
 * the line that the head is held against: so the roots are read before anything is judged.
 */
function reignsOf(entries: readonly Entry[], context: Context, documents: Documents): Reigns {
  const rows = new MemoryRows()
  const fold = createFold(context)
  const last = entries.findLastIndex(({ type }) => type === 'root.activated')
  for (const entry of entries.slice(0, last + 1)) {
    const folded = readSync(fold(entry, documents), rows)
    if (folded.kind === 'missing') break
    if (folded.kind === 'folded') rows.apply(folded.writes)
  }
  return readSync(readReigns(), rows)
}

function judgesOf(
  { entries, blobs, rootAt, heads }: Recorded,
  reigns: Reigns,
): Omit<Bench, 'rows' | 'desk' | 'root'> {
  const kept = new Map(blobs.map(({ kind, digest, content }) => [named(kind, digest), content]))
  const own = {
    reigns,
    rootAt: (size: number) => (size <= entries.length ? rootAt(size) : undefined),
  }
  return {
    reigns,
    rootAt,
    size: entries.length,
    blob: (kind, digest) => kept.get(named(kind, digest)),
    heads: [...witnessedHeads(own, -1, heads)],
  }
}

interface Done {
  attempts: number
  signatures: number
  evaluations: number
}

/** Counts what could be judged, and says what is wrong with it. */
function judgeAgain(entry: Entry, bench: Bench, docket: Docket, done: Done): void {
  switch (entry.type) {
    case 'intent.created':
      intentAgain(entry, bench, docket)
      break
    case 'intent.evaluated':
      if (evaluationAgain(entry, bench, docket)) done.evaluations += 1
      break
    case 'approval.recorded':
    case 'approval.rejected':
      decisionAgain(entry, bench, docket)
      break
    case 'key.created':
    case 'key.imported':
    case 'key.refreshed':
    case 'key.reshared':
    case 'key.exported':
    case 'key.disabled':
    case 'peer.readmitted':
    case 'ceremony.planned':
      changeAgain(entry, bench, docket)
      break
    case 'key.proved':
      // The fold verified it: it names what the key signed as well as the key.
      done.signatures += 1
      changeAgain(entry, bench, docket)
      namedReceipts(asSigned(entry), bench, docket)
      break
    case 'spend.reserved':
      docket.reserved(entry.body.intent, entry.seq)
      cancelAgain(entry, bench, docket)
      break
    case 'session.started':
      if (attemptAgain(entry, bench, docket)) done.attempts += 1
      break
    case 'session.aborted':
      namedReceipts(entry, bench, docket)
      break
    case 'share.receipt':
      receiptAgain(entry, bench, docket)
      break
    case 'sign.completed':
      done.signatures += 1
      docket.released(entry.body.intent, entry.body.attempt)
      signatureAgain(entry, bench, docket)
      namedReceipts(entry, bench, docket)
      break
    case 'tx.settled': {
      const signed = readSync(get(tables.completed, entry.body.intent), bench.rows)
      if (signed === undefined) docket.find(unjudged(entry.seq, 'settled, and nobody signed it'))
      break
    }
    default:
  }
}

/** The receipts of a proof name its change and its order. */
function asSigned({ seq, body }: EntryOf<'key.proved'>) {
  return { seq, body: { ...body, intent: body.change, warrant: body.order } }
}

function enclosed(blobs: readonly Blob[]): Documents {
  return new Map(
    blobs
      .filter(({ kind }) => enclosedKinds.includes(kind))
      .flatMap(({ digest, content }) => {
        const text = fromUtf8(content)
        return text === undefined ? [] : [[digest, [text]] as const]
      }),
  )
}

function named(kind: BlobKind, digest: Digest): string {
  return `${kind}/${digest}`
}
