// The Bundle that goes into a room: the whole log of this origin in pages as nodes take them, up to
// a head that enough witnesses cosigned over everything that the ceremony stands on, and for each
// request of the plan the Warrant or the Order.
// INVARIANT: what is in it was committed and cosigned before; nothing is signed for the room alone.
import { parseNoteText } from '../../policy/audit/checkpoint.ts'
import type { BundleFiles } from '../../policy/ceremony/bundle.ts'
import {
  type BundleIn,
  type Page,
  type PlannedWarrant,
  writeBundleIn,
} from '../../policy/ceremony/bundle-in.ts'
import type { ReadPlan } from '../../policy/ceremony/plan.ts'
import { fromUtf8, toUtf8 } from '../../proto/crypto.ts'
import { limits } from '../../proto/limits.ts'
import { refuse } from '../../proto/refusal.ts'
import { Unavailable } from '../../proto/unavailable.ts'
import type { CosignedHeads } from '../cosigned.ts'
import type { Pages } from '../pages.ts'
import type { Clock } from '../ports.ts'
import { readHeads } from '../store/heads.ts'
import type { Store } from '../store/store.ts'

export interface BundleInPorts {
  readonly pages: Pages
  readonly heads: CosignedHeads
  readonly store: Store
  readonly clock: Clock
}

export interface BundleInOrder {
  readonly plan: ReadPlan & { readonly bytes: Uint8Array }
  /** In the order of the plan's requests. */
  readonly warrants: readonly PlannedWarrant[]
  /** The newest line that the room stands on. */
  readonly seq: number
  /** Where the plan names the main log. */
  readonly main: BundleIn['main']
}

/** How long the witnesses may take; after it the same is asked again. */
const witnessWaitMs = 20_000

export async function makeBundleIn(
  ports: BundleInPorts,
  order: BundleInOrder,
): Promise<BundleFiles> {
  const { plan, warrants, seq, main } = order
  const head = await coveringHead(ports, seq)
  const { size } = parseNoteText(head).checkpoint
  const pages: Page[] = []
  for (let from = 0; from < size; ) {
    const page = await pageFrom(ports, from, size)
    pages.push(page)
    from += page.lines.length
  }
  return writeBundleIn({
    plan,
    pages,
    head: toUtf8(head),
    heads: await switchHeads(ports, size),
    warrants,
    ...(main && { main }),
  })
}

/** Cosigned by q witnesses of its root, and over the line. */
async function coveringHead({ heads, clock }: BundleInPorts, seq: number): Promise<string> {
  const stop = new AbortController()
  const isCovered = await heads.untilCovered(seq, clock.sleep(witnessWaitMs, stop.signal))
  stop.abort()
  const head = isCovered ? await heads.best() : ''
  if (head === '' || parseNoteText(head).checkpoint.size <= seq) {
    throw new Unavailable('the witnesses have not seen the lines yet', 'NOT_ENOUGH_WITNESSES')
  }
  return head
}

async function pageFrom({ pages }: BundleInPorts, from: number, size: number): Promise<Page> {
  const { lines, documents, checkpoint } = await pages.from(from, size)
  if (lines.length === 0) refuse('INTERNAL', `line ${from} is not in the log`)
  const texts = documents.map(({ content }) => fromUtf8(content) ?? '')
  return { from, lines, documents: texts, checkpoint }
}

/** Of the old witnesses over each later root: without them nothing after it counts there. */
async function switchHeads(
  { heads, store }: BundleInPorts,
  size: number,
): Promise<readonly string[]> {
  const countMax = 2 * limits.witnessesMax
  const early = heads.switches.map((from) => {
    return readHeads(store, heads.origin, { from, to: size, countMax })
  })
  return (await Promise.all(early)).flat().map(({ note }) => note)
}
