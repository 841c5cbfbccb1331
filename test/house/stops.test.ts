// A no and a freeze that race with a signature. The order of lines decides before the attempt; after
// it they are still a stop until the share leaves; and what has left has left.
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { CoordinatorFrame } from '../../proto/frames.ts'
import type { Digest } from '../../proto/ids.ts'
import { payout } from '../coordinator/world.ts'
import { type House, names } from '../kit/house.ts'
import { breaches, linesOf } from '../kit/house-checks.ts'
import { openHouse } from '../kit/house-open.ts'

let house: House
beforeAll(async () => {
  house = await openHouse({ seed: 'stops' })
})
afterAll(() => house.close())

let cents = 0n
function ask(amount = 2_000_000_000n): Promise<Digest> {
  cents += 1n
  const created = house.time.now
  return house.submit(payout({ created, notAfter: created + 3_600_000, amount: amount + cents }))
}

/** The rounds stand still in the middle, this happens, and they go on. */
async function inTheRounds(id: Digest, happens: () => Promise<unknown>): Promise<void> {
  const kept: { readonly node: string; readonly frame: CoordinatorFrame }[] = []
  house.down = ({ node }, frame) => {
    if (frame.frame !== 'envelope') return frame
    kept.push({ node, frame })
    return undefined
  }
  await house.approve(id, 'ana', 'ops')
  await house.until('two envelopes', () => kept.length === 2)
  await happens()
  house.down = (_place, frame) => frame
  for (const { node, frame } of kept) house.at(node).end()?.receive('c1', frame)
  await house.pass(5_000)
}

const withheld = (): number =>
  house.record.events.filter(({ name }) => name === 'share-withheld').length

describe('a no', () => {
  it('before the attempt ends the request, and nobody is asked to sign', async () => {
    const id = await ask()
    await house.untilState(id, 'AWAITING_APPROVAL')
    expect(await house.decide(id, 'bo', 'ops', { decision: 'reject' })).toBe('recorded')
    expect(await house.state(id)).toBe('REJECTED')
    expect(await house.approve(id, 'ana', 'ops')).toMatchObject({ kind: 'refused' })
    await house.pass(10_000)
    expect(linesOf(await house.story(id), 'session.started')).toEqual([])
  })

  it('in the middle of the rounds keeps every share from leaving', async () => {
    const id = await ask()
    const before = withheld()
    await inTheRounds(id, () => house.decide(id, 'bo', 'ops', { decision: 'reject' }))
    expect(withheld()).toBe(before + 2)
    expect(house.record.sharesOf(id)).toEqual([])
    expect(linesOf(await house.story(id), 'session.started')).toHaveLength(1)
  })

  it('after the shares have left comes too late, and says so', async () => {
    const id = await ask()
    await house.approve(id, 'ana', 'ops')
    await house.untilState(id, 'SETTLED')
    const late = await house.decide(id, 'bo', 'ops', { decision: 'reject' })
    expect(late).toMatchObject({ kind: 'refused', code: 'REQUEST_ENDED' })
  })
})

describe('a freeze', () => {
  it('at any two of three nodes stops every signature, until their operators lift it', async () => {
    const id = await ask()
    const frozen = names.slice(0, 2)
    await inTheRounds(id, async () => {
      for (const name of frozen) house.at(name).node.freeze('hot')
    })
    await house.pass(60_000)
    expect(await house.state(id)).toBe('SIGNING')
    const shares = house.record.sharesOf(id)
    expect(shares.filter(({ node }) => frozen.includes(node))).toEqual([])
    for (const name of frozen) house.at(name).node.unfreeze('hot')
    await house.untilState(id, 'SETTLED', 300_000)
  })

  it('in the log stops the rounds that run, and everything that waits', async () => {
    const waiting = await ask()
    const running = await ask()
    const before = withheld()
    await inTheRounds(running, () => house.freeze('oli', 'hot'))
    expect(withheld()).toBe(before + 2)
    await house.approve(waiting, 'ana', 'ops')
    await house.pass(60_000)
    for (const id of [running, waiting]) {
      expect(house.record.sharesOf(id)).toEqual([])
      expect(['SIGNING', 'WAITING', 'DENIED', 'AWAITING_APPROVAL', 'LAPSING']).toContain(
        await house.state(id),
      )
    }
    expect(linesOf(await house.story(waiting), 'session.started')).toEqual([])
  })

  it('breaks no rule that the world can check', async () => {
    await house.pass(2_000)
    expect(await breaches(house)).toEqual([])
  })
})
