// What a node says of itself to its operator: on the admin socket, and where its health is asked.
import type { Curve } from './dkls23/curve.ts'
import type { StateWord } from './standing.ts'

export interface Status {
  readonly node: string
  /** `locked`, `sealed`: nothing is open yet, and there is no node. */
  readonly state: StateWord | 'locked' | 'sealed'
  /** Why it is sealed: what is the matter with its token. */
  readonly sealed?: string
  readonly size: number
  readonly sessions: number
  readonly waitingReleases: number
  readonly droppedEnvelopes: number
  readonly receipts: number
  readonly vaults: readonly string[]
  readonly pairings: readonly string[]
  readonly banned: readonly string[]
  /** Faults within a day, of peers that had any. */
  readonly strikes: Readonly<Record<string, number>>
  readonly frozen: readonly string[]
  readonly coordinators: readonly string[]
  /** Why the node may only witness; empty while it may sign. */
  readonly fenced: string
  /** The make of the curve: anything but `native` is slower. Empty while the node is locked. */
  readonly curve: Curve['name'] | ''
  /** Backup files here, and whether they were opened in a test. */
  readonly backups: readonly string[]
}

/** For `fenced`; empty when nothing was restored. */
export function restoredText(vaults: readonly string[]): string {
  return vaults.length === 0 ? '' : `restored from a backup: ${vaults.join(', ')}`
}
