// Which document carried which counter of a peer, over everything that peers accept here: one
// counter on two documents proves that the memory of the peer was cloned.
// INVARIANT: a place names the node, its incarnation and the counter. The incarnation is a node's
// own word, so without the node anybody could use up the counters of somebody else.

/** More than can be open at once; older ones cannot be started any more. */
const countersMax = 4_096

/** The newest are remembered. */
export class SeenCounters {
  readonly #seen = new Map<string, string>()

  isNew(place: string, digest: string): boolean {
    const known = this.#seen.get(place)
    if (known !== undefined) return known === digest
    this.#seen.set(place, digest)
    const oldest = this.#seen.keys().next().value
    if (this.#seen.size > countersMax && oldest) this.#seen.delete(oldest)
    return true
  }
}
