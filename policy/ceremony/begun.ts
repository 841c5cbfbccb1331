// What stands in the Record before a session begins: of a payment or a proof, that everybody who
// was called has confirmed this very request since the last lot, and the lot that chose its
// signers; of a key, every step before, and each old share opened. Acceptances name the head in
// which it stands, so this is asked by every Station of the others, and by the judge afterwards.
// INVARIANT: pure, and by the lines alone. Who typed it wrong is out, by an exception that says so,
// and no signer; who never came to the table confirms nothing. Source: the ceremony's design, 4.7.
import type { Digest, NodeId } from '../../proto/ids.ts'
import { refuse } from '../../proto/refusal.ts'
import { isOfDrill, isTaken } from './drawn.ts'
import { calledStations, type Plan, type PlannedStation } from './plan.ts'
import type { RecordLine } from './record.ts'
import { stepsFor, turnsOf } from './script.ts'
import type { Act, Step } from './steps.ts'

export interface Begins {
  readonly request: Digest
  /** Everybody of the session; without it, whoever the Record says. */
  readonly nodes?: readonly NodeId[]
  /** Of the text that everybody confirmed; without it, one text for all. */
  readonly display?: Digest
}

/** In an exception about a turn that a Station could not play. */
export const wentOnWithout = 'it goes on without it'

export interface Lot {
  /** Of its line. */
  readonly seq: number
  readonly signers: readonly string[]
}

/**
 * Who was drawn for a request, each time: there is a lot before each session, so as many may have
 * begun, also before the Record station was started again.
 */
export function lotsOf(plan: Plan, lines: readonly RecordLine[], request: Digest): readonly Lot[] {
  const draw = stepWith(plan, 'draw-signers')
  const lots: Lot[] = []
  let about = ''
  for (const { type, step, body, seq } of lines) {
    if (type === 'request.confirmed') about = body.request
    else if (type === 'step.done' && step === draw?.id && about === request) {
      lots.push({ seq, signers: body.noted })
    }
  }
  return lots
}

/**
 * refused where a session about this may not begin on these lines. How far they go up to its
 * lot, which is of no other session; 0 where a key is dealt.
 */
export function requireBegun(plan: Plan, lines: readonly RecordLine[], about: Begins): number {
  const planned = plan.requests.find(({ request }) => request === about.request)
  if (planned === undefined) refuse('CEREMONY', `${about.request} is not of this plan`, 'X-16')
  const { op, vault } = planned
  if (op === 'payment' || op === 'key.prove') return requireConfirmed(plan, lines, about)
  requireBefore(plan, lines, { ...about, vault })
  return 0
}

function requireConfirmed(
  plan: Plan,
  lines: readonly RecordLine[],
  { request, nodes, display }: Begins,
): number {
  const lots = lotsOf(plan, lines, request)
  const lot = lots.at(-1) ?? refuse('CEREMONY', `no lot of ${request} in the Record`, 'X-16')
  if (nodes !== undefined && !isSame(nodes, lot.signers)) {
    const said = `${lot.signers.join(', ')} were drawn`
    refuse('CEREMONY', `expected the signers of the lot, ${said}, got ${nodes.join(', ')}`, 'X-16')
  }
  const since = lots.at(-2)?.seq ?? -1
  const asked = lines.slice(since + 1, lot.seq)
  const confirmed = asked.flatMap((line) => {
    return line.type === 'request.confirmed' && line.body.request === request ? [line] : []
  })
  const shown = display ?? confirmed[0]?.body.display
  for (const station of calledStations(plan)) {
    const isSigner = lot.signers.includes(station.node)
    const own = confirmed.filter(({ actor }) => actor.person === station.custodian)
    if (own.some(({ body }) => body.display !== shown)) {
      refuse('CEREMONY', `${station.node} confirmed another text of ${request}`, 'X-16')
    }
    if (own.length > 0 || (!isSigner && isExcused(plan, lines, { station, request }))) continue
    const lacking = `${station.node} has not confirmed ${request} since the last session`
    refuse('CEREMONY', `${lacking}: not in the ${lines.length} lines`, 'X-16')
  }
  return lot.seq + 1
}

interface Absent {
  readonly station: PlannedStation
  readonly request: Digest
}

/** Never came to the table, is out for this request, or was taken by what a drill drew. */
function isExcused(
  plan: Plan,
  lines: readonly RecordLine[],
  { station, request }: Absent,
): boolean {
  const confirm = stepWith(plan, 'confirm-request')
  const isHere = lines.some(({ type, actor }) => {
    return type === 'station.ready' && actor.person === station.custodian
  })
  if (confirm === undefined || !isHere) return true
  if (isOfDrill(confirm) && isTaken(plan, lines, station)) return true
  const from = lines.findIndex((line) => {
    return line.type === 'request.shown' && line.body.request === request
  })
  return lines.slice(from).some((line) => {
    const isThere = line.type === 'exception' && line.step === confirm.id
    return isThere && isWithout(line, station)
  })
}

interface Dealt extends Begins {
  readonly vault: string
}

/** Before a key is dealt its custodians type the name of its vault, which is no line. */
function requireBefore(plan: Plan, lines: readonly RecordLine[], { vault, nodes }: Dealt): void {
  const turns = turnsOf(plan)
  const deal = turns.findIndex((turn) => turn.vault === vault && isDealing(turn.step))
  if (deal < 0) refuse('CEREMONY', `no step of this plan deals the key of ${vault}`, 'X-16')
  const known = new Set(lines.map(({ step }) => step))
  for (const { step, node, vault: own } of turns.slice(0, deal)) {
    const { id, records, isOnline, isOptional } = step
    if (isOnline === true || isOptional === true || records.length === 0) continue
    if (!known.has(id)) refuse('CEREMONY', `nothing of ${id} stands in the Record`, 'X-16')
    const isDealer = step.each.includes('dealer') && own === vault && node !== undefined
    if (!isDealer || nodes?.includes(node) === false) continue
    if (hasOpened(plan, lines, { step, node, vault })) continue
    refuse('CEREMONY', `${node} has not opened its share of ${vault} in the Record`, 'X-16')
  }
}

interface Opens {
  readonly step: Step
  readonly node: NodeId
  readonly vault: string
}

function hasOpened(
  plan: Plan,
  lines: readonly RecordLine[],
  { step, node, vault }: Opens,
): boolean {
  const custodian = plan.stations.find((one) => one.node === node)?.custodian
  return lines.some((line) => {
    const isOwn = line.actor.person === custodian && line.step === step.id
    return isOwn && line.type === 'seal.tested' && line.body.vault === vault
  })
}

function isDealing({ acts }: Step): boolean {
  return acts.includes('keygen') || acts.includes('reshare')
}

function isWithout(line: RecordLine, { node }: PlannedStation): boolean {
  if (line.type !== 'exception') return false
  return line.body.decided === wentOnWithout && line.body.happened.startsWith(`${node}: `)
}

function stepWith(plan: Plan, act: Act): Step | undefined {
  return stepsFor(plan).find(({ acts }) => acts.includes(act))
}

function isSame(some: readonly string[], others: readonly string[]): boolean {
  return [...some].sort().join(' ') === [...others].sort().join(' ')
}
