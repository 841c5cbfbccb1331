// Cosigned heads: which witnesses have seen how much of the very log that this node holds. A
// cosignature counts when its witness is pinned and its root is the root of the own copy at that
// size (the walk, section 6); what cosigns more than the own copy waits until the lines come.
// INVARIANT: nothing is kept under a witness's name that its pinned key did not sign. A log-signed
// head with another root is a fork; a cosignature alone proves nothing about the log. What may
// prove a fork gives way only to what proves it hardly later, from whoever it is (`toKeep`).
import {
  cosignatures,
  type Note,
  parseNoteText,
  signedByLog,
  type Vkey,
} from '../policy/audit/checkpoint.ts'
import { type Coverage, coverage, everyWitness, type Reigns } from '../policy/audit/reigns.ts'
import { equalBytes, fromUtf8 } from '../proto/crypto.ts'
import type { InTurns } from '../proto/in-turns.ts'
import { attempt, isRefusal } from '../proto/refusal.ts'
import type { LogCopy, StoredHead } from './log-copy.ts'
import type { Event } from './ports.ts'

/** A log-signed head that does not agree with the own copy. */
export interface OtherFace {
  readonly held: string
  readonly offered: string
}

/** A head whose signatures were verified; whether it agrees with the own copy is asked after. */
export interface ReadHead {
  readonly note: Note
  /** Names of the witnesses that cosigned it. */
  readonly given: readonly string[]
  readonly isLogs: boolean
}

/** A head beyond the own copy when it came. */
export interface WaitingHead {
  /** Who cosigned it, or who told of it. */
  readonly witness: string
  readonly note: Note
}

interface Ahead {
  readonly note: Note
  readonly isLogs: boolean
}

export class Heads {
  readonly #copy: LogCopy
  readonly #report: (event: Event) => void
  /** Beyond the own copy, of each witness: what may prove a fork, near and far, and the largest. */
  readonly #ahead = new Map<string, readonly Ahead[]>()
  readonly #own: () => string | undefined
  #twin: string | undefined

  /** `own`: the name of this node's own witness key, once a root has named it. */
  constructor(copy: LogCopy, report: (event: Event) => void, own: () => string | undefined) {
    this.#copy = copy
    this.#report = report
    this.#own = own
  }

  /** Another instance was met elsewhere than in a head. */
  meetTwin(because: string): void {
    this.#twin ??= because
  }

  /** What the own key has signed and this node has not: another instance signed it. */
  get twin(): string | undefined {
    return this.#twin
  }

  /** It was acted upon. */
  forgetTwin(): void {
    this.#twin = undefined
  }

  /**
   * Notes as they came, one in each turn: who signed them. Nothing is kept yet. What may stop this
   * node stands before what may only let it go on.
   */
  *read(reigns: Reigns, notes: readonly Uint8Array[]): InTurns<readonly ReadHead[]> {
    const doubtful: ReadHead[] = []
    const others: ReadHead[] = []
    for (const [at, bytes] of notes.entries()) {
      if (at > 0) yield
      const note = attempt(() => parseNoteText(fromUtf8(bytes) ?? ''))
      const head = isRefusal(note) ? undefined : this.#verified(reigns, note)
      if (head !== undefined) (this.#isDoubtful(head) ? doubtful : others).push(head)
    }
    return [...doubtful, ...others]
  }

  /**
   * Returns the first proof of a fork among them, if there is one. `teller`: the peer that told of
   * them in signed words, or whose page they came with; nobody else can put his heads in their
   * place.
   */
  receive(heads: readonly ReadHead[], teller?: string): OtherFace | undefined {
    for (const head of heads) {
      const face = this.#take(head, teller)
      if (face !== undefined) return face
    }
    return undefined
  }

  /** Those that waited and may agree with the own copy since it grew. */
  ripe(): readonly WaitingHead[] {
    if (this.#ahead.size === 0) return []
    const size = this.#copy.size()
    const waiting = [...this.#ahead].flatMap(([witness, all]) => {
      return all.map(({ note }) => ({ witness, note }))
    })
    return waiting.filter(({ note }) => note.checkpoint.size <= size)
  }

  /** Who signed one of them; nothing when it waits no more. */
  readAgain(reigns: Reigns, { witness, note }: WaitingHead): ReadHead | undefined {
    return this.#isWaiting({ witness, note }) ? this.#verified(reigns, note) : undefined
  }

  /** As `receive`, of one that still waits; what it was is kept when the step is committed. */
  settle({ witness, note }: WaitingHead, read: ReadHead): OtherFace | undefined {
    return this.#isWaiting({ witness, note }) ? this.#take(read) : undefined
  }

  /** It was compared, or nobody signed it. */
  forget({ witness, note }: WaitingHead): void {
    const left = this.#aheadOf(witness).filter((one) => one.note !== note)
    if (left.length > 0) this.#ahead.set(witness, left)
    else this.#ahead.delete(witness)
  }

  /** R1: how many witnesses of the line's root have cosigned a head that contains it. */
  coverage(reigns: Reigns, seq: number): Coverage {
    return coverage(reigns, seq, (name) => this.#copy.cosigned(name)?.size ?? 0)
  }

  /** A head of this node's own making. */
  keepOwn(witness: Vkey, head: StoredHead): void {
    this.#copy.keepCosigned(witness.name, head)
  }

  #verified(reigns: Reigns, note: Note): ReadHead | undefined {
    const log = reigns[0]?.root.log
    if (log === undefined) return undefined
    // Whose cosignature counts for which line is asked when it is counted.
    const read = attempt(() => ({
      note,
      given: cosignatures(note, everyWitness(reigns)).map(({ witness }) => witness.name),
      isLogs: signedByLog(note, log.vkey),
    }))
    const isOrigins = note.checkpoint.origin === log.origin
    return isRefusal(read) || !isOrigins ? this.#ignore('a head that is not signed') : read
  }

  #isDoubtful({ note: { checkpoint }, given }: ReadHead): boolean {
    const own = this.#copy.rootAt(checkpoint.size)
    const isOther = own !== undefined && !equalBytes(own, checkpoint.root)
    return isOther || given.some((name) => name === this.#own())
  }

  #take({ note, given, isLogs }: ReadHead, teller?: string): OtherFace | undefined {
    const { size, root: offered } = note.checkpoint
    const own = this.#copy.rootAt(size)
    if (given.some((name) => name === this.#own())) this.#compare(size, offered)
    if (own === undefined) {
      for (const name of given) this.#wait(name, { note, isLogs })
      // No witness key has a space in its name.
      if (isLogs && teller !== undefined) this.#wait(`told by ${teller}`, { note, isLogs })
      return undefined
    }
    if (!equalBytes(own, offered)) {
      if (!isLogs) return this.#ignore(`a head of size ${size} with another root`)
      return { held: this.#copy.checkpoint(size)?.note ?? '', offered: textOf(note) }
    }
    for (const name of given) {
      this.#copy.keepCosigned(name, { size, root: offered, note: textOf(note) })
    }
    return undefined
  }

  /** The own head is on disk before its cosignature leaves, so nothing larger was signed here. */
  #compare(size: number, offered: Uint8Array): void {
    const made = this.#copy.cosigned(this.#own() ?? '')?.size ?? 0
    const own = this.#copy.rootAt(size)
    const isOther = own !== undefined && !equalBytes(own, offered)
    if (size <= made && !isOther) return
    this.#twin ??= `the own key signed ${size} lines, this node ${isOther ? 'others' : made}`
  }

  #wait(witness: string, head: Ahead): void {
    this.#ahead.set(witness, toKeep([...this.#aheadOf(witness), head], this.#copy.size()))
  }

  #aheadOf(witness: string): readonly Ahead[] {
    return this.#ahead.get(witness) ?? []
  }

  #isWaiting({ witness, note }: WaitingHead): boolean {
    return this.#aheadOf(witness).some((one) => one.note === note)
  }

  #ignore(because: string): undefined {
    this.#report({ level: 'warn', name: 'head-ignored', because })
  }
}

/**
 * Of those that the log signed the nearest and the farthest of each doubling of the distance from
 * the own copy: what is dropped between two of them is proved by the farther one, before the copy
 * has grown twice as far as to itself. And the largest, because that counts for most lines. Of two
 * of one size the one that came first.
 */
function toKeep(all: readonly Ahead[], own: number): readonly Ahead[] {
  const sizeOf = ({ note }: Ahead): number => note.checkpoint.size
  const kept = new Set<Ahead>()
  const ends = new Map<number, readonly Ahead[]>()
  for (const one of all.toSorted((a, b) => sizeOf(a) - sizeOf(b))) {
    const distance = sizeOf(one) - own
    // The copy grew over it meanwhile, and it is due to be compared.
    if (distance < 1) kept.add(one)
    if (distance < 1 || !one.isLogs) continue
    const doubling = Math.floor(Math.log2(distance))
    const [nearest = one, farthest = nearest] = ends.get(doubling) ?? []
    const isFarther = sizeOf(one) > sizeOf(farthest)
    ends.set(doubling, [nearest, isFarther ? one : farthest])
  }
  for (const one of [...ends.values()].flat()) kept.add(one)
  const most = Math.max(...all.map(sizeOf))
  const largest = all.filter((one) => sizeOf(one) === most)
  const last = largest.find((one) => kept.has(one)) ?? largest[0]
  if (last !== undefined) kept.add(last)
  return [...kept]
}

/** The note as it came: body and signature lines are kept apart, so they are joined again. */
function textOf({ body, signatures }: Note): string {
  const lines = signatures.map(({ name, keyId, signature }) => {
    const bytes = Buffer.concat([Buffer.from(keyId, 'hex'), signature])
    return `\u2014 ${name} ${bytes.toString('base64')}\n`
  })
  return `${body}\n${lines.join('')}`
}
