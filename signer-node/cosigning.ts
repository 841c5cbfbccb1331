// What every witness does with lines and heads, a light one too: a page is made durable, and then
// the cosignature of the own head, or the own size while it may not cosign yet (the walk, section
// 6). Of a log that showed two faces nothing more is taken.
// INVARIANT: nothing leaves before the step that it follows from was committed; an own cosignature
// that was not made here stops everything that the own key stands for. Judges no request.

import { toUtf8 } from '../proto/crypto.ts'
import type { CoordinatorPart, NodeFrame, NodePart } from '../proto/frames.ts'
import type { InTurns } from '../proto/in-turns.ts'
import { limits } from '../proto/limits.ts'
import { mayPass } from '../proto/reasons.ts'
import { attempt, isRefusal, type Refusal, Refused } from '../proto/refusal.ts'
import type { Floor } from './floor.ts'
import type { OtherFace } from './heads.ts'
import type { LogCopy } from './log-copy.ts'
import type { Ports } from './ports.ts'
import type { Store } from './store.ts'
import type { Page, Taken, Witness } from './witness.ts'

/** A commit for each few, after each was verified in a turn of its own. */
const headsPerTurn = 4

export interface CosigningNeeds {
  readonly origin: string
  readonly store: Store
  readonly copy: LogCopy
  readonly witness: Witness
  readonly floor: Floor
  readonly ports: Pick<Ports, 'clock' | 'send' | 'report'>
  readonly mayCosign: () => boolean
  /** The coordinators that are attached. */
  readonly everyone: () => Iterable<string>
  /** The word that this witness says of itself is another one. */
  readonly changed: () => void
  /** Nothing that runs may go on. */
  readonly halt: (code: 'LOG_FORK' | 'FLOOR', because: string) => void
}

export class Cosigning {
  readonly #needs: CosigningNeeds
  #couldCosign = false
  /** A page was refused for something that passes: a full disk, a clock that is wrong. */
  #isMissing = false
  /** A cosignature found no room for the floor before it; nobody sends for it again. */
  #isOwed = false

  constructor(needs: CosigningNeeds) {
    this.#needs = needs
  }

  /**
   * A page with what came beside it; afterwards `reviewing`, and then it is answered. Of one that
   * does not go on from the own copy the head remains, if the log signed it: where it fits no copy
   * of this log, that proves a fork as soon as the own one is as long.
   */
  *lines(coordinator: string, page: Page): InTurns<Taken | Refusal> {
    const taken = yield* this.#taken(page)
    // At once: whatever may leave in a turn between this one and the answer stays here.
    if (!isRefusal(taken) && taken.kind === 'fork') this.#forked(taken.face)
    if (page.heads.length > 0) yield
    yield* this.settle(page.heads)
    // What finds no room is sent again.
    if (isRefusal(taken) ? taken.code !== 'DISK_FULL' : taken.kind === 'behind') {
      yield
      yield* this.settle([page.checkpoint], `coordinator ${coordinator}`)
    }
    yield
    return taken
  }

  /**
   * Heads, each kept before anything follows from it: those that waited first, which these may
   * replace; then a few in each turn, and none before all of them were compared. `teller`: who
   * signed an answer with them in it, or brought them with a page.
   */
  *settle(notes: readonly Uint8Array[], teller?: string): InTurns {
    const { witness, store } = this.#needs
    // What the caller was told beside them.
    this.#meetTwin()
    yield* this.#settleRipe()
    // A node of more would be held by whoever sends copies: no more than one for each witness.
    const read = yield* witness.heads.read(witness.reigns, notes.slice(0, limits.witnessesMax))
    for (let at = 0; at < read.length; at += headsPerTurn) {
      yield
      const some = read.slice(at, at + headsPerTurn)
      const face = store.step(() => witness.heads.receive(some, teller))
      if (face !== undefined) this.#forked(face)
      this.#meetTwin()
      if (face !== undefined) return
    }
  }

  /** Of a log that showed two faces nothing more is taken. */
  *#taken(page: Page): InTurns<Taken | Refusal> {
    const { copy, witness, store } = this.#needs
    const face = copy.fork()
    if (face !== undefined) return { kind: 'fork', face }
    try {
      return yield* witness.take(page, (work) => store.step(work))
    } catch (error) {
      if (error instanceof Refused) return error.refusal
      throw error
    }
  }

  /**
   * What is known of the own copy may have moved; the caller looks at its own work afterwards. It
   * may be left between two parts and done as a whole meanwhile: each asks for itself what is due.
   */
  *reviewing(): InTurns {
    const { copy, floor } = this.#needs
    attempt(() => copy.writeFork())
    yield* this.#settleRipe()
    this.#meetTwin()
    floor.review()
    this.#cosignAtLast()
  }

  /** Heads that waited for lines: verified and kept one at a time. */
  *#settleRipe(): InTurns {
    const { witness, store } = this.#needs
    const { heads } = witness
    for (const waiting of heads.ripe()) {
      const read = heads.readAgain(witness.reigns, waiting)
      yield
      const face = read && store.step(() => heads.settle(waiting, read))
      heads.forget(waiting)
      if (face !== undefined) this.#forked(face)
      this.#meetTwin()
      yield
      if (face !== undefined) return
    }
  }

  answer(taken: Taken | Refusal): NodeFrame | undefined {
    const { origin, copy, ports, floor, mayCosign } = this.#needs
    if (isRefusal(taken)) {
      this.#isMissing ||= mayPass(taken.code)
      if (taken.code === 'DISK_FULL') return undefined
      const because = `${taken.code}: ${taken.because}`
      ports.report({ level: 'alarm', name: 'page-refused', because })
      return undefined
    }
    if (taken.kind === 'fork') {
      const { held, offered } = taken.face
      return { frame: 'fork', fork: { origin, held: toUtf8(held), offered: toUtf8(offered) } }
    }
    const size = copy.size()
    const isLast = taken.kind !== 'behind' && size >= floor.target
    if (!isLast || !this.#isHeadSigned() || !mayCosign())
      return { frame: 'behind', behind: { origin, size } }
    return { frame: 'cosigned', cosigned: this.#cosign() }
  }

  /** What could not be taken when it came is sent again by whoever hears this. */
  again(): void {
    const { origin, copy, ports, everyone, mayCosign } = this.#needs
    if (this.#isOwed && this.#isHeadSigned() && mayCosign()) attempt(() => this.#tellCosigned())
    if (!this.#isMissing) return
    this.#isMissing = false
    const behind = { origin, size: copy.size() }
    for (const coordinator of everyone()) ports.send(coordinator, { frame: 'behind', behind })
  }

  /** For a coordinator whose database lost lines: a page up to a checkpoint that the log signed. */
  supply({ origin, from }: CoordinatorPart<'requestLines'>): NodeFrame | undefined {
    const { copy } = this.#needs
    const end = copy.checkpoint(from + limits.pageLinesMax)
    if (origin !== this.#needs.origin || end === undefined || end.size <= from) return undefined
    const lines = copy.lines(from, end.size - from)
    const page = { origin, from, lines, documents: [], checkpoint: toUtf8(end.note), heads: [] }
    return { frame: 'supplyLines', supplyLines: { lines: page } }
  }

  /** The lines came before this witness might sign for them: everyone waits for its word. */
  #cosignAtLast(): void {
    const { copy, changed, mayCosign } = this.#needs
    if (!this.#isHeadSigned()) return
    const could = this.#couldCosign
    this.#couldCosign = mayCosign()
    if (could === this.#couldCosign) return
    changed()
    if (could || copy.size() === 0) return
    this.#tellCosigned()
  }

  #tellCosigned(): void {
    const { ports, everyone } = this.#needs
    const cosigned = this.#cosign()
    for (const coordinator of everyone()) ports.send(coordinator, { frame: 'cosigned', cosigned })
  }

  #cosign(): NodePart<'cosigned'> {
    this.#isOwed = true
    const cosigned = this.#needs.witness.cosign()
    this.#isOwed = false
    return cosigned
  }

  /** The copy may end within a long page, for a while or after a crash: no head of the log's. */
  #isHeadSigned(): boolean {
    const { copy } = this.#needs
    const size = copy.size()
    return size === 0 || copy.checkpoint(size)?.size === size
  }

  /** The own key has signed what is not known here: there is another instance, or there was. */
  #meetTwin(): void {
    const { witness, floor, halt, changed } = this.#needs
    const because = witness.heads.twin
    if (because === undefined) return
    const isNew = floor.fenceNow(because, 'second-instance')
    // Only now: a fence that found no room is tried again.
    witness.heads.forgetTwin()
    if (!isNew) return
    halt('FLOOR', because)
    changed()
  }

  /** Kept for ever; nothing is cosigned, accepted or released until an operator has looked. */
  #forked({ held, offered }: OtherFace): void {
    const { copy, ports, changed, halt } = this.#needs
    const because = 'the log showed two faces'
    try {
      if (copy.fork() === undefined) copy.keepFork({ held, offered, atMs: ports.clock.wallMs() })
    } finally {
      // In force also where there is no room to write it down.
      ports.report({ level: 'alarm', name: 'fork', because })
      halt('LOG_FORK', because)
      changed()
    }
  }
}
