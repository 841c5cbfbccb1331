// Deals Keyshares over the wire: the first key of a vault, and what approved changes ask for (a new
// key, a refresh, a reshare); consents to changes that deal none (protocol document, 1.11 and 2).
// INVARIANT: the pending Keyshare is sealed, on disk and opened again before this node confirms
// anything; a confirmation is durable and handed out again; an epoch is prepared once. A key is
// used only after the log made it lawful under q cosignatures: that is `keyshares.ts`. What each
// purpose runs is `key-protocol.ts`; who may ask for it `key-plan.ts` and `key-change.ts`.
import { confirmDocument } from '../policy/audit/key-confirm.ts'
import { digestOf, fromHex, toHex, toUtf8 } from '../proto/crypto.ts'
import { type CoordinatorPart, type NodeFrame, writeSigned } from '../proto/frames.ts'
import type { Digest, VaultId } from '../proto/ids.ts'
import { attemptInTurns, type InTurns } from '../proto/in-turns.ts'
import type { JsonObject } from '../proto/jcs.ts'
import { type KeygenAcceptance, kinds } from '../proto/node-documents.ts'
import {
  attempt as attempting,
  isRefusal,
  type Refusal,
  refusal,
  refuse,
} from '../proto/refusal.ts'
import type { Deriving } from '../proto/seal.ts'
import { type Opened, type Signed, sign } from '../proto/signed.ts'
import { tags } from '../proto/tags.ts'
import { Acceptances, type OpenAcceptance } from './acceptances.ts'
import type { Prepare } from './admission.ts'
import { acceptanceDigests, counterpartsOf, participantOf } from './counterparts.ts'
import { dealtSession } from './dealt-session.ts'
import type { PendingKey } from './dkls23/keygen.ts'
import type { Party } from './dkls23/party.ts'
import { sessionId } from './dkls23/session-id.ts'
import type { AsOfNow } from './judging.ts'
import { type ChangeWork, judgeRun } from './key-change.ts'
import { judgeFirst, type KeyPlan, requireEpoch } from './key-plan.ts'
import { confirmKept, factsSaid, type KeySession, keySession, rowOf } from './key-protocol.ts'
import { ownHead } from './log-copy.ts'
import type { Parts } from './parts.ts'
import { giveUpPending } from './pending-keys.ts'
import type { Prepared } from './prepared.ts'
import { type Checked, noSid, refusedFrame, stoppedFrame, viewRefused } from './refusals.ts'
import { networkId, partiesOf, sessionRandomness } from './self.ts'
import type { Counterpart, Ended } from './session.ts'
import { type AtTheTable, recordSaid, requireNoRecord, requireRecord } from './sitting.ts'
import { andThen } from './stepper.ts'

type Open = OpenAcceptance<KeygenAcceptance>

export type JudgedKey =
  | { readonly kind: 'accepted'; readonly open: Open; readonly plan: KeyPlan }
  | { readonly kind: 'consent'; readonly consent: Signed }
  | { readonly kind: 'refused'; readonly refusal: Checked; readonly keygen: Digest }

export class Keys {
  readonly #parts: Parts
  readonly #prepared: Prepared
  readonly #acceptances: Acceptances<KeygenAcceptance>
  /** What the open acceptances accepted, by ticket. */
  readonly #plans = new Map<string, KeyPlan>()
  /** Vaults whose key is being made: two of one epoch would meet in one file. */
  readonly #running = new Set<VaultId>()

  constructor(parts: Parts, prepared: Prepared) {
    this.#parts = parts
    this.#prepared = prepared
    this.#acceptances = new Acceptances<KeygenAcceptance>(kinds.keygenAcceptance, {
      ...parts,
      cloned: (...met) => parts.pairings.refuseIncarnation(...met),
      isRefused: (incarnation) => parts.pairings.isRefused(incarnation),
    })
  }

  /** In turns; what it gives is asked by `accept`. */
  *judge({ keygen, order, dealing }: Prepare): InTurns<AsOfNow<ChangeWork | Checked>> {
    if (order.length > 0) return yield* judgeRun(this.#parts, { keygen, order, dealing })
    return yield* judgeFirst(this.#parts, keygen)
  }

  /** Inside a step. */
  accept(coordinator: string, prepare: Prepare, asOfNow: AsOfNow<ChangeWork | Checked>): JudgedKey {
    const keygen = digestOf(tags.keygen, prepare.keygen)
    const work = asOfNow()
    if (isRefusal(work)) return { kind: 'refused', refusal: work, keygen }
    if (work.kind === 'consent') return work
    const { plan } = work
    if (this.#running.has(plan.vault)) {
      const refusal = busy(plan.vault)
      return { kind: 'refused', refusal, keygen }
    }
    const words = attempting(() => this.#words(plan))
    if (isRefusal(words)) return { kind: 'refused', refusal: words, keygen }
    return { kind: 'accepted', open: this.#acceptances.make(coordinator, words), plan }
  }

  answer(ticket: Uint8Array, judged: JudgedKey): NodeFrame {
    if (judged.kind === 'refused') {
      const about = { intent: '', attempt: 0, warrant: judged.keygen } as const
      return refusedFrame(this.#parts, ticket, about, judged.refusal)
    }
    if (judged.kind === 'consent') return confirmFrame(ticket, judged.consent)
    const { open, plan } = judged
    this.#closeOthers(plan)
    this.#acceptances.keep(ticket, open)
    this.#plans.set(toHex(ticket), plan)
    return { frame: 'accepted', accepted: { ticket, acceptance: writeSigned(open.signed) } }
  }

  /** In turns. False when the ticket is of no open acceptance here. */
  *start(coordinator: string, { ticket, acceptances }: CoordinatorPart<'start'>): InTurns<boolean> {
    const open = this.#acceptances.get(ticket)
    const plan = this.#plans.get(toHex(ticket))
    if (open?.coordinator !== coordinator || plan === undefined) return false
    const nodes = plan.parties.map(({ node }) => node)
    const given = yield* attemptInTurns(this.#acceptances.compare(open, acceptances, nodes))
    yield
    const isOpen = attempting(() => this.#acceptances.isOpen(ticket, open))
    if (isOpen === false) return false
    const compared = isRefusal(isOpen) ? isOpen : given
    const all = isRefusal(compared) ? compared : attempting(() => this.#sameRecord(compared, plan))
    if (isRefusal(all)) {
      const { report, send } = this.#parts.ports
      const { event, code } = viewRefused(all)
      report({ ...event, vault: plan.vault })
      send(coordinator, stoppedFrame(noSid, ticket, code))
      return true
    }
    this.#acceptances.take(ticket)
    this.#plans.delete(toHex(ticket))
    this.#run(ticket, open, all, plan)
    return true
  }

  /** To a coordinator that attached: what this node has confirmed and the log does not show yet. */
  confirmations(): readonly NodeFrame[] {
    return this.#prepared
      .all()
      .filter((one) => this.#isOpen(one))
      .map(({ sid, confirm }) => confirmFrame(sid, confirm))
  }

  /** By the operator: a first key whose confirmations nobody completes. */
  giveUpPending(vault: VaultId): readonly number[] {
    if (this.#running.has(vault)) refuse('BUSY', busy(vault).because)
    return giveUpPending(this.#parts, vault)
  }

  tick(): void {
    this.#acceptances.drop(() => false)
    for (const ticket of this.#plans.keys()) {
      if (this.#acceptances.get(fromHex(ticket) ?? noSid) === undefined) this.#plans.delete(ticket)
    }
  }

  forgetAll(): void {
    this.#acceptances.drop(() => true)
    this.#plans.clear()
  }

  /** At a table all name the Record that is kept here too. */
  #sameRecord(
    all: readonly Opened<KeygenAcceptance>[],
    plan: KeyPlan,
  ): readonly Opened<KeygenAcceptance>[] {
    const { sitting } = this.#parts
    const values = all.map(({ value }) => value)
    if (sitting === undefined) requireNoRecord(values)
    else requireRecord(sitting, values, tableOf(plan))
    return all
  }

  /**
   * What this node says yes to, as its own log has it. Refused at a table whose Record lacks what
   * comes before.
   */
  #words(plan: KeyPlan): JsonObject {
    const { origin, copy, sitting } = this.#parts
    const { keygen, purpose, change = '', old, epoch } = plan
    return {
      format: 'custody-keygen-acceptance/v1',
      keygen,
      purpose,
      change,
      from: old?.epoch ?? 0,
      keyState: old?.keyState ?? '',
      epoch,
      facts: factsSaid(this.#parts, plan),
      origin,
      ...ownHead(copy),
      ...(sitting === undefined ? {} : recordSaid(sitting, tableOf(plan))),
    }
  }

  /** Not in the log yet, nor overtaken by what is. */
  #isOpen({ vault, epoch }: { readonly vault: VaultId; readonly epoch: number }): boolean {
    const row = this.#parts.keyshares.vaults().find((known) => known.vault === vault)
    return row === undefined || (row.epoch < epoch && row.standing !== 'disabled')
  }

  #run(
    ticket: Uint8Array,
    open: Open,
    all: readonly Opened<KeygenAcceptance>[],
    plan: KeyPlan,
  ): void {
    using _wipedAfterwards = open.secret
    const { ports } = this.#parts
    const begun = attempting(() => this.#begin(open, all, plan))
    if (isRefusal(begun)) {
      ports.report({ level: 'warn', name: 'view', because: begun.because, vault: plan.vault })
      ports.send(open.coordinator, stoppedFrame(noSid, ticket, 'VIEW'))
      return
    }
    const { sid, session, counterparts } = begun
    const { self, sessions, incarnation } = this.#parts
    const about = { purpose: plan.purpose, sid }
    const randomness = sessionRandomness(self, incarnation, ports.random, about)
    const parties = partiesOf(plan.parties)
    const me = participantOf(parties, self.x)
    const run = { sid, self: me, participants: parties, curve: self.curve, randomness }
    let isKept = false
    const keep = (pending: PendingKey) =>
      this.#keep(plan, pending, () => {
        isKept = true
      })
    const { runner } = ports
    const { speakers } = session
    this.#running.add(plan.vault)
    sessions.start<PendingKey | undefined>(sid, open.coordinator, {
      counterparts,
      vault: plan.vault,
      ...(speakers === undefined ? {} : { speakers }),
      stepper: andThen(runner.key(run, session.job), (pending) =>
        confirmKept(run, pending, { keep, ports }),
      ),
      secrets: [randomness, ...session.secrets],
      deadlineMs: ports.clock.monotonicMs() + this.#parts.patience.sessionMs,
      ended: (ended) => {
        // First: what is written of it may find no room.
        this.#running.delete(plan.vault)
        const dealt = dealtSession(plan, acceptanceDigests(all))
        if (ended.kind === 'failed') {
          this.#parts.blame.failed(ended, sid, dealt)
          if (isKept) this.#dropUnconfirmed(plan)
        }
        this.#ended(plan, { sid, ticket, coordinator: open.coordinator }, ended)
      },
    })
  }

  /** Refuses what differs between the participants: nobody is blamed for it. */
  #begin(open: Open, all: readonly Opened<KeygenAcceptance>[], plan: KeyPlan): Begun {
    const { old, epoch, key } = plan
    const session = keySession({ parts: this.#parts, plan, all })
    const sid = sessionId({
      statement: session.statement,
      networkId: networkId(this.#parts.self),
      keyId: toUtf8(key),
      epoch: old?.epoch ?? epoch,
      keyState: fromHex(old?.keyState ?? '') ?? noSid,
      participants: partiesOf(plan.parties),
      acceptances: acceptanceDigests(all),
    })
    const counterparts = counterpartsOf(this.#parts, sid, all, open)
    if (counterparts === undefined) {
      for (const secret of session.secrets) secret[Symbol.dispose]()
      return refuse('VIEW', 'a participant gave a key of no channel')
    }
    return { session, sid, counterparts }
  }

  /**
   * Between the rounds that make the key and the one that confirms it; `kept`: from here on what
   * lies pending under this epoch is of this run.
   */
  *#keep(plan: KeyPlan, { keyshare }: PendingKey, kept: () => void): Deriving<void> {
    const parts = this.#parts
    function* lawful(): InTurns {
      yield* plan.again()
      requireEpoch(parts, plan)
    }
    // What was dealt came in this turn.
    yield
    yield* lawful()
    function* again(): InTurns {
      yield* lawful()
      kept()
    }
    const { keystore } = this.#parts
    const { vault, change, keygen } = plan
    // By its change a node knows later that nothing can come of it any more.
    yield* keystore.keeping({ vault, keyshare, made: change ?? keygen, again })
    // People or the log may have stopped it while it was opened in a test.
    yield
    yield* plan.again()
  }

  /**
   * No line brings it into force without this node's word, which this process never gave. After a
   * death nobody knows that any more: then it lies there as one that may have been confirmed.
   */
  #dropUnconfirmed({ vault, epoch }: KeyPlan): void {
    const { keystore, ports } = this.#parts
    const held = keystore.held(vault)
    if (!held.some((one) => one.epoch === epoch && one.state === 'pending')) return
    keystore.dropPending(vault, epoch)
    const because = `epoch ${epoch}: never confirmed here`
    ports.report({ level: 'info', name: 'pending-dropped', vault, because })
  }

  #ended(
    plan: KeyPlan,
    { sid, ticket, coordinator }: { sid: Uint8Array; ticket: Uint8Array; coordinator: string },
    ended: Ended<PendingKey | undefined>,
  ): void {
    const { ports, self, store } = this.#parts
    if (ended.kind === 'failed') {
      const { because, culprit = '', reason, remedy } = ended
      const failed = { level: 'warn', name: 'keygen-failed', because, reason, remedy } as const
      ports.report({ ...failed, peer: culprit, vault: plan.vault })
      this.#parts.lastWords.failed({ sid, ticket, coordinator }, ended)
      return
    }
    if (ended.result === undefined) {
      ports.report({ level: 'info', name: 'key-dealt', vault: plan.vault, sid: toHex(sid) })
      return
    }
    using _wipedAfterwards = ended.result.keyshare
    const document = confirmDocument(rowOf(plan, ended.result), self.node, plan.named)
    const confirm = sign(tags.confirm, document, self.node, self.sign)
    const kept = attempting(() =>
      store.step(() => this.#prepared.keep(plan.vault, plan.epoch, { sid, confirm })),
    )
    if (isRefusal(kept)) {
      const { because, code } = kept
      ports.report({ level: 'alarm', name: 'keygen-failed', because, vault: plan.vault })
      ports.send(coordinator, stoppedFrame(sid, ticket, code))
      return
    }
    ports.report({ level: 'info', name: 'key-confirmed', vault: plan.vault, sid: toHex(sid) })
    ports.send(coordinator, confirmFrame(sid, confirm))
  }

  /** A newer plan for the same vault closes the older one, as far as it has not started. */
  #closeOthers({ vault }: KeyPlan): void {
    for (const [ticket, plan] of [...this.#plans]) {
      if (plan.vault !== vault) continue
      this.#acceptances.take(fromHex(ticket) ?? noSid)?.secret[Symbol.dispose]()
      this.#plans.delete(ticket)
    }
  }
}

interface Begun {
  readonly session: KeySession
  readonly sid: Uint8Array
  readonly counterparts: ReadonlyMap<Party, Counterpart>
}

/** No key is made in a room that the policy alone asks for. */
function tableOf({ change, parties }: KeyPlan): AtTheTable {
  const request = change ?? refuse('CEREMONY', 'at a table a key is made of an approved change')
  return { request, nodes: parties.map(({ node }) => node) }
}

function busy(vault: VaultId): Refusal {
  return refusal('BUSY', `a key of ${vault} is being made`)
}

function confirmFrame(sid: Uint8Array, confirm: Signed): NodeFrame {
  return { frame: 'keyConfirm', keyConfirm: { sid, confirm: writeSigned(confirm) } }
}
