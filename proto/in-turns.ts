// Work in turns: each `yield` is a place where whoever drives it may leave it for a while, so that
// nothing else waits long. Driven all at once it is an ordinary function.
// INVARIANT: leaving it changes no answer of a pure function; what may change beside it meanwhile
// is its caller's to ask again.
import { type Refusal, Refused } from './refusal.ts'

export type InTurns<R = void> = Generator<undefined, R>

/** Without a pause. */
export function allAtOnce<R>(work: InTurns<R>): R {
  let step = work.next()
  while (step.done !== true) step = work.next()
  return step.value
}

/** As `attempt`, of work in turns. */
export function* attemptInTurns<R>(work: InTurns<R>): InTurns<R | Refusal> {
  try {
    return yield* work
  } catch (error) {
    if (error instanceof Refused) return error.refusal
    throw error
  }
}
