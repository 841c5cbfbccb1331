// A real EVM node for a house: blocks come when the test says so, the stand-in of USDT stands where
// the policy names it, and the coordinator reaches it over doors that may lie.
import { readFileSync } from 'node:fs'
import { openEvmRpc } from '../../coordinator/chain-rpc/evm.ts'
import type { Finality } from '../../coordinator/chain-rpc/evm-final.ts'
import type { ChainRpc } from '../../coordinator/chain-rpc/rpc.ts'
import type { Report } from '../../coordinator/ports.ts'
import { type Anvil, startAnvil } from './anvil.ts'
import { type LyingProxy, lyingProxy } from './lying-proxy.ts'

const account = '0xf39fd6e51aad88f6f4ce6ab8827279cfffb92266'
/** Where the first contract of that account stands. */
export const evmToken = '0x5fbdb2315678afecb367f032d93f642f64180aa3'
const word = (value: bigint): string => value.toString(16).padStart(64, '0')

export interface EvmChain {
  readonly anvil: Anvil
  readonly proxies: readonly LyingProxy[]
  readonly rpc: ChainRpc
  /** So many blocks, which take what waits. */
  mine(blocks?: number): Promise<void>
  /** 10 coins and 100,000,000 of the token. */
  fund(address: string): Promise<void>
  /** Base units of the token. */
  held(address: string): Promise<bigint>
  /** Its transactions in blocks. */
  landed(address: string): Promise<number>
  stop(): Promise<void>
}

export interface EvmChainOptions {
  readonly now: () => number
  readonly report?: Report
  readonly endpoints?: number
  readonly confirmations?: number
  readonly finality?: Finality
  readonly stillMs?: number
  readonly timeoutMs?: number
  readonly flags?: readonly string[]
}

export async function startEvmChain(options: EvmChainOptions): Promise<EvmChain> {
  const { endpoints = 2, confirmations = 2, finality = 'confirmations', now } = options
  const { timeoutMs = 2_000, stillMs = 300_000, flags = [], report = () => {} } = options
  const anvil = await startAnvil(31337, ['--no-mining', '--order', 'fifo', ...flags])
  const mine = async (blocks = 1): Promise<void> => {
    await anvil.call('anvil_mine', [`0x${blocks.toString(16)}`])
  }
  const file = new URL('../../cli/dev-token.json', import.meta.url)
  const { bytecode } = JSON.parse(readFileSync(file, 'utf8')) as { bytecode: string }
  const made = { from: account, data: `0x${bytecode}${word(10n ** 15n)}`, gas: '0x400000' }
  await anvil.call('eth_sendTransaction', [made])
  await mine()
  const proxies: LyingProxy[] = []
  for (let at = 0; at < endpoints; at += 1) proxies.push(await lyingProxy(anvil.url))
  const urls = proxies.map(({ url }) => url)
  const asked = { network: anvil.network, urls, confirmations, finality, timeoutMs, stillMs }
  return {
    ...{ anvil, proxies, mine },
    rpc: openEvmRpc({ ...asked, now, report }),
    fund: async (address) => {
      const data = `0xa9059cbb${word(BigInt(address))}${word(10n ** 14n)}`
      await anvil.call('eth_sendTransaction', [
        { from: account, to: evmToken, data, gas: '0x40000' },
      ])
      await anvil.call('anvil_setBalance', [address, '0x8ac7230489e80000'])
      await mine()
    },
    held: async (address) => {
      const data = `0x70a08231${word(BigInt(address))}`
      return BigInt(String(await anvil.call('eth_call', [{ to: evmToken, data }, 'latest'])))
    },
    landed: async (address) =>
      Number(await anvil.call('eth_getTransactionCount', [address, 'latest'])),
    stop: async () => {
      for (const proxy of proxies) await proxy.close()
      await anvil.stop()
    },
  }
}
