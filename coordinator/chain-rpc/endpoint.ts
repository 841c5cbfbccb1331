// One JSON-RPC endpoint over HTTP: bounded in time and size, no redirect. An endpoint of another
// network is never used: its chain id is asked before its first answer is taken.
// Messages name endpoints by their place in the configuration, because urls carry access keys.
import { toUtf8 } from '../../proto/crypto.ts'
import { Unavailable } from '../../proto/unavailable.ts'

export interface EndpointOptions {
  readonly url: string
  /** Shown in messages. */
  readonly name: string
  /** Quantity that `eth_chainId` must answer. */
  readonly chainId: string
  readonly timeoutMs: number
  readonly answerBytesMax: number
}

/** The endpoint answered with an error: it understood, and says no. */
export class EndpointRefusal extends Error {
  override readonly name = 'EndpointRefusal'
}

export class Endpoint {
  readonly #options: EndpointOptions
  #known = false
  #id = 0

  constructor(options: EndpointOptions) {
    this.#options = options
  }

  async ask(method: string, params: readonly unknown[]): Promise<unknown> {
    if (!this.#known) await this.#requireNetwork()
    return this.#call(method, params)
  }

  async #requireNetwork(): Promise<void> {
    const { name, chainId } = this.#options
    const got = await this.#call('eth_chainId', [])
    if (got !== chainId) {
      throw unavailable(`${name}: expected chain id ${chainId}, got ${show(got)}`)
    }
    this.#known = true
  }

  async #call(method: string, params: readonly unknown[]): Promise<unknown> {
    this.#id += 1
    const { url, name, timeoutMs } = this.#options
    const body = JSON.stringify({ jsonrpc: '2.0', id: this.#id, method, params })
    let answer: unknown
    try {
      const response = await fetch(url, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body,
        redirect: 'error',
        signal: AbortSignal.timeout(timeoutMs),
      })
      answer = JSON.parse(await this.#readBounded(response))
    } catch (error) {
      if (error instanceof Unavailable) throw error
      const reason = error instanceof Error ? error.name : 'error'
      throw unavailable(`${name}: no answer to ${method} (${reason})`, error)
    }
    return resultOf(answer, name)
  }

  async #readBounded(response: Response): Promise<string> {
    const parts: Uint8Array[] = []
    let length = 0
    for await (const part of response.body ?? []) {
      length += part.length
      if (length > this.#options.answerBytesMax) {
        throw unavailable(`${this.#options.name}: an answer of too many bytes`)
      }
      parts.push(part)
    }
    return Buffer.concat(parts).toString('utf8')
  }
}

function resultOf(answer: unknown, name: string): unknown {
  if (typeof answer !== 'object' || answer === null) throw unavailable(`${name}: no json-rpc`)
  if ('error' in answer && answer.error !== null) {
    const { error } = answer
    const said = typeof error === 'object' && 'message' in error ? error.message : ''
    throw new EndpointRefusal(`${name}: ${show(said)}`)
  }
  if (!('result' in answer)) throw unavailable(`${name}: no result`)
  return answer.result
}

function unavailable(because: string, cause?: unknown): Unavailable {
  return new Unavailable(because, 'CHAIN_UNAVAILABLE', cause)
}

/** What a stranger wrote, bounded and on one line. */
function show(value: unknown): string {
  const text = typeof value === 'string' ? value : String(JSON.stringify(value))
  const line = text.replace(/[^ -~]+/g, ' ')
  return toUtf8(line).length > 200 ? `${line.slice(0, 197)}...` : line
}
