// Script: the steps of one kind of ceremony in their order, opening and closing included, and the
// turns that a Plan makes of them: who, for which vault or request, at which station.
// INVARIANT: the same Plan gives the same turns everywhere, so what people read, what stations
// walk and what the judge asks for is one list.
// Prints nothing; knows no Record and no protocol.
import type { NodeId, PersonId, VaultId } from '../../proto/ids.ts'
import type { Attendee } from './people.ts'
import { type CeremonyKind, calledStations, type Plan, type PlannedRequest } from './plan.ts'
import type { Each, Otherwise, Step } from './steps.ts'
import { closing, closingOtherwise } from './steps-closing.ts'
import { drill, drillOtherwise } from './steps-drill.ts'
import { enrolment, enrolmentOtherwise } from './steps-enrolment.ts'
import { genesis, genesisOtherwise } from './steps-genesis.ts'
import { opening } from './steps-opening.ts'
import { reshare, reshareOtherwise } from './steps-reshare.ts'
import { sign, signOtherwise } from './steps-sign.ts'

/** One step, once. What its step is not repeated for is absent. */
export interface Turn {
  readonly step: Step
  readonly vault?: VaultId
  readonly request?: PlannedRequest
  readonly person?: Attendee
  /** Absent of a signer too: who signs is drawn in the room. */
  readonly node?: NodeId
  readonly custodian?: PersonId
  readonly token?: 'daily' | 'spare'
}

const own: Readonly<Record<CeremonyKind, readonly [readonly Step[], readonly Otherwise[]]>> = {
  enrolment: [enrolment, enrolmentOtherwise],
  genesis: [genesis, genesisOtherwise],
  sign: [sign, signOtherwise],
  reshare: [reshare, reshareOtherwise],
  drill: [drill, drillOtherwise],
}

/** All steps of a kind, whether or not a certain Plan plays them. */
export function stepsOf(kind: CeremonyKind): readonly Step[] {
  const all = [...opening, ...own[kind][0], ...closing]
  return all.filter(({ not }) => not?.includes(kind) !== true)
}

export function otherwiseOf(kind: CeremonyKind): readonly Otherwise[] {
  return [...own[kind][1], ...closingOtherwise]
}

/** The steps that this Plan plays. */
export function stepsFor(plan: Plan): readonly Step[] {
  return stepsOf(plan.kind).filter(({ when }) => {
    if (when === 'cards') return plan.table.way === 'cards' && plan.kind !== 'enrolment'
    if (when === 'scenario') return plan.scenarios.length > 0
    if (when === 'main-log') return plan.mainRoot !== undefined
    return when !== 'call-back' || plan.requests.some(({ callBack }) => callBack)
  })
}

/** In the order in which they are played; of signers as many as sign, without names. */
export function turnsOf(plan: Plan): readonly Turn[] {
  return play(plan, stepsFor(plan), {}, 0)
}

/**
 * How many turns of a step there must be, for each vault or request that it is repeated for. Of
 * those called to sign or to a drill some may stay away or drop out, as long as t are left.
 */
export function leastOf(step: Step, plan: Plan): number {
  if (step.isOptional === true) return 0
  const kinds = step.each.filter((each) => each !== 'vault' && each !== 'request')
  return kinds.reduce((product, each) => product * least(each, plan), 1)
}

function least(each: Each, plan: Plan): number {
  const some = plan.kind === 'sign' || plan.kind === 'drill'
  const spare = some ? plan.called.length - plan.t : 0
  if (each === 'station') return plan.called.length - spare
  if (each === 'dealer') return plan.tBefore ?? 0
  return bindings(each, plan).length - (each === 'person' ? spare : 0)
}

type Bound = Omit<Turn, 'step'>

/** Vaults and requests go through all their steps, one after the other; others step by step. */
const blocks: readonly Each[] = ['vault', 'request']

function play(plan: Plan, steps: readonly Step[], bound: Bound, depth: number): readonly Turn[] {
  const [first] = steps
  if (first === undefined) return []
  const each = first.each[depth]
  if (each === undefined) {
    return [{ ...bound, step: first }, ...play(plan, steps.slice(1), bound, depth)]
  }
  const same = steps.findIndex((step) => step.each[depth] !== each)
  const length = blocks.includes(each) ? (same === -1 ? steps.length : same) : 1
  const block = steps.slice(0, length)
  const turns = bindings(each, plan).flatMap((one) => {
    const now = { ...bound, ...one }
    return play(plan, block.filter(fits(now)), now, depth + 1)
  })
  return [...turns, ...play(plan, steps.slice(length), bound, depth)]
}

function fits({ request }: Bound): (step: Step) => boolean {
  return ({ when }) => when !== 'call-back' || request?.callBack === true
}

function bindings(each: Each, plan: Plan): readonly Bound[] {
  const stations = calledStations(plan).map(({ node, custodian, part }) => {
    return { part, bound: { node, custodian } }
  })
  switch (each) {
    case 'person':
      // Couriers come when all is over.
      return plan.people.filter(({ role }) => role !== 'courier').map((person) => ({ person }))
    case 'vault':
      return plan.vaults.map((vault) => ({ vault }))
    case 'request':
      return plan.requests.map((request) => ({ request }))
    case 'station':
      return stations.map(({ bound }) => bound)
    case 'dealer':
      return stations.filter(({ part }) => part !== 'joins').map(({ bound }) => bound)
    case 'holder':
      return stations.filter(({ part }) => part !== 'leaves').map(({ bound }) => bound)
    case 'newcomer':
      return stations.filter(({ part }) => part === 'joins').map(({ bound }) => bound)
    case 'signer':
      return Array.from({ length: plan.t }, () => ({}))
    case 'token':
      return [{ token: 'daily' }, { token: 'spare' }]
  }
}
