// When a pair set-up may be begun or answered: each coordinator has turns of its own with each
// peer, so that one that replays old hellos, or keeps what it should carry, uses up its own alone
// and keeps no two nodes apart that another one carries for.
// INVARIANT: of one peer through one coordinator one set-up in ten seconds, whatever is sent. Says
// nothing and keeps no hello: that is `pairings.ts`.
import type { NodeId } from '../proto/ids.ts'
import { limits } from '../proto/limits.ts'
import type { Clock } from './ports.ts'

/** Above one, so that the two ends do not miss each other by a hair. */
const patience = 1.1

interface Begun {
  readonly coordinator: string
  readonly atMs: number
}

export class PairTurns {
  readonly #clock: Pick<Clock, 'monotonicMs'>
  readonly #last = new Map<string, number>()
  /** By this node, with each peer. */
  readonly #begun = new Map<NodeId, Begun>()

  constructor(clock: Pick<Clock, 'monotonicMs'>) {
    this.#clock = clock
  }

  /**
   * Takes the turn when it says yes. One that is under way elsewhere is let end first: of two
   * honest coordinators the second would only make the work of the first again.
   */
  mayBegin(coordinator: string, peer: NodeId): boolean {
    const atMs = this.#clock.monotonicMs()
    const begun = this.#begun.get(peer)
    const isElsewhere = begun !== undefined && begun.coordinator !== coordinator
    if (isElsewhere && atMs - begun.atMs < limits.roundTimeoutMs) return false
    if (!this.#take(`begin ${coordinator} ${peer}`, patience)) return false
    this.#begun.set(peer, { coordinator, atMs })
    return true
  }

  /** The same of a hello that came: it cannot wait. */
  mayAnswer(coordinator: string, peer: NodeId): boolean {
    return this.#take(`answer ${coordinator} ${peer}`, 1)
  }

  #take(turn: string, slack: number): boolean {
    const [at, now] = [this.#last.get(turn), this.#clock.monotonicMs()]
    if (at !== undefined && now - at < slack * limits.pairSetupIntervalMs) return false
    this.#last.set(turn, now)
    return true
  }
}
