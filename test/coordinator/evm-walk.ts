// Whole payments on a real EVM node, through a coordinator with scripted nodes, over endpoints that
// may lie: each is a proxy before the same node. Blocks come when the test says so.
import { readFileSync } from 'node:fs'
import { openEvmRpc } from '../../coordinator/chain-rpc/evm.ts'
import type { Finality } from '../../coordinator/chain-rpc/evm-final.ts'
import type { ChainRpc } from '../../coordinator/chain-rpc/rpc.ts'
import type { Event } from '../../coordinator/ports.ts'
import { readLinesOf } from '../../coordinator/store/lines.ts'
import type { Store } from '../../coordinator/store/store.ts'
import { parseEntry } from '../../policy/audit/entry.ts'
import { evmAddress } from '../../policy/chain/evm.ts'
import type { Intent } from '../../policy/intent.ts'
import { parseDigest, parseHandle } from '../../proto/ids.ts'
import { type Anvil, startAnvil } from '../kit/anvil.ts'
import { type LyingProxy, lyingProxy } from '../kit/lying-proxy.ts'
import { type House, houseOn } from './house.ts'
import { customer, origin, payout, type TestClock, testClock, token, vaultRow } from './world.ts'

const account = '0xf39fd6e51aad88f6f4ce6ab8827279cfffb92266'
export const hotAddress: string = evmAddress(vaultRow('hot').publicKey)
const word = (value: bigint): string => value.toString(16).padStart(64, '0')

export interface EvmWalk {
  readonly house: House
  readonly anvil: Anvil
  readonly clock: TestClock
  readonly proxies: readonly LyingProxy[]
  readonly rpc: ChainRpc
  /** So many blocks, which take what waits. */
  mine(blocks?: number): Promise<void>
  /** Time and real answers pass until it is so; with `mining` a block comes each step. */
  until(what: string, isSo: () => Promise<boolean>, mining?: 'mining'): Promise<void>
  untilState(id: string, state: string, mining?: 'mining'): Promise<void>
  /** So much time of the clock, with real answers in between. */
  pass(ms: number): Promise<void>
  /** Base units of the token. */
  held(address: string): Promise<bigint>
  /** Transactions of the hot vault in blocks. */
  landed(): Promise<number>
  lines(id: string, type: string): Promise<readonly object[]>
  close(): Promise<void>
}

export interface EvmWalkOptions {
  readonly endpoints: number
  readonly confirmations?: number
  readonly finality?: Finality
  readonly stillMs?: number
  readonly timeoutMs?: number
  readonly flags?: readonly string[]
  readonly alarmOnly?: boolean
}

export async function evmWalk(store: Store, options: EvmWalkOptions): Promise<EvmWalk> {
  const { confirmations = 2, finality = 'confirmations', flags = [], timeoutMs = 500 } = options
  const anvil = await startAnvil(31337, ['--no-mining', '--order', 'fifo', ...flags])
  const mine = async (blocks = 1): Promise<void> => {
    await anvil.call('anvil_mine', [`0x${blocks.toString(16)}`])
  }
  await deploy(anvil, mine)
  const proxies: LyingProxy[] = []
  for (let at = 0; at < options.endpoints; at += 1) proxies.push(await lyingProxy(anvil.url))
  const clock = testClock()
  const reported: Event[] = []
  const rpc = openEvmRpc({
    ...{ network: anvil.network, urls: proxies.map(({ url }) => url), confirmations, finality },
    ...{ timeoutMs, stillMs: options.stillMs ?? 300_000, now: clock.now },
    report: (event) => (house?.events ?? reported).push(event),
  })
  let house: House | undefined
  const chains = new Map([[anvil.network, rpc]])
  const alarmOnly = new Set(options.alarmOnly === true ? [anvil.network] : [])
  house = await houseOn(store, { clock, chains, alarmOnly })
  const walk: EvmWalk = {
    ...{ house, anvil, clock, proxies, rpc, mine },
    until: async (what, isSo, mining) => {
      for (let tries = 0; tries < 400; tries += 1) {
        if (await isSo()) return
        await step(house)
        if (mining !== undefined) await mine()
      }
      const notes = [...house.coordinator.driver.notes.values()].map(({ because }) => because)
      const said = house.events.map(({ name, because }) => `${name} ${because}`)
      throw new Error(`never: ${what}; ${notes}; ${said.slice(-8).join('; ')}`)
    },
    untilState: (id, state, mining) =>
      walk.until(state, async () => (await house.state(id)) === state, mining),
    pass: async (ms) => {
      for (let passed = 0; passed < ms; passed += stepMs) await step(house)
    },
    held: async (address) => {
      const data = `0x70a08231${word(BigInt(address))}`
      return BigInt(String(await anvil.call('eth_call', [{ to: token, data }, 'latest'])))
    },
    landed: async () => Number(await anvil.call('eth_getTransactionCount', [hotAddress, 'latest'])),
    lines: async (id, type) => {
      const lines = await readLinesOf(house.store, origin, parseDigest(id))
      return lines.map(parseEntry).flatMap((entry) => (entry.type === type ? [entry.body] : []))
    },
    close: async () => {
      await house.stop()
      for (const proxy of proxies) await proxy.close()
      await anvil.stop()
    },
  }
  return walk
}

export const paidTo: string = customer.address

/** The cancel of a payment of the hot vault. */
export const cancelling = (id: string, change: Partial<Intent> = {}): Intent =>
  payout({
    op: 'evm.cancel',
    asset: parseHandle('eth-native'),
    contract: '',
    amount: 0n,
    to: hotAddress,
    dest: '',
    cancels: parseDigest(id),
    ...change,
  })

const stepMs = 500

async function step(house: House): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, 4))
  await house.pass(stepMs)
}

/** The stand-in of USDT, at the address that the policy names, and what the hot vault pays with. */
async function deploy(anvil: Anvil, mine: () => Promise<void>): Promise<void> {
  const file = new URL('../../cli/dev-token.json', import.meta.url)
  const { bytecode } = JSON.parse(readFileSync(file, 'utf8')) as { bytecode: string }
  const made = { from: account, data: `0x${bytecode}${word(10n ** 15n)}`, gas: '0x400000' }
  await anvil.call('eth_sendTransaction', [made])
  await mine()
  const data = `0xa9059cbb${word(BigInt(hotAddress))}${word(10n ** 14n)}`
  await anvil.call('eth_sendTransaction', [{ from: account, to: token, data, gas: '0x40000' }])
  await anvil.call('anvil_setBalance', [hotAddress, '0x8ac7230489e80000'])
  await mine()
}
