// The Record station's part in playing a script: goes through the turns of the Plan, tells Stations
// and people whose turn it is, orders the lines that they sign into one Record, starts the Hub's
// sessions, and closes with Statements and the Bundle out. Whoever stops, stops for all: then the
// closing is played, which is a good end.
// INVARIANT: a session begins only after every signer's confirmation of that very request is a line;
// the Record is the only progress, so a room that starts again goes on where its lines end, and a
// session that died begins from fresh confirmations. Decides nothing that a Station must admit.
// Source: the ceremony's design, 4.9, 4.11, 5.0.
import { manifestOf } from '../../policy/ceremony/bundle.ts'
import { bundleOutFiles, writeBundleOut } from '../../policy/ceremony/bundle-out.ts'
import type { BundleFiles } from '../../policy/ceremony/bundle.ts'
import { having } from '../../policy/ceremony/people.ts'
import { calledStations } from '../../policy/ceremony/plan.ts'
import { signatureReading } from '../../policy/ceremony/readings.ts'
import { type Actor, type RecordDraft, signedLine } from '../../policy/ceremony/record.ts'
import { parseRecordType, type RecordType } from '../../policy/ceremony/record-bodies.ts'
import { draftLine } from '../../policy/ceremony/record-chain.ts'
import { parseResults } from '../../policy/ceremony/results.ts'
import type { Turn } from '../../policy/ceremony/script.ts'
import {
  encodeStatements,
  type SignedStatement,
  statementText,
} from '../../policy/ceremony/statement.ts'
import { fromHex, fromUtf8 } from '../../proto/crypto.ts'
import { type Digest, parseDigest } from '../../proto/ids.ts'
import type { JsonObject } from '../../proto/jcs.ts'
import { Refused, refuse } from '../../proto/refusal.ts'
import type { Clock, Random } from '../ports.ts'
import type { Hub } from './hub.ts'
import type { RecordCopy } from './record-copy.ts'
import { actorOf, type DeskLine, deskLines } from './room-desk.ts'
import type { RoomLog } from './room-log.ts'
import type { RoomResults } from './room-results.ts'
import { firstUndone, type Group, groupsOf, hasAct } from './room-turns.ts'
import { RoomVoice, startedAgain, type Told } from './room-voice.ts'
import { type Desk, spoken } from './station-acts.ts'
import { drawn } from './lot.ts'
import type { TurnPaper } from './turn-papers.ts'

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
  readonly scripts: BundleFiles
  readonly random: Random
  readonly clock: Clock
}

export interface Concluded {
  readonly outcome: 'done' | 'aborted'
  readonly lines: number
  readonly exceptions: number
  readonly files: BundleFiles
}

/** Of one session, and of what one station does. */
const triesMax = 3

export class Conductor {
  readonly #needs: ConductorNeeds
  readonly #groups: readonly Group[]
  readonly #voice: RoomVoice
  /** Confirmed in this process: a session begins of nothing older. */
  readonly #confirmed = new Map<Digest, Set<string>>()
  readonly #signers = new Map<Digest, readonly string[]>()
  readonly #tries = new Map<Digest, number>()
  readonly #signedToday = new Set<string>()
  readonly #statements: SignedStatement[] = []
  readonly #notes: { readonly node: string; readonly said: TurnPaper<'note'> }[] = []
  #manifest = ''
  #files: BundleFiles = new Map()
  #stopped = ''
  #isTold = false

  constructor(needs: ConductorNeeds) {
    this.#needs = needs
    this.#groups = groupsOf(needs.log.bundle.plan.plan)
    this.#voice = new RoomVoice({
      ...needs,
      stopped: (because) => this.stop(because),
      noted: (node, said) => void this.#notes.push({ node, said }),
      sat: (node) => {
        for (const confirmed of this.#confirmed.values()) confirmed.delete(node)
      },
    })
  }

  /** For all; the closing is played all the same. */
  stop(because: string): void {
    if (this.#stopped !== '') return
    this.#stopped = because
    this.#needs.hub.stop(because)
    this.#needs.desk.say(`STOPPED: ${because}`)
    this.#voice.interrupt(because)
  }

  status() {
    const { record } = this.#needs
    const at = this.#undone()
    const step = this.#groups[at]?.first.step.id ?? 'end'
    return { step, lines: record.state.size, exceptions: record.state.exceptions }
  }

  async run(): Promise<Concluded> {
    for (let at = this.#undone(); at < this.#groups.length; ) {
      const group = this.#groups[at]
      if (group === undefined) break
      const isClosing = group.first.step.id.startsWith('C-')
      if (this.#stopped !== '' && !isClosing) {
        at += 1
        continue
      }
      if (this.#stopped !== '') await this.#tellStop(group.first)
      at = (await this.#play(group, at)) ?? at + 1
    }
    const { record } = this.#needs
    const outcome = this.#stopped === '' ? 'done' : 'aborted'
    const { size: lines, exceptions } = record.state
    return { outcome, lines, exceptions, files: this.#files }
  }

  /** Once, before the closing: an exception that says why. */
  async #tellStop(turn: Turn): Promise<void> {
    if (this.#isTold || this.#needs.record.state.closed !== undefined) return
    this.#isTold = true
    await this.exception(turn, 'the script to its end', this.#stopped, 'the ceremony is stopped')
  }

  /** Where to go on instead, if not at the next. */
  async #play(group: Group, at: number): Promise<number | undefined> {
    const { desk } = this.#needs
    const { step } = group.first
    for (const { node, said } of this.#notes.splice(0)) {
      await this.exception(group.first, said.expected, `${node}: ${said.happened}`, said.decided)
    }
    if (step.isOptional === true) {
      const typed = await desk.ask('go', `${step.id} may be left out; play it? (yes or no): `)
      if (typed.trim() !== 'yes') return undefined
    }
    if (step.say !== '') desk.say(`${step.id}  ${step.who}: ${step.say}`)
    if (hasAct(group, 'begin-record')) return await this.#begin(group)
    if (hasAct(group, 'draw-signers')) return await this.#draw(group)
    if (hasAct(group, 'sign', 'prove')) return await this.#sign(group, at)
    if (hasAct(group, 'keygen', 'reshare')) return await this.#deal(group)
    if (hasAct(group, 'close-record')) return await this.#close(group)
    if (hasAct(group, 'statement')) return await this.#statement(group)
    if (hasAct(group, 'write-bundle')) return this.#write()
    if (hasAct(group, 'show-addresses')) this.#address(group)
    await this.#each(group)
    return undefined
  }

  /** Stations of the turn first, one by one or at once; then what people without one leave. */
  async #each(group: Group): Promise<void> {
    const { first, turns } = group
    const nodes = this.#nodesOf(group)
    let waiting = nodes
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
      const isLost = one.kind === 'done' && !(await this.#voice.write(one))
      if (one.kind === 'failed' || isLost) {
        const because = one.kind === 'failed' ? one.because : startedAgain
        if (because === startedAgain) again.push(one.node)
        await this.#failed(first, one.node, because)
        continue
      }
      this.#bring(one.brought)
      const request = first.request?.request
      if (request === undefined || !hasAct(group, 'confirm-request')) continue
      this.#confirmed.set(request, (this.#confirmed.get(request) ?? new Set()).add(one.node))
    }
    return again
  }

  async #failed(turn: Turn, node: string, because: string): Promise<void> {
    // Of a stop there is one reason, and its line.
    if (this.#stopped !== '') return
    const happened = `${node}: ${because}`.slice(0, 500)
    const decided = because === startedAgain ? 'its turn is asked again' : 'it goes on without it'
    await this.exception(turn, 'what the step asks', happened, decided)
  }

  async exception(turn: Turn, expected: string, happened: string, decided: string): Promise<void> {
    const { record, log } = this.#needs
    const { people } = log.bundle.plan.plan
    const by = having(people, 'administrator')[0]?.person ?? ''
    const said = { by, decided, expected, happened: plain(happened) }
    const number = record.state.exceptions + 1
    const [recorder] = having(people, 'recorder')
    const actor: Actor = {
      role: 'recorder',
      person: recorder?.person ?? refuse('PLAN', 'no recorder'),
    }
    const line = { actor, type: 'exception', body: { ...said, number } }
    await this.#write1(line, turn.step.id)
  }

  /** Asked again where what was typed makes no line. */
  async #desk({ first }: Group, noted: readonly string[] = []): Promise<void> {
    const { desk, log } = this.#needs
    const { plan } = log.bundle.plan
    const reading = (what: string, turn: Turn) => this.#reading(what, turn)
    for (let tries = 1; ; tries += 1) {
      try {
        const lines = await deskLines({ plan, desk, reading }, first, noted)
        for (const line of lines) await this.#write1(line, first.step.id)
        return
      } catch (error) {
        if (!(error instanceof Refused)) throw error
        desk.say(`${first.step.id}: ${error.refusal.code}: ${error.refusal.because}`)
        if (tries === triesMax) throw error
      }
    }
  }

  async #begin({ first }: Group): Promise<undefined> {
    const { log } = this.#needs
    const { plan, digest } = log.bundle.plan
    const root = parseDigest(digestText(log.view.rootAt(log.size)))
    const body = {
      ...{ bundle: log.digest, checkpoint: { root, size: log.size } },
      ...{ env: plan.env, kind: plan.kind, plan: digest },
    }
    const [recorder] = having(plan.people, 'recorder')
    const actor: Actor = {
      role: 'recorder',
      person: recorder?.person ?? refuse('PLAN', 'no recorder'),
    }
    await this.#write1({ actor, type: 'record.genesis', body }, first.step.id)
  }

  async #draw(group: Group): Promise<undefined> {
    const { log, random, desk } = this.#needs
    const { plan } = log.bundle.plan
    const { first } = group
    const request = first.request?.request ?? refuse('PLAN', 'a lot is for a request')
    const ready = this.#confirmed.get(request) ?? new Set<string>()
    const can = calledStations(plan).filter(({ node }) => ready.has(node))
    if (can.length < plan.t) {
      this.stop(`${can.length} stations confirmed, ${plan.t} must sign`)
      return undefined
    }
    const names = drawn(can, { t: plan.t, random, last: this.#signedToday })
    this.#signers.set(request, names)
    desk.say(`by lot: ${names.join(', ')}`)
    await this.#desk(group, names)
    return undefined
  }

  async #sign(group: Group, at: number): Promise<number | undefined> {
    const { log, hub, results } = this.#needs
    const { first, turns } = group
    const request = first.request ?? refuse('PLAN', 'a signature is of a request')
    const signers = this.#signersOf(request.request)
    const fresh = this.#confirmed.get(request.request)
    if (signers.length === 0 || !signers.every((node) => fresh?.has(node))) {
      return await this.#again(group, at, 'a confirmation is of a session that is over')
    }
    const tries = (this.#tries.get(request.request) ?? 0) + 1
    this.#tries.set(request.request, tries)
    // Confirmations are for one session.
    this.#confirmed.delete(request.request)
    const telling = this.#voice.all(turns, signers, this.#with(first))
    const ended = hasAct(group, 'prove')
      ? await hub.prove(log.proveOrder(request, tries, signers))
      : await hub.sign(log.signOrder(request, signers))
    if (ended.kind === 'failed') {
      this.#voice.interrupt(ended.because)
      await telling
      if (tries < triesMax && ended.remedy === 'retry' && this.#stopped === '') {
        return await this.#again(group, at, ended.because)
      }
      results.add(ended.result)
      await this.exception(first, 'a signature', ended.because, 'the request ends')
      this.stop(ended.because)
      return undefined
    }
    results.add(ended.result)
    for (const node of signers) this.#signedToday.add(node)
    await this.#take(group, await telling)
    return undefined
  }

  /** S-x: once more from fresh confirmations. */
  async #again({ first }: Group, at: number, because: string): Promise<number> {
    await this.exception(first, 'one session', because, 'once more, from fresh confirmations')
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
    for (let tries = 1; tries <= triesMax; tries += 1) {
      const nodes = this.#nodesOf(group)
      const telling = this.#voice.all(turns, nodes, this.#with(first))
      const ended = await hub.deal(log.dealOrder(request, tries))
      if (ended.kind === 'certified') {
        results.add(ended.result)
        await this.#take(group, await telling)
        return undefined
      }
      this.#voice.interrupt(ended.because)
      await telling
      if (this.#stopped !== '') return undefined
      await this.exception(first, 'one session', ended.because, 'once more from its beginning')
    }
    this.stop('the key could not be made')
    return undefined
  }

  #address({ first }: Group): void {
    const { log, results, desk } = this.#needs
    if (first.vault === undefined) return
    const made = results.find('key.created', first.vault)
    const publicKey = fromHex(String(made?.['publicKey'] ?? '')) ?? refuse('VIEW', 'no key')
    const address = log.address(first.vault, publicKey)
    results.read(first.vault, address)
    desk.say(`address of ${first.vault}: ${address}`)
  }

  async #close(group: Group): Promise<undefined> {
    const { record, results, log } = this.#needs
    const { first, turns } = group
    if (this.#stopped !== '') results.dropKeys()
    const encoded = results.encode(this.#stopped === '' ? '' : 'CEREMONY')
    if (record.state.closed === undefined) {
      const body = {
        exceptions: record.state.exceptions,
        results: parseResults(encoded).digest,
      }
      const actor = actorOf(log.bundle.plan.plan, first)
      await this.#write1({ actor, type: 'record.closed', body }, first.step.id)
    }
    const { plan } = log.bundle
    const of = { direction: 'out', org: plan.plan.org, env: plan.plan.env, plan: plan.digest } as const
    const manifest = manifestOf(bundleOutFiles(this.#out()), of)
    this.#manifest = fromUtf8(manifest) ?? ''
    await this.#voice.all(turns, this.#nodesOf(group), this.#with(first))
    return undefined
  }

  async #statement(group: Group): Promise<undefined> {
    const { log, record, desk, speak } = this.#needs
    const { person } = group.first
    if (person === undefined) return undefined
    const named = `${person.role}/${person.person}`
    if (!record.state.met.has(named)) return undefined
    const station = calledStations(log.bundle.plan.plan).find(
      ({ custodian }) => person.role === 'custodian' && custodian === person.person,
    )
    if (station !== undefined) {
      const told = await this.#voice.all(group.turns, [station.node], this.#with(group.first))
      for (const one of told) if (one.kind === 'done') this.#bring(one.brought)
      return undefined
    }
    const typed = await desk.ask('agree', `${named}: do you agree? (agree, or do-not-agree): `)
    const verdict = typed.trim() === 'agree' ? 'agree' : 'do-not-agree'
    const because = verdict === 'agree' ? '' : await desk.ask('because', `${named}: why not: `)
    const actor = { role: person.role, person: person.person }
    const document = statementText({
      ...spoken(log.bundle.plan, record, this.#manifest, named),
      ...{ actor, verdict, because: because.trim() },
    })
    this.#statements.push(await speak(actor, document))
    return undefined
  }

  #write(): undefined {
    const files = writeBundleOut(this.#out(), encodeStatements(this.#statements))
    this.#needs.write(files)
    this.#files = files
  }

  #out() {
    const { log, record, results, scripts } = this.#needs
    const encoded = results.encode(this.#stopped === '' ? '' : 'CEREMONY')
    return { plan: log.bundle.plan, record: record.bytes, results: encoded, scripts }
  }

  /** Lines of results, and Statements. */
  #bring(brought: readonly JsonObject[]): void {
    for (const one of brought) {
      const { type, body, by, name, document, signature } = one
      if (type === 'key.backup-tested') {
        this.#needs.results.add({ lines: [{ type, body: body as JsonObject }], documents: [] })
      } else if (by === 'token') {
        const bytes = fromHex(String(signature)) ?? refuse('MALFORMED', 'statement: signature')
        const written = { name: String(name), document: String(document) }
        this.#statements.push({ by, ...written, signature: bytes })
      }
    }
  }

  async #write1({ actor, type, body }: DeskLine, step: string): Promise<void> {
    const { record, recorder } = this.#needs
    const known: RecordType = parseRecordType(type)
    const draft: RecordDraft = { actor, type: known, body, step, t: this.#voice.now() }
    const unsigned = draftLine(record.state, draft, recorder.identity)
    this.#voice.keep(signedLine(unsigned, await recorder.sign(unsigned.message)))
  }

  #reading(what: string, { vault, request }: Turn): Digest {
    const { log, results } = this.#needs
    const { plan, digest } = log.bundle.plan
    const signature = (type: string): Digest => {
      const made = results.find(type, request?.request ?? '')
      const bytes = fromHex(String(made?.['signature'] ?? '')) ?? refuse('VIEW', 'no signature')
      return signatureReading(bytes)
    }
    const isProof = request?.op === 'key.prove'
    switch (what) {
      case 'build':
        return plan.build.program
      case 'bundle':
        return log.digest
      case 'plan':
        return digest
      case 'roster':
        return log.root.digest
      case 'request':
      case 'call-back':
        return request?.request ?? refuse('PLAN', 'these words are of a request')
      case 'key': {
        const types = ['key.created', 'key.refreshed', 'key.reshared']
        const made = types.map((type) => results.find(type, vault ?? '')).find((one) => one)
        return parseDigest(String(made?.['keyState'] ?? ''))
      }
      case 'address':
        return results.addressesRead(vault ?? '')
      case 'signature':
      case 'proof':
        return signature(isProof ? 'key.proved' : 'sign.completed')
      default:
        return refuse('PLAN', `nobody here knows the words of ${what}`)
    }
  }

  #with({ request }: Turn) {
    const signers = request === undefined ? [] : this.#signersOf(request.request)
    return { signers, manifest: this.#manifest }
  }

  #signersOf(request: Digest): readonly string[] {
    const known = this.#signers.get(request)
    if (known !== undefined) return known
    // A room that began again: as the Record says.
    const draws = this.#groups.filter((group) => hasAct(group, 'draw-signers'))
    const at = draws.findIndex(({ first }) => first.request?.request === request)
    const lines = this.#needs.record.lines.filter(({ step, type }) => {
      return type === 'step.done' && step === draws[0]?.first.step.id
    })
    const line = lines[at]
    return line?.type === 'step.done' ? line.body.noted : []
  }

  #nodesOf({ first, nth, turns }: Group): readonly string[] {
    const { plan } = this.#needs.log.bundle.plan
    const called = calledStations(plan).map(({ node }) => node)
    const { at, each } = first.step
    if (each.includes('signer')) {
      const signers = this.#signersOf(first.request?.request ?? refuse('PLAN', 'no request'))
      return at === 'signers' ? signers : signers.slice(nth, nth + 1)
    }
    if (first.node !== undefined) return turns.flatMap(({ turn }) => turn.node ?? [])
    return at === 'called' || at === 'all' ? called : []
  }

  #undone(): number {
    const { record, log } = this.#needs
    return firstUndone(log.bundle.plan.plan, this.#groups, record.lines)
  }
}

function digestText(bytes: Uint8Array): string {
  return [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('')
}

/** As a sentence of the Record has to be. */
function plain(said: string): string {
  return said.replace(/[\p{C}\p{Zl}\p{Zp}]+/gu, ' ').trim() || 'nothing'
}
