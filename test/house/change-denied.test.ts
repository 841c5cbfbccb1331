// A coordinator that wants a key never to change again: it lets dealings fail at the step after
// which a share may not be forgotten, and it names epochs as it likes. Afterwards an honest one
// still brings the change to its end, or the next change, and no node forgot what counts.
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { fromUtf8 } from '../../proto/crypto.ts'
import type { CoordinatorFrame } from '../../proto/frames.ts'
import { encode, type JsonObject } from '../../proto/jcs.ts'
import { limits } from '../../proto/limits.ts'
import { type House, names } from '../kit/house.ts'
import { approved, inForce, keyOf, pays, refreshOf, sharesOf } from '../kit/house-changes.ts'
import { openHouse, ready } from '../kit/house-open.ts'

const [a, b, c] = ['signer-a', 'signer-b', 'signer-c'] as const
let house: House
beforeAll(async () => {
  house = await openHouse({ seed: 'change denied' })
})
afterAll(() => house.close())

const honest = (_: unknown, frame: CoordinatorFrame): CoordinatorFrame => frame
const pending = (name: string) => sharesOf(house, name).filter((file) => file.includes('pending'))

/** The same run, with an epoch of the coordinator's choice. */
function named(frame: CoordinatorFrame, epoch: number): CoordinatorFrame {
  if (frame.frame !== 'prepare' || frame.prepare.order.length === 0) return frame
  const document = JSON.parse(fromUtf8(frame.prepare.keygen) ?? '') as JsonObject
  return { ...frame, prepare: { ...frame.prepare, keygen: encode({ ...document, epoch }) } }
}

const lacks = (frame: CoordinatorFrame, round: number): boolean =>
  frame.frame === 'envelope' && frame.envelope.round === round

describe('a coordinator that wants a key never to change again', () => {
  it('cannot drive the epochs of two nodes so far apart that none suits both', async () => {
    await ready(house)
    const { epoch } = await keyOf(house)
    const far = epoch + limits.epochStepMax
    // Only node a gets as far as a share that it has to keep.
    house.down = ({ node }, frame) =>
      node !== a && lacks(frame, 2) ? undefined : named(frame, far)
    const id = await approved(house, await refreshOf(house))
    await house.until('a kept it', () => pending(a).length > 0)
    expect(pending(b)).toEqual([])
    house.down = honest
    await house.until('carried out', async () => (await house.state(id)) === 'ACTIVE', 300_000)
    await inForce(house, far + 1)
    await pays(house)
  })

  it('cannot fill the places of pending keys by dealings that nobody gets to confirm', async () => {
    await ready(house)
    const { epoch } = await keyOf(house)
    let failed = 0
    house.up = (_, frame) => {
      if (frame.frame === 'stopped') failed += 1
      return frame
    }
    house.down = (_, frame) => (lacks(frame, 3) ? undefined : frame)
    const id = await approved(house, await refreshOf(house))
    await house.until('more tries than places', () => failed > 5 * names.length, 300_000)
    for (const name of names) expect(pending(name).length).toBeLessThanOrEqual(1)
    house.down = honest
    await house.until('carried out', async () => (await house.state(id)) === 'ACTIVE', 300_000)
    expect((await keyOf(house)).epoch).toBeGreaterThan(epoch)
    await inForce(house, (await keyOf(house)).epoch)
    await pays(house)
  })

  it('cannot fill the places of pending keys for longer than its change lives', async () => {
    await ready(house)
    const { epoch } = await keyOf(house)
    let over = 0
    house.up = ({ node }, frame) => {
      if (node === c && frame.frame === 'stopped') over += 1
      return frame
    }
    // Two nodes get to confirm, the third never: what it did not confirm it need not keep.
    house.down = ({ node }, frame) => (node === c && lacks(frame, 3) ? undefined : frame)
    const change = await refreshOf(house)
    await approved(house, { ...change, notAfter: change.created + 120_000 })
    await house.until(
      'no more fit',
      () => [a, b].every((name) => pending(name).length === 4),
      300_000,
    )
    expect(pending(c).length).toBeLessThanOrEqual(1)
    // What is on its way to the third is not carried after all: it gives the last run up first.
    const before = over
    await house.until('the last run is over', () => over > before, 300_000)
    house.down = honest
    await house.jump(120_000)
    expect((await keyOf(house)).epoch).toBe(epoch)
    const id = await approved(house, await refreshOf(house))
    await house.until('carried out', async () => (await house.state(id)) === 'ACTIVE', 300_000)
    await inForce(house, epoch + 5)
    for (const name of names) expect(sharesOf(house, name)).toHaveLength(1)
    await pays(house)
  })
})
