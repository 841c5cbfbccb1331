// The stand-in for Tron of a development cluster, and the development policy on it: the same
// vaults, rules and people, the coin with six decimals, the token a TRC-20. It is no Tron node:
// what it keeps of a network's rules, and what not, is in docs/chains.md. It lies with the tests,
// so it runs from a checkout alone. It forgets everything when it stops; the log goes on.
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { tronBytes, tronText } from '../policy/chain/tron-address.ts'
import { fromHex, toHex } from '../proto/crypto.ts'
import { type JsonObject, parseText, text } from '../proto/jcs.ts'
import { refuse } from '../proto/refusal.ts'
import { Unavailable } from '../proto/unavailable.ts'
import { type Child, nodeCommand, startChild } from './dev-processes.ts'

/** By its genesis block, which is always the same. */
export const standInNetwork = 'tron:0xbc8b0312'

const program = 'test/kit/tron-stand-in.ts'

/** Its token calls run on the local EVM, so that has to be installed too. */
export function hasStandIn(): boolean {
  return existsSync(join(import.meta.dirname, '..', program))
}

/** The same twenty bytes, as Tron writes them. */
export function onTron(evmAddress: string): string {
  const bytes = fromHex(evmAddress.slice(2))
  return bytes === undefined ? refuse('INTERNAL', 'expected an address') : tronText(bytes)
}

/** The same policy with another network, coin and token. */
export function tronPolicy(written: string): string {
  const renamed = written
    .replaceAll('erc20', 'trc20')
    .replaceAll('evm.transfer', 'tron.transfer')
    .replaceAll('eth-native', 'trx-native')
    .replaceAll('payout-eth-', 'payout-trx-')
    .replaceAll('"ETH"', '"TRX"')
    .replace(/"0x[0-9a-f]{40}"/g, (address) => `"${onTron(JSON.parse(address))}"`)
  const policy = objectOf(parseText(renamed))
  const assets = objectOf(policy['assets'])
  const coin = { ...objectOf(assets['trx-native']), decimals: 6 }
  const dev = {
    ...{ caip2: standInNetwork, feeAsset: 'trx-native', maxFee: '150', slot: 'one-body' },
    ...{ maxTxLifetime: '10m', maxTxLifetimeCold: '24h' },
    prices: { activation: '1.1', bandwidth: 1_000, energy: 100, feeLimit: '100' },
  }
  return text({ ...policy, assets: { ...assets, 'trx-native': coin }, networks: { dev } })
}

function objectOf(value: unknown): JsonObject {
  return typeof value === 'object' && value !== null
    ? (value as JsonObject)
    : refuse('INTERNAL', 'expected an object')
}

export async function startTron(port: number, logs: string): Promise<Child> {
  if (!hasStandIn()) throw new Unavailable('no stand-in for Tron: it is in the checkout alone')
  const command = nodeCommand(program, ['--port', String(port)])
  const child = startChild({ name: 'chain', ...command, logs })
  await child.until(() => isAnswering(port), 'answers')
  return child
}

/** Coins and tokens, where there are none. */
export async function fundOnTron(rpc: string, address: string): Promise<void> {
  const held = await post(
    `${rpc}/wallet/getaccount`,
    JSON.stringify({ address: toHex(tronBytes(address)) }),
  )
  if (held !== '{}') return
  const gifts = new URL(rpc)
  gifts.port = String(Number(gifts.port) + 1)
  await post(gifts.href, address)
}

async function isAnswering(port: number): Promise<boolean> {
  try {
    return (await post(`http://127.0.0.1:${port}/wallet/getnowblock`, '{}')).includes('blockID')
  } catch {
    return false
  }
}

async function post(url: string, body: string): Promise<string> {
  const response = await fetch(url, { method: 'POST', body, signal: AbortSignal.timeout(10_000) })
  if (!response.ok) throw new Unavailable(`the stand-in for Tron said ${response.status}`)
  return response.text()
}
