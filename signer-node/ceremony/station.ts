// A Station: a signer node at a table. It takes the log from the Bundle on its own medium, hears
// one coordinator, the Table, and lets a request reach the node only after its custodian has
// confirmed it. What comes back it checks: a signature with its own curve, a certificate by its own
// root. INVARIANT: a Prepare is given to the node once for each confirmation, and for no other
// request; no line of the log comes from the table; nothing of a session outlives the process
// a first key's pending Seal that no certificate of all holders names is destroyed when the
// Station is started again; a share at rest is not held.
// Source: the ceremony's design, 4.6 to 4.8, 4.12.

import { parseEntry } from '../../policy/audit/entry.ts'
import { readSync } from '../../policy/audit/rows.ts'
import { get, tables } from '../../policy/audit/tables.ts'
import type { BundleIn } from '../../policy/ceremony/bundle-in.ts'
import type { Plan } from '../../policy/ceremony/plan.ts'
import type { Signature } from '../../policy/chain/chain.ts'
import { chainOf } from '../../policy/chain/chains.ts'
import { parseSignature } from '../../policy/chain/signature.ts'
import { parseIntent } from '../../policy/request.ts'
import { parseWarrant } from '../../policy/warrant.ts'
import { equalBytes, fromHex, plainDigest, toUtf8 } from '../../proto/crypto.ts'
import type { CoordinatorFrame, CoordinatorPart, NodeFrame } from '../../proto/frames.ts'
import { type Digest, parseNodeId, type VaultId } from '../../proto/ids.ts'
import { parse, parseText } from '../../proto/jcs.ts'
import { limits } from '../../proto/limits.ts'
import { kinds } from '../../proto/node-documents.ts'
import { attempt as attempting, isRefusal, refuse } from '../../proto/refusal.ts'
import type { NodeSettings, NodeStores } from '../assemble.ts'
import { Links } from '../link.ts'
import { type Own, SignerNode } from '../node.ts'
import type { Event, Ports } from '../ports.ts'
import { asksProof } from '../proving.ts'
import type { Sitting } from '../sitting.ts'
import type { Status } from '../status.ts'
import { verifierOf } from '../verifying.ts'
import { type CertifiedHere, StationCertificates } from './certified.ts'
import { requireMain } from './floor-checks.ts'
import { checkedPaper, failurePaper, type Paper, readPaper } from './said-papers.ts'
import type { CertificateFiles } from './station-files.ts'
import {
  framesOf,
  type Remembered,
  requireExtends,
  requirePlanned,
  requireRemembered,
  requireWitnessed,
} from './station-log.ts'
import { type StationTable, tableName } from './table.ts'

export interface StationSettings extends NodeSettings {
  readonly sitting: Sitting
}

export interface StationStores extends NodeStores {
  readonly certificates: CertificateFiles
}

/** The node's frames go where this Station sits. */
export type StationPorts = Omit<Ports, 'send'>

export interface SignedHere {
  readonly request: Digest
  readonly txid: string
  readonly holds: boolean
  /** What the key signed, 32 bytes. */
  readonly digest: Uint8Array
  readonly signature: Uint8Array
}

/** What the script hears of. */
export interface StationEars {
  /** The Hub asks for a session about a request that is not confirmed here, or not again. */
  readonly asked?: (request: Digest) => void
  /** Verified here, or found wrong. */
  readonly signed?: (made: SignedHere) => void
  /** Of all holders, and on disk. */
  readonly certified?: (key: CertifiedHere) => void
  /** Whatever else the Hub sends. */
  readonly paper?: (paper: Paper) => void
}

type PrepareFrame = CoordinatorFrame & { readonly frame: 'prepare' }

/** The name under which the node knows its own medium. */
const bundleName = 'bundle'
/** Of one sitting. */
const askedMax = limits.plannedRequestsMax
const noTicket = new Uint8Array(16)

export class Station {
  readonly #settings: StationSettings
  readonly #stores: StationStores
  readonly #ports: StationPorts
  readonly #ears: StationEars
  readonly #node: SignerNode
  readonly #certified: StationCertificates
  #links: Links | undefined
  #table: StationTable | undefined
  #isOpen = false
  /** Confirmed by the custodian: one session each. */
  readonly #permitted = new Set<Digest>()
  /** Asked for before it was confirmed; the newest counts. */
  readonly #asked = new Map<Digest, PrepareFrame>()
  /** Of the session that the node was given last. */
  #ticket: Uint8Array = noTicket
  #started: Uint8Array = noTicket
  #refusedPage = ''
  #dropped = 0

  constructor(
    settings: StationSettings,
    stores: StationStores,
    ports: StationPorts,
    ears: StationEars = {},
  ) {
    this.#settings = settings
    this.#stores = stores
    this.#ports = ports
    this.#ears = ears
    const send = (to: string, frame: NodeFrame): void => this.#send(to, frame)
    const report = (event: Event): void => this.#happened(event)
    this.#node = new SignerNode(settings, stores, { ...ports, send, report })
    this.#certified = new StationCertificates(this.#node.own, stores.certificates)
  }

  /** Refuses a Bundle that this Station, or the Token that is in it, may not go on from. */
  async open(bundle: BundleIn, token: Remembered): Promise<void> {
    const { plan } = this.#settings.sitting
    if (bundle.plan.digest !== plan) refuse('PLAN', `expected the plan ${plan}`, 'X-9')
    const held = this.#stores.place.read()
    requireExtends(bundle, held === undefined ? token.seen : [...token.seen, held])
    requireMain(token.floors, bundle.main)
    this.#refusedPage = ''
    this.#node.attached(bundleName)
    for (const lines of framesOf(bundle, this.#settings.origin)) {
      await this.#give(bundleName, { frame: 'lines', lines })
      if (this.#refusedPage !== '') refuse('LOG_MALFORMED', this.#refusedPage, 'X-8')
    }
    this.#node.detached(bundleName)
    const { own } = this.#node
    requireWitnessed(own, bundle)
    requirePlanned(own, bundle.plan)
    requireRemembered(own, bundle.plan, token)
    own.witness.writeFloor()
    this.#isOpen = true
    this.#certified.dropOthers(this.#ports.report)
  }

  /** From now on the Hub is heard. */
  sit(table: StationTable): void {
    if (!this.#isOpen) refuse('BUNDLE', 'expected an opened Bundle first', 'X-7')
    const { clock, random } = this.#ports
    const { dial, isCarried } = table
    this.#table = table
    this.#links = new Links(
      { coordinators: [tableName], dial, clock, random, isCarried, report: this.#ports.report },
      {
        attached: (name) => this.#node.attached(name),
        detached: (name) => this.#node.detached(name),
        receive: (_name, frame, done) => this.#receive(frame, done),
      },
    )
    this.#links.tick()
  }

  /** The custodian has confirmed this request: it may be signed, or its key made, once. */
  permit(request: Digest): void {
    const asked = this.#asked.get(request)
    if (asked === undefined) {
      if (this.#permitted.size >= askedMax) refuse('BUSY', `${askedMax} requests are confirmed`)
      this.#permitted.add(request)
      return
    }
    this.#asked.delete(request)
    this.#prepare(asked, () => {})
  }

  /** Nothing that was confirmed and has not begun may begin any more. */
  withdraw(): void {
    this.#permitted.clear()
    this.#asked.clear()
  }

  say(paper: Paper): void {
    this.#send(tableName, { frame: 'paper', paper })
  }

  tick(): void {
    this.#table?.tick()
    this.#links?.tick()
    this.#node.tick()
    this.#countDropped()
  }

  /** Whether the Hub is heard; of cards nobody knows. */
  get seat(): 'heard' | 'unheard' | 'carried' {
    if (this.#table?.isCarried === true) return 'carried'
    return this.#links?.isHeard(tableName) === true ? 'heard' : 'unheard'
  }

  status(): Status {
    return this.#node.status()
  }

  /** What the log has in force. */
  epochOf(vault: string | undefined): number | undefined {
    if (vault === undefined) return undefined
    return readSync(get(tables.vault, vault), this.#node.own.rows)?.epoch
  }

  /** The epoch that all holders confirmed here for a request of this Plan. */
  certifiedFor(plan: Pick<Plan, 'requests'>, vault?: string): number | undefined {
    return this.#certified.for(plan, vault)
  }

  /** The share of this vault is wiped, and nothing is signed with it before it is woken. */
  rest(vault: VaultId): void {
    this.#node.rest(vault)
  }

  /** Every share was opened with the log, and compared; from here on each waits for its step. */
  async restAll(): Promise<void> {
    await this.#node.restAll()
  }

  /** Held when this returns. Refused (SEAL) when it does not open. */
  async wake(vault: VaultId): Promise<void> {
    await this.#node.wake(vault)
  }

  /** To read in. */
  get own(): Own {
    return this.#node.own
  }

  [Symbol.dispose](): void {
    this.#isOpen = false
    this.#links?.stop()
    this.#table?.close()
    this.#node[Symbol.dispose]()
  }

  #receive(frame: CoordinatorFrame, done: () => void): void {
    // What was still on its way to a Station that has been put away.
    if (!this.#isOpen) done()
    else if (frame.frame === 'paper') {
      this.#read(frame.paper)
      done()
    } else if (bringsLines(frame)) {
      const because = 'lines come in the Bundle, whose Words people compared, and not by the table'
      this.#ports.report({ level: 'alarm', name: 'frame-refused', because })
      done()
    } else if (frame.frame === 'prepare') this.#ask(frame, done)
    else if (frame.frame === 'start' && this.#isStarted(frame.start.ticket)) done()
    else {
      if (frame.frame === 'start') this.#tellOther(frame.start.ticket)
      this.#node.receive(tableName, frame, done)
    }
  }

  /** The node answers that it is stale; whoever sits here reads why it was asked for at all. */
  #tellOther(ticket: Uint8Array): void {
    if (equalBytes(ticket, this.#ticket)) return
    const isNew = equalBytes(this.#ticket, noTicket)
    const because = isNew
      ? 'a session that nothing was accepted for since this program was started (X-16)'
      : 'the start of another session than the one that was accepted here (X-15)'
    this.#ports.report({ level: 'alarm', name: 'frame-refused', because })
  }

  /** Also what came late: a session that is over hears nothing more. */
  #countDropped(): void {
    const { dropped } = this.#node.own.sessions
    if (dropped === this.#dropped) return
    const because = `${dropped - this.#dropped} envelopes of no session that runs here (X-15)`
    this.#dropped = dropped
    this.#ports.report({ level: 'warn', name: 'envelopes-dropped', because })
  }

  /** A second copy of Start is nothing: the node would say that its acceptance is used. */
  #isStarted(ticket: Uint8Array): boolean {
    if (equalBytes(ticket, this.#started)) return true
    this.#started = ticket
    return false
  }

  #ask(frame: PrepareFrame, done: () => void): void {
    const request = attempting(() => this.#requestOf(frame.prepare))
    if (isRefusal(request)) {
      this.#ports.report({ level: 'warn', name: 'frame-refused', because: request.because })
      done()
      return
    }
    if (this.#permitted.delete(request)) {
      this.#prepare(frame, done)
      return
    }
    this.#asked.delete(request)
    if (this.#asked.size < askedMax) this.#asked.set(request, frame)
    this.#ears.asked?.(request)
    done()
  }

  #prepare(frame: PrepareFrame, done: () => void): void {
    this.#ticket = frame.prepare.ticket
    this.#node.receive(tableName, frame, done)
  }

  /** The payment of the attempt line, or the change of the run. */
  #requestOf(asked: CoordinatorPart<'prepare'>): Digest {
    const { attemptSeq, keygen } = asked
    if (asksProof(asked)) return kinds.proveRun.shape(parse(keygen), 'prove run').change
    if (keygen.length > 0) return kinds.changeRun.shape(parse(keygen), 'change run').change
    const line = this.#node.own.copy.line(attemptSeq)
    const entry = line && parseEntry(line)
    if (entry?.type === 'session.started') return entry.body.intent
    return refuse('LINE_MISSING', `line ${attemptSeq}: expected session.started`, 'N8')
  }

  #read(paper: Paper): void {
    const read = attempting(() => this.#look(paper))
    if (!isRefusal(read)) return
    this.#ports.report({ level: 'alarm', name: 'paper-refused', because: read.because })
    this.#checked(paper, false)
  }

  #look(paper: Paper): void {
    switch (paper.kind) {
      case 'signature':
        this.#verify(paper)
        return
      case 'certificate':
        this.#certify(paper)
        return
      default:
        this.#ears.paper?.(paper)
    }
  }

  /** S-9: by the own curve, over what this Station accepted in its own signed words. */
  #verify(paper: Paper): void {
    const { request, attempt, signature: bytes } = readPaper('signature', paper)
    const { journal, self } = this.#node.own
    const accepted = journal.accepted(request, attempt)
    if (accepted === undefined) {
      refuse('VIEW', `nothing was accepted here for request ${request}`)
    }
    const words = kinds.acceptance.shape(parseText(accepted.acceptance.document), 'acceptance')
    const digest = fromHex(words.digest) ?? refuse('MALFORMED', 'acceptance: expected a digest')
    const signature = parseSignature(bytes)
    const holds = verifierOf(self.curve)(signature, digest, words.publicKey)
    const txid = txidOf(accepted.warrantText, signature)
    this.#ears.signed?.({ request, holds, txid, digest, signature: bytes })
    this.#checked(paper, holds)
  }

  #certify(paper: Paper): void {
    this.#ears.certified?.(this.#certified.take(paper.content))
    this.#checked(paper, true)
  }

  #checked({ content }: Paper, holds: boolean): void {
    this.say(checkedPaper({ paper: plainDigest(content), holds }))
  }

  #give(name: string, frame: CoordinatorFrame): Promise<void> {
    return new Promise((done) => this.#node.receive(name, frame, done))
  }

  #send(to: string, frame: NodeFrame): void {
    if (to === tableName) this.#links?.send(tableName, frame)
  }

  /**
   * What failed here the Hub hears at once: over Pairings of one session there is nothing to learn.
   */
  #happened(event: Event): void {
    const { name, because = '', reason = '', remedy, peer = '' } = event
    if (name === 'page-refused') this.#refusedPage = because
    this.#ports.report(event)
    const isOver = name === 'session-failed' || name === 'keygen-failed'
    if (!isOver || remedy === undefined || reason === 'stopped') return
    const ticket = this.#ticket
    this.say(
      failurePaper({ ticket, reason, remedy, culprit: peer === '' ? '' : parseNodeId(peer) }),
    )
  }
}

function bringsLines(frame: CoordinatorFrame): boolean {
  if (frame.frame === 'lines') return frame.lines.lines.length > 0
  return frame.frame === 'prepare' && frame.prepare.lines.lines.length > 0
}

/** Of a payment; a proof has none. */
function txidOf(warrantText: Uint8Array, signature: Signature): string {
  const read = attempting(() => parseWarrant(warrantText))
  if (isRefusal(read)) return ''
  const { intent } = parseIntent(toUtf8(read.warrant.intent.document))
  return chainOf(intent.network).attach(read.warrant.bytes, signature).txid
}
