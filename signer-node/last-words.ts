// What a node says of a session that failed, and when: one word, at the deadline of the round in
// which it failed, which is when silence would have been noticed. So no text, no size and no moment
// tells a failed check from a lost message (failure model 5.1); the finer reason stays in the own
// log and store. The tick that finds a deadline over still has work with whoever was silent, so the
// word is the first thing in the tick after it, whoever failed. Words of one tick leave in the
// order of their deadlines, never in that of the failures: a failed check would stand before a
// silence.
// INVARIANT: a word that may not be said yet is in memory only, and there are at most as many as
// the limit; whoever waits for one that is lost has a deadline of its own.
import { toHex } from '../proto/crypto.ts'
import type { NodeFrame } from '../proto/frames.ts'
import { limits } from '../proto/limits.ts'
import type { ReasonCode } from '../proto/reasons.ts'
import { endingOf } from './endings.ts'
import type { Ports } from './ports.ts'
import { stoppedFrame } from './refusals.ts'
import type { Failure } from './session.ts'

/** What every failure looks like from outside. */
export const theOneWord: ReasonCode = 'SESSION_TIMEOUT'

/** Whom to tell, about what. */
export interface About {
  readonly coordinator: string
  readonly sid: Uint8Array
  readonly ticket: Uint8Array
}

interface Word {
  readonly atMs: number
  readonly sid: string
  readonly coordinator: string
  readonly frame: NodeFrame
}

export class LastWords {
  readonly #ports: Pick<Ports, 'clock' | 'send'>
  #waiting: readonly Word[] = []
  /** When the last tick was: what was due by then is said now. */
  #lookedMs = Number.NEGATIVE_INFINITY

  constructor(ports: Pick<Ports, 'clock' | 'send'>) {
    this.#ports = ports
  }

  get count(): number {
    return this.#waiting.length
  }

  /** Of a session that failed. */
  failed(about: About, { reason, code, quietUntilMs }: Failure): void {
    const why = endingOf(reason).said === 'why' ? code : undefined
    if (why !== undefined) this.#say(about.coordinator, frameOf(about, why))
    else this.later(about, quietUntilMs)
  }

  /** At the given time of the monotonic clock; what is due first gives way to too many. */
  later(about: About, atMs: number): void {
    const { coordinator, sid } = about
    const word = { atMs, sid: toHex(sid), coordinator, frame: frameOf(about, theOneWord) }
    this.#waiting = [...this.#waiting, word].sort(inOrder).slice(-limits.lastWordsMax)
  }

  /** Before anything else that a tick does. */
  tick(): void {
    const dueMs = this.#lookedMs
    this.#lookedMs = this.#ports.clock.monotonicMs()
    const due = this.#waiting.filter(({ atMs }) => atMs <= dueMs)
    this.#waiting = this.#waiting.filter(({ atMs }) => atMs > dueMs)
    for (const { coordinator, frame } of due) this.#say(coordinator, frame)
  }

  #say(coordinator: string, frame: NodeFrame): void {
    this.#ports.send(coordinator, frame)
  }
}

function inOrder(a: Word, b: Word): number {
  return a.atMs - b.atMs || (a.sid < b.sid ? -1 : 1)
}

function frameOf({ sid, ticket }: About, reason: ReasonCode): NodeFrame {
  return stoppedFrame(sid, ticket, reason)
}
