// Joins typed handlers to grpc-js: a unary handler returns its reply or a Refusal, a stream handler
// an iterable that is pulled only as fast as its reader reads, Attach gets a bounded frame stream.
// Requests reach a handler whole: size, encoding and missing parts were judged before.
// Source: the API design 7.2, 7.6.
import type {
  handleBidiStreamingCall,
  handleServerStreamingCall,
  handleUnaryCall,
  Server,
  ServerWritableStream,
  UntypedHandleCall,
} from '@grpc/grpc-js'
import { type CoordinatorStream, checkWhole, type NodeMessage, readNodeFrame } from '../frames.ts'
import { limits } from '../limits.ts'
import { attempt, isRefusal, type Refusal, Refused, refusal, refuse } from '../refusal.ts'
import { type BugReport, statusOf } from './errors.ts'
import { frameStream } from './frame-stream.ts'
import type { Connection, Connections } from './gate.ts'
import type { Caller } from './identity.ts'
import type { KindOf, MethodName, ServiceName } from './routes.ts'
import { type Method, methods, type ReplyOf, type RequestOf } from './wire.ts'

interface HandlerKinds<Request, Reply> {
  readonly unary: (request: Request, caller: Caller) => Promise<Reply | Refusal>
  /** `gone` is aborted when nobody reads any more. */
  readonly down: (request: Request, caller: Caller, gone: AbortSignal) => AsyncIterable<Reply>
  readonly both: (stream: CoordinatorStream, caller: Caller) => void
}

export type Handler<S extends ServiceName, M extends MethodName<S>> = HandlerKinds<
  RequestOf<S, M>,
  ReplyOf<S, M>
>[KindOf<S, M>]

export type Handlers = {
  readonly [S in ServiceName]: { readonly [M in MethodName<S>]: Handler<S, M> }
}

export interface Surroundings {
  readonly connections: Connections
  readonly bugs: BugReport
  readonly stallMs: number
}

/** Open streams down by the key of who reads them, over all its connections. */
type Readers = Map<string, number>

export function addHandlers(
  server: Server,
  handlers: Partial<Handlers>,
  around: Surroundings,
): void {
  const readers: Readers = new Map()
  for (const [service, table] of Object.entries(handlers)) {
    const own = methods.filter((method) => method.service === service)
    const found = own.map((method) => [method, Reflect.get(table, method.name)] as const)
    server.addService(
      Object.fromEntries(found.map(([method]) => [method.name, definitionOf(method)])),
      Object.fromEntries(
        found.map(([method, work]) => [method.name, bind(method, work, { ...around, readers })]),
      ),
    )
  }
}

type Received = object | Refusal
type Unary = (request: object, caller: Caller) => Promise<object | Refusal>
type Down = (request: object, caller: Caller, gone: AbortSignal) => AsyncIterable<object>
type Both = Handler<'NodeLinkService', 'Attach'>

// The mapped type `Handlers` has paired every handler with its kind; here only the kind is left.
type Place = Surroundings & { readonly readers: Readers }

function bind(method: Method, work: unknown, around: Place): UntypedHandleCall {
  switch (method.kind) {
    case 'unary':
      return unary(work as Unary, around)
    case 'down':
      return down(work as Down, around)
    case 'both':
      return both(method, work as Both, around)
  }
}

function definitionOf(method: Method) {
  const raw = method.kind === 'both'
  const same = (bytes: Buffer): Buffer => bytes
  return {
    path: method.path,
    requestStream: raw,
    responseStream: method.kind !== 'unary',
    requestSerialize: raw ? same : method.request.encode,
    requestDeserialize: raw ? same : (bytes: Buffer) => attempt(() => readRequest(method, bytes)),
    responseSerialize: raw ? same : method.reply.encode,
    responseDeserialize: raw ? same : method.reply.decode,
  }
}

function readRequest(method: Method, bytes: Buffer): object {
  if (bytes.length > limits.bodySizeMax) {
    refuse('TOO_LARGE', `request: expected at most ${limits.bodySizeMax}, got ${bytes.length}`)
  }
  const request = method.request.decode(bytes)
  checkWhole(request, 'request')
  return request
}

function connectionOf(call: { getPeer(): string }, around: Surroundings): Connection {
  const connection = around.connections.get(call.getPeer())
  return connection ?? refuse('UNAUTHENTICATED', 'connection of nobody')
}

function unary(work: Unary, around: Surroundings): handleUnaryCall<Received, object> {
  return (call, reply) => {
    const answer = async (): Promise<object> => {
      const { caller } = connectionOf(call, around)
      if (isRefusal(call.request)) throw new Refused(call.request)
      const result = await work(call.request, caller)
      if (isRefusal(result)) throw new Refused(result)
      return result
    }
    answer().then(
      (result) => reply(null, result),
      (error: unknown) => reply(statusOf(error, around.bugs)),
    )
  }
}

function down(work: Down, around: Place): handleServerStreamingCall<Received, object> {
  return (call) => {
    const gone = new AbortController()
    call.on('cancelled', () => gone.abort())
    const send = async (): Promise<void> => {
      const connection = connectionOf(call, around)
      if (isRefusal(call.request)) throw new Refused(call.request)
      using _place = takePlace(around.readers, connection.caller)
      for await (const reply of work(call.request, connection.caller, gone.signal)) {
        if (gone.signal.aborted) return
        if (call.write(reply)) continue
        const stalled = await waitForReader(call, gone.signal, around.stallMs)
        if (stalled) return connection.cut(stalled)
      }
      call.end()
    }
    send().catch((error: unknown) => call.emit('error', statusOf(error, around.bugs)))
  }
}

/** Given back when the stream is over, however it ends. */
function takePlace(readers: Readers, { pin, id }: Caller): Disposable {
  const open = readers.get(pin) ?? 0
  const max = limits.streamsDownPerClientMax
  if (open >= max) refuse('RATE_LIMITED', `streams of ${id}: expected at most ${max}`)
  readers.set(pin, open + 1)
  return {
    [Symbol.dispose]: () => {
      const left = (readers.get(pin) ?? 1) - 1
      if (left > 0) readers.set(pin, left)
      else readers.delete(pin)
    },
  }
}

function waitForReader(
  call: ServerWritableStream<Received, object>,
  gone: AbortSignal,
  stallMs: number,
): Promise<Refusal | undefined> {
  return new Promise((resolve) => {
    const why = refusal('QUEUE_FULL', `stream: not read for ${stallMs} ms`)
    const timer = setTimeout(() => resolve(why), stallMs)
    const go = (): void => {
      clearTimeout(timer)
      resolve(undefined)
    }
    call.once('drain', go)
    gone.addEventListener('abort', go, { once: true })
  })
}

function both(method: Method, work: Both, around: Surroundings) {
  const handler: handleBidiStreamingCall<Buffer, Buffer> = (call) => {
    const codec = {
      encode: method.reply.encode,
      decode: (bytes: Buffer) => readNodeFrame(method.request.decode(bytes) as NodeMessage),
    }
    try {
      const connection = connectionOf(call, around)
      const turnAway = (why: Refusal): void => {
        call.emit('error', statusOf(why, around.bugs))
      }
      work(frameStream(call, codec, { cut: connection.cut, turnAway }), connection.caller)
    } catch (error) {
      call.emit('error', statusOf(error, around.bugs))
    }
  }
  return handler
}
