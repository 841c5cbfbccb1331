// ChainRpc over Ethereum JSON-RPC, for one network with one or more endpoints. Bytes are sent to
// all of them; what is final is said by two where there are several (`evm-final.ts`), prices and
// gas are those in the middle. Answers are parsed strictly.
// A hash that an endpoint returns is no acceptance by the chain: only a receipt that is final is.
import { toHex } from '../../proto/crypto.ts'
import { limits } from '../../proto/limits.ts'
import { refuse } from '../../proto/refusal.ts'
import { lowerMedian, upperMedian } from './agree.ts'
import { allAnswers, silent } from './answers.ts'
import type { Watch } from './breaker.ts'
import { Endpoint, EndpointRefusal } from './endpoint.ts'
import { consumed, consumedAmong, type Finality, minedAt, used } from './evm-final.ts'
import { signedAt } from './evm-signed.ts'
import { Heads } from './heads.ts'
import { field } from './post.ts'
import { quantity, readQuantity } from './quantity.ts'
import type { Call, ChainRpc, GasAnswer, Prices, SendAnswer } from './rpc.ts'

export interface EvmRpcOptions extends Watch {
  /** CAIP-2, eip155. */
  readonly network: string
  readonly urls: readonly string[]
  /** Blocks on top of a transaction before it counts as final. */
  readonly confirmations: number
  /** `confirmations` unless said. */
  readonly finality?: Finality
  /** A head that has not moved for longer is stale. */
  readonly stillMs: number
  readonly timeoutMs: number
}

export function openEvmRpc(options: EvmRpcOptions): ChainRpc {
  const { network, urls, timeoutMs, stillMs, now, report, finality = 'confirmations' } = options
  const chainId = quantity(BigInt(network.replace(/^eip155:/, '')))
  const names = urls.map((_, at) => `endpoint ${at + 1} of ${network}`)
  const answerBytesMax = limits.chainAnswerBytesMax
  const endpoints = urls.map((url, at) => {
    const name = names[at] ?? ''
    return new Endpoint({ url, name, chainId, timeoutMs, answerBytesMax, now, report })
  })
  const heads = new Heads({ names, stillMs, now, report })
  const confirmations = BigInt(options.confirmations)
  const final = { endpoints, heads, confirmations, finality }
  return {
    prices: (why) => middlePrices(endpoints, why === 'stuck' ? upperMedian : lowerMedian),
    gas: (call) => middleGas(endpoints, call),
    send: (raw) => send(endpoints, raw),
    minedAt: (txid) => minedAt(final, txid),
    consumed: (from, slot) => consumed(final, from, slot),
    consumedAmong: (places) => consumedAmong(final, places),
    used: (from) => used(final, from),
    signedAt: (from, slot) => signedAt(endpoints, from, slot),
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

/** As one endpoint says. */
export async function prices(endpoint: Pick<Endpoint, 'ask'>): Promise<Prices> {
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

/** As one endpoint says. */
export async function gas(endpoint: Pick<Endpoint, 'ask'>, call: Call): Promise<GasAnswer> {
  const { from, to, value, calldata } = call
  const asked = { from, to, value: quantity(value), data: `0x${toHex(calldata)}` }
  try {
    // On what is in blocks: what waits beside it may be replaced or cancelled.
    const gas = await endpoint.ask('eth_estimateGas', [asked, 'latest'])
    return { kind: 'gas', gas: readQuantity(gas) }
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
