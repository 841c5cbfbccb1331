// T-table: one list of cases over a network, cards, and both at once, for 2 of 3 and 3 of 5. A key
// is made, refreshed and used by different signers; frames are lost, doubled, swapped between
// sessions, and brought from an earlier ceremony. Whatever is done to frames, a session ends well or
// is tried again, and nobody is blamed.
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { parseSignature, verifies } from '../../policy/chain/signature.ts'
import { fromUtf8 } from '../../proto/crypto.ts'
import type { CoordinatorFrame } from '../../proto/frames.ts'
import type { DealOrder, SignEnded, SignOrder } from '../../signer-node/ceremony/hub-orders.ts'
import { tableName } from '../../signer-node/ceremony/table.ts'
import { ColdHouse, type Sat } from '../kit/cold-house.ts'
import { Cupboard } from '../kit/table-cupboard.ts'
import { Room, type RoomOptions, type Way } from '../kit/table-room.ts'
import { type End, end } from '../kit/wire.ts'

const names = ['node-a', 'node-b', 'node-c', 'node-d', 'node-e']
const ends = new Map<string, End>([
  ...(await Promise.all(names.map(async (name) => [name, await end('node', name)] as const))),
  [tableName, await end('coordinator', tableName)],
])

const both = (station: string): Way => (names.indexOf(station) % 2 === 0 ? 'network' : 'cards')
const ways: readonly (readonly [string, RoomOptions['way']])[] = [
  ['a network', 'network'],
  ['cards', 'cards'],
  ['both', both],
]
const shapes = [
  [2, 3],
  [3, 5],
] as const
const all = ways.flatMap(([what, way]) => shapes.map(([t, n]) => [what, t, n, way] as const))

describe.each(all)('at a table over %s, %i of %i', (_what, t, n, way) => {
  const house = new ColdHouse(n, t)
  const cupboard = new Cupboard()
  const earlier: { readonly station: string; readonly frame: CoordinatorFrame }[] = []
  let room: Room | undefined
  afterAll(async () => {
    await room?.close()
    cupboard[Symbol.dispose]()
  })

  const at = async (sat: Sat, more: Partial<RoomOptions> = {}): Promise<Room> => {
    room = new Room(cupboard, house, sat.bundle, { way, ends, ...more })
    return await room.sit()
  }
  const leave = async (): Promise<void> => {
    earlier.push(...(room?.carried ?? []))
    await room?.close()
  }
  const dealt = async ({ deal, ...sat }: Sat & { readonly deal: DealOrder }) => {
    const here = await at(sat)
    here.permit(sat.request)
    const made = await here.hub.deal(deal)
    await leave()
    if (made.kind === 'failed') throw new Error(made.because)
    expect(made.certifiedBy).toEqual(house.names)
    house.imported(made.result.lines, [fromUtf8(deal.order)!])
    return made.certificate
  }
  const signs = (ended: SignEnded, order: SignOrder): void => {
    if (ended.kind === 'failed') {
      const events = [...(room?.left ?? [])].map(([name, { events: its }]) => {
        return `${name}: ${its.map((one) => `${one.name} ${one.because ?? ''}`).join('; ')}`
      })
      throw new Error(
        [
          ended.because,
          ...events,
          ...(room?.hubEvents.map((one) => `hub ${one.name} ${one.because}`) ?? []),
        ].join('\n'),
      )
    }
    const { about, signature, verifiedBy } = ended
    expect(verifies(parseSignature(signature), about.digest, about.publicKey)).toBe(true)
    expect([...verifiedBy].sort()).toEqual([...order.signers])
  }

  afterEach(async () => {
    await room?.close()
    house.giveUp()
  })

  beforeAll(async () => {
    await dealt(house.keySitting('genesis'))
  }, 120_000)

  it('any t of the called stations sign, and the log takes what they made', async () => {
    const sat = house.signSitting()
    const signers = house.names.slice(-t)
    const here = await at(sat)
    here.permit(sat.request, ...signers)
    const ended = await here.hub.sign({ ...sat.order, signers })
    await leave()
    signs(ended, { ...sat.order, signers })
    house.imported(ended.result.lines)
  }, 60_000)

  it('a refresh gives everybody other shares of the same key', async () => {
    const { publicKey, keyState } = house.row()
    const made = await dealt(house.keySitting('reshare'))
    expect([made.key.publicKey, made.key.epoch]).toEqual([publicKey, 2])
    expect(made.key.keyState).not.toBe(keyState)
  }, 120_000)

  it('frames that come twice change nothing', async () => {
    const sat = house.signSitting()
    const here = await at(sat, {
      tamper: { up: (_, frame) => [frame, frame], down: (_, frame) => [frame, frame] },
    })
    here.permit(sat.request, ...sat.order.signers)
    const ended = await here.hub.sign(sat.order)
    await leave()
    signs(ended, sat.order)
    house.imported(ended.result.lines)
  }, 60_000)

  it('a lost frame ends the session; a new one, confirmed anew, signs under the same line', async () => {
    const sat = house.signSitting()
    let lost = 0
    const lossy = {
      down: (_: string, frame: CoordinatorFrame) => {
        const isLost = frame.frame === 'envelope' && frame.envelope.round === 2 && lost === 0
        lost += isLost ? 1 : 0
        return isLost ? [] : [frame]
      },
    }
    const here = await at(sat, { tamper: lossy, timeouts: { roundS: 5, sessionS: 30 } })
    here.permit(sat.request, ...sat.order.signers)
    const failed = await here.hub.sign(sat.order)
    expect(failed).toMatchObject({ kind: 'failed', remedy: 'retry', reason: 'SESSION_TIMEOUT' })
    here.permit(sat.request, ...sat.order.signers)
    const ended = await here.hub.sign(sat.order)
    await leave()
    signs(ended, sat.order)
    house.imported(ended.result.lines)
  }, 60_000)

  it('what belongs to another session or an earlier ceremony reaches nobody', async () => {
    const sat = house.signSitting()
    let isReplayed = false
    const old = earlier.filter(({ frame }) => frame.frame !== 'welcome' && frame.frame !== 'lines')
    expect(new Set(old.map(({ frame }) => frame.frame))).toContain('start')
    const here = await at(sat, {
      tamper: {
        down: (station, frame) => {
          if (frame.frame !== 'envelope' || isReplayed) return [frame]
          isReplayed = true
          const its = old.filter((one) => one.station === station).map((one) => one.frame)
          return [...its, frame]
        },
      },
    })
    here.permit(sat.request, ...sat.order.signers)
    const ended = await here.hub.sign(sat.order)
    const dropped = sat.order.signers.map((name) => {
      return here.at(name).station.status().droppedEnvelopes
    })
    await leave()
    signs(ended, sat.order)
    expect(Math.max(...dropped)).toBeGreaterThan(0)
    house.imported(ended.result.lines)
  }, 60_000)
})
