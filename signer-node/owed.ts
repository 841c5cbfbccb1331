// What this node has to write of others and found no room for. It is in force here at once, and
// written when there is room: a peer that lies while the disk is full ends no process by it, and a
// failed check looks outside as it always does.
// INVARIANT: in memory only, as many as the limit, in order. What fails otherwise than for want of
// room is thrown, and ends the process (`disk.ts`).
import { limits } from '../proto/limits.ts'
import { attempt, isRefusal, Refused } from '../proto/refusal.ts'

interface Write {
  readonly work: () => void
  readonly done: () => void
}

export class Owed {
  /** One durable transaction. */
  readonly #step: (work: () => void) => void
  #writes: readonly Write[] = []

  constructor(step: (work: () => void) => void) {
    this.#step = step
  }

  /** Whether it is durable when this returns; `done` is called when it is. */
  write(work: () => void, done: () => void = () => {}): boolean {
    const write = { work, done }
    const isWritten = this.#try(write)
    if (!isWritten) this.#writes = [...this.#writes, write].slice(-limits.owedWritesMax)
    return isWritten
  }

  /** When there may be room. */
  again(): void {
    for (let [first] = this.#writes; first !== undefined; [first] = this.#writes) {
      if (!this.#try(first)) return
      this.#writes = this.#writes.slice(1)
    }
  }

  #try({ work, done }: Write): boolean {
    const kept = attempt(() => this.#step(work))
    if (!isRefusal(kept)) {
      done()
      return true
    }
    if (kept.code !== 'DISK_FULL') throw new Refused(kept)
    return false
  }
}
