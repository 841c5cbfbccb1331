// A page of lines from bytes to rows, in parts: first the chain of all of it, then the fold of all
// of it over rows that are not written yet, a line in each turn. What is refused anywhere has
// changed nothing; how much of the rest is kept in one step is decided by whoever keeps it.
// INVARIANT: nobody else writes the rows meanwhile, because no other frame is begun (`turns.ts`).

import { extend, type Head } from '../policy/audit/chain.ts'
import type { Documents } from '../policy/audit/enclosures.ts'
import type { Entry } from '../policy/audit/entry.ts'
import type { Fold } from '../policy/audit/fold.ts'
import { Overlay, type Rows, readInTurns, type Write } from '../policy/audit/rows.ts'
import type { InTurns } from '../proto/in-turns.ts'
import { refuse } from '../proto/refusal.ts'

/** Of what needs no signature verified. */
const linesPerTurn = 4

export interface Linked {
  readonly entry: Entry
  /** With this line as the last. */
  readonly head: Head
}

export interface FoldedLine extends Linked {
  readonly writes: readonly Write[]
  /** Why it is void. */
  readonly fault: string | undefined
}

/** Lines as they came, each continuing the one before. */
export function* linkInParts(own: Head, lines: readonly Uint8Array[]): InTurns<readonly Linked[]> {
  const linked: Linked[] = []
  for (const [at, line] of lines.entries()) {
    if (at > 0 && at % linesPerTurn === 0) yield
    const { entries, head } = extend(linked.at(-1)?.head ?? own, [line])
    linked.push(...entries.map((entry) => ({ entry, head })))
  }
  return linked
}

export interface Folding {
  readonly fold: Fold
  readonly documents: Documents
  readonly rows: Rows
}

/** With the rows as they would be afterwards. */
export function* foldInParts(
  linked: readonly Linked[],
  { fold, documents, rows }: Folding,
): InTurns<{ readonly folded: readonly FoldedLine[]; readonly after: Rows }> {
  const after = new Overlay(rows)
  const folded: FoldedLine[] = []
  for (const [at, { entry, head }] of linked.entries()) {
    if (at > 0) yield
    const meaning = yield* readInTurns(fold(entry, documents), after)
    if (meaning.kind === 'missing') {
      refuse('LINE_MISSING', `line ${entry.seq}: document ${meaning.digest} did not come`)
    }
    const writes = meaning.kind === 'folded' ? meaning.writes : []
    after.apply(writes)
    const fault = meaning.kind === 'void' ? meaning.because : undefined
    folded.push({ entry, head, writes, fault })
  }
  return { folded, after }
}
