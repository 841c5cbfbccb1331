// In which life each peer was met, and which of its lives are over. What finishes a pair set-up was
// alive when the set-up began, so whoever finishes a later one came to life after whoever finished
// an earlier one: that one is over, and nothing is begun with it again. Of two instances of a node
// a peer therefore works with the newer alone, however they take turns.
// INVARIANT: a life is refused under the name of its node, as anybody can claim any incarnation; an
// honest node that lives once is never refused in its present life. Notices no second instance by
// itself: `lives.ts`.
import { toHex } from '../proto/crypto.ts'
import type { NodeId } from '../proto/ids.ts'

/** More than a day of a peer that restarts every two minutes. */
const refusedMax = 1_024

/** Of a peer, as a set-up with it was begun. */
export interface Life {
  readonly incarnation: string
  /** Number of the set-up. */
  readonly setUp: number
}

export class PeerLives {
  readonly #refused = new Set<string>()
  readonly #latest = new Map<NodeId, Life>()
  /** By peer: the number of the last set-up that failed here. */
  readonly #failed = new Map<NodeId, number>()
  #setUps = 0

  /** A set-up begins: both hellos are known. */
  begins(incarnation: Uint8Array): Life {
    this.#setUps += 1
    return { incarnation: toHex(incarnation), setUp: this.#setUps }
  }

  /**
   * It was finished; false when a later one had finished before. Of another life that one is over.
   * Of the same life the later one counts at both ends, or whoever carries the last word of the
   * earlier to one of them alone would part them: what both begin, both begin in one order.
   */
  finished(peer: NodeId, life: Life): boolean {
    const latest = this.#latest.get(peer)
    const isLate = latest !== undefined && latest.setUp > life.setUp
    const isOther = latest?.incarnation !== life.incarnation
    if (this.isOver(peer, life.incarnation) || isLate) return false
    if (latest !== undefined && isOther) this.#refuse(peer, latest.incarnation)
    this.#latest.set(peer, life)
    return true
  }

  /** Here; the peer may have finished it. */
  failed(peer: NodeId, { setUp }: Life): void {
    this.#failed.set(peer, Math.max(setUp, this.#failed.get(peer) ?? 0))
  }

  /** Whether one that was begun later failed here: at the peer that one may count. */
  hasFailedSince(peer: NodeId, { setUp }: Life): boolean {
    return (this.#failed.get(peer) ?? 0) > setUp
  }

  refuse(peer: NodeId, incarnation: Uint8Array): void {
    this.#refuse(peer, toHex(incarnation))
  }

  isOver(peer: NodeId, incarnation: string): boolean {
    return this.#refused.has(`${peer}/${incarnation}`)
  }

  /** Of the peer, or of any. */
  isRefused(incarnation: Uint8Array, peer?: NodeId): boolean {
    const id = toHex(incarnation)
    if (peer !== undefined) return this.isOver(peer, id)
    return [...this.#refused].some((name) => name.endsWith(`/${id}`))
  }

  #refuse(peer: NodeId, incarnation: string): void {
    this.#refused.add(`${peer}/${incarnation}`)
    const [oldest] = this.#refused
    if (this.#refused.size > refusedMax && oldest !== undefined) this.#refused.delete(oldest)
  }
}
