// ChainRpc over Ethereum JSON-RPC, for one network with one or more endpoints. Bytes are sent to
// all of them; what is final is said by two where there are several, prices and gas are those in
// the middle. Answers are parsed strictly.
// A hash that an endpoint returns is no acceptance by the chain: only a receipt under enough blocks
// is, and it is asked for anew each time, because blocks can be replaced.
import { toHex } from '../../proto/crypto.ts'
import { refuse } from '../../proto/refusal.ts'
import { Unavailable } from '../../proto/unavailable.ts'
import { agreedAt, lowerMedian, type Sighting, upperMedian } from './agree.ts'
import { Endpoint, EndpointRefusal } from './endpoint.ts'
import type { Call, ChainRpc, GasAnswer, MinedAt, Moved, Prices, SendAnswer } from './rpc.ts'

export interface EvmRpcOptions {
  /** CAIP-2, eip155. */
  readonly network: string
  readonly urls: readonly string[]
  /** Blocks on top of a transaction before it counts as final. */
  readonly confirmations: number
  readonly timeoutMs: number
}

const answerBytesMax = 1_048_576
const witnessesOfConsumption = 2

export function openEvmRpc(options: EvmRpcOptions): ChainRpc {
  const endpoints = options.urls.map(
    (url, at) =>
      new Endpoint({
        url,
        name: `endpoint ${at + 1} of ${options.network}`,
        chainId: quantity(BigInt(options.network.replace(/^eip155:/, ''))),
        timeoutMs: options.timeoutMs,
        answerBytesMax,
      }),
  )
  return {
    prices: (why) => middlePrices(endpoints, why === 'stuck' ? upperMedian : lowerMedian),
    gas: (call) => middleGas(endpoints, call),
    send: (raw) => send(endpoints, raw),
    minedAt: (txid) => minedAt(endpoints, txid, BigInt(options.confirmations)),
    consumed: (from, slot) => consumed(endpoints, from, slot, BigInt(options.confirmations)),
  }
}

/** Each part for itself: one endpoint that lies high does not drain what an intent allows. */
async function middlePrices(
  endpoints: readonly Endpoint[],
  median: typeof lowerMedian,
): Promise<Prices> {
  const said = await allAnswers(endpoints, prices)
  const base = median(said.map((one) => one.base))
  const tip = median(said.map((one) => one.tip))
  return base === undefined || tip === undefined ? refuse('INTERNAL', 'no price') : { base, tip }
}

async function prices(endpoint: Endpoint): Promise<Prices> {
  const block = await endpoint.ask('eth_getBlockByNumber', ['latest', false])
  const base = field(block, 'baseFeePerGas')
  // A chain that knows legacy transactions only has one price.
  if (base === undefined) {
    return { base: readQuantity(await endpoint.ask('eth_gasPrice', [])), tip: 0n }
  }
  const tip = await endpoint.ask('eth_maxPriorityFeePerGas', [])
  return { base: readQuantity(base), tip: readQuantity(tip) }
}

/** What most would not fail with. From one that lies, too little burns the fee for nothing. */
async function middleGas(endpoints: readonly Endpoint[], call: Call): Promise<GasAnswer> {
  const said = await allAnswers(endpoints, (endpoint) => gas(endpoint, call))
  const estimates = said.flatMap((one) => (one.kind === 'gas' ? [one.gas] : []))
  const reverts = said.find(({ kind }) => kind === 'reverts')
  if (reverts !== undefined && 2 * estimates.length <= said.length) return reverts
  const middle = lowerMedian(estimates)
  return middle === undefined ? refuse('INTERNAL', 'no gas') : { kind: 'gas', gas: middle }
}

async function gas(endpoint: Endpoint, call: Call): Promise<GasAnswer> {
  const { from, to, value, calldata } = call
  const asked = { from, to, value: quantity(value), data: `0x${toHex(calldata)}` }
  try {
    return { kind: 'gas', gas: readQuantity(await endpoint.ask('eth_estimateGas', [asked])) }
  } catch (error) {
    if (error instanceof EndpointRefusal) return { kind: 'reverts', because: error.message }
    throw error
  }
}

/** An endpoint that has the transaction already says so as an error. */
const knownForm = /already known|known transaction|already imported|already in mempool/i

async function send(endpoints: readonly Endpoint[], raw: Uint8Array): Promise<SendAnswer> {
  const bytes = `0x${toHex(raw)}`
  const asked = endpoints.map((endpoint) => endpoint.ask('eth_sendRawTransaction', [bytes]))
  const refusals: string[] = []
  for (const answer of await Promise.allSettled(asked)) {
    if (answer.status === 'fulfilled') return { kind: 'taken' }
    if (!(answer.reason instanceof EndpointRefusal)) continue
    if (knownForm.test(answer.reason.message)) return { kind: 'taken' }
    refusals.push(answer.reason.message)
  }
  if (refusals.length === 0) throw silent()
  return { kind: 'refused', because: refusals.join('; ') }
}

async function minedAt(
  endpoints: readonly Endpoint[],
  txid: string,
  confirmations: bigint,
): Promise<MinedAt | undefined> {
  const seen = await allAnswers(endpoints, (one) => receiptAt(one, txid, confirmations))
  return agreedAt(
    seen.flatMap((one) => one ?? []),
    endpoints.length,
  )
}

async function receiptAt(
  endpoint: Endpoint,
  txid: string,
  confirmations: bigint,
): Promise<Sighting | undefined> {
  const receipt = await endpoint.ask('eth_getTransactionReceipt', [txid])
  if (receipt === null) return undefined
  const height = readQuantity(field(receipt, 'blockNumber'))
  const latest = readQuantity(await endpoint.ask('eth_blockNumber', []))
  const [block, logs] = [field(receipt, 'blockHash'), field(receipt, 'logs')]
  if (!isWord(block)) throw new Unavailable('expected the hash of a block', 'CHAIN_UNAVAILABLE')
  const succeeded = readQuantity(field(receipt, 'status')) === 1n
  const moved = Array.isArray(logs) ? logs.flatMap(movedIn) : undefined
  const events = moved?.map(({ contract, to, amount }) => `${contract} ${to} ${amount}`)
  return {
    at: {
      ...{ height, succeeded, final: latest >= height + confirmations },
      ...(moved === undefined ? {} : { moved }),
    },
    same: [block, height, succeeded, ...(events ?? ['untold'])].join(),
  }
}

/** Hash of `Transfer(address,address,uint256)`. */
const transferTopic = '0xddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef'
const wordForm = /^0x[0-9a-f]{64}$/

/** Other events, and those of other forms, say nothing. */
function movedIn(log: unknown): readonly Moved[] {
  const topics = field(log, 'topics')
  const [contract, data] = [field(log, 'address'), field(log, 'data')]
  if (!Array.isArray(topics) || topics.length !== 3 || topics[0] !== transferTopic) return []
  const to: unknown = topics[2]
  if (typeof contract !== 'string' || !isWord(to) || !isWord(data)) return []
  return [{ contract: contract.toLowerCase(), to: `0x${to.slice(26)}`, amount: BigInt(data) }]
}

function isWord(value: unknown): value is string {
  return typeof value === 'string' && wordForm.test(value)
}

async function consumed(
  endpoints: readonly Endpoint[],
  from: string,
  slot: bigint,
  confirmations: bigint,
): Promise<boolean> {
  const answers = await Promise.allSettled(
    endpoints.map(async (endpoint) => {
      const latest = readQuantity(await endpoint.ask('eth_blockNumber', []))
      if (latest < confirmations) return false
      const at = quantity(latest - confirmations)
      return readQuantity(await endpoint.ask('eth_getTransactionCount', [from, at])) > slot
    }),
  )
  const said = answers.flatMap((answer) => (answer.status === 'fulfilled' ? [answer.value] : []))
  return said.length >= witnessesOfConsumption && said.every(Boolean)
}

/** Of those that answer; throws where none does. */
async function allAnswers<T>(
  endpoints: readonly Endpoint[],
  question: (endpoint: Endpoint) => Promise<T>,
): Promise<readonly T[]> {
  const asked = await Promise.allSettled(endpoints.map(question))
  for (const one of asked) if (one.status === 'rejected') requirePassing(one.reason)
  const said = asked.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []))
  return said.length === 0 ? Promise.reject(silent()) : said
}

/** Another endpoint may answer what this one did not, or refused, or wrote badly. */
function requirePassing(error: unknown): void {
  if (error instanceof Unavailable || error instanceof EndpointRefusal) return
  throw error
}

function silent(): Unavailable {
  return new Unavailable('no endpoint of the network answers', 'CHAIN_UNAVAILABLE')
}

function field(value: unknown, name: string): unknown {
  if (typeof value !== 'object' || value === null) {
    throw new Unavailable(`expected an object with ${name}`, 'CHAIN_UNAVAILABLE')
  }
  return Object.getOwnPropertyDescriptor(value, name)?.value
}

const quantityForm = /^0x(?:0|[1-9a-f][0-9a-f]{0,63})$/

function readQuantity(value: unknown): bigint {
  if (typeof value !== 'string' || !quantityForm.test(value)) {
    throw new Unavailable('expected a quantity in hex', 'CHAIN_UNAVAILABLE')
  }
  return BigInt(value)
}

function quantity(value: bigint): string {
  return value < 0n ? refuse('INTERNAL', 'negative quantity') : `0x${value.toString(16)}`
}
