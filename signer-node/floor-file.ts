// The second place of the floor: a small file in another directory, best on
// another volume, that says how far this node has ever signed. It is on disk before each
// cosignature and each share leaves, so a database that was rolled back alone cannot hide it.
// INVARIANT: a file of its own, read through no link; replaced atomically (write, fsync, rename,
// fsync of the directory). Proves nothing when both places are rolled back together: the other
// witnesses do that.
import { closeSync, fsyncSync, openSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { toHex } from '../proto/crypto.ts'
import { encode, parse } from '../proto/jcs.ts'
import { handle, hex, integer, literal, object } from '../proto/shape.ts'
import { onDisk } from './disk.ts'
import { inDirectory, readOwnFileIfThere } from './own-file.ts'

export interface Floor {
  /** The largest head ever cosigned. */
  readonly size: number
  readonly root: Uint8Array
  /** The last receipt in the journal. */
  readonly counter: number
}

const count = integer(0, Number.MAX_SAFE_INTEGER)
const shape = object({
  counter: count,
  format: literal('custody-floor/v1'),
  node: handle,
  root: hex(32),
  size: count,
})

export interface FloorPlace {
  /** Undefined where none was ever written. */
  read(): Floor | undefined
  write(floor: Floor): void
}

export class FloorFile implements FloorPlace {
  readonly #path: string
  readonly #node: string

  constructor(directory: string, node: string) {
    this.#path = join(directory, 'floor.json')
    this.#node = node
  }

  read(): Floor | undefined {
    const bytes = readOwnFileIfThere(inDirectory(this.#path))
    if (bytes === undefined) return undefined
    const { node, size, root, counter } = shape(parse(bytes), 'floor')
    if (node !== this.#node) throw new Error(`floor file of ${node}, this node is ${this.#node}`)
    return { size, root, counter }
  }

  write({ size, root, counter }: Floor): void {
    const body = { counter, format: 'custody-floor/v1', node: this.#node, root: toHex(root), size }
    replaceFile(this.#path, encode(body))
  }
}

/**
 * The old content or the new, never a part: also after a power cut. Where there is no room it is
 * refused, and nothing is left.
 */
export function replaceFile(path: string, bytes: Uint8Array): void {
  onDisk(path, () => {
    const fresh = `${path}.new`
    try {
      writeSynced(fresh, bytes)
    } catch (error) {
      rmSync(fresh, { force: true })
      throw error
    }
    renameSync(fresh, path)
  })
  syncDirectory(dirname(path))
}

function writeSynced(path: string, bytes: Uint8Array): void {
  // Left by a process that died, or a link that somebody laid: neither is written into.
  rmSync(path, { force: true })
  const file = openSync(path, 'wx', 0o600)
  try {
    writeFileSync(file, bytes)
    fsyncSync(file)
  } finally {
    closeSync(file)
  }
}

export function syncDirectory(path: string): void {
  onDisk(path, () => {
    const directory = openSync(path, 'r')
    try {
      fsyncSync(directory)
    } finally {
      closeSync(directory)
    }
  })
}
