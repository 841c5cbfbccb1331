// I8 of an enrolment: its results are the cards of the stations, from which a root and the next
// Plans are made. Each called station has one card, of its place and custodian, with two tokens of
// its own that a station may use: of a module of the Plan, no software in production, with no gap
// that nobody wrote down. No key and no number stands twice, in the cards or beside the Plan's.
// INVARIANT: nothing is believed of a card but what it proves and what the Record and the Plan say.
import { equalBytes, toHex, toUtf8 } from '../../proto/crypto.ts'
import { attempt, isRefusal } from '../../proto/refusal.ts'
import { softwareMakers, type TokenCard } from '../../proto/token-card.ts'
import { judgeEnrolled } from './judge-enrolled.ts'
import { linesOf } from './judge-keys.ts'
import type { CeremonyFinding } from './judgement.ts'
import { isNamedIn } from './naming.ts'
import { calledStations, type Plan, type PlannedStation } from './plan.ts'
import type { RecordLine } from './record.ts'
import type { Seats } from './record-seats.ts'
import type { Results } from './results.ts'
import { parseStationCard, type StationCard } from './station-card.ts'

export interface Enrolled {
  readonly plan: Plan
  /** As the Record left them: with the keys that were enrolled. */
  readonly seats: Seats
  readonly lines: readonly RecordLine[]
  readonly results: Pick<Results, 'documents' | 'outcome'>
}

export function judgeCards(enrolled: Enrolled): readonly CeremonyFinding[] {
  const { plan, results, lines } = enrolled
  const findings: CeremonyFinding[] = []
  const cards = new Map<string, StationCard>()
  for (const { kind, text } of results.documents) {
    if (kind !== 'stationCard') continue
    const card = attempt(() => parseStationCard(toUtf8(text)))
    if (isRefusal(card)) {
      findings.push(bad(card.because))
      continue
    }
    if (cards.has(card.node)) findings.push(bad(`${card.node} has two cards`))
    cards.set(card.node, card)
    findings.push(...judgeCard(card, enrolled))
  }
  // Who stopped made perhaps none.
  const missing = results.outcome === 'aborted' ? [] : calledStations(plan)
  for (const { node } of missing) if (!cards.has(node)) findings.push(bad(`${node} has no card`))
  const own = [...findings, ...judgeOnce(plan, cards)]
  return [...own, ...judgeEnrolled({ plan, lines, cards })]
}

function judgeCard(
  card: StationCard,
  { plan, seats, lines }: Enrolled,
): readonly CeremonyFinding[] {
  const station = calledStations(plan).find(({ node }) => node === card.node)
  if (station === undefined) return [bad(`a card of ${card.node}, who was not called`)]
  const keys = seats.stations.find(({ node }) => node === card.node)?.keys ?? []
  const tokens = [card.daily.identity, card.spare.identity]
  const isEnrolled =
    keys.length === tokens.length && tokens.every((key, at) => equalBytes(key, keys[at] ?? none))
  return [
    ...(isPlanned(card, station, plan)
      ? []
      : [bad(`the card of ${card.node} is of another place or custodian`)]),
    ...(isEnrolled ? [] : [bad(`the card of ${card.node} has other tokens than were enrolled`)]),
    ...[card.daily, card.spare].flatMap((token) => judgeToken(token, station, { plan, lines })),
  ]
}

function isPlanned(card: StationCard, station: PlannedStation, { org, env }: Plan): boolean {
  const { x, custodian, site, color } = station
  const isOwn = card.org === org && card.env === env && card.custodian === custodian
  return isOwn && card.x === x && card.site === site && card.color === color
}

/** X-5, and E-x: a gap is somebody's decision, which stands in the Record. */
function judgeToken(
  { serial, module, manufacturer, gaps }: TokenCard,
  { node }: PlannedStation,
  { plan, lines }: Pick<Enrolled, 'plan' | 'lines'>,
): readonly CeremonyFinding[] {
  const { build, env } = plan
  const token = `${node}: token ${serial}`
  const isTold = linesOf(lines, 'exception').some(({ body, step }) => {
    const told = [serial, ...gaps].every((name) => isNamedIn(body.happened, name))
    return step === enrolledAt && told
  })
  return [
    ...(build.modules.includes(module) ? [] : [bad(`${token} was made by a module of no plan`)]),
    ...(env === 'prod' && softwareMakers.includes(manufacturer)
      ? [bad(`${token} is software, by ${manufacturer}`)]
      : []),
    ...(gaps.length === 0 || isTold
      ? []
      : [bad(`${token} lacks ${gaps.join(', ')}, and no exception says so`)]),
  ]
}

const enrolledAt = 'E-2'

/** Of two cards, of a card and a token that the Plan has already. */
function judgeOnce(
  { stations, recordToken }: Plan,
  cards: ReadonlyMap<string, StationCard>,
): readonly CeremonyFinding[] {
  const known = [
    recordToken,
    ...stations.flatMap(({ tokens: two }) => {
      return two === undefined ? [] : [two.daily, two.spare]
    }),
  ].flatMap(({ serial, identity }) => [`serial ${serial}`, `key ${toHex(identity)}`])
  const seen = new Set(known)
  const findings: CeremonyFinding[] = []
  for (const card of cards.values()) {
    for (const one of namesOf(card)) {
      if (seen.has(one)) findings.push(bad(`${card.node}: ${one} stands twice`))
      seen.add(one)
    }
  }
  return findings
}

function namesOf(card: StationCard): readonly string[] {
  const { daily, spare, identity, witness, transport } = card
  return [
    ...[daily, spare].flatMap((token) => [
      ...[`serial ${token.serial}`, `key ${toHex(token.identity)}`, `key ${toHex(token.seal)}`],
    ]),
    ...[`key ${toHex(identity)}`, `key ${toHex(witness.publicKey)}`, `key ${transport}`],
  ]
}

const none = new Uint8Array(0)

function bad(because: string): CeremonyFinding {
  return { check: 'I8', word: 'VIOLATION', because }
}
