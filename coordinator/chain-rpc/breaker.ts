// Whether an endpoint is asked at all. One that does not answer is left alone for a while, so that
// it costs whoever asks nothing; then it is tried beside the path, by the question that proves its
// network, and until that is answered others go on without it. The same proof is asked for before
// the first answer is taken, after every failure, and every minute, because what answers under an
// address may become another.
import { Unavailable } from '../../proto/unavailable.ts'
import type { Report } from '../ports.ts'
import { unavailable } from './post.ts'

/** Of whoever opens endpoints: UTC in milliseconds, and who hears of what they do. */
export interface Watch {
  readonly now: () => number
  readonly report: Report
}

export interface BreakerOptions extends Watch {
  /** Shown in messages. */
  readonly name: string
  /** What is wrong with the network behind the address; empty when nothing is. */
  readonly prove: () => Promise<string>
}

const failuresMax = 2
const restMs = 5_000
/** Reached after 35 seconds, when somebody has to look. */
const restMsMax = 30_000
const provedForMs = 60_000

export class Breaker {
  readonly #options: BreakerOptions
  #provedAt: number | undefined
  #proof: Promise<void> | undefined
  /** In a row; an answer ends it, a proof does not: it may be all that the endpoint answers. */
  #failures = 0
  #isResting = false
  /** Of the last rest since an answer; 0: there was none. */
  #restMs = 0
  #restedAt = 0
  #said: 'away' | 'dead' | 'foreign' | undefined

  constructor(options: BreakerOptions) {
    this.#options = options
  }

  /** Throws `Unavailable` at once while the endpoint rests. */
  async run<T>(ask: () => Promise<T>): Promise<T> {
    if (this.#isResting) {
      this.#tryWhenDue()
      throw unavailable(`${this.#options.name}: it did not answer, and rests`)
    }
    if (!this.#isProved) await this.#prove()
    try {
      const answer = await ask()
      this.#succeed()
      return answer
    } catch (error) {
      if (error instanceof Unavailable) this.#fail(error.message)
      throw error
    }
  }

  get #isProved(): boolean {
    const at = this.#provedAt
    // A clock that went back proves nothing either.
    return at !== undefined && Math.abs(this.#options.now() - at) < provedForMs
  }

  /** Beside whoever asks: a dead endpoint is waited for by nobody. */
  #tryWhenDue(): void {
    if (Math.abs(this.#options.now() - this.#restedAt) < this.#restMs) return
    this.#prove().catch((error: unknown) => {
      if (!(error instanceof Unavailable)) throw error
    })
  }

  /** One at a time, whoever waits for it. */
  #prove(): Promise<void> {
    this.#proof ??= this.#proveAnew().finally(() => {
      this.#proof = undefined
    })
    return this.#proof
  }

  async #proveAnew(): Promise<void> {
    const { name, prove, now } = this.#options
    let wrong: string
    try {
      wrong = await prove()
    } catch (error) {
      if (error instanceof Unavailable) this.#fail(error.message, 'proof')
      throw error
    }
    if (wrong !== '') {
      this.#rest(restMsMax)
      this.#say('foreign', `${name}: ${wrong}`)
      throw unavailable(`${name}: ${wrong}`)
    }
    this.#isResting = false
    this.#provedAt = now()
  }

  #succeed(): void {
    const { name, report } = this.#options
    if (this.#said !== undefined) report({ level: 'info', name: 'endpoint.back', because: name })
    this.#said = undefined
    this.#failures = 0
    this.#restMs = 0
  }

  /** While it rests only the trial counts: what was asked before ends late. */
  #fail(because: string, of?: 'proof'): void {
    this.#failures += 1
    this.#provedAt = undefined
    if (this.#isResting ? of !== 'proof' : this.#failures < failuresMax) return
    this.#rest(this.#restMs === 0 ? restMs : Math.min(restMsMax, this.#restMs * 2))
    this.#say(this.#restMs < restMsMax ? 'away' : 'dead', because)
  }

  #rest(ms: number): void {
    this.#isResting = true
    this.#provedAt = undefined
    this.#restMs = ms
    this.#restedAt = this.#options.now()
  }

  /** Once for each way to be of no use. */
  #say(what: 'away' | 'dead' | 'foreign', because: string): void {
    if (this.#said === what) return
    this.#said = what
    const { report } = this.#options
    const name = what === 'dead' ? 'endpoint.dead' : 'endpoint.foreign'
    if (what === 'away') report({ level: 'warn', name: 'endpoint.away', because })
    else report({ level: 'alarm', name, because })
  }
}
