// I8 of an enrolment: its results are the cards of the stations, from which a root and the next
// Plans are made. Each called station has one card, of its node, place and custodian, and with the
// two tokens whose keys signed in the room; there is no card of anybody else.
// INVARIANT: nothing is believed of a card but what it proves and what the Record and the Plan say.
import { equalBytes, toUtf8 } from '../../proto/crypto.ts'
import { attempt, isRefusal } from '../../proto/refusal.ts'
import type { CeremonyFinding } from './judgement.ts'
import { calledStations, type Plan } from './plan.ts'
import type { Seats } from './record-seats.ts'
import type { Results } from './results.ts'
import { parseStationCard, type StationCard } from './station-card.ts'

export interface Enrolled {
  readonly plan: Plan
  /** As the Record left them: with the keys that were enrolled. */
  readonly seats: Seats
  readonly results: Pick<Results, 'documents' | 'outcome'>
}

export function judgeCards({ plan, seats, results }: Enrolled): readonly CeremonyFinding[] {
  const findings: CeremonyFinding[] = []
  const seen = new Set<string>()
  for (const { kind, text } of results.documents) {
    if (kind !== 'stationCard') continue
    const card = attempt(() => parseStationCard(toUtf8(text)))
    if (isRefusal(card)) {
      findings.push(bad(card.because))
      continue
    }
    if (seen.has(card.node)) findings.push(bad(`${card.node} has two cards`))
    seen.add(card.node)
    findings.push(...judgeCard(card, plan, seats))
  }
  // Who stopped made perhaps none.
  const missing = results.outcome === 'aborted' ? [] : calledStations(plan)
  for (const { node } of missing) if (!seen.has(node)) findings.push(bad(`${node} has no card`))
  return findings
}

function judgeCard(card: StationCard, plan: Plan, seats: Seats): readonly CeremonyFinding[] {
  const station = calledStations(plan).find(({ node }) => node === card.node)
  if (station === undefined) return [bad(`a card of ${card.node}, who was not called`)]
  const same =
    card.org === plan.org &&
    card.env === plan.env &&
    card.x === station.x &&
    card.custodian === station.custodian
  const keys = seats.stations.find(({ node }) => node === card.node)?.keys ?? []
  const tokens = [card.daily.identity, card.spare.identity]
  const isEnrolled =
    keys.length === tokens.length && tokens.every((key, at) => equalBytes(key, keys[at] ?? none))
  return [
    ...(same ? [] : [bad(`the card of ${card.node} is of another place or custodian`)]),
    ...(isEnrolled ? [] : [bad(`the card of ${card.node} has other tokens than were enrolled`)]),
  ]
}

const none = new Uint8Array(0)

function bad(because: string): CeremonyFinding {
  return { check: 'I8', word: 'VIOLATION', because }
}
