// Two payments that rooms have signed, and one limit that has room for one of them: whatever held
// them back, and however long, no window has more go out than the limit of today.
import { afterEach, describe, expect, it } from 'vitest'
import type { Intent } from '../../policy/intent.ts'
import type { Digest } from '../../proto/ids.ts'
import { isRefusal } from '../../proto/refusal.ts'
import type { Loose } from '../policy/dev-fixture.ts'
import { board, type ColdHouse, coldHouse, release } from './cold-house.ts'
import { hour, plannedAgain, plannedRelease, put } from './cold-planned.ts'
import { roomOf } from './cold-room.ts'
import { ColdRoots, type Edit } from './cold-roots.ts'
import { pgliteEngine } from './store-kit.ts'

const engine = pgliteEngine()
const houses: ColdHouse[] = []
afterEach(async () => {
  for (const house of houses.splice(0)) await house.stop()
})

const day = 24 * hour
const record = (change: object): Edit => {
  return (json) => {
    json.records = json.records.map((one: Loose) => ({ ...one, ...change }))
  }
}
const removed = { book: record({ status: 'removed', version: 2 }) }
const back = { book: record({ status: 'active', version: 1 }) }
/** Who may be of risk; and of ten million in seven days, which hold one of two payments. */
const ten = (...risk: string[]): Edit => {
  return (json) => {
    json.roles.risk.members = risk
    json.limits.find(({ id }: Loose) => id === 'cold-7d').max = '10000000'
  }
}

type Planned = Awaited<ReturnType<typeof plannedRelease>>['plan']

/** Prepares and signs it; brings it home when told, and says why it is held back. */
async function signed(house: ColdHouse, plan: Planned) {
  const { ceremonies } = house.coordinator
  const prepared = await house.during(ceremonies.prepare(plan.digest))
  if (isRefusal(prepared)) throw new Error(`${prepared.code}: ${prepared.because}`)
  const files = (await roomOf(house, plan)).carriedOut()
  return async (): Promise<string> => {
    const of = await put(house, plan.digest, files)
    const answer = await house.during(ceremonies.import(of, []))
    if (isRefusal(answer)) throw new Error(`${answer.code}: ${answer.because}`)
    return answer.results.find(({ line }) => line === 'sign.completed')?.kept ?? 'no signature'
  }
}

async function shown({ coordinator }: ColdHouse, id: Digest) {
  const found = await coordinator.requests.find({ id })
  if (isRefusal(found)) throw new Error(found.because)
  return found
}

async function asked(house: ColdHouse, change: Partial<Intent>, risky: string): Promise<Digest> {
  const request = await house.submit(release(house.clock, change))
  await house.approve(request, ...board.slice(0, 2), [risky, 'risk'])
  await house.until('reserved', async () => (await house.state(request)) === 'RESERVED')
  return request
}

const amount = 6_000_000_000_000n

describe('two payments that a room has signed, each above half of a limit', () => {
  it('do not go out together when what held both is over, however old the first is', async () => {
    const house = await coldHouse(await engine.fresh())
    houses.push(house)
    const roots = new ColdRoots(house)
    const first = await plannedRelease(house, 72 * hour, { amount })
    const home = await signed(house, first.plan)
    await roots.succeed({ policy: ten('pia', 'gus') })
    expect(await home()).toContain('QUORUM N21')
    await house.jump(8 * day)
    const second = await asked(house, { amount }, 'pia')
    const homeToo = await signed(house, await plannedAgain(house, second, { root: roots.digest }))
    await roots.succeed({ policy: ten('oli', 'pia', 'gus'), ...removed })
    expect(await homeToo()).toContain('DEST_UNKNOWN N10')
    expect(house.chain.sent).toEqual([])
    await roots.succeed(back)
    await house.pass(30_000)
    expect(await house.state(first.request)).toBe('BROADCAST')
    expect(await house.state(second)).toBe('SIGNED')
    // The same bytes again and again, as of whatever was sent and is in no block.
    expect(new Set(house.chain.sent).size).toBe(1)
    const { signedTransaction, reasons } = await shown(house, second)
    expect(signedTransaction).toHaveLength(0)
    expect(reasons.map(({ code }) => code)).toEqual(['LIMIT'])
    await house.jump(7 * day)
    await house.until('sent too', async () => (await house.state(second)) === 'BROADCAST')
  }, 600_000)

  it('count from when they went: what comes home after one that went late waits for it', async () => {
    const house = await coldHouse(await engine.fresh())
    houses.push(house)
    const roots = new ColdRoots(house)
    const first = await plannedRelease(house, 72 * hour, { amount })
    const home = await signed(house, first.plan)
    await roots.succeed({ policy: ten('pia', 'gus') })
    expect(await home()).toContain('QUORUM N21')
    await house.jump(8 * day)
    await roots.succeed({ policy: ten('oli', 'pia', 'gus') })
    await house.until('sent', async () => (await house.state(first.request)) === 'BROADCAST')
    house.chain.depth = 1
    await house.until('settled', async () => (await house.state(first.request)) === 'SETTLED')
    await house.jump(day)
    const second = await asked(house, { amount }, 'pia')
    const plan = await plannedAgain(house, second, { root: roots.digest })
    expect(await (await signed(house, plan))()).toContain('LIMIT N22')
    await house.pass(11_000)
    expect(new Set(house.chain.sent).size).toBe(1)
    await house.jump(6 * day)
    await house.until('sent too', async () => (await house.state(second)) !== 'SIGNED')
  }, 600_000)

  it('leave the room of one that nothing lets go to the next', async () => {
    const house = await coldHouse(await engine.fresh())
    houses.push(house)
    const roots = new ColdRoots(house)
    const first = await plannedRelease(house, 72 * hour, { amount })
    const home = await signed(house, first.plan)
    await roots.succeed({ policy: ten('pia', 'gus') })
    expect(await home()).toContain('QUORUM N21')
    await house.jump(8 * day)
    const second = await asked(house, { amount }, 'pia')
    const plan = await plannedAgain(house, second, { root: roots.digest })
    expect(await (await signed(house, plan))()).toBe('')
    await house.until('sent', async () => (await house.state(second)) === 'BROADCAST')
    await roots.succeed({ policy: ten('oli', 'pia', 'gus') })
    await house.pass(11_000)
    const { state, reasons } = await shown(house, first.request)
    expect([state, ...reasons.map(({ code }) => code)]).toEqual(['SIGNED', 'LIMIT'])
  }, 600_000)
})
