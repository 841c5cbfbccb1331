// The turns of a script as a room plays them: which of them go together because their machines
// act at once, who acts in each, and which of them the Record shows as done. The Record is the
// only progress that there is.
// INVARIANT: pure, and the same for everybody who has the Plan and the Record.
import { wentOnWithout } from '../../policy/ceremony/begun.ts'
import { isOfDrill, isTaken } from '../../policy/ceremony/drawn.ts'
import { calledStations, type Plan } from '../../policy/ceremony/plan.ts'
import type { RecordLine } from '../../policy/ceremony/record.ts'
import { type Turn, turnsOf } from '../../policy/ceremony/script.ts'
import type { Act } from '../../policy/ceremony/steps.ts'
import { refuse } from '../../proto/refusal.ts'

export interface Numbered {
  readonly index: number
  readonly turn: Turn
}

/** One or more turns of one step, for one vault or request. */
export interface Group {
  readonly turns: readonly Numbered[]
  readonly first: Turn
  /** Which of its step it is, and of those for one request which. */
  readonly nth: number
}

/** In the exception that a stop leaves. */
export const stopDecision = 'the ceremony is stopped'

/** Why this ceremony was stopped, in a room that began again; empty for not. */
export function stoppedBefore(lines: readonly RecordLine[]): string {
  const line = lines.find(({ type, body }) => {
    return type === 'exception' && body['decided'] === stopDecision
  })
  return line?.type === 'exception' ? line.body.happened : ''
}

const together: readonly string[] = ['called', 'signers', 'all']

export function groupsOf(plan: Plan): readonly Group[] {
  const groups: { turns: Numbered[]; first: Turn; nth: number }[] = []
  const count = new Map<string, number>()
  for (const [index, turn] of turnsOf(plan).entries()) {
    if (turn.step.isOnline === true) continue
    const last = groups.at(-1)
    const isSame = last?.first.step === turn.step && isSameSubject(last.first, turn)
    if (last !== undefined && isSame && together.includes(turn.step.at ?? '') && !turn.person) {
      last.turns.push({ index, turn })
      continue
    }
    const key = `${turn.step.id} ${turn.request?.request ?? turn.vault ?? ''}`
    const nth = count.get(key) ?? 0
    count.set(key, nth + 1)
    groups.push({ turns: [{ index, turn }], first: turn, nth })
  }
  return groups
}

export function hasAct({ first }: Group, ...acts: readonly Act[]): boolean {
  return first.step.acts.some((act) => acts.includes(act))
}

/** The first group of which the Record lacks a line; their number where it lacks none. */
export function firstUndone(
  plan: Plan,
  groups: readonly Group[],
  lines: readonly RecordLine[],
): number {
  const owed = new Map<string, number>()
  for (const [at, group] of groups.entries()) {
    for (const { turn } of group.turns) {
      if (turn.step.isOptional === true || isOut(plan, lines, turn)) continue
      for (const type of turn.step.records) {
        const who = custodianOf(plan, turn)
        const key = `${turn.step.id} ${type} ${who}`
        const wanted = (owed.get(key) ?? 0) + 1
        owed.set(key, wanted)
        const made = lines.filter((line) => {
          if (line.step !== turn.step.id) return false
          const isOwn = who === '' || line.actor.person === who
          return (line.type === type && isOwn) || isGivenUp(line, turn)
        })
        if (made.length < wanted) return at
      }
    }
    if (group.first.step.records.length === 0 && group.first.step.acts.length > 0) return at
  }
  return groups.length
}

/** Nobody goes back to what people went on without. */
function isGivenUp(line: RecordLine, { node }: Turn): boolean {
  if (line.type !== 'exception' || node === undefined) return false
  const { decided, happened } = line.body
  return decided === wentOnWithout && happened.startsWith(`${node}: `)
}

/** Whether a drill's scenario took this station, and the step is one of those that it rules. */
export function isOut(
  plan: Plan,
  lines: readonly RecordLine[],
  { step, node }: Pick<Turn, 'step'> & { readonly node?: string },
): boolean {
  const own = plan.stations.find((one) => one.node === node)
  return own !== undefined && isOfDrill(step) && isTaken(plan, lines, own)
}

/** The stations of a group, without those that a scenario took. */
export function nodesOf(
  plan: Plan,
  lines: readonly RecordLine[],
  { first, nth, turns }: Group,
  signers: readonly string[],
): readonly string[] {
  const { step } = first
  const { at, each } = step
  const left = (nodes: readonly string[]): readonly string[] =>
    nodes.filter((node) => !isOut(plan, lines, { step, node }))
  if (each.includes('signer')) return at === 'signers' ? signers : signers.slice(nth, nth + 1)
  if (first.node !== undefined) return left(turns.flatMap(({ turn }) => turn.node ?? []))
  return at === 'called' || at === 'all' ? left(calledStations(plan).map(({ node }) => node)) : []
}

/** How many of the called may still do this step. */
export function leftCount(plan: Plan, lines: readonly RecordLine[], { step }: Turn): number {
  return plan.called.filter((node) => !isOut(plan, lines, { step, node })).length
}

/** Whose line of the end of a session about this request the Record lacks. */
export function unfinished(
  plan: Plan,
  lines: readonly RecordLine[],
  { request, nodes }: { readonly request: string; readonly nodes: readonly string[] },
): readonly string[] {
  return nodes.filter((node) => {
    const custodian = plan.stations.find((one) => one.node === node)?.custodian
    return !lines.some(({ type, body, actor }) => {
      return type === 'session.done' && body['request'] === request && actor.person === custodian
    })
  })
}

/**
 * What a Station plays: a turn of its own script that no step before is missing for. Each of them
 * has left a line in the own copy of the Record, or an exception; a closing may come at any time,
 * once an exception says that the ceremony is stopped. Any other exception is no reason: whoever
 * leads could skip every step for it.
 */
export function requireNext(
  turns: readonly Turn[],
  at: number,
  { lines, node }: { readonly lines: readonly RecordLine[]; readonly node: string },
): Turn {
  const turn = turns[at] ?? refuse('PLAN', `the script has no turn ${at}`, 'X-9')
  const { step } = turn
  const isOthers = turn.node !== undefined && turn.node !== node
  if (step.isOnline === true || isOthers) {
    return refuse('CEREMONY', `${step.id} is no turn of this station`, 'X-9')
  }
  const isStopped = isClosing(step) && stoppedBefore(lines) !== ''
  const known = new Set(lines.map((line) => line.step))
  const missing = turns.slice(0, at).find((one) => {
    const { id, records, isOnline, isOptional } = one.step
    if (isOnline === true || isOptional === true || records.length === 0) return false
    if (id === step.id || (isStopped && !isClosing(one.step))) return false
    return !known.has(id)
  })
  if (missing === undefined) return turn
  return refuse('CEREMONY', `${step.id} is not next: ${missing.step.id} was not played`, 'X-9')
}

/** Of a sitting that was stopped only the closing, of a closed Record what comes after it. */
export function isLeft(
  group: Group,
  { isStopped, isClosed }: { readonly isStopped: boolean; readonly isClosed: boolean },
): boolean {
  const { step } = group.first
  if (isClosed) return hasAct(group, 'close-record') || (isClosing(step) && !step.records.length)
  return !isStopped || isClosing(step)
}

export function isClosing({ id }: Turn['step']): boolean {
  return id.startsWith('C-')
}

function custodianOf(_plan: Plan, { node, custodian }: Turn): string {
  return node === undefined ? '' : (custodian ?? '')
}

function isSameSubject(a: Turn, b: Turn): boolean {
  return a.vault === b.vault && a.request?.request === b.request?.request && a.person === b.person
}
