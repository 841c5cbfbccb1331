// The .proto files, loaded once: codecs of every method and message, and the types handlers and
// clients work with. Bytes are Uint8Array, 64-bit numbers are numbers (sequence numbers stay below
// 2^53), every field has a value.
// This is the only place where what the loader made gets its type.
import { fileURLToPath } from 'node:url'
import type { MessageTypeDefinition, MethodDefinition } from '@grpc/proto-loader'
import { loadSync } from '@grpc/proto-loader'
import type { Plain } from '../frames.ts'
import type { ErrorInfo__Output } from '../gen/custody/v1/ErrorInfo.ts'
import type { StatusDetails__Output } from '../gen/custody/v1/StatusDetails.ts'
import { refuse } from '../refusal.ts'
import {
  type MethodName,
  type MethodTypes,
  pathOf,
  type RouteKind,
  routes,
  type ServiceName,
} from './routes.ts'

/** As `Plain`, but what may be absent stays so. */
export type Wire<T> = T extends Uint8Array
  ? Uint8Array
  : T extends readonly (infer Item)[]
    ? readonly Wire<Item>[]
    : T extends object
      ? { readonly [K in keyof T]: Wire<T[K]> }
      : T

export type RequestOf<S extends ServiceName, M extends MethodName<S>> =
  MethodTypes<S, M> extends MethodDefinition<infer _Q, infer _R, infer Request, infer _S>
    ? Plain<Request>
    : never
export type ReplyOf<S extends ServiceName, M extends MethodName<S>> =
  MethodTypes<S, M> extends MethodDefinition<infer _Q, infer _R, infer _P, infer Reply>
    ? Wire<Reply>
    : never

export interface Codec<T> {
  encode(message: T): Buffer
  /** Refuses what is no such message. */
  decode(bytes: Buffer): T
}

export interface Method {
  readonly service: ServiceName
  readonly name: string
  readonly path: string
  readonly kind: RouteKind
  readonly request: Codec<object>
  readonly reply: Codec<object>
}

const directory = fileURLToPath(new URL('..', import.meta.url))
const files = ['signing', 'approval', 'policy', 'vault', 'audit', 'ceremony', 'node_link', 'common']
const loaded = loadSync(
  files.map((name) => `custody/v1/${name}.proto`),
  { includeDirs: [directory], longs: Number, defaults: true, oneofs: true },
)

/** Every method of every service. */
export const methods: readonly Method[] = Object.entries(routes).flatMap(([service, table]) =>
  Object.entries(table).map(([name, route]) => methodOf(service as ServiceName, name, route.kind)),
)

export const statusDetails = messageCodec<StatusDetails__Output>('StatusDetails')
export const errorInfo = messageCodec<ErrorInfo__Output>('ErrorInfo')

function methodOf(service: ServiceName, name: string, kind: RouteKind): Method {
  const definition = loaded[`custody.v1.${service}`]
  const found: unknown = definition && Reflect.get(definition, name)
  const method = found as MethodDefinition<object, object> | undefined
  if (method === undefined) throw new Error(`${service}.${name} stands in no .proto file`)
  return {
    service,
    name,
    path: pathOf(service, name),
    kind,
    request: codec(method.requestSerialize, method.requestDeserialize),
    reply: codec(method.responseSerialize, method.responseDeserialize),
  }
}

function messageCodec<T>(name: string): Codec<T> {
  const found: unknown = loaded[`custody.v1.${name}`]
  const message = found as MessageTypeDefinition<T, T> | undefined
  if (message === undefined) throw new Error(`${name} stands in no .proto file`)
  return codec(message.serialize, message.deserialize)
}

function codec<T>(encode: (message: T) => Buffer, read: (bytes: Buffer) => T): Codec<T> {
  return {
    encode,
    decode: (bytes) => {
      try {
        return read(bytes)
      } catch {
        return refuse('MALFORMED', 'expected another protobuf message')
      }
    },
  }
}
