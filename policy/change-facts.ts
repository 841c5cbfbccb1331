// Facts of a change: everything that judging it may look at, as one value and as one canonical
// text, as `facts.ts` does for payments. The key `change` in the text keeps the two apart.
// Says nothing about where facts come from: whoever judges gathers and verifies them.
import { fromUtf8, toUtf8 } from '../proto/crypto.ts'
import { parse, text } from '../proto/jcs.ts'
import { limits } from '../proto/limits.ts'
import type { ReasonCode } from '../proto/reasons.ts'
import { isReasonCode } from '../proto/reasons.ts'
import { refuse } from '../proto/refusal.ts'
import {
  bool,
  object,
  type Reader,
  text as textShape,
  timeMillis,
  writeTimeMillis,
} from '../proto/shape.ts'
import { type Change, encodeChange, parseChange } from './change.ts'
import { type ApprovalFacts, approvalsShape, timeOrNone, writeTimeOrNone } from './facts.ts'

export interface ChangeFacts {
  /** The instant of judgement, milliseconds. */
  readonly at: number
  readonly change: Change
  /** Witnessed time of the line that created it; undefined while no head proves one. */
  readonly createdAt: number | undefined
  readonly approvals: readonly ApprovalFacts[]
  /** Whether a freeze covers the vault. */
  readonly frozen: boolean
  readonly rejected: boolean
  /** Why the change does not fit the key in force; empty when it does. */
  readonly unfit: ReasonCode | ''
}

/** Canonical text; throws for whatever is not a fact. */
export function changeFactsText(facts: ChangeFacts): string {
  const { at, change, createdAt, approvals, frozen, rejected, unfit } = facts
  return text({
    approvals: approvals.map(({ person, role, witnessedAt }) => {
      return { person, role, witnessedAt: writeTimeOrNone(witnessedAt) }
    }),
    at: writeTimeMillis(at),
    change: fromUtf8(encodeChange(change)) ?? '',
    createdAt: writeTimeOrNone(createdAt),
    frozen,
    rejected,
    unfit,
  })
}

export function parseChangeFacts(written: string): ChangeFacts {
  const { change, ...facts } = shape(parse(toUtf8(written), limits.factsBytesMax), '')
  return { ...facts, change: parseChange(toUtf8(change)).change }
}

const codeOrNone: Reader<ReasonCode | ''> = (value, path) => {
  const written = textShape(64)(value, path)
  if (written === '' || isReasonCode(written)) return written
  return refuse('MALFORMED', `${path}: expected a reason`)
}

const shape = object({
  approvals: approvalsShape,
  at: timeMillis,
  change: textShape(limits.intentBytesMax),
  createdAt: timeOrNone,
  frozen: bool,
  rejected: bool,
  unfit: codeOrNone,
})
