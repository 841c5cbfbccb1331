// The documents in force, as far as this machine can prove them: the root by the digest in the
// trust file, everything else by the digests that the root names. A coordinator that shows other
// documents is refused before anything of them is shown or used.
// Governed changes are not folded yet, so the documents of the root's genesis are those in force.
import { type Book, parseBook } from '../policy/book.ts'
import { parseRoot, type Root } from '../policy/documents.ts'
import { parseRoster, type Roster } from '../policy/roster.ts'
import { parseRulebook, type Rulebook } from '../policy/rulebook.ts'
import type { Trust } from '../policy/trust.ts'
import { fromUtf8 } from '../proto/crypto.ts'
import type { WireClient } from '../proto/io/channel-client.ts'
import { refuse } from '../proto/refusal.ts'
import { must } from './verb.ts'

export interface Ruleset {
  readonly root: Root
  readonly rulebook: Rulebook
  readonly roster: Roster
  readonly books: readonly Book[]
}

export async function openRuleset(client: WireClient, trust: Trust): Promise<Ruleset> {
  const sent = must(await client.PolicyService.GetRuleset({}))
  const root = parseRoot(written(sent.root, 'root'))
  same('root', trust.root, root.digest)
  const rulebook = parseRulebook(written(sent.policy, 'policy'))
  same('policy', root.genesis.policy, rulebook.digest)
  const roster = parseRoster(written(sent.directory, 'directory'))
  same('directory', root.genesis.directory, roster.digest)
  const books = sent.books.map(({ content }) => parseBook(written(content, 'book')))
  for (const { name, digest } of books) {
    same(`book ${name}`, root.genesis.books.get(name) ?? 'none', digest)
  }
  return { root, rulebook, roster, books }
}

export function written(bytes: Uint8Array, what: string): string {
  return fromUtf8(bytes) ?? refuse('MALFORMED', `${what}: expected well-formed utf-8`)
}

function same(what: string, expected: string, got: string): void {
  if (expected !== got) {
    refuse('RULESET_VERSION', `${what}: expected ${expected} as pinned, got ${got}`)
  }
}
