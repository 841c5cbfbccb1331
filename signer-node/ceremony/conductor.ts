// The Record station's part in playing a script: goes through the turns of the Plan, tells
// Stations and people whose turn it is, orders the lines that they sign into one Record, starts
// the Hub's sessions, and closes with Statements and the Bundle out. Whoever stops, stops for all:
// then the closing is played, which is a good end. Source: the ceremony's design, 4.9, 4.11, 5.0.
// INVARIANT: a session begins only after every signer's confirmation of that very request is a
// line; the Record is the only progress: a room that starts again goes on where its lines end, and
// a session that died begins from fresh confirmations.
import { lotsOf, wentOnWithout } from '../../policy/ceremony/begun.ts'
import type { BundleFiles } from '../../policy/ceremony/bundle.ts'
import { screenFoot } from '../../policy/ceremony/foot.ts'
import { calledStations } from '../../policy/ceremony/plan.ts'
import { type Actor, type RecordDraft, signedLine } from '../../policy/ceremony/record.ts'
import { parseRecordType } from '../../policy/ceremony/record-bodies.ts'
import { draftLine } from '../../policy/ceremony/record-chain.ts'
import type { Turn } from '../../policy/ceremony/script.ts'
import type { SignedStatement } from '../../policy/ceremony/statement.ts'
import type { Digest } from '../../proto/ids.ts'
import { refuse } from '../../proto/refusal.ts'
import type { Clock, Random } from '../ports.ts'
import { Confirmations } from './confirmations.ts'
import type { Hub } from './hub.ts'
import { triesSpent, withoutKey } from './hub-orders.ts'
import { drawn } from './lot.ts'
import type { RecordCopy } from './record-copy.ts'
import { type Concluded, RoomClosing } from './room-closing.ts'
import { type DeskLine, deskWritten, firstLine, happenedAt } from './room-desk.ts'
import { RoomExceptions } from './room-exceptions.ts'
import type { RoomLog } from './room-log.ts'
import type { Note } from './room-notes.ts'
import { readAddress, readingOf, wordsBeside } from './room-readings.ts'
import type { RoomResults } from './room-results.ts'
import {
  firstUndone,
  type Group,
  groupsOf,
  hasAct,
  isLeft,
  leftCount,
  nodesOf,
  stoppedBefore,
  unfinished,
} from './room-turns.ts'
import { RoomVoice, startedAgain, type Told } from './room-voice.ts'
import { withoutEnd } from './session-results.ts'
import type { Desk } from './station-acts.ts'

export interface ConductorNeeds {
  readonly log: RoomLog
  readonly hub: Hub
  readonly record: RecordCopy
  readonly results: RoomResults
  readonly desk: Desk
  /** The token of the Record station. */
  readonly recorder: {
    readonly identity: Uint8Array
    readonly sign: (message: Uint8Array) => Promise<Uint8Array>
  }
  /** By a person's own credential, away from the room's keys. */
  readonly speak: (actor: Actor, document: string) => Promise<SignedStatement>
  /** To two media, each read back. */
  readonly write: (files: BundleFiles) => void
  readonly random: Random
  readonly clock: Clock
}

/** Of one session, and of what one station does. */
const triesMax = 3

export class Conductor {
  readonly #needs: ConductorNeeds
  readonly #groups: readonly Group[]
  readonly #voice: RoomVoice
  readonly #confirmations = new Confirmations()
  readonly #signers = new Map<Digest, readonly string[]>()
  readonly #tries = new Map<Digest, number>()
  readonly #signedToday = new Set<string>()
  readonly #closing: RoomClosing
  readonly #exceptions: RoomExceptions
  #files: BundleFiles = new Map()
  #stopped = ''

  constructor(needs: ConductorNeeds) {
    this.#needs = needs
    this.#groups = groupsOf(needs.log.bundle.plan.plan)
    const writeLine = (line: DeskLine, step: string) => this.#write1(line, step)
    this.#closing = new RoomClosing({ ...needs, writeLine })
    this.#exceptions = new RoomExceptions({ ...needs, writeLine })
    this.#voice = new RoomVoice({
      ...needs,
      stopped: (because) => this.stop(because),
      noted: (node, { id, happened, ...said }) =>
        this.note({ ...said, id: `${node} ${id}`, happened: happenedAt(node, happened) }),
      sat: (node) => this.#confirmations.forget(node),
    })
  }

  /** For all; the closing is played all the same. */
  stop(because: string): void {
    // What is closed cannot be stopped: it is whoever is away who is not waited for.
    if (this.#isClosed) this.#voice.without(because)
    if (this.#isClosed || this.#stopped !== '') return
    this.#halt(because)
    this.#needs.hub.stop(because)
    this.#voice.interrupt(because)
  }

  #halt(because: string): void {
    this.#stopped = because
    this.#needs.desk.say(`STOPPED: ${because}`)
  }

  /** Becomes an exception before the next step. */
  note(said: Note): void {
    this.#exceptions.note(said)
  }

  async run(): Promise<Concluded> {
    const before = stoppedBefore(this.#needs.record.lines)
    if (before !== '' && this.#stopped === '') this.#halt(before)
    await this.#exceptions.again(this.#groups[this.#undone()]?.first)
    for (let at = this.#undone(); at < this.#groups.length; ) {
      const group = this.#groups[at]
      if (group === undefined) break
      if (!isLeft(group, { isStopped: this.#stopped !== '', isClosed: this.#isClosed })) {
        at += 1
        continue
      }
      if (this.#stopped !== '') await this.#exceptions.stop(group.first, this.#stopped)
      at = (await this.#play(group, at)) ?? at + 1
    }
    this.#voice.over()
    const { size: lines, exceptions } = this.#needs.record.state
    const outcome = this.#stopped === '' ? 'done' : 'aborted'
    return { outcome, lines, exceptions, files: this.#files }
  }

  /** Where to go on instead, if not at the next. */
  async #play(group: Group, at: number): Promise<number | undefined> {
    const { desk, log } = this.#needs
    const { step } = group.first
    desk.say(`${step.id}  ${screenFoot(log.bundle.plan)}`)
    await this.#exceptions.notes(group.first)
    if (step.isOptional === true) {
      const typed = await desk.ask('go', `${step.id} may be left out; play it? (yes or no): `)
      if (typed.trim() !== 'yes') return undefined
    }
    if (step.say !== '') desk.say(`${step.id}  ${step.who}: ${step.say}`)
    const beside = wordsBeside(this.#needs, group.first)
    if (beside !== '') desk.say(beside)
    if (hasAct(group, 'begin-record')) {
      return void (await this.#write1(firstLine(this.#needs.log), step.id))
    }
    if (hasAct(group, 'draw-signers')) return await this.#draw(group, at)
    if (hasAct(group, 'sign', 'prove')) return await this.#sign(group, at)
    if (hasAct(group, 'keygen', 'reshare')) return await this.#deal(group)
    if (hasAct(group, 'close-record')) {
      await this.#closing.close(group.first, this.#stopped === '' ? '' : 'CEREMONY')
      await this.#voice.all(group.turns, this.#nodesOf(group), this.#with(group.first))
      return undefined
    }
    if (hasAct(group, 'statement')) {
      const tell = (node: string) => this.#voice.all(group.turns, [node], this.#with(group.first))
      return await this.#closing.statement(group.first, tell)
    }
    if (hasAct(group, 'write-bundle')) {
      this.#files = this.#closing.write()
      return undefined
    }
    if (hasAct(group, 'show-addresses')) desk.say(readAddress(this.#needs, group.first))
    await this.#each(group)
    return undefined
  }

  /** Stations of the turn first, one by one or at once; then what people without one leave. */
  async #each(group: Group): Promise<void> {
    const { first, turns } = group
    const nodes = this.#nodesOf(group)
    const about = first.request?.request
    let waiting: readonly string[] = nodes.filter((node) => !this.#confirmations.isOut(about, node))
    for (let tries = 1; waiting.length > 0 && tries <= triesMax; tries += 1) {
      const told = await this.#voice.all(turns, waiting, this.#with(first))
      const again = await this.#take(group, told)
      waiting = this.#stopped === '' ? again : []
    }
    const isOfStation = first.node !== undefined || first.step.each.includes('signer')
    if (!isOfStation) await this.#desk(group)
  }

  /** Of whom the turn is asked once more: their Station was started again. */
  async #take(group: Group, told: readonly Told[]): Promise<readonly string[]> {
    const { first } = group
    const again: string[] = []
    for (const one of told) {
      const because =
        one.kind === 'failed'
          ? one.because
          : (await this.#voice.write(one)) || this.#closing.bring(one.node, one.brought)
      if (because !== '') {
        if (await this.#failed(group, one.node, because)) again.push(one.node)
        continue
      }
      const request = first.request?.request
      if (request === undefined || !hasAct(group, 'confirm-request')) continue
      this.#confirmations.add(request, one.node)
    }
    return again
  }

  /** Whether its turn is asked again: as people decide, but who is out for a request stays out. */
  async #failed(group: Group, node: string, because: string): Promise<boolean> {
    // Of a stop there is one reason, and its line.
    if (this.#stopped !== '') return false
    const { first: turn } = group
    const request = turn.request?.request
    const isOut = request !== undefined && hasAct(group, 'confirm-request')
    const question = `${turn.step.id}: ${node}: ${because}; once more? (yes or no): `
    const isAgain =
      because === startedAgain ||
      (!isOut && (await this.#needs.desk.ask('again', question)).trim() === 'yes')
    if (isOut && !isAgain) this.#confirmations.turnOut(request, node)
    const happened = `${node}: ${because}`
    const decided = isAgain ? 'its turn is asked again' : wentOnWithout
    await this.#exceptions.say(turn, { expected: 'what the step asks', happened, decided })
    return isAgain
  }

  async #desk({ first }: Group, noted: readonly string[] = []): Promise<void> {
    const { desk, log } = this.#needs
    const reading = (what: string, turn: Turn) => readingOf(this.#needs, what, turn)
    await deskWritten({ plan: log.bundle.plan.plan, desk, reading }, first, noted, (line) =>
      this.#write1(line, first.step.id),
    )
  }

  async #draw(group: Group, at: number): Promise<number | undefined> {
    const { log, random, desk, hub, record } = this.#needs
    const { plan } = log.bundle.plan
    const { first } = group
    const request = first.request?.request ?? refuse('PLAN', 'a lot is for a request')
    const { ready, known } = this.#confirmations.of(request)
    const can = calledStations(plan).filter(({ node }) => ready.has(node))
    if (can.length < plan.t && known < leftCount(plan, record.lines, first)) {
      return await this.#again(group, at, 'confirmations are of a session that is over (X-16)')
    }
    if (can.length < plan.t) {
      this.stop(`${can.length} stations confirmed, ${plan.t} must sign`)
      return undefined
    }
    const names = drawn(can, { t: plan.t, random, last: this.#signedToday })
    this.#signers.set(request, names)
    desk.say(`by lot: ${names.join(', ')}`)
    const seated = can.map(({ node }) => node).filter((node) => hub.seats.has(node))
    await this.#voice.all(group.turns, seated, this.#with(first))
    await this.#desk(group, names)
    return undefined
  }

  async #sign(group: Group, at: number): Promise<number | undefined> {
    const { log, hub, results } = this.#needs
    const { first, turns } = group
    const request = first.request ?? refuse('PLAN', 'a signature is of a request')
    if (await this.#isOver(group, request.request)) return undefined
    const signers = this.#signersOf(request.request)
    const { ready } = this.#confirmations.of(request.request)
    if (signers.length === 0 || !signers.every((node) => ready.has(node))) {
      return await this.#again(group, at, 'a confirmation is of a session that is over (X-16)')
    }
    const tries = (this.#tries.get(request.request) ?? 0) + 1
    this.#tries.set(request.request, tries)
    this.#confirmations.use(request.request)
    const telling = this.#voice.all(turns, signers, this.#with(first))
    const ended = hasAct(group, 'prove')
      ? await hub.prove(log.proveOrder(request, this.#lots(request.request).length, signers))
      : await hub.sign(log.signOrder(request, signers))
    if (ended.kind === 'failed') {
      this.#voice.interrupt(ended.because)
      await telling
      if (tries < triesMax && ended.remedy === 'retry' && this.#stopped === '') {
        // The attempt goes on; what has left a Station in it is told all the same.
        results.add(withoutEnd(ended.result))
        return await this.#again(group, at, ended.because)
      }
      results.add(ended.result)
      const decided = 'the request ends'
      await this.#exceptions.say(first, {
        expected: 'a signature',
        happened: ended.because,
        decided,
      })
      this.stop(ended.because)
      return undefined
    }
    results.add(ended.result)
    for (const node of signers) this.#signedToday.add(node)
    await this.#finish(group, await telling)
    return undefined
  }

  /** Its result is on the card already: whose lines are lacking is asked, and nothing begins. */
  async #isOver(group: Group, request: Digest): Promise<boolean> {
    const { results, record, log } = this.#needs
    if (results.ended(request) === undefined) return false
    const { plan } = log.bundle.plan
    const lacking = unfinished(plan, record.lines, { request, nodes: this.#nodesOf(group) })
    await this.#finish(group, await this.#left(group, lacking))
    return true
  }

  /** What a session that ended well has left, of who was started again meanwhile too. */
  async #finish(group: Group, told: readonly Told[]): Promise<void> {
    let waiting = await this.#take(group, told)
    for (let tries = 1; waiting.length > 0 && tries < triesMax; tries += 1) {
      if (this.#stopped !== '') return
      waiting = await this.#take(group, await this.#left(group, waiting))
    }
  }

  async #left(group: Group, nodes: readonly string[]): Promise<readonly Told[]> {
    return await this.#voice.all(group.turns, nodes, this.#with(group.first), true)
  }

  /** S-x: once more from fresh confirmations. */
  async #again({ first }: Group, at: number, because: string): Promise<number> {
    const decided = 'once more, from fresh confirmations'
    await this.#exceptions.say(first, { expected: 'one session', happened: because, decided })
    const request = first.request?.request
    const from = this.#groups.findIndex((one, index) => {
      return index < at && hasAct(one, 'confirm-request') && one.first.request?.request === request
    })
    return from < 0 ? refuse('PLAN', 'no step confirms this request') : from
  }

  async #deal(group: Group): Promise<undefined> {
    const { log, hub, results } = this.#needs
    const { first, turns } = group
    const { requests } = log.bundle.plan.plan
    const request = requests.find((one) => one.vault === first.vault && one.op.startsWith('key.'))
    if (request === undefined) return refuse('PLAN', `no request makes the key of ${first.vault}`)
    if (await this.#isOver(group, request.request)) return undefined
    for (let [tries, above] = [1, 1]; tries <= triesMax; above += 1) {
      const nodes = this.#nodesOf(group)
      await this.#voice.seated(nodes)
      if (this.#stopped !== '') return undefined
      const telling = this.#voice.all(turns, nodes, this.#with(first))
      const order = log.dealOrder(request, above)
      const ended = await hub.deal(order)
      const because = withoutKey(ended, order.holders)
      tries += triesSpent(ended, above)
      if (ended.kind === 'certified' && because === '') {
        results.add(ended.result)
        await this.#finish(group, await telling)
        return undefined
      }
      this.#voice.interrupt(because)
      await telling
      if (this.#stopped !== '') return undefined
      const decided = 'once more from its beginning'
      await this.#exceptions.say(first, { expected: 'one session', happened: because, decided })
    }
    this.stop('the key could not be made')
    return undefined
  }

  async #write1({ actor, type, body }: DeskLine, step: string): Promise<void> {
    const { record, recorder } = this.#needs
    const when = { type: parseRecordType(type), t: this.#voice.now() }
    const draft: RecordDraft = { actor, body, step, ...when }
    const unsigned = draftLine(record.state, draft, recorder.identity)
    this.#voice.keep(signedLine(unsigned, await recorder.sign(unsigned.message)))
  }

  #with({ request }: Turn) {
    const signers = request === undefined ? [] : this.#signersOf(request.request)
    return { signers, manifest: this.#closing.manifest }
  }

  #lots(request: Digest): readonly (readonly string[])[] {
    const { log, record } = this.#needs
    return lotsOf(log.bundle.plan.plan, record.lines, request).map(({ signers }) => signers)
  }

  #signersOf(request: Digest): readonly string[] {
    return this.#signers.get(request) ?? this.#lots(request).at(-1) ?? []
  }

  #nodesOf(group: Group): readonly string[] {
    const { log, record } = this.#needs
    const { signers } = this.#with(group.first)
    return nodesOf(log.bundle.plan.plan, record.lines, group, signers)
  }

  get #isClosed(): boolean {
    return this.#needs.record.state.closed !== undefined
  }

  #undone(): number {
    const { record, log } = this.#needs
    return firstUndone(log.bundle.plan.plan, this.#groups, record.lines)
  }
}
