// Proposals: what is asked of the sequencer, and its answer. A proposal is data, because it may
// wait in the inbox while processes come and go; what it means is a handler, run under the head's
// lock.

import type { Json, JsonObject } from '../proto/jcs.ts'
import { parseText, text } from '../proto/jcs.ts'
import { isReasonCode } from '../proto/reasons.ts'
import { type Refusal, refusal, refuse } from '../proto/refusal.ts'
import { integer, list, literal, object, objectWith, text as words } from '../proto/shape.ts'
import type { Page } from './page.ts'
import type { Blob } from './store/blobs.ts'

export interface Proposal {
  readonly kind: string
  readonly content: JsonObject
  readonly blobs?: readonly Blob[]
}

/** Seqs of the lines that it became; none where nothing had to be written. */
export interface Recorded {
  readonly kind: 'recorded'
  readonly seqs: readonly number[]
}

export type Answer = Recorded | Refusal

/** May throw `Refused`: then the proposal is refused and leaves no line. */
export type Handler = (sheet: Page, content: Json) => Promise<Answer>

const becauseMax = 2_048

export function recorded(sheet: Page): Recorded {
  return { kind: 'recorded', seqs: sheet.entries.map((entry) => entry.seq) }
}

export function writeAnswer(answer: Answer): string {
  if (answer.kind === 'recorded') return text({ kind: answer.kind, seqs: answer.seqs })
  const { kind, code, rule } = answer
  const because = answer.because.slice(0, becauseMax).toWellFormed()
  return text({ kind, code, because, ...(rule === undefined ? {} : { rule }) })
}

export function readAnswer(written: string): Answer {
  const value = parseText(written)
  const isRecorded = typeof value === 'object' && 'seqs' in value
  if (isRecorded) return recordedShape(value, 'answer')
  const { code, because, rule } = refusedShape(value, 'answer')
  if (!isReasonCode(code)) return refuse('INTERNAL', 'answer: unknown code')
  return refusal(code, because, rule)
}

const seq = integer(0, Number.MAX_SAFE_INTEGER)
const recordedShape = object({ kind: literal('recorded'), seqs: list(seq, 0, 4_096) })
const refusedShape = objectWith(
  { kind: literal('refused'), code: words(64), because: words(becauseMax) },
  { rule: words(128) },
)
