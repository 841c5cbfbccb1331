// The lines that people without a station leave: written at the Record station, by its token,
// in the name of whose part the step is. What people said is asked of the recorder; what a
// machine knows (digests, counts, names of signers) is not.
// INVARIANT: nothing is pre-filled that somebody should have read or counted.
// Source: the ceremony's design, 4.9, 4.10.

import { parseDrawn, takenBy } from '../../policy/ceremony/drawn.ts'
import { treeAt } from '../../policy/ceremony/log-view.ts'
import { having } from '../../policy/ceremony/people.ts'
import type { Plan } from '../../policy/ceremony/plan.ts'
import type { Actor } from '../../policy/ceremony/record.ts'
import type { RecordType } from '../../policy/ceremony/record-bodies.ts'
import type { Turn } from '../../policy/ceremony/script.ts'
import type { Digest } from '../../proto/ids.ts'
import { Refused, refuse } from '../../proto/refusal.ts'
import { wordLines } from '../../proto/words.ts'
import { itemBody, itemHint } from './item-checked.ts'
import type { RoomLog } from './room-log.ts'
import type { Desk } from './station-acts.ts'
import type { Draft } from './turn-papers.ts'

export interface DeskLine extends Draft {
  readonly actor: Actor
}

/** What an exception says. */
export interface Unexpected {
  readonly expected: string
  readonly happened: string
  readonly decided: string
}

/** Which digest a reading is of, where the room knows it. */
export type ReadingOf = (what: string, turn: Turn) => Digest

interface Asking {
  readonly plan: Plan
  readonly desk: Desk
  readonly reading: ReadingOf
}

const triesMax = 3

/** Asked again where what was typed makes no line; `write` puts one into the Record. */
export async function deskWritten(
  asking: Asking,
  turn: Turn,
  noted: readonly string[],
  write: (line: DeskLine) => Promise<void>,
): Promise<void> {
  for (let tries = 1; ; tries += 1) {
    try {
      for (const line of await deskLines(asking, turn, noted)) await write(line)
      return
    } catch (error) {
      if (!(error instanceof Refused)) throw error
      asking.desk.say(`${turn.step.id}: ${error.refusal.code}: ${error.refusal.because}`)
      if (tries === triesMax) throw error
    }
  }
}

async function deskLines(
  { plan, desk, reading }: Asking,
  turn: Turn,
  noted: readonly string[],
): Promise<readonly DeskLine[]> {
  const lines: DeskLine[] = []
  for (const type of turn.step.records) {
    lines.push(...(await linesOf({ plan, desk, reading }, turn, { type, noted })))
  }
  return lines
}

async function linesOf(
  the: Asking,
  turn: Turn,
  { type, noted }: { readonly type: RecordType; readonly noted: readonly string[] },
): Promise<readonly DeskLine[]> {
  const { plan, desk, reading } = the
  const actor = actorOf(plan, turn)
  switch (type) {
    case 'person.present':
      return await present(desk, turn, actor)
    case 'item.checked': {
      const typed = await desk.ask('item', `${turn.step.id}: numbers, ${itemHint}`)
      return typed.split(',').map((one) => ({ actor, type, body: itemBody(one, 'bag') }))
    }
    case 'medium.destroyed': {
      const typed = await desk.ask('item', `${turn.step.id}: numbers of cards, with commas: `)
      return typed.split(',').map((number) => {
        const body = { kind: 'card', method: 'shredded', number: number.trim() }
        return { actor, type, body }
      })
    }
    case 'words.read': {
      const { words, who } = turn.step
      if (words === undefined) return refuse('PLAN', `${turn.step.id} reads no words`)
      const digest = reading(words.what, turn)
      desk.say([`words of the ${words.what}`, ...wordLines(digest, words.count)].join('\n  '))
      const by = who === 'everyone' ? actor.person : readerOf(plan, turn)
      const confirmed = await namesAsked(desk, `${turn.step.id}: read by ${by}; confirmed by: `)
      return [{ actor, type, body: { by, confirmed, digest, what: words.what } }]
    }
    case 'step.done': {
      const drawn = turn.step.draws === true ? await drawnAsked(desk, plan, turn) : noted
      const confirmed = await namesAsked(desk, `${turn.step.id}: seen by: `)
      return [{ actor, type, body: { confirmed, noted: [...drawn] } }]
    }
    default:
      return []
  }
}

async function present(desk: Desk, turn: Turn, actor: Actor): Promise<readonly DeskLine[]> {
  const { person } = turn
  if (person === undefined) return refuse('PLAN', `${turn.step.id} is of no person`)
  const typed = await desk.ask('present', `${person.role}/${person.person}, here? (yes or no): `)
  if (typed.trim() !== 'yes') return []
  const body = { how: person.how, person: person.person, role: person.role }
  return [{ actor, type: 'person.present', body }]
}

/** What was in the bowl is shown; what came out of it is typed. */
async function drawnAsked(desk: Desk, plan: Plan, { step }: Turn): Promise<readonly string[]> {
  for (const scenario of plan.scenarios) {
    desk.say(`  ${scenario} ${takenBy(plan, scenario).join(' | ')}`.trimEnd())
  }
  const typed = await desk.ask('drawn', `${step.id}: the scenario, and what it takes: `)
  const noted = typed.split(' ').filter((word) => word !== '')
  parseDrawn(plan, noted)
  return noted
}

/** A custodian's own lines are signed at the own station; those written here are the recorder's. */
export function actorOf(plan: Plan, { step }: Turn): Actor {
  const isOwn = step.who !== 'everyone' && step.who !== 'custodian'
  const isRecorder = step.records.includes('person.present') || !isOwn
  const role = isRecorder ? 'recorder' : step.who
  const [first] = having(plan.people, role)
  return { role, person: first?.person ?? refuse('PLAN', `no ${role} in this plan`) }
}

export function recorderOf(plan: Plan): Actor {
  const [first] = having(plan.people, 'recorder')
  return { role: 'recorder', person: first?.person ?? refuse('PLAN', 'no recorder in this plan') }
}

/** What everything after it stands on. */
export function firstLine({ bundle, digest: carried, view, size }: RoomLog): DeskLine {
  const { plan, digest } = bundle.plan
  const checkpoint = { root: treeAt(view, size), size }
  const body = { bundle: carried, checkpoint, env: plan.env, kind: plan.kind, plan: digest }
  return { actor: recorderOf(plan), type: 'record.genesis', body }
}

/** The administrator decides; the recorder writes. */
export function exceptionLine(
  plan: Plan,
  number: number,
  { expected, happened, decided }: Unexpected,
): DeskLine {
  const by = having(plan.people, 'administrator')[0]?.person ?? ''
  const body = { by, decided, expected, happened: sentenceOf(happened), number }
  return { actor: recorderOf(plan), type: 'exception', body }
}

/** What an exception says of a note that came from this Station. */
export function happenedAt(node: string, happened: string): string {
  return sentenceOf(`${node}: ${happened}`)
}

/** As a sentence of the Record has to be. */
function sentenceOf(said: string): string {
  const plain = said.replace(/[\p{C}\p{Zl}\p{Zp}]+/gu, ' ').trim()
  return plain.slice(0, 500) || 'nothing'
}

function readerOf(plan: Plan, { step, custodian }: Turn): string {
  if (custodian !== undefined) return custodian
  const role = step.who === 'everyone' ? 'recorder' : step.who
  return having(plan.people, role)[0]?.person ?? refuse('PLAN', `no ${role} in this plan`)
}

async function namesAsked(desk: Desk, question: string): Promise<string[]> {
  const typed = await desk.ask('confirmed', question)
  return typed
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '')
}
