// A gRPC client that shares no line with ours: TLS and HTTP/2 of Node, protobufjs, and the published
// `.proto` files. It knows the wire as a service in another language does, and nothing of the house:
// no reason codes, no limits, no pins, no defaults.
// Source: the gRPC over HTTP/2 protocol document; google.rpc.Status for the details trailer.
import { readdirSync } from 'node:fs'
import { type ClientHttp2Session, connect, type IncomingHttpHeaders } from 'node:http2'
import { join } from 'node:path'
import protobuf from 'protobufjs'
import type { TlsIdentity } from '../../proto/io/identity.ts'

const directory = join(import.meta.dirname, '..', '..', 'proto', 'custody', 'v1')
const files = readdirSync(directory).filter((name) => name.endsWith('.proto'))
const schema = new protobuf.Root()
// Imports are written from the folder above the package.
schema.resolvePath = (_origin, target) => join(directory, '..', '..', target)
schema.loadSync(files.map((name) => `custody/v1/${name}`))

export type Plain = Readonly<Record<string, unknown>>

export interface Outcome {
  /** Of gRPC: 0 is OK. */
  readonly status: number
  readonly message: string
  /** Of google.rpc.ErrorInfo, when the server sent one. */
  readonly info: { readonly reason: string; readonly domain: string; readonly metadata: Plain }
  readonly replies: readonly Plain[]
}

export interface Call {
  /** As in `grpc-timeout`: a number and a unit; empty for none. */
  readonly timeout?: string
  /** Instead of what the request encodes to. */
  readonly raw?: Uint8Array
}

export class ForeignClient {
  readonly #session: ClientHttp2Session

  constructor(port: number, { ca, cert, key }: TlsIdentity) {
    // Whose key the server has is not this client's question.
    const trust = { ca, cert, key, checkServerIdentity: () => undefined }
    this.#session = connect(`https://127.0.0.1:${port}`, { ...trust, ALPNProtocols: ['h2'] })
    this.#session.on('error', () => {})
  }

  close(): void {
    this.#session.close()
  }

  async call(
    path: string,
    request: Plain = {},
    { timeout = '20S', raw }: Call = {},
  ): Promise<Outcome> {
    const [service = '', name = ''] = path.split('/')
    const method = schema.lookupService(`custody.v1.${service}`).methods[name]
    const types = method?.resolve() as Required<Pick<protobuf.Method, 'resolvedRequestType'>> &
      protobuf.Method
    const ask = types?.resolvedRequestType
    const content = raw ?? ask?.encode(ask.fromObject(request)).finish() ?? new Uint8Array(0)
    const { headers, bytes } = await this.#send(`/custody.v1.${path}`, content, timeout)
    return {
      status: Number(headers['grpc-status'] ?? -1),
      message: decodeURIComponent(String(headers['grpc-message'] ?? '')),
      info: infoOf(headers),
      replies: messagesOf(bytes).map((one) => plain(types.resolvedResponseType, one)),
    }
  }

  #send(path: string, content: Uint8Array, timeout: string) {
    const { promise, resolve, reject } = Promise.withResolvers<{
      readonly headers: IncomingHttpHeaders
      readonly bytes: Buffer
    }>()
    const stream = this.#session.request({
      ':method': 'POST',
      ':path': path,
      'content-type': 'application/grpc+proto',
      te: 'trailers',
      ...(timeout === '' ? {} : { 'grpc-timeout': timeout }),
    })
    let headers: IncomingHttpHeaders = {}
    const parts: Buffer[] = []
    stream.on('response', (first) => {
      headers = { ...headers, ...first }
    })
    stream.on('trailers', (last) => {
      headers = { ...headers, ...last }
    })
    stream.on('data', (part: Buffer) => parts.push(part))
    stream.on('close', () => resolve({ headers, bytes: Buffer.concat(parts) }))
    stream.on('error', reject)
    const head = Buffer.alloc(5)
    head.writeUInt32BE(content.length, 1)
    stream.end(Buffer.concat([head, content]))
    return promise
  }
}

function plain(type: protobuf.Type | null, bytes: Uint8Array): Plain {
  if (type === null) throw new Error('no such type')
  return type.toObject(type.decode(bytes), { longs: Number, defaults: true })
}

function messagesOf(bytes: Buffer): readonly Uint8Array[] {
  const found: Uint8Array[] = []
  for (let at = 0; at + 5 <= bytes.length; ) {
    const end = at + 5 + bytes.readUInt32BE(at + 1)
    found.push(bytes.subarray(at + 5, end))
    at = end
  }
  return found
}

/** As every client library of Google's reads it: the fields by their numbers. */
const rpc = protobuf.parse(`syntax = "proto3"; package google.rpc;
  message Any { string type_url = 1; bytes value = 2; }
  message Status { int32 code = 1; string message = 2; repeated Any details = 3; }
  message ErrorInfo { string reason = 1; string domain = 2; map<string, string> metadata = 3; }
`).root

function infoOf(headers: IncomingHttpHeaders): Outcome['info'] {
  const encoded = headers['grpc-status-details-bin']
  const none = { reason: '', domain: '', metadata: {} }
  if (encoded === undefined) return none
  const status = plain(
    rpc.lookupType('google.rpc.Status'),
    Buffer.from(String(encoded), 'base64'),
  ) as { readonly details: readonly { readonly value: Uint8Array }[] }
  const [first] = status.details
  if (first === undefined) return none
  return plain(rpc.lookupType('google.rpc.ErrorInfo'), first.value) as unknown as Outcome['info']
}
