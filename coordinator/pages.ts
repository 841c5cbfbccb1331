// Pages of the log for nodes: bounded runs of lines with the documents that the fold needs, the
// log's checkpoint over exactly these lines, and the cosigned heads that were kept of them. Lines
// of the last runs come from memory, older ones from the database.
import { type Entry, parseEntry } from '../policy/audit/entry.ts'
import { parseRoot } from '../policy/documents.ts'
import { fromUtf8, toUtf8 } from '../proto/crypto.ts'
import type { CoordinatorPart } from '../proto/frames.ts'
import { limits } from '../proto/limits.ts'
import type { CosignedHeads } from './cosigned.ts'
import { readBlob, readBlobs } from './store/blobs.ts'
import { readLastHeads } from './store/heads.ts'
import { readLines } from './store/lines.ts'
import type { Store } from './store/store.ts'

export type LinesPage = CoordinatorPart<'lines'>

const ordersPerPageMax = 4

export interface PagesPorts {
  readonly store: Store
  readonly origin: string
  readonly heads: CosignedHeads
}

export class Pages {
  readonly #ports: PagesPorts
  #recent: readonly Entry[] = []

  constructor(ports: PagesPorts) {
    this.#ports = ports
  }

  /** The lines of a run, right after its commit. */
  remember(entries: readonly Entry[]): void {
    const first = entries[0]
    if (first === undefined) return
    const follows = this.#recent.at(-1)?.seq === first.seq - 1
    const all = follows ? [...this.#recent, ...entries] : entries
    this.#recent = all.slice(-limits.pageLinesMax)
  }

  /** From `from` up to at most `size` lines of the log; without lines where there are none. */
  async from(from: number, size: number): Promise<LinesPage> {
    const { origin, heads } = this.#ports
    const entries = fewOrders(await this.#entries(from, size))
    const end = from + entries.length
    return {
      origin,
      from,
      lines: entries.map((entry) => entry.bytes),
      documents: await this.#documents(entries),
      checkpoint: toUtf8(heads.checkpoint(end)),
      heads: await this.#heads(from, end),
    }
  }

  /** No line, and the checkpoint of what the node has. */
  empty(size: number): LinesPage {
    const { origin, heads } = this.#ports
    const checkpoint = toUtf8(heads.checkpoint(size))
    return { origin, from: size, lines: [], documents: [], checkpoint, heads: [] }
  }

  async #entries(from: number, size: number): Promise<readonly Entry[]> {
    const [first, last] = [this.#recent[0]?.seq, this.#recent.at(-1)?.seq]
    if (first !== undefined && last !== undefined && from >= first && from <= last) {
      return bounded(this.#recent.slice(from - first, size - first))
    }
    const page = {
      from,
      linesMax: Math.min(limits.pageLinesMax, size - from),
      bytesMax: limits.pageBytesMax,
    }
    return (await readLines(this.#ports.store, this.#ports.origin, page)).map(parseEntry)
  }

  async #documents(entries: readonly Entry[]): Promise<LinesPage['documents']> {
    const { store } = this.#ports
    const named = entries.flatMap(documentsOf)
    if (named.length === 0) return []
    for (const entry of entries) {
      if (entry.type !== 'root.activated' || entry.body.signatures === undefined) continue
      named.push(entry.body.signatures, ...(await genesisOf(store, entry.body.root)))
    }
    const blobs = await readBlobs(store, [...new Set(named)])
    return [...blobs.values()].map(({ kind, content }) => ({ kind, content }))
  }

  /** The newest of these lines, as many as a node reads: they say who has seen them. */
  async #heads(from: number, to: number): Promise<readonly Uint8Array[]> {
    const { store, origin, heads } = this.#ports
    if (from >= heads.largest) return []
    const count = limits.witnessesMax
    const last = await readLastHeads(store, origin, { to, sizesMax: count })
    const over = last.filter(({ size }) => size > from)
    return over.slice(-count).map(({ note }) => toUtf8(note))
  }
}

/** A root that follows another is judged together with everything that it names. */
async function genesisOf(store: Store, digest: string): Promise<readonly string[]> {
  const blob = await readBlob(store, digest)
  if (blob === undefined) return []
  const { policy, directory, books } = parseRoot(fromUtf8(blob.content) ?? '').genesis
  return [policy, directory, ...books.values()]
}

/** Documents that travel with the line, because the fold reads them. */
function documentsOf(entry: Entry): readonly string[] {
  switch (entry.type) {
    case 'root.activated':
      return [entry.body.root]
    case 'policy.activated':
      return [entry.body.policy]
    case 'directory.activated':
      return [entry.body.directory]
    case 'book.activated':
      return [entry.body.book]
    case 'freeze.set':
      return [entry.body.freeze]
    case 'key.created':
    case 'key.imported':
    case 'key.refreshed':
    case 'key.reshared':
    case 'key.exported':
    case 'key.disabled':
    case 'key.proved':
    case 'peer.readmitted':
      return [entry.body.order]
    case 'ceremony.planned':
      return [entry.body.order, entry.body.plan]
    default:
      return []
  }
}

/** Orders are large and rare; a page with its documents must fit one frame. */
function fewOrders(entries: readonly Entry[]): readonly Entry[] {
  let orders = 0
  const end = entries.findIndex((entry) => {
    orders += ordersOf(entry)
    return orders > ordersPerPageMax
  })
  return end < 0 ? entries : entries.slice(0, end)
}

/** What comes beside this line, in the measure of an order; a plan is as large as two of them. */
function ordersOf({ body }: Entry): number {
  if (!('order' in body)) return 0
  return 'plan' in body ? 3 : 1
}

/** As many lines as one page holds, at least one. */
function bounded(entries: readonly Entry[]): readonly Entry[] {
  let bytes = 0
  let count = 0
  for (const entry of entries) {
    bytes += entry.bytes.length
    if (count > 0 && bytes > limits.pageBytesMax) break
    count += 1
  }
  return entries.slice(0, Math.min(count, limits.pageLinesMax))
}
