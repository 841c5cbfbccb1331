// One JSON-RPC endpoint over HTTP. An endpoint of another network is never used: its chain id is
// what proves it. Messages name endpoints by their place in the configuration.
import { Breaker, type Watch } from './breaker.ts'
import { post, show, unavailable } from './post.ts'

export interface EndpointOptions extends Watch {
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
  readonly #breaker: Breaker
  #id = 0

  constructor(options: EndpointOptions) {
    this.#options = options
    const { name, now, report } = options
    this.#breaker = new Breaker({ name, now, report, prove: () => this.#wrongNetwork() })
  }

  get name(): string {
    return this.#options.name
  }

  ask(method: string, params: readonly unknown[]): Promise<unknown> {
    return this.#breaker.run(() => this.#call(method, params))
  }

  async #wrongNetwork(): Promise<string> {
    const { chainId } = this.#options
    const got = await this.#call('eth_chainId', []).catch((error: unknown) => {
      throw error instanceof EndpointRefusal ? unavailable(error.message, error) : error
    })
    return got === chainId ? '' : `expected chain id ${chainId}, got ${shown(got)}`
  }

  async #call(method: string, params: readonly unknown[]): Promise<unknown> {
    this.#id += 1
    const id = this.#id
    const { url, name, timeoutMs, answerBytesMax } = this.#options
    const body = { jsonrpc: '2.0', id, method, params }
    const question = { url, name, about: method, body, timeoutMs, answerBytesMax }
    return resultOf(await post({ ...question, reads: isRead }), { name, id })
  }
}

/** Some write what they refuse with a status of its own; these say that nobody was asked. */
function isRead(status: number): boolean {
  return status < 500 && ![401, 403, 429].includes(status)
}

function resultOf(
  answer: unknown,
  { name, id }: { readonly name: string; readonly id: number },
): unknown {
  if (typeof answer !== 'object' || answer === null) throw unavailable(`${name}: no json-rpc`)
  if (!('id' in answer) || answer.id !== id) {
    throw unavailable(`${name}: an answer to another question`)
  }
  if ('error' in answer && answer.error !== null) {
    const { error } = answer
    const said = typeof error === 'object' && 'message' in error ? error.message : ''
    throw new EndpointRefusal(`${name}: ${shown(said)}`)
  }
  if (!('result' in answer)) throw unavailable(`${name}: no result`)
  return answer.result
}

function shown(value: unknown): string {
  return show(typeof value === 'string' ? value : String(JSON.stringify(value)))
}
