// A locked node: started without its passphrase, it has opened nothing and dials nobody. It says
// `locked` at its health port and waits at the operator's socket, where only the owner is heard,
// for the place of its passphrase: a file of the owner alone, or a pipe. Not for the passphrase
// itself: what comes through a socket is copied on its way to where nobody can wipe it.
// INVARIANT: a passphrase that does not open the node's own key leaves it locked and says so.
import { createServer } from 'node:net'
import { attempt, isRefusal, refuse } from '../proto/refusal.ts'
import { literal, object, text } from '../proto/shape.ts'
import { converse, listenFor, parseLine } from './admin.ts'
import type { Secret } from './dkls23/secret.ts'
import type { Status } from './node.ts'

const pathBytesMax = 1_024

const unlock = object({ do: literal('unlock'), credential: text(pathBytesMax) })
const ask = object({ do: literal('status') })

/** Everything that a locked node can say of itself. */
export function lockedStatus(node: string): Status {
  return {
    ...{ node, state: 'locked', size: 0, sessions: 0, waitingReleases: 0 },
    ...{ droppedEnvelopes: 0, receipts: 0, vaults: [], pairings: [], banned: [], strikes: {} },
    ...{ frozen: [], coordinators: [], fenced: '', backups: [], curve: '' },
  }
}

/**
 * Resolves with the first passphrase that `open` accepts, and has stopped listening by then; the
 * caller disposes of it. `open` refuses a place that is not good, and what does not open the node.
 */
export async function unlocked(
  path: string,
  status: () => Status,
  open: (credential: string) => Secret,
): Promise<Secret> {
  const { promise, resolve } = Promise.withResolvers<Secret>()
  let isOver = false
  const obey = (line: string): object => {
    const done = attempt(() => {
      const value = parseLine(line)
      if (typeof value !== 'object' || !('credential' in value)) return void ask(value, '')
      if (isOver) refuse('BUSY', 'this node is unlocked already')
      resolve(open(unlock(value, '').credential))
      isOver = true
    })
    if (isRefusal(done)) return { refused: done.code, because: done.because }
    return { status: status() }
  }
  const server = createServer((socket) => converse(socket, obey))
  await listenFor(path, server)
  const passphrase = await promise
  server.close()
  return passphrase
}
