// The Hub: the coordinator's part at a table, without a log. It carries frames between the Stations
// that the Plan calls, asks them for one session at a time, makes the signature of their shares and
// the certificate of their confirmations, and brings both back to be checked by every Station.
// INVARIANT: holds no key and writes no line: every line that a Station needs is in the Bundle, and
// what comes of a session is a result for the import. A signature that the curve library of the
// policy did not verify is never a result, nor one that a signing Station found wrong.
// Source: the ceremony's design, 4.6 to 4.8. Judges no request: Stations do.
import { controlProof } from '../../policy/control-proof.ts'
import type { Root } from '../../policy/documents.ts'
import { plainDigest } from '../../proto/crypto.ts'
import {
  type CoordinatorPart,
  type NodeFrame,
  type NodePart,
  readSigned,
  type WireSigned,
} from '../../proto/frames.ts'
import type { Digest } from '../../proto/ids.ts'
import { encode } from '../../proto/jcs.ts'
import { kinds, openBy } from '../../proto/node-documents.ts'
import { isReasonCode } from '../../proto/reasons.ts'
import { attempt as attempting, isRefusal, refuse } from '../../proto/refusal.ts'
import type { Clock, Event, Random } from '../ports.ts'
import type { Patience } from '../sitting.ts'
import { type Confirmed, readCertificate, readConfirm, writeCertificate } from './certificate.ts'
import { Ask, type Askable, type AskEnded, type AskFailed } from './hub-ask.ts'
import type { DealEnded, DealOrder, ProveOrder, SignEnded, SignOrder } from './hub-orders.ts'
import { type LogPage, Seats } from './hub-seats.ts'
import { type Paper, readPaper, signaturePaper } from './said-papers.ts'
import {
  abortedResult,
  keyResult,
  leftOver,
  payableOf,
  provedResult,
  type SessionResult,
  type Share,
  type Signable,
  signatureOf,
  signedResult,
} from './session-results.ts'

export interface HubSettings {
  /** In force at the end of the Bundle's log. */
  readonly root: Root
  readonly pages: readonly LogPage[]
  /** Whom the Plan calls. */
  readonly called: readonly string[]
  readonly patience: Patience
  readonly clock: Clock
  readonly random: Random
  readonly report: (event: Event) => void
}

interface Signed {
  readonly about: Signable
  readonly attempt: number
  readonly signers: readonly string[]
}

interface Made {
  readonly signature: Uint8Array
  readonly shares: readonly Share[]
}

interface Signing {
  readonly what: 'sign'
  readonly ask: Ask<Share>
  readonly warrant: Digest
}

interface Dealing {
  readonly what: 'deal'
  readonly ask: Ask<Confirmed>
  readonly epoch: number
  readonly change: Digest
}

type Running = Signing | Dealing

/** A paper that went down and is looked at. */
interface Looking {
  readonly paper: Digest
  readonly by: ReadonlySet<string>
  readonly found: Map<string, boolean>
  readonly untilMs: number
  readonly done: () => void
}

const nothing = new Uint8Array(0)
const ticketBytes = 16

export class Hub {
  readonly seats: Seats
  readonly #settings: HubSettings
  #running: Running | undefined
  #looking: Looking | undefined
  #onPaper: (station: string, paper: Paper) => void = () => {}
  #shares: Share[] = []

  constructor(settings: HubSettings) {
    this.#settings = settings
    const { called, pages, clock, report, root } = settings
    this.seats = new Seats({
      ...{ called, pages, clock, report },
      origin: root.log.origin,
      hear: (station, frame) => this.#hear(station, frame),
      left: (station) => this.#running?.ask.left(station),
    })
  }

  /** Whatever else the script says between the Stations and this one. */
  onPaper(told: (station: string, paper: Paper) => void): void {
    this.#onPaper = told
  }

  paper(station: string, paper: Paper): void {
    this.seats.send(station, { frame: 'paper', paper })
  }

  /** Of whom something is waited for now, for the screen. */
  awaited(): readonly string[] {
    const { paper: _, by = new Set<string>(), found = new Map() } = this.#looking ?? {}
    const unseen = [...by].filter((station) => !found.has(station))
    return this.#running?.ask.awaited() ?? unseen
  }

  async sign({ attempt, seq, warrant, key, signers }: SignOrder): Promise<SignEnded> {
    const about = payableOf(warrant, key)
    const part = { warrant, attemptSeq: seq, keygen: nothing, order: nothing }
    const signing = { about, attempt, signers }
    return await this.#sign(signing, part, (made) => signedResult(about, attempt, made))
  }

  /** A sentence that people approved; without a line of an attempt, because it spends nothing. */
  async prove(prove: ProveOrder): Promise<SignEnded> {
    const { change, changeDigest, order, orderDigest, attempt, row, network, signers } = prove
    const { digest, publicKey } = controlProof(change, row, network)
    const about = { intent: changeDigest, warrant: orderDigest, digest, publicKey }
    const { org, env } = this.#settings.root
    const named = { change: changeDigest, order: orderDigest, attempt, participants: [...signers] }
    const keygen = encode({ format: 'custody-prove-run/v1', org, env, ...named })
    const part = { warrant: nothing, attemptSeq: 0, keygen, order }
    const signing = { about, attempt, signers }
    return await this.#sign(signing, part, (made) => provedResult(about, row, attempt, made))
  }

  async #sign(
    { about, attempt, signers }: Signed,
    part: Pick<CoordinatorPart<'prepare'>, 'warrant' | 'attemptSeq' | 'keygen' | 'order'>,
    resultOf: (made: Made) => SessionResult,
  ): Promise<SignEnded> {
    this.#shares = []
    const ask = this.#open<Share>({ nodes: signers, finishers: signers }, true)
    const running = { what: 'sign', ask, warrant: about.warrant } as const
    // A proof names its signers in its own document.
    const participants = part.warrant.length > 0 ? [...signers] : []
    const ended = await this.#ask(running, { ...part, participants })
    const fail = (failed: AskFailed): SignEnded => {
      const left = { failed, shares: this.#shares }
      const isLined = part.warrant.length > 0
      return {
        ...failed,
        result: isLined ? abortedResult(about, attempt, left) : leftOver(this.#shares),
      }
    }
    if (ended.kind === 'failed') return fail(ended)
    const signature = attempting(() => signatureOf(about, ended.results))
    if (isRefusal(signature)) return fail(disputed(signature.because, []))
    const paper = signaturePaper({ request: about.intent, attempt, signature })
    const found = await this.#look(paper, signers)
    const against = signers.filter((station) => found.get(station) === false)
    if (against.length > 0) return fail(disputed('a Station finds the signature wrong', against))
    const result = resultOf({ signature, shares: ended.results })
    return { kind: 'signed', signature, about, result, verifiedBy: [...found.keys()] }
  }

  async deal(deal: DealOrder): Promise<DealEnded> {
    const { line, change, order, orderDigest, from, nodes, holders } = deal
    const keygen = this.#runDocument(deal)
    const ask = this.#open<Confirmed>({ nodes, finishers: holders }, false)
    const part = { warrant: nothing, attemptSeq: 0, keygen, order, participants: [] }
    const ended = await this.#ask({ what: 'deal', ask, epoch: deal.epoch, change }, part)
    if (ended.kind === 'failed') return ended
    const { root } = this.#settings
    const written = attempting(() => writeCertificate(root, ended.results))
    // All were verified one by one, so their words differ: two keys, or two views of one.
    if (isRefusal(written)) return disputed(written.because, [])
    const certificate = readCertificate(root, written)
    if (certificate.change !== change || certificate.key.epoch !== deal.epoch) {
      return disputed('the Stations confirmed another key than was asked for', [])
    }
    const found = await this.#look({ kind: 'certificate', content: written }, holders)
    const certifiedBy = holders.filter((station) => found.get(station) === true)
    const more = { change, order: orderDigest, ...(line === 'key.reshared' ? { from } : {}) }
    const result = keyResult(line, certificate, more)
    return { kind: 'certified', certificate, result, certifiedBy }
  }

  /** People stopped what runs; the Stations end their session too. */
  stop(because: string): void {
    this.#running?.ask.giveUp(because)
  }

  tick(): void {
    this.seats.tick()
    this.#running?.ask.tick()
    const looking = this.#looking
    if (looking !== undefined && this.#now() >= looking.untilMs) looking.done()
  }

  close(): void {
    this.stop('the table is cleared')
    this.#looking?.done()
    this.seats.close()
  }

  #open<T>(about: Omit<Askable, 'ticket'>, isFresh: boolean): Ask<T> {
    if (this.#running !== undefined || this.#looking !== undefined) {
      refuse('BUSY', 'a session is under way: one at a time')
    }
    const { random, patience, clock } = this.#settings
    const ticket = random(ticketBytes)
    const start = (acceptances: readonly WireSigned[]): void => {
      const part = { ticket, acceptances: [...acceptances] }
      for (const node of about.nodes) this.seats.send(node, { frame: 'start', start: part })
    }
    // Before a key is dealt people type its name; a payment they have confirmed before.
    const acceptanceMs = isFresh ? patience.acceptanceMs : patience.freshSessionMs
    const waiting = { ...patience, acceptanceMs }
    const ports = { nowMs: () => clock.monotonicMs(), patience: waiting, isFresh, start }
    return new Ask<T>({ ticket, ...about }, ports)
  }

  async #ask<T>(
    running: Running & { readonly ask: Ask<T> },
    part: Omit<CoordinatorPart<'prepare'>, 'lines' | 'ticket' | 'fresh' | 'dealing'>,
  ): Promise<AskEnded<T>> {
    const { ask } = running
    const { ticket, nodes } = ask.about
    this.#running = running
    this.seats.beginSession()
    const prepare = { ...part, lines: this.#emptyPage(), ticket, fresh: true, dealing: nothing }
    for (const node of nodes) {
      if (this.seats.has(node)) this.seats.send(node, { frame: 'prepare', prepare })
      else ask.left(node)
    }
    const ended = await ask.ended
    this.#running = undefined
    // Whoever is still in it waits for nobody.
    if (ended.kind === 'failed') this.seats.stopSessions(nodes)
    return ended
  }

  /** Resolves when each has said what it found, or patience is over. */
  async #look(paper: Paper, by: readonly string[]): Promise<ReadonlyMap<string, boolean>> {
    const found = new Map<string, boolean>()
    const untilMs = this.#now() + this.#settings.patience.roundMs
    await new Promise<void>((done) => {
      this.#looking = { paper: plainDigest(paper.content), by: new Set(by), found, untilMs, done }
      for (const station of by) this.paper(station, paper)
    })
    this.#looking = undefined
    return found
  }

  #hear(station: string, frame: NodeFrame): void {
    const heard = attempting(() => this.#take(station, frame))
    if (!isRefusal(heard)) return
    const { report } = this.#settings
    report({ level: 'warn', name: 'table-answer', because: heard.because, peer: station })
  }

  #take(station: string, frame: NodeFrame): void {
    const running = this.#running
    switch (frame.frame) {
      case 'accepted': {
        const { ticket, acceptance } = frame.accepted
        requireRunning(running, ticket).accept(station, acceptance)
        return
      }
      case 'refused':
        this.#refused(station, frame.refused)
        return
      case 'stopped': {
        const { ticket, reason } = frame.stopped
        const code = isReasonCode(reason) ? reason : 'INTERNAL'
        if (running?.ask.isOf(ticket)) running.ask.stop(station, code)
        return
      }
      case 'share':
        this.#share(station, frame.share)
        return
      case 'keyConfirm':
        if (running?.what !== 'deal') return
        this.#confirmed(station, frame.keyConfirm, running)
        return
      case 'paper':
        this.#paper(station, frame.paper)
        return
      default:
    }
  }

  #refused(station: string, { ticket, refusal: wire }: NodePart<'refused'>): void {
    const running = this.#running
    const ask = requireRunning(running, ticket)
    const signed = readSigned(wire)
    const { check, code, expected, got } = openBy(
      kinds.refusal,
      signed,
      this.#identity(station),
    ).value
    const number = check.startsWith('X-') ? ` (${check})` : ''
    const what = `${expected}${got === '' ? '' : `, got ${got}`}${number}`
    const because = `${station} refuses: ${code}: ${what}`
    const known = isReasonCode(code) ? code : 'INTERNAL'
    ask.refuse(station, signed, { code: known, because })
  }

  /** Also of a session that has failed: whatever left a Station is told at the import. */
  #share(station: string, { rPoint: nonce, u, w, receipt: wire }: NodePart<'share'>): void {
    const signed = readSigned(wire)
    if (signed.credential !== station) refuse('VIEW', `expected a receipt of ${station}`)
    const receipt = openBy(kinds.receipt, signed, this.#identity(station))
    const share = { part: { nonce, u, w }, receipt }
    this.#shares.push(share)
    const running = this.#running
    if (running?.what !== 'sign' || receipt.value.warrant !== running.warrant) return
    running.ask.result(station, share)
  }

  /** Others are of sessions before: what a Station confirmed it says again until the log has it. */
  #confirmed(station: string, { confirm }: NodePart<'keyConfirm'>, wanted: Dealing): void {
    const confirmed = readConfirm(this.#settings.root, station, readSigned(confirm))
    const { epoch, change } = confirmed.terms
    if (epoch === wanted.epoch && change === wanted.change) wanted.ask.result(station, confirmed)
  }

  #paper(station: string, paper: Paper): void {
    switch (paper.kind) {
      case 'failure': {
        const failure = readPaper('failure', paper)
        this.#running?.ask.accuse(station, failure)
        return
      }
      case 'checked': {
        const { paper: named, holds } = readPaper('checked', paper)
        const looking = this.#looking
        if (looking?.paper !== named || !looking.by.has(station)) return
        if (!looking.found.has(station)) looking.found.set(station, holds)
        if (looking.found.size === looking.by.size) looking.done()
        return
      }
      default:
        this.#onPaper(station, paper)
    }
  }

  #identity(station: string): Uint8Array {
    const known = this.#settings.root.nodes.find(({ node }) => node === station)
    return known?.identity ?? refuse('VIEW', `${station} is no node of the root`)
  }

  #runDocument({ change, orderDigest: order, epoch, attempt }: DealOrder): Uint8Array {
    const { org, env } = this.#settings.root
    return encode({ format: 'custody-change-run/v1', org, env, change, order, epoch, attempt })
  }

  /** No line, and the checkpoint of what everybody has. */
  #emptyPage(): LogPage {
    const { pages, root } = this.#settings
    const last = pages.at(-1) ?? refuse('BUNDLE', 'expected at least one page of the log', 'X-7')
    const from = last.from + last.lines.length
    const { checkpoint } = last
    return { origin: root.log.origin, from, lines: [], documents: [], checkpoint, heads: [] }
  }

  #now(): number {
    return this.#settings.clock.monotonicMs()
  }
}

/** X-15: also late, of a session that has failed meanwhile. */
function requireRunning(running: Running | undefined, ticket: Uint8Array): Running['ask'] {
  if (running?.ask.isOf(ticket)) return running.ask
  return refuse('VIEW', 'an answer about a session that does not run (X-15)', 'X-15')
}

function disputed(because: string, stations: readonly string[]): AskFailed {
  const failed = { because, stations, accusations: [], refusals: [] }
  return { kind: 'failed', reason: 'PEER_FAULT', remedy: 'stop', ...failed }
}
