// What a hostile network and hostile clients do to a listener (failure model 4.5), one function each:
// strangers without a key, then clients whose key is pinned. All loops are bounded; everything that was
// opened is closed when the attack is over. Reads no answer: whether others still get theirs is measured
// elsewhere.
import { type ClientHttp2Session, connect as http2 } from 'node:http2'
import { type Socket, connect as tcp } from 'node:net'
import { TLSSocket, connect as tls } from 'node:tls'
import { pause } from '../demo/stage.ts'
import { isEvery } from '../kit/every-case.ts'
import { frame, preface, prefixed } from './raw-http2.ts'

export interface Target {
  readonly host: string
  readonly port: number
}

export interface Identity {
  readonly ca: string
  readonly cert: string
  readonly key: string
}

export interface Attack {
  readonly name: string
  /** By connections, or by calls where one key may not have more; returns how many got through. */
  run(target: Target, size: number, by: Identity): Promise<number>
}

const holdMs = isEvery ? 3_000 : 1_000
/** Of one key; the server has its own bound. */
const sessions = 12

/** Many sockets, each given something to do, held for a while and dropped. */
async function held<S extends Socket>(
  count: number,
  open: (at: number) => S,
  each: (socket: S, at: number) => void = () => {},
): Promise<number> {
  let through = 0
  const sockets = Array.from({ length: count }, (_, at) => {
    const socket = open(at)
    socket.on('error', () => {})
    socket.once(socket instanceof TLSSocket ? 'secureConnect' : 'connect', () => {
      through += 1
    })
    each(socket, at)
    return socket
  })
  await pause(holdMs)
  for (const socket of sockets) socket.destroy()
  return through
}

const stranger =
  ({ host, port }: Target) =>
  (): Socket =>
    tcp(port, host)

function known({ host, port }: Target, { ca, cert, key }: Identity): () => TLSSocket {
  const words = { ca, cert, key, host, port, ALPNProtocols: ['h2'], servername: 'coordinator' }
  return () => tls({ ...words, checkServerIdentity: () => undefined })
}

async function spoken(
  target: Target,
  by: Identity,
  work: (session: ClientHttp2Session, at: number) => void,
): Promise<number> {
  let through = 0
  const open = known(target, by)
  const all = Array.from({ length: sessions }, (_, at) => {
    const session = http2(`https://${target.host}:${target.port}`, { createConnection: open })
    session.on('error', () => {})
    session.once('connect', () => {
      through += 1
      work(session, at)
    })
    return session
  })
  await pause(holdMs)
  for (const session of all) session.destroy()
  return through
}

function call(session: ClientHttp2Session, path: string, more: Record<string, string> = {}) {
  const words = { 'content-type': 'application/grpc', te: 'trailers', 'grpc-timeout': '20S' }
  const stream = session.request({ ':method': 'POST', ':path': path, ...words, ...more })
  stream.on('error', () => {})
  return stream
}

/** As many calls on a session as come to one in all. */
const share = (size: number): number => Math.ceil(size / sessions)

const submit = '/custody.v1.SigningService/SubmitIntent'
const watch = '/custody.v1.SigningService/WatchRequests'
const exported = '/custody.v1.AuditService/Export'

export const attacks: readonly Attack[] = [
  {
    name: 'idle connections',
    run: (target, size) => held(size, stranger(target)),
  },
  {
    name: 'garbage instead of a handshake',
    run: (target, size) =>
      held(size, stranger(target), (socket) => socket.write(Buffer.alloc(20_000, 0x5a))),
  },
  {
    name: 'handshakes of one byte at a time',
    run: (target, size) =>
      held(size, stranger(target), (socket) => {
        const hello = Buffer.from('16030100c8010000c40303', 'hex')
        for (const [at, byte] of hello.entries()) {
          setTimeout(() => socket.writable && socket.write(Buffer.of(byte)), at * 120)
        }
      }),
  },
  {
    name: 'handshakes without a certificate',
    run: ({ host, port }, size) =>
      held(Math.ceil(size / 4), () => tls({ host, port, rejectUnauthorized: false })),
  },
  {
    name: 'connections reset in the middle',
    run: (target, size) =>
      held(size, stranger(target), (socket, at) => {
        socket.write(Buffer.from('16030100c8', 'hex'))
        setTimeout(() => socket.resetAndDestroy(), at % 200)
      }),
  },
  {
    name: 'calls that are opened and reset',
    run: (target, size, by) =>
      spoken(target, by, (session) => {
        for (let at = 0; at < 2 * share(size); at += 1) call(session, submit).close(8)
      }),
  },
  {
    name: 'calls whose body never ends',
    run: (target, size, by) =>
      spoken(target, by, (session) => {
        for (let at = 0; at < share(size); at += 1) call(session, submit).write(Buffer.of(0))
      }),
  },
  {
    name: 'messages that say they have four gigabytes',
    run: (target, size, by) =>
      spoken(target, by, (session) => {
        const huge = Buffer.concat([Buffer.from('00ffffffff', 'hex'), Buffer.alloc(60_000)])
        for (let at = 0; at < Math.min(share(size), 40); at += 1) call(session, submit).write(huge)
      }),
  },
  {
    name: 'messages that are garbage, or say they are compressed',
    run: (target, size, by) =>
      spoken(target, by, (session) => {
        for (let at = 0; at < share(size); at += 1) {
          const more: Record<string, string> = at % 2 === 0 ? {} : { 'grpc-encoding': 'gzip' }
          call(session, submit, more).end(prefixed(Buffer.alloc(2_000, 0xa7), at % 2))
        }
      }),
  },
  {
    name: 'headers without measure',
    run: (target, size, by) =>
      spoken(target, by, (session) => {
        for (let at = 0; at < Math.min(share(size), 50); at += 1) {
          call(session, submit, { filling: 'x'.repeat(60_000) })
        }
      }),
  },
  {
    name: 'pings and settings',
    run: (target, size, by) =>
      held(sessions, known(target, by), (socket) => {
        socket.write(preface)
        for (let at = 0; at < 4 * size; at += 1) {
          socket.write(frame(6, 0, 0, Buffer.alloc(8, at)))
          socket.write(frame(4, 0, 0, Buffer.from('000400001000', 'hex')))
        }
      }),
  },
  {
    name: 'readers that read nothing',
    run: (target, size, by) =>
      spoken(target, by, (session, at) => {
        for (let count = 0; count < Math.min(share(size), 30); count += 1) {
          const stream = call(session, at % 2 === 0 ? watch : exported)
          stream.end(prefixed(Buffer.alloc(0)))
          stream.pause()
        }
      }),
  },
  {
    name: 'headers that are continued for ever',
    run: (target, size, by) =>
      held(sessions, known(target, by), (socket) => {
        socket.write(preface)
        socket.write(frame(1, 0, 1, Buffer.alloc(1_000, 0x40)))
        for (let at = 0; at < size; at += 1) socket.write(frame(9, 0, 1, Buffer.alloc(1_000, 0x40)))
      }),
  },
  {
    name: 'windows beyond all measure',
    run: (target, size, by) =>
      held(sessions, known(target, by), (socket) => {
        socket.write(preface)
        for (let at = 0; at < size; at += 1) {
          socket.write(frame(8, 0, at % 2, Buffer.from('7fffffff', 'hex')))
        }
      }),
  },
]

/** By the key of a node. */
export const nodeAttacks: readonly Attack[] = [
  {
    name: 'streams of a node that speak garbage, too much, or nothing',
    run: (target, size, by) =>
      spoken(target, by, (session, at) => {
        const bodies = [Buffer.alloc(500, 0xfe), Buffer.alloc(1_100_000), Buffer.alloc(0)]
        for (let count = 0; count < Math.min(share(size), 20); count += 1) {
          const stream = call(session, '/custody.v1.NodeLinkService/Attach')
          stream.write(prefixed(bodies[(at + count) % 3] ?? Buffer.alloc(0)))
          stream.pause()
        }
      }),
  },
]
