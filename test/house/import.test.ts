// A key that existed before, brought in over the real wire: invitations, a dealing, an approved
// change, the line of the import, the refresh that it carries, and then a signature.
import { readdirSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type House, names } from '../kit/house.ts'
import { inForce, keyOf, pays, sharesOf } from '../kit/house-changes.ts'
import { breaches } from '../kit/house-checks.ts'
import { dealt, imported, invitations, row } from '../kit/house-imports.ts'
import { openHouse } from '../kit/house-open.ts'

let house: House
beforeAll(async () => {
  house = await openHouse({ seed: 'import', keyless: true })
})
afterAll(() => house.close())

const invitationsOf = (name: string): readonly string[] =>
  readdirSync(house.at(name).directory('keyshares')).filter((file) => file.endsWith('.invitation'))

describe('an imported key', () => {
  it('is refreshed at once by its own approval, and then signs', async () => {
    const given = await invitations(house)
    expect(await invitations(house)).toEqual(given)
    for (const name of names) expect(invitationsOf(name)).toEqual(['hot.invitation'])
    const id = await imported(house, dealt(given))
    await house.untilState(id, 'ACTIVE')
    await house.until('refreshed', async () => (await row(house))?.standing === 'active')
    const { epoch, imported: isImported } = await keyOf(house)
    expect([epoch, isImported]).toEqual([2, true])
    await inForce(house, epoch)
    for (const name of names) expect(sharesOf(house, name)).toEqual([`hot.${epoch}.keyshare`])
    await pays(house)
    expect(await breaches(house)).toEqual([])
  })
})
