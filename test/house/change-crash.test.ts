// A refresh in which somebody dies at every step at which something becomes durable or leaves, in
// which the last confirmation is lost for long, and in which one node does not hear of the line.
// Whatever happens, the old epoch or the new one signs, and at the end everybody has the new one.
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Digest } from '../../proto/ids.ts'
import { daily } from '../kit/every-case.ts'
import { type House, names } from '../kit/house.ts'
import { approved, inForce, keyOf, pay, pays, refreshOf, sharesOf } from '../kit/house-changes.ts'
import { linesOf } from '../kit/house-checks.ts'
import { doomAtLine, doomAtRow, doomBeforeRound, oneDiesAndReturns } from '../kit/house-doom.ts'
import { openHouse, ready } from '../kit/house-open.ts'
import type { Moment } from '../kit/mortal.ts'

let house: House
beforeAll(async () => {
  house = await openHouse({ seed: 'change crash' })
})
afterAll(() => house.close())

/** One line of the change, one epoch, one share in every directory; and it signs. */
async function endsWell(id: Digest, above: number): Promise<void> {
  await house.until('the change is carried out', async () => (await house.state(id)) === 'ACTIVE')
  const { epoch } = await keyOf(house)
  expect(epoch).toBeGreaterThan(above)
  await inForce(house, epoch)
  for (const name of names) {
    expect(sharesOf(house, name)[0]).toBe(`hot.${epoch}.keyshare`)
  }
  expect(linesOf(await house.story(id), 'key.refreshed')).toHaveLength(1)
  await pays(house)
}

async function begun(): Promise<readonly [id: Digest, epoch: number]> {
  await ready(house)
  const { epoch } = await keyOf(house)
  return [await approved(house, await refreshOf(house)), epoch]
}

describe('a node that dies in a refresh', () => {
  const moments: readonly (readonly [string, string, Moment, number])[] = [
    ['when its share is sealed and nothing is confirmed', 'prepared', 'before', 1],
    ['when two have confirmed and it has not', 'prepared', 'before', 3],
    ['when it has confirmed and nobody knows', 'prepared', 'after', 1],
    ['when it is the last to confirm and nobody knows', 'prepared', 'after', 3],
    ['before the line of the new epoch is on its disk', 'key_line', 'before', 1],
    ['when the line of the new epoch is on its disk', 'key_line', 'after', 2],
  ]
  for (const [when, table, moment, nth] of daily(moments, 1, 3)) {
    it(`${when} comes back, and the new epoch signs`, async () => {
      doomAtRow(house, { table, moment, nth })
      const [id, epoch] = await begun()
      await oneDiesAndReturns(house)
      await endsWell(id, epoch)
    })
  }

  for (const round of daily([1, 2, 3], 1, 3)) {
    it(`before it hears the others in round ${round} comes back, and the new epoch signs`, async () => {
      doomBeforeRound(house, round)
      const [id, epoch] = await begun()
      await oneDiesAndReturns(house)
      await endsWell(id, epoch)
    })
  }
})

describe('a coordinator that dies in a refresh', () => {
  for (const moment of daily(['before', 'after'] as const, 1, 2)) {
    it(`${moment} the line of the new epoch is committed leaves it to the next one`, async () => {
      doomAtLine(house, 'key.refreshed', moment)
      const [id, epoch] = await begun()
      await house.until('it is dead', () => !house.isUp('c1'))
      await house.pass(1_000)
      await house.startCoordinator('c1')
      await endsWell(id, epoch)
      // The confirmations were said again: nothing was dealt twice.
      expect((await keyOf(house)).epoch).toBe(epoch + 1)
    })
  }

  it('together with all nodes, when all have confirmed, loses nothing', async () => {
    house.up = (_place, frame) => (frame.frame === 'keyConfirm' ? undefined : frame)
    const [id, epoch] = await begun()
    const confirmed = () => house.record.events.filter(({ name }) => name === 'key-confirmed')
    const known = confirmed().length
    await house.until('all have confirmed', () => confirmed().length >= known + 3)
    for (const node of house.nodes.values()) node.kill()
    house.killCoordinator('c1')
    house.up = (_place, frame) => frame
    await house.pass(1_000)
    for (const node of house.nodes.values()) node.start()
    await house.startCoordinator('c1')
    await endsWell(id, epoch)
  })
})

describe('a refresh that is kept from its end', () => {
  const confirmed = (): number =>
    house.record.events.filter(({ name }) => name === 'key-confirmed').length

  it('by a confirmation that is lost for long signs with the old epoch, then with the new', async () => {
    house.up = ({ node }, frame) => {
      return frame.frame === 'keyConfirm' && node === 'signer-c' ? undefined : frame
    }
    const known = confirmed()
    const [id, epoch] = await begun()
    await house.until('all have confirmed', () => confirmed() >= known + 3)
    house.at('signer-c').kill()
    house.up = (_place, frame) => frame
    await house.jump(1_200_000)
    await house.untilState(await pay(house), 'SETTLED')
    expect((await keyOf(house)).epoch).toBe(epoch)
    house.at('signer-c').start()
    await endsWell(id, epoch)
  })

  it('at one node, which does not hear of the line, goes on with the others', async () => {
    const known = confirmed()
    const [id, epoch] = await begun()
    house.down = ({ node }, frame) => {
      const tells = frame.frame === 'lines' || frame.frame === 'heads'
      const isOver = confirmed() >= known + 3
      return isOver && node === 'signer-c' && tells ? undefined : frame
    }
    await house.untilState(id, 'ACTIVE')
    const { epoch: next } = await keyOf(house)
    await house.until('two have the new epoch', () =>
      ['signer-a', 'signer-b'].every((name) =>
        sharesOf(house, name).includes(`hot.${next}.keyshare`),
      ),
    )
    // It did not change its mind: both of its shares are there.
    expect(sharesOf(house, 'signer-c')).toEqual([
      `hot.${epoch}.keyshare`,
      `hot.${next}.pending.keyshare`,
    ])
    house.at('signer-c').kill()
    await house.untilState(await pay(house), 'SETTLED')
    house.down = (_place, frame) => frame
    house.at('signer-c').start()
    await endsWell(id, epoch)
  })
})
