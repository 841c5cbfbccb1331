// Where each peer is said to be attached, and in which life: the last word of each coordinator.
// INVARIANT: a hint and no more: it decides where a hello is sent, never whom it is from. None says
// anything in the place of another. As many as a root can name, whatever a coordinator says.
import { toHex } from '../proto/crypto.ts'
import { type NodeId, parseNodeId } from '../proto/ids.ts'
import { limits } from '../proto/limits.ts'
import { attempt, isRefusal } from '../proto/refusal.ts'

/** As a coordinator names it. */
export interface Attached {
  readonly node: string
  readonly incarnation: Uint8Array
}

interface Sighting {
  readonly coordinator: string
  readonly incarnation: string
}

export class Sightings {
  /** By node and coordinator; the newest last. */
  readonly #all = new Map<string, readonly [NodeId, Sighting]>()

  hear(
    coordinator: string,
    attached: readonly Attached[],
    peers: {
      readonly isStranger: (node: NodeId) => boolean
      readonly isWanted: (node: NodeId, incarnation: Uint8Array) => boolean
    },
  ): void {
    for (const [place, [node, sighting]] of this.#all) {
      if (sighting.coordinator === coordinator && peers.isStranger(node)) this.#all.delete(place)
    }
    // Who is no peer yet may become one by the next line.
    for (const { node: name, incarnation } of attached.slice(0, 2 * limits.nodesMax)) {
      const node = attempt(() => parseNodeId(name))
      if (isRefusal(node) || !peers.isWanted(node, incarnation)) continue
      const place = `${node} ${coordinator}`
      this.#all.delete(place)
      this.#all.set(place, [node, { coordinator, incarnation: toHex(incarnation) }])
    }
  }

  forget(coordinator: string): void {
    for (const [place, [, sighting]] of this.#all) {
      if (sighting.coordinator === coordinator) this.#all.delete(place)
    }
  }

  all(): Iterable<readonly [NodeId, Sighting]> {
    return this.#all.values()
  }

  /** Of the newest word; empty while nobody sees it. */
  placeOf(node: NodeId): string {
    const of = [...this.#all.values()].findLast(([one]) => one === node)
    return of?.[1].coordinator ?? ''
  }
}
