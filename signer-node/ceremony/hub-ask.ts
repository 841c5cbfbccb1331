// One session as the Hub sees it: a Prepare to several Stations, their acceptances, Start, one
// result from each, and last what each Station found of what was made of them. Knows who has
// answered and how long to wait, and nothing of what is computed between.
// INVARIANT: ends once, with every result or with the first failure, and says by which Station,
// why, and what is left to do. Whom a Station holds for the one at fault is told as that Station's
// word.
import { equalBytes } from '../../proto/crypto.ts'
import type { WireSigned } from '../../proto/frames.ts'
import type { NodeId } from '../../proto/ids.ts'
import { mayPass, type ReasonCode } from '../../proto/reasons.ts'
import type { Signed } from '../../proto/signed.ts'
import type { Patience } from '../sitting.ts'
import type { Failure } from './said-papers.ts'

/** What people do next. `stop`: nothing that another session could mend. */
export type Remedy = 'retry' | 'fault' | 'ban' | 'stop'

export interface Accusation {
  readonly by: string
  readonly culprit: NodeId | ''
  readonly reason: string
  readonly remedy: Failure['remedy']
}

export interface AskFailed {
  readonly kind: 'failed'
  /** Of the registry of reasons. */
  readonly reason: ReasonCode
  readonly because: string
  /** Who refused, who failed, or of whom nothing came. */
  readonly stations: readonly string[]
  readonly remedy: Remedy
  readonly accusations: readonly Accusation[]
  readonly refusals: readonly Signed[]
}

export interface AskDone<T> {
  readonly kind: 'done'
  /** In the order of those who finish. */
  readonly results: readonly T[]
}

export type AskEnded<T> = AskDone<T> | AskFailed

export interface AskPorts {
  readonly nowMs: () => number
  readonly patience: Patience
  readonly isFresh: boolean
  readonly start: (acceptances: readonly WireSigned[]) => void
}

export interface Askable {
  readonly ticket: Uint8Array
  /** Everyone of the session, ascending by x. */
  readonly nodes: readonly string[]
  /** Of whom a result is waited for. */
  readonly finishers: readonly string[]
}

export class Ask<T> {
  readonly about: Askable
  readonly ended: Promise<AskEnded<T>>
  readonly #ports: AskPorts
  readonly #acceptances = new Map<string, WireSigned>()
  readonly #results = new Map<string, T>()
  readonly #accusations: Accusation[] = []
  #untilMs: number
  #isOver = false
  #end: (ended: AskEnded<T>) => void = () => {}

  constructor(about: Askable, ports: AskPorts) {
    this.about = about
    this.#ports = ports
    this.ended = new Promise((resolve) => {
      this.#end = resolve
    })
    this.#untilMs = ports.nowMs() + ports.patience.acceptanceMs
  }

  get isOver(): boolean {
    return this.#isOver
  }

  isOf(ticket: Uint8Array): boolean {
    return equalBytes(ticket, this.about.ticket)
  }

  /** Of whom it waits for something now. */
  awaited(): readonly string[] {
    const { nodes, finishers } = this.about
    const isStarted = this.#acceptances.size === nodes.length
    const answered = isStarted ? this.#results : this.#acceptances
    return (isStarted ? finishers : nodes).filter((node) => !answered.has(node))
  }

  accept(node: string, acceptance: WireSigned): void {
    const { nodes } = this.about
    if (this.#isOver || !nodes.includes(node) || this.#acceptances.has(node)) return
    this.#acceptances.set(node, acceptance)
    if (this.#acceptances.size < nodes.length) return
    const { patience, isFresh, nowMs, start } = this.#ports
    this.#untilMs = nowMs() + (isFresh ? patience.freshSessionMs : patience.sessionMs)
    start(nodes.flatMap((name) => this.#acceptances.get(name) ?? []))
  }

  /** The first one of each counts, after its acceptance: what came before is of another session. */
  result(node: string, result: T): void {
    const { finishers } = this.about
    if (!finishers.includes(node) || this.#results.has(node)) return
    if (!this.#acceptances.has(node)) return
    this.#results.set(node, result)
    if (this.#results.size < finishers.length) return
    const results = finishers.flatMap((name) => this.#results.get(name) ?? [])
    this.#finish({ kind: 'done', results })
  }

  refuse(node: string, refusal: Signed, { code, because }: { code: ReasonCode; because: string }) {
    if (!this.about.nodes.includes(node)) return
    const remedy = mayPass(code) ? 'retry' : 'stop'
    this.#fail({ reason: code, because, stations: [node], remedy, refusals: [refusal] })
  }

  /** The frame that every node says of every failure: it names nobody. */
  stop(node: string, reason: ReasonCode): void {
    if (!this.about.nodes.includes(node)) return
    const because = `${node} says ${reason}`
    this.#fail({ reason, because, stations: [node], remedy: 'retry', refusals: [] })
  }

  /** A Station's own word of what failed there. */
  accuse(by: string, { ticket, reason, remedy, culprit }: Failure): void {
    if (!this.about.nodes.includes(by) || !this.isOf(ticket)) return
    this.#accusations.push({ by, culprit, reason, remedy })
    const about = culprit === '' ? '' : ` of ${culprit}`
    this.#fail({
      reason: remedy === 'retry' ? 'SESSION_TIMEOUT' : 'PEER_FAULT',
      because: `${by}: ${reason}${about}`,
      stations: [culprit === '' ? by : culprit],
      remedy: remedy === 'abort' ? 'stop' : remedy,
      refusals: [],
    })
  }

  left(node: string): void {
    if (!this.about.nodes.includes(node)) return
    const because = `${node} left the table`
    const failed = { because, stations: [node], remedy: 'retry', refusals: [] } as const
    this.#fail({ reason: 'NOT_ENOUGH_SIGNERS', ...failed })
  }

  /** People stopped it. */
  giveUp(because: string): void {
    this.#fail({ reason: 'COORDINATOR', because, stations: [], remedy: 'stop', refusals: [] })
  }

  tick(): void {
    if (this.#isOver || this.#ports.nowMs() < this.#untilMs) return
    const stations = this.awaited()
    const because = `nothing from ${stations.join(', ')} in time`
    this.#fail({ reason: 'SESSION_TIMEOUT', because, stations, remedy: 'retry', refusals: [] })
  }

  #fail(failed: Omit<AskFailed, 'kind' | 'accusations'>): void {
    this.#finish({ kind: 'failed', ...failed, accusations: [...this.#accusations] })
  }

  #finish(ended: AskEnded<T>): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#end(ended)
  }
}
