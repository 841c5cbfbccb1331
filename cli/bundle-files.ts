// A Bundle on disk, as a card carries it: one directory of plain files with short names, no link, no
// directory inside, bounded. Written once into a new directory, read back whole.
// Knows nothing of what the files mean: whether they are a Bundle is for its manifest to say
// (`policy/ceremony/bundle.ts`).
import {
  closeSync,
  fsyncSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  writeSync,
} from 'node:fs'
import { join } from 'node:path'
import { limits } from '../proto/limits.ts'
import { refuse } from '../proto/refusal.ts'

export type BundleFiles = ReadonlyMap<string, Uint8Array>

const nameForm = /^[a-z0-9][a-z0-9.-]{0,63}$/

/** Into `directory`, which must not exist. */
export function writeBundle(directory: string, files: BundleFiles): void {
  requireRoom(files)
  for (const name of files.keys()) requireName(name)
  try {
    mkdirSync(directory, { mode: 0o700 })
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error
    refuse('CONFIG', `${directory}: expected a directory that does not exist`)
  }
  for (const [name, content] of files) {
    const file = openSync(join(directory, name), 'wx', 0o444)
    writeSync(file, content)
    fsyncSync(file)
    closeSync(file)
  }
}

/** Every file of `directory`; looked at before it is read, so that nothing huge is opened. */
export function readBundle(directory: string): BundleFiles {
  const names = readdirSync(directory).sort()
  if (names.length > limits.bundleFilesMax + 1) {
    refuse('BUNDLE', `expected at most ${limits.bundleFilesMax} files and their manifest`)
  }
  let bytes = 0
  for (const name of names) {
    requireName(name)
    const kind = lstatSync(join(directory, name))
    if (!kind.isFile()) refuse('BUNDLE', `${name}: expected a plain file`)
    bytes += kind.size
  }
  requireBytes(bytes)
  const files = new Map(
    names.map((name) => [name, new Uint8Array(readFileSync(join(directory, name)))]),
  )
  requireRoom(files)
  return files
}

function requireName(name: string): void {
  if (!nameForm.test(name)) refuse('BUNDLE', 'expected file names of a-z, 0-9, dot and dash')
}

function requireRoom(files: BundleFiles): void {
  if (files.size > limits.bundleFilesMax + 1) {
    refuse('BUNDLE', `expected at most ${limits.bundleFilesMax} files and their manifest`)
  }
  requireBytes([...files.values()].reduce((sum, { length }) => sum + length, 0))
}

function requireBytes(bytes: number): void {
  if (bytes > limits.bundleBytesMax) {
    refuse('BUNDLE', `expected at most ${limits.bundleBytesMax} bytes, got ${bytes}`)
  }
}
