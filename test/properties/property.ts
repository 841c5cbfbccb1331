/**
 * A property: a rule in a sentence, how often `npm test` tries it, and the trial itself. The same
 * list is run with a few trials by `*.test.ts` and with as many as wanted by
 * `npm run storm -- properties`; seed and path, which a failure prints, do it again.
 */

import fc from 'fast-check'

export interface Trials {
  readonly seed: number
  readonly runs: number
  readonly path?: string
  /** Looks for a smaller counterexample, which takes minutes where a trial takes seconds. */
  readonly shrinks?: boolean
}

export interface Property {
  readonly rule: string
  /** In `npm test`. */
  readonly runs: number
  /** Throws with seed and path at the first counterexample. */
  readonly check: (trials: Trials) => void
}

export function property<T>(rule: string, runs: number, trial: fc.IRawProperty<T>): Property {
  return {
    rule,
    runs,
    check: ({ seed, runs: numRuns, path, shrinks = false }) => {
      const replay = path === undefined ? {} : { path }
      fc.assert(trial, { seed, numRuns, endOnFailure: !shrinks, ...replay })
    },
  }
}

/** The one seed of `npm test`: other seeds are the storm's. */
export const testSeed = 20_23
