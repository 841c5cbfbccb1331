// root draft: the next root from the one in force and what shall change, with every document that
// has to change beside it. The policy states the same numbers as the root, so where they change and
// no policy is given, its next version is written with the new ones and nothing else.
// What comes out is a proposal: nothing counts before the root quorum has signed it.
import { readFileSync } from 'node:fs'
import { loadRulebook } from '../policy/analyse.ts'
import { parseBook } from '../policy/book.ts'
import { digestOfText } from '../policy/document.ts'
import { parseRoot, type Root } from '../policy/documents.ts'
import { parseRoster } from '../policy/roster.ts'
import { requireSuccessor } from '../policy/succession.ts'
import { faultsOf } from '../policy/tolerance.ts'
import type { JsonObject } from '../proto/jcs.ts'
import { parseText, text } from '../proto/jcs.ts'
import { refuse } from '../proto/refusal.ts'
import { tags } from '../proto/tags.ts'
import { atDesk, type Desk } from './desk.ts'
import { cardJson, cardOf } from './node-card.ts'
import { profileOptions } from './profile.ts'
import { writeDraft } from './root-files.ts'
import { type Change, differenceWords } from './root-words.ts'
import { type Args, done, flag, UsageError, type Verb, word } from './verb.ts'

const about = { type: 'string' } as const

export const rootDraft: Verb = {
  about: 'draw up the next root: nodes that come and go, numbers, documents',
  usage:
    'DIR [--add CARD,..] [--remove NODE,..] [--t N] [--f N] [--q N] [--witness-f N]' +
    ' [--governance HEX,..] [--threshold N] [--policy FILE] [--directory FILE] [--book FILE,..]' +
    ' [--as DIR]',
  words: { min: 1, max: 1 },
  options: {
    ...profileOptions,
    ...{ add: about, remove: about, t: about, f: about, q: about, 'witness-f': about },
    ...{ governance: about, threshold: about, policy: about, directory: about, book: about },
  },
  run: (args, world) =>
    atDesk(args, world, ['operator', 'approver'], async (desk) => {
      const { root, text: written, documents, changes } = draft(args, desk)
      const directory = word(args, 0)
      writeDraft(directory, written, documents)
      const words = differenceWords(desk.ruleset.root, root, changes)
      const next = `each director signs with: custody root sign ${directory} --as DIR`
      return done(`${words.join('\n')}\n${root.digest} in ${directory}\n${next}\n`, {
        ...{ directory, root: root.digest, version: root.version },
        files: [...documents.keys()],
        words: [...words],
      })
    }),
}

interface Drafted {
  readonly root: Root
  readonly text: string
  readonly documents: ReadonlyMap<string, string>
  readonly changes: readonly Change[]
}

function draft(args: Args, { ruleset }: Desk): Drafted {
  const { root: current, texts } = ruleset
  const json = objectOf(texts.root)
  const { nodes, witnesses } = membersOf(args, current, json)
  const cosigning = current.cold ? 0 : nodes.length
  const count = { n: nodes.length, w: cosigning + witnesses.length }
  const numbers = numbersOf(args, current, count)
  const { documents, genesis, changes } = documentsOf(args, ruleset, numbers)
  const written = text({
    ...json,
    ...numbers,
    ...governanceOf(args, json),
    genesis: { ...(json['genesis'] as JsonObject), ...genesis },
    nodes,
    witnesses,
    previous: current.digest,
    version: current.version + 1,
  })
  const root = parseRoot(written)
  requireSuccessor(
    ruleset.reigns.map((reign) => reign.root),
    root,
  )
  const roster = parseRoster(documents.get('directory.json') ?? texts.directory)
  loadRulebook(documents.get('policy.json') ?? texts.policy, { root, roster })
  return { root, text: written, documents, changes }
}

/** Nodes and light witnesses come by their cards and go by their names. */
function membersOf(args: Args, current: Root, json: JsonObject) {
  const gone = new Set(listed(args, 'remove'))
  const named = [...current.nodes, ...current.witnesses]
  const unknown = [...gone].find((name) => !named.some(({ node }) => node === name))
  if (unknown !== undefined) refuse('PARTICIPANTS', `the root in force names no node ${unknown}`)
  const stay = (which: 'nodes' | 'witnesses'): readonly JsonObject[] =>
    (json[which] as readonly JsonObject[]).filter(({ node }) => !gone.has(String(node)))
  const come = listed(args, 'add').map((file) => cardOf(readFileSync(file, 'utf8'), current))
  const nodes = come.filter(({ x }) => x !== undefined).map(cardJson)
  const lights = come.filter(({ x }) => x === undefined).map(cardJson)
  return { nodes: [...stay('nodes'), ...nodes], witnesses: [...stay('witnesses'), ...lights] }
}

/** What is not said stays, but for n and w, which are counted, and q, the least that is lawful. */
function numbersOf(args: Args, current: Root, { n, w }: { n: number; w: number }) {
  const { cold, quorumCrypto, witness } = current
  const key = { n, t: number(args, 't') ?? quorumCrypto.t, f: number(args, 'f') ?? quorumCrypto.f }
  const f = number(args, 'witness-f') ?? witness.f
  const asked = number(args, 'q')
  if (asked !== undefined) return { quorumCrypto: key, witness: { w, f, q: asked } }
  const union = witness.w + listed(args, 'add').length
  const lawful = Array.from({ length: w }, (_, at) => at + 1).find((q) => {
    const shared = witness.q + q - union
    return faultsOf(key, { w, f, q }, cold).length === 0 && shared > Math.max(f, witness.f)
  })
  return { quorumCrypto: key, witness: { w, f, q: lawful ?? w } }
}

function governanceOf(args: Args, json: JsonObject): JsonObject {
  const now = json['governance'] as JsonObject
  const [keys, threshold] = [listed(args, 'governance'), number(args, 'threshold')]
  const next = { ...now, ...(keys.length === 0 ? {} : { keys }) }
  return { governance: threshold === undefined ? next : { ...next, threshold } }
}

function documentsOf(
  args: Args,
  { texts, books, root }: Desk['ruleset'],
  numbers: ReturnType<typeof numbersOf>,
) {
  const documents = new Map<string, string>()
  const changes: Change[] = []
  const genesis: Record<string, JsonObject | string> = {}
  const policy = given(args, 'policy') ?? withNumbers(texts.policy, numbers)
  if (policy !== undefined) {
    documents.set('policy.json', policy)
    genesis['policy'] = digestOfText(tags.policy, policy)
    changes.push({ what: 'policy', before: texts.policy, after: policy })
  }
  const directory = given(args, 'directory')
  if (directory !== undefined) {
    documents.set('directory.json', directory)
    genesis['directory'] = digestOfText(tags.directory, directory)
    changes.push({ what: 'directory', before: texts.directory, after: directory })
  }
  const named = new Map<string, string>([...root.genesis.books])
  for (const file of listed(args, 'book')) {
    const after = readFileSync(file, 'utf8')
    const { name, digest } = parseBook(after)
    const at = books.findIndex((book) => book.name === name)
    documents.set(`book-${name}.json`, after)
    named.set(name, digest)
    changes.push({ what: `book ${name}`, before: texts.books[at] ?? '', after })
  }
  return { documents, changes, genesis: { ...genesis, books: Object.fromEntries(named) } }
}

/** Undefined where the policy states these numbers already. */
function withNumbers(
  policy: string,
  { quorumCrypto, witness: { w, f, q } }: ReturnType<typeof numbersOf>,
): string | undefined {
  const json = objectOf(policy)
  const log = json['log'] as JsonObject
  const next = { ...json, quorumCrypto, log: { ...log, witness: { n: w, f, quorum: q } } }
  if (text(next) === policy) return undefined
  const previous = digestOfText(tags.policy, policy)
  return text({ ...next, previous, version: Number(json['version']) + 1 })
}

function given(args: Args, name: string): string | undefined {
  const file = flag(args, name)
  return file === undefined ? undefined : readFileSync(file, 'utf8')
}

function listed(args: Args, name: string): readonly string[] {
  return (flag(args, name) ?? '').split(',').filter((item) => item !== '')
}

function number(args: Args, name: string): number | undefined {
  const typed = flag(args, name)
  if (typed === undefined) return undefined
  if (!/^\d{1,2}$/.test(typed)) throw new UsageError(`--${name}: expected a number`)
  return Number(typed)
}

function objectOf(written: string): JsonObject {
  const value = parseText(written)
  return typeof value === 'object' && !Array.isArray(value)
    ? (value as JsonObject)
    : refuse('MALFORMED', 'expected an object')
}
