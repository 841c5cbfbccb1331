// One attempt: its line, one Warrant down, shares up, a signature verified twice before anything
// else happens with it. The coordinator sees acceptances, sealed envelopes and public shares; what
// is computed between them it does not know.
// INVARIANT: a signature that both implementations did not verify is never returned.
import type { Entry } from '../policy/audit/entry.ts'
import type { Signature } from '../policy/chain/chain.ts'
import { assemble, type SharePart } from '../policy/chain/signature.ts'
import type { Root } from '../policy/documents.ts'
import { digestOf, toHex } from '../proto/crypto.ts'
import { type NodePart, readSigned } from '../proto/frames.ts'
import type { Digest, NodeId } from '../proto/ids.ts'
import { limits } from '../proto/limits.ts'
import { kinds, openBy, type ShareReceipt } from '../proto/node-documents.ts'
import { attempt as attempting, isRefusal, type Refusal, refuse } from '../proto/refusal.ts'
import type { Opened, Signed } from '../proto/signed.ts'
import { tags } from '../proto/tags.ts'
import { type Ended, Exchange } from './exchange.ts'
import type { Answer, Links } from './links.ts'
import type { Clock, Random, Report } from './ports.ts'
import type { Sequencer } from './sequencer.ts'
import { verifiesTwice } from './verify-twice.ts'

export interface SigningPorts {
  /** The one in force, whenever it is read. */
  readonly root: Root
  readonly clock: Clock
  readonly random: Random
  readonly report: Report
  readonly links: Links
  readonly sequencer: Sequencer
}

export interface AttemptOrder {
  readonly intent: Digest
  readonly attempt: number
  readonly epoch: number
  /** Ascending by their x. */
  readonly participants: readonly NodeId[]
  readonly warrant: Uint8Array
  /** Pairings are made in the session: three rounds more. */
  readonly fresh: boolean
  /** What the key signs, and the key at the intent's path. */
  readonly digest: Uint8Array
  readonly publicKey: Uint8Array
}

/** Of a control proof: there is no attempt line, the order says it all. */
export type ProofOrder = Omit<AttemptOrder, 'epoch' | 'warrant'> & {
  /** Canonical prove-run document and canonical order. */
  readonly keygen: Uint8Array
  readonly order: Uint8Array
  /** Lines that the nodes must have. */
  readonly size: number
}

export interface Share {
  readonly part: SharePart
  readonly receipt: Opened<ShareReceipt>
}

export type Attempted =
  | {
      readonly kind: 'signed'
      readonly signature: Signature
      readonly sid: Digest
      readonly receipts: readonly Opened<ShareReceipt>[]
    }
  | {
      readonly kind: 'failed'
      readonly reason: string
      readonly refusals: readonly Signed[]
      readonly receipts: readonly Opened<ShareReceipt>[]
    }

const nothing = new Uint8Array(0)

type Asked = Pick<AttemptOrder, 'participants' | 'fresh' | 'digest' | 'publicKey'>

interface Armed {
  readonly exchange: Exchange<Share>
  readonly warrant: Uint8Array
  readonly fresh: boolean
}

export class Signing {
  readonly #ports: SigningPorts
  readonly #byTicket = new Map<string, Exchange<Share>>()
  readonly #byAttempt = new Map<string, Exchange<Share>>()
  /** Exchanges that wait for their line, by warrant. */
  readonly #armed = new Map<string, Armed>()

  constructor(ports: SigningPorts) {
    this.#ports = ports
    ports.links.onAnswer((node, answer) => this.#hear(node, answer))
  }

  /** Sessions that this coordinator runs now. */
  get running(): number {
    return this.#byTicket.size
  }

  isRunning(intent: Digest, attempt: number): boolean {
    return this.#byAttempt.has(`${intent}/${attempt}`)
  }

  /** A Refusal: the line was not lawful and the attempt does not exist. */
  async attempt(order: AttemptOrder): Promise<Attempted | Refusal> {
    const { intent, attempt, epoch, participants, warrant } = order
    const digest = digestOf(tags.warrant, warrant)
    const exchange = this.#open(order)
    const key = `${intent}/${attempt}`
    const ticket = toHex(exchange.ticket)
    this.#byTicket.set(ticket, exchange)
    this.#byAttempt.set(key, exchange)
    this.#armed.set(digest, { exchange, warrant, fresh: order.fresh })
    try {
      const answer = await this.#ports.sequencer.propose({
        kind: 'attempt',
        content: { intent, attempt, epoch, participants: [...participants], warrant: digest },
        blobs: [{ digest, kind: 'warrant', content: warrant }],
      })
      if (isRefusal(answer)) return answer
      const ended = await exchange.ended
      if (ended.kind === 'failed') this.#ports.links.putLast(ended.slow)
      else this.#ports.links.putBack(participants)
      return this.#conclude(order, ended)
    } finally {
      this.#armed.delete(digest)
      this.#byTicket.delete(ticket)
      this.#byAttempt.delete(key)
      this.#ports.links.unfollow(ticket)
    }
  }

  async prove(order: ProofOrder): Promise<Attempted> {
    const { intent, attempt, participants, keygen, fresh, size } = order
    const { links } = this.#ports
    const exchange = this.#open(order)
    const { ticket } = exchange
    const key = `${intent}/${attempt}`
    this.#byTicket.set(toHex(ticket), exchange)
    this.#byAttempt.set(key, exchange)
    links.follow(toHex(ticket), exchange.nodes)
    const none = { warrant: nothing, attemptSeq: 0, dealing: nothing, participants: [] }
    const part = { ...none, keygen, fresh, ticket, order: order.order }
    for (const node of participants) links.prepare(node, size, part)
    links.push()
    try {
      const ended = await exchange.ended
      if (ended.kind === 'failed') links.putLast(ended.slow)
      return this.#conclude(order, ended)
    } finally {
      this.#byTicket.delete(toHex(ticket))
      this.#byAttempt.delete(key)
      links.unfollow(toHex(ticket))
    }
  }

  /** Before the lines are pushed: Prepare goes out with its attempt line. */
  noticeLines(entries: readonly Entry[]): void {
    for (const entry of entries) {
      if (entry.type !== 'session.started') continue
      const armed = this.#armed.get(entry.body.warrant)
      if (armed === undefined) continue
      const { exchange, warrant, fresh } = armed
      const { ticket, nodes } = exchange
      this.#ports.links.follow(toHex(ticket), nodes)
      const part = {
        warrant,
        attemptSeq: entry.seq,
        keygen: nothing,
        order: nothing,
        dealing: nothing,
        ticket,
        fresh,
        participants: [],
      }
      for (const node of nodes) this.#ports.links.prepare(node, entry.seq + 1, part)
    }
  }

  #open({ participants, fresh }: Asked): Exchange<Share> {
    const { random, clock, links } = this.#ports
    const work = fresh ? limits.freshSessionTimeoutMs : limits.sessionTimeoutMs
    const patienceMs = { accept: limits.acceptanceLifetimeMs, work }
    return new Exchange<Share>(random(16), participants, {
      start: (node, start) => links.send(node, { frame: 'start', start }),
      patience: (phase, stop) => clock.sleep(patienceMs[phase], stop),
    })
  }

  #conclude(order: Asked, ended: Ended<Share>): Attempted {
    const receipts = ended.results.map(({ receipt }) => receipt)
    if (ended.kind === 'failed') return { ...ended, receipts }
    const parts = ended.results.map(({ part }) => part)
    const signature = attempting(() => assemble(parts, order.digest, order.publicKey))
    const sid = receipts[0]?.value.sid
    const failed = { kind: 'failed', reason: 'PEER_FAULT', refusals: [] } as const
    if (isRefusal(signature) || sid === undefined) return { ...failed, receipts }
    if (!verifiesTwice(signature, order.digest, order.publicKey)) {
      const because = 'two implementations disagree about a signature'
      this.#ports.report({ level: 'alarm', name: 'signature.disputed', because })
      return { ...failed, receipts }
    }
    return { kind: 'signed', signature, sid, receipts }
  }

  #hear(node: string, answer: Answer): void {
    const heard = attempting(() => this.#take(node, answer))
    if (isRefusal(heard)) {
      this.#ports.report({ level: 'warn', name: 'node.answer', because: heard.because, node })
    }
  }

  #take(node: string, answer: Answer): void {
    switch (answer.frame) {
      case 'accepted': {
        const { ticket, acceptance } = answer.accepted
        this.#byTicket.get(toHex(ticket))?.accept(node, acceptance)
        break
      }
      case 'refused': {
        const { ticket, refusal } = answer.refused
        const signed = readSigned(refusal)
        const exchange = this.#byTicket.get(toHex(ticket))
        if (exchange === undefined) break
        openBy(kinds.refusal, signed, identityOf(this.#ports.root, node))
        exchange.refuse(node, signed)
        break
      }
      case 'share':
        this.#takeShare(node, answer.share)
        break
      case 'stopped': {
        const { ticket, reason } = answer.stopped
        this.#byTicket.get(toHex(ticket))?.stop(node, reason)
        break
      }
      default:
    }
  }

  #takeShare(node: string, { rPoint, u, w, receipt: wire }: NodePart<'share'>): void {
    const receipt = openReceipt(this.#ports.root, node, readSigned(wire))
    const { intent, attempt } = receipt.value
    const exchange = this.#byAttempt.get(`${intent}/${attempt}`)
    exchange?.result(node, { part: { nonce: rPoint, u, w }, receipt })
  }
}

/** Signed by this very node of the root. */
export function openReceipt(
  root: Pick<Root, 'nodes'>,
  node: string,
  signed: Signed,
): Opened<ShareReceipt> {
  if (signed.credential !== node) refuse('VIEW', `expected a receipt of ${node}`)
  return openBy(kinds.receipt, signed, identityOf(root, node))
}

export function identityOf(root: Pick<Root, 'nodes'>, node: string): Uint8Array {
  const known = root.nodes.find((item) => item.node === node)
  return known?.identity ?? refuse('VIEW', `${node} is no node of the root`)
}
