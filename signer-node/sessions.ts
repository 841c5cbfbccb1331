// The sessions in progress of this node, by session id, each tied to the coordinator that started
// it.
// INVARIANT: a session id lives once; an envelope of an unknown or finished one is dropped and
// counted; there are never more than the limit at a time. Knows no purpose: pairs, keys and
// signatures bring their own protocols.
import { toHex } from '../proto/crypto.ts'
import type { NodeId, VaultId } from '../proto/ids.ts'
import { limits } from '../proto/limits.ts'
import type { ReasonCode } from '../proto/reasons.ts'
import type { Ports } from './ports.ts'
import { Session, type SessionPlan } from './session.ts'
import { hotPatience, type Patience } from './sitting.ts'

/** One envelope as it travels. */
export interface Sealed {
  readonly sid: Uint8Array
  readonly round: number
  readonly from: string
  readonly to: string
  readonly ciphertext: Uint8Array
}

interface Open {
  readonly session: Pick<
    Session<unknown>,
    'receive' | 'tick' | 'stop' | 'bereave' | 'peers' | 'isOver' | 'dropped' | 'vault'
  >
  readonly coordinator: string
}

export class Sessions {
  readonly #ports: Ports
  readonly #node: NodeId
  readonly #patience: Patience
  readonly #open = new Map<string, Open>()
  #dropped = 0

  constructor(ports: Ports, node: NodeId, patience = hotPatience) {
    this.#ports = ports
    this.#node = node
    this.#patience = patience
  }

  get isFull(): boolean {
    return this.#open.size >= limits.sessionsPerNodeMax
  }

  get count(): number {
    return this.#open.size
  }

  /** Envelopes that belonged to nothing, since the start. */
  get dropped(): number {
    const now = [...this.#open.values()].reduce((sum, { session }) => sum + session.dropped, 0)
    return this.#dropped + now
  }

  has(sid: Uint8Array): boolean {
    return this.#open.has(toHex(sid))
  }

  start<R>(sid: Uint8Array, coordinator: string, plan: SessionPlan<R>): void {
    const id = toHex(sid)
    if (this.#open.has(id)) throw new Error('a session id lives once')
    const { clock, defer } = this.#ports
    const session = new Session<R>(
      { ...plan, ended: (ended) => this.#close(id, () => plan.ended(ended)) },
      {
        clock,
        defer,
        roundMs: this.#patience.roundMs,
        send: (to, round, ciphertext) => {
          const envelope = { sid, round, from: this.#node, to, ciphertext }
          this.#ports.send(coordinator, { frame: 'envelope', envelope })
        },
      },
    )
    this.#open.set(id, { session, coordinator })
  }

  receive(coordinator: string, { sid, round, from, to, ciphertext }: Sealed): void {
    const open = this.#open.get(toHex(sid))
    const sender = open?.session.peers().find((peer) => peer === from)
    if (open === undefined || sender === undefined || to !== this.#node) this.#dropped += 1
    else if (open.coordinator !== coordinator) this.#dropped += 1
    else open.session.receive(sender, round, ciphertext)
  }

  /** By this node, or by the coordinator that started it; another one's word counts for nothing. */
  stop(sid: Uint8Array, code: ReasonCode, because: string, by?: string): void {
    const open = this.#open.get(toHex(sid))
    if (by === undefined || by === open?.coordinator) open?.session.stop(code, because)
  }

  /** Every session with this peer, whatever its purpose: its Pairing is gone. */
  bereave(peer: NodeId, because: string): void {
    for (const { session } of [...this.#open.values()]) {
      if (session.peers().includes(peer)) session.bereave(because)
    }
  }

  /** Sessions over a key of this vault, whose share is held no more. */
  stopOf(vault: VaultId, code: ReasonCode, because: string): void {
    for (const { session } of [...this.#open.values()]) {
      if (session.vault === vault) session.stop(code, because)
    }
  }

  stopAll(code: ReasonCode, because: string): void {
    for (const { session } of [...this.#open.values()]) session.stop(code, because)
  }

  tick(): void {
    for (const { session } of [...this.#open.values()]) session.tick()
  }

  #close(id: string, tell: () => void): void {
    this.#dropped += this.#open.get(id)?.session.dropped ?? 0
    this.#open.delete(id)
    tell()
  }
}
