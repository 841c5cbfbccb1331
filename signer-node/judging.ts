// A judgement in turns, so that no document holds the loop long, and whether it still stands.
// INVARIANT: what is done on it is what a judgement of that very moment would say: where the own
// copy, the operator's switch or the clock went on meanwhile, it is judged anew, all at once.
// Judges nothing itself. What only this node knows beside it is asked by its caller at the end.
import { allAtOnce, type InTurns } from '../proto/in-turns.ts'
import type { Parts } from './parts.ts'

export type JudgingNeeds = Pick<Parts, 'copy' | 'bans' | 'ports'>

/** A judgement as of the moment at which it is asked for. */
export type AsOfNow<T> = () => T

/** Between two such clocks nothing runs out that anybody waits for. */
const momentMs = 1_000

interface Moment {
  readonly size: number
  readonly frozen: string
  readonly wallMs: number
}

export function* judging<T>(needs: JudgingNeeds, judge: () => InTurns<T>): InTurns<AsOfNow<T>> {
  const before = momentOf(needs)
  const judged = yield* judge()
  return () => (isOf(before, momentOf(needs)) ? judged : allAtOnce(judge()))
}

function momentOf({ copy, bans, ports }: JudgingNeeds): Moment {
  return { size: copy.size(), frozen: bans.frozen().join(), wallMs: ports.clock.wallMs() }
}

function isOf(before: Moment, now: Moment): boolean {
  const isSame = before.size === now.size && before.frozen === now.frozen
  return isSame && Math.abs(now.wallMs - before.wallMs) < momentMs
}
