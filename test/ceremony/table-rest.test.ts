// A share at a table between two confirmations: made and held by nobody, put to rest, woken.
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import type { BundleIn } from '../../policy/ceremony/bundle-in.ts'
import { fromUtf8 } from '../../proto/crypto.ts'
import { ColdHouse, vault } from '../kit/cold-house.ts'
import { Cupboard } from '../kit/table-cupboard.ts'
import { Room } from '../kit/table-room.ts'

const house = new ColdHouse(3, 2)
const cupboard = new Cupboard()
let room: Room
const sit = async (bundle: BundleIn): Promise<void> => {
  room = new Room(cupboard, house, bundle, { way: 'memory' })
  await room.sit()
}
const held = () => house.names.map((name) => room.at(name).station.status().vaults)

beforeAll(async () => {
  const { bundle, request, deal } = house.keySitting('genesis')
  await sit(bundle)
  room.permit(request)
  const made = await room.hub.deal(deal)
  if (made.kind === 'failed') throw new Error(made.because)
  // What waits for its line lies sealed, and is held by nobody.
  expect(held()).toEqual([[], [], []])
  await room.close()
  house.imported(made.result.lines, [fromUtf8(deal.order)!])
}, 60_000)
afterEach(async () => {
  await room.close()
  house.giveUp()
})
afterAll(() => cupboard[Symbol.dispose]())

describe('a share at rest', () => {
  it('signs nothing that was permitted: its Station refuses the session', async () => {
    const { bundle, request, order } = house.signSitting()
    await sit(bundle)
    expect(held()).toEqual([[vault], [vault], [vault]])
    room.at('node-a').station.rest(vault)
    expect(held()).toEqual([[], [vault], [vault]])
    room.permit(request)
    const refused = await room.hub.sign(order)
    expect(refused).toMatchObject({ kind: 'failed', because: expect.stringContaining('node-a') })
  }, 30_000)

  it('signs when it was woken, from what lies sealed, and rests again after it', async () => {
    const { bundle, request, order } = house.signSitting()
    await sit(bundle)
    const { station } = room.at('node-a')
    station.rest(vault)
    await station.wake(vault)
    expect(held()).toEqual([[vault], [vault], [vault]])
    room.permit(request)
    const ended = await room.hub.sign(order)
    if (ended.kind === 'failed') throw new Error(ended.because)
    station.rest(vault)
    expect([held(), station.status().sessions]).toEqual([[[], [vault], [vault]], 0])
    house.imported(ended.result.lines)
  }, 30_000)
})
