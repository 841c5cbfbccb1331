// What a signer node does with lines, heads and Prepares, in the order of the walk, section 6, each
// in parts: what is durable comes before what is said of it. What every witness does stands in
// `cosigning.ts`; here is what follows from it for sessions, keys and backups. A refusal never
// withholds the cosignature.
// INVARIANT: nothing leaves before the step that it follows from was committed.

import { type CoordinatorPart, type NodeFrame, writeSigned } from '../proto/frames.ts'
import { parseVaultId } from '../proto/ids.ts'
import { allAtOnce, type InTurns } from '../proto/in-turns.ts'
import { attempt as attempting, isRefusal, type Refusal, refusal } from '../proto/refusal.ts'
import type { Signed } from '../proto/signed.ts'
import type { Prepare } from './admission.ts'
import type { BackupDuty } from './backup-duty.ts'
import { Cosigning } from './cosigning.ts'
import type { ExportDuty } from './export-duty.ts'
import type { Floor, Told } from './floor.ts'
import type { AsOfNow } from './judging.ts'
import type { JudgedKey, Keys } from './keys.ts'
import { Leaving } from './leaving.ts'
import type { Parts } from './parts.ts'
import { asksProof } from './proving.ts'
import type { Readmissions } from './readmissions.ts'
import { nothingNamed, refusedFrame } from './refusals.ts'
import { hasRejoined, lastReceipt } from './rejoin.ts'
import type { Releases } from './release.ts'
import type { Judged, Signing } from './signing.ts'
import type { Page, Taken } from './witness.ts'

export interface LogDutyNeeds {
  readonly parts: Parts
  readonly floor: Floor
  readonly signing: Signing
  readonly keys: Keys
  readonly releases: Releases
  readonly backups: BackupDuty
  readonly exports: ExportDuty
  readonly readmissions: Readmissions
  readonly mayCosign: () => boolean
  /** The coordinators that are attached. */
  readonly everyone: () => Iterable<string>
}

type Verdict =
  | { readonly of: 'signature'; readonly judged: Judged }
  | { readonly of: 'key'; readonly judged: JudgedKey }

const beyond = 'the page starts beyond the own copy'

type Halt = LogDuty['halt']

export class LogDuty {
  readonly #needs: LogDutyNeeds
  readonly #cosigning: Cosigning
  readonly #leaving: Leaving

  constructor(needs: LogDutyNeeds) {
    this.#needs = needs
    this.#leaving = new Leaving(needs.parts)
    const { parts, floor, mayCosign, everyone } = needs
    const { origin, store, copy, witness, ports, changed } = parts
    const halt: Halt = (code, because) => this.halt(code, because)
    const own = { origin, store, copy, witness, ports }
    // A Station is no witness: its root names none of them.
    const cosigns = () => parts.sitting === undefined && mayCosign()
    const may = { mayCosign: cosigns, everyone, changed, halt }
    this.#cosigning = new Cosigning({ ...own, floor, ...may })
  }

  /** This node signs nothing any more: what runs or waits ends, and what was agreed to is over. */
  halt(code: 'LOG_FORK' | 'FLOOR', because: string): void {
    const { parts, releases, signing, keys } = this.#needs
    parts.sessions.stopAll(code, because)
    releases.stopAll(code)
    signing.forgetAll()
    keys.forgetAll()
  }

  *lines(coordinator: string, page: Page): InTurns<Taken | Refusal> {
    const taken = yield* this.#cosigning.lines(coordinator, page)
    if (bringsDocuments(taken)) {
      yield
      this.#needs.signing.warm()
    }
    yield* this.reviewing()
    yield
    this.#send(coordinator, this.#cosigning.answer(taken))
    return taken
  }

  *heads({ heads }: CoordinatorPart<'heads'>): InTurns {
    yield* this.#cosigning.settle(heads)
    yield
    yield* this.reviewing()
  }

  /** Heads in the signed words of a peer. */
  *retold(told: Told | undefined): InTurns {
    yield* this.#cosigning.settle(told?.heads ?? [], told?.teller)
    yield
    yield* this.reviewing()
  }

  /**
   * Lines and their cosignature first, then the judgement in turns. Whether it stands then and the
   * accepted row are one step, by the copy as it is then, and answered in the same turn: a freeze
   * comes before or after, never in between.
   */
  *prepare(coordinator: string, prepare: Prepare): InTurns {
    const taken = yield* this.lines(coordinator, prepare.lines)
    yield
    const { store } = this.#needs.parts
    const accept = isRefusal(taken) ? () => taken : yield* this.#judge(coordinator, prepare, taken)
    yield
    let judged: Verdict | Refusal | undefined
    const kept = attempting(() =>
      store.step(() => {
        judged = accept()
        return judged
      }),
    )
    if (isRefusal(kept)) unsaid(judged)
    this.#send(coordinator, this.#answer(prepare, kept))
  }

  /** Asked for by a coordinator, for a dealer: the answer is signed, and nothing depends on it. */
  invite(coordinator: string, { ticket, vault }: CoordinatorPart<'invite'>): void {
    const { parts } = this.#needs
    const told = (invited: Signed | Refusal): void =>
      this.#send(
        coordinator,
        isRefusal(invited)
          ? refusedFrame(parts, ticket, nothingNamed, invited)
          : { frame: 'invited', invited: { ticket, invitation: writeSigned(invited) } },
      )
    const named = parts.closed() ?? attempting(() => parseVaultId(vault))
    if (isRefusal(named)) told(named)
    else parts.invitations.invite(named, told)
  }

  /** Pages that were refused for what may have passed. */
  again(): void {
    this.#cosigning.again()
  }

  supply(coordinator: string, part: CoordinatorPart<'requestLines'>): void {
    this.#send(coordinator, this.#cosigning.supply(part))
  }

  /** After what an operator did: nothing of it waits for a turn. */
  review(): void {
    allAtOnce(this.reviewing())
  }

  /**
   * After anything that may have moved the own copy or what is known of it. Each look asks for
   * itself what it may do, so they may lie in different turns. Shares that wait are looked at also
   * where something else finds no room: they have a deadline.
   */
  *reviewing(): InTurns {
    try {
      yield* this.#reviewingOthers()
    } finally {
      this.#needs.releases.review()
    }
  }

  *#reviewingOthers(): InTurns {
    const { parts, floor, backups, exports, readmissions } = this.#needs
    yield* this.#cosigning.reviewing()
    yield
    if (this.#needs.mayCosign() && parts.keyshares.review()) parts.changed()
    yield
    if (this.#needs.mayCosign()) parts.invitations.review()
    yield
    this.#leaving.review()
    if (floor.state === 'fenced' && hasRejoined(parts)) {
      parts.journal.resume(lastReceipt(parts))
      floor.rejoin()
      parts.changed()
    }
    backups.review()
    exports.review()
    readmissions.review()
  }

  /** What it gives is asked inside the step that accepts. */
  *#judge(
    coordinator: string,
    prepare: Prepare,
    { kind }: Taken,
  ): InTurns<AsOfNow<Verdict | Refusal>> {
    if (kind === 'behind') return () => refusal('LOG_BEHIND', beyond, 'N7')
    if (kind === 'fork') return () => refusal('LOG_FORK', 'the checkpoint has another root', 'N6')
    const { signing, keys } = this.#needs
    if (prepare.keygen.length > 0 && !asksProof(prepare)) {
      const asOfNow = yield* keys.judge(prepare)
      return () => ({ of: 'key', judged: keys.accept(coordinator, prepare, asOfNow) })
    }
    const considered = yield* signing.judge(prepare)
    return () => ({ of: 'signature', judged: signing.accept(coordinator, prepare, considered) })
  }

  #answer({ ticket }: Prepare, verdict: Verdict | Refusal): NodeFrame {
    const { parts, signing, keys } = this.#needs
    if (isRefusal(verdict)) return refusedFrame(parts, ticket, nothingNamed, verdict)
    return verdict.of === 'key'
      ? keys.answer(ticket, verdict.judged)
      : signing.answer(ticket, verdict.judged)
  }

  #send(coordinator: string, frame: NodeFrame | undefined): void {
    if (frame !== undefined) this.#needs.parts.ports.send(coordinator, frame)
  }
}

/** What is in force changed: parsed now, no attempt has to wait for it. */
function bringsDocuments(taken: Taken | Refusal): boolean {
  if (isRefusal(taken) || taken.kind !== 'appended') return false
  return taken.entries.some(({ type }) => type.endsWith('.activated'))
}

/** Its step was not committed: what it accepted leaves nowhere, and its key is wiped. */
function unsaid(verdict: Verdict | Refusal | undefined): void {
  if (verdict === undefined || isRefusal(verdict) || verdict.judged.kind !== 'accepted') return
  verdict.judged.open.secret[Symbol.dispose]()
}
