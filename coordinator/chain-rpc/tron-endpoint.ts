// One HTTP endpoint of a Tron network (java-tron's `/wallet` and `/walletsolidity`). An endpoint of
// another network is never used: its genesis block is what proves it. Messages name endpoints by
// their place in the configuration.

import { fromHex } from '../../proto/crypto.ts'
import { limits } from '../../proto/limits.ts'
import { Breaker, type Watch } from './breaker.ts'
import { field, post, show, unavailable } from './post.ts'

export interface TronEndpointOptions extends Watch {
  readonly url: string
  /** Shown in messages. */
  readonly name: string
  /** Last four bytes of the genesis block's id, hex. */
  readonly genesis: string
  readonly timeoutMs: number
  /** Of one answer, where it is another than that of most. */
  readonly answerBytesMax?: number
}

export class TronEndpoint {
  readonly #options: TronEndpointOptions
  readonly #breaker: Breaker

  constructor(options: TronEndpointOptions) {
    this.#options = options
    const { name, now, report } = options
    this.#breaker = new Breaker({ name, now, report, prove: () => this.#wrongNetwork() })
  }

  get name(): string {
    return this.#options.name
  }

  ask(path: string, body: Readonly<Record<string, unknown>> = {}): Promise<unknown> {
    return this.#breaker.run(() => this.#call(path, body))
  }

  async #wrongNetwork(): Promise<string> {
    const { genesis } = this.#options
    const block = await this.#call('wallet/getblockbynum', { num: 0 })
    const got = textField(block, 'blockID').slice(-8)
    return got === genesis ? '' : `expected network ${genesis}, got ${show(got)}`
  }

  #call(path: string, body: Readonly<Record<string, unknown>>): Promise<unknown> {
    const { url, name, timeoutMs, answerBytesMax = limits.chainAnswerBytesMax } = this.#options
    return post({
      ...{ url: `${url.replace(/\/$/, '')}/${path}`, name, about: path, body },
      ...{ timeoutMs, answerBytesMax, reads: (status) => status >= 200 && status < 300 },
    })
  }
}

/** Empty where it is not there: java-tron leaves out what is zero or empty. */
export function textField(value: unknown, name: string): string {
  const got = field(value, name)
  return typeof got === 'string' ? got : ''
}

/** A whole number that is not negative; zero where it is left out. */
export function wholeField(value: unknown, name: string): number {
  const got = field(value, name) ?? 0
  if (typeof got !== 'number' || !Number.isSafeInteger(got) || got < 0) {
    throw unavailable(`expected a whole number as ${name}`)
  }
  return got
}

export function hexField(value: unknown, name: string, length: number): Uint8Array {
  const bytes = fromHex(textField(value, name).toLowerCase())
  if (bytes?.length !== length) throw unavailable(`expected ${length} bytes of hex as ${name}`)
  return bytes
}
