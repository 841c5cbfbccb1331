// A Refusal is the law saying no: a value, with a code from the one registry and what was expected
// and got. Parsers nest deeply, so inside them a refusal travels as the exception `Refused`;
// `attempt` turns it back into a value at the border. Anything else that is thrown is a bug.
import type { ReasonCode } from './reasons.ts'

export interface Refusal {
  readonly kind: 'refused'
  readonly code: ReasonCode
  /** Id of the rule, guard, limit or check that said no. */
  readonly rule?: string
  /** Expected and got, lower case, no secret, no whole payload. */
  readonly because: string
}

export class Refused extends Error {
  override readonly name = 'Refused'
  readonly refusal: Refusal
  constructor(refusal: Refusal) {
    super(`${refusal.code}: ${refusal.because}`)
    this.refusal = refusal
  }
}

export function refusal(code: ReasonCode, because: string, rule?: string): Refusal {
  return { kind: 'refused', code, because, ...(rule === undefined ? {} : { rule }) }
}

/** Leaves the parser or check at once. */
export function refuse(code: ReasonCode, because: string, rule?: string): never {
  throw new Refused(refusal(code, because, rule))
}

/** Runs a parser or check; a `Refused` becomes a value, every other error goes on. */
export function attempt<T>(work: () => T): T | Refusal {
  try {
    return work()
  } catch (error) {
    if (error instanceof Refused) return error.refusal
    throw error
  }
}

export function isRefusal(value: unknown): value is Refusal {
  return typeof value === 'object' && value !== null && 'kind' in value && value.kind === 'refused'
}
