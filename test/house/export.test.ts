// A key that leaves a whole house: asked for, approved by people, consented to by t holders, in the
// log before anything else; then each exporter's sealed part, gathered by the coordinator, and the
// key in the hands of its recipient alone.
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { toHex } from '../../proto/crypto.ts'
import type { House } from '../kit/house.ts'
import { approved, keyOf } from '../kit/house-changes.ts'
import { exportOf, openedPublicKey, parcelOf } from '../kit/house-exports.ts'
import { openHouse } from '../kit/house-open.ts'

let house: House
beforeAll(async () => {
  house = await openHouse({ seed: 'export' })
})
afterAll(() => house.close())

describe('a key that people let go', () => {
  it('comes whole to its recipient, and signs no more', async () => {
    const id = await approved(house, await exportOf(house))
    await house.untilState(id, 'ACTIVE')
    const parcel = await parcelOf(house)
    expect(openedPublicKey(parcel)).toBe(toHex((await keyOf(house)).publicKey))
  })
})
