// The Station's part in playing a script: hears from the Record station whose turn it is, plays
// the acts of that turn on its own machine, says which lines shall be written of it, and signs
// each of them where it stands in its own copy of the Record.
// INVARIANT: signs no line but one that it drafted itself in the turn that is played, on the
// head of its own copy, and one at each place; a line that contradicts that copy stops it.
// A turn that is played again, or stopped, withdraws what was confirmed before: no session begins
// of an older confirmation. A note is said until it is a line.
// Source: the ceremony's design, 4.9, 4.11. What an act does is the Bench's.
import { isOfDrill, isTakenKey } from '../../policy/ceremony/drawn.ts'
import { said } from '../../policy/ceremony/judgement.ts'
import type { PlannedStation, ReadPlan } from '../../policy/ceremony/plan.ts'
import {
  keyName,
  type LinePlace,
  parseRecordLine,
  type RecordDraft,
  type RecordLine,
} from '../../policy/ceremony/record.ts'
import { parseRecordType, recordBodies } from '../../policy/ceremony/record-bodies.ts'
import { type Turn, turnsOf } from '../../policy/ceremony/script.ts'
import type { Act } from '../../policy/ceremony/steps.ts'
import { fromUtf8, toUtf8 } from '../../proto/crypto.ts'
import type { JsonObject } from '../../proto/jcs.ts'
import { attempt, isRefusal, Refused, refuse } from '../../proto/refusal.ts'
import type { Clock, Event } from '../ports.ts'
import type { RecordCopy } from './record-copy.ts'
import { happenedAt, type Unexpected } from './room-desk.ts'
import { isClosing, isOut, requireNext } from './room-turns.ts'
import type { Paper } from './said-papers.ts'
import type { Station } from './station.ts'
import { StationEnd } from './station-end.ts'
import { type Draft, isTurnKind, readTurnPaper, type TurnPaper, turnPaper } from './turn-papers.ts'

/** One turn as it reached this Station. */
export interface Heard {
  readonly turn: Turn
  readonly round: number
  readonly signers: readonly string[]
  /** Of what is carried out; empty before. */
  readonly manifest: string
  /** Its session has ended well: nothing of it begins, and what it left is said. */
  readonly isEnded: boolean
  /** Ends when the turn is played again, or all is stopped. */
  readonly isOver: () => boolean
}

export interface Played {
  readonly drafts: readonly Draft[]
  readonly brought?: readonly JsonObject[]
}

/** What a Station's machine does, and by whom it is operated. */
export interface Bench {
  play(heard: Heard): Promise<Played>
  /** By the identity key of the Token that is in, where that may sign. */
  signLine(
    line: RecordDraft,
    place: LinePlace,
    requireMay: (identity: Uint8Array) => void,
  ): Promise<Uint8Array>
  say(text: string): void
}

export interface PerformerNeeds {
  readonly plan: ReadPlan
  readonly own: PlannedStation
  readonly station: Pick<Station, 'say' | 'withdraw' | 'seat'>
  readonly record: RecordCopy
  readonly bench: Bench
  readonly clock: Clock
  readonly report: (event: Event) => void
}

/** Room clocks are compared at the opening; a line that is further off is somebody's mistake. */
const apartMsMax = 600_000

const waitingForEnd =
  'the Record is closed; this Station stays until the Record station says that all is written, or until stop'

const notClosed =
  'the table says that all is over, and the Record is not closed here: its last lines are asked for'

const forSession: readonly Act[] = ['draw-signers', 'sign', 'prove']

interface Playing extends TurnPaper<'done'> {
  readonly step: string
}

export class Performer {
  readonly #needs: PerformerNeeds
  readonly #turns: readonly Turn[]
  #asked = 0
  #playing: Playing | undefined
  #signedSeq = -1
  #busy: Promise<void> = Promise.resolve()
  #isStopped = false
  readonly #notes = new Map<string, Unexpected & { readonly written: () => void }>()
  /** Said how far its copy goes, and nothing of what it lacks has come yet. */
  #isAsking = false
  #isTold = false
  readonly #end: StationEnd

  constructor(needs: PerformerNeeds) {
    this.#needs = needs
    this.#turns = turnsOf(needs.plan.plan)
    const { record, station, clock, bench } = needs
    this.#end = new StationEnd({ record, station, clock, say: (text) => bench.say(text) })
  }

  /** The Record is closed, and the Record station says that all is written; or people end it. */
  get over(): Promise<void> {
    return this.#end.over
  }

  /** It ended without the last line of the Record. */
  get isAlone(): boolean {
    return this.#end.isAlone
  }

  /** To be called a few times a second. */
  tick(): void {
    this.#end.tick()
  }

  get isStopped(): boolean {
    return this.#isStopped
  }

  /** As soon as it sits, and whenever it sits anew: the Record station sends what is missing. */
  greet(): void {
    this.#isAsking = true
    const { size, prev, closed } = this.#needs.record.state
    if (closed !== undefined && !this.#isTold) {
      // A Statement may be owed, or may have been lost: it is for the Record station to say.
      this.#needs.bench.say(waitingForEnd)
      this.#isTold = true
    }
    this.#say('have', { size, prev: size === 0 ? '' : prev })
    // Cut off as it left, or taken by a Record station that has died since.
    for (const [id, { written: _, ...said }] of this.#notes) this.#say('note', { id, ...said })
  }

  /** Said until it is a line of the own copy, which is when it is `written`; or for the paper. */
  note(id: string, said: Unexpected, written: () => void): void {
    if (this.#needs.record.state.closed !== undefined) {
      this.#needs.bench.say(`the Record is closed; write it on paper: ${said.happened}`)
      written()
      return
    }
    this.#notes.set(id, { ...said, written })
    this.#say('note', { id, ...said })
  }

  /** For all; of this Station alone after the last line, and where the Record station is gone. */
  stop(because: string): void {
    this.#end.stop(because)
  }

  /** Of the Hub, through the Station's ears. */
  hear(paper: Paper): void {
    if (!isTurnKind(paper.kind)) return
    const heard = attempt(() => this.#take(paper))
    if (!isRefusal(heard)) return
    const { report, bench } = this.#needs
    report({ level: 'alarm', name: 'turn-refused', because: said(heard) })
    bench.say(`REFUSED ${heard.code}: ${said(heard)}`)
    if (heard.rule === 'X-14') this.#stop(heard.because)
  }

  #take(paper: Paper): void {
    switch (paper.kind) {
      case 'turn':
        this.#end.asked()
        this.#begin(readTurnPaper('turn', paper))
        return
      case 'place': {
        const place = readTurnPaper('place', paper)
        this.#end.asked()
        this.#after(() => this.#place(place).catch((error) => this.#unsigned(error)))
        return
      }
      case 'line': {
        this.#line(readTurnPaper('line', paper))
        return
      }
      case 'stop':
        this.#stop(readTurnPaper('stop', paper).because)
        return
      case 'over':
        readTurnPaper('over', paper)
        this.#over()
        return
      default:
        refuse('MALFORMED', `a ${paper.kind} is not for a station`)
    }
  }

  /** What this copy lacks is asked for, and is then the end. */
  #over(): void {
    if (this.#end.heardOver()) return
    this.greet()
    refuse('CEREMONY', notClosed)
  }

  /** One that comes before what it follows is asked for with all that lies between. */
  #line({ seq, line }: TurnPaper<'line'>): void {
    const { record, report } = this.#needs
    const { size } = record.state
    if (seq <= size) {
      this.#isAsking = false
      if (record.take(seq, toUtf8(line))) this.#noted(record.lines.at(-1))
      this.#end.line()
      return
    }
    report({ level: 'warn', name: 'line-early', because: `line ${seq}, and line ${size} is next` })
    if (!this.#isAsking) this.greet()
  }

  #noted(line: RecordLine | undefined): void {
    const { own, record } = this.#needs
    const said = line?.type === 'exception' ? line.body.happened : undefined
    for (const [id, { happened, ...note }] of [...this.#notes]) {
      if (record.state.closed === undefined && happenedAt(own.node, happened) !== said) continue
      this.#notes.delete(id)
      if (record.state.closed === undefined) {
        // Two that say the same are two, and this line is one of them.
        note.written()
        return
      }
      this.note(id, { happened, ...note }, note.written)
    }
  }

  /** A Token does one thing at a time, also when the Record station was started again meanwhile. */
  #after(work: () => Promise<void>): void {
    this.#busy = this.#busy.then(work)
  }

  #begin(asked: TurnPaper<'turn'>): void {
    const { turn: at, round } = asked
    const { station, bench } = this.#needs
    if (this.#isStopped) return
    const turn = attempt(() => this.#next(at))
    if (isRefusal(turn)) {
      const [{ code }, because] = [turn, said(turn)]
      this.#needs.report({ level: 'alarm', name: 'turn-refused', because })
      bench.say(`REFUSED ${code}: ${because}`)
      this.#say('failed', { turn: at, round, code, because })
      return
    }
    this.#asked += 1
    const number = this.#asked
    this.#playing = undefined
    // What was confirmed is for the session that these lead to.
    const isForSession = turn.step.acts.some((act) => forSession.includes(act))
    if ((round > 0 && !isForSession) || isClosing(turn.step)) station.withdraw()
    // Rounds begin anew with the Record station, so the same turn may be asked for twice.
    const isOver = (): boolean => this.#isStopped || number !== this.#asked
    this.#after(async () => {
      if (!isOver()) await this.#play(turn, asked, isOver)
    })
  }

  async #play(
    turn: Turn,
    { turn: at, round, signers, manifest, ended }: TurnPaper<'turn'>,
    isOver: () => boolean,
  ): Promise<void> {
    const { own, bench } = this.#needs
    const bound = { ...turn, node: own.node, custodian: own.custodian }
    try {
      const about = { turn: bound, round, signers, manifest, isEnded: ended }
      const played = await bench.play({ ...about, isOver })
      if (isOver()) return
      const { drafts, brought = [] } = played
      for (const { type, body } of drafts) recordBodies[parseRecordType(type)](body, 'body')
      const done = { turn: at, round, drafts: [...drafts], brought: [...brought] }
      this.#playing = { ...done, step: turn.step.id }
      this.#say('done', done)
    } catch (error) {
      if (isOver()) return
      const { code, because } = toldOf(error)
      bench.say(`${turn.step.id}: ${code}: ${because}`)
      this.#say('failed', { turn: at, round, code, because })
    }
  }

  #next(at: number): Turn {
    const { plan, own, record } = this.#needs
    const { lines } = record
    const turn = requireNext(this.#turns, at, { lines, node: own.node })
    if (isOut(plan.plan, lines, { ...turn, node: own.node })) {
      refuse('CEREMONY', 'the scenario that was drawn takes this station', 'X-9')
    }
    return turn
  }

  /** The line is built here, of the own draft; from the paper come its place and its time. */
  async #place({ turn, round, at, seq, prev, t }: TurnPaper<'place'>): Promise<void> {
    const { plan, own, record, bench, clock, report } = this.#needs
    const playing = this.#playing
    const draft = playing?.turn === turn && playing.round === round ? playing.drafts[at] : undefined
    const { state } = record
    const apart = Math.abs(t - clock.wallMs())
    if (this.#signedSeq === seq) {
      report({ level: 'alarm', name: 'line-refused', because: `line ${seq} was signed already` })
      return
    }
    if (playing === undefined || draft === undefined || seq !== state.size || prev !== state.prev) {
      report({ level: 'alarm', name: 'line-refused', because: `no draft ${at} for line ${seq}` })
      return
    }
    if (!(apart <= apartMsMax)) {
      report({ level: 'alarm', name: 'line-refused', because: `line ${seq}: ${apart} ms apart` })
      return
    }
    const line: RecordDraft = {
      actor: { role: 'custodian', person: own.custodian },
      type: parseRecordType(draft.type),
      body: draft.body,
      step: playing.step,
      t,
    }
    // Of two lines at one place, whoever orders them could show one here and another there.
    this.#signedSeq = seq
    const bytes = await bench.signLine(line, { seq, prev }, (identity) => {
      if (!isOfDrill({ id: line.step })) return
      if (!isTakenKey(plan.plan, record.lines, keyName(identity))) return
      refuse('CEREMONY', 'the scenario that was drawn takes this token: put the spare in', 'X-9')
    })
    parseRecordLine(bytes)
    this.#say('signed', { seq, line: fromUtf8(bytes) ?? '' })
  }

  /** A Token that is out, or says no: whoever waits for the line hears it, and asks anew. */
  #unsigned(error: unknown): void {
    const { report, bench } = this.#needs
    const { code, because } = toldOf(error)
    report({ level: 'alarm', name: 'line-unsigned', because: `${code}: ${because}` })
    bench.say(`NOT SIGNED ${code}: ${because}`)
    this.#playing = undefined
    this.#signedSeq = -1
    this.greet()
  }

  #stop(because: string): void {
    this.#isStopped = true
    this.#playing = undefined
    this.#needs.station.withdraw()
    this.#needs.bench.say(`STOPPED: ${because}`)
  }

  #say<K extends Parameters<typeof turnPaper>[0]>(kind: K, said: TurnPaper<K>): void {
    this.#needs.station.say(turnPaper(kind, said))
  }
}

/** A bug is told as one, without what stands in its message. */
function toldOf(error: unknown): { readonly code: string; readonly because: string } {
  if (error instanceof Refused) {
    const { refusal } = error
    const because = refusal.because.slice(0, 1_000)
    return { code: refusal.code, because: said({ ...refusal, because }) }
  }
  return { code: 'INTERNAL', because: error instanceof Error ? error.name : 'failed' }
}
