// What a configuration names and both programs of a node open: directories, the passphrase, the
// store.
// INVARIANT: what is made here is for its owner only; a passphrase that others can read is refused.
import {
  closeSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  rmSync,
  statfsSync,
  statSync,
  writeSync,
} from 'node:fs'
import { join } from 'node:path'
import { limits } from '../proto/limits.ts'
import { attempt, isRefusal, refuse } from '../proto/refusal.ts'
import { onDisk } from './disk.ts'
import { Secret } from './dkls23/secret.ts'
import { Room, type RoomNeeds, type Volume } from './room.ts'
import { Store } from './store.ts'

export const newline = 0x0a
const probeBytes = 65_536

interface Volumes {
  readonly dataDir: string
  readonly floorDir: string
}

export function openStore({ dataDir }: Pick<Volumes, 'dataDir'>, room?: Room): Store {
  const options = { busyTimeoutMs: 1_000, full: () => room?.failed() }
  return new Store(join(made(dataDir), 'node.db'), options)
}

/** Whether the database and the floor have room. */
export function roomOf(
  { dataDir, floorDir }: Volumes,
  told: Pick<RoomNeeds, 'clock' | 'report'>,
): Room {
  const volumes = [dataDir, floorDir].map((directory) => volumeOf(made(directory)))
  return new Room({ volumes, ...told })
}

export function made(directory: string): string {
  mkdirSync(directory, { recursive: true, mode: 0o700 })
  return directory
}

/** From a file of the owner alone or a descriptor; others can read environment and command line. */
export function readPassphrase(source: string | number, what = 'passphrase'): Secret {
  if (typeof source === 'string' && (statSync(source).mode & 0o077) !== 0) {
    refuse('CONFIG', 'credential: expected a file that only its owner can read')
  }
  const bytes = readFileSync(source)
  const end = bytes.at(-1) === newline ? bytes.length - 1 : bytes.length
  const passphrase = new Secret(Uint8Array.from(bytes.subarray(0, end)))
  bytes.fill(0)
  if (passphrase.bytes.length === 0) refuse('CONFIG', `${what}: expected one, got nothing`)
  return passphrase
}

/** With the free bytes that a node needs; after a shortage a write must succeed too. */
function volumeOf(directory: string): Volume {
  return (isShort) => {
    const { bavail, bsize } = statfsSync(directory)
    const free = bavail * bsize
    if (free < limits.roomBytesMin) return `${directory}: ${free} bytes are free`
    return isShort ? probed(directory) : ''
  }
}

/** A quota is seen by nothing but a write. One that fails for another reason ends the process. */
function probed(directory: string): string {
  const path = join(directory, 'room.probe')
  const done = attempt(() => onDisk(directory, () => probe(path)))
  rmSync(path, { force: true })
  if (!isRefusal(done)) return done ? '' : `${directory}: a write was cut`
  return done.because
}

/** False when less was written than was asked for. */
function probe(path: string): boolean {
  const file = openSync(path, 'w', 0o600)
  try {
    const written = writeSync(file, new Uint8Array(probeBytes))
    fsyncSync(file)
    return written === probeBytes
  } finally {
    closeSync(file)
  }
}
