// The local chain of a development cluster: anvil from npm, its state kept on disk, with the USDT
// stand-in deployed by account 0 at nonce 0, so that its address is known before the chain runs.
// Speaks plain JSON-RPC to loopback; the accounts are anvil's own published test accounts.
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Unavailable } from '../proto/unavailable.ts'
import { type Child, startChild } from './dev-processes.ts'

/** Account 0 of anvil's published test mnemonic, unlocked in the node itself. */
export const chainAccount = '0xf39fd6e51aad88f6f4ce6ab8827279cfffb92266'
/** CREATE address of that account at nonce 0. */
export const tokenAddress = '0x5fbdb2315678afecb367f032d93f642f64180aa3'
export const chainId = 31337

const supply = 1_000_000_000n * 10n ** 6n
const repository = join(import.meta.dirname, '..')

export interface ChainPlace {
  readonly port: number
  /** Directory of the chain's state. */
  readonly directory: string
  /** Seconds a block; 0 mines each transaction at once. */
  readonly blockTimeSeconds: number
}

/** Undefined when the optional package is not there. */
export function anvilProgram(): string | undefined {
  const path = join(repository, 'node_modules/@foundry-rs/anvil-linux-amd64/bin/anvil')
  return existsSync(path) ? path : undefined
}

export async function startChain(place: ChainPlace, logs: string): Promise<Child> {
  const program = anvilProgram()
  if (program === undefined) {
    throw new Unavailable(
      'no local chain: the package @foundry-rs/anvil-linux-amd64 is not installed',
    )
  }
  const { port, directory, blockTimeSeconds } = place
  const state = ['--state', join(directory, 'state.json'), '--state-interval', '1']
  const time = blockTimeSeconds > 0 ? ['--block-time', String(blockTimeSeconds)] : []
  const words = [
    '--port',
    String(port),
    '--chain-id',
    String(chainId),
    '--quiet',
    ...state,
    ...time,
  ]
  const child = startChild({ name: 'chain', program, words, logs })
  await child.until(() => isAnswering(urlOf(port)), 'answers')
  await deployToken(urlOf(port))
  return child
}

export function urlOf(port: number): string {
  return `http://127.0.0.1:${port}`
}

/** Sends coins and tokens of account 0. Amounts in base units. */
export async function fund(url: string, to: string, amounts: { wei: bigint; token: bigint }) {
  const data = `0xa9059cbb${word(BigInt(to))}${word(amounts.token)}`
  // One after the other, or both would get one nonce; then both may be in one block.
  const coins = await sent(url, { to, value: hexOf(amounts.wei) })
  const tokens = await sent(url, { to: tokenAddress, data })
  await Promise.all([mined(url, coins), mined(url, tokens)])
}

export async function balances(url: string, of: string): Promise<{ wei: bigint; token: bigint }> {
  const data = `0x70a08231${word(BigInt(of))}`
  const [wei, token] = await Promise.all([
    rpc(url, 'eth_getBalance', [of, 'latest']),
    rpc(url, 'eth_call', [{ to: tokenAddress, data }, 'latest']),
  ])
  return { wei: BigInt(String(wei)), token: BigInt(String(token)) }
}

async function deployToken(url: string): Promise<void> {
  const code = await rpc(url, 'eth_getCode', [tokenAddress, 'latest'])
  if (code !== '0x') return
  const kept: unknown = JSON.parse(
    readFileSync(join(import.meta.dirname, 'dev-token.json'), 'utf8'),
  )
  if (typeof kept !== 'object' || kept === null || !('bytecode' in kept)) {
    throw new TypeError('dev-token.json has no bytecode')
  }
  await mined(url, await sent(url, { data: `0x${String(kept.bytecode)}${word(supply)}` }))
  const deployed = await rpc(url, 'eth_getCode', [tokenAddress, 'latest'])
  if (deployed === '0x')
    throw new Unavailable(`the token is not at ${tokenAddress}: is this chain new?`)
}

async function sent(url: string, transaction: Record<string, string>): Promise<string> {
  const hash = await rpc(url, 'eth_sendTransaction', [{ from: chainAccount, ...transaction }])
  return String(hash)
}

async function mined(url: string, hash: string): Promise<void> {
  for (let tries = 0; tries < 100; tries += 1) {
    const receipt = await rpc(url, 'eth_getTransactionReceipt', [hash])
    if (typeof receipt === 'object' && receipt !== null && 'status' in receipt) {
      if (receipt.status === '0x1') return
      throw new Unavailable(`transaction ${hash} failed on the local chain`)
    }
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
  throw new Unavailable(`transaction ${hash} was not mined`)
}

async function isAnswering(url: string): Promise<boolean> {
  try {
    return Number(await rpc(url, 'eth_chainId', [])) === chainId
  } catch {
    return false
  }
}

export async function rpc(url: string, method: string, params: readonly unknown[]) {
  const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method, params })
  const headers = { 'content-type': 'application/json' }
  const signal = AbortSignal.timeout(5_000)
  const response = await fetch(url, { method: 'POST', headers, body, signal })
  const answer: unknown = await response.json()
  if (typeof answer !== 'object' || answer === null || !('result' in answer)) {
    throw new Unavailable(`${method} was refused by the local chain`)
  }
  return answer.result
}

function word(value: bigint): string {
  return value.toString(16).padStart(64, '0')
}

function hexOf(value: bigint): string {
  return `0x${value.toString(16)}`
}
