// Acceptances: what this node says yes to, in its own signed words, and what it compares before it
// starts (the walk, section 5 and 6). All participants must have said the same, each for itself.
// INVARIANT: an acceptance is used once, while it is young on the own monotonic clock; every
// difference is VIEW, which blames nobody, because a coordinator may have shown different things.
// The same counter of one incarnation on two documents proves a clone of that node's memory.
import { toHex, x25519PublicKey } from '../proto/crypto.ts'
import { readSigned, type WireSigned } from '../proto/frames.ts'
import type { NodeId } from '../proto/ids.ts'
import type { InTurns } from '../proto/in-turns.ts'
import { type Json, type JsonObject, parseText, text } from '../proto/jcs.ts'
import { type Kind, openBy, signBy } from '../proto/node-documents.ts'
import { refuse } from '../proto/refusal.ts'
import { writeTimeMillis } from '../proto/shape.ts'
import type { Opened, Signed } from '../proto/signed.ts'
import type { Both } from './clone-evidence.ts'
import { Secret } from './dkls23/secret.ts'
import type { Pairings } from './pairings.ts'
import type { Peers } from './peers.ts'
import type { Ports } from './ports.ts'
import type { Incarnation, Self } from './self.ts'
import type { Patience } from './sitting.ts'

/** What every acceptance has, whatever it accepts. */
export interface Acceptor {
  readonly node: string
  readonly incarnation: Uint8Array
  readonly counter: number
  readonly x25519: Uint8Array
}

/** An acceptance of this node that has not been used. */
export interface OpenAcceptance<T> {
  readonly coordinator: string
  readonly signed: Signed
  readonly value: T
  /** X25519 key of the session. */
  readonly secret: Secret
  readonly openedMs: number
}

export interface AcceptancesNeeds {
  readonly self: Self
  readonly incarnation: Incarnation
  readonly ports: Ports
  readonly peers: Peers
  readonly patience: Patience
  /** Called with the proof of a clone; from then on its incarnation is refused. */
  readonly cloned: (peer: NodeId, incarnation: Uint8Array, both: Both) => void
  /** Not asked any more: `pairings` knows it by its node. */
  readonly isRefused?: (incarnation: Uint8Array) => boolean
  readonly pairings: Pick<Pairings, 'counters' | 'incarnationOf' | 'isRefused'>
}

/** Fields in which acceptances of one session may differ. */
const ownFields: ReadonlySet<string> = new Set([
  'node',
  'incarnation',
  'counter',
  'nonce',
  'x25519',
  'pairings',
  'size',
  'root',
  'deadline',
  'record',
  // Asked for by whoever needs them.
  'facts',
])

export class Acceptances<T extends Acceptor & { readonly node: NodeId }> {
  readonly #kind: Kind<T>
  readonly #needs: AcceptancesNeeds
  readonly #open = new Map<string, OpenAcceptance<T>>()

  constructor(kind: Kind<T>, needs: AcceptancesNeeds) {
    this.#kind = kind
    this.#needs = needs
  }

  /** Signs what this node accepts, with fresh values of its own. Nothing is kept yet. */
  make(coordinator: string, about: JsonObject): OpenAcceptance<T> {
    const { self, incarnation, ports, patience } = this.#needs
    const secret = new Secret(ports.random(32))
    const document = {
      ...about,
      org: self.org,
      env: self.env,
      node: self.node,
      incarnation: toHex(incarnation.id),
      counter: incarnation.next(),
      nonce: toHex(ports.random(32)),
      x25519: toHex(x25519PublicKey(secret.bytes)),
      deadline: writeTimeMillis(ports.clock.wallMs() + patience.acceptanceMs),
    }
    const signed = signBy(this.#kind, document, self)
    const openedMs = ports.clock.monotonicMs()
    return { coordinator, signed, value: this.#kind.shape(document, ''), secret, openedMs }
  }

  /** From now on it may be started, once, under this ticket. */
  keep(ticket: Uint8Array, open: OpenAcceptance<T>): void {
    this.#open.set(toHex(ticket), open)
  }

  get(ticket: Uint8Array): OpenAcceptance<T> | undefined {
    return this.#open.get(toHex(ticket))
  }

  get count(): number {
    return this.#open.size
  }

  /** Used up or overtaken: the key is the caller's to use and to wipe. */
  take(ticket: Uint8Array): OpenAcceptance<T> | undefined {
    const open = this.get(ticket)
    this.#open.delete(toHex(ticket))
    return open
  }

  /** Wipes every open acceptance that `isOver` names, and those that are too old. */
  drop(isOver: (value: T) => boolean): void {
    for (const [ticket, open] of this.#open) {
      if (!isOver(open.value) && this.#isYoung(open)) continue
      open.secret[Symbol.dispose]()
      this.#open.delete(ticket)
    }
  }

  /**
   * What all participants said, in their order, when it is what this node said: one in each turn.
   * Whoever goes on with it asks `isOpen` at the end: the own one may have run out meanwhile.
   */
  *compare(
    open: OpenAcceptance<T>,
    given: readonly WireSigned[],
    participants: readonly NodeId[],
  ): InTurns<readonly Opened<T>[]> {
    if (given.length !== participants.length) {
      refuse('VIEW', `expected ${participants.length} acceptances, got ${given.length}`)
    }
    const common = commonText(open.signed)
    const all: Opened<T>[] = []
    for (const [at, node] of participants.entries()) {
      if (at > 0) yield
      const opened = this.#read(node, given[at])
      if (commonText(opened.signed) !== common) refuse('VIEW', `${node} accepted something else`)
      if (node === this.#needs.self.node && !isSame(opened.signed, open.signed)) {
        refuse('VIEW', 'this is not the own acceptance as it was given')
      }
      all.push(opened)
    }
    return all
  }

  /** Still to be started under this ticket; refused when it is too old. */
  isOpen(ticket: Uint8Array, open: OpenAcceptance<T>): boolean {
    if (!this.#isYoung(open)) refuse('VIEW', 'the own acceptance is too old')
    return this.get(ticket) === open
  }

  #read(node: NodeId, given: WireSigned | undefined): Opened<T> {
    const { self, peers, pairings, cloned } = this.#needs
    const signed = readSigned(given)
    if (signed.credential !== node) {
      refuse('VIEW', `expected the acceptance of ${node}, got that of ${signed.credential}`)
    }
    const identity = peers.peer(node)?.identity ?? refuse('VIEW', `${node} is not in the root`)
    const opened = openBy(this.#kind, signed, identity)
    const { incarnation, counter } = opened.value
    if (pairings.isRefused(incarnation, node)) {
      refuse('VIEW', `${node} runs twice, or this life of it is over`)
    }
    // Keys are made before there is any pairing; a signature asks for it afterwards.
    const paired = pairings.incarnationOf(node) ?? toHex(incarnation)
    if (toHex(incarnation) !== paired) {
      refuse('VIEW', `this incarnation of ${node} is not the one that is paired`)
    }
    const other = pairings.counters.other(`${node}/${toHex(incarnation)}/${counter}`, signed)
    if (other !== undefined) {
      if (node !== self.node) cloned(node, incarnation, [other, signed])
      refuse('VIEW', `${node} used counter ${counter} of one incarnation twice`)
    }
    return opened
  }

  #isYoung({ openedMs }: OpenAcceptance<T>): boolean {
    const { ports, patience } = this.#needs
    return ports.clock.monotonicMs() - openedMs < patience.acceptanceMs
  }
}

/** The document without what each participant says for itself. */
function commonText({ document }: Signed): string {
  const value = parseText(document)
  const fields = typeof value === 'object' ? Object.entries<Json>(value) : []
  return text(Object.fromEntries(fields.filter(([name]) => !ownFields.has(name))))
}

function isSame(a: Signed, b: Signed): boolean {
  return a.document === b.document && toHex(a.signature) === toHex(b.signature)
}
