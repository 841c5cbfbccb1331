// What an approver is shown, of a payment or a change: the text that was rendered on this machine,
// its digest, and what has to be typed once more before it is signed, because people approve what
// they have read again. Decides nothing.
import type { Asked } from '../policy/check-people.ts'
import type { Rule } from '../policy/rules/rule.ts'
import type { Digest } from '../proto/ids.ts'
import type { Beside } from './show-plan.ts'

export interface Shown {
  readonly digest: Digest
  /** What the request is recorded with. */
  readonly asked: Asked
  readonly rule: Pick<Rule, 'id' | 'require' | 'ttlMs'>
  /** The rendered text, and its digest. */
  readonly text: string
  readonly display: Digest
  readonly retype: readonly Retyped[]
  /** The document that the request names by its digest, in words. */
  readonly beside?: Beside
}

export interface Retyped {
  /** `the last 6 characters of the address`. */
  readonly question: string
  readonly isRight: (typed: string) => boolean
  /** `address`, for the refusal. */
  readonly what: string
}

const endLength = 6

/** The end of something that is too long to type. */
export function retypeEnd(what: string, whole: string): Retyped {
  return {
    question: `the last ${endLength} characters of the ${what}`,
    isRight: (typed) => typed.toLowerCase() === whole.slice(-endLength).toLowerCase(),
    what,
  }
}

/** `form` says how it is written, with a name for what has to be read. */
export function retypeWhole(what: string, whole: string, form: string): Retyped {
  return { question: `the ${what}, as ${form}`, isRight: (typed) => typed === whole, what }
}
