// Cosigned heads: what witnesses have signed of this log, verified before it is kept, and who waits
// for it. Heads may differ in size; a witness counts for a line when its newest head contains it.
// INVARIANT: nothing is kept under a witness's name that its pinned key did not sign, and nothing
// whose root is not that of the own log.
import {
  checkpointBody,
  cosignatures,
  formatNote,
  parseNote,
  signCheckpoint,
} from '../policy/audit/checkpoint.ts'
import { everyWitness, type Reign, reignOver, reignOverHead } from '../policy/audit/reigns.ts'
import { witnessesOf } from '../policy/documents.ts'
import { equalBytes, fromUtf8 } from '../proto/crypto.ts'
import { refuse } from '../proto/refusal.ts'
import type { LogSigner } from './ports.ts'
import type { Roots } from './roots.ts'
import { putHead, readHeads, readNewestHeads } from './store/heads.ts'
import type { Store } from './store/store.ts'
import type { Tree } from './tree.ts'
import { joinNotes } from './witnessed.ts'

interface Newest {
  readonly size: number
  readonly note: string
}

interface Waiter {
  readonly seq: number
  readonly wake: () => void
}

export interface CosignedPorts {
  readonly store: Store
  readonly tree: Tree
  readonly log: LogSigner
  readonly roots: Roots
}

export class CosignedHeads {
  readonly #ports: CosignedPorts
  readonly #newest = new Map<string, Newest>()
  readonly #waiters = new Set<Waiter>()
  #signed = { size: -1, note: '' }

  constructor(ports: CosignedPorts) {
    this.#ports = ports
  }

  /** What was kept before; a head beyond the log is a sign that the database lost commits. */
  async load(): Promise<void> {
    for (const { witness, size, note } of await readNewestHeads(this.#ports.store, this.origin)) {
      this.#newest.set(witness, { size, note })
    }
  }

  /** Lines of the log, whoever has seen them. */
  get size(): number {
    return this.#ports.tree.size
  }

  get largest(): number {
    return Math.max(0, ...[...this.#newest.values()].map(({ size }) => size))
  }

  /** Refused when it is not a pinned witness's signature over a prefix of this log. */
  async receive(bytes: Uint8Array): Promise<string> {
    const { tree, store, roots } = this.#ports
    const note = parseNote(bytes)
    const { origin, size, root } = note.checkpoint
    const given = cosignatures(note, everyWitness(roots.reigns))
    if (origin !== this.origin || given.length === 0) {
      refuse('LOG_MALFORMED', 'expected a head of this log with a cosignature of a pinned witness')
    }
    if (size > tree.size) refuse('LOG_BEHIND', `a head of ${size} lines, this log has ${tree.size}`)
    if (!equalBytes(root, tree.root(size))) {
      refuse('LOG_FORK', `a cosigned head of ${size} lines with another root`)
    }
    const written = fromUtf8(bytes) ?? ''
    for (const { witness } of given) {
      await putHead(store, this.origin, { size, witness: witness.name, note: written })
      const known = this.#newest.get(witness.name)?.size ?? -1
      if (size > known) this.#newest.set(witness.name, { size, note: written })
    }
    for (const waiter of [...this.#waiters]) if (this.covers(waiter.seq)) waiter.wake()
    return written
  }

  /** Enough witnesses have seen this line: those of its root, and of each root before its end. */
  covers(seq: number): boolean {
    return this.#ports.roots.coverage(seq, this.sizeOf).isCovered
  }

  /** The largest head that this witness has cosigned. */
  readonly sizeOf = (witness: string): number => this.#newest.get(witness)?.size ?? 0

  /** Newest notes, one for each witness whose head contains the line. */
  notesOver(seq: number): readonly string[] {
    return [...this.#newest.values()].filter(({ size }) => size > seq).map(({ note }) => note)
  }

  /** Resolves when enough witnesses have seen the line; the caller brings its own patience. */
  async untilCovered(seq: number, patience: Promise<void>): Promise<boolean> {
    if (this.covers(seq)) return true
    const waiter = { seq, wake: () => {} }
    const covered = new Promise<void>((resolve) => {
      waiter.wake = resolve
    })
    this.#waiters.add(waiter)
    await Promise.race([covered, patience])
    this.#waiters.delete(waiter)
    return this.covers(seq)
  }

  /** The log's own signature over its first `size` lines. */
  checkpoint(size: number): string {
    if (this.#signed.size === size) return this.#signed.note
    const { tree, log } = this.#ports
    const body = checkpointBody({ origin: this.origin, size, root: tree.root(size) })
    const note = formatNote(body, [signCheckpoint(body, log.vkey, log.sign)])
    this.#signed = { size, note }
    return note
  }

  /**
   * The largest head that q witnesses of its root cosigned. While those of a new root are still on
   * their way it is one that the old ones cosigned; the bare newest if there is none.
   */
  async best(): Promise<string> {
    const { reigns } = this.#ports.roots
    const own = await this.#best((size) => [reignOverHead(reigns, size)])
    return own ?? (await this.bestFor(reigns.at(-1)?.from ?? 0))
  }

  /** As `best`, for one line: the witnesses of its own root do as well. */
  async bestFor(seq: number): Promise<string> {
    const { reigns } = this.#ports.roots
    const found = await this.#best((size) => [reignOverHead(reigns, size), reignOver(reigns, seq)])
    return found ?? this.checkpoint(this.#ports.tree.size)
  }

  async #best(judges: (size: number) => readonly Reign[]): Promise<string | undefined> {
    const { store } = this.#ports
    const sizes = [...this.#newest.values()].map(({ size }) => size).sort((a, b) => b - a)
    for (const size of new Set(sizes)) {
      const range = { from: size - 1, to: size, countMax: this.#newest.size }
      const heads = await readHeads(store, this.origin, range)
      const notes = heads.map(({ note }) => note)
      const isEnough = judges(size).some(({ root }) => {
        const own = new Set(witnessesOf(root).map(({ name }) => name))
        return heads.filter(({ witness }) => own.has(witness)).length >= root.witness.q
      })
      if (isEnough) return joinNotes([this.checkpoint(size), ...notes])
    }
    return undefined
  }

  /** The lines that brought later roots. */
  get switches(): readonly number[] {
    return this.#ports.roots.reigns.slice(1).map(({ from }) => from)
  }

  /** The log's name. */
  get origin(): string {
    return this.#ports.roots.now.log.origin
  }
}
