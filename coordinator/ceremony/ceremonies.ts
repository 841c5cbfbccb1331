// Ceremonies
import type { Digest } from '../../proto/ids.ts'
export interface CeremonyShown {
  readonly plan: Digest
  readonly change: Digest
  readonly kind: string
  readonly vaults: readonly string[]
  readonly requests: readonly Digest[]
  /** Milliseconds, as `until`. */
  readonly from: number
  readonly until: number
  readonly state: string
  readonly bundle: Digest | ''
  readonly seq: number
}
