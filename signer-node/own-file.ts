// A file that lies itself where it is looked for: on a card, a medium, in a directory of a node.
// Cards come from people, who may have laid a link or a pipe at the place of a file: then what is
// read is not what the card holds, what is written goes to another place, or nobody ever answers.
// INVARIANT: opens no link and waits for no pipe; what is there is a file of bounded length, or it
// is refused. Looks at the last part of a path only: which directory a card is, its owner says.
import { closeSync, constants, fstatSync, openSync, readFileSync } from 'node:fs'
import { limits } from '../proto/limits.ts'
import type { ReasonCode } from '../proto/reasons.ts'
import { refuse } from '../proto/refusal.ts'

export interface OwnFile {
  readonly path: string
  /** As what it is refused. */
  readonly code: ReasonCode
  /** What it is on: the first word of a refusal. */
  readonly on: 'medium' | 'card' | 'disk'
  readonly bytesMax: number
}

const { O_RDONLY, O_NOFOLLOW, O_NONBLOCK } = constants
const check = 'X-18'
/** Of a link; of a socket, or a pipe that nobody reads. */
const strange: readonly unknown[] = ['ELOOP', 'ENXIO']

/** A descriptor, the caller's to close; what else the system says of opening it goes on. */
export function openOwnFile(own: OwnFile, flags: number): number {
  const { path, code, on, bytesMax } = own
  let file: number
  try {
    file = openSync(path, flags | O_NOFOLLOW | O_NONBLOCK, 0o600)
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && strange.includes(error.code))) throw error
    return refuse(code, `${on}: ${path}: expected a file of its own, and no link`, check)
  }
  const found = fstatSync(file)
  if (found.isFile() && found.size <= bytesMax) return file
  closeSync(file)
  return refuse(code, `${on}: ${path}: expected a file of bounded length`, check)
}

export function readOwnFile(own: OwnFile): Uint8Array {
  const file = openOwnFile(own, O_RDONLY)
  try {
    return new Uint8Array(readFileSync(file))
  } finally {
    closeSync(file)
  }
}

/** Undefined where nothing lies there. */
export function readOwnFileIfThere(own: OwnFile): Uint8Array | undefined {
  try {
    return readOwnFile(own)
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined
    throw error
  }
}

/** What a program of a sitting keeps on its card beside the Record. */
export function onCard(path: string): OwnFile {
  return { path, code: 'CONFIG', on: 'card', bytesMax: limits.recordBytesMax }
}

/** What a program remembers from one start to the next, in a small file. */
export function inDirectory(path: string): OwnFile {
  return { path, code: 'CONFIG', on: 'disk', bytesMax: limits.documentBytesMax }
}
