// What a disk can do to a node, told apart. No room: nothing was written, the step is refused and
// may be tried again when there is room. Anything else that writing or syncing says: what is on the
// disk is not known any more, and the process ends (failure model F36, F37).
// INVARIANT: a sync that failed is never tried again, because the kernel says yes to the second
// (it has dropped what it could not write). Mends nothing.
import { Refused, refuse } from '../proto/refusal.ts'

/** Caught by the end of the process alone: what follows would rest on what may not be there. */
export class DiskFault extends Error {
  override readonly name = 'DiskFault'
}

/** As the system calls say it. */
const roomCodes: readonly unknown[] = ['ENOSPC', 'EDQUOT']

/** As SQLite says it: primary codes. */
const sqliteFull = 13
/** INTERNAL, NOMEM, READONLY, IOERR, CORRUPT, CANTOPEN, NOTADB. */
const sqliteFaults: ReadonlySet<number> = new Set([2, 7, 8, 10, 11, 14, 26])

/** Work on the database or the files of the node. */
export function onDisk<T>(place: string, work: () => T): T {
  try {
    return work()
  } catch (error) {
    const because = `${place}: ${error instanceof Error ? error.message : 'unknown'}`
    if (isRoomless(error)) refuse('DISK_FULL', because)
    if (isFault(error)) throw new DiskFault(because, { cause: error })
    throw error
  }
}

/** Refused for want of room, by whatever was asked. */
export function isFull(error: unknown): error is Refused {
  return error instanceof Refused && error.refusal.code === 'DISK_FULL'
}

function isRoomless(error: unknown): boolean {
  return primaryCode(error) === sqliteFull || roomCodes.includes(systemCode(error))
}

function isFault(error: unknown): boolean {
  const code = primaryCode(error)
  if (code !== undefined) return sqliteFaults.has(code)
  const system = systemCode(error)
  // What is not there, or is there already, is no fault of the disk.
  return system !== undefined && system !== 'ENOENT' && system !== 'EEXIST'
}

function systemCode(error: unknown): string | undefined {
  if (!(error instanceof Error && 'syscall' in error && 'code' in error)) return undefined
  return String(error.code)
}

function primaryCode(error: unknown): number | undefined {
  if (!(error instanceof Error && 'errcode' in error)) return undefined
  return typeof error.errcode === 'number' ? error.errcode & 0xff : undefined
}
