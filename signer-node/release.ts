// The release of a share, R1 to R6 in this order (the walk, section 6): the point of no return. The
// share leaves only when q witnesses have cosigned heads that contain the attempt line, no stop
// condition holds at the newest line of the own copy, and the journal row is on disk.
// INVARIANT: one share a session, and its receipt is in the journal before it leaves; a share that
// may not leave is wiped.

import type { Admitted } from '../policy/admit.ts'
import { isProof, restsOn, type ToSign } from '../policy/admit-proof.ts'
import { requestStanding } from '../policy/audit/history.ts'
import { readSync } from '../policy/audit/rows.ts'
import { requireCeremony, requireWindow } from '../policy/cold.ts'
import { requireSigns } from '../policy/key-standing.ts'
import { untilMarginMs } from '../policy/lifetime.ts'
import { isOver, type RequestStanding, type VaultRow } from '../policy/view.ts'
import { toHex } from '../proto/crypto.ts'
import { writeSigned } from '../proto/frames.ts'
import { type Digest, parseDigest, type VaultId } from '../proto/ids.ts'
import { kinds, type PairingName, signBy } from '../proto/node-documents.ts'
import type { ReasonCode } from '../proto/reasons.ts'
import {
  attempt as attempting,
  isRefusal,
  type Refusal,
  refusal,
  refuse,
} from '../proto/refusal.ts'
import type { Signed } from '../proto/signed.ts'
import { isBanned } from './admission.ts'
import type { SignatureShare } from './dkls23/sign.ts'
import { ownHead } from './log-copy.ts'
import type { Parts } from './parts.ts'
import { proofFault } from './proving.ts'
import { stoppedFrame } from './refusals.ts'

/** A share that waits, and what it is for. */
export interface Waiting {
  readonly sid: Uint8Array
  readonly ticket: Uint8Array
  readonly coordinator: string
  readonly admitted: ToSign
  /** The Pairings that the session ran over, by peer. */
  readonly pairings: ReadonlyMap<string, PairingName>
  readonly share: SignatureShare
  /** Of the session, on the monotonic clock. */
  readonly deadlineMs: number
  /** Called once, when the share has left or was wiped. */
  readonly over: () => void
}

type Died = { readonly kind: 'died'; readonly died: string }
type Step = 'now' | 'wait' | Refusal | Died

export class Releases {
  readonly #parts: Parts
  readonly #waiting = new Map<string, Waiting>()
  /** Where the attempt lines stand of those that were looked at. */
  readonly #seqs = new Map<string, number>()
  /** May leave by a look that took its turn: asked once more, and written down, in the next. */
  readonly #ready = new Set<string>()
  /** Receipts on disk: asked a last time, and sent, in the turn after that. */
  readonly #recorded = new Map<string, Signed>()
  /** To be looked at, one in each turn of the loop: each look may write, and wait for the disk. */
  readonly #due = new Set<string>()
  #isGoing = false

  constructor(parts: Parts) {
    this.#parts = parts
  }

  get count(): number {
    return this.#waiting.size
  }

  add(waiting: Waiting): void {
    const id = toHex(waiting.sid)
    this.#waiting.set(id, waiting)
    this.#lookAt(id)
  }

  /** Lines or heads came, or time went by. What stops one is asked when it is looked at. */
  review(): void {
    for (const id of this.#waiting.keys()) this.#lookAt(id)
  }

  /** The coordinator gave up, or a higher attempt was accepted. */
  stop(sid: Uint8Array, code: ReasonCode, by?: string): void {
    const waiting = this.#waiting.get(toHex(sid))
    if (waiting === undefined || (by !== undefined && by !== waiting.coordinator)) return
    this.#end(waiting, code)
  }

  /** The share that theirs were made with is held no more, also where it is opened again. */
  stopOf(vault: VaultId, code: ReasonCode): void {
    for (const waiting of [...this.#waiting.values()]) {
      if (waiting.admitted.vault.vault === vault) this.#end(waiting, code)
    }
  }

  stopAll(code: ReasonCode): void {
    for (const waiting of [...this.#waiting.values()]) this.#end(waiting, code)
  }

  #lookAt(id: string): void {
    this.#due.add(id)
    if (this.#isGoing) return
    this.#isGoing = true
    this.#parts.ports.pause(() => this.#go())
  }

  #go(): void {
    const [id] = this.#due
    this.#isGoing = id !== undefined
    if (id === undefined) return
    this.#due.delete(id)
    const waiting = this.#waiting.get(id)
    if (waiting !== undefined) this.#advance(waiting)
    if (this.#due.size > 0) this.#parts.ports.pause(() => this.#go())
    else this.#isGoing = false
  }

  #advance(waiting: Waiting): void {
    const id = toHex(waiting.sid)
    const isReady = this.#ready.delete(id)
    const receipt = this.#recorded.get(id)
    const step = this.#judge(waiting)
    if (step === 'wait') return
    if (step !== 'now') {
      if (isRefusal(step)) this.#end(waiting, step.code, step.because)
      else this.#bereave(waiting, step.died)
    } else if (receipt !== undefined) this.#send(waiting, receipt)
    else if (isReady) this.#record(waiting)
    else {
      this.#ready.add(id)
      this.#lookAt(id)
    }
  }

  #judge(waiting: Waiting): Step {
    const { rows, ports, witness } = this.#parts
    const { admitted, deadlineMs } = waiting
    const isLate = ports.clock.monotonicMs() >= deadlineMs
    // One of them may prove a fork: it is compared first, in a turn of its own.
    if (!isLate && witness.heads.ripe().length > 0) return 'wait'
    const known = this.#seqs.get(toHex(waiting.sid))
    if (known !== undefined && !isLate && !witness.coverage(known).isCovered) return 'wait'
    const view = attempting(() => readSync(requestStanding(admitted.intentDigest), rows))
    if (isRefusal(view)) return view
    const attempt = view.attempts.find((row) => row.attempt === admitted.attempt)
    // A proof has no attempt line: it rests on its request and on what people decided about it.
    const seq = isProof(admitted) ? restsOn(view) : attempt?.seq
    if (seq === undefined) return refusal('LINE_MISSING', 'no attempt')
    this.#seqs.set(toHex(waiting.sid), seq)
    const { q, seen, isCovered } = witness.coverage(seq)
    const lacking =
      seen < q ? `expected ${q} witnesses, got ${seen}` : 'a new root is not witnessed'
    if (!isCovered) return isLate ? refusal('COSIGN', lacking) : 'wait'
    if (isLate) return refusal('SESSION_TIMEOUT', 'the session is over')
    return this.#stopped(waiting, view) ?? 'now'
  }

  /** R2 to R4: what may have changed since the acceptance. */
  #stopped(waiting: Waiting, view: RequestStanding): Refusal | Died | undefined {
    const { admitted } = waiting
    const fault = isProof(admitted)
      ? proofFault(this.#parts, admitted)
      : this.#attemptFault(admitted, view)
    if (fault !== undefined) return fault
    const shut = this.#parts.closed()
    // What runs may end where only nothing new is begun.
    if (shut !== undefined && shut.code !== 'BUSY' && shut.code !== 'DISK_FULL') return shut
    // Destroyed, overtaken by another epoch, or put to rest: it signs nothing more.
    const { vault } = admitted.vault
    if (this.#parts.keyshares.of(admitted.vault) === undefined) {
      return refusal('EPOCH', `the share of ${vault} is not held any more`)
    }
    const parted = this.#parted(waiting)
    if (parted !== undefined || isProof(admitted)) return parted
    return rulesetFault(view, admitted.attempt)
  }

  #attemptFault(admitted: Admitted, view: RequestStanding): Refusal | undefined {
    const { ports, bans } = this.#parts
    const attempt = view.attempts.find((row) => row.attempt === admitted.attempt)
    const now = ports.clock.wallMs()
    if (now > admitted.until) return refusal('TIME', 'the intent or an approval has run out')
    if (attempt && attempt.until > 0 && now > attempt.until - untilMarginMs) {
      return refusal('LIFETIME', 'the transaction is about to expire')
    }
    if (bans.isFrozen(admitted.vault.vault)) return refusal('FROZEN', 'frozen by the operator')
    if (view.frozen.length > 0) return refusal('FROZEN', `frozen: ${view.frozen.join(', ')}`)
    if (view.decisions.some(({ decision }) => decision === 'reject')) {
      return refusal('REJECTED', 'the request was rejected')
    }
    if (view.intent === undefined || isOver(view.intent.state)) {
      return refusal('REQUEST_ENDED', `the request is ${view.intent?.state ?? 'unknown'}`)
    }
    const { cancelledBy } = view.intent
    if (cancelledBy !== undefined) {
      return refusal('REQUEST_ENDED', `the cancel ${cancelledBy} has the nonce`)
    }
    if (attempt?.state !== 'open' || view.attempts.at(-1) !== attempt) {
      return refusal('STALE_ATTEMPT', `attempt ${admitted.attempt} is not the open one any more`)
    }
    return keyFault(view, admitted.vault) ?? this.#roomFault(view, admitted)
  }

  /** A cold share leaves in its room alone, while the ceremony is open and its window lasts. */
  #roomFault({ ceremony }: RequestStanding, admitted: Admitted): Refusal | undefined {
    const { plan, ports } = this.#parts
    if (admitted.tier !== 'cold') return undefined
    const open = attempting(() => {
      const row = requireCeremony(admitted.intentDigest, ceremony)
      if (plan !== row.plan) refuse('CEREMONY', `this node does not sit in ${row.plan}`)
      requireWindow(row, ports.clock.wallMs())
    })
    return isRefusal(open) ? open : undefined
  }

  /** The fence: once a Pairing died, nothing leaves that was made over it. */
  #parted({ admitted, pairings }: Waiting): Died | Refusal | undefined {
    const { self, peers } = this.#parts
    const others = admitted.participants.filter((node) => node !== self.node)
    const gone = others.find((peer) => peers.peer(peer) === undefined)
    if (gone !== undefined) return refusal('PARTICIPANTS', `${gone} has left the root meanwhile`)
    const banned = others.find((peer) => isBanned(this.#parts, peer))
    if (banned !== undefined) return { kind: 'died', died: `${banned} was banned meanwhile` }
    const broken = others.find((peer) => !this.#parts.pairings.isSound(peer, pairings.get(peer)))
    return broken && { kind: 'died', died: `the pairing with ${broken} died meanwhile` }
  }

  /** R5. */
  #record(waiting: Waiting): void {
    const { store, journal, witness } = this.#parts
    const { sid } = waiting
    const receipt = this.#receipt(waiting)
    const kept = attempting(() => {
      store.step(() => journal.append(receipt, digestOfSid(sid)))
      witness.writeFloor()
    })
    // A receipt may be in the journal and its share stay here: counted as spent, as if it had left.
    if (isRefusal(kept)) {
      this.#end(waiting, kept.code, kept.because)
      return
    }
    this.#recorded.set(toHex(sid), receipt)
    this.#lookAt(toHex(sid))
  }

  /** R6. */
  #send(waiting: Waiting, receipt: Signed): void {
    const { ports } = this.#parts
    const { sid, share, coordinator } = waiting
    const { nonce: rPoint, u, w } = share
    ports.send(coordinator, {
      frame: 'share',
      share: { sid, rPoint, u: u.slice(), w: w.slice(), receipt: writeSigned(receipt) },
    })
    ports.report({ level: 'info', name: 'share-released', sid: toHex(sid) })
    this.#forget(waiting)
  }

  #receipt({ sid, admitted }: Waiting) {
    const { self, journal, copy } = this.#parts
    const { counter, digest: previous } = journal.head()
    const document = {
      format: 'custody-share-receipt/v1',
      org: self.org,
      env: self.env,
      node: self.node,
      counter: counter + 1,
      previous,
      sid: toHex(sid),
      intent: admitted.intentDigest,
      attempt: admitted.attempt,
      warrant: admitted.warrantDigest,
      digest: toHex(admitted.digest),
      ...ownHead(copy),
    }
    return signBy(kinds.receipt, document, self)
  }

  #end(waiting: Waiting, code: ReasonCode, because: string = code): void {
    const { ports } = this.#parts
    const { sid, ticket, coordinator } = waiting
    this.#forget(waiting)
    ports.report({ level: 'warn', name: 'share-withheld', because, sid: toHex(sid) })
    ports.send(coordinator, stoppedFrame(sid, ticket, code))
  }

  /** The share is gone at once; of the check that failed elsewhere nothing is heard before time. */
  #bereave(waiting: Waiting, because: string): void {
    const { ports, lastWords } = this.#parts
    this.#forget(waiting)
    ports.report({ level: 'warn', name: 'share-withheld', because, sid: toHex(waiting.sid) })
    lastWords.later(waiting, waiting.deadlineMs)
  }

  #forget({ sid, share, over }: Waiting): void {
    this.#waiting.delete(toHex(sid))
    this.#seqs.delete(toHex(sid))
    this.#ready.delete(toHex(sid))
    this.#recorded.delete(toHex(sid))
    share.u.fill(0)
    share.w.fill(0)
    over()
  }
}

/** What was exported or destroyed signs no more, nor do shares that a later epoch replaced. */
function keyFault({ vaults }: RequestStanding, { vault, keyState }: VaultRow): Refusal | undefined {
  const row = vaults.find((known) => known.vault === vault)
  if (row?.keyState !== keyState) return refusal('EPOCH', `${vault} has new shares meanwhile`)
  const signs = attempting(() => requireSigns(row))
  return isRefusal(signs) ? signs : undefined
}

/** People approved under documents that are not in force any more. */
function rulesetFault({ ruleset, attempts }: RequestStanding, number: number): Refusal | undefined {
  const attempt = attempts.find((row) => row.attempt === number)
  if (attempt?.ruleset === ruleset.digest) return undefined
  return refusal('RULESET_VERSION', 'the root or its documents changed meanwhile')
}

function digestOfSid(sid: Uint8Array): Digest {
  return parseDigest(toHex(sid), 'sid')
}
