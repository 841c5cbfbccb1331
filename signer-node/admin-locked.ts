// A node that waits: locked without its passphrase, or sealed without its token's PIN. It has
// opened nothing and dials nobody. It says so at its health port and waits at the operator's
// socket, where only the owner is heard, for the place of the word that opens it: a file of the
// owner alone, or a pipe. Not for the word itself: what comes through a socket is copied on its way
// to where nobody can wipe it.
// INVARIANT: what does not open leaves the node as it was and says so; one try at a time.
import { createServer } from 'node:net'
import { Refused, refuse } from '../proto/refusal.ts'
import { bool, integer, literal, object, objectWith, text } from '../proto/shape.ts'
import { converse, listenFor, parseLine } from './admin.ts'
import type { Status } from './status.ts'

const pathBytesMax = 1_024

const unlock = objectWith(
  { do: literal('unlock'), credential: text(pathBytesMax) },
  { half: integer(1, 2), lastTry: bool },
)
const ask = object({ do: literal('status') })

/** What the operator brings. */
export interface Unlock {
  readonly credential: string
  /** Of a PIN that two people make. */
  readonly half?: number
  /** A person knows that the next wrong PIN may be the last one. */
  readonly lastTry?: boolean
}

/** Everything that a waiting node can say of itself. */
export function waitingStatus(node: string, state: 'locked' | 'sealed', because = ''): Status {
  return {
    ...{ node, state, size: 0, sessions: 0, waitingReleases: 0 },
    ...{ droppedEnvelopes: 0, receipts: 0, vaults: [], pairings: [], banned: [], strikes: {} },
    ...{ frozen: [], coordinators: [], fenced: '', backups: [], curve: '' },
    ...(because === '' ? {} : { sealed: because }),
  }
}

/**
 * Resolves with the first thing that `open` gives, and has stopped listening by then; the caller
 * disposes of it. `open` refuses a place that is not good, and what does not open the node; it
 * gives nothing while something is still missing.
 */
export async function unlocked<T>(
  path: string,
  status: () => Status,
  open: (unlock: Unlock) => Promise<T | undefined> | T | undefined,
): Promise<T> {
  const { promise, resolve, reject } = Promise.withResolvers<T>()
  let state: 'waiting' | 'trying' | 'over' = 'waiting'
  const obey = async (line: string): Promise<void> => {
    const value = parseLine(line)
    if (typeof value !== 'object' || !('credential' in value)) return void ask(value, '')
    const brought = unlock(value, '')
    if (state === 'over') refuse('BUSY', 'this node is unlocked already')
    if (state === 'trying') refuse('BUSY', 'this node is trying what somebody else has brought')
    state = 'trying'
    try {
      const opened = await open(brought)
      if (opened === undefined) return
      state = 'over'
      resolve(opened)
    } finally {
      if (state === 'trying') state = 'waiting'
    }
  }
  const answer = async (line: string): Promise<object> => {
    try {
      await obey(line)
      const { sealed: _, ...now } = status()
      // What it is called from here on, until it has asked for its floor.
      return { status: state === 'over' ? { ...now, state: 'checking' } : status() }
    } catch (error) {
      if (error instanceof Refused) {
        return { refused: error.refusal.code, because: error.refusal.because }
      }
      reject(error)
      return { refused: 'INTERNAL', because: 'this node stops' }
    }
  }
  const server = createServer((socket) => converse(socket, answer))
  await listenFor(path, server)
  try {
    return await promise
  } finally {
    server.close()
  }
}
