// Frames one at a time, in the order they came, each perhaps in several parts: between two parts
// the loop turns, so that no frame holds it long. Timers, operators and streams have their say in
// between; no other frame does, nor does the round of a tick, which takes its place among them.
// INVARIANT: of two frames the second is begun after the first has ended, whoever sent them. What
// waits is bounded by whoever sends: a stream is read on when its frame was `done`.
// Knows no frame.

import type { InTurns } from '../proto/in-turns.ts'

interface Waiting {
  readonly begin: () => InTurns
  readonly done: () => void
}

export class Turns {
  readonly #pause: (work: () => void) => void
  readonly #waiting: Waiting[] = []
  #isBusy = false
  #isRoundDue = false
  #isOver = false

  /** `pause` runs what it is given later; in order. */
  constructor(pause: (work: () => void) => void) {
    this.#pause = pause
  }

  /** Its first part at once, when nothing else is under way. */
  take(begin: () => InTurns, done: () => void): void {
    this.#waiting.push({ begin, done })
    if (!this.#isBusy) this.#next()
  }

  /** What comes round and round: not taken while the one before has not ended. */
  takeRound(begin: () => InTurns): void {
    if (this.#isRoundDue) return
    this.#isRoundDue = true
    this.take(begin, () => {
      this.#isRoundDue = false
    })
  }

  /** Nothing more is begun or gone on with. */
  end(): void {
    this.#isOver = true
  }

  #next(): void {
    const next = this.#isOver ? undefined : this.#waiting.shift()
    this.#isBusy = next !== undefined
    if (next !== undefined) this.#go(next.begin(), next.done)
  }

  #go(work: InTurns, done: () => void): void {
    if (this.#isOver) return
    if (work.next().done !== true) {
      this.#pause(() => this.#go(work, done))
      return
    }
    done()
    // Still busy: what comes in the meantime waits behind those that came before it.
    if (this.#waiting.length === 0) this.#isBusy = false
    else this.#pause(() => this.#next())
  }
}
