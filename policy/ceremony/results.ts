// Results: what a ceremony brings home, in the very form in which it becomes lines of the log: type
// and body of each, in the order in which they are written, and the documents that they name.
// INVARIANT: only lines that prove themselves have a place here: keys by the confirmations of all
// holders, signatures under the vault's key, statements of stations. Whether they do is judged by
// the fold (`judge-results.ts`), and again by whoever takes them into the log.
import { digestOf, toUtf8 } from '../../proto/crypto.ts'
import type { Digest } from '../../proto/ids.ts'
import { encode, type Json, type JsonObject, parse } from '../../proto/jcs.ts'
import { limits } from '../../proto/limits.ts'
import { attempt, isRefusal, refuse } from '../../proto/refusal.ts'
import { digest, list, literal, object, type Reader, type Shaped, text } from '../../proto/shape.ts'
import { tags } from '../../proto/tags.ts'
import { blobDigest } from '../audit/blobs.ts'
import { type BodyOf, bodies, type EntryType } from '../audit/bodies.ts'
import { vaultId } from '../vault.ts'

export const resultTypes = [
  'key.created',
  'key.refreshed',
  'key.reshared',
  'key.proved',
  'key.backup-tested',
  'share.receipt',
  'sign.completed',
  'session.aborted',
] as const satisfies readonly EntryType[]
export type ResultType = (typeof resultTypes)[number]

export type ResultLine = {
  [K in ResultType]: {
    readonly type: K
    readonly body: BodyOf<K>
    /** As it was written, for the line. */
    readonly written: JsonObject
  }
}[ResultType]

/** What lines name by digest, kept as blobs of the log are; cards are of an enrolment. */
const documentKinds = ['shareReceipt', 'refusal', 'stationCard'] as const

export interface ResultDocument {
  readonly kind: (typeof documentKinds)[number]
  /** Exact canonical text. */
  readonly text: string
}

export interface Results {
  readonly plan: Digest
  readonly outcome: 'done' | 'aborted'
  /** Why it was aborted, a reason code; empty otherwise. */
  readonly reason: string
  readonly lines: readonly ResultLine[]
  readonly documents: readonly ResultDocument[]
  /** Of keys that were made: each was read aloud at two kinds of machine. */
  readonly addresses: readonly Shaped<typeof addressShape>[]
}

export type ReadResults = Results & { readonly digest: Digest }

export interface WrittenResults extends Omit<Results, 'lines'> {
  readonly lines: readonly { readonly type: ResultType; readonly body: JsonObject }[]
}

const anything: Reader<Json> = (value, path) => value ?? refuse('MALFORMED', `${path}: missing`)
const addressShape = object({ address: text(64, /^[0-9A-Za-z]+$/), vault: vaultId })
const lineShape = object({ body: anything, type: literal(...resultTypes) })

const shape = object({
  addresses: list(addressShape, 0, 64),
  documents: list(
    object({ kind: literal(...documentKinds), text: text(limits.warrantBytesMax) }),
    0,
    limits.resultDocumentsMax,
  ),
  format: literal('custody-results/v1'),
  lines: list(lineShape, 0, limits.resultLinesMax),
  outcome: literal('done', 'aborted'),
  plan: digest,
  reason: text(64, /^(?:|[A-Z][A-Z0-9_]*)$/),
})

export function parseResults(bytes: Uint8Array): ReadResults {
  const read = attempt(() => {
    const { format: _, lines, ...results } = shape(parse(bytes, limits.resultsBytesMax), 'results')
    // Each has a digest, so that nobody has to doubt it again.
    for (const one of results.documents) documentDigest(one)
    return { ...results, lines: lines.map(readLine) }
  })
  if (isRefusal(read)) return refuse('RECORD', read.because)
  if ((read.outcome === 'aborted') !== (read.reason !== '')) {
    refuse('RECORD', 'results: expected a reason where the ceremony was aborted, and there only')
  }
  return { ...read, digest: digestOf(tags.ceremonyResults, bytes) }
}

export function encodeResults(results: WrittenResults): Uint8Array {
  const { lines, documents, addresses, plan, outcome, reason } = results
  const bytes = encode({
    ...{ plan, outcome, reason, format: 'custody-results/v1' },
    addresses: addresses.map((one) => ({ ...one })),
    documents: documents.map((one) => ({ ...one })),
    lines: lines.map(({ type, body }) => ({ type, body })),
  })
  parseResults(bytes)
  return bytes
}

/** The digest by which a line names this document. */
export function documentDigest({ kind, text: written }: ResultDocument): Digest {
  return blobDigest(kind, toUtf8(written))
}

function readLine({ type, body }: Shaped<typeof lineShape>, at: number): ResultLine {
  // The body was read by the schema of this very type.
  return {
    type,
    body: bodies[type](body, `lines[${at}].body`),
    written: body,
  } as ResultLine
}
