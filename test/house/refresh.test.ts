// A refresh in a whole house: approved by people, dealt by all nodes, in force by one line. The key
// stays, every share changes, and payments go on before, during and after it.
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { House } from '../kit/house.ts'
import { names } from '../kit/house.ts'
import {
  approved,
  ask,
  board,
  inForce,
  keyOf,
  pay,
  pays,
  refreshOf,
  sharesOf,
} from '../kit/house-changes.ts'
import { breaches, linesOf } from '../kit/house-checks.ts'
import { openHouse, ready } from '../kit/house-open.ts'
import { loseDisk } from '../kit/house-restore.ts'

let house: House
beforeAll(async () => {
  house = await openHouse({ seed: 'refresh' })
})
afterAll(() => house.close())

describe('a refresh', () => {
  it('changes every share and no address when people have approved it, and not before', async () => {
    const before = await keyOf(house)
    const id = await ask(house, await refreshOf(house))
    await house.pass(20_000)
    expect(await house.state(id)).toBe('AWAITING_APPROVAL')
    expect(names.flatMap((name) => sharesOf(house, name))).toEqual(
      names.map(() => `hot.${before.epoch}.keyshare`),
    )
    for (const [person, role] of board) await house.approve(id, person, role)
    await house.untilState(id, 'ACTIVE')
    await inForce(house, before.epoch + 1)
    const { epoch, keyState, ...same } = await keyOf(house)
    const { epoch: old, keyState: oldState, ...all } = before
    expect(same).toEqual(all)
    expect([epoch, keyState === oldState]).toEqual([old + 1, false])
    for (const name of names) expect(sharesOf(house, name)).toEqual([`hot.${epoch}.keyshare`])
    await pays(house)
  })

  it('pairs all nodes anew before the first signature of the new epoch', async () => {
    const pairs = () => house.record.events.filter(({ name }) => name === 'paired').length
    const known = pairs()
    const { epoch } = await keyOf(house)
    await approved(house, await refreshOf(house))
    await inForce(house, epoch + 1)
    await pays(house)
    // Two ends of three pairs.
    expect(pairs() - known).toBe(6)
  })

  it('begins with its last approval, however soon that comes after a look at it', async () => {
    const id = await ask(house, await refreshOf(house))
    const { epoch } = await keyOf(house)
    await house.pass(1_000)
    for (const [person, role] of board) await house.approve(id, person, role)
    await house.pass(5_000)
    expect((await keyOf(house)).epoch).toBe(epoch + 1)
    await house.untilState(id, 'ACTIVE')
    await inForce(house, epoch + 1)
  })

  it('loses no payment that is asked for while it runs', async () => {
    const { epoch } = await keyOf(house)
    const ids = [await pay(house)]
    await approved(house, await refreshOf(house))
    const isOver = async () => (await keyOf(house)).epoch > epoch
    for (let at = 0; at < 20 && !(await isOver()); at += 1) {
      ids.push(await pay(house))
      await house.pass(300)
    }
    ids.push(await pay(house))
    for (const id of ids) await house.untilState(id, 'SETTLED')
    expect((await keyOf(house)).epoch).toBe(epoch + 1)
    const epochs = await Promise.all(
      ids.map(async (id) => linesOf(await house.story(id), 'session.started').at(-1)?.body.epoch),
    )
    expect(new Set(epochs)).toEqual(new Set([epoch, epoch + 1]))
  })
})

describe('a node whose share was restored from its backup', () => {
  it('is fenced, takes part in a refresh with it, and signs with the new epoch', async () => {
    const { epoch } = await keyOf(house)
    const lost = house.at('signer-c')
    await loseDisk(house, 'signer-c')
    lost.start()
    await house.until('it is fenced', () => lost.node.status().state === 'fenced')
    expect(lost.node.status().vaults).toEqual([])

    const id = await approved(house, await refreshOf(house))
    await house.untilState(id, 'ACTIVE')
    await inForce(house, epoch + 1)
    await house.until('it is ready', () => lost.node.status().state === 'ready')
    expect(sharesOf(house, 'signer-c')).toEqual([`hot.${epoch + 1}.keyshare`])
    await ready(house)
    house.coordinator().links.putLast(['signer-a'])
    const paid = await pay(house)
    await house.untilState(paid, 'SETTLED')
    const [last] = linesOf(await house.story(paid), 'session.started').slice(-1)
    expect(last?.body.participants).toEqual(['signer-b', 'signer-c'])
  })
})

describe('a house that was refreshed', () => {
  it('breaks no rule that the world can check, and a stranger finds its Export OK', async () => {
    expect(await breaches(house)).toEqual([])
  })
})
