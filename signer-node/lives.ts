// Lives of processes: every floor query says in which incarnation its author lives, and echoes the
// nonce of a query that another life of the same author had asked. A restart gives one life after
// another; two that echo each other run at the same time.
// INVARIANT: an echo of an own nonce by another life convinces this node alone, and three queries,
// there and back, convince anybody; nobody but the holder of the identity key can make either, and
// one process after another never does, in whatever order a coordinator carries them. Without
// whoever carries them nothing is heard: silence proves nothing.
import { equalBytes, toHex } from '../proto/crypto.ts'
import type { NodeId } from '../proto/ids.ts'
import type { FloorQuery } from '../proto/node-documents.ts'
import type { Opened, Signed } from '../proto/signed.ts'

/** Of each node; older ones are forgotten. */
const heardMax = 64
/** Own nonces that an echo may name, and those that were echoed: more than an hour of them. */
const askedMax = 64

type Query = Opened<FloorQuery>

/** Asked by one life, echoed by another, and echoed back by the first. */
export type ThereAndBack = readonly [first: Query, second: Query, third: Query]

export class Lives {
  readonly #heard = new Map<string, readonly Query[]>()
  /** Own nonces, each with the life that drew it. */
  readonly #asked = new Set<string>()
  readonly #echoed = new Set<string>()
  /**
   * Nonces of other lives that were not echoed yet: the newest that each peer told of. Each peer
   * has its turn: none can drown what another tells by old queries of lives that are over.
   */
  readonly #due = new Map<NodeId, string>()
  #echo = ''

  /** Nonce of a query of another life of this node; empty while there was none. */
  get echo(): string {
    return this.#echo
  }

  /** Another life was heard of: it is told so that it can tell. */
  get isEchoDue(): boolean {
    return this.#due.size > 0
  }

  /** This node asks. */
  asks(incarnation: Uint8Array, nonce: string): void {
    keep(this.#asked, nameOf(incarnation, nonce))
  }

  /** With the next question another one is echoed. */
  turn(): void {
    const [next] = this.#due.values()
    if (next === undefined) return
    for (const [peer, name] of this.#due) if (name === next) this.#due.delete(peer)
    keep(this.#echoed, next)
    this.#echo = next
  }

  /** Whatever was asked before this convinces no more, whoever kept the echo of it. */
  forget(): void {
    this.#asked.clear()
  }

  /** A query of this node, of another life; `twin` when that life runs beside this one. */
  told(
    own: Uint8Array,
    { value: { incarnation, nonce, echo } }: Query,
    by: NodeId,
  ): 'twin' | 'new' | 'known' {
    if (equalBytes(incarnation, own)) return 'known'
    const name = toHex(nonce)
    const isKnown = this.#echoed.has(name) || this.#due.get(by) === name
    if (!isKnown) this.#due.set(by, name)
    if (!this.#asked.has(nameOf(own, toHex(echo)))) return isKnown ? 'known' : 'new'
    this.forget()
    return 'twin'
  }

  /** A query of a peer; three of them when they show that it lives twice. */
  hear(query: Query): ThereAndBack | undefined {
    const { node, nonce, echo, incarnation } = query.value
    const heard = this.#heard.get(node) ?? []
    // Said again, by whoever carries it, it is no newer.
    if (heard.some(({ value }) => equalBytes(value.nonce, nonce))) return undefined
    this.#heard.set(node, [...heard, query].slice(-heardMax))
    const second = heard.find(({ value }) => equalBytes(value.nonce, echo))
    if (second === undefined || equalBytes(second.value.incarnation, incarnation)) return undefined
    const first = heard.find(({ value }) => equalBytes(value.nonce, second.value.echo))
    if (first === undefined || !equalBytes(first.value.incarnation, incarnation)) return undefined
    return [first, second, query]
  }

  /** What another life of this author has asked here; one that echoes the author's first. */
  otherOf({ node, incarnation }: FloorQuery): Signed | undefined {
    const heard = this.#heard.get(node) ?? []
    const own = heard.filter(({ value }) => equalBytes(value.incarnation, incarnation))
    const others = heard.filter((one) => !own.includes(one))
    const isEcho = ({ value: { echo } }: Query): boolean =>
      own.some(({ value }) => equalBytes(value.nonce, echo))
    return (others.findLast(isEcho) ?? others.at(-1))?.signed
  }
}

function keep(names: Set<string>, name: string): void {
  names.add(name)
  const [oldest] = names
  if (names.size > askedMax && oldest !== undefined) names.delete(oldest)
}

function nameOf(incarnation: Uint8Array, nonce: string): string {
  return `${toHex(incarnation)}/${nonce}`
}
