// SignerNode: the whole, and what the outside may do with it: attach a coordinator, hand in a
// frame, let time pass, look, freeze, drain. A step function over its ports: it has no timer, no
// socket and no clock of its own, so a whole walk runs in one process.
// INVARIANT: a node that suspects a copy of its memory (its clocks part, or all its streams break
// at once) takes a new incarnation and forgets every Pairing and acceptance of the old one.
import type { CoordinatorFrame, NodeFrame } from '../proto/frames.ts'
import { parseVaultId, type VaultId } from '../proto/ids.ts'
import { attemptInTurns, type InTurns } from '../proto/in-turns.ts'
import { attempt, isRefusal, Refused, refuse } from '../proto/refusal.ts'
import type { Signed } from '../proto/signed.ts'
import { Greeted } from '../proto/versions.ts'
import { AddressDuty } from './address-duty.ts'
import { assemble, type NodeSettings, type NodeStores } from './assemble.ts'
import { BackupDuty } from './backup-duty.ts'
import { ExportDuty } from './export-duty.ts'
import { Floor } from './floor.ts'
import { Greetings } from './greetings.ts'
import { Keys } from './keys.ts'
import { LogDuty } from './log-duty.ts'
import { type PairState, pairStates } from './pair-states.ts'
import { Parting } from './parting.ts'
import type { Parts } from './parts.ts'
import type { Ports } from './ports.ts'
import { Prepared } from './prepared.ts'
import { Readmissions } from './readmissions.ts'
import { Releases } from './release.ts'
import { type Desk, receiveFrame } from './service.ts'
import { Signing } from './signing.ts'
import {
  type Condition,
  closedFor,
  mayCosign,
  otherVersion,
  stateWord,
  type Work,
} from './standing.ts'
import { restoredText, type Status } from './status.ts'
import type { KeptEvidence } from './strikes.ts'
import { Turns } from './turns.ts'

const floorAgainMs = 2_000
const receiptsAgainMs = 60_000
/** Clocks that part by more than this between two looks: the process stood still, or was copied. */
const clockJumpMs = 5_000
/** Streams that break within this time broke at once. */
const atOnceMs = 1_000

/** What a Station looks at: its own copy of the log, its keys, and what it accepted. */
export type Own = Pick<
  Parts,
  | 'copy'
  | 'rows'
  | 'witness'
  | 'journal'
  | 'sessions'
  | 'keystore'
  | 'store'
  | 'self'
  | 'bans'
  | 'ports'
  | 'plan'
  | 'sessions'
>

export class SignerNode {
  readonly #parts: Parts
  readonly #desk: Desk
  readonly #turns: Turns
  readonly #parting: Parting
  readonly #attached = new Set<string>()
  readonly #greeted = new Greeted()
  /** Those that have said something: a dial that failed is no stream that broke. */
  readonly #heard = new Set<string>()
  #broken: readonly number[] = []
  #isDraining = false
  /** Its stores may be closed: nothing reads them any more. */
  #isGone = false
  #isStateDue = false
  #floorAskedMs: number
  #receiptsSaidMs: number

  constructor(settings: NodeSettings, stores: NodeStores, ports: Ports) {
    const closed = (work?: Work) => closedFor(this.#parts, this.#condition(), work)
    const changed = () => this.#stateChanged()
    this.#parts = assemble(settings, stores, ports, { closed, changed })
    this.#desk = this.#furnish(this.#parts)
    this.#turns = new Turns(ports.pause)
    this.#parting = new Parting(ports.clock)
    this.#floorAskedMs = this.#nowMs()
    this.#receiptsSaidMs = this.#floorAskedMs
    this.#parts.journal.verify()
    this.#parts.keyshares.reviewAtOnce()
    this.#desk.signing.warm()
  }

  /** A stream to this coordinator is open. */
  attached(coordinator: string): void {
    this.#attached.add(coordinator)
    this.#send(coordinator, this.#desk.greetings.hello())
  }

  detached(coordinator: string): void {
    if (!this.#attached.delete(coordinator)) return
    this.#greeted.forget(coordinator)
    this.#parts.pairings.detached(coordinator)
    if (!this.#heard.delete(coordinator)) return
    const now = this.#nowMs()
    this.#broken = [...this.#broken.filter((at) => now - at < atOnceMs), now]
    // One lost stream is no reason: a coordinator could force it.
    if (this.#heard.size === 0 && this.#broken.length > 1) this.#renew('all streams broke at once')
  }

  /** `done` when it has been worked off: whoever reads a stream waits for that. */
  receive(coordinator: string, frame: CoordinatorFrame, done: () => void = () => {}): void {
    if (this.#hears(coordinator, frame)) {
      this.#turns.take(() => this.#received(coordinator, frame), done)
    } else done()
  }

  /** To be called a few times a second. */
  tick(): void {
    if (this.#isGone) return
    const { sessions, lastWords, room } = this.#parts
    const { signing, keys } = this.#desk
    lastWords.tick()
    if (room.tick()) this.#roomChanged()
    this.#compareClocks()
    for (const one of [sessions, signing, keys]) this.#try(() => one.tick())
    this.#turns.takeRound(() => this.#round())
  }

  status(): Status {
    const { self, copy, sessions, journal, keyshares, pairings, bans, meta } = this.#parts
    return {
      node: self.node,
      state: stateWord(this.#parts, this.#condition()),
      size: copy.size(),
      sessions: sessions.count,
      waitingReleases: this.#desk.releases.count,
      droppedEnvelopes: sessions.dropped,
      receipts: journal.head().counter,
      vaults: keyshares.all().map(({ vault }) => vault),
      pairings: pairings.all().map(({ peer }) => peer),
      banned: bans.banned().map(({ peer }) => peer),
      strikes: this.#strikes(),
      frozen: bans.frozen(),
      coordinators: [...this.#attached],
      fenced: meta.fenced() ?? restoredText(keyshares.restored()),
      curve: self.curve.name,
      backups: this.#desk.backups.list(),
    }
  }

  /** One row for every other node of the root in force. */
  pairs(): readonly PairState[] {
    return pairStates(this.#parts)
  }

  /** Documents against peers that a stranger can check. */
  evidence(): readonly KeptEvidence[] {
    return this.#parts.strikes.evidence()
  }

  /** By this node's operator: `all` or a vault. In force when it returns, whatever is running. */
  freeze(scope: string): void {
    const { bans, ports } = this.#parts
    const written = attempt(() => bans.freeze(scope, ports.clock.wallMs()))
    if (isRefusal(written) && written.code !== 'DISK_FULL') throw new Refused(written)
    ports.report({ level: 'alarm', name: 'frozen', because: scope })
    this.#desk.duty.review()
    this.#stateChanged()
    if (!isRefusal(written)) return
    refuse('DISK_FULL', `${scope} is frozen until this process ends; written when there is room`)
  }

  unfreeze(scope: string): void {
    const { bans, ports } = this.#parts
    bans.unfreeze(scope)
    ports.report({ level: 'warn', name: 'unfrozen', because: scope })
    this.#stateChanged()
  }

  /** By this node's operator: a witness only, until every key of it was refreshed (`rejoin.ts`). */
  fence(reason: string): void {
    if (!this.#desk.floor.fenceNow(`operator: ${reason}`, 'fenced-by-operator')) {
      refuse('BUSY', `fenced already: ${this.#parts.meta.fenced()}`)
    }
    this.#desk.duty.halt('FLOOR', 'fenced by the operator')
    this.#desk.duty.review()
    this.#stateChanged()
  }

  /** By this node's operator, from the recovery machine; refuses a proof that is not of its own. */
  backupProved(proof: Signed): void {
    this.#desk.backups.proved(proof)
  }

  /** By this node's operator: pending shares of a vault that never had a key. */
  dropPending(vault: string): void {
    this.#desk.keys.giveUpPending(parseVaultId(vault))
  }

  /** No new work; what runs may finish. */
  drain(): void {
    this.#isDraining = true
    this.#stateChanged()
  }

  /** For a Station, after a step that wipes: the share of this vault is not held before `wake`. */
  rest(vault: VaultId): void {
    this.#parts.keyshares.rest(vault)
    this.#desk.releases.stopOf(vault, 'CEREMONY')
    this.#stateChanged()
  }

  /** For a Station that was opened: none is held. */
  async restAll(): Promise<void> {
    await this.#parts.keyshares.restAll()
    this.#desk.releases.stopAll('CEREMONY')
    this.#stateChanged()
  }

  /** Returns when the share is held. Refused (SEAL) when it does not open. */
  async wake(vault: VaultId): Promise<void> {
    await this.#parts.keyshares.wake(vault)
  }

  /** For a Station, to read in; nothing of it is anybody else's to use. */
  get own(): Own {
    return this.#parts
  }

  get isIdle(): boolean {
    return this.#parts.sessions.count === 0 && this.#desk.releases.count === 0
  }

  [Symbol.dispose](): void {
    const { sessions, pairings, keyshares, invitations } = this.#parts
    sessions.stopAll('BUSY', 'the node goes down')
    this.#desk.releases.stopAll('BUSY')
    pairings.forgetAll()
    keyshares[Symbol.dispose]()
    invitations[Symbol.dispose]()
    this.#turns.end()
    this.#isGone = true
  }

  #hears(coordinator: string, frame: CoordinatorFrame): boolean {
    if (this.#isGone || !this.#attached.has(coordinator)) return false
    const hears = attempt(() => this.#greeted.hears(coordinator, frame))
    if (isRefusal(hears)) this.#parts.ports.report(otherVersion(hears))
    if (hears === true) this.#heard.add(coordinator)
    return hears === true
  }

  *#received(coordinator: string, frame: CoordinatorFrame): InTurns {
    // It may have waited for another one.
    if (this.#isGone || !this.#attached.has(coordinator)) return
    yield* receiveFrame(this.#desk, coordinator, frame)
  }

  /** In turns between frames; what an operator asks for meanwhile does not wait for it. */
  *#round(): InTurns {
    this.#try(() => this.#parts.pairings.tick())
    yield
    this.#pass(yield* attemptInTurns(this.#desk.duty.reviewing()))
    yield
    this.#parts.store.checkpoint()
    yield
    this.#sayAgain()
  }

  #furnish(parts: Parts): Desk {
    const floor = new Floor({
      ...parts,
      isAlone: parts.sitting !== undefined,
      met: (...met) => this.#try(() => parts.pairings.livesTwice(...met)),
    })
    const releases = new Releases(parts)
    const signing = new Signing(parts, releases)
    const keys = new Keys(parts, new Prepared(parts.store, parts.self.node))
    const may = () => mayCosign(parts, this.#condition())
    const everyone = () => this.#attached
    const backups = new BackupDuty(parts, everyone)
    const readmissions = new Readmissions(parts)
    const exports = new ExportDuty(parts)
    const addresses = new AddressDuty(parts)
    const work = { parts, floor, signing, keys, releases, backups, exports, readmissions }
    const duty = new LogDuty({ ...work, mayCosign: may, everyone })
    const word = () => stateWord(parts, this.#condition())
    const greetings = new Greetings({ ...work, word })
    return { ...work, addresses, duty, greetings }
  }

  #strikes(): Readonly<Record<string, number>> {
    const { peers, strikes, ports } = this.#parts
    const now = ports.clock.wallMs()
    const counted = peers.others().map(({ node }) => [node, strikes.today(node, now)] as const)
    return Object.fromEntries(counted.filter(([, count]) => count > 0))
  }

  #condition(): Condition {
    const isParted = hasJumped(this.#parting.partedMs)
    return { floor: this.#desk.floor, isDraining: this.#isDraining, isParted }
  }

  /** Told once, after the present turn, to everyone. */
  #stateChanged(): void {
    if (this.#isStateDue) return
    this.#isStateDue = true
    this.#parts.ports.defer(() => {
      this.#isStateDue = false
      if (this.#isGone) return
      const { greetings } = this.#desk
      const said = [greetings.state(), ...greetings.bans()]
      for (const coordinator of this.#attached) {
        for (const frame of said) this.#send(coordinator, frame)
      }
    })
  }

  /** What finds no room is tried again at the next tick. */
  #try(work: () => void): void {
    this.#pass(attempt(work))
  }

  #pass(done: unknown): void {
    if (!isRefusal(done)) return
    if (done.code !== 'DISK_FULL') throw new Refused(done)
    this.#parts.room.failed()
  }

  #roomChanged(): void {
    this.#stateChanged()
    if (this.#parts.room.shortage !== '') return
    this.#writeOwed()
    this.#desk.duty.again()
  }

  /** What found no room when it was decided. */
  #writeOwed(): void {
    const { bans, blame, pairings } = this.#parts
    this.#try(() => bans.writeFreezes())
    for (const { owed } of [pairings.fence, blame]) this.#try(() => owed.again())
  }

  #compareClocks(): void {
    const parted = this.#parting.look()
    if (hasJumped(parted)) this.#renew(`clocks parted by ${parted} ms`)
  }

  #renew(because: string): void {
    const { incarnation, sessions, pairings, ports } = this.#parts
    ports.report({ level: 'alarm', name: 'new-incarnation', because })
    incarnation.renew()
    sessions.stopAll('VIEW', because)
    this.#desk.releases.stopAll('VIEW')
    this.#desk.signing.forgetAll()
    this.#desk.keys.forgetAll()
    pairings.forgetAll()
    for (const coordinator of this.#attached) this.#send(coordinator, this.#desk.greetings.hello())
  }

  /** Floor queries until they are answered, receipts until the log shows them. */
  #sayAgain(): void {
    const now = this.#nowMs()
    const { greetings } = this.#desk
    const [first] = this.#attached
    if (first === undefined) return
    if (now - this.#floorAskedMs >= floorAgainMs) {
      this.#floorAskedMs = now
      if (this.#parts.room.shortage !== '') return
      this.#writeOwed()
      this.#desk.duty.again()
      // To everyone: one coordinator alone could keep a node from ever being ready.
      const queries = [...greetings.floorQueries(), ...greetings.floorAgain()]
      for (const coordinator of this.#attached) {
        for (const query of queries) this.#send(coordinator, query)
      }
    }
    if (now - this.#receiptsSaidMs >= receiptsAgainMs) {
      this.#receiptsSaidMs = now
      const { backups, keys, greetings: says } = this.#desk
      const own = [...keys.confirmations(), ...backups.statements(), ...says.bans()]
      for (const frame of [...says.receipts(), ...own]) this.#send(first, frame)
    }
  }

  #nowMs(): number {
    return this.#parts.ports.clock.monotonicMs()
  }

  #send(coordinator: string, frame: NodeFrame): void {
    this.#parts.ports.send(coordinator, frame)
  }
}

function hasJumped(partedMs: number): boolean {
  return Math.abs(partedMs) > clockJumpMs
}
