// Time and chance for a house in one process: a list of what happens when, a clock that jumps from
// one happening to the next, and numbers that follow from a seed. The same seed gives the same run.
import { sha256, toUtf8 } from '../../proto/crypto.ts'

/** Draws that depend on the seed and on how many were drawn before, and on nothing else. */
export class Dice {
  readonly #seed: string
  #drawn = 0

  constructor(seed: string) {
    this.#seed = seed
  }

  /** 0 to `end` - 1. */
  below(end: number): number {
    return Math.floor(this.#fraction() * end)
  }

  /** Both ends may come. */
  between(from: number, to: number): number {
    return from + this.below(to - from + 1)
  }

  chance(probability: number): boolean {
    return this.#fraction() < probability
  }

  pick<T>(all: readonly T[]): T {
    const one = all[this.below(all.length)]
    if (one === undefined) throw new Error('nothing to pick from')
    return one
  }

  /** Draws of its own: what one part draws moves no other part's numbers. */
  fork(name: string): Dice {
    return new Dice(`${this.#seed}/${name}`)
  }

  #fraction(): number {
    this.#drawn += 1
    const bytes = sha256(toUtf8(`${this.#seed}#${this.#drawn}`))
    return new DataView(bytes.buffer, bytes.byteOffset).getUint32(0) / 2 ** 32
  }
}

/** Distinct bytes, call by call, that follow from a name. */
export function bytesFrom(name: string): (length: number) => Uint8Array {
  let calls = 0
  return (length) => {
    calls += 1
    const blocks: Uint8Array[] = []
    for (let at = 0; at * 32 < length; at += 1)
      blocks.push(sha256(toUtf8(`${name}/${calls}/${at}`)))
    return Uint8Array.from(Buffer.concat(blocks).subarray(0, length))
  }
}

interface Happening {
  readonly at: number
  readonly work: () => void
}

/** Virtual time: UTC in milliseconds. Equal times happen in the order in which they were planned. */
export class Time {
  #now: number
  #planned: Happening[] = []

  constructor(from: number) {
    this.#now = from
  }

  get now(): number {
    return this.#now
  }

  after(ms: number, work: () => void): void {
    const at = this.#now + Math.max(0, ms)
    let [low, high] = [0, this.#planned.length]
    while (low < high) {
      const middle = (low + high) >> 1
      if ((this.#planned[middle]?.at ?? at) <= at) low = middle + 1
      else high = middle
    }
    this.#planned.splice(low, 0, { at, work })
  }

  /** The next happening, if it is not later than `end`; otherwise time moves to `end`. */
  next(end: number): boolean {
    const [first] = this.#planned
    if (first === undefined || first.at > end) {
      this.#now = Math.max(this.#now, end)
      return false
    }
    this.#planned.shift()
    this.#now = first.at
    first.work()
    return true
  }
}
