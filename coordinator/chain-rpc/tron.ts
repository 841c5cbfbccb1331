// TronRpc over the HTTP interface of Tron nodes. Final is what is in a solidified block, as two
// endpoints show it where two are configured. What an endpoint says of a broadcast is ambiguous
// more often than not; whoever sends asks for the id and sends the same bytes again.

import { tronBytes } from '../../policy/chain/tron-address.ts'
import { toHex } from '../../proto/crypto.ts'
import { agreedAt, upperMedian } from './agree.ts'
import { allAnswers, requirePassing, silent } from './answers.ts'
import type { Watch } from './breaker.ts'
import { Heads } from './heads.ts'
import { field, unavailable } from './post.ts'
import type { GasAnswer, MinedAt } from './rpc.ts'
import { infoOf, isAbsent, solidified } from './tron-answers.ts'
import { send, spoken } from './tron-broadcast.ts'
import { TronEndpoint, textField, wholeField } from './tron-endpoint.ts'
import type { Reference, TronCall, TronPrices, TronRpc } from './tron-rpc.ts'

export interface TronRpcOptions extends Watch {
  /** CAIP-2, tron. */
  readonly network: string
  readonly urls: readonly string[]
  /** A head that has not moved for longer is stale. */
  readonly stillMs: number
  readonly timeoutMs: number
}

const witnessesOfAbsence = 2
/**
 * The network refuses what ended before its newest block; but a block's time is its producer's word
 * and clocks part, an endpoint's index may be behind what it has solidified, and whoever hears
 * DROPPED pays again. To wait costs nothing else.
 */
const absenceMarginMs = 600_000

export function openTronRpc(options: TronRpcOptions): TronRpc {
  const genesis = options.network.replace(/^tron:0x/, '')
  const { network, urls, timeoutMs, stillMs, now, report } = options
  const names = urls.map((_, at) => `endpoint ${at + 1} of ${network}`)
  const endpoints = urls.map((url, at) => {
    return new TronEndpoint({ url, name: names[at] ?? '', genesis, timeoutMs, now, report })
  })
  const heads = new Heads({ names, stillMs, now, report })
  return {
    kind: 'tron',
    reference: () => reference({ endpoints, heads }),
    prices: () => middlePrices(endpoints),
    energy: (call) => middleEnergy(endpoints, call),
    send: (raw) => send(endpoints, raw),
    minedAt: (txid) => minedAt(endpoints, txid),
    isGone: (txid, until) => isGone({ endpoints, heads }, txid, until),
  }
}

interface Watched {
  readonly endpoints: readonly TronEndpoint[]
  readonly heads: Heads
}

/**
 * The newest block that one endpoint has solidified and, where there are more, another one has too:
 * a made-up reference would leave the request without an effect, and its bytes are bound for ever.
 * One that is far behind shows true blocks, which are too old to refer to.
 */
async function reference({ endpoints, heads }: Watched): Promise<Reference> {
  const asked = await Promise.all(endpoints.map((one) => passing(() => solidified(one))))
  const shown = asked.flatMap((block, at) => (block === undefined ? [] : [{ at, block }]))
  for (const { at, block } of shown) heads.saw(at, block.number)
  const newestFirst = shown.toSorted((a, b) => Number(b.block.number - a.block.number))
  for (const { at, block } of newestFirst) {
    if (endpoints.length === 1) return block
    for (const [place, other] of endpoints.entries()) {
      if (place === at) continue
      const seen = await passing(() => solidified(other, block.number))
      if (seen !== undefined && toHex(seen.id) === toHex(block.id)) return block
    }
  }
  throw unavailable('no two endpoints of the network show one solidified block')
}

/** Each for itself: one endpoint that lies low would bind bytes that cannot be executed. */
export async function middlePrices(endpoints: readonly TronEndpoint[]): Promise<TronPrices> {
  const said = await allAnswers(endpoints, prices)
  const middle = (of: (one: TronPrices) => bigint) => upperMedian(said.map(of)) ?? 0n
  return {
    energy: middle((one) => one.energy),
    bandwidth: middle((one) => one.bandwidth),
    activation: middle((one) => one.activation),
  }
}

async function prices(endpoint: TronEndpoint): Promise<TronPrices> {
  const answer = field(await endpoint.ask('wallet/getchainparameters'), 'chainParameter')
  if (!Array.isArray(answer)) throw unavailable(`${endpoint.name}: no parameters`)
  const named = new Map(answer.map((row) => [textField(row, 'key'), row]))
  const read = (name: string): bigint => {
    const row = named.get(name)
    if (row === undefined) throw unavailable(`${endpoint.name}: no parameter ${name}`)
    return BigInt(wholeField(row, 'value'))
  }
  return {
    energy: read('getEnergyFee'),
    bandwidth: read('getTransactionFee'),
    activation: read('getCreateNewAccountFeeInSystemContract') + read('getCreateAccountFee'),
  }
}

/** It would fail where no fewer say so than not. */
export async function middleEnergy(
  endpoints: readonly TronEndpoint[],
  call: TronCall,
): Promise<GasAnswer> {
  const said = await allAnswers(endpoints, (endpoint) => energy(endpoint, call))
  const used = said.flatMap((one) => (one.kind === 'gas' ? [one.gas] : []))
  const failing = said.find(({ kind }) => kind === 'reverts')
  if (failing !== undefined && used.length * 2 <= said.length) return failing
  return { kind: 'gas', gas: upperMedian(used) ?? 0n }
}

async function energy(endpoint: TronEndpoint, call: TronCall): Promise<GasAnswer> {
  const answer = await endpoint.ask('wallet/triggerconstantcontract', {
    owner_address: toHex(tronBytes(call.from)),
    contract_address: toHex(tronBytes(call.contract)),
    data: toHex(call.calldata),
  })
  const result = field(answer, 'result')
  const message = textField(result, 'message')
  if (field(result, 'result') !== true || message !== '') {
    return { kind: 'reverts', because: spoken(message) }
  }
  const used = BigInt(wholeField(answer, 'energy_used'))
  if (used === 0n) throw unavailable(`${endpoint.name}: a call that uses no energy`)
  return { kind: 'gas', gas: used }
}

async function minedAt(
  endpoints: readonly TronEndpoint[],
  txid: string,
): Promise<MinedAt | undefined> {
  const answers = await Promise.allSettled(endpoints.map((endpoint) => foundAt(endpoint, txid)))
  for (const answer of answers) if (answer.status === 'rejected') requirePassing(answer.reason)
  if (answers.every(({ status }) => status === 'rejected')) throw silent()
  const found = answers.flatMap((answer) =>
    answer.status === 'fulfilled' && answer.value !== undefined ? [answer.value] : [],
  )
  const seen = found.map((at) => {
    const events = at.moved?.map(({ contract, to, amount }) => `${contract} ${to} ${amount}`) ?? []
    return { at, same: [at.height, at.succeeded, ...events].join() }
  })
  return agreedAt(seen, endpoints.length)
}

async function foundAt(endpoint: TronEndpoint, txid: string): Promise<MinedAt | undefined> {
  const value = { value: txid }
  const solid = infoOf(await endpoint.ask('walletsolidity/gettransactioninfobyid', value), txid)
  if (solid !== undefined) return { ...solid, final: true }
  const info = infoOf(await endpoint.ask('wallet/gettransactioninfobyid', value), txid)
  return info && { ...info, final: false }
}

/** A node that was told to keep no results has none of what it executed. */
async function isStored(endpoint: TronEndpoint, txid: string): Promise<boolean> {
  const answer = await endpoint.ask('wallet/gettransactionbyid', { value: txid })
  return !isAbsent(answer, 'txID', txid)
}

async function isGone(
  { endpoints, heads }: Watched,
  txid: string,
  until: number,
): Promise<boolean> {
  const answers = await Promise.allSettled(
    endpoints.map(async (endpoint, at) => {
      // In this order: what is absent after that block was solid is in no block up to it.
      const { number, timestamp } = await solidified(endpoint)
      heads.saw(at, number)
      if (timestamp < until + absenceMarginMs) return false
      return (await foundAt(endpoint, txid)) === undefined && !(await isStored(endpoint, txid))
    }),
  )
  for (const answer of answers) if (answer.status === 'rejected') requirePassing(answer.reason)
  const said = answers.flatMap((answer, at) =>
    answer.status === 'fulfilled' && !heads.isStale(at) ? [answer.value] : [],
  )
  return said.length >= witnessesOfAbsence && said.every(Boolean)
}

/** Undefined when this endpoint does not answer, or badly; another one may. */
async function passing<T>(work: () => Promise<T>): Promise<T | undefined> {
  try {
    return await work()
  } catch (error) {
    requirePassing(error)
    return undefined
  }
}
