// LightWitness: a copy of the log and a witness key, and nothing else. It takes lines, folds them,
// cosigns the own head, answers floor queries and asks for its own floor after a start, over the
// same stream as a signer node; of a cold log it says which address a vault has, for payers. It has
// no share and no protocol: a Prepare, a Start or an envelope is refused, whatever it says.
// INVARIANT: nothing here or below imports the protocol. A proved rollback leaves it a witness for
// ever, as `fenced`: what it signs again is the copy that the others know, but a copy of its key
// may be somewhere, so the next root should name another.
import type { CoordinatorFrame, CoordinatorPart, NodeFrame } from '../proto/frames.ts'
import { readSigned, writeSigned } from '../proto/frames.ts'
import type { Digest, NodeId } from '../proto/ids.ts'
import { attemptInTurns, type InTurns } from '../proto/in-turns.ts'
import { attempt, isRefusal, type Refusal, Refused, refusal, refuse } from '../proto/refusal.ts'
import { Greeted, spoken } from '../proto/versions.ts'
import { ColdAddressDuty } from './cold-address-duty.ts'
import { Cosigning } from './cosigning.ts'
import { Floor, keptPlace } from './floor.ts'
import type { FloorPlace } from './floor-file.ts'
import { HistoryRows } from './history-rows.ts'
import { Journal } from './journal.ts'
import { LogCopy } from './log-copy.ts'
import { Meta } from './meta.ts'
import type { Ports } from './ports.ts'
import type { Room } from './room.ts'
import type { WitnessSelf } from './self.ts'
import { otherVersion, type StateWord } from './standing.ts'
import type { Status } from './status.ts'
import type { Store } from './store.ts'
import { Turns } from './turns.ts'
import { Witness } from './witness.ts'

const floorAgainMs = 2_000
const incarnationBytes = 16

export type LightPorts = Pick<Ports, 'clock' | 'random' | 'send' | 'pause' | 'report'>

export interface LightSettings {
  readonly self: WitnessSelf
  readonly origin: string
  readonly rootDigest: Digest
}

export interface LightStores {
  readonly store: Store
  readonly place: FloorPlace
  readonly room: Room
}

export class LightWitness {
  readonly #settings: LightSettings
  readonly #ports: LightPorts
  readonly #copy: LogCopy
  readonly #room: Room
  readonly #meta: Meta
  readonly #witness: Witness
  readonly #floor: Floor
  readonly #cosigning: Cosigning
  readonly #addresses: ColdAddressDuty
  readonly #attached = new Set<string>()
  readonly #turns: Turns
  readonly #greeted = new Greeted()
  readonly #incarnation: Uint8Array
  #floorAskedMs: number
  #isDraining = false
  #isGone = false

  constructor(settings: LightSettings, { store, place, room }: LightStores, ports: LightPorts) {
    this.#settings = settings
    this.#ports = ports
    const { self, origin, rootDigest } = settings
    const { clock, report } = ports
    const meta = new Meta(store)
    meta.claim(`${self.org} ${self.env} ${self.node} ${origin} ${rootDigest}`)
    const [copy, rows] = [new LogCopy(store), new HistoryRows(store)]
    const journal = new Journal(store, self.node)
    const log = { self, origin, rootDigest, copy, rows, journal, clock, report }
    const witness = new Witness({ ...log, floor: keptPlace(place, { meta, copy }) })
    const incarnation = { id: ports.random(incarnationBytes) }
    const own = { self, incarnation, ports, witness }
    const floor = new Floor({ ...own, copy, rows, journal, meta, place })
    const asked = { mayCosign: () => this.#mayCosign(), everyone: () => this.#attached }
    const told = { changed: () => this.#changed(), halt: () => {} }
    const shared = { origin, store, copy, witness, floor, ports }
    this.#cosigning = new Cosigning({ ...shared, ...asked, ...told })
    const closed = () => this.#closed()
    this.#addresses = new ColdAddressDuty({ self, copy, rows, witness, ports, closed })
    this.#copy = copy
    this.#room = room
    this.#meta = meta
    this.#witness = witness
    this.#floor = floor
    this.#incarnation = incarnation.id
    this.#turns = new Turns(ports.pause)
    this.#floorAskedMs = clock.monotonicMs()
  }

  /** A stream to this coordinator is open. */
  attached(coordinator: string): void {
    this.#attached.add(coordinator)
    const { node } = this.#settings.self
    const hello = {
      node,
      incarnation: this.#incarnation,
      versions: [...spoken],
      state: this.#statePart(),
    }
    this.#ports.send(coordinator, { frame: 'hello', hello })
  }

  detached(coordinator: string): void {
    this.#attached.delete(coordinator)
    this.#greeted.forget(coordinator)
  }

  /** `done` when it has been worked off. */
  receive(coordinator: string, frame: CoordinatorFrame, done: () => void = () => {}): void {
    if (this.#hears(coordinator, frame)) {
      this.#turns.take(() => this.#received(coordinator, frame), done)
    } else done()
  }

  /** To be called a few times a second. */
  tick(): void {
    if (this.#isGone) return
    if (this.#room.tick()) this.#roomChanged()
    this.#turns.takeRound(() => this.#review())
    const now = this.#ports.clock.monotonicMs()
    if (now - this.#floorAskedMs < floorAgainMs) return
    this.#floorAskedMs = now
    if (this.#room.shortage === '') this.#cosigning.again()
    const again = this.#floor.again()
    for (const coordinator of this.#attached)
      this.#ask(coordinator, [...this.#floor.queries(), ...again])
  }

  status(): Status {
    return {
      ...{ node: this.#settings.self.node, state: this.#word(), size: this.#copy.size() },
      ...{ sessions: 0, waitingReleases: 0, droppedEnvelopes: 0, receipts: 0, vaults: [] },
      ...{ pairings: [], banned: [], strikes: {}, frozen: [], coordinators: [...this.#attached] },
      ...{ fenced: this.#meta.fenced() ?? '', backups: [], curve: '' },
    }
  }

  pairs(): readonly [] {
    return []
  }

  evidence(): readonly [] {
    return []
  }

  fence(): void {
    refuse('NOT_SUPPORTED', 'a light witness is a witness already: name another in the next root')
  }

  freeze(scope: string): void {
    refuse('NOT_SUPPORTED', `a light witness signs nothing: freeze ${scope} at a signer node`)
  }

  unfreeze(scope: string): void {
    this.freeze(scope)
  }

  backupProved(): void {
    refuse('NOT_SUPPORTED', 'a light witness has no share and no backup')
  }

  dropPending(vault: string): void {
    refuse('NOT_SUPPORTED', `a light witness has no share of ${vault}`)
  }

  drain(): void {
    this.#isDraining = true
    this.#changed()
  }

  [Symbol.dispose](): void {
    this.#turns.end()
    this.#isGone = true
  }

  #hears(coordinator: string, frame: CoordinatorFrame): boolean {
    if (this.#isGone || !this.#attached.has(coordinator)) return false
    const heard = attempt(() => this.#greeted.hears(coordinator, frame))
    if (isRefusal(heard)) this.#ports.report(otherVersion(heard))
    return heard === true
  }

  *#received(coordinator: string, frame: CoordinatorFrame): InTurns {
    if (this.#isGone || !this.#attached.has(coordinator)) return
    try {
      yield* this.#inParts(coordinator, frame)
    } catch (error) {
      if (!(error instanceof Refused)) throw error
      if (error.refusal.code === 'DISK_FULL') this.#room.failed()
      const because = `${frame.frame}: ${error.refusal.because}`
      this.#ports.report({ level: 'warn', name: 'frame-refused', because })
    }
  }

  *#inParts(coordinator: string, frame: CoordinatorFrame): InTurns {
    switch (frame.frame) {
      case 'welcome':
        this.#welcomed(coordinator, frame.welcome)
        return
      case 'lines': {
        const taken = yield* this.#cosigning.lines(coordinator, frame.lines)
        yield* this.#cosigning.reviewing()
        yield
        this.#send(coordinator, this.#cosigning.answer(taken))
        return
      }
      case 'heads':
        yield* this.#cosigning.settle(frame.heads.heads)
        yield* this.#cosigning.reviewing()
        return
      case 'note':
        yield* this.#note(coordinator, frame.note)
        return
      case 'requestLines':
        this.#send(coordinator, this.#cosigning.supply(frame.requestLines))
        return
      case 'certify':
        yield* this.#addresses.asked(coordinator, frame.certify)
        return
      case 'heartbeat':
        return
      case 'invite':
      case 'prepare':
      case 'start':
      case 'envelope':
      case 'stop':
      case 'requestPart':
        refuse('NOT_SUPPORTED', 'a light witness takes part in no session')
    }
  }

  #welcomed(coordinator: string, welcome: CoordinatorPart<'welcome'>): void {
    const { origin } = this.#settings
    const { size, root } = this.#statePart()
    if (welcome.origin === origin && welcome.size < size) {
      this.#ports.send(coordinator, { frame: 'ahead', ahead: { origin, size, root } })
    }
    this.#ask(coordinator, this.#floor.queries())
  }

  *#note(coordinator: string, { to, kind, document }: CoordinatorPart<'note'>): InTurns {
    if (to !== this.#settings.self.node) return
    const signed = readSigned(document)
    if (kind === 'floor-query') {
      const answer = this.#floor.answer(signed)
      if (answer === undefined) return
      this.#send(coordinator, this.#noteTo(answer.to, 'floor-answer', answer.document))
      return
    }
    if (kind !== 'floor-answer') refuse('NOT_SUPPORTED', `${kind}: not for a light witness`)
    const told = this.#floor.receive(signed)
    yield* this.#cosigning.settle(told?.heads ?? [], told?.teller)
    yield* this.#cosigning.reviewing()
  }

  #ask(coordinator: string, queries: ReturnType<Floor['queries']>): void {
    for (const { to, document } of queries) {
      this.#send(coordinator, this.#noteTo(to, 'floor-query', document))
    }
  }

  #noteTo(to: NodeId, kind: string, document: Parameters<typeof writeSigned>[0]): NodeFrame {
    const from = this.#settings.self.node
    return { frame: 'note', note: { from, to, kind, document: writeSigned(document) } }
  }

  #word(): StateWord {
    if (this.#copy.fork() !== undefined) return 'forked'
    const { standing, root } = this.#witness
    if (standing === 'removed') return 'removed'
    if (standing === 'awaited' && root !== undefined) return 'catching-up'
    if (this.#floor.state !== 'passed') return this.#floor.state
    if (this.#isDraining) return 'draining'
    return this.#room.shortage === '' ? 'ready' : 'full'
  }

  /** Why it says nothing of addresses: whoever is fenced may not be the only one with its key. */
  #closed(): Refusal | undefined {
    const word = this.#word()
    switch (word) {
      case 'ready':
        return undefined
      case 'forked':
        return refusal('LOG_FORK', 'the log showed two faces; an operator must look')
      case 'removed':
        return refusal('PARTICIPANTS', 'the root in force does not name this witness')
      case 'draining':
      case 'full':
        return refusal('BUSY', `this witness is ${word}`)
      default:
        return refusal('FLOOR', `this witness is ${word}`)
    }
  }

  /** What finds no room is tried again at the next tick. */
  *#review(): InTurns {
    const done = yield* attemptInTurns(this.#cosigning.reviewing())
    if (!isRefusal(done)) return
    if (done.code !== 'DISK_FULL') throw new Refused(done)
    this.#room.failed()
  }

  #roomChanged(): void {
    this.#changed()
    if (this.#room.shortage === '') this.#cosigning.again()
  }

  #mayCosign(): boolean {
    const { standing, isRemovalSealed } = this.#witness
    const isPast = this.#floor.state === 'passed' || this.#floor.state === 'fenced'
    if (this.#copy.fork() !== undefined || !isPast || standing === 'awaited') return false
    return standing === 'named' || !isRemovalSealed
  }

  #statePart() {
    const { origin } = this.#settings
    const { size, root } = this.#witness.head
    return { state: this.#word(), origin, size, root, keys: [], pairings: [] }
  }

  #changed(): void {
    const state = this.#statePart()
    for (const coordinator of this.#attached) {
      this.#ports.send(coordinator, { frame: 'state', state })
    }
  }

  #send(coordinator: string, frame: NodeFrame | undefined): void {
    if (frame !== undefined) this.#ports.send(coordinator, frame)
  }
}
