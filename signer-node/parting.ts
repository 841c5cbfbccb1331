// The two clocks of a process between two looks: where they part, it stood still, or its memory was
// copied. Decides nothing.
import type { Clock } from './ports.ts'

export class Parting {
  readonly #clock: Clock
  #differenceMs: number

  constructor(clock: Clock) {
    this.#clock = clock
    this.#differenceMs = this.#now()
  }

  /** By how much since the last look; below zero where the wall clock fell behind. */
  look(): number {
    const parted = this.partedMs
    this.#differenceMs += parted
    return parted
  }

  /** The same, and the next look says it again. */
  get partedMs(): number {
    return this.#now() - this.#differenceMs
  }

  #now(): number {
    return this.#clock.wallMs() - this.#clock.monotonicMs()
  }
}
