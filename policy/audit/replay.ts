// The replay: every line folded again and every decision judged again, with the same `fold`,
// `admit` and `evaluate` that decided when it happened, on documents that are found by digest and
// under the root that the auditor pinned.
// A void line is a violation: the sequencer never writes one. What nobody kept cannot be judged,
// and that is said too, because silence would look like consent.
import { fromUtf8 } from '../../proto/crypto.ts'
import type { Digest } from '../../proto/ids.ts'
import { parseRoot, type Root } from '../documents.ts'
import type { Trust } from '../trust.ts'
import { type BlobKind, enclosedKinds } from './blobs.ts'
import type { Documents } from './enclosures.ts'
import type { Entry } from './entry.ts'
import type { Blob } from './export.ts'
import { createFold } from './fold.ts'
import {
  attemptAgain,
  type Bench,
  evaluationAgain,
  signatureAgain,
  unjudged,
  violation,
} from './judge-again.ts'
import type { Finding } from './report.ts'
import { MemoryRows, readSync } from './rows.ts'

export interface Recorded {
  readonly entries: readonly Entry[]
  /** Each has the digest that it is named by. */
  readonly blobs: readonly Blob[]
  readonly rootAt: (size: number) => Uint8Array
}

export interface Replayed {
  readonly findings: readonly Finding[]
  readonly attempts: number
  readonly signatures: number
  readonly evaluations: number
}

export function replay({ entries, blobs, rootAt }: Recorded, trust: Trust): Replayed {
  const rows = new MemoryRows()
  const fold = createFold({ rootDigest: trust.root, origin: trust.log.origin })
  const kept = new Map(blobs.map(({ kind, digest, content }) => [named(kind, digest), content]))
  const blob = (kind: BlobKind, digest: Digest) => kept.get(named(kind, digest))
  const documents = enclosed(blobs)
  const findings: Finding[] = []
  const done = { attempts: 0, signatures: 0, evaluations: 0 }
  const counters = new Map<string, number[]>()
  let root: Root | undefined
  for (const entry of entries) {
    const folded = readSync(fold(entry, documents), rows)
    if (folded.kind === 'missing') {
      findings.push(unjudged(entry.seq, `document ${folded.digest}, which the rest stands on,`))
      break
    }
    if (folded.kind === 'void') {
      findings.push(violation(entry.seq, folded.code, `void ${entry.type}: ${folded.because}`))
      continue
    }
    rows.apply(folded.writes)
    if (entry.type === 'root.activated') root = parseRoot(documents.get(trust.root) ?? '')
    if (entry.type === 'share.receipt') {
      const { node, counter } = entry.body
      const seen = counters.get(node) ?? []
      seen.push(counter)
      counters.set(node, seen)
    }
    if (root !== undefined) {
      findings.push(...judgeAgain(entry, { rows, rootAt, blob, root }, done))
    }
  }
  return { findings: [...findings, ...gaps(counters)], ...done }
}

interface Done {
  attempts: number
  signatures: number
  evaluations: number
}

/** Counts what could be judged, and says what is wrong with it. */
function judgeAgain(entry: Entry, bench: Bench, done: Done): readonly Finding[] {
  switch (entry.type) {
    case 'session.started': {
      const found = attemptAgain(entry, bench)
      if (found !== undefined) done.attempts += 1
      return found ?? []
    }
    case 'sign.completed':
      done.signatures += 1
      return signatureAgain(entry, bench)
    case 'intent.evaluated': {
      const found = evaluationAgain(entry, bench)
      if (found !== undefined) done.evaluations += 1
      return found ?? []
    }
    default:
      return []
  }
}

/** A node counts its releases from 1: a receipt that is left out was suppressed by somebody. */
function gaps(counters: ReadonlyMap<string, readonly number[]>): readonly Finding[] {
  return [...counters].flatMap(([node, seen]) => {
    let next = 1
    for (const counter of [...seen].sort((a, b) => a - b)) {
      if (counter > next) {
        const because = `no receipts of ${node} from ${next} to ${counter - 1}`
        return [
          { area: 'authorisation', word: 'VIOLATION', code: 'LINE_MISSING', because } as const,
        ]
      }
      next = counter + 1
    }
    return []
  })
}

function enclosed(blobs: readonly Blob[]): Documents {
  return new Map(
    blobs
      .filter(({ kind }) => enclosedKinds.includes(kind))
      .flatMap(({ digest, content }) => {
        const text = fromUtf8(content)
        return text === undefined ? [] : [[digest, text] as const]
      }),
  )
}

function named(kind: BlobKind, digest: Digest): string {
  return `${kind}/${digest}`
}
