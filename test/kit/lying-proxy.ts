// An HTTP proxy before a node of a chain, whose answers are changed method by method: an endpoint
// that lies, hangs, resets or writes what is no answer. Everything that it was not told to change is
// the node's own. It speaks JSON-RPC as EVM nodes do, or, as Tron's, a path for each method.
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'

/** What becomes of one answer. */
export type Lie =
  /** Another result instead of the honest one. */
  | ((honest: unknown, params: readonly unknown[]) => unknown)
  /** The node is not asked at all. */
  | { readonly instead: unknown }
  /** An error as such nodes write it; the node is not asked. */
  | { readonly error: string }
  /** The whole body. */
  | { readonly body: string; readonly status?: number }
  | 'hang'
  | 'reset'
  | 'cut'
  | 'other id'

export type Lies = Readonly<Record<string, Lie>>

export interface LyingProxy {
  readonly url: string
  /** By method; `*` for every other one. */
  lies: Lies
  /** Accepts connections and never answers. */
  isHanging: boolean
  /** Several questions in one message are an error, as some hosts have it. */
  takesOne: boolean
  /** However many questions were in each. */
  messages: number
  /** How often each method was asked. */
  readonly asked: Map<string, number>
  close(): Promise<void>
}

interface Question {
  readonly id: number
  readonly method: string
  readonly params: readonly unknown[]
}

export type Speech = 'json-rpc' | 'paths'

export async function lyingProxy(target: string, speech: Speech = 'json-rpc'): Promise<LyingProxy> {
  const server = createServer((request, response) => {
    // A node that went away while it was asked.
    answer(request, response).catch(() => request.socket.destroy())
  })
  const asked = new Map<string, number>()

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    let body = ''
    for await (const part of request) body += String(part)
    const path = speech === 'paths' ? (request.url ?? '/').slice(1) : ''
    const said = JSON.parse(body)
    proxy.messages += 1
    if (Array.isArray(said)) {
      await answerAll(said, response)
      return
    }
    const question: Question = speech === 'paths' ? { id: 0, method: path, params: [said] } : said
    asked.set(question.method, (asked.get(question.method) ?? 0) + 1)
    const lie = proxy.isHanging ? 'hang' : (proxy.lies[question.method] ?? proxy.lies['*'])
    if (lie === 'hang') return
    if (lie === 'reset') {
      request.socket.resetAndDestroy()
      return
    }
    if (typeof lie === 'object' && 'body' in lie) {
      response.writeHead(lie.status ?? 200).end(lie.body)
      return
    }
    const honest = await forward(lie, path, body)
    const change = speech === 'paths' ? changedWhole : changed
    const written = JSON.stringify(change(honest, lie, question))
    if (lie !== 'cut') {
      response.end(written)
      return
    }
    response.writeHead(200, { 'content-length': written.length })
    response.write(written.slice(0, written.length >> 1))
    setTimeout(() => request.socket.destroy(), 5)
  }

  /** Each for itself; answers come in another order than the questions. */
  async function answerAll(all: readonly Question[], response: ServerResponse): Promise<void> {
    if (proxy.takesOne) {
      response.end(
        JSON.stringify({ jsonrpc: '2.0', id: null, error: { message: 'one at a time' } }),
      )
      return
    }
    const written: unknown[] = []
    for (const question of all) {
      asked.set(question.method, (asked.get(question.method) ?? 0) + 1)
      const lie = proxy.lies[question.method] ?? proxy.lies['*']
      written.push(changed(await forward(lie, '', JSON.stringify(question)), lie, question))
    }
    response.end(JSON.stringify(written.reverse()))
  }

  async function forward(lie: Lie | undefined, path: string, body: string): Promise<unknown> {
    if (typeof lie === 'object') return {}
    const headers = { 'content-type': 'application/json' }
    const response = await fetch(path === '' ? target : `${target}/${path}`, {
      method: 'POST',
      headers,
      body,
    })
    const honest: unknown = await response.json()
    return honest
  }

  const proxy: LyingProxy = {
    url: '',
    lies: {},
    isHanging: false,
    takesOne: false,
    messages: 0,
    asked,
    close: async () => {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  const port = typeof address === 'object' ? address?.port : 0
  return Object.assign(proxy, { url: `http://127.0.0.1:${port}` })
}

function changedWhole(honest: unknown, lie: Lie | undefined, { params }: Question): unknown {
  if (typeof lie === 'function') return lie(honest, params)
  if (typeof lie !== 'object') return honest
  return 'error' in lie ? { Error: lie.error } : 'instead' in lie ? lie.instead : null
}

function changed(honest: unknown, lie: Lie | undefined, { id, params }: Question): unknown {
  const said = Object(honest)
  if (lie === undefined || lie === 'cut') return honest
  if (lie === 'other id') return { ...said, id: id + 1 }
  const head = { jsonrpc: '2.0', id }
  if (typeof lie === 'function') return { ...head, result: lie(said.result, params) }
  if (typeof lie !== 'object') return honest
  return 'error' in lie
    ? { ...head, error: { code: -32_000, message: lie.error } }
    : { ...head, result: 'instead' in lie ? lie.instead : null }
}
