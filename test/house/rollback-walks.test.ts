// The longer walks of disks that went back: to before a refresh, in a floor file alone, and nodes that
// run twice. None accepts, releases or cosigns anything that its key had not signed.
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { House } from '../kit/house.ts'
import { approved, inForce, keyOf, pay, refreshOf } from '../kit/house-changes.ts'
import { openHouse, ready } from '../kit/house-open.ts'
import { Rollbacks, rulesBroken, signedBy, stateOf, Watch } from '../kit/rollback.ts'

const patient = 300_000
let house: House
let disks: Rollbacks
beforeAll(async () => {
  house = await openHouse({ seed: 'rollback walks' })
  disks = new Rollbacks(house)
})
afterAll(() => house.close())

const settled = async () => house.untilState(await pay(house), 'SETTLED')
const events = (name: string, process: string) =>
  house.record.events.filter((one) => one.name === name && one.process === process)

describe('a node whose disk went back', { timeout: patient }, () => {
  it('to before a refresh has no share: its backup and a refresh make it whole', async () => {
    const old = await disks.take('signer-b')
    const { epoch } = await keyOf(house)
    await approved(house, await refreshOf(house))
    await inForce(house, epoch + 1)
    await ready(house)
    expect(await disks.restore(old, 'disk')).toMatchObject({ ended: 'refused', broken: [] })
    expect(await disks.rejoin('signer-b')).toEqual([])
  })

  it('in its floor file alone has lost nothing', async () => {
    const old = await disks.take('signer-b')
    await settled()
    const broken = await disks.restore(old, 'floor')
    expect(broken).toMatchObject({ ended: 'nothing lost', broken: [] })
  })
})

describe('a node that runs twice', { timeout: patient }, () => {
  it('on an old disk is found out at its start, and the first by what the copy then cosigns', async () => {
    const name = 'signer-c'
    const old = await disks.take(name)
    await settled()
    const copy = `${name}#2`
    const watch = new Watch(house, copy, signedBy(house, name))
    disks.spawn(copy, old)
    await house.until('the copy is fenced', () => stateOf(house, copy) === 'fenced')
    await settled()
    expect(watch.beforeRejoin()).toEqual([])
    await house.until('the first is fenced', () => stateOf(house, name) === 'fenced')
    expect(events('second-instance', name)).toHaveLength(1)
    await disks.endCopy(copy)
  })

  it('on its present disk is found out as soon as one sees what the other has signed', async () => {
    const name = 'signer-c'
    expect(await disks.rejoin(name)).toEqual([])
    const copy = `${name}#3`
    disks.spawn(copy, await disks.take(name))
    await house.until('the copy is heard', () => stateOf(house, copy) === 'ready')
    await settled()
    await disks.end(copy)
    await house.until('the first is fenced', () => stateOf(house, name) === 'fenced')
    const before = house.record.accepted.length
    await settled()
    const accepted = house.record.accepted.slice(before)
    expect(accepted.filter(({ node }) => node === name)).toEqual([])
  })
})

describe('a house whose disks went back', () => {
  it('breaks no rule that the world can check, and a stranger finds the Export OK', async () => {
    expect(await rulesBroken(house)).toEqual([])
  })
})
