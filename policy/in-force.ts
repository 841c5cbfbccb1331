// The documents in force, parsed: rulebook, roster and books of the ruleset that the own copy of
// the log holds. INVARIANT: each is the very text that the ruleset names by digest.
// Says nothing about whether the ruleset came into force lawfully: that was the fold's decision.
import type { Digest } from '../proto/ids.ts'
import { refuse } from '../proto/refusal.ts'
import { remember } from '../proto/remember.ts'
import { type Book, parseBook } from './book.ts'
import { parseRoot, type Root } from './documents.ts'
import { parseRoster, type Roster } from './roster.ts'
import { parseRulebook, type Rulebook } from './rulebook.ts'
import type { RequestView, RulesetRow } from './view.ts'

const documentsKept = 4
const booksKept = 64

export interface InForce {
  readonly ruleset: Digest
  readonly rulebook: Rulebook
  readonly roster: Roster
  readonly books: readonly ActiveBook[]
}

export interface ActiveBook {
  readonly book: Book
  /** The line that activated it. */
  readonly seq: number
}

// Every attempt is judged by the same few documents. The whole text is asked for each time.
const rulebookOf = remember(documentsKept, parseRulebook)
const rosterOf = remember(documentsKept, parseRoster)
const bookOf = remember(booksKept, parseBook)
const rootRead = remember(documentsKept, parseRoot)

export function parseInForce(row: RulesetRow, documents: ReadonlyMap<Digest, string>): InForce {
  const textOf = (digest: Digest | '', what: string): string =>
    (digest === '' ? undefined : documents.get(digest)) ??
    refuse('RULESET_VERSION', `no ${what} is in force`)
  const rulebook = rulebookOf(textOf(row.policy, 'policy'))
  const roster = rosterOf(textOf(row.directory, 'directory'))
  const books = row.books.map(({ name, digest, seq }) => {
    const book = bookOf(textOf(digest, `book ${name}`))
    requireSame(`book ${name}`, digest, book.digest)
    return { book, seq }
  })
  requireSame('policy', row.policy, rulebook.digest)
  requireSame('directory', row.directory, roster.digest)
  return { ruleset: row.digest, rulebook, roster, books }
}

export function rootOf({ ruleset, documents }: RequestView): Root {
  const text = documents.get(ruleset.root)
  const root = text === undefined ? undefined : rootRead(text)
  if (root?.digest !== ruleset.root) return refuse('RULESET_VERSION', 'no root is in force')
  return root
}

function requireSame(what: string, expected: string, got: string): void {
  if (got !== expected) refuse('RULESET_VERSION', `${what}: expected ${expected}, got ${got}`)
}
