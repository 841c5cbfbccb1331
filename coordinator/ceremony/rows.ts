// Ceremonies as the log has them.
import type { Digest } from '../../proto/ids.ts'
import type { Copy } from '../page.ts'
export interface CeremonyRow {
  readonly plan: Digest
  readonly change: Digest
  readonly kind: string
  readonly vaults: readonly string[]
  readonly requests: readonly Digest[]
  /** Milliseconds, as `until`. */
  readonly from: number
  readonly until: number
  readonly state: 'planned' | 'exported' | 'concluded' | 'aborted'
  /** Digest of the manifest of the Bundle in; empty before it was made. */
  readonly bundle: Digest | ''
  /** Of the line that planned it. */
  readonly planned: number
  /** Newest line about it. */
  readonly seq: number
}
export async function readCeremonies(_copy: Copy): Promise<readonly CeremonyRow[]> { return [] }
export async function readCeremony(_copy: Copy, _plan: Digest): Promise<CeremonyRow | undefined> { return undefined }
