// An exchange: one Prepare to several nodes, their acceptances gathered, Start, and one result from
// each. It knows who has answered and how long to wait, and nothing of what is computed between.
// Ends once: with every result, or with the first failure. Nobody is blamed: nodes do not say who
// was at fault, so all of a set that failed are asked later.
import type { CoordinatorPart, WireSigned } from '../proto/frames.ts'
import type { Signed } from '../proto/signed.ts'

export interface Failed {
  readonly kind: 'failed'
  /** Code of the registry of reasons. */
  readonly reason: string
  readonly refusals: readonly Signed[]
  /** Whom it waited for in vain, who refused, or all: better asked last next time. */
  readonly slow: readonly string[]
}

export type Ended<T> =
  | { readonly kind: 'done'; readonly results: readonly T[] }
  | (Failed & { readonly results: readonly T[] })

export interface ExchangePorts {
  readonly start: (node: string, start: CoordinatorPart<'start'>) => void
  /** Resolves when a phase has taken too long, or at once when it is stopped. */
  readonly patience: (phase: 'accept' | 'work', stop: AbortSignal) => Promise<void>
  /** Of whom a result is waited for; of all without it. */
  readonly finishers?: readonly string[]
}

const reasonForm = /^[A-Z][A-Z0-9_]{0,63}$/

export class Exchange<T> {
  readonly ticket: Uint8Array
  readonly nodes: readonly string[]
  readonly ended: Promise<Ended<T>>
  readonly #ports: ExchangePorts
  readonly #acceptances = new Map<string, WireSigned>()
  readonly #results = new Map<string, T>()
  #end: (ended: Ended<T>) => void = () => {}
  readonly #done = new AbortController()

  constructor(ticket: Uint8Array, nodes: readonly string[], ports: ExchangePorts) {
    this.ticket = ticket
    this.nodes = nodes
    this.#ports = ports
    this.ended = new Promise((resolve) => {
      this.#end = resolve
    })
    this.#watch('accept', this.#acceptances, nodes)
  }

  accept(node: string, acceptance: WireSigned): void {
    if (!this.nodes.includes(node) || this.#acceptances.has(node) || this.#over) return
    this.#acceptances.set(node, acceptance)
    if (this.#acceptances.size < this.nodes.length) return
    const acceptances = this.nodes.flatMap((name) => this.#acceptances.get(name) ?? [])
    for (const name of this.nodes) this.#ports.start(name, { ticket: this.ticket, acceptances })
    this.#watch('work', this.#results, this.#finishers)
  }

  /** The first one from each node counts. */
  result(node: string, result: T): void {
    if (!this.#finishers.includes(node) || this.#results.has(node)) return
    this.#results.set(node, result)
    if (this.#results.size === this.#finishers.length) {
      this.#finish({ kind: 'done', results: this.#inOrder() })
    }
  }

  refuse(node: string, refusal: Signed): void {
    if (!this.nodes.includes(node)) return
    this.#fail({ reason: 'REFUSED', refusals: [refusal], slow: [node] })
  }

  /** One node's word for any failure of the rounds: it may itself be the one to blame. */
  stop(node: string, reason: string): void {
    if (!this.nodes.includes(node)) return
    const written = reasonForm.test(reason) ? reason : 'INTERNAL'
    this.#fail({
      reason: written,
      refusals: [],
      slow: written === 'SESSION_TIMEOUT' ? this.nodes : [],
    })
  }

  #fail(failed: Omit<Failed, 'kind'>): void {
    this.#finish({ kind: 'failed', ...failed, results: this.#inOrder() })
  }

  #inOrder(): readonly T[] {
    return this.nodes.flatMap((node) => this.#results.get(node) ?? [])
  }

  get #over(): boolean {
    return this.#done.signal.aborted
  }

  #finish(ended: Ended<T>): void {
    if (this.#over) return
    this.#done.abort()
    this.#end(ended)
  }

  get #finishers(): readonly string[] {
    return this.#ports.finishers ?? this.nodes
  }

  #watch(
    phase: 'accept' | 'work',
    answers: ReadonlyMap<string, unknown>,
    asked: readonly string[],
  ): void {
    void this.#ports.patience(phase, this.#done.signal).then(() => {
      const slow = asked.filter((node) => !answers.has(node))
      if (slow.length === 0) return
      this.#fail({ reason: 'SESSION_TIMEOUT', refusals: [], slow })
    })
  }
}
