// A key that existed before, brought in over the real wire: invitations, a dealing, an approved
// change, the line of the import, the refresh that it carries, and then a signature.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { toHex } from '../../proto/crypto.ts'
import { type House, names } from '../kit/house.ts'
import { inForce, keyOf, pays, sharesOf } from '../kit/house-changes.ts'
import { breaches } from '../kit/house-checks.ts'
import { dealt, imported, invitations, outside, row } from '../kit/house-imports.ts'
import { openHouse } from '../kit/house-open.ts'

let house: House
beforeAll(async () => {
  house = await openHouse({ seed: 'import', keyless: true })
})
afterAll(() => house.close())

const invitationsOf = (name: string): readonly string[] =>
  readdirSync(house.at(name).directory('keyshares')).filter((file) => file.endsWith('.invitation'))

/** Every frame, as it went over the wire. */
const carried: Buffer[] = []
const plain = (frame: object): Buffer => Buffer.from(JSON.stringify(frame, hexed))
function hexed(_name: string, value: unknown): unknown {
  return value instanceof Uint8Array ? Buffer.from(value).toString('hex') : value
}

/** Under this directory, whatever it is. */
function filesIn(directory: string): readonly Buffer[] {
  return readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => readFileSync(join(parentPath, name)))
}

describe('an imported key', () => {
  it('is refreshed at once by its own approval, and then signs', async () => {
    house.up = (_place, frame) => {
      carried.push(plain(frame))
      return frame
    }
    house.down = (_place, frame) => {
      carried.push(plain(frame))
      return frame
    }
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

  it('stands in no file, frame, line or event', async () => {
    const key = outside('key')
    const [bytes, hex] = [Buffer.from(key), toHex(key)]
    const lines = (await house.entries()).map((entry) => Buffer.from(entry.bytes))
    const events = house.record.events.map((event) => Buffer.from(JSON.stringify(event)))
    const looked = [...filesIn(house.home), ...carried, ...lines, ...events]
    expect(looked.length).toBeGreaterThan(100)
    const shows = (place: Buffer): boolean => place.includes(bytes) || place.includes(hex)
    expect(looked.filter(shows)).toHaveLength(0)
    // The search sees: of the public key there is plenty.
    const { publicKey } = await keyOf(house)
    expect(looked.some((place) => place.includes(toHex(publicKey)))).toBe(true)
  })
})
