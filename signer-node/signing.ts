// record, sign: from an admitted attempt to a share that waits for its release (the walk, section
// 6). Prepare is answered after the step that judged it; Start compares every acceptance with the
// own one and runs the rounds; what comes out of them goes to `release.ts`, which alone sends it.
// INVARIANT: signing takes what one of the two gates admitted, and nothing else; an acceptance
// starts one session; a higher attempt ends a lower one that has not released.
import { pathOf, type ToSign } from '../policy/admit-proof.ts'
import { parsePath } from '../policy/intent.ts'
import { fromHex, toHex, toUtf8 } from '../proto/crypto.ts'
import { type CoordinatorPart, type NodeFrame, writeSigned } from '../proto/frames.ts'
import type { Digest } from '../proto/ids.ts'
import { allAtOnce, attemptInTurns, type InTurns } from '../proto/in-turns.ts'
import { limits } from '../proto/limits.ts'
import { type Acceptance, fresh, kinds } from '../proto/node-documents.ts'
import {
  attempt as attempting,
  isRefusal,
  type Refusal,
  refusal,
  refuse,
} from '../proto/refusal.ts'
import type { Opened, Signed } from '../proto/signed.ts'
import { Acceptances, type OpenAcceptance } from './acceptances.ts'
import { Admission, type Named, type Prepare, tableOf } from './admission.ts'
import { Brake } from './brake.ts'
import { acceptanceDigests, counterpartsOf, participantOf } from './counterparts.ts'
import { sessionId } from './dkls23/session-id.ts'
import type { SignatureShare } from './dkls23/sign.ts'
import { type AsOfNow, judging } from './judging.ts'
import type { Parts } from './parts.ts'
import { asksProof } from './proving.ts'
import {
  type Checked,
  noSid,
  nothingNamed,
  type Refused,
  refusedFrame,
  stoppedFrame,
  viewRefused,
} from './refusals.ts'
import type { Releases, Waiting } from './release.ts'
import { networkId, partiesOf, sessionRandomness } from './self.ts'
import type { Ended } from './session.ts'
import { signingProtocol } from './signing-protocol.ts'
import { requireNoRecord, requireRecord } from './sitting.ts'

type Open = OpenAcceptance<Acceptance>

/** What judging gave; nothing of it has left the node. */
export type Judged =
  | { readonly kind: 'accepted'; readonly open: Open; readonly admitted: ToSign }
  /** The same attempt once more, while it lives: the same answer. */
  | {
      readonly kind: 'again'
      readonly coordinator: string
      readonly signed: Signed
      readonly intent: Digest
    }
  | { readonly kind: 'refused'; readonly refusal: Checked; readonly about: Refused }

/** An attempt that was judged, and by which judgement once it is accepted. */
interface Considered {
  readonly named: Named
  readonly asOfNow: AsOfNow<ToSign | Checked>
}

type Again = Extract<Judged, { readonly kind: 'again' }>

/** An attempt on its way: accepted, in its rounds, or waiting for its release. */
interface Live {
  readonly attempt: number
  readonly ticket: Uint8Array
  readonly sid: Uint8Array
}

export class Signing {
  readonly #parts: Parts
  readonly #releases: Releases
  readonly #acceptances: Acceptances<Acceptance>
  readonly #admission: Admission
  readonly #brake = new Brake()
  /** What the open acceptances accepted, by ticket. */
  readonly #admitted = new Map<string, ToSign>()
  readonly #live = new Map<Digest, Live>()

  constructor(parts: Parts, releases: Releases) {
    this.#parts = parts
    this.#releases = releases
    this.#admission = new Admission(parts, this.#brake)
    this.#acceptances = new Acceptances<Acceptance>(kinds.acceptance, {
      ...parts,
      cloned: (...met) => parts.pairings.refuseIncarnation(...met),
    })
  }

  /** At a start, and when other documents came into force. */
  warm(): void {
    this.#admission.warm()
  }

  /** In turns; nothing of it is kept before `accept`. */
  *judge(prepare: Prepare): InTurns<Considered | Refusal> {
    const named = this.#admission.named(prepare)
    if (isRefusal(named)) return named
    const judge = () => this.#admission.judge(prepare, named)
    // What is answered without a judgement needs none.
    const isSpared = this.#isFull() || this.#earlier(prepare, named) !== undefined
    if (isSpared) return { named, asOfNow: () => allAtOnce(judge()) }
    return { named, asOfNow: yield* judging(this.#parts, judge) }
  }

  /** Inside a step, of which the accepted row is part. */
  accept(coordinator: string, prepare: Prepare, considered: Considered | Refusal): Judged {
    const { journal } = this.#parts
    if (isRefusal(considered)) {
      return { kind: 'refused', refusal: considered, about: nothingNamed }
    }
    const { named, asOfNow } = considered
    const { intent, attempt } = named
    const earlier = this.#earlier(prepare, named)
    if (isRefusal(earlier)) return { kind: 'refused', refusal: earlier, about: named }
    if (earlier !== undefined) return { kind: 'again', coordinator, signed: earlier, intent }
    const judged = this.#isFull() ? tooMany : asOfNow()
    const admitted = isRefusal(judged) ? judged : this.#admission.able(judged)
    if (isRefusal(admitted)) return { kind: 'refused', refusal: admitted, about: named }
    const words = attempting(() => this.#admission.words(admitted, prepare.fresh))
    if (isRefusal(words)) return { kind: 'refused', refusal: words, about: named }
    const open = this.#acceptances.make(coordinator, words)
    const { warrantDigest: warrant } = admitted
    const warrantText = asksProof(prepare) ? prepare.order : prepare.warrant
    const accepted = { warrant, acceptance: open.signed, warrantText }
    // What was accepted only grows: again, at a table, it is the very warrant of this row.
    if (journal.accepted(intent, attempt) === undefined) journal.accept(intent, attempt, accepted)
    return { kind: 'accepted', open, admitted }
  }

  /** After that step was committed: the answer. */
  answer(ticket: Uint8Array, judged: Judged): NodeFrame {
    switch (judged.kind) {
      case 'refused':
        return refusedFrame(this.#parts, ticket, judged.about, judged.refusal)
      case 'again':
        this.#rename(judged, ticket)
        return acceptedFrame(ticket, judged.signed)
      case 'accepted': {
        const { open, admitted } = judged
        const { intentDigest, attempt } = admitted
        this.#overtake(intentDigest)
        this.#acceptances.keep(ticket, open)
        this.#admitted.set(toHex(ticket), admitted)
        this.#live.set(intentDigest, { attempt, ticket, sid: noSid })
        return acceptedFrame(ticket, open.signed)
      }
    }
  }

  /** In turns. False when the ticket is of no open acceptance here. */
  *start(coordinator: string, { ticket, acceptances }: CoordinatorPart<'start'>): InTurns<boolean> {
    const open = this.#acceptances.get(ticket)
    const admitted = this.#admitted.get(toHex(ticket))
    if (open?.coordinator !== coordinator || admitted === undefined) return false
    const { participants } = admitted
    const given = yield* attemptInTurns(this.#acceptances.compare(open, acceptances, participants))
    yield
    const isOpen = attempting(() => this.#acceptances.isOpen(ticket, open))
    if (isOpen === false) return false
    const compared = isRefusal(isOpen) ? isOpen : given
    const all = isRefusal(compared)
      ? compared
      : attempting(() => this.#sameView(open.value, compared, admitted))
    if (isRefusal(all)) {
      const { report, send } = this.#parts.ports
      const { event, code } = viewRefused(all)
      report({ ...event, intent: admitted.intentDigest })
      send(coordinator, stoppedFrame(noSid, ticket, code))
      return true
    }
    this.#acceptances.take(ticket)
    this.#admitted.delete(toHex(ticket))
    this.#run(ticket, open, all, admitted)
    return true
  }

  tick(): void {
    this.#acceptances.drop(() => false)
    for (const [ticket, { intentDigest }] of this.#admitted) {
      if (this.#acceptances.get(fromHex(ticket) ?? noSid) !== undefined) continue
      this.#admitted.delete(ticket)
      this.#live.delete(intentDigest)
    }
  }

  /** Of the old incarnation nothing may start any more. */
  forgetAll(): void {
    this.#acceptances.drop(() => true)
    this.tick()
  }

  #run(ticket: Uint8Array, open: Open, all: readonly Opened<Acceptance>[], admitted: ToSign) {
    using _wipedAfterwards = open.secret
    const { self, keyshares, sessions, incarnation, ports } = this.#parts
    const { vault, intentDigest, attempt, digest, publicKey } = admitted
    const kept = keyshares.of(vault)
    const path = parsePath(pathOf(admitted))
    const members = vault.participants.filter(({ node }) => admitted.participants.includes(node))
    const parties = partiesOf(members)
    const sid = sessionId({
      statement: { purpose: 'sign', requestId: bytesOf(intentDigest), path, publicKey, digest },
      networkId: networkId(self),
      keyId: toUtf8(vault.key),
      epoch: vault.epoch,
      keyState: bytesOf(vault.keyState),
      participants: parties,
      acceptances: acceptanceDigests(all),
    })
    const counterparts = counterpartsOf(this.#parts, sid, all, open)
    if (kept === undefined || counterparts === undefined) {
      this.#live.delete(intentDigest)
      ports.send(open.coordinator, stoppedFrame(noSid, ticket, 'VIEW'))
      return
    }
    this.#live.set(intentDigest, { attempt, ticket, sid })
    const about = { purpose: 'sign', sid }
    const randomness = sessionRandomness(self, incarnation, ports.random, about)
    const { curve } = self
    const me = participantOf(parties, self.x)
    const run = { sid, self: me, participants: parties, curve, randomness }
    const nodes = new Map([...counterparts].map(([x, { node }]) => [x, node] as const))
    const over = { pairings: open.value.pairings, nodes }
    const keyshare = kept.open()
    const made = signingProtocol(this.#parts, run, { keyshare, path, digest }, over)
    const { stepper, secrets, timeoutMs } = made
    const deadlineMs = ports.clock.monotonicMs() + timeoutMs
    const used = [...secrets, keyshare]
    const plan = { counterparts, stepper, secrets: used, deadlineMs, vault: vault.vault }
    sessions.start<SignatureShare>(sid, open.coordinator, {
      ...plan,
      ended: (ended) => {
        const { coordinator } = open
        const over = (): void => this.#forget(intentDigest, sid)
        const { pairings } = open.value
        const about = { sid, ticket, coordinator, admitted, pairings, deadlineMs, over }
        this.#ended(about, ended)
      },
    })
  }

  #ended(about: Omit<Waiting, 'share'>, ended: Ended<SignatureShare>): void {
    const { ports } = this.#parts
    const { sid, ticket, coordinator, admitted } = about
    if (ended.kind === 'done') {
      this.#releases.add({ ...about, share: ended.result })
      return
    }
    const { culprit = '', remedy, because, reason } = ended
    const intent = admitted.intentDigest
    about.over()
    this.#parts.blame.failed(ended, sid)
    if (ended.reason === 'pprf-check' && ended.culprit !== undefined) {
      this.#parts.pairings.fence.setUpFailed(ended.culprit, sid)
    }
    if (remedy !== 'retry') this.#brake.failed(admitted.vault.vault, ports.clock.monotonicMs())
    const failed = { level: 'warn', name: 'session-failed', because, reason, remedy } as const
    ports.report({ ...failed, peer: culprit, intent })
    this.#parts.lastWords.failed({ sid, ticket, coordinator }, ended)
  }

  /**
   * Whatever attempt lives, a lower one or, at a table, this one: its session ends, its share is
   * not released any more.
   */
  #overtake(intent: Digest): void {
    const lower = this.#live.get(intent)
    if (lower === undefined) return
    this.#acceptances.take(lower.ticket)?.secret[Symbol.dispose]()
    this.#admitted.delete(toHex(lower.ticket))
    this.#parts.sessions.stop(lower.sid, 'STALE_ATTEMPT', 'a higher attempt was accepted')
    this.#releases.stop(lower.sid, 'STALE_ATTEMPT')
    this.#live.delete(intent)
  }

  /** The answer that this attempt got before, while it lives; its ticket may be another's. */
  #earlier({ ticket }: Prepare, { intent, attempt }: Named): Signed | Refusal | undefined {
    const other = this.#admitted.get(toHex(ticket))
    if (other !== undefined && other.intentDigest !== intent) return ticketTaken
    // At a table whoever asks again has begun anew: perhaps with others.
    const isNew = this.#parts.sitting !== undefined || this.#live.get(intent)?.attempt !== attempt
    if (isNew) return undefined
    return this.#parts.journal.accepted(intent, attempt)?.acceptance
  }

  #isFull(): boolean {
    return this.#acceptances.count + this.#parts.sessions.count >= limits.sessionsPerNodeMax
  }

  #forget(intent: Digest, sid: Uint8Array): void {
    if (this.#live.get(intent)?.sid === sid) this.#live.delete(intent)
  }

  /** The coordinator that asked may name the answer anew; another may read it, no more. */
  #rename({ coordinator, intent }: Again, ticket: Uint8Array): void {
    const live = this.#live.get(intent)
    if (live && this.#acceptances.get(live.ticket)?.coordinator !== coordinator) return
    const open = live && this.#acceptances.take(live.ticket)
    const admitted = live && this.#admitted.get(toHex(live.ticket))
    if (live === undefined || open === undefined || admitted === undefined) return
    this.#admitted.delete(toHex(live.ticket))
    this.#acceptances.keep(ticket, open)
    this.#admitted.set(toHex(ticket), admitted)
    this.#live.set(intent, { ...live, ticket })
  }

  /**
   * Every Pairing that two participants name is the same, and ours are the ones we hold; at a table
   * all name the Record that is kept here too.
   */
  #sameView(
    own: Acceptance,
    all: readonly Opened<Acceptance>[],
    admitted: ToSign,
  ): readonly Opened<Acceptance>[] | Refusal {
    const values = all.map(({ value }) => value)
    const { sitting } = this.#parts
    if (sitting === undefined) requireNoRecord(values)
    else requireRecord(sitting, values, tableOf(admitted))
    for (const { value: one } of all) {
      for (const { value: other } of all) {
        const same = one.pairings.get(other.node) === other.pairings.get(one.node)
        if (!same) refuse('VIEW', `${one.node} and ${other.node} name different pairings`)
      }
    }
    for (const node of own.participants) {
      const named = own.pairings.get(node)
      const held = node === own.node ? undefined : this.#parts.pairings.idWith(node)
      if (named !== fresh && named !== held) refuse('VIEW', `another pairing with ${node} by now`)
    }
    return all
  }
}

const ticketTaken = refusal('STALE_ATTEMPT', 'the ticket is open for another request')
const tooMany = refusal('BUSY', `${limits.sessionsPerNodeMax} sessions are on their way`)

function acceptedFrame(ticket: Uint8Array, signed: Signed): NodeFrame {
  return { frame: 'accepted', accepted: { ticket, acceptance: writeSigned(signed) } }
}

function bytesOf(digest: Digest): Uint8Array {
  return fromHex(digest) ?? noSid
}
