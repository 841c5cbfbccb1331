// One Pairing a peer, bound to both incarnations (protocol document, 1.10 and 1.13). The lower x
// says hello, the other answers; the session id of the two hellos is the Pairing's id.
// INVARIANT: one Pairing a peer in use; it lives in memory only; a death is on disk before anything
// that depended on it can leave; a new one replaces the old only when both sides confirmed it. A
// coordinator can delay a set-up. It can neither force one while the old stands nor read one. A
// life of a peer after which another was paired with is over: nothing is begun with it again.
import { equalBytes, toHex } from '../proto/crypto.ts'
import { type Digest, type NodeId, parseDigest } from '../proto/ids.ts'
import { limits } from '../proto/limits.ts'
import { fresh, type PairHello, type PairingName } from '../proto/node-documents.ts'
import type { Opened, Signed } from '../proto/signed.ts'
import type { Bans } from './bans.ts'
import type { Blame } from './blame.ts'
import type { Both } from './clone-evidence.ts'
import { pairingOf } from './dkls23/pair-setup.ts'
import type { Pairing, PairingDeath } from './dkls23/pairing.ts'
import { openChannel } from './envelope.ts'
import { Fence } from './fence.ts'
import type { ThereAndBack } from './lives.ts'
import { hearHello, needsSetUp, type OwnHello, pairSid, sayHello } from './pair-hello.ts'
import { PairTurns } from './pair-turns.ts'
import { type Life, PeerLives } from './peer-lives.ts'
import type { Peer, Peers } from './peers.ts'
import type { Ports } from './ports.ts'
import { SeenCounters } from './seen-counters.ts'
import { type Incarnation, partiesOf, type Self, sessionRandomness } from './self.ts'
import type { Ended } from './session.ts'
import type { Sessions } from './sessions.ts'
import { type Attached, Sightings } from './sightings.ts'
import { resultOf } from './stepper.ts'

const lifetimeMs = 86_400_000
const usesMax = 1_000_000
const probationUses = 3
/** A set-up that failed here may have been finished by the peer: so long hellos compare. */
const doubtMs = 6 * limits.pairSetupIntervalMs

export interface PairingsNeeds {
  readonly self: Self
  readonly incarnation: Incarnation
  readonly ports: Ports
  readonly peers: Peers
  readonly sessions: Sessions
  readonly bans: Bans
  readonly blame: Pick<Blame, 'failed' | 'cloned' | 'livesTwice'>
  /** One durable transaction. */
  readonly step: (work: () => void) => void
  readonly sayTo: (coordinator: string, peer: NodeId, hello: Signed) => void
  /** A Pairing came or went. */
  readonly changed: () => void
  /** Lines in the own copy of the log. */
  readonly logSize: () => number
  /** At a table: every Pairing is made in a session and ends with it. */
  readonly isFreshOnly?: boolean
}

interface Held {
  readonly pairing: Pairing
  /** Of the peer. */
  readonly incarnation: string
  readonly bornMs: number
  /** Lines that this node had when its set-up began: from then on somebody may know of it. */
  readonly begunSize: number
  uses: number
  doubtedUntilMs: number
}

interface Retired {
  readonly peer: NodeId
  readonly pairing: Pairing
  readonly untilMs: number
}

type SetUp = Life & { readonly sid: Uint8Array; readonly begunSize: number }

export class Pairings {
  /** Of all acceptances: a clone is one, whatever it accepts. */
  readonly counters = new SeenCounters()
  readonly fence: Fence
  readonly #needs: PairingsNeeds
  readonly #held = new Map<NodeId, Held>()
  readonly #waiting = new Map<NodeId, OwnHello>()
  readonly #sightings = new Sightings()
  readonly #turns: PairTurns
  /** Replaced Pairings whose last sessions may still run. */
  #retired: readonly Retired[] = []
  readonly #lives = new PeerLives()
  /** At a table: who was found to live twice, or left the root. */
  readonly #lost = new Set<NodeId>()
  #attempts = 0
  /** The last line that gave a key new shares; what was begun before it is used no more. */
  #renewedSeq = -1

  constructor(needs: PairingsNeeds) {
    this.#needs = needs
    this.fence = new Fence(needs)
    this.#turns = new PairTurns(needs.ports.clock)
  }

  /** The Pairing with this peer that may take a session now. */
  with(peer: NodeId): Pairing | undefined {
    const held = this.#held.get(peer)
    return held?.pairing.isAlive && !this.#isOld(held) ? held.pairing : undefined
  }

  idWith(peer: NodeId): Digest | undefined {
    const pairing = this.with(peer)
    return pairing && parseDigest(toHex(pairing.id), 'pairing')
  }

  /** Of the peer, as the Pairing with it was made. */
  incarnationOf(peer: NodeId): string | undefined {
    return this.#held.get(peer)?.incarnation
  }

  /** Whether a session over this Pairing may still end well: in use, or merely replaced. */
  isSound(peer: NodeId, id: PairingName | undefined): boolean {
    // It ended with its session; what remains is that the peer was not lost meanwhile.
    if (id === fresh) return this.#isThere(peer)
    const retired = this.#retired.filter((one) => one.peer === peer)
    const known = [this.#held.get(peer), ...retired].map((one) => one?.pairing)
    return known.some((pairing) => pairing?.isAlive && toHex(pairing.id) === id)
  }

  /** Whether a session over fresh Pairings may begin with this peer, and end. */
  #isThere(peer: NodeId): boolean {
    if (this.#needs.isFreshOnly) return !this.#lost.has(peer)
    return this.#held.get(peer)?.pairing.isAlive === true
  }

  all(): readonly { readonly peer: NodeId; readonly id: Digest }[] {
    return [...this.#held.keys()].flatMap((peer) => {
      const id = this.idWith(peer)
      return id === undefined ? [] : [{ peer, id }]
    })
  }

  /** To coordinators: dead ones too, for a while, and one a peer as ever. */
  shown(): readonly { readonly peer: NodeId; readonly id: Digest }[] {
    const all = this.all()
    const ghosts = this.fence.ghosts().filter(({ peer }) => !all.some((one) => one.peer === peer))
    return [...all, ...ghosts]
  }

  /** For the operator (`pair-states.ts`). */
  lookAt(peer: NodeId) {
    const held = this.#held.get(peer)
    const replaced = this.#retired.filter((one) => one.peer === peer).length
    const seenAt = this.#sightings.placeOf(peer)
    return { bornMs: held?.bornMs ?? this.#now(), sessions: held?.uses ?? 0, replaced, seenAt }
  }

  /** Counts a session that is about to use the Pairing. */
  use(peer: NodeId): void {
    const held = this.#held.get(peer)
    if (held !== undefined) held.uses += 1
  }

  /** A coordinator names who is attached to it: a hint, no more. */
  sighted(coordinator: string, attached: readonly Attached[]): void {
    const { self, isFreshOnly } = this.#needs
    if (isFreshOnly) return
    this.#sightings.hear(coordinator, attached, {
      isStranger: (node) => this.#isStranger(node),
      isWanted: (node, life) => node !== self.node && !this.isRefused(life, node),
    })
    this.tick()
  }

  detached(coordinator: string): void {
    this.#sightings.forget(coordinator)
  }

  /** A hello, from whoever the coordinator says; only the signature decides. */
  receive(coordinator: string, document: Signed): void {
    const { self, peers, bans, isFreshOnly } = this.#needs
    const peer = peers.peer(document.credential)
    if (isFreshOnly || peer === undefined || bans.isBanned(peer.node)) return
    const hello = hearHello(self, peer, document)
    if (hello === undefined || this.isRefused(hello.value.incarnation, peer.node)) return
    if (hello.value.answers !== '') this.#answered(coordinator, peer, hello)
    else if (peer.x < self.x) this.#answer(coordinator, peer, hello)
    else if (hello.value.holds === '') this.#begin(coordinator, peer)
    else if (hello.value.holds !== this.#holds(peer)) this.#begin(coordinator, peer)
  }

  /** One counter of an incarnation on two documents: a clone of the peer's memory. */
  refuseIncarnation(peer: NodeId, incarnation: Uint8Array, both?: Both): void {
    this.#lives.refuse(peer, incarnation)
    this.#drop(peer)
    this.#needs.ports.report({ level: 'alarm', name: 'clone', peer })
    // Last: there may be no room for it.
    if (both !== undefined) this.#needs.blame.cloned(peer, both)
  }

  /** Two lives of a peer echoed each other: nothing with either of them, until it lives anew. */
  livesTwice(peer: NodeId, proof: ThereAndBack): void {
    const { blame, peers, ports } = this.#needs
    // A light witness takes part in no session.
    const isPeer = peers.peer(peer) !== undefined
    if (isPeer) {
      for (const { value } of proof) this.#lives.refuse(peer, value.incarnation)
      this.#drop(peer)
    }
    ports.report({ level: 'alarm', name: 'second-instance', peer, because: 'two lives at once' })
    // Last: there may be no room for it.
    if (isPeer) blame.livesTwice(peer, proof)
  }

  /** Of the peer, or of any. */
  isRefused(incarnation: Uint8Array, peer?: NodeId): boolean {
    return this.#lives.isRefused(incarnation, peer)
  }

  /** This node's memory may have been copied: every Pairing of the old incarnation is void. */
  forgetAll(): void {
    for (const peer of [...this.#held.keys()]) this.#drop(peer)
    for (const { secret } of this.#waiting.values()) secret[Symbol.dispose]()
    this.#waiting.clear()
  }

  /**
   * A key has new shares: what was paired before this line is used for no new session any more, so
   * that nothing of the old epoch helps against the new one (protocol 2.1). What runs may end; a
   * Pairing that is being made is none when it ends.
   */
  renew(seq: number): void {
    const untilMs = this.#now() + limits.freshSessionTimeoutMs
    this.#renewedSeq = Math.max(this.#renewedSeq, seq)
    for (const [peer, { pairing, begunSize }] of [...this.#held]) {
      if (begunSize > seq) continue
      this.#retired = [...this.#retired, { peer, pairing, untilMs }]
      this.#held.delete(peer)
    }
    this.#needs.changed()
    this.tick()
  }

  /** A ban that came from elsewhere than the fence. */
  forget(peer: NodeId): void {
    this.#drop(peer)
  }

  tick(): void {
    this.fence.tick()
    for (const node of [...this.#held.keys()]) if (this.#isStranger(node)) this.#drop(node)
    this.#discard(({ untilMs }) => untilMs <= this.#now())
    for (const [node, { coordinator, incarnation }] of this.#sightings.all()) {
      const peer = this.#needs.peers.peer(node)
      const held = this.#held.get(node)
      const isDoubted = held !== undefined && this.#now() < held.doubtedUntilMs
      const stands = this.with(node) && held?.incarnation === incarnation && !isDoubted
      if (stands || this.#lives.isOver(node, incarnation)) continue
      if (peer !== undefined) this.#begin(coordinator, peer)
    }
  }

  /** The lower x begins; the higher invites it to, with what it holds. */
  #begin(coordinator: string, peer: Peer): void {
    const { self, bans } = this.#needs
    const isLow = self.x < peer.x
    if (bans.isBanned(peer.node) || this.fence.isQuiet(peer.node)) return
    if (!this.#turns.mayBegin(coordinator, peer.node)) return
    if (isLow) this.#attempts += 1
    const hello = this.#say(coordinator, peer, { attempt: isLow ? this.#attempts : 0, answers: '' })
    // An invitation is answered by a hello, and a hello replaces the one that nobody answered.
    const useless = isLow ? this.#waiting.get(peer.node) : hello
    useless?.secret[Symbol.dispose]()
    if (isLow) this.#waiting.set(peer.node, hello)
  }

  #answer(coordinator: string, peer: Peer, theirs: Opened<PairHello>): void {
    // No hello tells of a failed check before its time.
    if (this.fence.isQuiet(peer.node) || !this.#turns.mayAnswer(coordinator, peer.node)) return
    const answers = theirs.digest
    const mine = this.#say(coordinator, peer, { attempt: theirs.value.attempt, answers })
    this.#setUp(coordinator, peer, mine, theirs)
  }

  #answered(coordinator: string, peer: Peer, theirs: Opened<PairHello>): void {
    const mine = this.#waiting.get(peer.node)
    if (mine === undefined || theirs.value.answers !== mine.digest) return
    if (theirs.value.attempt !== mine.value.attempt) return
    this.#waiting.delete(peer.node)
    this.#setUp(coordinator, peer, mine, theirs)
  }

  #setUp(coordinator: string, peer: Peer, mine: OwnHello, theirs: Opened<PairHello>): void {
    using secret = mine.secret
    if (!needsSetUp(mine.value, theirs.value)) return
    const { self, incarnation, ports, sessions, logSize } = this.#needs
    const parties = partiesOf([self, peer])
    const me = parties.find(({ x }) => x === self.x)
    const other = parties.find(({ x }) => x === peer.x)
    const sid = pairSid(self, parties, mine, theirs)
    const ends = { sid, self: self.x, peer: peer.x, sign: self.sign, peerIdentity: peer.identity }
    const channel = openChannel(ends, secret.bytes, theirs.value.x25519)
    if (me === undefined || other === undefined || channel === undefined) return
    const randomness = sessionRandomness(self, incarnation, ports.random, { purpose: 'pair', sid })
    const run = { sid, self: me, participants: parties, curve: self.curve, randomness }
    const recordDeath = (death: PairingDeath): void => this.died(peer.node, death)
    const life = this.#lives.begins(theirs.value.incarnation)
    const about = { ...life, sid, begunSize: logSize() }
    sessions.start<Pairing>(sid, coordinator, {
      counterparts: new Map([[other.x, { node: peer.node, channel }]]),
      stepper: resultOf(ports.runner.pair(run), (made) => pairingOf(run, made, recordDeath)),
      secrets: [randomness],
      deadlineMs: this.#now() + limits.sessionTimeoutMs,
      ended: (ended) => this.#ended(peer.node, about, ended),
    })
  }

  #ended(peer: NodeId, { sid, begunSize, ...life }: SetUp, ended: Ended<Pairing>): void {
    const { report } = this.#needs.ports
    const old = this.#held.get(peer)
    if (ended.kind === 'failed') {
      this.#lives.failed(peer, life)
      if (old !== undefined) old.doubtedUntilMs = this.#now() + doubtMs
      this.#needs.blame.failed(ended, sid)
      if (ended.reason === 'pprf-check') this.fence.setUpFailed(peer, sid)
      report({ level: 'warn', name: 'pairing-failed', peer, because: ended.because })
      return
    }
    const [isOld, because] = [begunSize <= this.#renewedSeq, 'a key has new shares since']
    if (isOld) report({ level: 'info', name: 'pairing-old', peer, because })
    if (isOld || !this.#lives.finished(peer, life)) {
      ended.result[Symbol.dispose]()
      return
    }
    const bornMs = this.#now()
    const untilMs = bornMs + limits.sessionTimeoutMs
    if (old !== undefined)
      this.#retired = [...this.#retired, { peer, pairing: old.pairing, untilMs }]
    const doubtedUntilMs = this.#lives.hasFailedSince(peer, life) ? bornMs + doubtMs : 0
    const counts = { bornMs, begunSize, uses: 0, doubtedUntilMs }
    this.#held.set(peer, { pairing: ended.result, incarnation: life.incarnation, ...counts })
    report({ level: 'info', name: 'paired', peer })
    this.#needs.changed()
  }

  /** Called inside the failing check, of a Pairing held here or of one made in a session. */
  died(peer: NodeId, death: PairingDeath, { isFresh = false } = {}): void {
    const { ports, sessions } = this.#needs
    const held = this.#held.get(peer)
    const isHeld = held !== undefined && equalBytes(held.pairing.id, death.pairingId)
    const isYoung = isFresh || (isHeld && held.uses <= probationUses)
    const isBanned = this.fence.died(peer, death, { shown: this.idWith(peer), isYoung })
    if (isHeld || isBanned) this.#erase(peer)
    if (isBanned) this.#discard((one) => one.peer === peer)
    // The check that called this is still on the stack: the other sessions end after it.
    ports.defer(() => sessions.bereave(peer, `pairing destroyed: ${death.check}`))
  }

  #drop(peer: NodeId): void {
    this.#lost.add(peer)
    this.#erase(peer)
    this.#discard((one) => one.peer === peer)
    this.#needs.sessions.bereave(peer, 'pairing dropped')
    this.#needs.changed()
  }

  #erase(peer: NodeId): void {
    this.#held.get(peer)?.pairing[Symbol.dispose]()
    this.#held.delete(peer)
  }

  #discard(isOver: (one: Retired) => boolean): void {
    for (const one of this.#retired.filter(isOver)) one.pairing[Symbol.dispose]()
    this.#retired = this.#retired.filter((one) => !isOver(one))
  }

  #say(
    coordinator: string,
    to: Peer,
    words: { readonly attempt: number; readonly answers: Digest | '' },
  ): OwnHello {
    const { self, incarnation, ports, sayTo } = this.#needs
    const said = { to, holds: this.#holds(to), ...words }
    const hello = sayHello(self, incarnation, ports.random, said)
    sayTo(coordinator, to.node, hello.signed)
    return hello
  }

  /** The root in force names it no more. */
  #isStranger(node: NodeId): boolean {
    return this.#needs.peers.peer(node) === undefined
  }

  #holds({ node }: Peer): Digest | '' {
    return this.idWith(node) ?? ''
  }

  #isOld({ bornMs, uses }: Held): boolean {
    return this.#now() - bornMs >= lifetimeMs || uses >= usesMax
  }

  #now(): number {
    return this.#needs.ports.clock.monotonicMs()
  }
}
