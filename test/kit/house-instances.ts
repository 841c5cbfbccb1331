// Nodes of a house that run more than once: `signer-c#2` is another instance of `signer-c`, with a
// disk of its own. A coordinator hears the one that dialled last; the other hears nothing more, and
// dials again when it has waited as long as a node waits.
import { limits } from '../../proto/limits.ts'
import type { Time } from './house-time.ts'
import type { Place } from './house-wires.ts'

const patienceMs = 3 * limits.streamHeartbeatMs

export function ownerOf(process: string): string {
  return process.replace(/#.*$/, '')
}

export class Instances {
  readonly #time: Time
  readonly #cut: (place: Place) => void
  /** By coordinator and node: the instance whose stream it hears. */
  readonly #heard = new Map<string, string>()

  constructor(time: Time, cut: (place: Place) => void) {
    this.#time = time
    this.#cut = cut
  }

  attached({ coordinator, node }: Place): void {
    const place = `${coordinator} ${ownerOf(node)}`
    const before = this.#heard.get(place)
    this.#heard.set(place, node)
    if (before === undefined || before === node) return
    this.#time.after(patienceMs, () => {
      if (this.#heard.get(place) !== before) this.#cut({ node: before, coordinator })
    })
  }
}
