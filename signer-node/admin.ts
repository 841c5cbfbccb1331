// The operator's socket: one line of JSON in, one line of JSON out, over a Unix socket that only
// the owner may open. status, pairs, evidence, freeze, unfreeze, fence, drain, log-level,
// backup-proved, drop-pending; nothing that signs and nothing that shows a secret. A local freeze
// needs nobody's permission, because a coordinator could withhold everybody's.
import { chmodSync, unlinkSync } from 'node:fs'
import { createServer, type Server, type Socket } from 'node:net'
import type { Json } from '../proto/jcs.ts'
import { attempt, isRefusal, refuse } from '../proto/refusal.ts'
import { handle, literal, object, text } from '../proto/shape.ts'
import { type Signed, signedShape } from '../proto/signed.ts'
import type { SignerNode } from './node.ts'
import type { Voice } from './ports.ts'
import type { Status } from './status.ts'

type Told = 'freeze' | 'unfreeze' | 'fence' | 'drain' | 'backupProved' | 'dropPending'
export type Operated = Pick<SignerNode, 'status' | 'pairs' | 'evidence' | Told>

export interface Admin {
  /** Nobody is answered any more: what a reply would read may be closed next. */
  readonly close: () => void
}

const lineBytesMax = 4_096
const idleMs = 60_000

const onScope = ['freeze', 'unfreeze', 'drop-pending'] as const
const alone = ['status', 'pairs', 'evidence', 'drain'] as const
const bare = object({
  do: literal(...alone, 'backup-proved', 'fence', 'log-level', ...onScope),
})
const reasonBytesMax = 200
const reasoned = object({ do: literal('fence'), reason: text(reasonBytesMax) })
const leveled = object({ do: literal('log-level'), level: literal('info', 'warn', 'alarm') })
const scoped = object({ do: literal(...onScope), scope: handle })
const proven = object({ do: literal('backup-proved'), proof: signedShape })

/** Listens when it resolves. A socket that a dead process left behind is replaced. */
export async function serveAdmin(path: string, node: Operated, voice: Voice): Promise<Admin> {
  const open = new Set<Socket>()
  const server = createServer((socket) => {
    open.add(socket)
    socket.once('close', () => open.delete(socket))
    converse(socket, (line) => reply(line, node, voice))
  })
  await listenFor(path, server)
  return {
    close: () => {
      server.close()
      for (const socket of open) socket.destroy()
    },
  }
}

/** For the owner alone, and for few at once. */
export async function listenFor(path: string, server: Server): Promise<void> {
  removeStale(path)
  server.maxConnections = 8
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(path, resolve)
  })
  chmodSync(path, 0o600)
}

/** One command; refuses what it does not know. */
export function obey(line: string, node: Operated, voice: Voice): Answer {
  const command = read(line)
  switch (command.do) {
    case 'freeze':
      node.freeze(command.scope)
      break
    case 'unfreeze':
      node.unfreeze(command.scope)
      break
    case 'fence':
      node.fence(command.reason)
      break
    case 'drain':
      node.drain()
      break
    case 'drop-pending':
      node.dropPending(command.scope)
      break
    case 'backup-proved':
      node.backupProved(command.proof)
      break
    case 'evidence':
      return { evidence: node.evidence() }
    case 'pairs':
      // Nothing is signed ahead of a request: there is no pool to fill, drain or lose.
      return {
        pairs: node.pairs(),
        presignatures: 'none are kept: every signature is three rounds',
      }
    case 'log-level':
      voice.setLevel(command.level)
      return { logLevel: voice.level() }
    case 'status':
      break
  }
  return { status: node.status() }
}

type Answer =
  | { readonly status: Status }
  | { readonly evidence: ReturnType<Operated['evidence']> }
  | { readonly pairs: ReturnType<Operated['pairs']>; readonly presignatures: string }
  | { readonly logLevel: string }

type Command =
  | { readonly do: (typeof alone)[number] }
  | ReturnType<typeof reasoned>
  | ReturnType<typeof leveled>
  | { readonly do: (typeof onScope)[number]; readonly scope: string }
  | { readonly do: 'backup-proved'; readonly proof: Signed }

function read(line: string): Command {
  const value = parseLine(line)
  const has = (key: string): boolean => typeof value === 'object' && key in value
  if (has('scope')) return scoped(value, '')
  if (has('proof')) return proven(value, '')
  if (has('reason')) {
    const fence = reasoned(value, '')
    return fence.reason.trim() === '' ? refuse('MALFORMED', 'fence: expected a reason') : fence
  }
  if (has('level')) return leveled(value, '')
  const { do: named } = bare(value, '')
  switch (named) {
    case 'status':
    case 'pairs':
    case 'evidence':
    case 'drain':
      return { do: named }
    default:
      return refuse('MALFORMED', `${named}: expected ${wanted[named]}`)
  }
}

const wanted = {
  freeze: 'a scope, all or a vault',
  unfreeze: 'a scope, all or a vault',
  'drop-pending': 'a scope, a vault',
  'backup-proved': 'a proof',
  fence: 'a reason',
  'log-level': 'a level, info, warn or alarm',
} as const

export function parseLine(line: string): Json {
  try {
    const value: Json | null = JSON.parse(line)
    return value ?? refuse('MALFORMED', 'expected an object')
  } catch (error) {
    if (error instanceof SyntaxError) return refuse('MALFORMED', 'expected one line of json')
    throw error
  }
}

/** Lines in, answers out in their order, for as long as the caller stays. */
export function converse(socket: Socket, answer: (line: string) => object | Promise<object>): void {
  let waiting = ''
  let answered: Promise<unknown> = Promise.resolve()
  socket.setEncoding('utf8')
  socket.setTimeout(idleMs, () => socket.destroy())
  // A caller that hangs up is no event.
  socket.on('error', () => socket.destroy())
  socket.on('data', (chunk: string) => {
    waiting += chunk
    if (waiting.length > lineBytesMax) socket.destroy()
    const lines = waiting.split('\n')
    waiting = lines.pop() ?? ''
    for (const line of lines) {
      answered = answered.then(async () => {
        socket.write(`${JSON.stringify(await answer(line))}\n`)
      })
    }
  })
}

function reply(line: string, node: Operated, voice: Voice): object {
  const done = attempt(() => obey(line, node, voice))
  return isRefusal(done) ? { refused: done.code, because: done.because } : done
}

function removeStale(path: string): void {
  try {
    unlinkSync(path)
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT')) throw error
  }
}
