// How an answer is said to a person at a terminal: one line a fact, and a refusal as one sentence.
// Elsewhere both are JSON, one line each, which `program.ts` and the log write.
// INVARIANT: text of others draws over nothing on the screen. Pure.
import { lineText } from '../proto/io/line-text.ts'
import type { ReasonCode } from '../proto/reasons.ts'
import { retryClass } from '../proto/reasons.ts'
import type { Refusal } from '../proto/refusal.ts'

const columns = 16
const nothing = '-'

/** Names on the left, values on the right; what is inside a value is set in below it. */
export function answerText(answer: object): string {
  return linesOf(Object.entries(answer), '').join('\n')
}

/** `refused SEAL: identity.seal does not open here; an operator has to look` */
export function refusalText({ code, because }: Refusal): string {
  const said = lineText(because).trimEnd()
  return `refused ${code}: ${said}${adviceOf(code)}`
}

function adviceOf(code: ReasonCode): string {
  return retryClass(code) === 'AFTER' ? '; try again in a moment' : ''
}

function linesOf(entries: readonly (readonly [string, unknown])[], indent: string): string[] {
  return entries.flatMap(([name, value]) => {
    const head = `${indent}${lineText(name).padEnd(columns)}`
    const flat = flatOf(value)
    if (flat !== undefined) return [`${head}${flat}`]
    const within = Array.isArray(value) ? value.flatMap(rowOf) : Object.entries(value ?? {})
    return [head.trimEnd(), ...linesOf(within, `${indent}  `)]
  })
}

/** Undefined where it takes lines of its own. */
function flatOf(value: unknown): string | undefined {
  if (value === undefined || value === null || value === '') return nothing
  if (typeof value !== 'object') return lineText(String(value))
  const parts: readonly unknown[] = Array.isArray(value) ? value : Object.values(value)
  if (parts.length === 0) return nothing
  if (!Array.isArray(value) || parts.some((part) => typeof part === 'object')) return undefined
  return parts.map((part) => lineText(String(part))).join(', ')
}

/** The first fact of a row names it. */
function rowOf(row: unknown): readonly (readonly [string, unknown])[] {
  if (typeof row !== 'object' || row === null) return [['', row]]
  const [first, ...rest] = Object.entries(row)
  if (first === undefined) return []
  return [[String(first[1]), Object.fromEntries(rest)]]
}
