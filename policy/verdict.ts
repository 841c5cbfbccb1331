// Verdict: the answer to one request, with every reason and a trace that replays byte for byte.
// A reason says what could still change it: nothing, people, or time. Only ALLOW is actionable.
// Made by `evaluate` and by nobody else.
import type { Digest, Handle } from '../proto/ids.ts'
import type { Json } from '../proto/jcs.ts'
import { mayPass, type ReasonCode } from '../proto/reasons.ts'
import { tags } from '../proto/tags.ts'
import { digestOfText } from './document.ts'
import type { Requirement } from './quorum.ts'

/** Written into `intent.evaluated`; a change of meaning is a new number. */
export const engine = 1

/** What could still change an answer: nothing, people, or time. */
export type Stands = 'final' | 'people' | 'later'

export interface Reason {
  readonly code: ReasonCode
  readonly stands: Stands
  /** Id of the guard, rule or limit; a check's name otherwise. */
  readonly rule: string
  readonly because: string
}

export interface Verdict {
  readonly kind: 'verdict'
  readonly result: 'ALLOW' | 'NEED' | 'DENY' | 'ERROR'
  /** The one rule that matched; empty when none did. */
  readonly rule: Handle | ''
  /** Slots without a person. */
  readonly missing: readonly Requirement[]
  /** Limits that the request does not fit. */
  readonly limits: readonly Handle[]
  /** Guards that denied. */
  readonly guards: readonly Handle[]
  readonly reasons: readonly Reason[]
  /** Canonical JSON with every guard, rule and limit and the values compared. */
  readonly trace: string
}

/** Where a request stands by its verdict: the first column of states that the walk can enter. */
export function standing(verdict: Verdict): 'ALLOW' | 'WAITING' | 'AWAITING_APPROVAL' | 'DENIED' {
  if (verdict.result === 'ALLOW') return 'ALLOW'
  const all = new Set(verdict.reasons.map((reason) => reason.stands))
  if (verdict.result === 'ERROR' || all.has('final')) return 'DENIED'
  return all.has('people') ? 'AWAITING_APPROVAL' : 'WAITING'
}

export function traceDigest({ trace }: Verdict): Digest {
  return digestOfText(tags.trace, trace)
}

/** One step of evaluation: what it holds against the request, and what it compared. */
export interface Step {
  readonly reasons: readonly Reason[]
  readonly trace: Json
}

/** A reason that is final unless its code is one that time may lift. */
export function no(code: ReasonCode, rule: string, because: string): Reason {
  return { code, stands: mayPass(code) ? 'later' : 'final', rule, because }
}

/** The same order whatever order they came in. */
export function byId<T extends { readonly id: Handle }>(items: readonly T[]): readonly T[] {
  return [...items].sort((a, b) => (a.id < b.id ? -1 : 1))
}
