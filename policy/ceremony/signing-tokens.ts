// Which token signed for a station, and from which line of the Record to which: the daily or the
// spare one that the Plan names, and at an enrolment each that was enrolled, those too that were
// wiped and enrolled again. Who reads a Record sees so where a custodian went over to the spare.
// Judges nothing: a line that no token of its author's seat signed is in no Record that was read.
import type { NodeId, PersonId } from '../../proto/ids.ts'
import { linesOf } from './judge-keys.ts'
import { calledStations, type Plan } from './plan.ts'
import { keyName, type RecordLine } from './record.ts'

export interface SigningToken {
  readonly node: NodeId
  readonly custodian: PersonId
  readonly place: 'daily' | 'spare'
  readonly serial: string
  /** How many lines, and the first and the last of them by `seq`. */
  readonly lines: number
  readonly first: number
  readonly last: number
}

/** In the order in which each began. */
export function signingTokens(plan: Plan, lines: readonly RecordLine[]): readonly SigningToken[] {
  const found: SigningToken[] = []
  for (const { node, custodian, tokens } of calledStations(plan)) {
    const planned = (['daily', 'spare'] as const).flatMap((place) => {
      return tokens === undefined ? [] : [{ place, ...tokens[place] }]
    })
    const enrolled = linesOf(lines, 'token.enrolled').map(({ body }) => body)
    for (const one of [...planned, ...enrolled.filter((body) => body.node === node)]) {
      const key = keyName(one.identity)
      const own = lines.filter((line) => line.key === key)
      const [first, last] = [own[0], own.at(-1)]
      if (first === undefined || last === undefined) continue
      const { place, serial } = one
      const seen = { lines: own.length, first: first.seq, last: last.seq }
      found.push({ node, custodian, place, serial, ...seen })
    }
  }
  return found.sort((a, b) => a.first - b.first)
}
