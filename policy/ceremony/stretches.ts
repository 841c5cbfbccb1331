// Stretches: the script cut where its repetition changes. A stretch of several steps is played for
// each request or vault, one after the other; every other step is a stretch of its own. Which
// request or vault a line belongs to it says itself, or the lines around it do.
// Judges nothing: `judge-script.ts`.
import type { Plan, PlannedRequest } from './plan.ts'
import type { RecordLine } from './record.ts'
import { turnsOf } from './script.ts'
import type { Step } from './steps.ts'

export type Repeated = 'vault' | 'request'

export interface Stretch {
  readonly number: number
  /** Undefined where it is played once. */
  readonly each: Repeated | undefined
  readonly steps: readonly Step[]
}

export interface Found {
  readonly step: Step
  /** Place of the step in the whole script. */
  readonly at: number
  readonly stretch: Stretch
}

export class Stretches {
  readonly all: readonly Stretch[]
  readonly #plan: Plan
  readonly #found = new Map<string, Found>()
  readonly #abouts: ReadonlyMap<number, string>

  constructor(plan: Plan, steps: readonly Step[], lines: readonly RecordLine[]) {
    this.#plan = plan
    this.all = cut(steps)
    const numbered = this.all.flatMap((stretch) => stretch.steps.map((step) => ({ step, stretch })))
    for (const [at, { step, stretch }] of numbered.entries()) {
      this.#found.set(step.id, { step, stretch, at })
    }
    this.#abouts = this.#read(lines)
  }

  of(step: string): Found | undefined {
    return this.#found.get(step)
  }

  /** The request or vault; empty where the step is for none, or no line tells. */
  about({ seq }: RecordLine): string {
    return this.#abouts.get(seq) ?? ''
  }

  /** Everything that a stretch is played for, with the requests that are about it. */
  bindings(each: Repeated): readonly { readonly about: string; readonly requests: string[] }[] {
    const { requests, vaults } = this.#plan
    if (each === 'request') {
      return requests.map(({ request }) => ({ about: request, requests: [request] }))
    }
    return vaults.map((vault) => {
      const own = requests.filter((one) => one.vault === vault)
      return { about: vault, requests: own.map(({ request }) => request) }
    })
  }

  /** A call-back is of some requests only. */
  isCalled(step: Step, about: string): boolean {
    if (step.when !== 'call-back') return true
    const turns = turnsOf(this.#plan).filter((turn) => turn.step.id === step.id)
    return turns.some(({ request }) => request?.request === about)
  }

  #read(lines: readonly RecordLine[]): ReadonlyMap<number, string> {
    const abouts = new Map<number, string>()
    for (const stretch of this.all) {
      if (stretch.each === undefined) continue
      const own = lines.filter(({ step }) => this.of(step)?.stretch === stretch)
      const named = own.map((line) => this.#named(stretch.each, line))
      const told = named.some((one) => one !== undefined)
        ? around(own, named, stretch.steps[0])
        : this.#counted(own, stretch)
      for (const [at, about] of told.entries()) {
        const seq = own[at]?.seq
        if (about !== undefined && seq !== undefined) abouts.set(seq, about)
      }
    }
    return abouts
  }

  /** Where no line tells: the first is for the first, and so on. */
  #counted(own: readonly RecordLine[], { each, steps }: Stretch): readonly (string | undefined)[] {
    const bound = each === undefined ? [] : this.bindings(each)
    let next = 0
    return own.map(({ type }) => {
      const isDone = steps.some(({ records }) => records.includes(type))
      const about = bound[next]?.about
      next += isDone ? 1 : 0
      return about
    })
  }

  #named(each: Repeated | undefined, { body }: RecordLine): string | undefined {
    const request = 'request' in body ? body.request : undefined
    if (each === 'request') return request
    if ('vault' in body) return body.vault
    return this.#plan.requests.find((one: PlannedRequest) => one.request === request)?.vault
  }
}

/** At the first step of a stretch the lines after one tell, at the others those before it. */
function around(
  lines: readonly RecordLine[],
  named: readonly (string | undefined)[],
  first: Step | undefined,
): readonly (string | undefined)[] {
  let known: string | undefined
  const sooner = named.map((one) => {
    known = one ?? known
    return known
  })
  known = undefined
  const later = named.toReversed().map((one) => {
    known = one ?? known
    return known
  })
  later.reverse()
  return lines.map(({ step }, at) => {
    const [told, other] = step === first?.id ? [later[at], sooner[at]] : [sooner[at], later[at]]
    return told ?? other
  })
}

function cut(steps: readonly Step[]): readonly Stretch[] {
  const all: { number: number; each: Repeated | undefined; steps: Step[] }[] = []
  for (const step of steps) {
    const each = repeatedOf(step)
    const last = all.at(-1)
    if (each !== undefined && last?.each === each) last.steps.push(step)
    else all.push({ number: all.length, each, steps: [step] })
  }
  return all
}

function repeatedOf({ each: [first] }: Step): Repeated | undefined {
  return first === 'vault' || first === 'request' ? first : undefined
}
