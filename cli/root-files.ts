// A drafted root as files of one directory that travels between the directors: the root, the
// documents that it names anew, and one file of signatures for each who signed. Read strictly; a
// file that is not one of these is refused. Holds no secret.
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { readEnclosures } from '../policy/audit/enclosures.ts'
import { parseRoot, type Root } from '../policy/documents.ts'
import {
  parseRootSignatures,
  type RootSignature,
  rootSignaturesText,
} from '../policy/succession.ts'
import { toHex } from '../proto/crypto.ts'
import type { Digest } from '../proto/ids.ts'
import { refuse } from '../proto/refusal.ts'

export interface Draft {
  readonly root: Root
  readonly text: string
  /** What its genesis names anew, by digest. */
  readonly documents: ReadonlyMap<Digest, string>
}

const fileForm = /^(?:policy|directory|book-[a-z0-9._-]+)\.json$/

export function writeDraft(
  directory: string,
  text: string,
  documents: ReadonlyMap<string, string>,
) {
  mkdirSync(join(directory, 'signatures'), { recursive: true })
  if (readdirSync(directory).length > 1) {
    refuse('CONFIG', `${directory}: expected an empty directory`)
  }
  const files = new Map([['root.json', text], ...documents])
  for (const [name, content] of files) {
    writeFileSync(join(directory, name), content, { flag: 'wx', mode: 0o444 })
  }
}

export function readDraft(directory: string): Draft {
  const names = readdirSync(directory).filter((name) => name !== 'signatures')
  const strange = names.find((name) => name !== 'root.json' && !fileForm.test(name))
  if (strange !== undefined) refuse('CONFIG', `${directory}: unexpected file ${strange}`)
  const text = readFileSync(join(directory, 'root.json'), 'utf8')
  const texts = names
    .filter((name) => name !== 'root.json')
    .map((name) => readFileSync(join(directory, name), 'utf8'))
  const documents = new Map<Digest, string>()
  for (const [digest, [first]] of readEnclosures(texts)) if (first) documents.set(digest, first)
  return { root: parseRoot(text), text, documents }
}

export function writeSignature(
  directory: string,
  who: string,
  { org, env, digest }: Root,
  signature: RootSignature,
): string {
  mkdirSync(join(directory, 'signatures'), { recursive: true })
  const file = join(directory, 'signatures', `${who}.json`)
  const written = rootSignaturesText({ org, env, root: digest, signatures: [signature] })
  writeFileSync(file, written, { flag: 'wx', mode: 0o444 })
  return file
}

/** All of them as one document; of a key that signed twice, once. */
export function readSignatures(directory: string, { org, env, digest }: Root): string {
  const names = readdirSync(join(directory, 'signatures'))
  const all = new Map<string, RootSignature>()
  for (const name of names) {
    const read = parseRootSignatures(readFileSync(join(directory, 'signatures', name), 'utf8'))
    if (read.root !== digest) refuse('RULESET_SIG', `${name}: signatures of another root`)
    for (const one of read.signatures) all.set(toHex(one.key), one)
  }
  if (all.size === 0) refuse('GOV_QUORUM', `${directory}: nobody has signed yet`)
  return rootSignaturesText({ org, env, root: digest, signatures: [...all.values()] })
}
