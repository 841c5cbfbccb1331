// Moves one protocol on over sealed envelopes: order, bounds, deadline, abort (protocol document,
// 1.5). The first authentic message of a (round, sender) counts; an equal copy is ignored, another
// one is the sender's fault and is never processed; what is not authentic is dropped and counted.
// INVARIANT: a session ends once, and its keys and secrets are wiped when it does. Knows no
// coordinator and no meaning of the result: its owner gets it in `ended`.
import { equalBytes, sha256 } from '../proto/crypto.ts'
import type { NodeId, VaultId } from '../proto/ids.ts'
import { limits } from '../proto/limits.ts'
import type { ReasonCode } from '../proto/reasons.ts'
import type { Abort, AbortReason, Remedy } from './dkls23/abort.ts'
import type { Party } from './dkls23/party.ts'
import type { Incoming, Outgoing } from './dkls23/protocol.ts'
import type { Channel, Opened } from './envelope.ts'
import type { Exhibit } from './evidence.ts'
import type { Clock } from './ports.ts'
import type { Stepper, Turn } from './stepper.ts'

export interface Counterpart {
  readonly node: NodeId
  readonly channel: Channel
}

export interface Failure {
  readonly kind: 'failed'
  readonly reason: AbortReason | 'timeout' | 'two-messages' | 'stopped'
  readonly remedy: Remedy
  readonly culprit?: NodeId
  readonly because: string
  /** Why it was stopped from outside. */
  readonly code?: ReasonCode
  /** On the monotonic clock: nothing is said of it before, because silence would not be either. */
  readonly quietUntilMs: number
  /** What the culprit signed, where it convicts it. */
  readonly exhibit?: Exhibit
}

type Cause = Omit<Failure, 'kind' | 'quietUntilMs'>

export type Ended<R> = { readonly kind: 'done'; readonly result: R } | Failure

export interface SessionPorts {
  readonly clock: Clock
  readonly defer: (work: () => void) => void
  /** How long a round waits; at a table longer than elsewhere. */
  readonly roundMs?: number
  readonly send: (to: NodeId, round: number, ciphertext: Uint8Array) => void
}

export interface SessionPlan<R> {
  readonly counterparts: ReadonlyMap<Party, Counterpart>
  readonly stepper: Stepper<R>
  /** Whose messages a round waits for; without it everybody speaks in every round. */
  readonly speakers?: (round: number) => readonly Party[]
  /** Whose key it works with; a session of another epoch ends when its key comes into force. */
  readonly vault?: VaultId
  /** Wiped when the session ends, as are the channels. */
  readonly secrets: readonly Disposable[]
  /** On the monotonic clock. */
  readonly deadlineMs: number
  readonly ended: (ended: Ended<R>) => void
}

interface Kept {
  readonly seal: Uint8Array
  readonly message: Opened
  /** Envelopes that were opened beside it: other words are found by that, and few are enough. */
  others: number
}

/** Rounds of a reshare, which is the only one that has listeners. */
const listenedAhead = 3

export class Session<R> {
  readonly #plan: SessionPlan<R>
  readonly #ports: SessionPorts
  /** By round, then by sender; never more than a few rounds ahead of this party. */
  readonly #kept = new Map<number, Map<Party, Kept>>()
  #round = 0
  #roundDeadlineMs: number
  #isStepDue = false
  #isOver = false
  #dropped = 0

  constructor(plan: SessionPlan<R>, ports: SessionPorts) {
    this.#plan = plan
    this.#ports = ports
    this.#roundDeadlineMs = this.#roundEndMs()
    this.#isStepDue = true
    ports.defer(() => this.#step([]))
  }

  get isOver(): boolean {
    return this.#isOver
  }

  /** Envelopes that nobody in the session wrote. */
  get dropped(): number {
    return this.#dropped
  }

  get vault(): VaultId | undefined {
    return this.#plan.vault
  }

  peers(): readonly NodeId[] {
    return [...this.#plan.counterparts.values()].map(({ node }) => node)
  }

  receive(from: NodeId, round: number, ciphertext: Uint8Array): void {
    if (this.#isOver) return
    const place = [...this.#plan.counterparts].find(([, { node }]) => node === from)
    if (place === undefined || round < 1 || round > this.#round + this.#ahead) {
      this.#dropped += 1
      return
    }
    const [party, { channel }] = place
    const seal = sha256(ciphertext)
    const kept = this.#kept.get(round)?.get(party)
    if (kept !== undefined && equalBytes(kept.seal, seal)) return
    const message = isLookedAt(kept) ? channel.openSigned(round, ciphertext) : undefined
    if (message === undefined) this.#dropped += 1
    else if (kept === undefined) this.#keep(round, party, { seal, message, others: 0 })
    // The same words sealed or signed in another way are an equal copy.
    else if (!equalBytes(kept.message.digest, message.digest)) {
      this.#fail(twoMessages(from, kept.message, message))
    }
  }

  /** Called now and then: ends a session whose round or whole time is over. */
  tick(): void {
    const now = this.#ports.clock.monotonicMs()
    if (this.#isOver || now < Math.min(this.#roundDeadlineMs, this.#plan.deadlineMs)) return
    // Nothing is missing from anybody while the own step is under way.
    const missing = (this.#isStepDue ? [] : this.#speakers())
      .filter((party) => !this.#kept.get(this.#round)?.has(party))
      .flatMap((party) => this.#plan.counterparts.get(party)?.node ?? [])
    this.#fail({
      reason: 'timeout',
      remedy: 'retry',
      because: `round ${this.#round}: nothing from ${missing.join(' ') || 'anyone'} in time`,
    })
  }

  /** From outside: a higher attempt, a ban, a coordinator that gave up. */
  stop(code: ReasonCode, because: string): void {
    this.#fail({ reason: 'stopped', remedy: 'retry', because, code })
  }

  /** Its Pairing is gone: what that says of a check is not said. */
  bereave(because: string): void {
    this.#fail({ reason: 'pairing-dead', remedy: 'retry', because })
  }

  #keep(round: number, party: Party, kept: Kept): void {
    const senders = this.#kept.get(round) ?? new Map<Party, Kept>()
    this.#kept.set(round, senders.set(party, kept))
    this.#stepWhenComplete()
  }

  #stepWhenComplete(): void {
    const senders = this.#kept.get(this.#round)
    const round = this.#round
    const speakers = this.#speakers()
    const heard = [...(senders ?? [])].filter(([from]) => speakers.includes(from))
    const inbox = heard.map(([from, { message }]) => ({ round, from, bytes: message.payload }))
    if (this.#isStepDue || inbox.length !== speakers.length) return
    this.#isStepDue = true
    this.#ports.defer(() => this.#step(inbox))
  }

  /** Nobody waits for one who only listens, so the others may be rounds before it. */
  get #ahead(): number {
    return this.#plan.speakers === undefined ? 1 : listenedAhead
  }

  #speakers(): readonly Party[] {
    const { speakers, counterparts } = this.#plan
    return speakers?.(this.#round) ?? [...counterparts.keys()]
  }

  #step(inbox: readonly Incoming[]): void {
    if (this.#isOver) return
    this.#plan.stepper.next(inbox, (turn) => this.#moved(turn))
  }

  /** Perhaps in a later turn; until then every message is kept, and no second step begins. */
  #moved(turn: Turn<R>): void {
    if (turn.kind === 'paused') {
      this.#ports.defer(() => this.#step([]))
      return
    }
    switch (turn.kind) {
      case 'sent':
        // Who only listens says nothing in a round, and yet it is one.
        this.#round = turn.outgoing[0]?.round ?? this.#round + 1
        this.#roundDeadlineMs = this.#roundEndMs()
        // What was computed took its turn.
        this.#ports.defer(() => this.#send(turn.outgoing))
        return
      case 'done':
        this.#isStepDue = false
        this.#end({ kind: 'done', result: turn.result })
        return
      case 'aborted':
        this.#isStepDue = false
        this.#fail(this.#blamed(turn.abort))
        return
    }
  }

  #roundEndMs(): number {
    const { clock, roundMs = limits.roundTimeoutMs } = this.#ports
    return clock.monotonicMs() + roundMs
  }

  /** One in each turn: a message may be long. The step is under way until the last has left. */
  #send([first, ...others]: readonly Outgoing[]): void {
    if (this.#isOver) return
    if (first !== undefined) {
      const { round, to, bytes } = first
      const counterpart = this.#plan.counterparts.get(to)
      if (counterpart === undefined) throw new Error(`party ${to} is no participant`)
      this.#ports.send(counterpart.node, round, counterpart.channel.seal(round, bytes))
    }
    if (others.length > 0) {
      this.#ports.defer(() => this.#send(others))
      return
    }
    this.#isStepDue = false
    this.#stepWhenComplete()
  }

  #blamed(abort: Abort): Cause {
    const { reason, remedy, culprit, message } = abort
    const node = culprit === undefined ? undefined : this.#plan.counterparts.get(culprit)?.node
    const exhibit = this.#exhibit(abort)
    const blame = node === undefined ? {} : { culprit: node }
    const shown = exhibit === undefined ? {} : { exhibit }
    return { reason, remedy, because: message, ...blame, ...shown }
  }

  /** The protocol copied the message before it wiped it; the signature came with the envelope. */
  #exhibit({ culprit, evidence }: Abort): Exhibit | undefined {
    if (culprit === undefined || evidence === undefined) return undefined
    const message = this.#kept.get(this.#round)?.get(culprit)?.message
    if (message === undefined || !equalBytes(sha256(evidence), message.digest)) return undefined
    const { place, signature } = message
    return { kind: 'wrong-share', place, payload: evidence, signature }
  }

  #fail(cause: Cause): void {
    if (this.#isOver) return
    this.#plan.stepper.end()
    // At a table a round may wait for hours. What was tried there was tried over Pairings that end
    // with their session, so that a word said earlier teaches nobody anything.
    const soonMs = this.#ports.clock.monotonicMs() + limits.roundTimeoutMs
    const quietUntilMs = Math.min(this.#roundDeadlineMs, this.#plan.deadlineMs, soonMs)
    this.#end({ kind: 'failed', ...cause, quietUntilMs })
  }

  #end(ended: Ended<R>): void {
    this.#isOver = true
    for (const senders of this.#kept.values()) {
      for (const { message } of senders.values()) message.payload.fill(0)
    }
    for (const { channel } of this.#plan.counterparts.values()) channel[Symbol.dispose]()
    for (const secret of this.#plan.secrets) secret[Symbol.dispose]()
    this.#plan.ended(ended)
  }
}

/** An honest node seals a message once, so nothing is lost by what is not opened after it. */
function isLookedAt(kept: Kept | undefined): boolean {
  if (kept === undefined) return true
  kept.others += 1
  return kept.others <= limits.copiesOpenedMax
}

function twoMessages(culprit: NodeId, first: Opened, second: Opened): Cause {
  const { place } = first
  return {
    reason: 'two-messages',
    remedy: 'fault',
    culprit,
    because: `two different messages of ${culprit} in round ${place.round}`,
    exhibit: { kind: 'two-messages', place, first, second },
  }
}
