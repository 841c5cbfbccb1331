// Sessions of nodes about keys, for whoever drives them: one Prepare to everyone of a set, their
// acceptances, Start, and the confirmations that come of it, also those that come late or again;
// and the consents to a change that deals no share.
// INVARIANT: a confirmation counts under the identity of the node it came from; what is complete
// stays complete, because nobody who confirmed takes it back. Decides nothing about a key.
import type { Root } from '../policy/documents.ts'
import { toHex } from '../proto/crypto.ts'
import { type NodePart, readSigned } from '../proto/frames.ts'
import type { Digest } from '../proto/ids.ts'
import type { JsonObject } from '../proto/jcs.ts'
import { limits } from '../proto/limits.ts'
import { kinds, openBy } from '../proto/node-documents.ts'
import { attempt as attempting, isRefusal } from '../proto/refusal.ts'
import type { Signed } from '../proto/signed.ts'
import { type Confirm, Confirms, claimsConsent, openConsent } from './confirms.ts'
import { type Ended, Exchange } from './exchange.ts'
import type { Answer } from './links.ts'
import { identityOf, type SigningPorts } from './signing.ts'
import type { Tree } from './tree.ts'

export interface KeySessionsPorts extends SigningPorts {
  readonly tree: Tree
}

/** What goes to the nodes. */
export interface KeyOrder {
  /** Canonical keygen or change-run document. */
  readonly document: Uint8Array
  /** Canonical order of the change; empty for a first key. */
  readonly order: Uint8Array
  /** Canonical dealing of an import; empty for everything else. */
  readonly dealing?: Uint8Array
  /** Everyone of the session, in ascending x. */
  readonly nodes: readonly string[]
}

export interface Dealing extends KeyOrder {
  readonly vault: string
  readonly epoch: number
  /** Those who hold a share afterwards, and confirm it. */
  readonly holders: readonly string[]
}

/** What an answer under a ticket may do. */
type Asking = Pick<Exchange<unknown>, 'accept' | 'refuse' | 'stop'>

const patienceMs = { accept: limits.acceptanceLifetimeMs, work: limits.sessionTimeoutMs } as const
const nothing = new Uint8Array(0)

export class KeySessions {
  readonly #ports: KeySessionsPorts
  readonly #confirms: Confirms
  readonly #exchanges = new Map<string, Asking>()
  readonly #byKey = new Map<string, Exchange<Confirm>>()
  readonly #byChange = new Map<Digest, Exchange<Signed>>()
  #firstKey: (body: JsonObject) => void = () => {}

  constructor(ports: KeySessionsPorts) {
    this.#ports = ports
    this.#confirms = new Confirms(ports)
    ports.links.onAnswer((node, answer) => this.#hear(node, answer))
  }

  /** Told of every key that no change asked for, once all have confirmed it, each time again. */
  onFirstKey(told: (body: JsonObject) => void): void {
    this.#firstKey = told
  }

  /** The body of the line that this change needs, of the highest epoch that all confirmed. */
  confirmed(change: Digest): JsonObject | undefined {
    return this.#confirms.complete(change)
  }

  async deal(dealing: Dealing): Promise<Ended<Confirm>> {
    const { vault, epoch, holders } = dealing
    const exchange = this.#open<Confirm>(dealing, holders)
    const key = `${vault}/${epoch}`
    this.#byKey.set(key, exchange)
    try {
      return await this.#ask(exchange, dealing)
    } finally {
      this.#byKey.delete(key)
    }
  }

  /** Each of the nodes' word that it judged this change; nothing is started. */
  async consents(change: Digest, order: KeyOrder): Promise<Ended<Signed>> {
    const exchange = this.#open<Signed>(order, order.nodes)
    this.#byChange.set(change, exchange)
    try {
      return await this.#ask(exchange, order)
    } finally {
      this.#byChange.delete(change)
    }
  }

  #open<T>({ nodes }: KeyOrder, finishers: readonly string[]): Exchange<T> {
    const { random, clock, links } = this.#ports
    return new Exchange<T>(random(16), nodes, {
      start: (node, start) => links.send(node, { frame: 'start', start }),
      patience: (phase, stop) => clock.sleep(patienceMs[phase], stop),
      finishers,
    })
  }

  async #ask<T>(exchange: Exchange<T>, asking: KeyOrder): Promise<Ended<T>> {
    const { links, tree } = this.#ports
    const { ticket } = exchange
    const { document: keygen, order, nodes, dealing = nothing } = asking
    const run = { keygen, order, dealing, fresh: false, participants: [] }
    const asked = { warrant: nothing, attemptSeq: 0, ...run }
    this.#exchanges.set(toHex(ticket), exchange)
    for (const node of nodes) links.prepare(node, tree.size, { ...asked, ticket })
    links.push()
    try {
      return await exchange.ended
    } finally {
      this.#exchanges.delete(toHex(ticket))
    }
  }

  #hear(node: string, answer: Answer): void {
    const heard = attempting(() => this.#take(node, answer))
    if (isRefusal(heard)) {
      this.#ports.report({ level: 'warn', name: 'node.answer', because: heard.because, node })
    }
  }

  #take(node: string, answer: Answer): void {
    const exchange = (ticket: Uint8Array) => this.#exchanges.get(toHex(ticket))
    switch (answer.frame) {
      case 'accepted':
        exchange(answer.accepted.ticket)?.accept(node, answer.accepted.acceptance)
        break
      case 'refused': {
        const found = exchange(answer.refused.ticket)
        const signed = readSigned(answer.refused.refusal)
        if (found !== undefined) openBy(kinds.refusal, signed, identityOf(this.#root, node))
        found?.refuse(node, signed)
        break
      }
      case 'stopped': {
        const { ticket, reason } = answer.stopped
        exchange(ticket)?.stop(node, reason)
        break
      }
      case 'keyConfirm':
        this.#confirm(node, answer.keyConfirm)
        break
      default:
    }
  }

  #confirm(node: string, { confirm: wire }: NodePart<'keyConfirm'>): void {
    const signed = readSigned(wire)
    if (claimsConsent(signed)) {
      const { change } = openConsent(this.#root, node, signed)
      this.#byChange.get(change)?.result(node, signed)
      return
    }
    const { confirm, body } = this.#confirms.add(node, signed)
    if (body !== undefined && confirm.change === undefined) this.#firstKey(body)
    this.#byKey.get(`${confirm.vault}/${confirm.epoch}`)?.result(node, confirm)
  }

  get #root(): Root {
    return this.#ports.root
  }
}
