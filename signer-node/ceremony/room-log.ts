// The log of a Bundle as the Record station reads it: the root in force, what it adds up to,
// and what the Hub is asked for by each request of the Plan. Read with the fold and by the
// pinned root, as every Station reads it; nothing here makes a Station do anything that it
// would not admit.
import type { EntryOf } from '../../policy/audit/entry.ts'
import { readSync } from '../../policy/audit/rows.ts'
import { get, tables } from '../../policy/audit/tables.ts'
import type { BundleFiles } from '../../policy/ceremony/bundle.ts'
import { readBundle } from '../../policy/ceremony/bundle.ts'
import { type BundleIn, readBundleIn } from '../../policy/ceremony/bundle-in.ts'
import {
  type HistoryAt,
  historyAt,
  type LogView,
  viewOfBundle,
} from '../../policy/ceremony/log-view.ts'
import type { PlannedRequest } from '../../policy/ceremony/plan.ts'
import { plannedRoots } from '../../policy/ceremony/planned-roots.ts'
import { chainOf } from '../../policy/chain/chains.ts'
import { type Change, parseChange } from '../../policy/change.ts'
import { type Root, witnessesOf } from '../../policy/documents.ts'
import { parseOrder } from '../../policy/order.ts'
import { toUtf8 } from '../../proto/crypto.ts'
import type { Digest, VaultId } from '../../proto/ids.ts'
import { refuse } from '../../proto/refusal.ts'
import type { DealOrder, ProveOrder, SignOrder } from './hub-orders.ts'

export class RoomLog {
  readonly bundle: BundleIn
  readonly digest: Digest
  /** The Plan's. */
  readonly root: Root
  /** The one that the log begins with. */
  readonly first: Digest
  readonly view: LogView
  readonly history: HistoryAt
  readonly size: number

  constructor(files: BundleFiles) {
    const read = readBundle(files, 'in')
    this.bundle = readBundleIn(read)
    this.digest = read.digest
    const { first, now } = plannedRoots(this.bundle)
    this.root = now
    this.first = first
    const { log, witness } = now
    const trust = { root: first, log, witnesses: witnessesOf(now), q: witness.q }
    this.view = viewOfBundle(files, trust)
    this.size = this.view.entries.length
    this.history = historyAt(this.view, this.size)
  }

  signOrder({ request, vault }: PlannedRequest, signers: readonly string[]): SignOrder {
    const isOf = (one: LogView['entries'][number]): one is EntryOf<'session.started'> =>
      one.type === 'session.started' && one.body.intent === request
    const started = this.view.entries.findLast(isOf)
    if (started === undefined) return refuse('LINE_MISSING', `no attempt of ${request}`, 'N8')
    const { publicKey, chainCode } = this.row(vault)
    const { bytes: warrant } = this.#warrant(request)
    const { attempt: number } = started.body
    const key = { publicKey, chainCode }
    return { attempt: number, seq: started.seq, warrant, key, signers }
  }

  proveOrder({ request, vault }: PlannedRequest, tries: number, signers: readonly string[]) {
    const { bytes, digest } = this.#warrant(request)
    const change = this.change(request)
    if (change.op !== 'key.prove') return refuse('PLAN', `${request} asks for no proof`)
    const network = this.#network(vault)
    const named = { change, changeDigest: request, order: bytes, orderDigest: digest }
    const order: ProveOrder = { ...named, attempt: tries, row: this.row(vault), network, signers }
    return order
  }

  dealOrder({ request, vault }: PlannedRequest, above: number): DealOrder {
    const { bytes: order, digest: orderDigest } = this.#warrant(request)
    const change = this.change(request)
    const row = readSync(get(tables.vault, vault), this.history.rows)
    const from = row?.epoch ?? 0
    const { stations, called } = this.bundle.plan.plan
    const here = stations.filter(({ node }) => called.includes(node)).sort((a, b) => a.x - b.x)
    const holders = here.filter(({ part }) => part !== 'leaves').map(({ node }) => node)
    const named = { change: request, order, orderDigest, from, epoch: from + above }
    const line = lineOf(change)
    const nodes = here.map(({ node }) => node)
    return { ...named, line, attempt: above, nodes, holders }
  }

  change(request: Digest): Change {
    const { order } = parseOrder(this.#warrant(request).bytes)
    return parseChange(toUtf8(order.change.document)).change
  }

  /** Of a key, on the network of its vault. */
  address(vault: VaultId, publicKey: Uint8Array): string {
    return chainOf(this.#network(vault)).address(publicKey)
  }

  row(vault: VaultId) {
    const row = readSync(get(tables.vault, vault), this.history.rows)
    return row ?? refuse('VAULT_NOT_FOUND', `${vault} has no key`)
  }

  #network(vault: VaultId): string {
    const rulebook = readSync(this.history.desk.rulebook(), this.history.rows)
    const named = rulebook.vaults.get(vault)?.network
    const network = named && rulebook.networks.get(named)?.caip2
    return network ?? refuse('VAULT_NOT_FOUND', `${vault} is in no policy`)
  }

  #warrant(request: Digest) {
    const at = this.bundle.plan.plan.requests.findIndex((one) => one.request === request)
    return this.bundle.warrants[at] ?? refuse('BUNDLE', `no warrant of ${request}`, 'X-7')
  }
}

function lineOf({ op }: Change): DealOrder['line'] {
  if (op === 'key.create') return 'key.created'
  if (op === 'key.refresh') return 'key.refreshed'
  return op === 'key.reshare' ? 'key.reshared' : refuse('PLAN', `${op} deals no shares`)
}
