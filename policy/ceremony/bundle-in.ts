// What is carried in: the Plan, the whole log of the cold origin in pages as nodes take them, the
// newest head with its cosignatures and older kept heads, for each request of the Plan the Warrant
// or the Order by which every station judges it again, and where the Plan names the main log a head
// of that (`main-head.ts`).
// INVARIANT: the pages are the log from its first line on, without a gap, each ending in a head
// that the log signed over its last line. Nothing here is believed: a station takes the pages as a
// node does, and judges each request by `admit` or `admitChange`.
import { digestOf, fromUtf8, toUtf8 } from '../../proto/crypto.ts'
import type { Digest } from '../../proto/ids.ts'
import { encode, parse } from '../../proto/jcs.ts'
import { limits } from '../../proto/limits.ts'
import { refuse } from '../../proto/refusal.ts'
import { integer, list, literal, object, text } from '../../proto/shape.ts'
import { tags } from '../../proto/tags.ts'
import { noteBytesMax, parseNote } from '../audit/checkpoint.ts'
import { parseOrder } from '../order.ts'
import { parseWarrant } from '../warrant.ts'
import { type Bundle, type BundleFiles, fileOf, type Manifest, writeBundle } from './bundle.ts'
import { type MainHead, readMainHead } from './main-head.ts'
import { type Plan, parsePlan, type ReadPlan } from './plan.ts'

/** As a frame of the node's link has it. */
export interface Page {
  readonly from: number
  readonly lines: readonly Uint8Array[]
  /** Texts of the documents that the lines name. */
  readonly documents: readonly string[]
  /** Signed by the log, over the last of these lines. */
  readonly checkpoint: Uint8Array
}

export interface PlannedWarrant {
  readonly kind: 'warrant' | 'order'
  readonly digest: Digest
  readonly bytes: Uint8Array
}

type MainBytes = MainHead & { readonly bytes: Uint8Array }

export interface BundleIn {
  readonly plan: ReadPlan & { readonly bytes: Uint8Array }
  readonly pages: readonly Page[]
  /** The newest head as a note with q cosignatures, over the last line of the last page. */
  readonly head: Uint8Array
  /** Older cosigned heads: those that prove how roots followed each other. */
  readonly heads: readonly string[]
  /** In the order of the Plan's requests. */
  readonly warrants: readonly PlannedWarrant[]
  /** List of the program's files; its digest is in the Plan. Absent where nobody carries one. */
  readonly build?: Uint8Array
  /** Present exactly where the Plan names a main log; proved when it was read. */
  readonly main?: MainBytes
}

const pageBytesMax = 4 * limits.pageBytesMax

const pageShape = object({
  checkpoint: text(noteBytesMax),
  documents: list(text(2 * limits.documentBytesMax), 0, limits.pageLinesMax),
  format: literal('custody-page/v1'),
  from: integer(0, Number.MAX_SAFE_INTEGER),
  lines: list(text(limits.entryBytesMax), 1, limits.pageLinesMax),
})
const headsShape = object({
  format: literal('custody-heads/v1'),
  heads: list(text(noteBytesMax), 0, limits.rootsMax * limits.witnessesMax),
})

/** Where the head of the main log lies. */
export const mainName = 'main.json'

export function writeBundleIn(
  given: Omit<BundleIn, 'main'> & { readonly main?: Pick<MainBytes, 'bytes'> },
): BundleFiles {
  const { plan, pages, head, heads, warrants, build, main } = given
  const files = new Map([
    ['plan.json', plan.bytes],
    ['head', head],
    ['heads.json', encode({ format: 'custody-heads/v1', heads: [...heads] })],
  ])
  for (const [at, page] of pages.entries()) files.set(pageName(at), encodePage(page))
  for (const [at, { bytes }] of warrants.entries()) files.set(requestName(at), bytes)
  if (build !== undefined) files.set('build.json', build)
  if (main !== undefined) files.set(mainName, main.bytes)
  const { org, env } = plan.plan
  const written = writeBundle(files, { direction: 'in', org, env, plan: plan.digest })
  return written
}

export function readBundleIn(bundle: Bundle): BundleIn {
  const bytes = fileOf(bundle, 'plan.json')
  const plan = { ...parsePlan(bytes), bytes }
  requireOwn(bundle.manifest, plan)
  const warrants = plan.plan.requests.map((_, at) => readWarrant(fileOf(bundle, requestName(at))))
  const pages = readPages(bundle)
  const head = fileOf(bundle, 'head')
  requireHead(head, pages)
  const { heads } = headsShape(parse(fileOf(bundle, 'heads.json'), headsBytesMax), 'heads')
  const build = bundle.files.get('build.json')
  const main = readMain(bundle, plan.plan)
  const more = [build, main].filter((one) => one !== undefined).length
  const known = 3 + pages.length + warrants.length + more
  if (bundle.files.size !== known) refuse('BUNDLE', 'a file that no station would read', 'X-7')
  const beside = { ...(build && { build }), ...(main && { main }) }
  return { plan, pages, head, heads, warrants, ...beside }
}

/** Of a log that no Plan names it would be a file that no station reads. */
function readMain(bundle: Bundle, plan: Plan): BundleIn['main'] {
  if (plan.mainRoot === undefined) return undefined
  const bytes = fileOf(bundle, mainName)
  return { ...readMainHead(bytes, plan), bytes }
}

/** Of this plan, and of its organisation and environment. */
export function requireOwn({ org, env, plan: named }: Manifest, { digest, plan }: ReadPlan): void {
  if (named !== digest) refuse('BUNDLE', `expected the plan ${named}, got ${digest}`, 'X-7')
  if (plan.org !== org || plan.env !== env) {
    refuse('BUNDLE', `expected ${plan.org} ${plan.env}, got ${org} ${env}`, 'X-6')
  }
}

const headsBytesMax = 4 * limits.documentBytesMax

const pageName = (at: number): string => `page-${String(at).padStart(2, '0')}.json`
const requestName = (at: number): string => `request-${String(at).padStart(2, '0')}.json`

function encodePage({ from, lines, documents, checkpoint }: Page): Uint8Array {
  return encode({
    ...{ format: 'custody-page/v1', from },
    lines: lines.map(asText),
    documents: [...documents],
    checkpoint: asText(checkpoint),
  })
}

function readPages(bundle: Bundle): readonly Page[] {
  const pages: Page[] = []
  let size = 0
  for (let at = 0; bundle.files.has(pageName(at)); at += 1) {
    const read = pageShape(parse(fileOf(bundle, pageName(at)), pageBytesMax), pageName(at))
    const { format: _, checkpoint, lines, ...rest } = read
    if (rest.from !== size) refuse('BUNDLE', `${pageName(at)}: expected from ${size}`, 'X-7')
    size += lines.length
    const note = parseNote(toUtf8(checkpoint))
    if (note.checkpoint.size !== size) {
      refuse('BUNDLE', `${pageName(at)}: expected a checkpoint of ${size} lines`, 'X-7')
    }
    pages.push({ ...rest, lines: lines.map(toUtf8), checkpoint: toUtf8(checkpoint) })
  }
  if (pages.length === 0) refuse('BUNDLE', 'expected at least one page of the log', 'X-7')
  return pages
}

function requireHead(head: Uint8Array, pages: readonly Page[]): void {
  const size = pages.reduce((sum, { lines }) => sum + lines.length, 0)
  if (parseNote(head).checkpoint.size !== size) {
    refuse('BUNDLE', `head: expected one of ${size} lines`, 'X-7')
  }
}

/** Which of the two it is, its format says. */
function readWarrant(bytes: Uint8Array): PlannedWarrant {
  const written = asText(bytes)
  if (written.includes('"format":"custody-warrant/v1"')) {
    return { kind: 'warrant', digest: parseWarrant(bytes).digest, bytes }
  }
  parseOrder(bytes)
  return { kind: 'order', digest: digestOf(tags.order, bytes), bytes }
}

function asText(bytes: Uint8Array): string {
  return fromUtf8(bytes) ?? refuse('BUNDLE', 'expected well-formed utf-8', 'X-7')
}
