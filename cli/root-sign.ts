// root show, sign, submit: the root in force as proved from the trust file, a draft in words, the
// signature of one director over exactly the draft, and the hand-over to the log. What is signed is
// judged here first: a draft that the log would refuse is not signed.
import type { Entry } from '../policy/audit/entry.ts'
import type { Root } from '../policy/documents.ts'
import {
  parseRootSignatures,
  requireRootQuorum,
  requireSuccessor,
  rootMessage,
} from '../policy/succession.ts'
import { toHex, toUtf8 } from '../proto/crypto.ts'
import { refuse } from '../proto/refusal.ts'
import { openKey } from './approver-key.ts'
import { atDesk, type Desk, waitMs } from './desk.ts'
import { effectiveJson, waitEffective } from './effective.ts'
import { keyOptions, profileOptions } from './profile.ts'
import { type Draft, readDraft, readSignatures, writeSignature } from './root-files.ts'
import { type Change, differenceWords, rootWords } from './root-words.ts'
import {
  type Answer,
  type Args,
  done,
  Mistyped,
  must,
  typed,
  type Verb,
  type World,
  word,
} from './verb.ts'

export const rootShow: Verb = {
  about: 'the roots of the log up to the one in force, or a draft in words',
  usage: '[DIR] [--as DIR]',
  words: { min: 0, max: 1 },
  options: profileOptions,
  run: (args, world) =>
    atDesk(args, world, ['approver', 'operator', 'caller'], async (desk) => {
      if (args.words.length === 1) return shown(readDraft(word(args, 0)), desk)
      const { reigns, root } = desk.ruleset
      const past = reigns.map((reign) => `line ${reign.from}: root ${reign.root.version}`)
      return done(`${[...past, ...rootWords(root)].join('\n')}\n`, {
        ...{ root: root.digest, version: root.version },
        roots: reigns.map((reign) => ({ line: reign.from, root: reign.root.digest })),
      })
    }),
}

export const rootSign: Verb = {
  about: 'read what a drafted root changes, and sign it as a director',
  usage: 'DIR [--yes] [--as DIR] [--credential FILE]',
  words: { min: 1, max: 1 },
  options: { ...profileOptions, ...keyOptions, yes: { type: 'boolean' } },
  run: (args, world) => atDesk(args, world, ['approver'], (desk) => signAt(desk, args, world)),
}

export const rootSubmit: Verb = {
  about: 'hand a root that enough directors signed to the log',
  usage: 'DIR [--wait SECONDS] [--as DIR]',
  words: { min: 1, max: 1 },
  options: { ...profileOptions, wait: { type: 'string' } },
  run: (args, world) => atDesk(args, world, ['operator'], (desk) => submitAt(desk, args, world)),
}

async function signAt(desk: Desk, args: Args, world: World): Promise<Answer> {
  const directory = word(args, 0)
  const draft = readDraft(directory)
  const words = judged(draft, desk)
  world.say(`${words.join('\n')}\n${draft.root.digest}\n`)
  if (args.flags['yes'] !== true) await confirm(draft.root, world)
  const key = await openKey(desk.profile, args, world)
  const governing = [desk.ruleset.root, draft.root].flatMap(({ governance }) => governance.keys)
  if (!governing.some((one) => toHex(one) === toHex(key.publicKey))) {
    refuse('GOV_QUORUM', `${desk.profile.id} holds no governance key of either root`)
  }
  const signature = { key: key.publicKey, signature: key.sign(rootMessage(draft.text)) }
  const file = writeSignature(directory, desk.profile.id, draft.root, signature)
  return done(`signed root ${draft.root.version} in ${file}\n`, {
    ...{ file, root: draft.root.digest, version: draft.root.version },
    words: [...words],
  })
}

async function submitAt(desk: Desk, args: Args, world: World): Promise<Answer> {
  const { client, trust, ruleset } = desk
  const patienceMs = waitMs(args)
  const { root, text, documents } = readDraft(word(args, 0))
  const signatures = readSignatures(word(args, 0), root)
  // What came into force before is only waited for again.
  if (root.digest !== ruleset.root.digest) {
    judged({ root, text, documents }, desk)
    requireRootQuorum(ruleset.root, { root, text }, parseRootSignatures(signatures))
  }
  const reply = must(
    await client.PolicyService.SubmitRoot({
      root: toUtf8(text),
      signatures: toUtf8(signatures),
      documents: [...documents.values()].map((one) => ({
        kind: kindOf(one),
        content: toUtf8(one),
      })),
    }),
  )
  world.say(`recorded as line ${reply.seq}, waiting for the witnesses before it\n`)
  const isOurs = (entry: Entry): boolean =>
    entry.type === 'root.activated' && entry.body.root === root.digest
  const from = { client, trust, reigns: ruleset.reigns, world }
  const effective = await waitEffective(reply, isOurs, from, patienceMs)
  return done(`effective: root ${root.version} since line ${reply.seq}\n`, {
    ...{ root: root.digest, version: root.version, seq: reply.seq },
    effective: effectiveJson(effective),
  })
}

function shown(draft: Draft, desk: Desk): Answer {
  const words = judged(draft, desk)
  return done(`${words.join('\n')}\n${draft.root.digest}\n`, {
    ...{ root: draft.root.digest, version: draft.root.version },
    words: [...words],
  })
}

/** Refused where it cannot follow the root in force, or lacks a document that it names anew. */
function judged({ root, documents }: Draft, { ruleset }: Desk): readonly string[] {
  const { reigns, texts, rulebook, roster, books } = ruleset
  requireSuccessor(
    reigns.map((reign) => reign.root),
    root,
  )
  const standing = new Map<string, string>([
    [rulebook.digest, texts.policy],
    [roster.digest, texts.directory],
    ...books.map((book, at): [string, string] => [book.digest, texts.books[at] ?? '']),
  ])
  const { policy, directory, books: named } = root.genesis
  const wanted = [
    { what: 'policy', digest: policy, before: texts.policy },
    { what: 'directory', digest: directory, before: texts.directory },
    ...[...named].map(([name, digest]) => {
      const at = books.findIndex((book) => book.name === name)
      return { what: `book ${name}`, digest, before: texts.books[at] ?? '' }
    }),
  ]
  const changes = wanted.flatMap(({ what, digest, before }): readonly Change[] => {
    if (standing.has(digest)) return []
    const after = documents.get(digest)
    if (after === undefined) return refuse('LINE_MISSING', `${what} ${digest} is not in the draft`)
    return [{ what, before, after }]
  })
  const dropped = books.filter((book) => !named.has(book.name))
  const gone = dropped.map(({ name }) => `  GOES     book ${name}`)
  return [...differenceWords(ruleset.root, root, changes), ...gone]
}

async function confirm({ digest, version }: Root, world: World): Promise<void> {
  const asked = `To sign root ${version}, type the first 8 characters of its digest`
  if ((await typed(world, asked)).toLowerCase() !== digest.slice(0, 8)) {
    throw new Mistyped('those are other characters: nothing was signed')
  }
}

function kindOf(document: string): string {
  return /"format":"custody-([a-z]+)\/v1"/.exec(document)?.[1] ?? ''
}
