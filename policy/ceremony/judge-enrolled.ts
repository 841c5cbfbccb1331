// I8 of an enrolment, the Record's half: every token that the recorder enrolled is the one whose
// card goes home, and was in its custodian's hands in this room. It signed, as that custodian's,
// the line in which the words of its card were read, and the one that says that it opened the Seals
// of the station's own keys. What a card says by itself is `judge-cards.ts`; who the custodian is
// says their Statement, by the credential of the directory (`statement.ts`).
// INVARIANT: no key of a card is believed that signed nothing here.
import { equalBytes } from '../../proto/crypto.ts'
import { linesOf } from './judge-keys.ts'
import type { CeremonyFinding } from './judgement.ts'
import { calledStations, type Plan, type PlannedStation } from './plan.ts'
import { keyName, type RecordLine, type RecordLineOf } from './record.ts'
import type { StationCard } from './station-card.ts'

type Enrolled = RecordLineOf<'token.enrolled'>

export interface OfEnrolment {
  readonly plan: Plan
  readonly lines: readonly RecordLine[]
  /** By node, as they go home. */
  readonly cards: ReadonlyMap<string, StationCard>
}

export function judgeEnrolled(of: OfEnrolment): readonly CeremonyFinding[] {
  const { plan, lines, cards } = of
  return [
    ...lastEnrolled(lines).flatMap((line) => judgeToken(line, of)),
    ...linesOf(lines, 'station.ready').flatMap((line) => judgeSerial(line, of)),
    ...calledStations(plan).flatMap((station) => {
      const card = cards.get(station.node)
      return card === undefined ? [] : judgeOpened(station, card, lines)
    }),
  ]
}

/** Of each place the last: what was wiped and enrolled again goes nowhere (E-y). */
function lastEnrolled(lines: readonly RecordLine[]): readonly Enrolled[] {
  const all = linesOf(lines, 'token.enrolled')
  return all.filter((line, at) => {
    const { node, place } = line.body
    return !all.slice(at + 1).some(({ body }) => body.node === node && body.place === place)
  })
}

/** Card, number and key are one token's, and its custodian read its words by it. */
function judgeToken(
  line: Enrolled,
  { plan, lines, cards }: OfEnrolment,
): readonly CeremonyFinding[] {
  const { node, place, card: named, serial, identity } = line.body
  const told = `${node}: its ${place} token`
  const custodian = calledStations(plan).find((one) => one.node === node)?.custodian
  const isRead = linesOf(lines, 'words.read').some((one) => {
    const isOwn = one.body.by === custodian && one.actor.person === custodian
    const isOf = one.body.what === 'token' && one.body.digest === named
    return one.seq > line.seq && isOwn && isOf && one.key === keyName(identity)
  })
  const card = cards.get(node)?.[place]
  // Who stopped carries no card; what was enrolled until then was all the same.
  const isSame =
    card === undefined ||
    (card.digest === named && card.serial === serial && equalBytes(card.identity, identity))
  return [
    ...(isSame ? [] : [bad(line, `${told} has another card than goes home`)]),
    ...(isRead ? [] : [bad(line, `${told} did not sign that ${custodian} read its words`)]),
  ]
}

/** A station names the token that signs for it: the record station's until it has its own. */
function judgeSerial(
  line: RecordLineOf<'station.ready'>,
  { plan, lines }: OfEnrolment,
): readonly CeremonyFinding[] {
  const { identity, serial } = plan.recordToken
  const enrolled = linesOf(lines, 'token.enrolled').map(({ body }) => body)
  const signed = [{ identity, serial }, ...enrolled].find((one) => {
    return keyName(one.identity) === line.key
  })
  if (signed?.serial === line.body.token) return []
  return [bad(line, `signed by ${signed?.serial ?? 'another token'}, and names ${line.body.token}`)]
}

/** E-3: each of the two says, signed, that it opened what was sealed to it. */
function judgeOpened(
  { node, custodian }: PlannedStation,
  card: StationCard,
  lines: readonly RecordLine[],
): readonly CeremonyFinding[] {
  return (['daily', 'spare'] as const).flatMap((place): readonly CeremonyFinding[] => {
    const key = keyName(card[place].identity)
    const isOpened = linesOf(lines, 'station.ready').some((line) => {
      return line.step === openedAt && line.actor.person === custodian && line.key === key
    })
    if (isOpened) return []
    const because = `${node}: its ${place} token did not sign that it opened the Seals`
    return [{ check: 'I8', word: 'VIOLATION', because }]
  })
}

const openedAt = 'E-3'

function bad({ seq }: RecordLine, because: string): CeremonyFinding {
  return { check: 'I8', word: 'VIOLATION', because, line: seq }
}
