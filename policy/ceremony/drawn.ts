// What a drill drew from its bowl, and what that takes away: with a site its daily tokens, with a
// custodian that station, with a vendor every station that loaded that vendor's module. The draw is
// a line of the Record, which notes the scenario and what it takes; only what is left goes on.
// INVARIANT: it is drawn once, out of the plan's bowl, before anything that it is about.
// Source: the ceremony's design, 5.4. Pure: the room goes by it, every station, and the judge.
import { attempt, isRefusal, refuse } from '../../proto/refusal.ts'
import type { CeremonyFinding } from './judgement.ts'
import { calledStations, type Plan, type PlannedStation, type Scenario } from './plan.ts'
import { keyName, type RecordLine } from './record.ts'
import { stepsFor } from './script.ts'
import { drill } from './steps-drill.ts'

export interface Drawn {
  readonly scenario: Scenario
  /** Name of the site or custodian, digest of the module; empty where nothing is taken. */
  readonly takes: string
}

/** As the line of the draw notes it; refused where it is not of the plan's bowl. */
export function parseDrawn(plan: Plan, noted: readonly string[]): Drawn {
  const [named = '', takes = '', ...more] = noted
  const scenario = plan.scenarios.find((one) => one === named)
  if (scenario === undefined) {
    return refuse('CEREMONY', `drawn: expected one of ${plan.scenarios.join(', ')}, got ${named}`)
  }
  const all = takenBy(plan, scenario)
  const isTold = all.length === 0 ? takes === '' : all.includes(takes)
  if (!isTold || more.length > 0) {
    const wanted = all.length === 0 ? 'nothing more' : `one of ${all.join(', ')}`
    return refuse('CEREMONY', `drawn: ${scenario} takes ${wanted}, got ${noted.slice(1).join()}`)
  }
  return { scenario, takes }
}

/** What the scenario may take, of this plan; none where it takes nothing that is in the room. */
export function takenBy(plan: Plan, scenario: Scenario): readonly string[] {
  const called = calledStations(plan)
  switch (scenario) {
    case 'site':
      return [...new Set<string>(called.map(({ site }) => site))]
    case 'custodian':
      return called.map(({ custodian }) => custodian)
    case 'vendor':
      return plan.build.modules
    case 'coordinator':
    case 'theft':
      return []
  }
}

/** A station of which nothing is left, by the lines up to now. */
export function isTaken(
  plan: Plan,
  lines: readonly RecordLine[],
  { custodian }: Pick<PlannedStation, 'custodian'>,
): boolean {
  const drawn = drawnIn(plan, lines)
  if (drawn?.scenario === 'custodian') return drawn.takes === custodian
  if (drawn?.scenario !== 'vendor') return false
  const ready = lines.findLast(({ type, actor }) => {
    return type === 'station.ready' && actor.person === custodian
  })
  return ready?.type === 'station.ready' && ready.body.module === drawn.takes
}

/** The daily token of a station whose site is gone. */
export function isTakenKey(plan: Plan, lines: readonly RecordLine[], key: string): boolean {
  const drawn = drawnIn(plan, lines)
  if (drawn?.scenario !== 'site') return false
  return calledStations(plan).some(({ site, tokens }) => {
    return site === drawn.takes && tokens !== undefined && keyName(tokens.daily.identity) === key
  })
}

/** Medium A sleeps with the daily token. */
function isTakenMedium(
  plan: Plan,
  lines: readonly RecordLine[],
  { type, actor, body }: RecordLine,
): boolean {
  if (type !== 'seal.tested' || !('medium' in body) || body.medium !== 'a') return false
  const drawn = drawnIn(plan, lines)
  const station = calledStations(plan).find(({ custodian }) => custodian === actor.person)
  return drawn?.scenario === 'site' && station?.site === drawn.takes
}

/** Whether what was drawn rules this step: the closing is everybody's. */
export function isOfDrill({ id }: { readonly id: string }): boolean {
  return drill.some((step) => step.id === id)
}

/** I4. */
export function judgeDrawn(plan: Plan, lines: readonly RecordLine[]): readonly CeremonyFinding[] {
  const draw = stepsFor(plan).find(({ draws }) => draws === true)
  if (draw === undefined) return []
  const findings: CeremonyFinding[] = []
  const find = ({ seq: line }: RecordLine, because: string): void => {
    findings.push({ check: 'I4', word: 'VIOLATION', because, line })
  }
  let isDrawn = false
  for (const [at, line] of lines.entries()) {
    if (line.type === 'exception' || !isOfDrill({ id: line.step })) continue
    if (line.step === draw.id) {
      if (line.type !== 'step.done') continue
      if (isDrawn) find(line, 'a scenario was drawn a second time')
      const read = attempt(() => parseDrawn(plan, line.body.noted))
      if (isRefusal(read)) find(line, read.because)
      isDrawn = true
      continue
    }
    if (!anybody.includes(line.type) && !isDrawn)
      find(line, `${line.step} before a scenario was drawn`)
    if (line.actor.role !== 'custodian') continue
    const before = lines.slice(0, at)
    const own = { custodian: line.actor.person }
    if (isTaken(plan, before, own)) find(line, `${line.actor.person} acts, whom the scenario took`)
    if (isTakenKey(plan, before, line.key)) find(line, 'signed by a token that the scenario took')
    if (isTakenMedium(plan, before, line)) find(line, 'opened a medium that the scenario took')
  }
  return findings
}

const anybody: readonly string[] = ['person.present', 'person.left']

/** The first counts; undefined before it, and where it cannot be read. */
function drawnIn(plan: Plan, lines: readonly RecordLine[]): Drawn | undefined {
  const draw = stepsFor(plan).find(({ draws }) => draws === true)
  const line = lines.find(({ step, type }) => step === draw?.id && type === 'step.done')
  if (line?.type !== 'step.done') return undefined
  const read = attempt(() => parseDrawn(plan, line.body.noted))
  return isRefusal(read) ? undefined : read
}
