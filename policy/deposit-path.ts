// The paths at which a vault takes money: its own address at `m`, and one for each customer below
// `m/1`, by an index that only grows. Small and dense on purpose: whoever has the key's facts and
// the log finds every address that was ever given out, with nothing else.
// INVARIANT: an index belongs to a vault from the line `addresses.opened` that covers it; below
// that count lies every address that has a certificate, and above it none.
// Says nothing of payments: an intent may name any path (`intent.ts`), so all of them can be spent.
import { limits } from '../proto/limits.ts'
import { refuse } from '../proto/refusal.ts'

/** Of the address that the vault itself has. */
export const ownPath = 'm'

const form = /^m\/1\/(0|[1-9][0-9]{0,7})$/

/** `m/1/INDEX`. */
export function depositPath(index: number): string {
  requireIndex(index)
  return `m/1/${index}`
}

/** Undefined for a path that is not that of a deposit address. */
export function depositIndex(path: string): number | undefined {
  const [, digits] = form.exec(path) ?? []
  const index = Number(digits)
  return digits !== undefined && index < limits.depositIndexMax ? index : undefined
}

/** Refused where a vault takes no money: only `m` and `m/1/INDEX` have certificates. */
export function requireReceiving(path: string): void {
  if (path === ownPath || depositIndex(path) !== undefined) return
  refuse('MALFORMED', `path: expected ${ownPath} or m/1/INDEX, got ${JSON.stringify(path)}`)
}

function requireIndex(index: number): void {
  if (Number.isSafeInteger(index) && index >= 0 && index < limits.depositIndexMax) return
  refuse('TOO_LARGE', `index: expected one below ${limits.depositIndexMax}, got ${index}`)
}
