// An Export on disk: the files that an auditor keeps, by their path inside the Export. Written once
// into a new directory and read back whole; names are checked both ways, so that neither a lying
// coordinator nor a link in a received directory can reach outside it.
// Knows nothing of what the files mean: that is `policy/audit/verify.ts`.
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
import { dirname, join } from 'node:path'
import { limits } from '../limits.ts'
import { refuse } from '../refusal.ts'

/** A file or the next part of it, as the AuditService streams it. */
export interface ExportPart {
  readonly path: string
  readonly content: Uint8Array
  /** More of the same file follows. */
  readonly partial: boolean
}

export type ExportFiles = ReadonlyMap<string, Uint8Array>

const pathForm = /^[A-Za-z0-9][\w.-]{0,127}(\/[A-Za-z0-9][\w.-]{0,127}){0,7}$/

/** Writes into `directory`, which must not exist; returns the number of files. */
export async function writeExport(
  directory: string,
  parts: AsyncIterable<ExportPart>,
): Promise<number> {
  makeNew(directory)
  let open: { readonly path: string; readonly file: number } | undefined
  let [files, bytes] = [0, 0]
  try {
    for await (const { path, content, partial } of parts) {
      if (open !== undefined && open.path !== path) refuse('MALFORMED', `${open.path}: cut short`)
      bytes += content.length
      if (open === undefined) {
        files += 1
        open = { path, file: create(directory, path) }
      }
      requireRoom(files, bytes)
      writeSync(open.file, content)
      if (partial) continue
      finish(open.file)
      open = undefined
    }
    if (open !== undefined) refuse('MALFORMED', `${open.path}: cut short`)
  } finally {
    if (open !== undefined) closeSync(open.file)
  }
  return files
}

/** Every file below `directory`. */
export function readExport(directory: string): ExportFiles {
  const found = new Map<string, Uint8Array>()
  let bytes = 0
  for (const path of list(directory, '')) {
    const content = readFileSync(join(directory, path))
    bytes += content.length
    found.set(path, content)
    requireRoom(found.size, bytes)
  }
  return found
}

function makeNew(directory: string): void {
  try {
    mkdirSync(directory, { mode: 0o700 })
  } catch (error) {
    if (!isCode(error, 'EEXIST')) throw error
    refuse('CONFIG', `${directory}: expected a directory that does not exist`)
  }
}

function create(directory: string, path: string): number {
  if (!pathForm.test(path))
    refuse('MALFORMED', 'export: expected a relative path of letters, digits, . _ -')
  const place = join(directory, path)
  mkdirSync(dirname(place), { recursive: true, mode: 0o700 })
  try {
    return openSync(place, 'wx', 0o600)
  } catch (error) {
    if (!isCode(error, 'EEXIST')) throw error
    return refuse('MALFORMED', `${path}: stands twice`)
  }
}

function finish(file: number): void {
  fsyncSync(file)
  closeSync(file)
}

function* list(directory: string, below: string): Generator<string> {
  for (const name of readdirSync(join(directory, below)).sort()) {
    const path = below === '' ? name : `${below}/${name}`
    const kind = lstatSync(join(directory, path))
    if (!pathForm.test(path)) refuse('MALFORMED', `${path}: no name for a file of an Export`)
    if (kind.isDirectory()) yield* list(directory, path)
    else if (kind.isFile()) yield path
    else refuse('MALFORMED', `${path}: expected a file`)
  }
}

function requireRoom(files: number, bytes: number): void {
  const { exportFilesMax, exportBytesMax } = limits
  if (files <= exportFilesMax && bytes <= exportBytesMax) return
  refuse('TOO_LARGE', `export: expected ${exportFilesMax} files, ${exportBytesMax} bytes at most`)
}

function isCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code
}
