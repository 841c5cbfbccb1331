// An import in which somebody dies at every step at which something becomes durable or leaves. What
// is left is always one of: no key, a key that signs nothing, a key that was refreshed; and it goes
// on by itself to the last. A house each, because a vault gets a key once.
import { afterEach, describe, expect, it, vi } from 'vitest'
import { dealtFor } from '../../coordinator/store/dealings.ts'
import type { Digest } from '../../proto/ids.ts'
import { dealingDocument } from '../../proto/import-documents.ts'
import { daily } from '../kit/every-case.ts'
import { type House, names } from '../kit/house.ts'
import { approvedWith, ask, board, inForce, pays, sharesOf } from '../kit/house-changes.ts'
import { breaches, linesOf } from '../kit/house-checks.ts'
import { dealt, imported, importOf, invitations, row } from '../kit/house-imports.ts'
import { openHouse } from '../kit/house-open.ts'
import type { Doom, Moment } from '../kit/mortal.ts'

/** A whole house each, on a machine that may be busy. */
vi.setConfig({ testTimeout: 240_000, hookTimeout: 60_000 })
let house: House
afterEach(() => house?.close())

async function begun(seed: string): Promise<Digest> {
  house = await openHouse({ seed, keyless: true })
  return imported(house, dealt(await invitations(house)))
}

/** At the `nth` row of this table that any node writes. */
function doomAt(table: string, moment: Moment, nth: number): void {
  let rows = 0
  const doom: Doom = {
    moment,
    of: ({ statement }) => {
      if (!statement.includes(`insert into ${table} `)) return false
      rows += 1
      return rows === nth
    },
  }
  for (const node of house.nodes.values()) node.life.doom = doom
}

async function returned(): Promise<void> {
  const dead = () => [...house.nodes.values()].filter(({ isUp }) => !isUp)
  await house.until('one is dead', () => dead().length > 0)
  for (const node of house.nodes.values()) if (node.isUp) node.life.doom = undefined
  await house.pass(2_000)
  for (const node of dead()) node.start()
}

/** One line of the import, one of its refresh, one share in every directory; and it signs. */
async function endsWell(id: Digest): Promise<void> {
  await house.until('refreshed', async () => (await row(house))?.standing === 'active', 300_000)
  const { epoch, imported: isImported } = (await row(house))!
  expect(isImported).toBe(true)
  await inForce(house, epoch)
  for (const name of names) expect(sharesOf(house, name)).toEqual([`hot.${epoch}.keyshare`])
  const entries = await house.entries()
  expect(linesOf(entries, 'key.imported')).toHaveLength(1)
  expect(linesOf(entries, 'key.refreshed')).toHaveLength(1)
  expect(linesOf(await house.story(id), 'key.imported')).toHaveLength(1)
  await pays(house)
}

/** What is asked once, because it takes its time. */
async function leavesNothing(): Promise<void> {
  expect(await breaches(house)).toEqual([])
  // Swept once a minute: nobody keeps sealed shares that nobody needs.
  await house.jump(180_000)
  expect(await dealtFor(house.store)).toEqual([])
}

describe('a node that dies in an import', () => {
  const moments: readonly (readonly [string, string, Moment, number])[] = [
    ['when its share is sealed and nothing is confirmed', 'prepared', 'before', 1],
    ['when two have confirmed and it has not', 'prepared', 'before', 3],
    ['when it has confirmed and nobody knows', 'prepared', 'after', 1],
    ['when it is the last to confirm and nobody knows', 'prepared', 'after', 3],
    ['before the line of the import is on its disk', 'key_line', 'before', 1],
    ['when the line of the import is on its disk', 'key_line', 'after', 2],
    ['when its refreshed share is sealed and nothing is confirmed', 'prepared', 'before', 4],
    ['when it is the last to confirm the refresh and nobody knows', 'prepared', 'after', 6],
    ['before the line of the refresh is on its disk', 'key_line', 'before', 4],
    ['when the line of the refresh is on its disk', 'key_line', 'after', 6],
  ]
  for (const [when, table, moment, nth] of daily(moments, 1, 3)) {
    it(`${when} comes back, and the key is refreshed and signs`, async () => {
      const id = await begun(`import ${table} ${moment} ${nth}`)
      doomAt(table, moment, nth)
      await returned()
      await endsWell(id)
    })
  }
})

describe('a coordinator that dies in an import', () => {
  const lines = ['key.imported', 'key.refreshed'] as const
  const deaths = lines.flatMap((line) => {
    return (['before', 'after'] as const).map((moment) => [line, moment] as const)
  })
  for (const [line, moment] of daily(deaths, 1, 2)) {
    it(`${moment} the line ${line} is committed leaves it to the next one`, async () => {
      const id = await begun(`import coordinator ${line} ${moment}`)
      house.running('c1').life.doom = {
        moment,
        of: ({ statement, values }) =>
          statement.includes('insert into entry ') &&
          values.some((value) => Array.isArray(value) && value.includes(line)),
      }
      await house.until('it is dead', () => !house.isUp('c1'))
      await house.pass(1_000)
      await house.startCoordinator('c1')
      await endsWell(id)
      // The confirmations were said again: nothing was dealt twice.
      expect((await row(house))?.epoch).toBe(2)
    })
  }

  it('after the request was taken in has kept what was dealt', async () => {
    house = await openHouse({ seed: 'import kept', keyless: true })
    const dealing = dealt(await invitations(house))
    const id = await ask(house, importOf(house, dealing), dealingDocument(dealing))
    house.killCoordinator('c1')
    await house.pass(1_000)
    await house.startCoordinator('c1')
    for (const [person, role] of board) {
      expect(await house.approve(id, person, role)).toBe('recorded')
    }
    await endsWell(id)
    await leavesNothing()
  })
})

describe('everybody', () => {
  it('dies when all have confirmed the import, and comes back to a key that is refreshed', async () => {
    house = await openHouse({ seed: 'import all', keyless: true })
    const dealing = dealt(await invitations(house))
    house.up = (_place, frame) => (frame.frame === 'keyConfirm' ? undefined : frame)
    const confirmed = () => house.record.events.filter(({ name }) => name === 'key-confirmed')
    const id = await approvedWith(house, importOf(house, dealing), dealingDocument(dealing))
    await house.until('all have confirmed', () => confirmed().length >= names.length)
    for (const node of house.nodes.values()) node.kill()
    house.killCoordinator('c1')
    house.up = (_place, frame) => frame
    await house.pass(1_000)
    for (const node of house.nodes.values()) node.start()
    await house.startCoordinator('c1')
    await endsWell(id)
  })

  it('dies between the line and its refresh, long after the change ran out, and still ends well', async () => {
    house = await openHouse({ seed: 'import late', keyless: true })
    const dealing = dealt(await invitations(house))
    house.down = (_place, frame) => {
      const isRefresh = frame.frame === 'prepare' && frame.prepare.order.length > 0
      return isRefresh && frame.prepare.dealing.length === 0 ? undefined : frame
    }
    const id = await approvedWith(house, importOf(house, dealing), dealingDocument(dealing))
    await house.untilState(id, 'ACTIVE')
    await house.pass(3_000)
    for (const node of house.nodes.values()) node.kill()
    house.killCoordinator('c1')
    // Nobody is there while the change and its approvals run out.
    await house.jump(5 * 86_400_000)
    house.down = (_place, frame) => frame
    for (const node of house.nodes.values()) node.start()
    await house.startCoordinator('c1')
    await endsWell(id)
  })
})
