// Where each peer is said to be attached, and in which life: the coordinators' last words.
// INVARIANT: a hint and no more: it decides where a hello is sent, never whom it is from. As many
// as a root can name, whatever a coordinator says.
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
  readonly #all = new Map<NodeId, Sighting>()

  hear(
    coordinator: string,
    attached: readonly Attached[],
    peers: {
      readonly isStranger: (node: NodeId) => boolean
      readonly isWanted: (node: NodeId, incarnation: Uint8Array) => boolean
    },
  ): void {
    for (const [node, sighting] of this.#all) {
      if (sighting.coordinator === coordinator && peers.isStranger(node)) this.#all.delete(node)
    }
    // Who is no peer yet may become one by the next line.
    for (const { node: name, incarnation } of attached.slice(0, 2 * limits.nodesMax)) {
      const node = attempt(() => parseNodeId(name))
      if (isRefusal(node) || !peers.isWanted(node, incarnation)) continue
      this.#all.set(node, { coordinator, incarnation: toHex(incarnation) })
    }
  }

  forget(coordinator: string): void {
    for (const [node, sighting] of this.#all) {
      if (sighting.coordinator === coordinator) this.#all.delete(node)
    }
  }

  all(): Iterable<[NodeId, Sighting]> {
    return this.#all
  }

  /** Empty while nobody sees it. */
  placeOf(node: NodeId): string {
    return this.#all.get(node)?.coordinator ?? ''
  }
}
