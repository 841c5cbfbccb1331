// The server end of the wire. TLS 1.3 with a client certificate is finished here, by node:tls, and
// the key is compared with the pins before one byte of HTTP/2 is read; grpc-js gets connections of
// known callers only. Every call then passes one gate: role of the method, deadline, size.
// Source: README D1, D27; reliability 9.3 (grpc-js defaults are unsafe) and API-37 to API-43.
// Decides nothing about money.
import type { AddressInfo } from 'node:net'
import { createServer, type TLSSocket, type Server as TlsServer } from 'node:tls'
import { type ConnectionInjector, Server, ServerCredentials } from '@grpc/grpc-js'
import type { Address } from '../config.ts'
import { limits } from '../limits.ts'
import { attempt, isRefusal, type Refusal, refusal, refuse } from '../refusal.ts'
import { tlsFault, tlsRules } from './certificate.ts'
import type { BugReport } from './errors.ts'
import { type Connection, type Connections, gate } from './gate.ts'
import { addHandlers, type Handlers } from './handlers.ts'
import { type Caller, type Pins, readCaller, type TlsIdentity } from './identity.ts'

export interface ServerSettings extends BugReport {
  readonly identity: TlsIdentity
  readonly org: string
  readonly clients: Pins
  readonly nowMs: () => number
  /** How long a stream may wait for its reader; the usual value is `limits.streamStallMs`. */
  readonly stallMs: number
  /** For the log: a connection that was turned away, or a peer that was cut off. */
  readonly onTurnedAway: (because: Refusal) => void
}

export interface WireServer {
  readonly address: Address
  /** From now on a key of the pins. */
  admit(pin: string, caller: Omit<Caller, 'pin'>): void
  /** Takes a key out of the pins and ends its open connections. */
  revoke(pin: string): void
  /** Presents and trusts these from now on; connections that are open go on. */
  renew(identity: TlsIdentity): void
  /** No new calls; running ones get the grace, then the connections end. */
  close(graceMs: number): Promise<void>
}

export async function serve(
  handlers: Partial<Handlers>,
  address: Address,
  settings: ServerSettings,
): Promise<WireServer> {
  const connections = new Map<string, Connection>()
  const pins = new Map(settings.clients)
  const grpc = new Server({ ...options, interceptors: [gate(connections, settings.nowMs)] })
  addHandlers(grpc, handlers, { connections, bugs: settings, stallMs: settings.stallMs })
  const injector = grpc.createConnectionInjector(ServerCredentials.createInsecure())
  let isClosing = false
  const door = createServer({ ...settings.identity, ...tlsOptions }, (socket) => {
    // Still in its handshake when the others were told; nobody would tell this one.
    if (isClosing) return void socket.destroy()
    const caller = attempt(() => welcome(socket, settings, pins, connections))
    if (!isRefusal(caller)) return enter(socket, caller, { connections, injector, settings })
    settings.onTurnedAway(caller)
    socket.destroy()
  })
  door.maxConnections = limits.connectionsMax
  door.on('tlsClientError', (error, socket) => {
    const because = tlsFault(error, socket.authorizationError)
    settings.onTurnedAway(refusal('UNAUTHENTICATED', because))
    socket.destroy()
  })
  const bound = await listening(door, address)
  return {
    address: { host: address.host, port: isBound(bound) ? bound.port : address.port },
    admit: (pin, caller) => {
      pins.set(pin, caller)
    },
    revoke: (pin) => {
      pins.delete(pin)
      for (const { caller, cut } of connections.values()) {
        if (caller.pin === pin) cut(refusal('UNAUTHENTICATED', `key of ${caller.id} was revoked`))
      }
    },
    renew: (identity) => door.setSecureContext({ ...identity, ...tlsRules }),
    close: async (graceMs) => {
      isClosing = true
      const closed = new Promise<void>((resolve) => door.close(() => resolve()))
      injector.drain(graceMs)
      await closed
      grpc.forceShutdown()
    },
  }
}

async function listening(door: TlsServer, address: Address): Promise<AddressInfo | string | null> {
  await new Promise<void>((resolve, reject) => {
    door.once('error', reject)
    door.listen(address.port, address.host, resolve)
  })
  return door.address()
}

const tlsOptions = {
  ...tlsRules,
  requestCert: true,
  rejectUnauthorized: true,
  handshakeTimeout: limits.handshakeTimeoutMs,
  ALPNProtocols: ['h2'],
} as const

const options = {
  'grpc.max_concurrent_streams': limits.concurrentStreamsMax,
  'grpc.max_receive_message_length': limits.frameBytesMax,
  'grpc.max_send_message_length': limits.replyBytesMax,
  'grpc.max_connection_idle_ms': limits.connectionIdleMs,
  'grpc.max_connection_age_ms': limits.connectionAgeMs,
  'grpc.max_connection_age_grace_ms': limits.connectionGraceMs,
  'grpc.keepalive_time_ms': limits.keepaliveMs,
  'grpc.keepalive_timeout_ms': limits.keepaliveTimeoutMs,
  'grpc-node.max_session_memory': 2 * (limits.streamBufferBytesMax / 1_000_000),
  'grpc.enable_channelz': 0,
} as const

function welcome(
  socket: TLSSocket,
  { org, nowMs }: ServerSettings,
  pins: Pins,
  connections: Connections,
): Caller {
  const certificate = socket.getPeerX509Certificate()
  // Gone before it was looked at.
  if (certificate === undefined) return refuse('UNAUTHENTICATED', 'connection of nobody')
  const asked = { org, use: 'client', nowMs: nowMs() } as const
  const caller = readCaller(certificate.raw, asked, pins)
  let open = 0
  for (const connection of connections.values()) if (connection.caller.pin === caller.pin) open += 1
  if (open < limits.connectionsPerClientMax) return caller
  return refuse('RATE_LIMITED', `connections of ${caller.id}: expected at most ${open}`)
}

function enter(
  socket: TLSSocket,
  caller: Caller,
  into: {
    readonly connections: Map<string, Connection>
    readonly injector: ConnectionInjector
    readonly settings: ServerSettings
  },
): void {
  const { connections, injector, settings } = into
  const name = `${socket.remoteAddress}:${socket.remotePort}`
  const cut = (why: Refusal): void => {
    settings.onTurnedAway(why)
    socket.destroy()
  }
  // A peer that vanishes is no fault of ours; `close` follows.
  socket.on('error', () => {})
  // The gate knows a call by the remote end alone. On a wildcard address one remote end can hold
  // two connections, to two addresses of ours: whoever comes second would speak for both.
  if (connections.has(name)) {
    cut(refusal('UNAUTHENTICATED', `${name} is connected already`))
    return
  }
  const own = { caller, cut }
  connections.set(name, own)
  socket.once('close', () => {
    if (connections.get(name) === own) connections.delete(name)
  })
  injector.injectConnection(socket)
}

function isBound(bound: AddressInfo | string | null): bound is AddressInfo {
  return typeof bound === 'object' && bound !== null
}
