// One HTTP endpoint of a Tron network (java-tron's `/wallet` and `/walletsolidity`): bounded in
// time and size, no redirect. An endpoint of another network is never used: its genesis block is
// asked before its first answer is taken. Messages name endpoints by their place in the
// configuration.
import { fromHex } from '../../proto/crypto.ts'
import { Unavailable } from '../../proto/unavailable.ts'

export interface TronEndpointOptions {
  readonly url: string
  /** Shown in messages. */
  readonly name: string
  /** Last four bytes of the genesis block's id, hex. */
  readonly genesis: string
  readonly timeoutMs: number
}

const answerBytesMax = 4_194_304

export class TronEndpoint {
  readonly #options: TronEndpointOptions
  #known = false

  constructor(options: TronEndpointOptions) {
    this.#options = options
  }

  get name(): string {
    return this.#options.name
  }

  async ask(path: string, body: Readonly<Record<string, unknown>> = {}): Promise<unknown> {
    if (!this.#known) await this.#requireNetwork()
    return this.#call(path, body)
  }

  async #requireNetwork(): Promise<void> {
    const { name, genesis } = this.#options
    const block = await this.#call('wallet/getblockbynum', { num: 0 })
    const got = textField(block, 'blockID').slice(-8)
    if (got !== genesis) throw unavailable(`${name}: expected network ${genesis}, got ${show(got)}`)
    this.#known = true
  }

  async #call(path: string, body: Readonly<Record<string, unknown>>): Promise<unknown> {
    const { url, name, timeoutMs } = this.#options
    try {
      const response = await fetch(`${url.replace(/\/$/, '')}/${path}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(body),
        redirect: 'error',
        signal: AbortSignal.timeout(timeoutMs),
      })
      if (!response.ok) throw unavailable(`${name}: status ${response.status} to ${path}`)
      const answer: unknown = JSON.parse(await readBounded(response, name))
      return answer
    } catch (error) {
      if (error instanceof Unavailable) throw error
      const reason = error instanceof Error ? error.name : 'error'
      throw unavailable(`${name}: no answer to ${path} (${reason})`, error)
    }
  }
}

async function readBounded(response: Response, name: string): Promise<string> {
  const parts: Uint8Array[] = []
  let length = 0
  for await (const part of response.body ?? []) {
    length += part.length
    if (length > answerBytesMax) throw unavailable(`${name}: an answer of too many bytes`)
    parts.push(part)
  }
  return Buffer.concat(parts).toString('utf8')
}

/** Undefined where it is not there: java-tron leaves out what is zero or empty. */
export function field(value: unknown, name: string): unknown {
  if (typeof value !== 'object' || value === null) {
    throw unavailable(`expected an object with ${name}`)
  }
  return Object.getOwnPropertyDescriptor(value, name)?.value
}

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

export function unavailable(because: string, cause?: unknown): Unavailable {
  return new Unavailable(because, 'CHAIN_UNAVAILABLE', cause)
}

/** What a stranger wrote, bounded and on one line. */
export function show(text: string): string {
  const line = text.replace(/[^ -~]+/g, ' ')
  return line.length > 200 ? `${line.slice(0, 197)}...` : line
}
