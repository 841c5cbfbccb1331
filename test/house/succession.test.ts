// A house whose nodes change: one is lost and replaced, two come, one goes, all by roots that the
// quorum of the root before signed. The key that the first three made goes on with those of them
// that are left, over restarts of everything, until too few are left.
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Digest } from '../../proto/ids.ts'
import { payout } from '../coordinator/world.ts'
import type { House } from '../kit/house.ts'
import { breaches, linesOf } from '../kit/house-checks.ts'
import { openHouse } from '../kit/house-open.ts'
import { HouseRoots } from '../kit/house-roots.ts'

const [a, b, c] = ['signer-a', 'signer-b', 'signer-c'] as const
const [d, e, f] = ['signer-d', 'signer-e', 'signer-f'] as const
let house: House
let roots: HouseRoots

beforeAll(async () => {
  house = await openHouse({ seed: 'succession' })
  roots = new HouseRoots(house)
})
afterAll(() => house.close())

const state = (node: string): string => house.at(node).node.status().state
const isAttached = (node: string): boolean => house.wires.isOpen({ node, coordinator: 'c1' })
const areReady = (...nodes: string[]) =>
  house.until(`${nodes} are ready and paired`, () =>
    nodes.every((name) => {
      const { pairings } = house.at(name).node.status()
      return (
        state(name) === 'ready' && nodes.every((peer) => peer === name || pairings.includes(peer))
      )
    }),
  )

let paid = 0
async function pay(): Promise<Digest> {
  paid += 1
  const amount = BigInt(1_000_000 + paid)
  const id = await house.submit(payout({ amount, created: house.time.now }))
  await house.untilState(id, 'SETTLED')
  return id
}

async function signersOf(id: Digest): Promise<readonly string[]> {
  const [last] = linesOf(await house.story(id), 'session.started').slice(-1)
  return last?.body.participants ?? []
}

describe('a house whose root is succeeded', () => {
  it('pays, and lets nobody in whom no root names', async () => {
    await pay()
    house.addNode(d, 3).start()
    await house.pass(3_000)
    expect(isAttached(d)).toBe(false)
    expect(isAttached(c)).toBe(true)
  })

  it('takes no root that too few have signed for', async () => {
    const size = (await house.entries()).length
    expect(await roots.succeed([a, b, d], { n: 3, t: 2, q: 3 }, ['jun'])).toBe('GOV_QUORUM')
    expect(await roots.succeed([a, b, d], { n: 3, t: 2, q: 2 })).toBe('LOG_FORK')
    expect(linesOf(await house.entries(), 'root.activated')).toHaveLength(1)
    expect((await house.entries()).length).toBeGreaterThanOrEqual(size)
  })

  it('replaces a lost node: the new one comes in with the root, and the old key pays on', async () => {
    house.at(c).kill()
    expect(await roots.succeed([a, b, d], { n: 3, t: 2, q: 3 })).toBe(2)
    await areReady(a, b, d)
    const id = await pay()
    expect(await signersOf(id)).toEqual([a, b])
    // The new one is a witness with no share of the old key.
    expect(house.at(d).node.status().vaults).toEqual([])
  })

  it('lets the lost one in no more when it is found', async () => {
    house.at(c).start()
    await house.pass(5_000)
    expect(isAttached(c)).toBe(false)
    house.at(c).kill()
  })

  it('takes two more nodes and removes one, which signs nothing and is witness no more', async () => {
    house.addNode(e, 4).start()
    house.addNode(f, 5).start()
    expect(await roots.succeed([a, b, e, f], { n: 4, t: 3, q: 3 })).toBe(3)
    await house.until('it is gone', () => state(d) === 'removed')
    const because = 'root 3 does not name this node'
    expect(house.record.events).toContainEqual(
      expect.objectContaining({ process: d, name: 'removed', because }),
    )
    await areReady(a, b, e, f)
    const heads = house.record.heads.filter(({ by }) => by === d).length
    expect(await signersOf(await pay())).toEqual([a, b])
    expect(house.record.heads.filter(({ by }) => by === d)).toHaveLength(heads)
  })

  it('goes on when everything is started again', async () => {
    house.killCoordinator('c1')
    for (const node of [a, b, d, e, f]) house.at(node).kill()
    await house.pass(1_000)
    // One of the four may stay away: three are a quorum of witnesses.
    for (const node of [a, b, d, e]) house.at(node).start()
    await house.startCoordinator('c1')
    await areReady(a, b, e)
    expect(isAttached(d)).toBe(false)
    expect(state(d)).toBe('removed')
    expect(await signersOf(await pay())).toEqual([a, b])
  })

  it('breaks no rule that the world can check, and a stranger proves it from the first root', async () => {
    await house.pass(2_000)
    expect(await breaches(house)).toEqual([])
    const report = await house.verify()
    expect(report.findings).toEqual([])
    expect(report.word).toBe('OK')
  })

  it('is not succeeded by a root that leaves fewer than t of the key, for which none could deal', async () => {
    expect(await roots.succeed([a, e, f], { n: 3, t: 2, q: 3 })).toBe('PARTICIPANTS')
    await house.pass(2_000)
    expect(house.coordinator().roots.now.version).toBe(3)
    expect(await signersOf(await pay())).toEqual([a, b])
  })

  it('waits with a reason when fewer than t of the key are there', async () => {
    house.at(b).kill()
    await house.pass(2_000)
    const id = await house.submit(payout({ amount: 9_000_000n, created: house.time.now }))
    await house.pass(10_000)
    const shown = await house.during(house.coordinator().requests.find({ id }))
    expect(shown).toMatchObject({ state: 'WAITING' })
    expect(JSON.stringify(shown)).toContain('NOT_ENOUGH_SIGNERS')
    expect(linesOf(await house.story(id), 'session.started')).toEqual([])
  })
})
