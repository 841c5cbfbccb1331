// A payment and its cancels race freely in one pool, by seed: blocks that take something or nothing,
// in whatever order; a pool that forgets; base fees that rise and fall; transactions that reach nobody
// although every endpoint says so; cancels that are asked for, withdrawn, and asked for again; nodes
// that are away; blocks taken back. Whatever lands settles, nothing is paid twice and nothing is lost.
// On a real EVM node, which is asked in the end and not believed before.
import { describe, expect, it, vi } from 'vitest'
import { verify } from '../../policy/audit/verify.ts'
import { anvilInstalled } from '../kit/anvil.ts'
import { isEvery } from '../kit/every-case.ts'
import { exportedFrom } from '../kit/house-export-files.ts'
import { Dice } from '../kit/house-time.ts'
import { cancelling, type EvmWalk, evmWalks, hotAddress, paidTo } from './evm-walk.ts'
import { payout } from './world.ts'

vi.mock('../policy/dev-fixture.ts', async (original) => {
  const fixture = await original<typeof import('../policy/dev-fixture.ts')>()
  const { withCancels } = await import('../kit/evm-documents.ts')
  return { ...fixture, ...withCancels(fixture) }
})

const walks = evmWalks()

const gwei = 1_000_000_000
const depth = 6
/** As the usual one of a coordinator. */
const stillMs = 300_000
const over = ['SETTLED', 'DROPPED', 'CANCELLED', 'EXPIRED']

interface Race {
  readonly on: EvmWalk
  readonly dice: Dice
  /** Amounts by request. */
  readonly payments: Map<string, bigint>
  readonly cancels: string[]
  /** Of those that were asked for; a cancel of what has ended is refused. */
  readonly refused: Set<string>
  /** For how long at most no block came that was higher than all: an endpoint that says nothing new is told. */
  longestMs: number
}

type Chance = (race: Race) => Promise<void>

let paid = 1_000_000n
async function pays({ on, payments }: Race): Promise<void> {
  paid += 1n
  const created = on.clock.now()
  const maxFee = 10n ** 16n
  const asked = payout({ amount: paid, maxFee, created, notAfter: created + 4 * 3_600_000 })
  payments.set(await on.house.submit(asked), paid)
}

async function cancels({ on, dice, payments, cancels, refused }: Race): Promise<void> {
  const created = on.clock.now()
  const notAfter = created + dice.pick([90_000, 600_000, 3_600_000])
  const asked = cancelling(dice.pick([...payments.keys()]), { created, notAfter })
  try {
    cancels.push(await on.house.submit(asked))
  } catch (error) {
    refused.add(error instanceof Error ? (error.message.split(':')[0] ?? '') : 'unknown')
  }
}

async function withdraws({ on, dice, cancels }: Race): Promise<void> {
  if (cancels.length === 0) return
  await on.house.coordinator.requests.cancel(dice.pick(cancels), 'svc-payouts')
}

/** Takes the base fee along, so that what is cheap has to wait. */
async function block({ on, dice }: Race): Promise<void> {
  const base = dice.pick([1, 1, 2, 4, 9, 30]) * gwei
  await on.anvil.call('anvil_setNextBlockBaseFeePerGas', [`0x${base.toString(16)}`])
  await on.mine(dice.pick([1, 1, 1, 2, 4]))
}

const chances: readonly (readonly [weight: number, Chance])[] = [
  [8, block],
  [4, cancels],
  [2, pays],
  [1, withdraws],
  [3, ({ on, dice }) => on.pass(dice.pick([2_000, 16_000, 40_000]))],
  // Long enough for fees to be raised.
  [2, ({ on }) => on.house.jump(150_000)],
  [2, async ({ on }) => void (await on.anvil.call('anvil_dropAllTransactions'))],
  [1, async ({ on }) => void (await on.anvil.call('anvil_reorg', [depth - 2, []]))],
  [
    2,
    // What is sent meanwhile reaches nobody, and every endpoint says that it was taken.
    async ({ on, dice }) => {
      const lies = { eth_sendRawTransaction: { instead: `0x${'7'.repeat(64)}` } }
      for (const proxy of on.proxies) proxy.lies = lies
      await on.pass(dice.pick([2_000, 20_000]))
      for (const proxy of on.proxies) proxy.lies = {}
    },
  ],
  [
    1,
    async ({ on, dice }) => {
      for (const node of on.house.nodes) node.script.silent = true
      await on.pass(dice.pick([5_000, 40_000]))
      for (const node of on.house.nodes) node.script.silent = false
    },
  ],
]

async function raced(on: EvmWalk, seed: string): Promise<Race> {
  const dice = new Dice(seed)
  const race: Race = {
    on,
    dice,
    payments: new Map(),
    cancels: [],
    refused: new Set(),
    longestMs: 0,
  }
  await pays(race)
  const all = chances.flatMap(([weight, chance]) => Array.from({ length: weight }, () => chance))
  let [highest, movedMs] = [0, on.clock.now()]
  for (let step = 0; step < 24; step += 1) {
    const begunMs = on.clock.now()
    await dice.pick(all)(race)
    const height = Number(await on.anvil.call('eth_blockNumber', []))
    if (height > highest) [highest, movedMs] = [height, begunMs]
    race.longestMs = Math.max(race.longestMs, on.clock.now() - movedMs)
  }
  return race
}

/** Time goes on, blocks take what they are given, and whatever could still land does. */
async function calmed({ on, payments, cancels }: Race): Promise<void> {
  await on.anvil.call('anvil_setNextBlockBaseFeePerGas', [`0x${gwei.toString(16)}`])
  const ids = [...payments.keys(), ...cancels]
  for (let tries = 0; tries < 120; tries += 1) {
    await on.mine(2)
    await on.pass(6_000)
    await on.house.jump(60_000)
    const states = await Promise.all(ids.map((id) => on.house.state(id)))
    if (states.every((state) => over.includes(state))) return
  }
}

async function held(seed: string): Promise<void> {
  const on = await walks({ endpoints: 2, confirmations: depth, timeoutMs: 2_000, stillMs })
  const { house } = on
  // What is taken back is never the beginning.
  await on.mine(2 * depth)
  const before = await on.held(paidTo)
  const race = await raced(on, seed)
  await calmed(race)
  const states = new Map<string, string>()
  for (const id of [...race.payments.keys(), ...race.cancels]) states.set(id, await house.state(id))
  const notes = [...house.coordinator.driver.notes.values()].map(({ because }) => because)
  const said = `${seed}: ${[...states.values(), ...notes].join(', ')}`
  // Nothing stays on its way for ever.
  for (const state of states.values()) expect(over, said).toContain(state)
  // What the log calls settled is what the chain paid, to the base unit, and nothing else was.
  const settled = [...race.payments].filter(([id]) => states.get(id) === 'SETTLED')
  const sum = settled.reduce((total, [, amount]) => total + amount, 0n)
  expect((await on.held(paidTo)) - before, said).toBe(sum)
  const landed = [...states.values()].filter((state) => state === 'SETTLED').length
  expect(await on.landed(), said).toBe(landed)
  // One settled request for each nonce: never both of a payment and its cancel.
  const nonces = new Set<string>()
  for (const [id, state] of states) {
    if (state !== 'SETTLED') continue
    const [reserved] = (await on.lines(id, 'spend.reserved')).slice(-1)
    const { slot = '' } = reserved as { slot?: string }
    expect(nonces.has(slot), `${said}; nonce ${slot}`).toBe(false)
    nonces.add(slot)
    const [line] = (await on.lines(id, 'tx.settled')) as { txid: string; height: string }[]
    const receipt = await on.anvil.call('eth_getTransactionReceipt', [line?.txid])
    expect(Object(receipt).status, said).toBe('0x1')
    expect(String(Object(receipt).from).toLowerCase()).toBe(hotAddress)
    expect(BigInt(Object(receipt).blockNumber), said).toBe(BigInt(line?.height ?? 0))
  }
  const told = ['endpoint.dead', ...(race.longestMs > stillMs ? ['endpoint.stale'] : [])]
  const alarms = house.events.filter(({ level, name }) => level === 'alarm' && !told.includes(name))
  expect(alarms, said).toEqual([])
  const exported = await exportedFrom(house.coordinator.proofs.ports)
  const { findings } = verify({ ...exported, nowMs: on.clock.now() })
  expect(findings, said).toEqual([])
  for (const code of race.refused) {
    expect(['REQUEST_ENDED', 'LINE_MISSING', 'NONCE', 'ONE_EFFECT'], said).toContain(code)
  }
}

const seeds = Array.from({ length: isEvery ? 40 : 6 }, (_, at) => `cancel-race-${at}`)

describe.runIf(anvilInstalled)('a payment and its cancels in one pool', () => {
  it.each(seeds)('settle by what lands, once, and lose nothing: %s', (seed) => held(seed), 600_000)
})
