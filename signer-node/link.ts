// Dials every coordinator and keeps one stream to each: a node listens for nobody. A
// broken stream is dialled again after a pause with jitter; a silent one is cut; an old one is
// replaced, the new before the old ends, so that no session is lost to it.
// INVARIANT: frames go out on the newest stream only; what is queued for a slow one is bounded by
// the stream itself. Believes nothing and reads no frame: that is the node's.
import type { CoordinatorFrame, NodeFrame, NodeStream } from '../proto/frames.ts'
import { limits } from '../proto/limits.ts'
import type { Clock, Event, Random } from './ports.ts'

/** Opens a stream; `failed` hears why it ended, when it did not end well. */
export type Dial = (coordinator: string, failed: (because: string) => void) => NodeStream

/** Who the frames are for: the node. */
export interface Ends {
  attached(coordinator: string): void
  detached(coordinator: string): void
  /** `done` when the next one may come. */
  receive(coordinator: string, frame: CoordinatorFrame, done: () => void): void
}

export interface LinksNeeds {
  readonly coordinators: readonly string[]
  readonly dial: Dial
  readonly clock: Clock
  readonly random: Random
  readonly report: (event: Event) => void
  /** By people: silence means nothing, and nobody hears a heartbeat. */
  readonly isCarried?: boolean
}

/** Without a word from the coordinator for so long, the stream is dead. */
const silenceMs = 3 * limits.streamHeartbeatMs
/** Before the server ends the connection for its age. */
const ageMs = limits.connectionAgeMs - 2 * limits.connectionGraceMs

interface Line {
  readonly stream: NodeStream
  openedMs: number
  heardMs: number
  saidMs: number
  hasAnswered: boolean
}

interface Link {
  readonly name: string
  newest: Line | undefined
  /** The one before, until the newest has answered. */
  previous: Line | undefined
  dialAtMs: number
  pauseMs: number
}

export class Links {
  readonly #needs: LinksNeeds
  readonly #ends: Ends
  readonly #links: ReadonlyMap<string, Link>
  #isStopped = false

  constructor(needs: LinksNeeds, ends: Ends) {
    this.#needs = needs
    this.#ends = ends
    const fresh = (name: string): Link => ({
      name,
      newest: undefined,
      previous: undefined,
      dialAtMs: 0,
      pauseMs: limits.reconnectMsMin,
    })
    this.#links = new Map(needs.coordinators.map((name) => [name, fresh(name)]))
  }

  /** To be called a few times a second. */
  tick(): void {
    if (this.#isStopped) return
    for (const link of this.#links.values()) this.#tend(link)
  }

  /** Without effect while there is no stream: whoever waits for an answer has a deadline. */
  send(coordinator: string, frame: NodeFrame): void {
    const line = this.#links.get(coordinator)?.newest
    if (line === undefined) return
    line.saidMs = this.#now()
    line.stream.send(frame)
  }

  /** Whether the stream that frames go out on has brought one. */
  isHeard(coordinator: string): boolean {
    return this.#links.get(coordinator)?.newest?.hasAnswered === true
  }

  /** Every stream is replaced by one that is dialled now. */
  renew(): void {
    for (const { newest } of this.#links.values()) {
      if (newest !== undefined) newest.openedMs = Number.NEGATIVE_INFINITY
    }
  }

  stop(): void {
    this.#isStopped = true
    for (const { newest, previous } of this.#links.values()) {
      newest?.stream.close()
      previous?.stream.close()
    }
  }

  #tend(link: Link): void {
    const now = this.#now()
    const { newest, name } = link
    if (newest === undefined) {
      if (now >= link.dialAtMs) this.#open(link)
      return
    }
    if (this.#needs.isCarried) return
    if (now - newest.heardMs >= silenceMs) {
      this.#needs.report({ level: 'warn', name: 'link-silent', because: name })
      newest.stream.close()
      return
    }
    const isOld = now - newest.openedMs >= ageMs && now >= link.dialAtMs
    if (isOld && link.previous === undefined) this.#open(link)
    if (now - newest.saidMs >= limits.streamHeartbeatMs) {
      this.send(name, { frame: 'heartbeat', heartbeat: {} })
    }
  }

  #open(link: Link): void {
    const { dial, report } = this.#needs
    const now = this.#now()
    const stream = dial(link.name, (because) => {
      report({ level: 'warn', name: 'link-failed', because: `${link.name}: ${because}` })
    })
    const line = { stream, openedMs: now, heardMs: now, saidMs: now, hasAnswered: false }
    link.previous = link.newest
    link.newest = line
    this.#ends.attached(link.name)
    void this.#read(link, line)
  }

  async #read(link: Link, line: Line): Promise<void> {
    for await (const frame of line.stream.received) {
      if (line !== link.newest && line !== link.previous) break
      line.heardMs = this.#now()
      if (!line.hasAnswered) this.#answered(link, line)
      await new Promise<void>((done) => this.#ends.receive(link.name, frame, done))
    }
    this.#ended(link, line)
  }

  #answered(link: Link, line: Line): void {
    line.hasAnswered = true
    link.pauseMs = limits.reconnectMsMin
    link.previous?.stream.close()
    link.previous = undefined
    this.#needs.report({ level: 'info', name: 'link-open', because: link.name })
  }

  #ended(link: Link, line: Line): void {
    if (line === link.previous) link.previous = undefined
    if (line !== link.newest) return
    // The one before may still be good: it carries on.
    link.newest = link.previous
    link.previous = undefined
    if (this.#isStopped) return
    link.dialAtMs = this.#now() + this.#jittered(link.pauseMs)
    link.pauseMs = Math.min(2 * link.pauseMs, limits.reconnectMsMax)
    if (link.newest === undefined) this.#ends.detached(link.name)
  }

  /** Between half and the whole: nodes that lost one coordinator do not all come back at once. */
  #jittered(pauseMs: number): number {
    const [byte = 0] = this.#needs.random(1)
    return (pauseMs * (256 + byte)) / 512
  }

  #now(): number {
    return this.#needs.clock.monotonicMs()
  }
}
