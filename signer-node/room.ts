// Whether the volumes of a node have room (failure model F37). With little of it left nothing new
// is begun, so that what runs can be written to its end; with none of it every step is refused
// until there is room again, which the node finds by itself.
// INVARIANT: a shortage ends by nothing but a look that found room on every volume. Frees nothing.
import type { Clock, Event } from './ports.ts'

/** Why nothing more fits; empty while it does. */
export type Volume = (isShort: boolean) => string

const lookMs = 1_000

export interface RoomNeeds {
  readonly volumes: readonly Volume[]
  readonly clock: Clock
  readonly report: (event: Event) => void
}

export class Room {
  readonly #needs: RoomNeeds
  #because = ''
  #lookedMs = Number.NEGATIVE_INFINITY

  constructor(needs: RoomNeeds) {
    this.#needs = needs
  }

  /** Why nothing new is begun; empty while there is room. */
  get shortage(): string {
    return this.#because
  }

  /** Something did not fit. */
  failed(): void {
    if (this.#because !== '') return
    this.#because = 'a write found no room'
    this.#lookedMs = this.#needs.clock.monotonicMs()
    this.#needs.report({ level: 'alarm', name: 'disk-full', because: this.#because })
  }

  /** True when a shortage began or ended. */
  tick(): boolean {
    const { clock, volumes, report } = this.#needs
    const now = clock.monotonicMs()
    if (now - this.#lookedMs < lookMs) return false
    this.#lookedMs = now
    const before = this.#because
    const isShort = before !== ''
    this.#because = volumes.map((volume) => volume(isShort)).find((one) => one !== '') ?? ''
    if (isShort === (this.#because !== '')) return false
    if (isShort) report({ level: 'info', name: 'disk-room', because: 'there is room again' })
    else report({ level: 'alarm', name: 'disk-full', because: this.#because })
    return true
  }
}
