// One node's stream as the coordinator sees it: what the node says of itself, how much of the log
// it has, and what may be sent next. Pages are bounded, and at most two are unacknowledged; a
// Prepare travels with the lines up to its attempt line and waits for them.
// INVARIANT: lines go out in order and without a gap from what the node said it has.
import type { CoordinatorFrame, CoordinatorPart, NodePart } from '../proto/frames.ts'
import { limits } from '../proto/limits.ts'
import type { Pages } from './pages.ts'

export type PageSource = Pick<Pages, 'from' | 'empty'>
export type Send = (frame: CoordinatorFrame) => void
export type PreparePart = Omit<CoordinatorPart<'prepare'>, 'lines'>

interface QueuedPrepare {
  /** The log's size that the node must have before it can judge. */
  readonly size: number
  readonly part: PreparePart
}

/** How much of an older measurement stays in the average. */
const smoothing = 0.8
const staleMs = 1_000
/** Behind every node that answers at all. */
const lastRank = 1e9

export class Link {
  readonly node: string
  readonly #send: Send
  readonly #pages: PageSource
  readonly #now: () => number
  #hello: NodePart<'hello'> | undefined
  #state: NodePart<'state'> | undefined
  #sent = -1
  #acked = -1
  /** Sizes at the ends of pages that were not acknowledged, with the time they left. */
  #open: { readonly size: number; readonly at: number }[] = []
  #prepares: QueuedPrepare[] = []
  #pumping = false
  #closed = false
  /** Smoothed time between a page and its cosignature. */
  #answerMs = 0
  /** Answers that may still come to pages sent before the last rewind. */
  #stale = 0
  #rewoundAt = 0
  #lastUntil = 0
  #timesLast = 0
  heardAt: number

  constructor(
    node: string,
    send: Send,
    ports: { readonly pages: PageSource; readonly now: () => number },
  ) {
    this.node = node
    this.#send = send
    this.#pages = ports.pages
    this.#now = ports.now
    this.heardAt = ports.now()
  }

  get incarnation(): Uint8Array | undefined {
    return this.#hello?.incarnation
  }

  get state(): NodePart<'state'> | undefined {
    return this.#state
  }

  /** The smaller, the sooner this node is asked. */
  get rank(): number {
    return this.#answerMs + this.#late * lastRank
  }

  /** Behind others until then, and further behind with every time. */
  putLast(until: number): void {
    this.#timesLast = this.#late + 1
    this.#lastUntil = until
  }

  /** It took part in something that ended well. */
  putBack(): void {
    this.#timesLast = 0
  }

  /** Has all but the very newest of the log. */
  isCaughtUp(size: number): boolean {
    return this.#acked >= 0 && size - this.#acked <= limits.pageLinesMax
  }

  send(frame: CoordinatorFrame): void {
    if (!this.#closed) this.#send(frame)
  }

  greet(hello: NodePart<'hello'>): void {
    this.#hello = hello
    this.#take(hello.state)
  }

  update(state: NodePart<'state'>): void {
    if (this.#hello !== undefined) this.#take(state)
  }

  /** As far as it has shown so far. */
  holds(seq: number): boolean {
    return this.#acked > seq
  }

  /** The node has cosigned, or otherwise shown, this much. */
  acknowledge(size: number): void {
    this.#acked = Math.max(this.#acked, size)
    const done = this.#open.filter((page) => page.size <= size)
    const last = done.at(-1)
    if (last === undefined) return
    const tookMs = this.#now() - last.at
    this.#answerMs = smoothing * this.#answerMs + (1 - smoothing) * tookMs
    this.#open = this.#open.filter((page) => page.size > size)
  }

  /** Where the node stands after a page that it may not cosign yet, or that did not fit. */
  behind(size: number): void {
    if (size > this.#acked && size <= this.#sent) {
      this.acknowledge(size)
      return
    }
    // What was under way behind a page that did not fit does not fit either. Each answer would be
    // answered by two pages, and each of these by two more.
    const isStale = this.#stale > 0 && this.#now() - this.#rewoundAt < staleMs
    this.#stale = isStale ? this.#stale - 1 : Math.max(0, this.#open.length - 1)
    if (isStale) return
    this.#rewoundAt = this.#now()
    this.rewind(size)
  }

  /** Begin again here. */
  rewind(size: number): void {
    this.#sent = size
    this.#acked = size
    this.#open = []
  }

  /** To be sent with the lines up to `size`. */
  prepare(size: number, part: PreparePart): void {
    this.#prepares.push({ size, part })
  }

  /** Sends what may be sent now of a log of `size` lines. */
  async pump(size: () => number): Promise<void> {
    if (this.#pumping || this.#closed || this.#hello === undefined) return
    this.#pumping = true
    try {
      while (this.#mayFill(size()) && (await this.#sendPage(size()))) {
        // One page after another, as long as there is room.
      }
      this.#sendPrepares()
    } finally {
      this.#pumping = false
    }
  }

  close(): void {
    this.#closed = true
    this.#prepares = []
  }

  get #late(): number {
    return this.#now() < this.#lastUntil ? this.#timesLast : 0
  }

  #take(state: NodePart<'state'>): void {
    this.#state = state
    if (this.#sent < state.size) this.rewind(state.size)
    else this.acknowledge(state.size)
  }

  #mayFill(size: number): boolean {
    const room = this.#open.length < limits.pagesUnacknowledgedMax
    return !this.#closed && room && this.#sent >= 0 && this.#sent < size
  }

  /** False when there was nothing to send after all. */
  async #sendPage(size: number): Promise<boolean> {
    const from = this.#sent
    const lines = await this.#pages.from(from, size)
    // The node may have said in between that it stands elsewhere.
    if (this.#closed || lines.lines.length === 0) return false
    if (this.#sent !== from) return true
    this.#sent = from + lines.lines.length
    this.#open.push({ size: this.#sent, at: this.#now() })
    const first = this.#prepares.find((queued) => queued.size <= this.#sent)
    this.#prepares = this.#prepares.filter((queued) => queued !== first)
    if (first === undefined) this.send({ frame: 'lines', lines })
    else this.send({ frame: 'prepare', prepare: { lines, ...first.part } })
    return true
  }

  /** Those whose lines the node was sent before: with an empty page. */
  #sendPrepares(): void {
    const ready = this.#prepares.filter((queued) => queued.size <= this.#sent)
    this.#prepares = this.#prepares.filter((queued) => queued.size > this.#sent)
    for (const { part } of ready) {
      const lines = this.#pages.empty(this.#sent)
      this.send({ frame: 'prepare', prepare: { lines, ...part } })
    }
  }
}
