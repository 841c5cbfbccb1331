// Reshares in a whole house: a lost node is replaced, and a key of two of three becomes one of three
// of five, each after the root that names the new nodes. The key and its address stay, those who
// are left out lose their shares, and payments go on.
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { House } from '../kit/house.ts'
import { approved, inForce, keyOf, pay, reshareOf, sharesOf } from '../kit/house-changes.ts'
import { linesOf } from '../kit/house-checks.ts'
import { areReady, openHouse } from '../kit/house-open.ts'
import { loseDisk } from '../kit/house-restore.ts'
import { HouseRoots } from '../kit/house-roots.ts'

const [a, b, c] = ['signer-a', 'signer-b', 'signer-c'] as const
const [d, e, f] = ['signer-d', 'signer-e', 'signer-f'] as const
let house: House
let roots: HouseRoots
beforeAll(async () => {
  house = await openHouse({ seed: 'reshare' })
  roots = new HouseRoots(house)
})
afterAll(() => house.close())

async function paysWith(nodes: readonly string[]): Promise<readonly string[]> {
  await areReady(house, nodes)
  const id = await pay(house)
  await house.untilState(id, 'SETTLED')
  const [last] = linesOf(await house.story(id), 'session.started').slice(-1)
  const signers = last?.body.participants ?? []
  expect(nodes).toEqual(expect.arrayContaining([...signers]))
  return signers
}

describe('a reshare', () => {
  it('replaces a lost node by the others and a new one, and the key stays', async () => {
    const before = await keyOf(house)
    house.at(c).kill()
    house.addNode(d, 3).start()
    expect(await roots.succeed([a, b, d], { n: 3, t: 2, q: 3 })).toBe(2)
    await areReady(house, [a, b, d])
    // And b has its share from a backup only: there is no refresh without c, so it deals with that.
    await loseDisk(house, b)
    house.at(b).start()
    await house.until('b is fenced', () => house.at(b).node.status().state === 'fenced')
    const id = await approved(house, await reshareOf(house, [a, b]))
    await house.untilState(id, 'ACTIVE')
    await inForce(house, (await keyOf(house)).epoch)
    const after = await keyOf(house)
    expect(after.participants.map(({ node }) => node)).toEqual([a, b, d])
    expect([after.publicKey, after.chainCode]).toEqual([before.publicKey, before.chainCode])
    await paysWith([a, b, d])
    // Either of the two that dealt can be spared: the new share signs.
    house.coordinator().links.putLast([a])
    expect(await paysWith([b, d])).toEqual([b, d])
  })

  it('leaves the share of the lost node worthless', async () => {
    const { epoch } = await keyOf(house)
    const [left, ...others] = sharesOf(house, c)
    expect([left === `hot.${epoch}.keyshare`, others]).toEqual([false, []])
    for (const name of [a, b, d]) expect(sharesOf(house, name)).toEqual([`hot.${epoch}.keyshare`])
  })

  it('makes three of five of two of three', async () => {
    house.addNode(e, 4).start()
    house.addNode(f, 5).start()
    expect(await roots.succeed([a, b, d, e, f], { n: 5, t: 3, q: 4 })).toBe(3)
    await areReady(house, [a, b, d, e, f])
    const id = await approved(house, await reshareOf(house, [b, d]))
    await house.untilState(id, 'ACTIVE')
    await inForce(house, (await keyOf(house)).epoch)
    const { t, participants } = await keyOf(house)
    expect([t, participants.length]).toEqual([3, 5])
    await paysWith([a, b, d, e, f])
    house.at(b).kill()
    await paysWith([a, d, e, f])
    house.at(b).start()
    await areReady(house, [a, b, d, e, f])
  })

  it('to fewer nodes goes on with those who are left', async () => {
    // A node stays until the key has left it: the root goes last.
    expect(await roots.succeed([a, b, d, e], { n: 4, t: 3, q: 3 })).toBe(4)
    await areReady(house, [a, b, d, e])
    const id = await approved(house, await reshareOf(house, [a, d, e]))
    await house.untilState(id, 'ACTIVE')
    await inForce(house, (await keyOf(house)).epoch)
    await paysWith([a, b, d, e])
    expect(house.at(f).node.status().state).toBe('removed')
    // It heard, before its stream ended, that its part was over.
    await house.until('nothing is left at f', () => sharesOf(house, f).length === 0)
  })
})
