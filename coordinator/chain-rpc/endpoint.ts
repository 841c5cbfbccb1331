// One JSON-RPC endpoint over HTTP. An endpoint of another network is never used: its chain id is
// what proves it. Messages name endpoints by their place in the configuration.
import { Unavailable } from '../../proto/unavailable.ts'
import { Breaker, type Watch } from './breaker.ts'
import { field, post, show, unavailable } from './post.ts'

export interface EndpointOptions extends Watch {
  readonly url: string
  /** Shown in messages. */
  readonly name: string
  /** Quantity that `eth_chainId` must answer. */
  readonly chainId: string
  readonly timeoutMs: number
  readonly answerBytesMax: number
}

/** Of one question among several. */
export type Asked = readonly [method: string, params: readonly unknown[]]

/** The endpoint answered with an error: it understood, and says no. */
export class EndpointRefusal extends Error {
  override readonly name = 'EndpointRefusal'
}

export class Endpoint {
  readonly #options: EndpointOptions
  readonly #breaker: Breaker
  #id = 0
  #isSingly = false

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

  /**
   * Answers in the order of the questions, or the first refusal among them. In one message where
   * the endpoint takes several; one after the other where it answers such a message with anything
   * else.
   */
  askAll(questions: readonly Asked[]): Promise<readonly unknown[]> {
    return this.#breaker.run(async () => {
      const isOne = this.#isSingly || questions.length === 1
      const answers = isOne ? undefined : await this.#callTogether(questions)
      if (answers !== undefined) return answers
      const found: unknown[] = []
      for (const [method, params] of questions) found.push(await this.#call(method, params))
      return found
    })
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

  /** Undefined where it does not take several questions together. */
  async #callTogether(questions: readonly Asked[]): Promise<readonly unknown[] | undefined> {
    const { url, name, timeoutMs, answerBytesMax } = this.#options
    const first = this.#id + 1
    this.#id += questions.length
    const body = questions.map(([method, params], at) => {
      return { jsonrpc: '2.0', id: first + at, method, params }
    })
    const about = `${questions.length} questions`
    const question = { url, name, about, body, timeoutMs, answerBytesMax }
    let answers: unknown
    try {
      answers = await post({ ...question, reads: isRead })
    } catch (error) {
      // Some hosts refuse such a message with a page of words; whether it is there, one will tell.
      if (error instanceof Unavailable) return undefined
      throw error
    }
    if (!Array.isArray(answers)) {
      this.#isSingly = true
      return undefined
    }
    const byId = new Map(answers.map((answer) => [field(answer, 'id'), answer]))
    return questions.map((_, at) => resultOf(byId.get(first + at), { name, id: first + at }))
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
