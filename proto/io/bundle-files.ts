// A Bundle on a medium: one directory of plain files with short names, no link, no folder inside,
// bounded. Written once into a new directory, read back whole; looked at before it is read, so that
// a link or something huge is refused unopened.
// Knows nothing of what the files mean: whether they are a Bundle is for its manifest to say
// (`policy/ceremony/bundle.ts`).
import {
  closeSync,
  constants,
  fstatSync,
  fsyncSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  writeSync,
} from 'node:fs'
import { join } from 'node:path'
import { limits } from '../limits.ts'
import { refuse } from '../refusal.ts'

const nameForm = /^[a-z0-9][a-z0-9.-]{0,63}$/
/** The manifest, and what is signed over it. */
const besides = 2

/** Into `directory`, which must not exist; read-only from then on. */
export function writeBundleFiles(directory: string, files: ReadonlyMap<string, Uint8Array>): void {
  requireRoom([...files].map(([name, { length }]) => ({ name, length })))
  makeNew(directory)
  for (const [name, content] of files) {
    const file = openSync(join(directory, name), 'wx', 0o444)
    try {
      for (let at = 0; at < content.length; at += writeSync(file, content, at));
      fsyncSync(file)
    } finally {
      closeSync(file)
    }
  }
}

/** Every file of `directory`, and nothing but files. */
export function readBundleFiles(directory: string): ReadonlyMap<string, Uint8Array> {
  const found = readdirSync(directory)
    .sort()
    .map((name) => {
      const { size, isFile } = look(join(directory, name))
      if (!isFile) refuse('BUNDLE', `${show(name)}: expected a plain file`, 'X-7')
      return { name, length: size }
    })
  requireRoom(found)
  return new Map(found.map((one) => [one.name, readOne(directory, one)]))
}

function look(place: string): { readonly size: number; readonly isFile: boolean } {
  const kind = lstatSync(place)
  // A second name of a file is a link too.
  return { size: kind.size, isFile: kind.isFile() && kind.nlink === 1 }
}

/** Never through a link, and never more than was seen before. */
function readOne(directory: string, seen: { name: string; length: number }): Uint8Array {
  const file = openSync(join(directory, seen.name), constants.O_RDONLY | constants.O_NOFOLLOW)
  try {
    if (fstatSync(file).size !== seen.length) refuse('BUNDLE', `${seen.name}: it changes`, 'X-7')
    return new Uint8Array(readFileSync(file))
  } finally {
    closeSync(file)
  }
}

function requireRoom(files: readonly { readonly name: string; readonly length: number }[]): void {
  for (const { name } of files) {
    if (!nameForm.test(name)) refuse('BUNDLE', `${show(name)}: expected a-z, 0-9, dot, dash`, 'X-7')
  }
  const { bundleFilesMax, bundleBytesMax } = limits
  const bytes = files.reduce((sum, { length }) => sum + length, 0)
  if (files.length > bundleFilesMax + besides || bytes > bundleBytesMax) {
    refuse('TOO_LARGE', `expected ${bundleFilesMax} files, ${bundleBytesMax} bytes at most`, 'X-7')
  }
}

function makeNew(directory: string): void {
  try {
    mkdirSync(directory, { mode: 0o700 })
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error
    refuse('CONFIG', `${directory}: expected a directory that does not exist`)
  }
}

function show(name: string): string {
  return JSON.stringify(name.slice(0, 64))
}
