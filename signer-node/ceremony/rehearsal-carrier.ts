// Who carries the cards in a rehearsal: between the directory that a station has for its card and
// the one that the Record station has for it, whatever one of them wrote and the other lacks.
// INVARIANT: carries files that are whole, as they are, each once and under its own name; a file
// that is being written is carried the next time. Reads no frame: cards are anybody's to carry.
import { mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { attempt, isRefusal } from '../../proto/refusal.ts'
import { readCard } from './card-file.ts'

/** The same card, as it is mounted at a station and at the Record station. */
export interface CardWay {
  readonly station: string
  readonly record: string
}

const everyMs = 20
const form = /\.card$/

export class Carrier implements Disposable {
  readonly #ways: readonly CardWay[]
  readonly #carried = new Set<string>()
  readonly #walking: NodeJS.Timeout

  constructor(ways: readonly CardWay[]) {
    this.#ways = ways
    for (const { station, record } of ways) {
      for (const one of [station, record]) mkdirSync(one, { recursive: true, mode: 0o700 })
    }
    this.#walking = setInterval(() => this.carry(), everyMs)
  }

  /** How many files went over the table so far. */
  get count(): number {
    return this.#carried.size
  }

  carry(): void {
    for (const { station, record } of this.#ways) {
      this.#copy(station, record)
      this.#copy(record, station)
    }
  }

  [Symbol.dispose](): void {
    clearInterval(this.#walking)
  }

  #copy(from: string, to: string): void {
    const there = new Set(readdirSync(to))
    const names = readdirSync(from).filter((name) => form.test(name) && !there.has(name))
    for (const name of names) {
      const bytes = new Uint8Array(readFileSync(join(from, name)))
      if (isRefusal(attempt(() => readCard(bytes)))) continue
      const part = join(to, `${name}.part`)
      writeFileSync(part, bytes, { mode: 0o600 })
      renameSync(part, join(to, name))
      this.#carried.add(join(from, name))
    }
  }
}
