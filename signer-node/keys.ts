// Makes Keyshares: the distributed key generation of a vault over the wire (protocol document, 1.11
// and 2.2). Any node makes a key for a vault that its pinned policy names and that has none in its
// log.
// INVARIANT: the pending Keyshare is sealed, on disk and opened again before this node confirms
// anything; a confirmation is durable and handed out again; an epoch is prepared once. A key is
// used only after the log made it lawful under q cosignatures: that is `keyshares.ts`.
import { confirmDocument } from '../policy/audit/key-confirm.ts'
import type { KeyFacts } from '../policy/view.ts'
import { digestOf, fromHex, toHex, toUtf8 } from '../proto/crypto.ts'
import { type CoordinatorPart, type NodeFrame, writeSigned } from '../proto/frames.ts'
import { type Digest, parseDigest, type VaultId } from '../proto/ids.ts'
import { limits } from '../proto/limits.ts'
import { type KeygenAcceptance, kinds } from '../proto/node-documents.ts'
import { attempt as attempting, isRefusal, type Refusal, refuse } from '../proto/refusal.ts'
import { type Opened, type Signed, sign } from '../proto/signed.ts'
import { tags } from '../proto/tags.ts'
import { Acceptances, type OpenAcceptance } from './acceptances.ts'
import type { Prepare } from './admission.ts'
import { acceptanceDigests, counterpartsOf, participantOf } from './counterparts.ts'
import { Abort } from './dkls23/abort.ts'
import { confirmKey, type PendingKey, prepareKey } from './dkls23/keygen.ts'
import type { KeyTerms } from './dkls23/keyshare.ts'
import type { Protocol, Run } from './dkls23/protocol.ts'
import { sessionId } from './dkls23/session-id.ts'
import { judgeKeygen, type KeyPlan, requireEpoch } from './key-plan.ts'
import { ownHead } from './log-copy.ts'
import type { Parts } from './parts.ts'
import type { Prepared } from './prepared.ts'
import { type Checked, noSid, refusedFrame, stoppedFrame } from './refusals.ts'
import { networkId, partiesOf, sessionRandomness } from './self.ts'
import type { Ended } from './session.ts'

type Open = OpenAcceptance<KeygenAcceptance>

export type JudgedKey =
  | { readonly kind: 'accepted'; readonly open: Open; readonly plan: KeyPlan }
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
      cloned: (peer, incarnation) => parts.pairings.refuseIncarnation(peer, incarnation),
      isRefused: (incarnation) => parts.pairings.isRefused(incarnation),
    })
  }

  /** Inside the step that took the lines. */
  judge(coordinator: string, prepare: Prepare): JudgedKey {
    const keygen = digestOf(tags.keygen, prepare.keygen)
    const plan = this.#planOf(prepare.keygen)
    if (isRefusal(plan)) return { kind: 'refused', refusal: plan, keygen }
    const { origin, copy } = this.#parts
    const words = { format: 'custody-keygen-acceptance/v1', keygen, origin, ...ownHead(copy) }
    return { kind: 'accepted', open: this.#acceptances.make(coordinator, words), plan }
  }

  answer(ticket: Uint8Array, judged: JudgedKey): NodeFrame {
    if (judged.kind === 'refused') {
      const about = { intent: '', attempt: 0, warrant: judged.keygen } as const
      return refusedFrame(this.#parts, ticket, about, judged.refusal)
    }
    const { open, plan } = judged
    this.#closeOthers(plan)
    this.#acceptances.keep(ticket, open)
    this.#plans.set(toHex(ticket), plan)
    return { frame: 'accepted', accepted: { ticket, acceptance: writeSigned(open.signed) } }
  }

  /** False when the ticket is of no open acceptance here. */
  start(coordinator: string, { ticket, acceptances }: CoordinatorPart<'start'>): boolean {
    const open = this.#acceptances.get(ticket)
    const plan = this.#plans.get(toHex(ticket))
    if (open?.coordinator !== coordinator || plan === undefined) return false
    const nodes = plan.participants.map(({ node }) => node)
    const all = this.#acceptances.compare(open, acceptances, nodes)
    if (isRefusal(all)) {
      const { report, send } = this.#parts.ports
      report({ level: 'warn', name: 'view', because: all.because, vault: plan.vault })
      send(coordinator, stoppedFrame(noSid, ticket, 'VIEW'))
      return true
    }
    this.#acceptances.take(ticket)
    this.#plans.delete(toHex(ticket))
    this.#run(ticket, open, all, plan)
    return true
  }

  /** To a coordinator that attached: what this node has confirmed and the log does not show yet. */
  confirmations(): readonly NodeFrame[] {
    const made = new Set(this.#parts.keyshares.vaults().map(({ vault }) => vault))
    return this.#prepared
      .all()
      .filter(({ vault }) => !made.has(vault))
      .map(({ sid, confirm }) => confirmFrame(sid, confirm))
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

  #planOf(keygen: Uint8Array): KeyPlan | Refusal {
    return attempting(() => {
      const plan = judgeKeygen(this.#parts, keygen)
      if (!isRefusal(plan) && this.#running.has(plan.vault)) {
        refuse('BUSY', `a key of ${plan.vault} is being made`)
      }
      return plan
    })
  }

  #run(
    ticket: Uint8Array,
    open: Open,
    all: readonly Opened<KeygenAcceptance>[],
    plan: KeyPlan,
  ): void {
    using _wipedAfterwards = open.secret
    const { self, sessions, incarnation, ports } = this.#parts
    const parties = partiesOf(plan.participants)
    const terms = { keyId: toUtf8(plan.key), epoch: plan.epoch, threshold: plan.t }
    const sid = sessionId({
      statement: { purpose: 'dkg', threshold: plan.t, nodes: parties.length },
      networkId: networkId(self),
      keyId: terms.keyId,
      epoch: plan.epoch,
      keyState: new Uint8Array(),
      participants: parties,
      acceptances: acceptanceDigests(all),
    })
    const counterparts = counterpartsOf(this.#parts, sid, all, open)
    if (counterparts === undefined) {
      ports.send(open.coordinator, stoppedFrame(noSid, ticket, 'VIEW'))
      return
    }
    const randomness = sessionRandomness(self, incarnation, ports.random, { purpose: 'dkg', sid })
    const me = participantOf(parties, self.x)
    const run = { sid, self: me, participants: parties, curve: self.curve, randomness }
    this.#running.add(plan.vault)
    sessions.start<PendingKey>(sid, open.coordinator, {
      counterparts,
      protocol: makeKey(run, terms, (pending) => this.#keep(plan, pending)),
      secrets: [randomness],
      deadlineMs: ports.clock.monotonicMs() + limits.sessionTimeoutMs,
      ended: (ended) => {
        const { participants, key, epoch, t } = plan
        const making = { key, epoch, t, participants, acceptances: acceptanceDigests(all) }
        if (ended.kind === 'failed') this.#parts.blame.failed(ended, sid, making)
        this.#ended(plan, { sid, ticket, coordinator: open.coordinator }, ended)
      },
    })
  }

  /** Between the rounds that make the key and the one that confirms it. */
  #keep(plan: KeyPlan, { keyshare }: PendingKey): void {
    requireEpoch(this.#parts, plan)
    this.#parts.keystore.keepPending(plan.vault, keyshare, plan.keygen)
  }

  #ended(
    plan: KeyPlan,
    { sid, ticket, coordinator }: { sid: Uint8Array; ticket: Uint8Array; coordinator: string },
    ended: Ended<PendingKey>,
  ): void {
    const { ports, self, store } = this.#parts
    this.#running.delete(plan.vault)
    if (ended.kind === 'failed') {
      const { because, culprit = '' } = ended
      ports.report({
        level: 'warn',
        name: 'keygen-failed',
        because,
        peer: culprit,
        vault: plan.vault,
      })
      this.#parts.lastWords.failed({ sid, ticket, coordinator }, ended)
      return
    }
    using _wipedAfterwards = ended.result.keyshare
    const row = rowOf(plan, ended.result)
    const confirm = sign(tags.confirm, confirmDocument(row, self.node), self.node, self.sign)
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

/** The whole of a key making; `keep` makes the pending Keyshare durable before it is confirmed. */
function* makeKey(
  run: Run,
  terms: KeyTerms,
  keep: (pending: PendingKey) => void,
): Protocol<PendingKey> {
  const pending = yield* prepareKey(run, terms)
  using onFailure = new DisposableStack()
  onFailure.use(pending.keyshare)
  const kept = attempting(() => keep(pending))
  // Nobody is to blame for a disk that is full of pending keys, and nothing was confirmed.
  if (isRefusal(kept)) throw new Abort('missing-message', kept.because)
  onFailure.move()
  yield* confirmKey(run, pending)
  return pending
}

/** What the log line will say of the key. */
function rowOf({ vault, key, epoch, t, participants }: KeyPlan, pending: PendingKey): KeyFacts {
  const { facts, keyState } = pending.keyshare
  return {
    vault,
    key,
    epoch,
    t,
    participants,
    publicKey: facts.publicKey,
    chainCode: facts.chainCode,
    keyState: parseDigest(toHex(keyState), 'key state'),
  }
}

function confirmFrame(sid: Uint8Array, confirm: Signed): NodeFrame {
  return { frame: 'keyConfirm', keyConfirm: { sid, confirm: writeSigned(confirm) } }
}
