// What lies on the desk while one line is folded: the pinned root, the documents that came with the
// line, and the documents in force. Parsing is remembered by digest: a digest is its content, so
// this memory can change no answer. A document that must come with its line and did not is no
// reason for void: then nobody may fold the line at all.
import type { Digest } from '../../proto/ids.ts'
import { refuse } from '../../proto/refusal.ts'
import { type Verifies, verifies } from '../chain/signature.ts'
import { parseRoot, type Root } from '../documents.ts'
import { parseRoster, type Roster } from '../roster.ts'
import { parseRulebook, type Rulebook } from '../rulebook.ts'
import type { Documents } from './enclosures.ts'
import { inForce } from './history.ts'
import { type Reigns, readReigns } from './reigns.ts'
import type { Reading } from './rows.ts'
import { get, type RulesetStored, tables } from './tables.ts'

export interface Context {
  /** The first root: from the configuration, never from the log. It decides who may follow. */
  readonly rootDigest: Digest
  /** The log's name. */
  readonly origin: string
  /** The reference, unless whoever folds has a faster twin of it. */
  readonly verifies?: Verifies
}

/** A document that the line names and that did not come, or not with a signature that verifies. */
export class Missing extends Error {
  override readonly name = 'Missing'
  readonly digest: Digest
  constructor(digest: Digest) {
    super(`document ${digest} did not come with its line`)
    this.digest = digest
  }
}

export class Library {
  readonly #rulebooks = new Map<Digest, Rulebook>()
  readonly #rosters = new Map<Digest, Roster>()
  readonly #roots = new Map<Digest, Root>()

  rulebook(digest: Digest): Reading<Rulebook> {
    return recall(this.#rulebooks, digest, parseRulebook)
  }

  roster(digest: Digest): Reading<Roster> {
    return recall(this.#rosters, digest, parseRoster)
  }

  root(digest: Digest): Reading<Root> {
    return recall(this.#roots, digest, parseRoot)
  }
}

export class Desk {
  readonly context: Context
  readonly #documents: Documents
  readonly #library: Library

  constructor(context: Context, documents: Documents, library: Library) {
    this.context = context
    this.#documents = documents
    this.#library = library
  }

  get verifies(): Verifies {
    return this.context.verifies ?? verifies
  }

  /** Text of a document that came with this line. */
  came(digest: Digest): string {
    const [text] = this.enclosed(digest)
    if (text === undefined) throw new Missing(digest)
    return text
  }

  /** Every enclosure of this digest, none verified. */
  enclosed(digest: Digest): readonly string[] {
    return this.#documents.get(digest) ?? []
  }

  ruleset(): Reading<RulesetStored> {
    return inForce()
  }

  *root(): Reading<Root> {
    return yield* this.#library.root((yield* this.ruleset()).root)
  }

  /** Every root up to now. */
  reigns(): Reading<Reigns> {
    return readReigns((digest) => this.#library.root(digest))
  }

  *rulebook(): Reading<Rulebook> {
    const { policy } = yield* this.ruleset()
    if (policy === '') return refuse('POLICY_CHANGED', 'no policy is in force yet')
    return yield* this.#library.rulebook(policy)
  }

  *roster(): Reading<Roster> {
    const { directory } = yield* this.ruleset()
    if (directory === '') return refuse('DIRECTORY', 'no directory is in force yet')
    return yield* this.#library.roster(directory)
  }
}

function* recall<T>(
  memory: Map<Digest, T>,
  digest: Digest,
  parse: (text: string) => T,
): Reading<T> {
  const known = memory.get(digest)
  if (known !== undefined) return known
  const row = yield* get(tables.document, digest)
  if (row === undefined) throw new Error(`document ${digest} is in force and not kept`)
  const parsed = parse(row.text)
  memory.set(digest, parsed)
  return parsed
}
