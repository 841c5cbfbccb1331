// The floor after a start (the walk, section 6): a node that may have been rolled
// back must not cosign or accept before it knows how far it had ever signed. It asks the other
// witnesses; a second place of the floor that agrees with the store makes one answer enough. It
// asks again every minute, because a copy of it may have been started since (`lives.ts`).
// INVARIANT: an own signature that the own copy does not contain proves a rollback or a second
// instance; the node then stays a witness (`fenced`) until a refresh, also over restarts.
// DEVIATION: a receipt counter that only a line of the log claims raises an alarm and fences
// nothing, because a coordinator could write such a line; the counter in the second place does
// fence.
import { cosignatures, signedByLog } from '../policy/audit/checkpoint.ts'
import { coverage, type Reigns, reignOver } from '../policy/audit/reigns.ts'
import { key, tables } from '../policy/audit/tables.ts'
import { cosignersOf, membersOf, type RootWitness } from '../policy/documents.ts'
import { equalBytes, toHex, toUtf8 } from '../proto/crypto.ts'
import type { NodeId } from '../proto/ids.ts'
import {
  type FloorAnswer,
  type FloorQuery,
  type Kind,
  kinds,
  openBy,
  signBy,
} from '../proto/node-documents.ts'
import { attempt, isRefusal } from '../proto/refusal.ts'
import type { Opened, Signed } from '../proto/signed.ts'
import type { FloorPlace } from './floor-file.ts'
import { cut, type Known, readHead, wordsOf } from './floor-notes.ts'
import type { HistoryRows } from './history-rows.ts'
import type { Journal } from './journal.ts'
import { Lives, type ThereAndBack } from './lives.ts'
import type { LogCopy } from './log-copy.ts'
import type { Meta } from './meta.ts'
import type { Ports } from './ports.ts'
import type { Incarnation, WitnessSelf } from './self.ts'
import { floorAnswers, type Witness } from './witness.ts'

export type FloorState = 'checking' | 'catching-up' | 'fenced' | 'passed'

/** For one answer alone, with a second place that agrees. */
const patienceMs = 1_000
/** Between two rounds of questions, once the first was answered. */
const againMs = 60_000

export interface FloorNeeds {
  readonly self: WitnessSelf
  readonly incarnation: Pick<Incarnation, 'id'>
  readonly ports: Pick<Ports, 'clock' | 'random' | 'report'>
  readonly witness: Witness
  readonly copy: LogCopy
  readonly rows: HistoryRows
  readonly journal: Journal
  readonly meta: Meta
  readonly place: FloorPlace
  /** At a table there is nobody to ask: the places of its own say how far it has seen. */
  readonly isAlone?: boolean
  /** A peer lives twice, as its own three queries show. */
  readonly met?: (peer: NodeId, proof: ThereAndBack) => void
}

export interface Told {
  readonly teller: NodeId
  readonly heads: readonly Uint8Array[]
}

/** What one peer said, as far as it was proved. */
interface Answered {
  /** The largest head with this node's own cosignature. */
  readonly own: Known | undefined
  /** The largest head that the log signed. */
  readonly head: Known | undefined
}

/**
 * What proved a rollback is left as it is, for whoever looks, and for the next start, until the
 * copy contains it. From then on it goes on also while fenced: a database of before the fence is
 * found.
 */
export function keptPlace(
  place: FloorPlace,
  { meta, copy }: Pick<FloorNeeds, 'meta' | 'copy'>,
): FloorPlace {
  const isProof = (counter: number): boolean => {
    const known = place.read()
    const held = known && copy.rootAt(known.size)
    if (known === undefined) return false
    return held === undefined || !equalBytes(held, known.root) || counter < known.counter
  }
  return {
    read: () => place.read(),
    write: (reached) => {
      if (meta.fenced() === undefined || !isProof(reached.counter)) place.write(reached)
    },
  }
}

export class Floor {
  readonly #needs: FloorNeeds
  readonly #lives = new Lives()
  /** Of one life: one nonce in two of them, and what they echo, would accuse this node. */
  #nonce: string
  #life: Uint8Array
  /** When the present round of questions began. */
  #askedMs: number
  #claimed = 0
  readonly #answers = new Map<NodeId, Answered>()
  readonly #secondPlaceAgrees: boolean
  /** Lines may come before the answers do, and would hide what the copy had lost. */
  readonly #sizeAtStart: number
  readonly #startedMs: number
  #state: FloorState = 'checking'

  constructor(needs: FloorNeeds) {
    this.#needs = needs
    this.#nonce = toHex(needs.ports.random(32))
    this.#life = needs.incarnation.id
    this.#sizeAtStart = needs.copy.size()
    this.#startedMs = needs.ports.clock.monotonicMs()
    this.#askedMs = this.#startedMs
    this.#secondPlaceAgrees = this.#compareSecondPlace()
  }

  get state(): FloorState {
    return this.#state
  }

  /** The size up to which lines are still missing; 0 before it is known. */
  get target(): number {
    const known = [...this.#answers.values()].flatMap(({ own, head }) => [own, head])
    return Math.max(0, ...known.map((one) => one?.size ?? 0))
  }

  /** Queries to everyone who has not answered yet; the same nonce, so an answer counts once. */
  queries(): readonly { readonly to: NodeId; readonly document: Signed }[] {
    if (this.#state !== 'checking' || this.#needs.isAlone) return []
    if (!equalBytes(this.#life, this.#needs.incarnation.id)) this.#draw()
    const silent = this.#peers().filter(({ node }) => !this.#answers.has(node))
    return this.#questions(silent)
  }

  /** Once a minute, to everybody: whether another instance has come since. */
  again(): readonly { readonly to: NodeId; readonly document: Signed }[] {
    const { clock } = this.#needs.ports
    if (this.#state === 'checking' || this.#needs.isAlone) return []
    if (!this.#lives.isEchoDue && clock.monotonicMs() - this.#askedMs < againMs) return []
    this.#lives.turn()
    this.#askedMs = clock.monotonicMs()
    this.#draw()
    return this.#questions(this.#peers())
  }

  #draw(): void {
    const { incarnation, ports } = this.#needs
    this.#nonce = toHex(ports.random(32))
    this.#life = incarnation.id
  }

  #questions(peers: readonly RootWitness[]) {
    const { self, incarnation } = this.#needs
    this.#lives.asks(incarnation.id, this.#nonce)
    return peers.map(({ node: to }) => {
      const document = {
        format: 'custody-floor-query/v1',
        org: self.org,
        env: self.env,
        node: self.node,
        to,
        incarnation: toHex(incarnation.id),
        nonce: this.#nonce,
        echo: this.#lives.echo,
      }
      return { to, document: signBy(kinds.floorQuery, document, self) }
    })
  }

  /** What this node holds of the asker; in every state, so that all can start together. */
  answer(document: Signed): { readonly to: NodeId; readonly document: Signed } | undefined {
    const { self, copy, rows, witness: own } = this.#needs
    const asked = this.#heard(kinds.floorQuery, document)
    if (asked === undefined || own.root === undefined) return undefined
    const { node: to, witness } = asked.peer
    const proof = this.#lives.hear(asked)
    if (proof !== undefined) this.#needs.met?.(to, proof)
    const other = this.#lives.otherOf(asked.value)
    const counted = rows.lastKey(tables.receipt.name, `${key(to)}|`)
    const answer = {
      format: 'custody-floor-answer/v1',
      org: self.org,
      env: self.env,
      node: self.node,
      to,
      nonce: toHex(asked.value.nonce),
      cosigned: cut(copy.cosigned(witness.name)?.note, witness),
      counter: counted === undefined ? 0 : Number(counted.slice(key(to).length + 1)),
      head: cut(copy.checkpoint(copy.size())?.note, own.root.log.vkey),
      other: other === undefined ? [] : [wordsOf(other)],
    }
    return { to, document: signBy(kinds.floorAnswer, answer, self) }
  }

  /** Returns heads of the peer that signed this, to be looked at like any others. */
  receive(document: Signed): Told | undefined {
    const { witness } = this.#needs
    const { root, vkey } = witness
    const heard = this.#heard(kinds.floorAnswer, document)
    if (heard === undefined || root === undefined || vkey === undefined) return undefined
    const { peer, value } = heard
    if (toHex(value.nonce) !== this.#nonce || !this.#isAskable(peer)) return undefined
    this.#meetOther(peer, value)
    this.#compareCounter(peer, value)
    const told = (...notes: readonly string[]): Told => {
      return { teller: peer.node, heads: notes.filter((note) => note !== '').map(toUtf8) }
    }
    if (this.#state !== 'checking') return told(value.cosigned, value.head)
    const own = readHead(value.cosigned, root, (note) => cosignatures(note, [vkey]).length > 0)
    const head = readHead(value.head, root, (note) => signedByLog(note, root.log.vkey))
    this.#answers.set(peer.node, { own, head })
    this.review()
    // What the own key signed was looked at; the other may prove a fork.
    return told(value.head)
  }

  /** Only the own key can have signed what is believed here, whoever brings it. */
  #meetOther({ node }: RootWitness, { other: [words] }: FloorAnswer): void {
    const { self, incarnation } = this.#needs
    if (words === undefined) return
    const signed = { credential: self.node, ...words }
    const opened = attempt(() => openBy(kinds.floorQuery, signed, self.identity))
    if (isRefusal(opened)) return
    const { org, env } = opened.value
    if (org !== self.org || env !== self.env) return
    const told = this.#lives.told(incarnation.id, opened, node)
    const life = toHex(opened.value.incarnation).slice(0, 8)
    if (told === 'twin') this.#meetTwin(`${node} was asked by life ${life} of this node`)
  }

  /** It runs now: what was dealt before may be on its disk too, so a fence begins anew. */
  #meetTwin(because: string): void {
    const { meta, copy, ports, witness } = this.#needs
    if (meta.fenced() === undefined) {
      witness.heads.meetTwin(because)
      return
    }
    ports.report({ level: 'alarm', name: 'second-instance', because })
    meta.fence(because)
    if (this.#state === 'fenced') meta.keepFencedSince(copy.size())
  }

  #compareCounter({ node: peer }: RootWitness, { counter }: FloorAnswer): void {
    const { ports, journal } = this.#needs
    const own = journal.head().counter
    if (counter <= Math.max(own, this.#claimed)) return
    this.#claimed = counter
    const because = `log: receipt ${counter}, journal: ${own}`
    ports.report({ level: 'alarm', name: 'receipt-beyond-journal', peer, because })
  }

  /** After an answer and after every page: whether this node may cosign now. */
  review(): void {
    if (this.#state === 'passed' || this.#state === 'fenced') return
    if (!this.#isAnswered()) return
    if (this.#state === 'checking') this.#fenceIfBehindOwn()
    this.#state = 'catching-up'
    if (this.#needs.copy.size() < this.target) return
    for (const { own } of this.#answers.values()) {
      const held = own && this.#needs.copy.rootAt(own.size)
      if (own && (held === undefined || !equalBytes(held, own.root))) {
        this.#fence(`an own cosignature of size ${own.size} is not in the own copy`)
      }
    }
    this.#state = this.#needs.meta.fenced() === undefined ? 'passed' : 'fenced'
    if (this.#state === 'fenced') this.#needs.meta.keepFencedSince(this.#needs.copy.size())
    this.#needs.witness.writeFloor()
    this.#needs.ports.report({ level: 'info', name: `floor-${this.#state}` })
  }

  /** What this node has not made was signed by its key, or is feared; false when it was fenced. */
  fenceNow(because: string, name: 'second-instance' | 'fenced-by-operator'): boolean {
    const { meta, copy } = this.#needs
    const isFenced = meta.fenced() !== undefined
    if (this.#state === 'checking' || this.#state === 'catching-up') {
      // As far as it can tell before it knows its floor, its disk went back.
      if (!isFenced) this.#fence(because, name === 'second-instance' ? 'rollback' : name)
      return !isFenced
    }
    // In force at once: what finds no room now is written down when it is asked for again.
    this.#state = 'fenced'
    if (!isFenced) this.#fence(because, name)
    meta.keepFencedSince(copy.size())
    return !isFenced
  }

  /** Every share that a copy of the disk may hold is worth nothing now (`rejoin.ts`). */
  rejoin(): void {
    const { meta, witness, ports } = this.#needs
    ports.report({ level: 'warn', name: 'rejoined', because: meta.fenced() ?? '' })
    meta.unfence()
    this.#lives.forget()
    this.#state = 'passed'
    witness.writeFloor()
  }

  #isAnswered(): boolean {
    const asked = this.#asked()
    if (asked.length === 0 || this.#needs.isAlone) return asked.length > 0
    const isEnough = asked.every(({ root }) => {
      // A station cosigns nothing, so of what this node signed it knows nothing.
      const answered = cosignersOf(root).filter(({ node }) => this.#answers.has(node)).length
      return answered >= floorAnswers(root)
    })
    if (isEnough || !this.#secondPlaceAgrees || this.#answers.size === 0) return isEnough
    // Both places may have been rolled back together: whoever is there is given time to say so.
    return this.#needs.ports.clock.monotonicMs() - this.#startedMs >= patienceMs
  }

  /**
   * The roots by which this node may have signed what its copy has lost. One whose end the other
   * witnesses have sealed by themselves is none: whatever it signed under it is in their log.
   */
  #asked(): Reigns {
    const { self, witness } = this.#needs
    const { reigns } = witness
    if (reigns.length === 0) return []
    const start = reigns.indexOf(reignOver(reigns, this.#sizeAtStart))
    return reigns.filter(({ root }, at) => {
      const isNamed = membersOf(root).some(({ node }) => node === self.node)
      return at >= start && isNamed && !this.#isSealedByOthers(at)
    })
  }

  #isSealedByOthers(at: number): boolean {
    const { witness, copy } = this.#needs
    const next = witness.reigns[at + 1]
    if (next === undefined) return false
    const own = witness.vkey?.name
    const size = (name: string) => (name === own ? 0 : (copy.cosigned(name)?.size ?? 0))
    return coverage(witness.reigns, next.from, size).isCovered
  }

  /** All but this node: those of the root in force, and those of the roots that are asked about. */
  #peers(): readonly RootWitness[] {
    const { self, witness } = this.#needs
    const { root } = witness
    const now = root === undefined ? [] : membersOf(root)
    const named = [...now, ...this.#asked().flatMap((reign) => membersOf(reign.root))]
    const others = named.filter(({ node }) => node !== self.node)
    return [...new Map(others.map((peer) => [peer.node, peer])).values()]
  }

  /** Who has left the root is no witness: its word makes no floor, whatever it once cosigned. */
  #isAskable({ node }: RootWitness): boolean {
    return this.#peers().some((peer) => peer.node === node)
  }

  /** By the size at the start: afterwards the copy may contain again what it had lost. */
  #fenceIfBehindOwn(): void {
    const size = this.#sizeAtStart
    for (const { own } of this.#answers.values()) {
      if (own && own.size > size) this.#fence(`signed size ${own.size}, the copy ended at ${size}`)
    }
  }

  /** True when it was there and agrees; a second place that is ahead of the store fences. */
  #compareSecondPlace(): boolean {
    const { place, copy, journal } = this.#needs
    const floor = place.read()
    if (floor === undefined) return false
    const held = copy.rootAt(floor.size)
    const isContained = held !== undefined && equalBytes(held, floor.root)
    const { counter } = journal.head()
    if (isContained && floor.counter <= counter) return true
    this.#fence(`second place: ${floor.size}, ${floor.counter}; store: ${copy.size()}, ${counter}`)
    return false
  }

  #fence(because: string, name = 'rollback'): void {
    const { meta, ports } = this.#needs
    meta.fence(because)
    ports.report({ level: 'alarm', name, because })
  }

  #heard<T extends FloorQuery | FloorAnswer>(
    kind: Kind<T>,
    document: Signed,
  ): (Opened<T> & { readonly peer: RootWitness }) | undefined {
    const { self, witness } = this.#needs
    const nodes = witness.reigns.flatMap(({ root }) => membersOf(root))
    const peer = nodes.findLast(({ node }) => node === document.credential)
    if (peer === undefined) return undefined
    const opened = attempt(() => openBy(kind, document, peer.identity))
    if (isRefusal(opened)) return undefined
    const { value } = opened
    const isMeant = value.org === self.org && value.env === self.env && value.to === self.node
    return isMeant ? { peer, ...opened } : undefined
  }
}
