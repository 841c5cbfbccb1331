// What the coordinator of a cold log begins for a room: nothing for a vault whose key signs
// elsewhere, and what its policy asks for.
import { afterEach, describe, expect, it } from 'vitest'
import { digestOfText } from '../../policy/document.ts'
import { tags } from '../../proto/tags.ts'
import { board, type ColdHouse, coldHouse, policyText, release, rootText } from './cold-house.ts'
import { hour, plannedAgain, plannedRelease, typesAbout } from './cold-planned.ts'
import { pgliteEngine } from './store-kit.ts'

const engine = pgliteEngine()
const houses: ColdHouse[] = []
afterEach(async () => {
  for (const house of houses.splice(0)) await house.stop()
})

function policyWith(transactions: readonly string[]) {
  const rules = JSON.parse(policyText)
  for (const network of Object.values<object>(rules.networks)) {
    Object.assign(network, { transactions })
  }
  const text = JSON.stringify(rules)
  return { text, digest: digestOfText(tags.policy, text) }
}

async function found(house: ColdHouse, nonce: string): Promise<void> {
  house.chain.consumedSlots.add(nonce)
  await house.jump(330_000)
  await house.until('an alarm', () => house.events.some(({ name }) => name === 'nonce.foreign'))
}

describe('a cold vault whose key signs elsewhere', () => {
  it('gets no reservation more, and nothing of it goes into a room', async () => {
    const house = await coldHouse(await engine.fresh())
    houses.push(house)
    const { request, plan } = await plannedRelease(house)
    await found(house, '1')
    const { ceremonies } = house.coordinator
    expect(await house.during(ceremonies.prepare(plan.digest))).toMatchObject({ code: 'FROZEN' })
    expect(await house.state(request)).toBe('RESERVED')
    expect(await typesAbout(house, 'session.started')).toEqual([])
    await house.during(ceremonies.abort(plan.digest, 'COORDINATOR'))
    const next = await house.submit(release(house.clock, { amount: 2_000_000n }))
    await house.approve(next, ...board)
    await house.pass(5_000)
    expect(await house.state(next)).toBe('WAITING')
  }, 60_000)
})

describe('a cold payment on a network of older transactions', () => {
  it('is prepared for its room in the form that the policy asks for', async () => {
    const older = policyWith(['legacy'])
    const pinned = rootText.replace(digestOfText(tags.policy, policyText), older.digest)
    const house = await coldHouse(await engine.fresh(), undefined, pinned, {
      policyText: older.text,
    })
    houses.push(house)
    const { plan } = await plannedRelease(house)
    const prepared = await house.during(house.coordinator.ceremonies.prepare(plan.digest))
    expect(prepared).toMatchObject({ state: 'exported' })
  }, 60_000)
})

describe('a cold payment that will not hold until its room closes', () => {
  it('starts nothing whose rule is open no longer than its room', async () => {
    const house = await coldHouse(await engine.fresh())
    houses.push(house)
    // Its rule is open for three days, and no approval holds longer.
    const { plan, request } = await plannedRelease(house, 30 * 24 * hour)
    await house.during(house.coordinator.ceremonies.abort(plan.digest, 'COORDINATOR'))
    const begin = Math.floor(house.clock.now() / 1_000) * 1_000
    const late = { from: begin + 66 * hour, until: begin + 72 * hour + 1_000 }
    const next = await plannedAgain(house, request, late)
    const told = house.during(house.coordinator.ceremonies.prepare(next.digest))
    await expect(told).rejects.toThrow(/the time of its rule ends .*, before the ceremony may/)
    expect(await typesAbout(house, 'session.started')).toHaveLength(0)
  }, 120_000)

  it('starts nothing of which an approval ends before its room does', async () => {
    const house = await coldHouse(await engine.fresh())
    houses.push(house)
    house.approvals.hours = 8
    const { plan } = await plannedRelease(house)
    const told = house.during(house.coordinator.ceremonies.prepare(plan.digest))
    await expect(told).rejects.toThrow(/the approval of \w+ ends .*, before the ceremony may/)
    expect(await typesAbout(house, 'session.started')).toHaveLength(0)
  }, 120_000)
})
