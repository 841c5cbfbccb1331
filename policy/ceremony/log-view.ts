// Log view: the log of a cold origin as a judge of a ceremony has it, from the Bundle that was
// carried in or from an Export of any later day, and the History that it adds up to at one size.
// INVARIANT: a view is of the log that the trust file pins: its lines are one chain under that key
// and root, they make the tree that the log signed, and q witnesses of it cosigned that head.
// What the lines mean is the fold's; what stands in no Bundle, as blobs of others, is absent.
import { fromUtf8, toHex } from '../../proto/crypto.ts'
import { type Digest, parseDigest } from '../../proto/ids.ts'
import { encode } from '../../proto/jcs.ts'
import { isRefusal, refuse } from '../../proto/refusal.ts'
import { signedJson } from '../../proto/signed.ts'
import { type BlobKind, blobDigest, enclosedKinds } from '../audit/blobs.ts'
import { cosignatures, formatVkey } from '../audit/checkpoint.ts'
import { type Context, Desk, Library } from '../audit/desk.ts'
import { type Documents, readEnclosures } from '../audit/enclosures.ts'
import type { Entry } from '../audit/entry.ts'
import { type Blob, type Files, readExport } from '../audit/export.ts'
import { createFold, type Fold, type Folded } from '../audit/fold.ts'
import { agrees, readHead, type SignedHead, witnessesFor } from '../audit/heads.ts'
import { checkBlobs, readChain } from '../audit/integrity.ts'
import { type Reigns, readReigns } from '../audit/reigns.ts'
import { MemoryRows, readSync } from '../audit/rows.ts'
import { parseOrder } from '../order.ts'
import type { Trust } from '../trust.ts'
import { parseWarrant } from '../warrant.ts'
import { type BundleFiles, readBundle } from './bundle.ts'
import { type BundleIn, type Page, readBundleIn } from './bundle-in.ts'

export interface LogView {
  readonly trust: Trust
  readonly entries: readonly Entry[]
  readonly documents: Documents
  readonly rootAt: (size: number) => Uint8Array
  /** Notes of kept heads, the newest among them. */
  readonly heads: readonly string[]
  readonly reigns: Reigns
  readonly blob: (kind: BlobKind, digest: Digest) => Uint8Array | undefined
  /** Digest of the manifest, where the view is of a Bundle; empty for an Export. */
  readonly bundle: Digest | ''
}

/** What the first `size` lines add up to. */
export interface HistoryAt {
  readonly rows: MemoryRows
  readonly fold: Fold
  readonly desk: Desk
  /** Lines that the fold made void. */
  readonly voids: ReadonlySet<number>
}

/** Of the Bundle in; refused when it is none, or of another log than the pinned one. */
export function viewOfBundle(files: BundleFiles, trust: Trust): LogView {
  const bundle = readBundle(files, 'in')
  const carried = readBundleIn(bundle)
  const lines = carried.pages.flatMap((page) => page.lines)
  const pages = carried.pages.map(({ checkpoint }) => checkpoint)
  const enclosed = enclosures(carried, carried.pages)
  const given = { lines, pages, head: carried.head, heads: carried.heads }
  const blobs = carried.warrants.flatMap(({ kind, digest, bytes }): Blob[] => {
    return [{ kind, digest, content: bytes }, askedBy(kind, bytes)]
  })
  return { ...whole(given, enclosed, trust), blob: among(blobs), bundle: bundle.digest }
}

/** Of an Export of the cold log. */
export function viewOfExport(files: Files, trust: Trust): LogView {
  const { checkpoint, lines, blobs, heads } = readExport(files)
  const { good, findings } = checkBlobs(blobs)
  for (const { because } of findings) refuse('LOG_MALFORMED', because)
  const kept = heads.map((head) => fromUtf8(head) ?? '')
  const texts = good
    .filter(({ kind }) => enclosedKinds.includes(kind))
    .map(({ content }) => fromUtf8(content) ?? '')
  const given = { lines, pages: [], head: checkpoint, heads: kept }
  return { ...whole(given, readEnclosures(texts), trust), blob: among(good), bundle: '' }
}

/** Folds the lines; stops the judge where a document of one is not there. */
export function historyAt(view: LogView, size: number): HistoryAt {
  const { trust, entries, documents } = view
  const context: Context = { rootDigest: trust.root, origin: trust.log.origin }
  const rows = new MemoryRows()
  const fold = createFold(context)
  const voids = new Set<number>()
  for (const entry of entries.slice(0, size)) {
    const folded = readSync(fold(entry, documents), rows)
    if (folded.kind === 'missing') refuse('LINE_MISSING', missing(folded, entry.seq))
    else if (folded.kind === 'folded') rows.apply(folded.writes)
    else voids.add(entry.seq)
  }
  return { rows, fold, desk: new Desk(context, documents, new Library()), voids }
}

export function treeAt(view: LogView, size: number): Digest {
  return parseDigest(toHex(view.rootAt(size)), 'root')
}

interface Given {
  readonly lines: readonly Uint8Array[]
  /** Heads at the ends of pages, each signed by the log. */
  readonly pages: readonly Uint8Array[]
  readonly head: Uint8Array
  readonly heads: readonly string[]
}

function whole(given: Given, documents: Documents, trust: Trust) {
  const chain = readChain(given.lines)
  const [broken] = chain.findings
  if (broken !== undefined) refuse('LOG_MALFORMED', broken.because)
  requireBegun(chain.entries, trust)
  const { entries, rootAt } = chain
  const own = { size: entries.length, rootAt }
  const heads = [...given.pages, given.head].map((bytes) => signedHead(bytes, trust))
  if (!heads.every(({ note }) => agrees(note, own))) {
    refuse('LOG_FORK', 'a head that the log signed is not one of these lines')
  }
  const view = { trust, entries, documents, rootAt, reigns: [] as Reigns }
  const reigns = reignsOf({ ...view, heads: [], blob: () => undefined, bundle: '' })
  if (reigns[0]?.root.digest !== trust.root) {
    refuse('CONFIG', 'the pinned root was never activated in this log')
  }
  requireWitnessed(heads.at(-1), own.size, { ...view, reigns })
  const texts = [...given.heads, ...heads.map(({ text }) => text)]
  return { ...view, reigns, heads: texts }
}

/** Under the pinned name and key; that the pinned root is the first is asked by the fold. */
function requireBegun([first]: readonly Entry[], { log }: Trust): void {
  const own = first?.type === 'log.genesis' ? first.body : undefined
  if (own?.origin !== log.origin || own.vkey !== formatVkey(log.vkey)) {
    refuse('CONFIG', `expected the log ${log.origin} under the pinned key`)
  }
}

function signedHead(bytes: Uint8Array, trust: Trust): SignedHead {
  const head = readHead(bytes, trust)
  if (isRefusal(head)) return refuse(head.code, head.because)
  return head.signed ? head : refuse('LOG_MALFORMED', 'a head that the pinned log did not sign')
}

function requireWitnessed(
  newest: SignedHead | undefined,
  size: number,
  { trust, reigns }: Pick<LogView, 'trust' | 'reigns'>,
): void {
  const head = newest ?? refuse('LINE_MISSING', 'expected a head')
  if (head.note.checkpoint.size !== size) {
    refuse('LINE_MISSING', `expected a head of all ${size} lines`)
  }
  const judges = witnessesFor(size, trust, reigns)
  const given = cosignatures(head.note, judges.witnesses).length
  if (given < judges.q) refuse('COSIGN', `expected ${judges.q} witnesses of the log, got ${given}`)
}

/** Of all lines, so that a head is judged by the root of its own last line. */
function reignsOf(view: LogView): Reigns {
  const last = view.entries.findLastIndex(({ type }) => type === 'root.activated')
  return readSync(readReigns(), historyAt(view, last + 1).rows)
}

/** Plan and orders of the requests too: results are folded with them. */
function enclosures({ plan, warrants }: BundleIn, pages: readonly Page[]): Documents {
  const orders = warrants.filter(({ kind }) => kind === 'order')
  const carried = [plan.bytes, ...orders.map(({ bytes }) => bytes)]
  const texts = carried.map((bytes) => fromUtf8(bytes) ?? '')
  return readEnclosures([...new Set([...pages.flatMap(({ documents }) => documents), ...texts])])
}

/** The signed request that a warrant or an order carries. */
function askedBy(kind: 'warrant' | 'order', bytes: Uint8Array): Blob {
  const signed =
    kind === 'warrant' ? parseWarrant(bytes).warrant.intent : parseOrder(bytes).order.change
  const content = encode(signedJson(signed))
  return { kind: 'intent', digest: blobDigest('intent', content), content }
}

function among(blobs: readonly Blob[]): LogView['blob'] {
  const kept = new Map(blobs.map(({ kind, digest, content }) => [`${kind}/${digest}`, content]))
  return (kind, digest) => kept.get(`${kind}/${digest}`)
}

function missing({ digest }: Extract<Folded, { kind: 'missing' }>, seq: number): string {
  return `line ${seq}: document ${digest} is not there`
}
