// What a session at a table does not hear, and that people read why: answers, starts and envelopes
// of another one, and a start for a program that has been started again. The session
// that runs goes on as if they had not come.
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { fromUtf8 } from '../../proto/crypto.ts'
import type { CoordinatorFrame, NodeFrame } from '../../proto/frames.ts'
import { ColdHouse } from '../kit/cold-house.ts'
import type { Tamper } from '../kit/frame-pair.ts'
import { Cupboard } from '../kit/table-cupboard.ts'
import { Room } from '../kit/table-room.ts'

const house = new ColdHouse(3, 2)
const cupboard = new Cupboard()
const otherTicket = new Uint8Array(16).fill(9)
let room: Room

beforeAll(async () => {
  const { bundle, request, deal } = house.keySitting('genesis')
  room = await new Room(cupboard, house, bundle, { way: 'memory' }).sit()
  room.permit(request)
  const made = await room.hub.deal(deal)
  await room.close()
  if (made.kind === 'failed') throw new Error(made.because)
  house.imported(made.result.lines, [fromUtf8(deal.order) ?? ''])
}, 60_000)
afterEach(async () => {
  await room.close()
  house.giveUp()
})
afterAll(() => cupboard[Symbol.dispose]())

/** A payment, over frames that are bent; it is signed all the same. */
async function signedDespite(tamper: Tamper): Promise<void> {
  const sat = house.signSitting()
  room = await new Room(cupboard, house, sat.bundle, { way: 'memory', tamper }).sit()
  room.permit(sat.request, ...sat.order.signers)
  const ended = await room.hub.sign(sat.order)
  expect(ended).toMatchObject({ kind: 'signed' })
}

const told = (station: string, name: string): readonly (string | undefined)[] =>
  room
    .at(station)
    .events.filter((event) => event.name === name)
    .map(({ because }) => because)

describe('a session at a table', () => {
  it('takes no answer about another one (X-15)', async () => {
    let isSent = false
    const up = (station: string, frame: NodeFrame): NodeFrame[] => {
      if (frame.frame !== 'accepted' || station !== 'node-b' || isSent) return [frame]
      isSent = true
      const { accepted } = frame
      return [{ ...frame, accepted: { ...accepted, ticket: otherTicket } }, frame]
    }
    await signedDespite({ up })
    expect(room.hubEvents).toContainEqual(
      expect.objectContaining({
        ...{ name: 'table-answer', peer: 'node-b' },
        because: 'an answer about a session that does not run (X-15)',
      }),
    )
  }, 30_000)

  it('begins at no Station by the start of another one, nor takes its envelopes (X-15)', async () => {
    let [isStarted, isSent] = [false, false]
    const down = (station: string, frame: CoordinatorFrame): CoordinatorFrame[] => {
      if (station !== 'node-a') return [frame]
      if (frame.frame === 'start' && !isStarted) {
        isStarted = true
        return [{ ...frame, start: { ...frame.start, ticket: otherTicket } }, frame]
      }
      if (frame.frame === 'envelope' && !isSent) {
        isSent = true
        const { envelope } = frame
        const sid = envelope.sid.map((byte) => byte ^ 1)
        return [{ ...frame, envelope: { ...envelope, sid } }, frame]
      }
      return [frame]
    }
    await signedDespite({ down })
    expect(told('node-a', 'frame-refused')).toEqual([
      'the start of another session than the one that was accepted here (X-15)',
    ])
    expect(told('node-a', 'envelopes-dropped')).toEqual([
      '1 envelopes of no session that runs here (X-15)',
    ])
    expect(told('node-b', 'frame-refused')).toEqual([])
  }, 30_000)

  it('is not resumed by a Station that was started again (X-16)', async () => {
    const sat = house.signSitting()
    let start: CoordinatorFrame | undefined
    const down = (station: string, frame: CoordinatorFrame): CoordinatorFrame[] => {
      if (frame.frame !== 'start' || station !== 'node-b') return [frame]
      start ??= frame
      return []
    }
    room = await new Room(cupboard, house, sat.bundle, { way: 'memory', tamper: { down } }).sit()
    room.permit(sat.request, ...sat.order.signers)
    const signing = room.hub.sign(sat.order)
    await room.until(() => start !== undefined)
    room.leave('node-b')
    expect(await signing).toMatchObject({ kind: 'failed', remedy: 'retry' })
    await room.open('node-b')
    room.join('node-b')
    await room.until(() => room.hub.seats.has('node-b'))
    room.tamper = {}
    // As a table that lies says it, with every acceptance of before.
    if (start !== undefined) room.hub.seats.send('node-b', start)
    await room.until(() => told('node-b', 'frame-refused').length > 0)
    expect(told('node-b', 'frame-refused')).toEqual([
      'a session that nothing was accepted for since this program was started (X-16)',
    ])
    expect(room.at('node-b').station.status().sessions).toBe(0)
    const left = room.said.filter(({ station, frame }) => {
      return station === 'node-b' && (frame.frame === 'share' || frame.frame === 'envelope')
    })
    expect(left).toEqual([])
  }, 30_000)
})
