// Which document carried which counter of a peer, over everything that peers accept here: one
// counter on two documents proves that the memory of the peer was cloned.
// INVARIANT: a place names the node, its incarnation and the counter. The incarnation is a node's
// own word, so without the node anybody could use up the counters of somebody else.
import type { Signed } from '../proto/signed.ts'

/** More than can be open at once; older ones cannot be started any more. */
const countersMax = 4_096

/** The newest are remembered, as they were signed: two of them are evidence. */
export class SeenCounters {
  readonly #seen = new Map<string, Signed>()

  /** What else was signed at this place before; undefined where it is the first, or the same. */
  other(place: string, signed: Signed): Signed | undefined {
    const known = this.#seen.get(place)
    if (known !== undefined) return known.document === signed.document ? undefined : known
    this.#seen.set(place, signed)
    const oldest = this.#seen.keys().next().value
    if (this.#seen.size > countersMax && oldest) this.#seen.delete(oldest)
    return undefined
  }
}
