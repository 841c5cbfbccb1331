// Whose nonces are looked at next: of a vault with many deposit addresses some at a time, and on
// from there the next time, so that endpoints hear the same few messages however many there are.
// INVARIANT: each address comes to its turn, and none twice before all others of its vault.
import { depositPath } from '../policy/deposit-path.ts'
import type { VaultId } from '../proto/ids.ts'

export class NonceTurns {
  readonly #next = new Map<VaultId, number>()

  /** Paths of at most `most` of the first `opened` deposit addresses. */
  take(vault: VaultId, opened: number, most: number): readonly string[] {
    if (opened === 0) return []
    const start = (this.#next.get(vault) ?? 0) % opened
    const count = Math.min(opened, most)
    this.#next.set(vault, start + count)
    return Array.from({ length: count }, (_, at) => depositPath((start + at) % opened))
  }
}
