// Turns and lines between the Record station and the Stations: tells them their turn, waits for
// what they have done, asks each to sign its lines where they stand, and sends every line to
// everybody before anything goes on. A Station that sits down again is sent what its copy
// lacks.
// INVARIANT: a line is in the own copy of the Record before it goes out; what a Station signs
// is taken only if it follows that copy. Waiting ends when somebody stops.
// Source: the ceremony's design, 4.9.
import { said } from '../../policy/ceremony/judgement.ts'
import type { ReadPlan } from '../../policy/ceremony/plan.ts'
import { fromUtf8, toUtf8 } from '../../proto/crypto.ts'
import { attempt, isRefusal, Refused, refuse } from '../../proto/refusal.ts'
import type { Clock } from '../ports.ts'
import type { Hub } from './hub.ts'
import type { RecordCopy } from './record-copy.ts'
import type { Numbered } from './room-turns.ts'
import type { Paper } from './said-papers.ts'
import type { Desk } from './station-acts.ts'
import { isTurnKind, readTurnPaper, type TurnPaper, turnPaper } from './turn-papers.ts'

export interface VoiceNeeds {
  readonly log: { readonly bundle: { readonly plan: Pick<ReadPlan, 'plan'> } }
  readonly hub: Pick<Hub, 'onPaper' | 'paper'> & { readonly seats: Pick<Hub['seats'], 'has'> }
  readonly record: RecordCopy
  readonly desk: Desk
  readonly clock: Clock
  readonly stopped: (because: string) => void
  readonly noted: (node: string, said: TurnPaper<'note'>) => void
  /** It sits down, for the first time or anew: what it knew of sessions is gone. */
  readonly sat: (node: string) => void
}

export type Told =
  | (TurnPaper<'done'> & { readonly kind: 'done'; readonly node: string })
  | { readonly kind: 'failed'; readonly node: string; readonly because: string }

interface Waiting {
  readonly turn: number
  readonly round: number
  readonly told: (told: Told) => void
}

interface Signing {
  readonly node: string
  readonly seq: number
  readonly done: (line: Uint8Array | undefined) => void
}

const lookMs = 10
/** What a Station that sat down anew had not done. */
export const startedAgain = 'CEREMONY: the station was started again'

export class RoomVoice {
  readonly #needs: VoiceNeeds
  readonly #waiting = new Map<string, Waiting>()
  readonly #round = new Map<number, number>()
  #signed: Signing | undefined
  #interrupted = 0
  /** Why nobody who is away is waited for; empty before. */
  #without = ''
  #isOver = false

  constructor(needs: VoiceNeeds) {
    this.#needs = needs
    needs.hub.onPaper((station, paper) => this.#hear(station, paper))
  }

  /** Whole seconds of the room clock, never back. */
  now(): number {
    const { clock, record } = this.#needs
    return Math.max(1_000 * Math.floor(clock.wallMs() / 1_000), record.state.t)
  }

  /** The turn of each, or the same one for all; in the order of `nodes`. */
  async all(
    turns: readonly Numbered[],
    nodes: readonly string[],
    more: { readonly signers: readonly string[]; readonly manifest: string },
    ended = false,
  ): Promise<readonly Told[]> {
    const { hub } = this.#needs
    const asked = nodes.map((node, at) => {
      const own = turns.find(({ turn }) => turn.node === node) ?? turns[at] ?? turns[0]
      const turn = own?.index ?? refuse('PLAN', 'nobody has this turn')
      return { node, turn }
    })
    const round = 1 + Math.max(-1, ...asked.map(({ turn }) => this.#round.get(turn) ?? -1))
    for (const { turn } of asked) this.#round.set(turn, round)
    return await Promise.all(
      asked.map(async ({ node, turn }) => {
        const because = this.#without
        if (because !== '' && !hub.seats.has(node)) return { kind: 'failed', node, because }
        const told = new Promise<Told>((done) => {
          this.#waiting.set(node, { turn, round, told: done })
        })
        // To who sits here at once: what the caller asks for next has to come behind the turn,
        // which takes back whatever was asked for or confirmed before.
        if (!hub.seats.has(node)) await this.#seated(node, () => !this.#waiting.has(node))
        hub.paper(
          node,
          turnPaper('turn', { turn, round, ...more, ended, signers: [...more.signers] as never }),
        )
        return await told
      }),
    )
  }

  /** Returns when they all sit, or somebody stops: a session with one who is away fails at once. */
  async seated(nodes: readonly string[]): Promise<void> {
    const before = this.#interrupted
    for (const node of nodes) await this.#seated(node, () => this.#interrupted !== before)
  }

  /** Every draft of it becomes a line, in order; or why not: its Station went away, or lies. */
  async write({
    node,
    turn,
    round,
    drafts,
  }: TurnPaper<'done'> & { readonly node: string }): Promise<string> {
    const { record, hub } = this.#needs
    for (const at of drafts.keys()) {
      const { size: seq, prev } = record.state
      const signed = new Promise<Uint8Array | undefined>((done) => {
        this.#signed = { node, seq, done }
      })
      hub.paper(node, turnPaper('place', { turn, round, at, seq, prev, t: this.now() }))
      const line = await signed
      if (line === undefined) return startedAgain
      const kept = attempt(() => this.keep(line))
      // What this card has no room for is nobody's fault at the table.
      if (isRefusal(kept) && kept.code === 'DISK_FULL') throw new Refused(kept)
      if (isRefusal(kept)) return `${kept.code}: ${said(kept)}`
    }
    return ''
  }

  /** In the own copy first. */
  keep(line: Uint8Array): void {
    const { record, hub, log } = this.#needs
    const seq = record.state.size
    record.take(seq, line)
    const paper = turnPaper('line', { seq, line: fromUtf8(line) ?? '' })
    for (const node of log.bundle.plan.plan.called) hub.paper(node, paper)
  }

  /** All is written: nobody waits for anything more. */
  over(): void {
    const { hub, log } = this.#needs
    this.#isOver = true
    for (const node of log.bundle.plan.plan.called) hub.paper(node, turnPaper('over', {}))
  }

  /** From now on who is away has failed at once. */
  without(because: string): void {
    this.#without = because
    this.interrupt(because)
  }

  /** Nobody waits any longer for what is under way. */
  interrupt(because: string): void {
    this.#interrupted += 1
    const waiting = [...this.#waiting]
    this.#waiting.clear()
    for (const [node, { told }] of waiting) told({ kind: 'failed', node, because })
    this.#signed?.done(undefined)
    this.#signed = undefined
  }

  #hear(node: string, paper: Paper): void {
    if (!isTurnKind(paper.kind)) return
    const heard = attempt(() => this.#take(node, paper))
    if (isRefusal(heard)) this.#needs.desk.say(`${node}: ${heard.code}: ${heard.because}`)
  }

  #take(node: string, paper: Paper): void {
    switch (paper.kind) {
      case 'have':
        this.#catchUp(node, readTurnPaper('have', paper))
        return
      case 'done': {
        const { format: _, ...done } = readTurnPaper('done', paper)
        this.#tell(node, done, { kind: 'done', node, ...done })
        return
      }
      case 'failed': {
        const { turn, round, code, because } = readTurnPaper('failed', paper)
        this.#tell(node, { turn, round }, { kind: 'failed', node, because: `${code}: ${because}` })
        return
      }
      case 'signed': {
        const { seq, line } = readTurnPaper('signed', paper)
        if (this.#signed?.seq !== seq || this.#signed.node !== node) return
        const { done } = this.#signed
        this.#signed = undefined
        done(toUtf8(line))
        return
      }
      case 'stop':
        this.#needs.stopped(`${node}: ${readTurnPaper('stop', paper).because}`)
        return
      case 'note': {
        this.#needs.noted(node, readTurnPaper('note', paper))
        return
      }
      default:
        refuse('MALFORMED', `a ${paper.kind} is not for the Record station`)
    }
  }

  #tell(node: string, { turn, round }: { turn: number; round: number }, told: Told): void {
    const waiting = this.#waiting.get(node)
    if (waiting?.turn !== turn || waiting.round !== round) return
    this.#waiting.delete(node)
    waiting.told(told)
  }

  #catchUp(node: string, { size, prev }: TurnPaper<'have'>): void {
    const { record, hub, sat } = this.#needs
    sat(node)
    const own = size === 0 ? undefined : record.lines[size - 1]
    const leaf = own === undefined ? '' : (record.lines[size]?.prev ?? record.state.prev)
    if (size > record.lines.length || (size > 0 && leaf !== prev)) {
      this.#needs.stopped(`${node} keeps another Record`)
      return
    }
    for (const { seq, bytes } of record.lines.slice(size)) {
      hub.paper(node, turnPaper('line', { seq, line: fromUtf8(bytes) ?? '' }))
    }
    if (this.#isOver) hub.paper(node, turnPaper('over', {}))
    // What it was asked before it left, it has not heard, or has forgotten.
    if (this.#signed?.node === node) {
      this.#signed.done(undefined)
      this.#signed = undefined
    }
    const waiting = this.#waiting.get(node)
    if (waiting === undefined) return
    this.#waiting.delete(node)
    waiting.told({ kind: 'failed', node, because: startedAgain })
  }

  async #seated(node: string, isOver: () => boolean): Promise<void> {
    const { hub, desk } = this.#needs
    for (let said = false; !hub.seats.has(node); ) {
      if (!said) desk.say(`waiting for ${node}`)
      said = true
      await new Promise((done) => setTimeout(done, lookMs))
      if (isOver()) return
    }
  }
}
