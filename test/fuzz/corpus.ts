/** The inputs that the fuzzer begins from: files of `test/vectors/corpus`, one folder a target. */

import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Target } from './target.ts'

export const corpusFolder = new URL('../vectors/corpus', import.meta.url).pathname

/** Honest inputs: the first ones; what was found is refused and begins with `found`. */
export function seedsOf(target: string): Target['seeds'] {
  const [first, ...rest] = filesOf(target).filter((name) => !name.startsWith('found'))
  if (first === undefined) throw new Error(`the corpus has nothing for ${target}`)
  return [read(target, first), ...rest.map((name) => read(target, name))]
}

export function foundOf(target: string): readonly Uint8Array[] {
  return filesOf(target)
    .filter((name) => name.startsWith('found'))
    .map((name) => read(target, name))
}

function filesOf(target: string): readonly string[] {
  return readdirSync(join(corpusFolder, target)).sort()
}

function read(target: string, name: string): Uint8Array {
  return new Uint8Array(readFileSync(join(corpusFolder, target, name)))
}
