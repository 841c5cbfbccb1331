// The log's tree in memory, as stored hashes in packed rows: 32 bytes a line and one root for each
// full tile. Filled from the database at start and whenever another coordinator appended.
// INVARIANT: holds committed lines only, so every checkpoint signed over it is a prefix of the log.
import { grow, type Hashes, rootAt } from '../policy/audit/merkle.ts'
import { readLeaves } from './store/lines.ts'
import type { Session } from './store/store.ts'

const hashBytes = 32
const leavesPerRead = 20_000

export class Tree implements Hashes {
  readonly #levels: Packed[] = []

  get size(): number {
    return this.#levels[0]?.length ?? 0
  }

  append(leaf: Uint8Array): void {
    for (const { level, hash } of grow(this, this.size, leaf)) {
      const row = this.#levels[level] ?? new Packed()
      this.#levels[level] = row
      row.push(hash)
    }
  }

  hash(level: number, index: number): Uint8Array {
    const found = this.#levels[level]?.at(index)
    if (found === undefined) throw new Error(`no stored hash ${level}/${index}`)
    return found
  }

  root(size: number): Uint8Array {
    return rootAt(this, size)
  }

  /** Reads committed leaves up to `size`. */
  async fill(session: Session, origin: string, size: number): Promise<void> {
    while (this.size < size) {
      const to = Math.min(size, this.size + leavesPerRead)
      const leaves = await readLeaves(session, origin, { from: this.size, to })
      if (leaves.length === 0) throw new Error(`leaf ${this.size} of ${size} is not in the log`)
      for (const leaf of leaves) this.append(leaf)
    }
  }
}

/** A growing row of hashes without an object for each. */
class Packed {
  #bytes = new Uint8Array(256 * hashBytes)
  #length = 0

  get length(): number {
    return this.#length
  }

  push(hash: Uint8Array): void {
    if ((this.#length + 1) * hashBytes > this.#bytes.length) {
      const larger = new Uint8Array(this.#bytes.length * 2)
      larger.set(this.#bytes)
      this.#bytes = larger
    }
    this.#bytes.set(hash, this.#length * hashBytes)
    this.#length += 1
  }

  at(index: number): Uint8Array | undefined {
    if (index >= this.#length) return undefined
    return this.#bytes.slice(index * hashBytes, (index + 1) * hashBytes)
  }
}
