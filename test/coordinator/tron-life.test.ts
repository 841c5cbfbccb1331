// A Tron network that takes blocks back, is away for an hour, or never takes what was sent: the same
// bytes are sent again, nothing is paid twice, and nothing is built anew. Whatever can land settles;
// what no block took while it lived is DROPPED, and only then. A coordinator with scripted nodes over
// a stand-in whose blocks are solid when nineteen lie on top, as on the main network.
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import { anvilInstalled } from '../kit/anvil.ts'
import { pgliteEngine } from './store-kit.ts'
import { minute, solidAfter, TronWalk } from './tron-walk.ts'

vi.mock('../policy/dev-fixture.ts', async (original) => {
  const fixture = await original<typeof import('../policy/dev-fixture.ts')>()
  const { tronDocuments } = await import('../kit/tron-documents.ts')
  return { ...fixture, ...tronDocuments(fixture) }
})

/** By a rule that gives two hours to begin, when somebody has approved. */
const mid = 2_000_000_000n

const engine = pgliteEngine()
let walk: TronWalk
let to: string

describe.runIf(anvilInstalled)('a Tron network', () => {
  beforeAll(async () => {
    walk = await TronWalk.open(await engine.fresh())
    to = walk.payment().to
  })
  afterEach(() => {
    Object.assign(walk.chain.sim, { isStuck: false, isAway: false })
  })
  afterAll(() => walk?.close())

  it('that takes twelve blocks back gets the same bytes again, and a payment is paid once', async () => {
    const before = await walk.chain.held(to)
    const [one, other] = [walk.payment(), walk.payment()]
    const deep = await walk.sent(one)
    await walk.blocks(5)
    const lost = await walk.sent(other)
    await walk.blocks(1)
    const [deepAt, lostAt] = [await walk.heightOf(deep), await walk.heightOf(lost)]
    await walk.blocks(11)
    expect(lostAt).toBe(walk.chain.sim.height - 11)
    expect(await walk.house.state(lost)).toBe('BROADCAST')
    expect((await walk.chain.held(to)) - before).toBe(one.amount + other.amount)
    const bytes = walk.chain.sim.sent.at(-1)!

    await walk.chain.sim.takeBack(12)
    expect(await walk.heightOf(lost)).toBeUndefined()
    expect(await walk.heightOf(deep)).toBe(deepAt)
    expect((await walk.chain.held(to)) - before).toBe(one.amount)
    await walk.until('it is sent again', async () => walk.times(bytes) === 2)
    expect(await walk.house.state(lost)).toBe('BROADCAST')
    for (const id of [deep, lost]) await walk.untilState(id, 'SETTLED')
    const again = await walk.heightOf(lost)
    expect(again).toBeGreaterThan(lostAt!)
    expect(await walk.told(deep)).toEqual({ attempts: 1, heights: [deepAt] })
    expect(await walk.told(lost)).toEqual({ attempts: 1, heights: [again] })
    await walk.blocks(solidAfter)
    expect(walk.times(bytes)).toBe(2)
    expect((await walk.chain.held(to)) - before).toBe(one.amount + other.amount)
  })

  it('that takes a payment back for ever has it dropped when its life is over, and not before', async () => {
    const before = await walk.chain.held(to)
    const id = await walk.sent(walk.payment())
    await walk.blocks(2)
    expect(await walk.heightOf(id)).toBeGreaterThan(1)
    walk.chain.sim.isStuck = true
    await walk.chain.sim.takeBack(12)
    for (const wait of [9, 9]) {
      await walk.away(wait * minute)
      await walk.blocks(solidAfter + 2)
      expect(await walk.house.state(id)).toBe('BROADCAST')
    }
    await walk.away(3 * minute)
    await walk.untilState(id, 'DROPPED')
    expect(await walk.told(id)).toEqual({ attempts: 1, heights: [] })
    expect(await walk.chain.held(to)).toBe(before)
  })

  it('that is away for an hour took what was sent or forgot it, and what waited begins', async () => {
    const before = await walk.chain.held(to)
    const [one, other, third, fourth] = [
      ...[walk.payment(), walk.payment(), walk.payment()],
      walk.payment(mid),
    ] as const
    const { sim } = walk.chain
    const mined = await walk.sent(one)
    await walk.blocks(1)
    const forgotten = await walk.sent(other)
    const bytes = sim.sent.at(-1)!
    sim.forget()
    const waits = await walk.sent(third)
    sim.isAway = true
    await walk.blocks(1)
    const ended = await walk.house.submit(walk.payment())
    const begins = await walk.approved(fourth)
    await walk.away(60 * minute)
    const sent = [mined, waits, forgotten]
    for (const id of sent) expect(await walk.house.state(id)).toBe('BROADCAST')
    // Its rule gave it ten minutes to begin: it is over, and nobody signed it.
    expect(await walk.house.state(ended)).toBe('EXPIRED')
    expect(await walk.told(ended)).toEqual({ attempts: 0, heights: [] })
    expect(walk.events.map(({ name }) => name)).toContain('endpoint.dead')
    // The endpoints are back and the blocks are not: the newest is an hour old.
    sim.isAway = false
    await walk.away(minute)
    for (const id of sent) expect(await walk.house.state(id)).toBe('BROADCAST')
    expect(['RESERVED', 'WAITING']).toContain(await walk.house.state(begins))
    expect(await walk.told(begins)).toEqual({ attempts: 0, heights: [] })
    await walk.untilState(forgotten, 'DROPPED')
    for (const id of [mined, waits, begins]) await walk.untilState(id, 'SETTLED')
    for (const id of [...sent, begins]) expect(await walk.told(id)).toMatchObject({ attempts: 1 })
    expect(walk.times(bytes)).toBe(1)
    const paid = one.amount + third.amount + fourth.amount
    expect((await walk.chain.held(to)) - before).toBe(paid)
  }, 600_000)

  it('has one payment of a request, however often and by whomever it is asked for', async () => {
    const one = walk.payment()
    const id = await walk.sent(one)
    expect(await walk.house.submit(one)).toBe(id)
    const changed = { ...one, amount: one.amount + 1n }
    await expect(walk.house.submit(changed)).rejects.toThrow(/IDEMPOTENCY_CONFLICT/)
    const again = await walk.house.submit({ ...walk.payment(), amount: one.amount })
    expect(await walk.house.state(again)).toBe('DENIED')
    expect(await walk.told(again)).toEqual({ attempts: 0, heights: [] })
    await walk.untilState(id, 'SETTLED')
    expect(await walk.told(id)).toMatchObject({ attempts: 1 })
  })
})
