// The documents in force, as far as this machine can prove them: the roots from the digest in the
// trust file (`roots.ts`), everything else by the digests that the root in force names. A
// coordinator that shows other documents is refused before anything of them is shown or used.
// Changes that no root names are not folded yet, so the genesis of the root is what is in force.
import type { Reigns } from '../policy/audit/reigns.ts'
import { type Book, parseBook } from '../policy/book.ts'
import { parseRoot, type Root } from '../policy/documents.ts'
import { parseRoster, type Roster } from '../policy/roster.ts'
import { parseRulebook, type Rulebook } from '../policy/rulebook.ts'
import type { Trust } from '../policy/trust.ts'
import type { WireClient } from '../proto/io/channel-client.ts'
import { refuse } from '../proto/refusal.ts'
import { proveRoots, written } from './roots.ts'
import { must } from './verb.ts'

export interface Ruleset {
  /** The one in force. */
  readonly root: Root
  readonly reigns: Reigns
  readonly rulebook: Rulebook
  readonly roster: Roster
  readonly books: readonly Book[]
  /** Exactly as they are in force; books in the order of `books`. */
  readonly texts: Texts
}

export interface Texts {
  readonly root: string
  readonly policy: string
  readonly directory: string
  readonly books: readonly string[]
}

export async function openRuleset(client: WireClient, trust: Trust): Promise<Ruleset> {
  const sent = must(await client.PolicyService.GetRuleset({}))
  const reigns = await proveRoots(client, trust, sent)
  const texts = {
    root: written(sent.root, 'root'),
    policy: written(sent.policy, 'policy'),
    directory: written(sent.directory, 'directory'),
    books: sent.books.map(({ content }) => written(content, 'book')),
  }
  const root = parseRoot(texts.root)
  same('root', reigns.at(-1)?.root.digest ?? trust.root, root.digest)
  const rulebook = parseRulebook(texts.policy)
  same('policy', root.genesis.policy, rulebook.digest)
  const roster = parseRoster(texts.directory)
  same('directory', root.genesis.directory, roster.digest)
  const books = texts.books.map(parseBook)
  for (const { name, digest } of books) {
    same(`book ${name}`, root.genesis.books.get(name) ?? 'none', digest)
  }
  return { root, reigns, rulebook, roster, books, texts }
}

function same(what: string, expected: string, got: string): void {
  if (expected !== got) {
    refuse('RULESET_VERSION', `${what}: expected ${expected} as pinned, got ${got}`)
  }
}
