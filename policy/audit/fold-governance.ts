// The fold of what is in force: the log's beginning, and the activations that the root in force
// names. Each is valid once after its root, in this order, without approvals, because the root's
// quorum signed for it. Changes that no root names need the governance in force and are not
// supported yet: they are void. Roots themselves are `fold-root.ts`.
import type { Digest, Handle } from '../../proto/ids.ts'
import { refuse } from '../../proto/refusal.ts'
import { tags } from '../../proto/tags.ts'
import { loadRulebook } from '../analyse.ts'
import { parseBook } from '../book.ts'
import { digestOfText } from '../document.ts'
import { type Root, rulesetText } from '../documents.ts'
import { parseRoster } from '../roster.ts'
import type { Desk } from './desk.ts'
import type { EntryOf } from './entry.ts'
import type { Reading, Write } from './rows.ts'
import { get, put, type RulesetStored, tables } from './tables.ts'

export function begun({ body }: EntryOf<'log.genesis'>, desk: Desk): readonly Write[] {
  const { origin, vkey } = body
  if (origin !== desk.context.origin) {
    refuse('LOG_FORK', `expected origin ${desk.context.origin}, got ${origin}`)
  }
  return [put(tables.log, 'log', { origin, vkey })]
}

export function* policyActivated(
  { body }: EntryOf<'policy.activated'>,
  desk: Desk,
): Reading<readonly Write[]> {
  const { root, ruleset } = yield* bootstrap(body.change, desk)
  if (ruleset.policy !== '') later('policy')
  if (body.policy !== root.genesis.policy) unnamed('policy')
  const text = desk.came(body.policy)
  const rulebook = loadRulebook(text, { root })
  requireOwn(rulebook, root)
  const { version, digest } = rulebook
  const next = { ...ruleset, policy: digest }
  return activate(root, next, { ...body, expected: version, digest, text })
}

export function* directoryActivated(
  { body }: EntryOf<'directory.activated'>,
  desk: Desk,
): Reading<readonly Write[]> {
  const { root, ruleset } = yield* bootstrap(body.change, desk)
  if (ruleset.policy === '') refuse('RULESET_VERSION', 'the policy comes first')
  if (ruleset.directory !== '') later('directory')
  if (body.directory !== root.genesis.directory) unnamed('directory')
  const text = desk.came(body.directory)
  const roster = parseRoster(text)
  requireOwn(roster, root)
  const policy = yield* get(tables.document, ruleset.policy)
  // The people that the policy counts on must be in the directory.
  if (policy !== undefined) loadRulebook(policy.text, { root, roster })
  const { version, digest } = roster
  const next = { ...ruleset, directory: digest }
  return activate(root, next, { ...body, expected: version, digest, text })
}

export function* bookActivated(
  { body, seq, t }: EntryOf<'book.activated'>,
  desk: Desk,
): Reading<readonly Write[]> {
  const { root, ruleset } = yield* bootstrap(body.change, desk)
  const { name } = body
  if (ruleset.directory === '') refuse('RULESET_VERSION', 'the directory comes first')
  if (ruleset.books.some((book) => book.name === name)) later(`book ${name}`)
  if (body.book !== root.genesis.books.get(name)) unnamed(`book ${name}`)
  const text = desk.came(body.book)
  const book = parseBook(text)
  requireOwn(book, root)
  if (book.name !== name) refuse('RULESET_SIG', `expected the book ${name}, got ${book.name}`)
  const { version, digest } = book
  const next = { ...ruleset, books: [...ruleset.books, { name, digest, seq, t }] }
  return activate(root, next, { ...body, expected: version, digest, text })
}

export interface Activation {
  readonly ruleset: Digest
  readonly version: number
  readonly expected: number
  readonly digest: Digest
  readonly text: string
}

/** The line must state the version, and the digest of the ruleset that it makes. */
export function activate(
  root: Root,
  next: Omit<RulesetStored, 'digest'>,
  { ruleset, version, expected, digest, text }: Activation,
): readonly Write[] {
  if (version !== expected)
    refuse('RULESET_VERSION', `expected version ${expected}, got ${version}`)
  const made = rulesetDigest(root, next)
  if (ruleset !== made) refuse('RULESET_VERSION', `expected ruleset ${made}, got ${ruleset}`)
  return [
    put(tables.document, digest, { text }),
    put(tables.ruleset, 'now', { ...next, digest: made }),
  ]
}

/** Digest of the manifest of these documents; the sequencer writes it into the line. */
export function rulesetDigest(
  { org, env }: Pick<Root, 'org' | 'env'>,
  { root, policy, directory, books }: Omit<RulesetStored, 'digest'>,
): Digest {
  const named = new Map<Handle, Digest>(books.map((book) => [book.name, book.digest]))
  const lists = new Map<Handle, Digest>()
  const written = rulesetText({ org, env, root, policy, directory, books: named, lists })
  return digestOfText(tags.ruleset, written)
}

function* bootstrap(
  change: Digest,
  desk: Desk,
): Reading<{ readonly root: Root; readonly ruleset: RulesetStored }> {
  const [root, ruleset] = [yield* desk.root(), yield* desk.ruleset()]
  if (change !== root.digest) refuse('NOT_SUPPORTED', 'a change that is not the root itself')
  return { root, ruleset }
}

export interface Owned {
  readonly org: Handle
  readonly env: string
}

export function requireOwn(document: Owned, root: Owned): void {
  if (document.org !== root.org || document.env !== root.env) {
    refuse('RULESET_SIG', `expected ${root.org} ${root.env}, got ${document.org} ${document.env}`)
  }
}

function later(what: string): never {
  return refuse('NOT_SUPPORTED', `a governed change of the ${what} is not supported yet`)
}

function unnamed(what: string): never {
  return refuse('RULESET_SIG', `not the ${what} that the root names`)
}
