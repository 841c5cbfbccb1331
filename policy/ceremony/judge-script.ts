// I4: whether the script was followed. Every line stands at a step that the Plan plays and is of a
// type that the step leaves; steps come in their order; each turn was done, and done once. Going
// back, or doing a turn again, needs an excuse in between: an exception, or an aborted session.
// INVARIANT: a request or vault with a result went through all of its steps, or through those that
// lie before a stop; one without has an excuse. What a line says is `judge-readings.ts` and
// `judge-results.ts`.
import { judgeDrawn } from './drawn.ts'
import type { CeremonyFinding } from './judgement.ts'
import type { Plan } from './plan.ts'
import { actorText, type RecordLine } from './record.ts'
import type { RecordType } from './record-bodies.ts'
import { leastOf, stepsFor } from './script.ts'
import { anytime, type Step } from './steps.ts'
import { type Stretch, Stretches } from './stretches.ts'

export interface Played {
  readonly plan: Plan
  readonly lines: readonly RecordLine[]
  /** Requests that came to a result. */
  readonly carried: ReadonlySet<string>
  readonly isAborted: boolean
}

/** One time through a stretch of steps, for one request or vault where it is repeated. */
interface Round {
  /** The latest step so far, and how many excuses there were at it. */
  top: number
  excuses: number
  isExcused: boolean
  /** How many excuses there were when it was left for another; negative while it goes on. */
  left: number
  readonly turns: Map<string, Turn>
}

interface Turn {
  readonly times: number
  /** Since the excuse at which it was done last, and which that was. */
  readonly since: number
  readonly excuses: number
}

export function judgeScript(played: Played): readonly CeremonyFinding[] {
  const walk = new Walk(played)
  for (const line of played.lines) walk.take(line)
  const drawn = judgeDrawn(played.plan, played.lines)
  return [...walk.findings, ...walk.missing(), ...walk.skipped(), ...drawn]
}

class Walk {
  readonly findings: CeremonyFinding[] = []
  readonly #played: Played
  readonly #stretches: Stretches
  readonly #rounds = new Map<string, Round>()
  /** Of custodians: the step of their station at which they acted last. */
  readonly #latest = new Map<string, number>()
  #current: Round | undefined
  #top = { number: 0, excuses: 0 }
  #excuses = 0

  constructor(played: Played) {
    this.#played = played
    this.#stretches = new Stretches(played.plan, stepsFor(played.plan), played.lines)
  }

  take(line: RecordLine): void {
    const found = this.#stretches.of(line.step)
    if (found === undefined) {
      this.#find(line, `${line.step} is no step of this script`)
      return
    }
    const { step, stretch } = found
    const about = this.#stretches.about(line)
    if (line.type === 'exception' || line.type === 'session.aborted') this.#excuse(stretch, about)
    if (!step.records.includes(line.type)) {
      if (!anytime.includes(line.type)) this.#find(line, `${line.step} leaves no ${line.type}`)
      return
    }
    if (!isBy(line, step)) this.#find(line, `${line.step} is done by the ${step.who}`)
    const round = this.#round(stretch, about)
    if (line.actor.role === 'custodian' && step.each.length > 0) {
      this.#latest.set(actorText(line.actor), found.at)
    }
    this.#inOrder(line, stretch)
    this.#within(line, round, found.at)
    this.#once(line, step, round)
  }

  /** What nobody did. */
  missing(): readonly CeremonyFinding[] {
    const reached = this.#reached()
    return this.#stretches.all.flatMap((stretch) => {
      if (stretch.each === undefined) {
        return this.#undone(stretch, '', stretch.number < reached ? Number.POSITIVE_INFINITY : -1)
      }
      return this.#stretches.bindings(stretch.each).flatMap(({ about, requests }) => {
        const isCarried = requests.some((request) => this.#played.carried.has(request))
        const isExcused = this.#rounds.get(nameOf(stretch, about))?.isExcused
        // Refused by every station, it left no line of its own.
        const isLeft = isExcused ?? this.#rounds.get(nameOf(stretch, ''))?.isExcused === true
        if (!isCarried && (isLeft || this.#played.isAborted)) return []
        const top = this.#rounds.get(nameOf(stretch, about))?.top ?? -1
        return this.#undone(stretch, about, isCarried ? top : -1)
      })
    })
  }

  /** Number of the last stretch that came to a result; whoever stops skips nothing before it. */
  #reached(): number {
    const { carried } = this.#played
    const reached = this.#stretches.all.filter(({ each, number }) => {
      const bound = each === undefined ? [] : this.#stretches.bindings(each)
      return bound.some(({ about, requests }) => {
        const isCarried = requests.some((request) => carried.has(request))
        return isCarried && this.#rounds.has(nameOf({ number }, about))
      })
    })
    return Math.max(-1, ...reached.map(({ number }) => number))
  }

  /** Some of the called may stay away; who acts later did every step of a station before. */
  skipped(): readonly CeremonyFinding[] {
    const findings: CeremonyFinding[] = []
    for (const [named, last] of this.#latest) {
      for (const { each, number, steps } of this.#stretches.all) {
        if (each !== undefined) continue
        const turns = this.#rounds.get(nameOf({ number }, ''))?.turns
        for (const step of steps.filter((one) => isOfStation(one) && this.#at(one) < last)) {
          const lacking = step.records.filter((type) => {
            return own.includes(type) && turns?.has(`${step.id} ${type} ${named}`) !== true
          })
          for (const type of lacking) {
            const because = `${named} acts and has no ${type} at ${step.id} (X-20)`
            findings.push({ check: 'I4', word: 'VIOLATION', because })
          }
        }
      }
    }
    return findings
  }

  #at({ id }: Step): number {
    return this.#stretches.of(id)?.at ?? 0
  }

  #inOrder(line: RecordLine, { number }: Stretch): void {
    if (number < this.#top.number) {
      if (this.#excuses === this.#top.excuses) this.#find(line, `${line.step} comes too late`)
      return
    }
    this.#top = { number, excuses: this.#excuses }
  }

  #within(line: RecordLine, round: Round, at: number): void {
    if (round !== this.#current) {
      if (round.left === this.#excuses) {
        this.#find(line, `${line.step} goes back to what was left for something else`)
      }
      if (this.#current !== undefined) this.#current.left = this.#excuses
      this.#current = round
    }
    if (at < round.top && this.#excuses === round.excuses) {
      this.#find(line, `${line.step} comes too late`)
    }
    if (at >= round.top) Object.assign(round, { top: at, excuses: this.#excuses })
  }

  #once(line: RecordLine, step: Step, round: Round): void {
    const turn = turnOf(line, step)
    const before = round.turns.get(turn) ?? { times: 0, since: 0, excuses: this.#excuses }
    // An excuse is one for the whole turn, which may have two of a line: one for each token.
    const since = before.excuses === this.#excuses ? before.since : 0
    const isFull = step.isMany !== true && since >= mostOf(line, step, this.#played.plan)
    if (isFull && line.type !== 'person.present') {
      this.#find(line, `${line.step} has a second ${line.type}, and no line says why`)
    }
    const times = before.times + 1
    round.turns.set(turn, { times, since: since + 1, excuses: this.#excuses })
  }

  /** Of an aborted ceremony what lies before `until`, a place in the script. */
  #undone(
    { steps, ...stretch }: Stretch,
    about: string,
    until: number,
  ): readonly CeremonyFinding[] {
    const { plan, isAborted } = this.#played
    const turns = this.#rounds.get(nameOf(stretch, about))?.turns ?? new Map()
    const named = about === '' ? '' : ` for ${about}`
    return steps.flatMap((step) => {
      // Who stops stops at once; whether anybody objects is asked all the same.
      if (isAborted && !asked.includes(step.id) && this.#at(step) >= until) return []
      const least = this.#stretches.isCalled(step, about) ? leastOf(step, plan) : 0
      return step.records.flatMap((type): CeremonyFinding[] => {
        const made = timesOf(turns, step, type)
        // Who was present is counted by I6 and I7.
        if (made >= least || type === 'person.present') return []
        const because = `${step.id}${named}: expected ${least} of ${type}, got ${made} (X-20)`
        return [{ check: 'I4', word: 'VIOLATION', because }]
      })
    })
  }

  #round(stretch: Stretch, about: string): Round {
    const name = nameOf(stretch, about)
    const round = this.#rounds.get(name) ?? {
      ...{ top: 0, excuses: this.#excuses, isExcused: false, left: -1 },
      turns: new Map(),
    }
    this.#rounds.set(name, round)
    return round
  }

  #excuse(stretch: Stretch, about: string): void {
    this.#excuses += 1
    this.#round(stretch, about).isExcused = true
    this.#round(stretch, '').isExcused = true
  }

  #find({ seq }: RecordLine, because: string): void {
    this.findings.push({ check: 'I4', word: 'VIOLATION', because, line: seq })
  }
}

/** What people without a station do, custodians too, the record station writes for them. */
function isBy({ actor: { role }, type }: RecordLine, { who }: Step): boolean {
  // Whose the other types are says each of them: `record-seats.ts`.
  if (!ofPeople.includes(type) || who === 'everyone' || role === who) return true
  return who === 'custodian' && role === 'recorder'
}

const ofPeople: readonly RecordType[] = [
  ...(['item.checked', 'words.read', 'medium.destroyed', 'step.done'] as const),
]

/** Lines that a station leaves of itself. */
const own: readonly string[] = ['station.ready', 'item.checked', 'request.shown']

function isOfStation({ each, isOptional }: Step): boolean {
  return each.length === 1 && each[0] === 'station' && isOptional !== true
}

const asked: readonly string[] = ['C-3', 'C-4']

function nameOf({ number }: Pick<Stretch, 'number'>, about: string): string {
  return `${number} ${about}`
}

/** Whose turn a line is, where its step is repeated for people or stations. */
function turnOf({ actor, body, type }: RecordLine, step: Step): string {
  const parts: string[] = [step.id, type]
  const isOwn = step.each.some((each) => !['vault', 'request', 'token'].includes(each))
  if ('by' in body && isOwn) parts.push(body.by)
  else if ('node' in body) parts.push(body.node, body.place)
  else if ('person' in body) parts.push(`${body.role}/${body.person}`)
  else if (isOwn) parts.push(actorText(actor))
  if (isOwn && 'vault' in body) parts.push(body.vault)
  return parts.join(' ')
}

/** How often a turn may be done: what a line does not tell apart may come once for each. */
function mostOf({ body }: RecordLine, step: Step, plan: Plan): number {
  const tokens = step.each.includes('token') && !('place' in body) ? 2 : 1
  const isInner = step.each.slice(1).includes('vault') && !('vault' in body)
  return isInner ? tokens * plan.vaults.length : tokens
}

function timesOf(turns: Round['turns'], step: Step, type: string): number {
  const own = [...turns].filter(([turn]) => `${turn} `.startsWith(`${step.id} ${type} `))
  if (step.isMany === true) return own.length
  return own.reduce((sum, [, { times }]) => sum + times, 0)
}
