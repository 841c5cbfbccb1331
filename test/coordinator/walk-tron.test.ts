// The walk of a request on Tron, from submit to the end, through one coordinator with scripted
// nodes, over the HTTP of a stand-in whose token calls run on a real EVM. The documents are those of
// the other walks with the network, its assets and the customer exchanged.

import { afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import { tronLedger } from '../../coordinator/chain-rpc/tron-kind.ts'
import { tronAddress, tronBytes, tronText } from '../../policy/chain/tron-address.ts'
import type { Intent } from '../../policy/intent.ts'
import { parseHandle } from '../../proto/ids.ts'
import { anvilInstalled } from '../kit/anvil.ts'
import { startTronChain, type TronChain, tronToken, twenty } from '../kit/tron-chain.ts'
import type { TronSim } from '../kit/tron-sim.ts'
import { type House, houseOn, story } from './house.ts'
import { pgliteEngine } from './store-kit.ts'
import { payout, testClock, vaultRow } from './world.ts'

vi.mock('../policy/dev-fixture.ts', async (original) => {
  const fixture = await original<typeof import('../policy/dev-fixture.ts')>()
  const { tronDocuments } = await import('../kit/tron-documents.ts')
  return { ...fixture, ...tronDocuments(fixture) }
})

const engine = pgliteEngine()
const from = tronAddress(vaultRow('hot').publicKey)

interface Walk extends TronChain {
  readonly house: House
}
const walks: Walk[] = []
afterEach(async () => {
  for (const { house, stop } of walks.splice(0)) {
    await house.stop()
    await stop()
  }
})

async function open(): Promise<Walk> {
  const clock = testClock()
  const chain = await startTronChain(clock.now)
  await chain.fund(from)
  const chains = new Map([[chain.sim.network, tronLedger(chain.rpc)]])
  const house = await houseOn(await engine.fresh(), { clock, chains })
  const walk = { ...chain, house }
  walks.push(walk)
  return walk
}

/** Blocks come while time passes; answers come over a real socket. */
async function untilState({ house, sim }: Walk, id: string, state: string): Promise<void> {
  for (let tries = 0; tries < 300; tries += 1) {
    if ((await house.state(id)) === state) return
    await new Promise((resolve) => setTimeout(resolve, 5))
    await sim.mine()
    await house.pass(500)
  }
  const notes = [...house.coordinator.driver.notes.values()].map(({ because }) => because)
  throw new Error(`never ${state}: ${await house.state(id)} ${notes}`)
}

const pays = (sim: TronSim, change: Partial<Intent> = {}): Intent =>
  payout({ network: sim.network, op: 'trc20.transfer', maxFee: 100_000_000n, ...change })
const coins = { op: 'tron.transfer', asset: parseHandle('eth-native'), contract: '' } as const

describe.runIf(anvilInstalled)('a request on Tron', () => {
  beforeAll(() => {
    expect(tronText(tronBytes(from).slice(1))).toBe(from)
  })

  it('pays a token and the coin, from submit to settled', async () => {
    const walk = await open()
    const { house, sim, held } = walk
    const token = pays(sim)
    const id = await house.submit(token)
    await untilState(walk, id, 'SETTLED')
    expect(await held(token.to)).toBe(token.amount)
    const types = await story(house, id)
    expect(types.slice(-3)).toEqual(['sign.completed', 'tx.broadcast', 'tx.settled'])
    const coin = pays(sim, { ...coins, amount: 400_000n })
    await untilState(walk, await house.submit(coin), 'SETTLED')
    expect(sim.balances.get(twenty(coin.to))).toBe(400_000n)
    expect(sim.sent).toHaveLength(2)
  })

  it('of a token that says yes and moves nothing settles with an alarm, and others with none', async () => {
    const walk = await open()
    const { house, sim, anvil } = walk
    const short = () => house.events.filter(({ name }) => name === 'transaction.short')
    await untilState(walk, await house.submit(pays(sim)), 'SETTLED')
    expect(short()).toEqual([])
    // STOP: every call succeeds, and nothing happens.
    await anvil.call('anvil_setCode', [`0x${tronToken}`, '0x00'])
    const lost = pays(sim, { amount: 300_000n })
    await untilState(walk, await house.submit(lost), 'SETTLED')
    expect(short().map(({ because }) => because)).toEqual([
      'expected 300000 base units to arrive, got 0',
    ])
  })

  it('is sent once more as the same bytes while answers say nothing, and pays once', async () => {
    const walk = await open()
    const { house, sim } = walk
    sim.answers = ['SERVER_BUSY', 'OTHER_ERROR', 'NO_CONNECTION', 'BLOCK_UNSOLIDIFIED']
    const id = await house.submit(pays(sim))
    await untilState(walk, id, 'SETTLED')
    expect(sim.sent).toHaveLength(1)
    const types = await story(house, id)
    expect(types.filter((type) => type === 'session.started')).toHaveLength(1)
  })

  it('is dropped when its life ended and no block has it, and never built anew', async () => {
    const walk = await open()
    const { house, sim } = walk
    sim.isStuck = true
    const id = await house.submit(pays(sim))
    await untilState(walk, id, 'BROADCAST')
    await house.jump(9 * 60_000)
    await sim.mine(3)
    expect(await house.state(id)).toBe('BROADCAST')
    await house.jump(9 * 60_000)
    await sim.mine(3)
    expect(await house.state(id)).toBe('BROADCAST')
    await house.jump(4 * 60_000)
    await sim.mine(3)
    await untilState(walk, id, 'DROPPED')
    expect(new Set(sim.sent).size).toBe(1)
  })
})
