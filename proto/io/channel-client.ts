// The client end of the wire: TLS 1.3 with the own certificate, the server known by its pinned key,
// one typed function for every method. A unary call answers with the reply or a Refusal and throws
// `Unavailable` when the server could not be asked; every call carries a deadline.
// Source: the API design 7.2, 7.6; reliability 9.3. Repeats nothing by itself.
import { createSecureContext, type PeerCertificate } from 'node:tls'
import {
  type ChannelCredentials,
  Client,
  credentials,
  Metadata,
  type ServiceError,
} from '@grpc/grpc-js'
import type { Address } from '../config.ts'
import { type CoordinatorMessage, type NodeStream, readCoordinatorFrame } from '../frames.ts'
import { limits } from '../limits.ts'
import { attempt, isRefusal, type Refusal, Refused } from '../refusal.ts'
import { Unavailable } from '../unavailable.ts'
import { tlsRules } from './certificate.ts'
import { readFailure } from './errors.ts'
import { frameStream } from './frame-stream.ts'
import { type Pins, readCaller, type TlsIdentity } from './identity.ts'
import { makeLines } from './line-text.ts'
import type { KindOf, MethodName, ServiceName } from './routes.ts'
import { type Method, methods, type ReplyOf, type RequestOf } from './wire.ts'

export interface ClientSettings {
  readonly identity: TlsIdentity
  readonly org: string
  readonly server: ServerPeer
  readonly nowMs: () => number
}

/** A coordinator, and the SHA-256 of its TLS key. */
export interface ServerPeer {
  readonly name: string
  readonly address: Address
  readonly pin: string
  /** Of the key that it will have: while it changes, both are known. */
  readonly nextPin?: string
}

interface CallKinds<Request, Reply> {
  readonly unary: (request: Request, timeoutMs?: number) => Promise<Reply | Refusal>
  /** Throws `Refused` or `Unavailable` while it is read; leaving the loop cancels the call. */
  readonly down: (request: Request) => AsyncIterable<Reply>
  /** `onFailure` hears why the stream ended, when it did not end well. */
  readonly both: (onFailure: (why: Refusal | Unavailable) => void) => NodeStream
}

type Calls = {
  readonly [S in ServiceName]: {
    readonly [M in MethodName<S>]: CallKinds<RequestOf<S, M>, ReplyOf<S, M>>[KindOf<S, M>]
  }
}

export interface WireClient extends Calls {
  close(): void
}

/** Dials at the first call, and again by itself after a connection was lost. */
export function connect(settings: ClientSettings): WireClient {
  const { host, port } = settings.server.address
  const target = host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`
  const client = new Client(target, mutualTls(settings), options)
  const services: Record<string, Record<string, unknown>> = {}
  for (const method of methods) {
    services[method.service] ??= {}
    Object.assign(services[method.service] ?? {}, { [method.name]: call(method, client, settings) })
  }
  return Object.assign(services, { close: () => client.close() }) as unknown as WireClient
}

const options = {
  'grpc.max_receive_message_length': limits.replyBytesMax,
  'grpc.max_send_message_length': limits.frameBytesMax,
  'grpc.keepalive_time_ms': limits.keepaliveMs,
  'grpc.keepalive_timeout_ms': limits.keepaliveTimeoutMs,
  'grpc.initial_reconnect_backoff_ms': limits.reconnectMsMin,
  'grpc.max_reconnect_backoff_ms': limits.reconnectMsMax,
  'grpc.enable_retries': 0,
  'grpc.enable_http_proxy': 0,
  'grpc.enable_channelz': 0,
  'grpc.service_config_disable_resolution': 1,
  'grpc.use_local_subchannel_pool': 1,
  // For the SNI only, where an address may not stand: the name is checked with the key.
  'grpc.ssl_target_name_override': 'coordinator',
} as const

function mutualTls({ identity, org, server, nowMs }: ClientSettings): ChannelCredentials {
  const { name, pin, nextPin = pin } = server
  const pins: Pins = new Map([pin, nextPin].map((key) => [key, { role: 'coordinator', id: name }]))
  const checkServerIdentity = (_host: string, certificate: PeerCertificate): Error | undefined => {
    const asked = { org, use: 'server', nowMs: nowMs() } as const
    const caller = attempt(() => readCaller(certificate.raw, asked, pins))
    return isRefusal(caller) ? new Refused(caller) : undefined
  }
  const context = createSecureContext({ ...identity, ...tlsRules })
  return credentials.createFromSecureContext(context, { checkServerIdentity })
}

function call(method: Method, client: Client, settings: ClientSettings): unknown {
  switch (method.kind) {
    case 'unary':
      return (request: object, timeoutMs: number = limits.callDeadlineMs) =>
        unary(method, client, request, settings.nowMs() + timeoutMs)
    case 'down':
      return (request: object) => down(method, client, request)
    case 'both':
      return (onFailure: (why: Refusal | Unavailable) => void) => both(method, client, onFailure)
  }
}

function unary(
  { path, request: { encode }, reply: { decode } }: Method,
  client: Client,
  request: object,
  deadline: number,
): Promise<object | Refusal> {
  return new Promise((resolve, reject) => {
    client.makeUnaryRequest(
      path,
      encode,
      decode,
      request,
      new Metadata(),
      { deadline },
      (error, reply) => {
        if (reply !== undefined) return resolve(makeLines(reply))
        const why = error === null ? new Unavailable('expected a reply') : readFailure(error)
        if (isRefusal(why)) resolve(why)
        else reject(why)
      },
    )
  })
}

async function* down(method: Method, client: Client, request: object): AsyncGenerator<object> {
  const { path, request: codec, reply } = method
  const stream = client.makeServerStreamRequest(path, codec.encode, reply.decode, request)
  try {
    for await (const reply of stream) yield makeLines(reply)
  } catch (error) {
    const why = readFailure(error as ServiceError)
    throw isRefusal(why) ? new Refused(why) : why
  } finally {
    stream.cancel()
  }
}

function both(
  method: Method,
  client: Client,
  onFailure: (why: Refusal | Unavailable) => void,
): NodeStream {
  const same = (bytes: Buffer): Buffer => bytes
  const stream = client.makeBidiStreamRequest(method.path, same, same)
  const codec = {
    encode: method.request.encode,
    decode: (bytes: Buffer) =>
      readCoordinatorFrame(method.reply.decode(bytes) as CoordinatorMessage),
  }
  stream.on('error', (error: ServiceError) => onFailure(readFailure(error)))
  const cut = (why: Refusal): void => {
    onFailure(why)
    stream.cancel()
  }
  return frameStream(stream, codec, { cut })
}
