// A node whose disk goes back, in a whole house: it accepts and releases nothing, cosigns nothing below
// what its key had signed, and signs again only after a refresh. Older disks and clones:
// `rollback-walks.test.ts`; many of them: `npm run storm -- rollback`.
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { House } from '../kit/house.ts'
import { pay } from '../kit/house-changes.ts'
import { linesOf } from '../kit/house-checks.ts'
import { openHouse, ready } from '../kit/house-open.ts'
import { Rollbacks, rulesBroken } from '../kit/rollback.ts'

let house: House
let disks: Rollbacks
beforeAll(async () => {
  house = await openHouse({ seed: 'rollback' })
  disks = new Rollbacks(house)
})
afterAll(() => house.close())

const settled = async () => house.untilState(await pay(house), 'SETTLED')
const events = (name: string, process: string) =>
  house.record.events.filter((one) => one.name === name && one.process === process)

describe('a node whose disk went back', () => {
  it('by both volumes at once is found out by the others, and rejoins by a refresh', async () => {
    const old = await disks.take('signer-a')
    house.coordinator().links.putLast(['signer-c'])
    await settled()
    expect(await disks.restore(old, 'all')).toMatchObject({ ended: 'refused', broken: [] })
    expect(await disks.rejoin('signer-a')).toEqual([])
    expect(events('rollback', 'signer-a').length).toBeGreaterThan(0)
    expect(events('rejoined', 'signer-a')).toHaveLength(1)
  })

  it('gives no counter of a receipt away twice when it signs again', async () => {
    await ready(house)
    house.coordinator().links.putLast(['signer-c'])
    const id = await pay(house)
    await house.untilState(id, 'SETTLED')
    const [last] = linesOf(await house.story(id), 'session.started').slice(-1)
    expect(last?.body.participants).toEqual(['signer-a', 'signer-b'])
    const own = house.record.shares.filter(({ node }) => node === 'signer-a')
    const counters = own.map(({ value }) => value.counter)
    expect(new Set(counters).size).toBe(counters.length)
    const receipts = linesOf(await house.entries(), 'share.receipt')
    const logged = receipts.filter(({ body }) => body.node === 'signer-a')
    expect(logged.map(({ body }) => body.counter)).toEqual(counters)
  })
})

describe('a house whose disks went back', () => {
  it('breaks no rule that the world can check, and a stranger finds the Export OK', async () => {
    expect(await rulesBroken(house)).toEqual([])
  })
})
