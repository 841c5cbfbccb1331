// A coordinator that dies in any state: the next one goes on from the lines alone, with nothing but
// the database. The dead one's clock stands still, so it does nothing any more.
import { afterEach, describe, expect, it } from 'vitest'
import type { Store } from '../../coordinator/store/store.ts'
import { type House, type HouseOptions, houseOn, scriptedChain, story } from './house.ts'
import { scriptedNode } from './scripted-node.ts'
import { pgliteEngine, postgresEngine, programs } from './store-kit.ts'
import { nodes, payout, testClock } from './world.ts'

const engine = pgliteEngine()
const houses: House[] = []

afterEach(async () => {
  for (const house of houses.splice(0)) await house.stop()
})

/** The same store, nodes and chain under a new coordinator, after the old lease has run out. */
async function successor(store: Store, dead: House, options: HouseOptions = {}): Promise<House> {
  const clock = testClock(dead.clock.now() + 30_000)
  const fresh = nodes.map((name) => scriptedNode(name, clock))
  const { chain } = dead
  const house = await houseOn(store, { clock, chain, nodes: fresh, keys: [], ...options })
  houses.push(house)
  return house
}

async function dead(store: Store): Promise<House> {
  return houseOn(store, { chain: scriptedChain() })
}

describe('another coordinator goes on', () => {
  it('from RESERVED: it builds and signs', async () => {
    const store = await engine.fresh()
    const old = await dead(store)
    old.chain.reverts = true
    const id = await old.submit(payout())
    await old.untilState(id, 'RESERVED')
    old.chain.reverts = false
    old.chain.depth = 1
    const house = await successor(store, old)
    await house.untilState(id, 'SETTLED')
  })

  it('from SIGNING: it ends the attempt that nobody runs, and signs the same bytes again', async () => {
    const store = await engine.fresh()
    const old = await dead(store)
    for (const node of old.nodes) node.script.silent = true
    const id = await old.submit(payout())
    await old.untilState(id, 'SIGNING')
    old.chain.depth = 1
    const house = await successor(store, old)
    await house.untilState(id, 'SETTLED')
    const all = await story(house, id)
    expect(all.filter((type) => type === 'session.started')).toHaveLength(2)
    expect(all).toContain('session.aborted')
    expect(new Set(house.chain.sent).size).toBe(1)
  })

  it('from SIGNED: it sends what was signed', async () => {
    const store = await engine.fresh()
    const old = await dead(store)
    old.chain.answer = { kind: 'refused', because: 'not now' }
    const id = await old.submit(payout())
    await old.untilState(id, 'SIGNED')
    old.chain.answer = { kind: 'taken' }
    old.chain.depth = 1
    const house = await successor(store, old)
    await house.untilState(id, 'SETTLED')
    expect(new Set(house.chain.sent).size).toBe(1)
  })

  it('from BROADCAST: it follows to the end', async () => {
    const store = await engine.fresh()
    const old = await dead(store)
    const id = await old.submit(payout())
    await old.untilState(id, 'BROADCAST')
    old.chain.depth = 1
    const house = await successor(store, old)
    await house.untilState(id, 'SETTLED')
  })

  it('from WAITING and AWAITING_APPROVAL: it judges again and expires', async () => {
    const store = await engine.fresh()
    const old = await dead(store)
    for (const node of old.nodes) node.say('draining')
    const waiting = await old.submit(payout())
    const awaiting = await old.submit(payout({ amount: 2_000_000_000n }))
    await old.untilState(waiting, 'WAITING')
    old.chain.depth = 1
    const house = await successor(store, old)
    await house.untilState(waiting, 'SETTLED')
    await house.jump(2 * 3_600_000)
    await house.untilState(awaiting, 'EXPIRED')
  })
})

describe('two coordinators at once', () => {
  it('drive each request once, because one of them has the lease', async () => {
    const store = await engine.fresh()
    const one = await houseOn(store)
    houses.push(one)
    one.chain.depth = 1
    const { clock, chain } = one
    const other = nodes.map((name) => scriptedNode(name, clock))
    const two = await houseOn(store, { clock, chain, nodes: other, keys: [] })
    houses.push(two)
    const ids = [await one.submit(payout()), await two.submit(payout({ amount: 9_000_000n }))]
    for (const id of ids) {
      await one.until('settled', async () => {
        await two.coordinator.tick()
        return (await one.state(id)) === 'SETTLED'
      })
      const all = await story(one, id)
      expect(all.filter((type) => type === 'tx.settled')).toHaveLength(1)
      expect(all.filter((type) => type === 'sign.completed')).toHaveLength(1)
    }
  })
})

describe.skipIf(programs === undefined)('two coordinators over PostgreSQL', () => {
  const postgres = postgresEngine()

  it('take turns at the head, and every request goes its way once', async () => {
    const one = await houseOn(await postgres.fresh())
    const { clock, chain } = one
    const twins = nodes.map((name) => scriptedNode(name, clock))
    const two = await houseOn(postgres.again(), { clock, chain, nodes: twins, keys: [] })
    houses.push(one, two)
    chain.depth = 1
    const ids = await Promise.all(
      Array.from({ length: 8 }, (_, at) =>
        (at % 2 === 0 ? one : two).submit(payout({ amount: 1_000_000n + BigInt(at) })),
      ),
    )
    for (const id of ids) {
      await one.until('settled', async () => {
        await two.coordinator.tick()
        return (await one.state(id)) === 'SETTLED'
      })
      const all = await story(one, id)
      for (const type of ['spend.reserved', 'sign.completed', 'tx.settled']) {
        expect(all.filter((line) => line === type)).toHaveLength(1)
      }
    }
    expect(new Set(chain.sent).size).toBe(8)
  })
})
