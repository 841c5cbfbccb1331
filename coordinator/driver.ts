// What every step of a request has at hand, and what a step says about the next one. A step reads
// the lines, does one thing, and writes a line; nothing between lines is needed to go on, so any
// coordinator can continue where another stopped (the walk, 4).
import type { RequestView } from '../policy/view.ts'
import type { Digest } from '../proto/ids.ts'
import type { JsonObject } from '../proto/jcs.ts'
import { refuse } from '../proto/refusal.ts'
import type { Ledger } from './chain-rpc/ledger.ts'
import { type Case, gather } from './desk/case.ts'
import type { RulesMemory } from './desk/rules.ts'
import type { Links } from './links.ts'
import type { Nonces } from './nonces.ts'
import type { Copy } from './page.ts'
import type { Clock, Report } from './ports.ts'
import type { Answer } from './proposal.ts'
import type { Sequencer } from './sequencer.ts'
import type { Signing } from './signing.ts'
import type { Blob } from './store/blobs.ts'
import type { Tree } from './tree.ts'

export interface DriverPorts {
  readonly copy: Copy
  readonly memory: RulesMemory
  readonly tree: Tree
  readonly clock: Clock
  readonly report: Report
  readonly sequencer: Sequencer
  readonly links: Links
  readonly signing: Signing
  readonly chains: Chains
  readonly notes: Notes
  /** When the bytes of a request were last sent to its chain. */
  readonly sentAt: Map<Digest, number>
  readonly nonces: Nonces
}

/** What a request waits for beside what the log says; shown to callers, decides nothing. */
export interface Note {
  readonly code: string
  readonly because: string
}
export type Notes = Map<Digest, Note>

export type Next =
  /** Look at the lines at once. */
  | { readonly kind: 'again' }
  /** Or as soon as a line about the request comes. */
  | { readonly kind: 'wait'; readonly ms: number }
  /** Whatever comes: attempts are few, so a failing one is not repeated at once. */
  | { readonly kind: 'pause'; readonly ms: number }
  /** Nothing left to drive. */
  | { readonly kind: 'done' }
  /** Not by itself: a person, a ceremony or a line has to come first. */
  | { readonly kind: 'parked' }

export const again: Next = { kind: 'again' }
export const done: Next = { kind: 'done' }
export const parked: Next = { kind: 'parked' }
export const wait = (ms: number): Next => ({ kind: 'wait', ms })
export const pause = (ms: number): Next => ({ kind: 'pause', ms })

/** A request in the hands of a driver. */
export interface Driven {
  readonly the: Case
  readonly view: RequestView
  /** Waits and says why. */
  readonly note: (note: Note, ms: number) => Next
}

export async function takeUp(
  ports: DriverPorts,
  intent: Digest,
  view: RequestView,
): Promise<Driven> {
  const the = await gather(ports.copy, ports.memory, intent)
  const note = (why: Note, ms: number): Next => {
    ports.notes.set(intent, why)
    return wait(ms)
  }
  return { the, view, note }
}

/** By CAIP-2. */
export type Chains = ReadonlyMap<string, Ledger>

/** Where bytes are built, sent and looked for, on whatever network. */
export function ledgerFor({ chains }: Pick<DriverPorts, 'chains'>, network: string): Ledger {
  return chains.get(network) ?? noEndpoint(network)
}

function noEndpoint(network: string): never {
  return refuse('CHAIN_UNAVAILABLE', `no endpoint of ${network}`)
}

export interface Written {
  readonly receipts?: readonly JsonObject[]
  readonly lines: readonly { readonly type: string; readonly body: JsonObject }[]
  readonly blobs?: readonly Blob[]
}

/** Lines in this coordinator's name, all or none. */
export function writeLines(
  ports: Pick<DriverPorts, 'sequencer'>,
  written: Written,
): Promise<Answer> {
  const { receipts = [], lines, blobs = [] } = written
  const named = lines.map((line) => ({ actor: 'coordinator', ...line }))
  const content = { receipts: [...receipts], lines: named, documents: [] }
  return ports.sequencer.propose({ kind: 'lines', content, blobs })
}
