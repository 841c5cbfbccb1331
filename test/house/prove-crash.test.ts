// A control proof in which somebody dies at every step at which something becomes durable or leaves,
// and one whose nodes are told too little or told to stop. Whatever happens there is one line, every
// share that left has its receipt in the log, and nothing else was signed.
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { CoordinatorFrame } from '../../proto/frames.ts'
import type { Digest } from '../../proto/ids.ts'
import { daily } from '../kit/every-case.ts'
import type { House } from '../kit/house.ts'
import { approved, ask, proofOf } from '../kit/house-changes.ts'
import { breaches, linesOf } from '../kit/house-checks.ts'
import { doomAtLine, doomAtRow, doomBeforeRound, oneDiesAndReturns } from '../kit/house-doom.ts'
import { openHouse, ready } from '../kit/house-open.ts'
import type { Moment } from '../kit/mortal.ts'

let house: House
beforeAll(async () => {
  house = await openHouse({ seed: 'prove crash' })
})
afterAll(() => house.close())

async function begun(): Promise<Digest> {
  await ready(house)
  return await approved(house, await proofOf(house))
}

async function endsWell(id: Digest): Promise<void> {
  await house.untilState(id, 'ACTIVE', 600_000)
  expect(linesOf(await house.story(id), 'key.proved')).toHaveLength(1)
  await ready(house)
  await house.until('every receipt is in the log', async () => {
    const given = linesOf(await house.entries(), 'share.receipt').length
    return (
      [...house.nodes.values()].reduce((sum, one) => sum + one.node.status().receipts, 0) === given
    )
  })
  expect(await breaches(house)).toEqual([])
}

describe('a node that dies in a control proof', () => {
  const moments: readonly (readonly [string, string, Moment, number])[] = [
    ['before it has accepted', 'accepted', 'before', 1],
    ['when it has accepted and nobody knows', 'accepted', 'after', 1],
    ['before its receipt is on its disk', 'journal', 'before', 1],
    ['when its receipt is on its disk and its share has not left', 'journal', 'after', 1],
    ['when it is the last to release', 'journal', 'after', 2],
  ]
  for (const [when, table, moment, nth] of daily(moments, 0, 1)) {
    it(`${when} comes back, and the sentence is signed`, async () => {
      doomAtRow(house, { table, moment, nth })
      const id = await begun()
      await oneDiesAndReturns(house)
      await endsWell(id)
    })
  }

  for (const round of daily([1, 2, 3], 1, 3)) {
    it(`before it hears the others in round ${round} comes back, and the sentence is signed`, async () => {
      doomBeforeRound(house, round)
      const id = await begun()
      await oneDiesAndReturns(house)
      await endsWell(id)
    })
  }
})

describe('a coordinator that dies in a control proof', () => {
  for (const moment of ['before', 'after'] as const) {
    it(`${moment} its line is committed leaves it to the next one`, async () => {
      doomAtLine(house, 'key.proved', moment)
      const id = await begun()
      await house.until('it is dead', () => !house.isUp('c1'))
      await house.pass(1_000)
      await house.startCoordinator('c1')
      await endsWell(id)
    })
  }
})

describe('a share of a control proof', () => {
  /** No node hears of a cosignature of another one. */
  const unwitnessed = (_place: unknown, frame: CoordinatorFrame): CoordinatorFrame | undefined => {
    if (frame.frame === 'heads') return undefined
    if (frame.frame === 'lines') return { ...frame, lines: { ...frame.lines, heads: [] } }
    if (frame.frame !== 'prepare') return frame
    const lines = { ...frame.prepare.lines, heads: [] }
    return { ...frame, prepare: { ...frame.prepare, lines } }
  }

  it('leaves when q witnesses have seen what people decided, and not before', async () => {
    await ready(house)
    house.down = unwitnessed
    const id = await begun()
    await house.until('shares wait', () =>
      house.record.events.some(({ name }) => name === 'share-withheld'),
    )
    expect(house.record.sharesOf(id)).toEqual([])
    house.down = (_place, frame) => frame
    await endsWell(id)
  })

  it('stays where it is when a freeze comes between acceptance and release', async () => {
    await ready(house)
    house.down = unwitnessed
    const known = house.record.accepted.length
    const before = house.record.events.length
    const id = await begun()
    await house.until('two have accepted', () => house.record.accepted.length >= known + 2)
    await house.freeze('oli', 'hot')
    await house.pass(1_000)
    house.down = (_place, frame) => frame
    // Lines come with the newest heads.
    await ask(house, await proofOf(house))
    await house.pass(60_000)
    expect(house.record.sharesOf(id)).toEqual([])
    expect(await house.state(id)).not.toBe('ACTIVE')
    const said = house.record.events.slice(before)
    const withheld = said.filter(({ name }) => name === 'share-withheld')
    expect(withheld.map(({ because }) => because)).toEqual(['frozen: hot', 'frozen: hot'])
  })
})
