// Whole payments on a real EVM node, through a coordinator with scripted nodes, over endpoints that
// may lie: each is a proxy before the same node. Blocks come when the test says so.

import { afterEach } from 'vitest'
import type { Finality } from '../../coordinator/chain-rpc/evm-final.ts'
import { evmLedger } from '../../coordinator/chain-rpc/evm-kind.ts'
import type { ChainRpc } from '../../coordinator/chain-rpc/rpc.ts'
import type { Event } from '../../coordinator/ports.ts'
import { readLinesOf } from '../../coordinator/store/lines.ts'
import type { Store } from '../../coordinator/store/store.ts'
import { parseEntry } from '../../policy/audit/entry.ts'
import { evmAddress } from '../../policy/chain/evm.ts'
import type { Intent } from '../../policy/intent.ts'
import { parseDigest } from '../../proto/ids.ts'
import type { Anvil } from '../kit/anvil.ts'
import { startEvmChain } from '../kit/evm-chain.ts'
import type { LyingProxy } from '../kit/lying-proxy.ts'
import { cancelling as cancelOf } from './evm-intents.ts'
import { type House, houseOn } from './house.ts'
import { pgliteEngine } from './store-kit.ts'
import { customer, origin, type TestClock, testClock, vaultRow } from './world.ts'

export const hotAddress: string = evmAddress(vaultRow('hot').publicKey)

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

/** One at a time for each case of a file, closed after it. */
export function evmWalks(): (options: EvmWalkOptions) => Promise<EvmWalk> {
  const engine = pgliteEngine()
  let walk: EvmWalk | undefined
  afterEach(async () => {
    await walk?.close()
    walk = undefined
  })
  return async (options) => {
    walk = await evmWalk(await engine.fresh(), options)
    return walk
  }
}

export async function evmWalk(store: Store, options: EvmWalkOptions): Promise<EvmWalk> {
  const { timeoutMs = 500 } = options
  const clock = testClock()
  const reported: Event[] = []
  const report = (event: Event) => (house?.events ?? reported).push(event)
  const chain = await startEvmChain({ ...options, timeoutMs, now: clock.now, report })
  const { anvil, proxies, rpc, mine, held } = chain
  await chain.fund(hotAddress)
  let house: House | undefined
  const chains = new Map([[anvil.network, evmLedger(rpc)]])
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
    held,
    landed: () => chain.landed(hotAddress),
    lines: async (id, type) => {
      const lines = await readLinesOf(house.store, origin, parseDigest(id))
      return lines.map(parseEntry).flatMap((entry) => (entry.type === type ? [entry.body] : []))
    },
    close: async () => {
      await house.stop()
      await chain.stop()
    },
  }
  return walk
}

export const paidTo: string = customer.address

/** The cancel of a payment of the hot vault. */
export const cancelling = (id: string, change: Partial<Intent> = {}): Intent =>
  cancelOf(id, { to: hotAddress, ...change })

const stepMs = 500

async function step(house: House): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, 4))
  await house.pass(stepMs)
}
