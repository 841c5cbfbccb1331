// Killed at every step: a Station, or the Hub, dies at each frame of a first key, a refresh and a
// signature, and comes back. No session is resumed, a first key leaves no pending Seal without a
// certificate, a refresh keeps what the log's line decides, and the floor never goes back.
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { fromUtf8 } from '../../proto/crypto.ts'
import type { Hub } from '../../signer-node/ceremony/hub.ts'
import { FloorFile } from '../../signer-node/floor-file.ts'
import { ColdHouse } from '../kit/cold-house.ts'
import { daily } from '../kit/every-case.ts'
import { Cupboard } from '../kit/table-cupboard.ts'
import { Room } from '../kit/table-room.ts'

const [dying, other] = ['node-b', 'node-a']
const timeouts = { roundS: 5, sessionS: 10 }

/** Dies at the `at`-th frame that goes to it or comes from it, which is lost with it. */
function deadly(room: Room, at: number, kill: () => void): () => boolean {
  let [count, isDead] = [0, false]
  const step = <T>(station: string, frame: T): readonly T[] => {
    if (station !== dying || isDead) return [frame]
    count += 1
    if (count < at) return [frame]
    isDead = true
    queueMicrotask(kill)
    return []
  }
  room.tamper = { up: step, down: step }
  return () => isDead
}

const floorOf = (cupboard: Cupboard, name: string) =>
  new FloorFile(cupboard.at(name, 'floor'), name).read()

describe('a Station that is killed', () => {
  it.each(daily([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14], 3, 5))(
    'at frame %i of a first key resumes nothing, and keeps a Seal only with a certificate',
    async (at) => {
      const house = new ColdHouse(3, 2)
      using cupboard = new Cupboard()
      const sat = house.keySitting('genesis')
      const room = await new Room(cupboard, house, sat.bundle, { way: 'memory', timeouts }).sit()
      const isDead = deadly(room, at, () => room.kill(dying))
      room.permit(sat.request)
      const made = await room.hub.deal(sat.deal)
      const before = floorOf(cupboard, dying)
      if (isDead()) {
        await room.open(dying)
        expect(room.at(dying).station.status().sessions).toBe(0)
      }
      const isCertified = cupboard.at(dying, 'certificates')
      const certificates = new Set(
        await import('node:fs').then(({ readdirSync }) => readdirSync(isCertified)),
      )
      const pending = cupboard.files(dying).filter((name) => name.includes('pending'))
      expect(pending.length > 0 && certificates.size === 0).toBe(false)
      if (made.kind === 'certified' && made.certifiedBy.includes(dying)) {
        expect(pending).toHaveLength(1)
      }
      expect(floorOf(cupboard, dying)?.size).toBeGreaterThanOrEqual(before?.size ?? 0)
      await room.close()
    },
    60_000,
  )
})

describe('a house with a key', () => {
  const house = new ColdHouse(3, 2)
  const cupboard = new Cupboard()
  let room: Room | undefined
  afterAll(async () => {
    await room?.close()
    cupboard[Symbol.dispose]()
  })
  const dealt = async (hub: Hub, sat: ReturnType<ColdHouse['keySitting']>) => {
    const made = await hub.deal(sat.deal)
    if (made.kind === 'failed') throw new Error(made.because)
    house.imported(made.result.lines, [fromUtf8(sat.deal.order)!])
  }
  beforeAll(async () => {
    const sat = house.keySitting('genesis')
    room = await new Room(cupboard, house, sat.bundle, { way: 'memory' }).sit()
    room.permit(sat.request)
    await dealt(room.hub, sat)
    await room.close()
  }, 60_000)

  it.each(daily([1, 2, 4, 6, 8, 9, 10, 11, 12], 4, 9))(
    'signs after a signer was killed at frame %i, in a new session under the same line',
    async (at) => {
      const sat = house.signSitting()
      room = await new Room(cupboard, house, sat.bundle, { way: 'memory', timeouts }).sit()
      const floor = floorOf(cupboard, dying)
      const receipts = room.at(dying).station.status().receipts
      const isDead = deadly(room, at, () => room?.kill(dying))
      room.permit(sat.request, ...sat.order.signers)
      const first = await room.hub.sign(sat.order)
      if (isDead()) {
        await room.open(dying)
        expect(room.at(dying).station.status().sessions).toBe(0)
        expect(room.at(dying).station.status().receipts).toBeLessThanOrEqual(receipts + 1)
        room.join(dying)
        await room.until(() => room!.hub.seats.has(dying))
      }
      expect(floorOf(cupboard, dying)!.size).toBeGreaterThanOrEqual(floor!.size)
      let ended = first
      if (first.kind === 'failed') {
        expect(first.remedy).toBe('retry')
        room.permit(sat.request, ...sat.order.signers)
        ended = await room.hub.sign(sat.order)
      }
      await room.close()
      if (ended.kind === 'failed') throw new Error(ended.because)
      house.imported(ended.result.lines)
    },
    60_000,
  )

  it.each(daily([1, 3, 5, 7, 9, 11], 2, 6))(
    'keeps the old share and perhaps a new one when a Station is killed at frame %i of a refresh',
    async (at) => {
      const { epoch } = house.row()
      const sat = house.keySitting('reshare')
      room = await new Room(cupboard, house, sat.bundle, { way: 'memory', timeouts }).sit()
      const isDead = deadly(room, at, () => room?.kill(dying))
      room.permit(sat.request)
      let made = await room.hub.deal(sat.deal)
      if (isDead()) await room.open(dying)
      expect(cupboard.files(dying)).toContain(`cold-eth.${epoch}.keyshare`)
      if (made.kind === 'failed') {
        room.join(dying)
        await room.until(() => room!.hub.seats.has(dying))
        room.permit(sat.request)
        const higher = { ...sat.deal, epoch: sat.deal.epoch + 3, attempt: 2 }
        made = await room.hub.deal(higher)
      }
      await room.close()
      if (made.kind === 'failed') throw new Error(made.because)
      house.imported(made.result.lines, [fromUtf8(sat.deal.order)!])
      expect(house.row().epoch).toBeGreaterThan(epoch)
    },
    60_000,
  )

  it('signs after the Hub was killed between acceptance and rounds', async () => {
    const sat = house.signSitting()
    const here = await new Room(cupboard, house, sat.bundle, { way: 'memory', timeouts }).sit()
    room = here
    here.permit(sat.request, ...sat.order.signers)
    here.tamper = {
      up: (_, frame) => (frame.frame === 'envelope' ? [] : [frame]),
    }
    const lost = here.hub.sign(sat.order)
    await here.until(() => here.said.some(({ frame }) => frame.frame === 'envelope'))
    here.tamper = {}
    await here.killHub()
    expect(await lost).toMatchObject({ kind: 'failed' })
    await here.until(() => house.names.every((name) => here.hub.seats.has(name)))
    expect(here.at(other).station.status().state).toBe('ready')
    here.permit(sat.request, ...sat.order.signers)
    const ended = await here.hub.sign(sat.order)
    await here.close()
    if (ended.kind === 'failed') throw new Error(ended.because)
    house.imported(ended.result.lines)
  }, 60_000)
})
