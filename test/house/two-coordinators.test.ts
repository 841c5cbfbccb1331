// Two coordinators at once over one database, both with streams to every node. They race for lines and
// for requests; the lock on the head orders them, and nodes let the higher attempt win. One effect.
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Digest } from '../../proto/ids.ts'
import { isRefusal } from '../../proto/refusal.ts'
import { as, decision } from '../coordinator/house.ts'
import { payout, signIntent } from '../coordinator/world.ts'
import { type House, names } from '../kit/house.ts'
import { breaches, linesOf } from '../kit/house-checks.ts'
import { openHouse } from '../kit/house-open.ts'

const both = ['c1', 'c2'] as const
let house: House
beforeAll(async () => {
  house = await openHouse({ seed: 'two', coordinators: both })
})
afterAll(() => house.close())

const intent = (amount: bigint) => payout({ amount, created: house.time.now })

async function stateAt(name: string, id: Digest): Promise<string> {
  const shown = await house.during(house.coordinator(name).requests.find({ id }))
  return isRefusal(shown) ? shown.code : shown.state
}

describe('two coordinators', () => {
  it('that hear the same request and the same approval write them once and answer the same', async () => {
    const signed = signIntent(intent(2_000_000_000n))
    const submitted = await house.during(
      Promise.all(both.map((name) => house.coordinator(name).requests.submit(signed, []))),
    )
    const ids = submitted.map((one) => {
      if (isRefusal(one)) throw new Error(one.because)
      return one.kind === 'request' ? one.shown.id : one.id
    })
    const [id] = ids
    expect(new Set(ids).size).toBe(1)
    const clock = { now: () => house.time.now }
    await house.untilState(id!, 'AWAITING_APPROVAL')
    const coordinator = house.coordinator('c1')
    const approval = await house.during(decision({ coordinator, clock }, id!, as('ana', 'ops')))
    const recorded = await house.during(
      Promise.all(both.map((name) => house.coordinator(name).decisions.decide(approval))),
    )
    expect(new Set(recorded.map((one) => (isRefusal(one) ? one.code : one.seq))).size).toBe(1)
    await house.untilState(id!, 'SETTLED')
    for (const name of both) expect(await stateAt(name, id!)).toBe('SETTLED')
    const lines = await house.story(id!)
    for (const type of ['intent.created', 'approval.recorded', 'spend.reserved'] as const) {
      expect(linesOf(lines, type)).toHaveLength(1)
    }
  })

  it('that hear the same cancel write it once and answer the same', async () => {
    const id = await house.submit(intent(2_500_000_000n))
    const cancelled = await house.during(
      Promise.all(both.map((name) => house.coordinator(name).requests.cancel(id, 'svc-payouts'))),
    )
    const states = cancelled.map((one) => (isRefusal(one) ? one.code : one.state))
    expect(states).toEqual(['CANCELLED', 'CANCELLED'])
    expect(linesOf(await house.story(id), 'intent.cancelled')).toHaveLength(1)
  })

  it('that both drive one request, because no lease holds, have one effect', async () => {
    const ids = [await house.submit(intent(3_000_001n)), await house.submit(intent(3_000_002n))]
    await house.until('all settled', async () => {
      await house.store.query('update job set lease_until = 0')
      const states = await Promise.all(ids.map((id) => house.state(id)))
      return states.every((state) => state === 'SETTLED')
    })
    for (const id of ids) {
      const started = linesOf(await house.story(id), 'session.started')
      expect(new Set(started.map(({ body }) => body.slot)).size).toBe(1)
      expect(linesOf(await house.story(id), 'tx.settled')).toHaveLength(1)
    }
  })

  it('of which the one that drives is left with one node: the other one has them all, and goes on', async () => {
    house.down = ({ coordinator }, frame) => {
      if (frame.frame !== 'envelope') return frame
      house.down = (_place, other) => other
      for (const node of names.slice(1)) house.wires.pull({ node, coordinator })
      return undefined
    }
    const id = await house.submit(intent(5_000_000n))
    await house.untilState(id, 'SETTLED')
    house.wires.plugAll()
    await house.pass(1_000)
  })

  it('of which one dies in the rounds: the other goes on when the lease is over', async () => {
    house.down = ({ coordinator }, frame) => {
      if (frame.frame !== 'envelope') return frame
      house.down = (_place, other) => other
      house.killCoordinator(coordinator)
      return undefined
    }
    const id = await house.submit(intent(4_000_000n))
    await house.untilState(id, 'SETTLED')
    expect(both.filter((name) => house.isUp(name))).toHaveLength(1)
    const attempts = linesOf(await house.story(id), 'session.started')
    expect(attempts).toHaveLength(2)
    expect(new Set(attempts.map(({ body }) => body.bytes)).size).toBe(1)
  })

  it('break no rule that the world can check', async () => {
    await house.pass(2_000)
    expect(await breaches(house)).toEqual([])
  })
})
