// Processes that die in the middle: at every point of a signature where something becomes durable or
// leaves a node, and at every line that a coordinator writes. Whatever dies comes back on its disk and
// nothing else; the request that was under way ends once, with one nonce and one effect.
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Digest } from '../../proto/ids.ts'
import { payout } from '../coordinator/world.ts'
import type { House } from '../kit/house.ts'
import { breaches, linesOf } from '../kit/house-checks.ts'
import { doomAtRow, doomBeforeRound, oneDiesAndReturns } from '../kit/house-doom.ts'
import { isReady, openHouse, ready } from '../kit/house-open.ts'
import type { Moment } from '../kit/mortal.ts'

let house: House
beforeAll(async () => {
  house = await openHouse({ seed: 'crash' })
})
afterAll(() => house.close())

let cents = 0n
/** No two of one amount, so that no guard takes one for a repetition of the other. */
async function ask(): Promise<Digest> {
  cents += 1n
  const created = house.time.now
  const times = { created, notAfter: created + 3_600_000 }
  return house.submit(payout({ ...times, amount: 1_000_000n + cents }))
}

async function endsOnce(id: Digest): Promise<void> {
  await house.untilState(id, 'SETTLED')
  await ready(house)
  const attempts = linesOf(await house.story(id), 'session.started')
  expect(new Set(attempts.map(({ body }) => body.slot)).size).toBe(1)
}

describe('a node that dies', () => {
  const moments: readonly (readonly [string, string, Moment, number])[] = [
    ['before its accepted row is on disk', 'accepted', 'before', 1],
    ['when its accepted row is on disk and nobody knows', 'accepted', 'after', 2],
    ['before the journal row of the first share is on disk', 'journal', 'before', 1],
    ['before the journal row of the last share is on disk', 'journal', 'before', 2],
    ['when the first journal row is on disk and the share has not left', 'journal', 'after', 1],
    ['when the last journal row is on disk and the share has not left', 'journal', 'after', 2],
  ]
  for (const [when, table, moment, nth] of moments) {
    it(`${when} comes back, and the request ends once`, async () => {
      doomAtRow(house, { table, moment, nth })
      const id = await ask()
      await oneDiesAndReturns(house)
      await endsOnce(id)
    })
  }

  for (const round of [1, 2]) {
    it(`before it hears the other in round ${round} comes back, and the request ends once`, async () => {
      doomBeforeRound(house, round)
      const id = await ask()
      await oneDiesAndReturns(house)
      await endsOnce(id)
    })
  }

  it('after its share has left comes back with its receipt, and signs nothing twice', async () => {
    house.up = ({ node }, frame) => {
      if (frame.frame !== 'share') return frame
      house.at(node).kill()
      house.up = (_place, other) => other
      return frame
    }
    const id = await ask()
    await oneDiesAndReturns(house)
    await endsOnce(id)
    expect(house.record.sharesOf(id)).toHaveLength(2)
  })

  it('together with all others loses nothing: they ask one another and go on', async () => {
    const id = await ask()
    await house.until('an acceptance', () =>
      house.record.accepted.some(({ value }) => value.intent === id),
    )
    for (const node of house.nodes.values()) node.kill()
    await house.pass(1_000)
    for (const node of house.nodes.values()) node.start()
    await house.until('all ready', () =>
      [...house.nodes.keys()].every((one) => isReady(house, one)),
    )
    await endsOnce(id)
  })

  it('again and again breaks no rule that the world can check', async () => {
    expect(await breaches(house)).toEqual([])
  })
})
