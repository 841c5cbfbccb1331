// What several endpoints of one network say together. Where more than one is configured, what
// closes a request has to be said by two, and one that lies high does not set the price.
// INVARIANT: of several endpoints none alone makes a transaction final.
import type { MinedAt } from './rpc.ts'

/** What one endpoint saw. */
export interface Sighting {
  readonly at: MinedAt
  /** Equal where two endpoints mean the same block and outcome. */
  readonly same: string
}

const witnesses = 2

/** Final where enough of those configured say so, of one block and outcome; else at most mined. */
export function agreedAt(seen: readonly Sighting[], configured: number): MinedAt | undefined {
  const needed = Math.min(witnesses, configured)
  const finals = seen.filter(({ at }) => at.final)
  const agreed = finals.find(
    ({ same }) => finals.filter((other) => other.same === same).length >= needed,
  )
  const [first] = seen
  return agreed?.at ?? (first && { ...first.at, final: false })
}

/** The lower one of two in the middle: too low is only late, and is raised later. */
export function lowerMedian(values: readonly bigint[]): bigint | undefined {
  return ascending(values)[Math.floor((values.length - 1) / 2)]
}

/**
 * The higher one of two in the middle, where too low is lost: for what is bound for ever, and where
 * one that lies low may not stop what was too low before.
 */
export function upperMedian(values: readonly bigint[]): bigint | undefined {
  return ascending(values)[Math.floor(values.length / 2)]
}

function ascending(values: readonly bigint[]): readonly bigint[] {
  return values.toSorted((a, b) => (a < b ? -1 : a > b ? 1 : 0))
}
