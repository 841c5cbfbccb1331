/** The stand-in for Tron with a token on its EVM, two doors, and money for whoever is named. */
import { readFileSync } from 'node:fs'
import { openTronRpc } from '../../coordinator/chain-rpc/tron.ts'
import type { TronRpc } from '../../coordinator/chain-rpc/tron-rpc.ts'
import { tronBytes } from '../../policy/chain/tron-address.ts'
import { toHex } from '../../proto/crypto.ts'
import { type Anvil, startAnvil } from './anvil.ts'
import { unwatched } from './chain-watch.ts'
import { receiptOf, TronSim } from './tron-sim.ts'

const account = '0xf39fd6e51aad88f6f4ce6ab8827279cfffb92266'
/** Where the first contract of that account stands. */
export const tronToken = '5fbdb2315678afecb367f032d93f642f64180aa3'

const word = (value: bigint): string => value.toString(16).padStart(64, '0')

/** The twenty bytes of an address, hex. */
export const twenty = (address: string): string => toHex(tronBytes(address)).slice(2)

export interface TronChain {
  readonly sim: TronSim
  readonly anvil: Anvil
  readonly urls: readonly string[]
  readonly rpc: TronRpc
  /** 10,000 TRX and 1,000,000 of the token. */
  fund(address: string): Promise<void>
  /** Base units of the token. */
  give(address: string, amount: bigint): Promise<void>
  held(address: string): Promise<bigint>
  stop(): Promise<void>
}

export async function startTronChain(now: () => number): Promise<TronChain> {
  const anvil = await startAnvil()
  const file = new URL('../../cli/dev-token.json', import.meta.url)
  const { bytecode } = JSON.parse(readFileSync(file, 'utf8'))
  const evm = async (tx: object) => {
    const hash = await anvil.call('eth_sendTransaction', [{ from: account, ...tx }])
    await receiptOf(anvil, String(hash))
  }
  await evm({ data: `0x${bytecode}${word(10n ** 15n)}` })
  const sim = new TronSim({ anvil, now })
  await sim.mine(5)
  const urls = [await sim.listen(), await sim.listen()]
  const give = (address: string, amount: bigint) => {
    const data = `0xa9059cbb${word(BigInt(`0x${twenty(address)}`))}${word(amount)}`
    return evm({ to: `0x${tronToken}`, data })
  }
  return {
    sim,
    anvil,
    urls,
    rpc: openTronRpc({ ...unwatched, network: sim.network, urls, timeoutMs: 5_000 }),
    fund: async (address) => {
      await give(address, 10n ** 12n)
      sim.balances.set(twenty(address), 10_000_000_000n)
    },
    give,
    held: async (address) => {
      const data = `0x70a08231${word(BigInt(`0x${twenty(address)}`))}`
      const held = await anvil.call('eth_call', [{ to: `0x${tronToken}`, data }, 'latest'])
      return BigInt(String(held))
    },
    stop: async () => {
      await sim.close()
      await anvil.stop()
    },
  }
}
