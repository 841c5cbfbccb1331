// What a node does with lines, heads and Prepares: one durable step each, then the answers, in the
// order of the walk, section 6. A refusal never withholds the cosignature; a node that may not
// cosign yet answers with its size instead, so that the next page comes.
// INVARIANT: nothing leaves before the step that it follows from was committed.
import { toUtf8 } from '../proto/crypto.ts'
import { type CoordinatorPart, type NodeFrame, writeSigned } from '../proto/frames.ts'
import { parseVaultId } from '../proto/ids.ts'
import { limits } from '../proto/limits.ts'
import { attempt as attempting, isRefusal, type Refusal, refusal } from '../proto/refusal.ts'
import type { Prepare } from './admission.ts'
import type { BackupDuty } from './backup-duty.ts'
import type { ExportDuty } from './export-duty.ts'
import type { Floor } from './floor.ts'
import type { OtherFace } from './heads.ts'
import type { JudgedKey, Keys } from './keys.ts'
import { Leaving } from './leaving.ts'
import type { Parts } from './parts.ts'
import type { Readmissions } from './readmissions.ts'
import { nothingNamed, refusedFrame } from './refusals.ts'
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

export class LogDuty {
  readonly #needs: LogDutyNeeds
  readonly #leaving: Leaving
  #couldCosign = false

  constructor(needs: LogDutyNeeds) {
    this.#needs = needs
    this.#leaving = new Leaving(needs.parts)
  }

  lines(coordinator: string, page: Page): void {
    const { store } = this.#needs.parts
    const taken = attempting(() => store.step(() => this.#take(page)))
    this.#settle(page.heads)
    this.#send(coordinator, this.#pageAnswer(taken))
  }

  heads({ heads }: CoordinatorPart<'heads'>): void {
    this.#settle(heads)
  }

  /** Lines, judgement and the accepted row in one step; then cosignature and answer together. */
  prepare(coordinator: string, prepare: Prepare): void {
    const { parts } = this.#needs
    const done = attempting(() =>
      parts.store.step(() => {
        const taken = this.#take(prepare.lines)
        return { taken, verdict: this.#judge(coordinator, prepare, taken) }
      }),
    )
    this.#settle(prepare.lines.heads)
    this.#send(coordinator, this.#pageAnswer(isRefusal(done) ? done : done.taken))
    this.#send(coordinator, this.#answer(prepare, done))
  }

  /** Asked for by a coordinator, for a dealer: the answer is signed, and nothing depends on it. */
  invite(coordinator: string, { ticket, vault }: CoordinatorPart<'invite'>): void {
    const { parts } = this.#needs
    const invited = attempting(() => {
      const shut = parts.closed()
      return shut ?? parts.invitations.invite(parseVaultId(vault))
    })
    this.#send(
      coordinator,
      isRefusal(invited)
        ? refusedFrame(parts, ticket, nothingNamed, invited)
        : { frame: 'invited', invited: { ticket, invitation: writeSigned(invited) } },
    )
  }

  /** For a coordinator whose database lost lines: a page up to a checkpoint that the log signed. */
  supply(coordinator: string, { origin, from }: CoordinatorPart<'requestLines'>): void {
    const { copy } = this.#needs.parts
    const end = copy.checkpoint(from + limits.pageLinesMax)
    if (origin !== this.#needs.parts.origin || end === undefined || end.size <= from) return
    const lines = copy.lines(from, end.size - from)
    const page = { origin, from, lines, documents: [], checkpoint: toUtf8(end.note), heads: [] }
    this.#send(coordinator, { frame: 'supplyLines', supplyLines: { lines: page } })
  }

  /** After anything that may have moved the own copy or what is known of it. */
  review(): void {
    const { parts, floor, releases, backups, exports, readmissions } = this.#needs
    const { heads, reigns } = parts.witness
    const face = heads.review(reigns)
    if (face !== undefined) this.#forked(face)
    floor.review()
    this.#cosignAtLast()
    if (this.#needs.mayCosign() && parts.keyshares.review()) parts.changed()
    if (this.#needs.mayCosign()) parts.invitations.review()
    this.#leaving.review()
    backups.review()
    exports.review()
    readmissions.review()
    releases.review()
  }

  /** Of a log that showed two faces nothing more is taken. */
  #take(page: Page): Taken {
    const { copy, witness } = this.#needs.parts
    const face = copy.fork()
    return face === undefined ? witness.take(page) : { kind: 'fork', face }
  }

  /** The lines came before this node might sign for them: everyone waits for its word. */
  #cosignAtLast(): void {
    const { parts, everyone, mayCosign } = this.#needs
    const could = this.#couldCosign
    this.#couldCosign = mayCosign()
    if (could === this.#couldCosign) return
    parts.changed()
    if (could || parts.copy.size() === 0) return
    const cosigned = parts.witness.cosign()
    for (const coordinator of everyone()) this.#send(coordinator, { frame: 'cosigned', cosigned })
  }

  #judge(coordinator: string, prepare: Prepare, { kind }: Taken): Verdict | Refusal {
    if (kind === 'behind') return refusal('LOG_BEHIND', 'the page starts beyond the own copy')
    if (kind === 'fork') return refusal('LOG_FORK', 'the checkpoint has another root')
    const { signing, keys } = this.#needs
    return prepare.keygen.length > 0
      ? { of: 'key', judged: keys.judge(coordinator, prepare) }
      : { of: 'signature', judged: signing.judge(coordinator, prepare) }
  }

  #answer({ ticket }: Prepare, done: { readonly verdict: Verdict | Refusal } | Refusal): NodeFrame {
    const { parts, signing, keys } = this.#needs
    const verdict = isRefusal(done) ? done : done.verdict
    if (isRefusal(verdict)) return refusedFrame(parts, ticket, nothingNamed, verdict)
    return verdict.of === 'key'
      ? keys.answer(ticket, verdict.judged)
      : signing.answer(ticket, verdict.judged)
  }

  #settle(heads: readonly Uint8Array[]): void {
    const { witness, store } = this.#needs.parts
    witness.settled()
    if (heads.length > 0) {
      const face = store.step(() => witness.heads.receive(witness.reigns, heads))
      if (face !== undefined) this.#forked(face)
    }
    this.review()
  }

  #pageAnswer(taken: Taken | Refusal): NodeFrame | undefined {
    const { parts, floor } = this.#needs
    const { origin, copy, ports } = parts
    if (isRefusal(taken)) {
      const because = `${taken.code}: ${taken.because}`
      ports.report({ level: 'alarm', name: 'page-refused', because })
      return undefined
    }
    if (taken.kind === 'fork') {
      this.#forked(taken.face)
      const { held, offered } = taken.face
      return { frame: 'fork', fork: { origin, held: toUtf8(held), offered: toUtf8(offered) } }
    }
    const size = copy.size()
    const isLast = taken.kind !== 'behind' && size >= floor.target
    if (!isLast || !this.#needs.mayCosign()) return { frame: 'behind', behind: { origin, size } }
    return { frame: 'cosigned', cosigned: parts.witness.cosign() }
  }

  /** Kept for ever; nothing is cosigned, accepted or released until an operator has looked. */
  #forked({ held, offered }: OtherFace): void {
    const { copy, ports, sessions, changed } = this.#needs.parts
    if (copy.fork() === undefined) copy.keepFork(held, offered, ports.clock.wallMs())
    ports.report({ level: 'alarm', name: 'fork', because: 'the log showed two faces' })
    sessions.stopAll('LOG_FORK', 'the log showed two faces')
    this.#needs.releases.stopAll('LOG_FORK')
    changed()
  }

  #send(coordinator: string, frame: NodeFrame | undefined): void {
    if (frame !== undefined) this.#needs.parts.ports.send(coordinator, frame)
  }
}
