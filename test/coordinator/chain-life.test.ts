// A chain that takes blocks back, is away for an hour, or becomes dear, under payments that were sent:
// the same bytes are sent again, each is paid once, and in the end all settle. On a real EVM node.
import { afterEach, describe, expect, it } from 'vitest'
import { anvilInstalled } from '../kit/anvil.ts'
import { type EvmWalk, type EvmWalkOptions, evmWalk, paidTo } from './evm-walk.ts'
import { as, decision, type House } from './house.ts'
import { pgliteEngine } from './store-kit.ts'
import { payout } from './world.ts'

const engine = pgliteEngine()
const walks: EvmWalk[] = []
const gwei = 1_000_000_000n

afterEach(async () => {
  for (const walk of walks.splice(0)) await walk.close()
})

async function opened(options: Partial<EvmWalkOptions> = {}): Promise<EvmWalk> {
  const walk = await evmWalk(await engine.fresh(), { endpoints: 2, timeoutMs: 2_000, ...options })
  walks.push(walk)
  return walk
}

async function later<T>(house: House, work: () => Promise<T>): Promise<T> {
  await house.jump(1_800_000)
  return work()
}

let paid = 1_000_000n
/** Each another amount: two of the same look like one asked for twice. */
function asked(walk: EvmWalk, maxFee = 10n ** 16n) {
  paid += 1n
  const created = walk.clock.now()
  return payout({ amount: paid, created, notAfter: created + 4 * 3_600_000, maxFee })
}

async function sent(walk: EvmWalk, maxFee?: bigint): Promise<string> {
  const id = await walk.house.submit(asked(walk, maxFee))
  await walk.untilState(id, 'BROADCAST')
  return id
}

/** Nothing is in a block, or ever comes into one, until the test says so. */
const priced = (walk: EvmWalk, base: bigint) =>
  walk.anvil.call('anvil_setNextBlockBaseFeePerGas', [`0x${base.toString(16)}`])

const shownTxid = async (walk: EvmWalk, id: string): Promise<string> => {
  const [line] = await walk.lines(id, 'sign.completed')
  return line !== undefined && 'txid' in line ? String(line.txid) : ''
}

const attempts = async (walk: EvmWalk, id: string) =>
  (await walk.lines(id, 'session.started')).length

async function heightOf(walk: EvmWalk, id: string): Promise<number | undefined> {
  const hash = await shownTxid(walk, id)
  const receipt = await walk.anvil.call('eth_getTransactionReceipt', [hash])
  return receipt === null ? undefined : Number(Object(receipt).blockNumber)
}

describe.skipIf(!anvilInstalled)('twelve blocks that are taken back', () => {
  it('take a sent payment with them: the same bytes are sent again, and pay once', async () => {
    const walk = await opened({ confirmations: 15 })
    const before = await walk.held(paidTo)
    const final = await sent(walk)
    await walk.mine()
    await walk.mine(15)
    await walk.untilState(final, 'SETTLED')
    const [closed] = await walk.lines(final, 'tx.settled')
    const deep = await sent(walk)
    await walk.mine(3)
    const lost = await sent(walk)
    await walk.mine()
    await walk.pass(2_000)
    const [deepAt, lostAt] = [await heightOf(walk, deep), await heightOf(walk, lost)]
    await walk.mine(11)
    await walk.pass(2_000)
    expect(await walk.house.state(lost)).toBe('BROADCAST')

    await walk.anvil.call('anvil_reorg', [12, []])
    expect(await heightOf(walk, lost)).toBeUndefined()
    expect(await heightOf(walk, deep)).toBe(deepAt)
    await walk.pass(20_000)
    expect(await walk.house.state(lost)).toBe('BROADCAST')
    await walk.mine()
    const again = await heightOf(walk, lost)
    expect(again).toBeGreaterThan(lostAt!)
    await walk.mine(15)
    for (const id of [deep, lost]) await walk.untilState(id, 'SETTLED')
    expect(await walk.lines(deep, 'tx.settled')).toMatchObject([{ height: String(deepAt) }])
    expect(await walk.lines(lost, 'tx.settled')).toMatchObject([{ height: String(again) }])
    expect(await walk.lines(final, 'tx.settled')).toEqual([closed])
    for (const id of [final, deep, lost]) expect(await attempts(walk, id)).toBe(1)
    expect(await walk.landed()).toBe(3)
    expect((await walk.held(paidTo)) - before).toBe(paid * 3n - 3n)
  })
})

describe.skipIf(!anvilInstalled)('a network that says what is final', () => {
  const finalized = { confirmations: 1, finality: 'finalized', flags: ['--slots-in-an-epoch', '4'] }
  const options = finalized as Partial<EvmWalkOptions>

  it('settles what it finalized, whatever lies on top', async () => {
    const walk = await opened(options)
    const id = await sent(walk)
    await walk.mine()
    const height = (await heightOf(walk, id))!
    await walk.mine(3)
    const tag = async () =>
      Number(Object(await walk.anvil.call('eth_getBlockByNumber', ['finalized', false])).number)
    expect(await tag()).toBeLessThan(height)
    await walk.pass(4_000)
    expect(await walk.house.state(id)).toBe('BROADCAST')
    // One that lies about it does not settle the payment.
    const far = { number: '0xffffff' }
    const [liar] = walk.proxies
    liar!.lies = {
      eth_getBlockByNumber: (block, [at]) =>
        at === 'finalized' ? { ...Object(block), ...far } : block,
    }
    await walk.pass(4_000)
    expect(await walk.house.state(id)).toBe('BROADCAST')
    while ((await tag()) < height) await walk.mine()
    await walk.untilState(id, 'SETTLED')
    expect(await walk.lines(id, 'tx.settled')).toMatchObject([{ height: String(height) }])
  })

  it('settles nothing by endpoints that do not know the tag', async () => {
    const walk = await opened(options)
    const id = await sent(walk)
    for (const proxy of walk.proxies) {
      proxy.lies = { eth_getBlockByNumber: { error: 'unknown block tag' } }
    }
    await walk.mine(20)
    await walk.pass(4_000)
    expect(await walk.house.state(id)).toBe('BROADCAST')
    for (const proxy of walk.proxies) proxy.lies = {}
    await walk.untilState(id, 'SETTLED')
  })
})

describe.skipIf(!anvilInstalled)('a chain that is away for an hour', () => {
  it('loses nothing: what was sent settles, and what was asked for meanwhile and has not ended', async () => {
    const walk = await opened()
    const { house, proxies } = walk
    const before = await walk.held(paidTo)
    const first = await sent(walk)
    for (const proxy of proxies) proxy.lies = { '*': 'reset' }
    // It had not said anything yet, and forgets what it had.
    await walk.anvil.call('anvil_dropAllTransactions')
    const ended = await house.submit(asked(walk))
    // By another rule, which gives it more time.
    const large = async () => {
      const amount = paid + 2_000_000_000n
      const id = await house.submit({ ...asked(walk), amount })
      await house.coordinator.decisions.decide(await decision(house, id, as('ana', 'ops')))
      await walk.pass(5_000)
      return { id, amount }
    }
    const [second, third] = [await large(), await later(house, large)]
    await house.jump(1_800_000)
    // Its rule gave it ten minutes to begin.
    expect(await house.state(ended)).toBe('EXPIRED')
    expect(await house.state(first)).toBe('BROADCAST')
    for (const { id } of [second, third]) {
      expect(['RESERVED', 'WAITING']).toContain(await house.state(id))
    }
    expect(house.events.map(({ name }) => name)).toContain('endpoint.dead')
    for (const proxy of proxies) proxy.lies = {}
    await house.jump(60_000)
    const all = [first, second.id, third.id]
    for (const id of all) await walk.untilState(id, 'SETTLED', 'mining')
    expect(await walk.landed()).toBe(3)
    const small = paid - 3n
    expect((await walk.held(paidTo)) - before).toBe(small + second.amount + third.amount)
    for (const id of all) expect(await attempts(walk, id)).toBe(1)
    expect(await attempts(walk, ended)).toBe(0)
  }, 240_000)
})

describe.skipIf(!anvilInstalled)('a chain that becomes dear', () => {
  it('takes the same effect for more, as far as the fee may go; then it waits', async () => {
    const walk = await opened()
    const before = await walk.held(paidTo)
    const dear = async (base: bigint) => {
      await priced(walk, base)
      await walk.mine()
      await priced(walk, base)
    }
    await dear(gwei)
    const id = await sent(walk, 10n ** 15n)
    const lines = () => walk.lines(id, 'session.started')
    await dear(6n * gwei)
    expect(await heightOf(walk, id)).toBeUndefined()
    await walk.house.jump(150_000)
    await walk.until('a bump', async () => (await lines()).length === 2)
    await walk.untilState(id, 'BROADCAST')
    const [first, second] = await lines()
    expect(Object(second).slot).toBe(Object(first).slot)
    // More than `maxFee` allows: nothing more is signed, and the payment waits.
    await dear(500n * gwei)
    await walk.house.jump(600_000)
    await walk.pass(3_000)
    expect(await lines()).toHaveLength(2)
    expect(await walk.house.state(id)).toBe('BROADCAST')
    await dear(gwei)
    await walk.untilState(id, 'SETTLED', 'mining')
    expect(await walk.landed()).toBe(1)
    expect((await walk.held(paidTo)) - before).toBe(paid)
  })
})
