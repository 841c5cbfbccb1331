// The first walk in a whole house: real nodes, a real coordinator, a chain, and nothing in between but
// frames. What people asked for happens once, and a stranger can check it afterwards.
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { payout } from '../coordinator/world.ts'
import type { House } from '../kit/house.ts'
import { openHouse } from '../kit/house-open.ts'

let house: House
beforeAll(async () => {
  house = await openHouse()
})
afterAll(() => house.close())

describe('a house of three nodes', () => {
  it('pays a small amount by itself', async () => {
    const id = await house.submit(payout())
    await house.untilState(id, 'SETTLED')
    expect(house.record.sharesOf(id)).toHaveLength(2)
    expect(house.chain.mined.size).toBe(1)
  })

  it('pays a large amount when two people of two roles have approved, and not before', async () => {
    const id = await house.submit(payout({ amount: 30_000_000_000n }))
    await house.untilState(id, 'AWAITING_APPROVAL')
    expect(await house.approve(id, 'ana', 'ops')).toBe('recorded')
    await house.pass(20_000)
    expect(await house.state(id)).toBe('AWAITING_APPROVAL')
    expect(house.record.accepted.filter(({ value }) => value.intent === id)).toEqual([])
    expect(await house.approve(id, 'eli', 'treasury')).toBe('recorded')
    await house.untilState(id, 'SETTLED')
    expect(house.record.sharesOf(id)).toHaveLength(2)
  })

  it('leaves an Export that a stranger finds OK', async () => {
    await house.pass(2_000)
    const report = await house.verify()
    expect(report.findings).toEqual([])
    expect(report.word).toBe('OK')
    expect(report.checked.signatures).toBe(2)
  })
})
