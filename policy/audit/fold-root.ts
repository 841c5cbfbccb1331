// The fold of roots. The first is the one that every configuration pins; each later one was signed
// by the quorum of the root before it, and its text, its signatures and every document that its
// genesis changes must come with its line, so that what it begins can always be ended.
// INVARIANT: after a root that changes documents no policy is in force until the lines that follow
// have put exactly the named ones in force, in order: in between nothing can be signed.
import type { Digest, Handle } from '../../proto/ids.ts'
import { refuse } from '../../proto/refusal.ts'
import { loadRulebook } from '../analyse.ts'
import { parseBook } from '../book.ts'
import { parseRoot, type Root } from '../documents.ts'
import { parseRoster } from '../roster.ts'
import { parseRulebook, type Rulebook } from '../rulebook.ts'
import { parseRootSignatures, requireRootQuorum, requireSuccessor } from '../succession.ts'
import { formatVkey } from './checkpoint.ts'
import type { Desk } from './desk.ts'
import type { EntryOf } from './entry.ts'
import { activate, requireOwn } from './fold-governance.ts'
import type { Reading, Write } from './rows.ts'
import { below, get, key, put, type RulesetStored, tables } from './tables.ts'

type Activated = EntryOf<'root.activated'>

export function* rootActivated(line: Activated, desk: Desk): Reading<readonly Write[]> {
  const now = yield* get(tables.ruleset, 'now')
  return now === undefined ? yield* first(line, desk) : yield* successor(line, desk, now)
}

function* first({ body, seq, t }: Activated, desk: Desk): Reading<readonly Write[]> {
  if (body.root !== desk.context.rootDigest) refuse('RULESET_SIG', 'not the root that is pinned')
  if (body.signatures !== undefined) refuse('RULESET_SIG', 'the pinned root needs no signatures')
  const text = desk.came(body.root)
  const root = parseRoot(text)
  const log = yield* get(tables.log, 'log')
  const { origin, vkey } = root.log
  if (log?.origin !== origin || log.vkey !== formatVkey(vkey)) {
    refuse('LOG_FORK', 'the root names another log')
  }
  const next = { root: root.digest, policy: '', directory: '', books: [] } as const
  const made = { ...body, expected: root.version, digest: root.digest, text }
  return [...activate(root, next, made), rooted(root, { seq, t })]
}

function* successor(
  { body, seq, t }: Activated,
  desk: Desk,
  now: RulesetStored,
): Reading<readonly Write[]> {
  if (body.signatures === undefined) return refuse('GOV_QUORUM', 'a root is in force, none signed')
  const chain = (yield* desk.reigns()).map(({ root }) => root)
  const current = yield* desk.root()
  const text = desk.came(body.root)
  const root = parseRoot(text)
  requireSuccessor(chain, root)
  const signatures = parseRootSignatures(desk.came(body.signatures))
  requireRootQuorum(current, { root, text }, signatures)
  const texts = yield* requireGenesis(root, { current, now, desk })
  const next = rulesetAfter(root, now)
  const made = { ...body, expected: root.version, digest: root.digest, text }
  return [
    ...activate(root, next, made),
    rooted(root, { seq, t }),
    // The next root is compared with these, also when their own lines never come.
    ...[...texts].map(([digest, written]) => put(tables.document, digest, { text: written })),
  ]
}

function rooted({ digest, version }: Root, at: { seq: number; t: number }): Write {
  return put(tables.root, key(version), { ...at, root: digest, version })
}

/** Everything stays where nothing changes; else all is put in force again, but for equal books. */
export function rulesetAfter(
  { digest: root, genesis }: Root,
  now: RulesetStored,
): Omit<RulesetStored, 'digest'> {
  const books = now.books.filter(({ name, digest }) => genesis.books.get(name) === digest)
  const same =
    now.policy === genesis.policy &&
    now.directory === genesis.directory &&
    books.length === genesis.books.size &&
    books.length === now.books.length
  return same ? { ...now, root } : { root, policy: '', directory: '', books }
}

interface Before {
  readonly current: Root
  readonly now: RulesetStored
  readonly desk: Desk
}

/**
 * Shares leave with their nodes, and who left does not come back: a key that keeps fewer than t of
 * its holders is lost. Whoever means that says so in the policy, which then names no such vault.
 */
function* requireHolders({ nodes }: Root, { vaults }: Rulebook): Reading<void> {
  for (const { vault, standing, t, participants } of yield* below(tables.vault)) {
    if (standing === 'disabled' || !vaults.has(vault)) continue
    const kept = participants.filter(({ node }) => nodes.some((one) => one.node === node)).length
    if (kept < t) refuse('PARTICIPANTS', `${vault}: expected ${t} holders to stay, got ${kept}`)
  }
}

/** What is named anew follows what is in force; together they must be a lawful ruleset. */
function* requireGenesis(next: Root, before: Before): Reading<ReadonlyMap<Digest, string>> {
  const { current, now } = before
  const { genesis } = next
  // What the root in force has named and no line has put in force yet counts as standing.
  const old = {
    policy: now.policy || current.genesis.policy,
    directory: now.directory || current.genesis.directory,
    books: new Map([...current.genesis.books, ...now.books.map((one) => named(one))]),
  }
  const policy = yield* documentOf(genesis.policy, old.policy, before)
  follow('policy', policy, parseRulebook)
  const directory = yield* documentOf(genesis.directory, old.directory, before)
  follow('directory', directory, parseRoster)
  const roster = parseRoster(directory.text)
  requireOwn(roster, next)
  const rulebook = loadRulebook(policy.text, { root: next, roster })
  requireOwn(rulebook, next)
  yield* requireHolders(next, rulebook)
  const texts = new Map([policy, directory].map(({ digest, text }) => [digest, text]))
  for (const [name, digest] of genesis.books) {
    const book = yield* documentOf(digest, old.books.get(name) ?? '', before)
    follow(`book ${name}`, book, parseBook)
    const read = parseBook(book.text)
    requireOwn(read, next)
    if (read.name !== name) refuse('RULESET_SIG', `expected the book ${name}, got ${read.name}`)
    texts.set(digest, book.text)
  }
  return texts
}

function named({ name, digest }: { name: Handle; digest: Digest }): readonly [Handle, Digest] {
  return [name, digest]
}

interface Followed {
  readonly digest: Digest
  readonly text: string
  /** Of the one before, where the digest is another one. */
  readonly before: { readonly digest: Digest | ''; readonly text: string } | undefined
}

function* documentOf(digest: Digest, standing: Digest | '', { desk }: Before): Reading<Followed> {
  const stored = yield* get(tables.document, standing)
  const text = stored?.text ?? ''
  // The log's first documents may never have been put in force: then the standing one comes too.
  if (digest === standing) return { digest, text: text || desk.came(digest), before: undefined }
  return { digest, text: desk.came(digest), before: { digest: standing, text } }
}

/** A root that was signed long ago must not bring back what was replaced since. */
function follow(
  what: string,
  { text, before }: Followed,
  read: (text: string) => { readonly version: number; readonly previous: Digest | '' },
): void {
  if (before === undefined) return
  const { version, previous } = read(text)
  const expected = before.text === '' ? version : read(before.text).version + 1
  if (version !== expected || previous !== before.digest) {
    refuse('RULESET_VERSION', `${what}: expected version ${expected} after ${before.digest}`)
  }
}
