// The last confirmation of a refresh comes long after, when a second try of it is confirmed as well or
// half confirmed (A35: forget and forgive). Nobody who confirmed has thrown its share away, so the
// highest epoch that all confirmed comes into force at every node, whichever was complete first, and
// what comes later moves nothing.
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { readSigned } from '../../proto/frames.ts'
import type { Digest } from '../../proto/ids.ts'
import { type JsonObject, parseText } from '../../proto/jcs.ts'
import { type House, names } from '../kit/house.ts'
import { approved, inForce, keyOf, pays, refreshOf, sharesOf } from '../kit/house-changes.ts'
import { linesOf } from '../kit/house-checks.ts'
import { openHouse, ready } from '../kit/house-open.ts'

const longMs = 300_000

let house: House
beforeAll(async () => {
  house = await openHouse({ seed: 'change late' })
})
afterAll(() => house.close())

/** The epoch in force, and the two above it, of which signer-c has told nobody that it has them. */
interface Tried {
  readonly id: Digest
  readonly old: number
  readonly first: number
  readonly second: number
}

/** Which confirmations of signer-c get through, by epoch. */
let isHeard: (epoch: number) => boolean = () => true

async function triedTwice(): Promise<Tried> {
  await ready(house)
  const { epoch: old } = await keyOf(house)
  isHeard = () => false
  house.up = ({ node }, frame) => {
    if (frame.frame !== 'keyConfirm' || node !== 'signer-c') return frame
    const { epoch } = parseText(readSigned(frame.keyConfirm.confirm).document) as JsonObject
    return typeof epoch === 'number' && !isHeard(epoch) ? undefined : frame
  }
  const id = await approved(house, await refreshOf(house))
  await house.until('every node has two epochs that wait', () =>
    names.every((name) => waiting(name).length >= 2),
  )
  const [first = 0, second = 0] = waiting('signer-c')
  return { id, old, first, second }
}

function waiting(name: string): readonly number[] {
  return sharesOf(house, name)
    .filter((file) => file.includes('.pending.'))
    .map((file) => Number(file.split('.')[1]))
}

async function endsAt(epoch: number, id: Digest): Promise<void> {
  await inForce(house, epoch)
  expect((await keyOf(house)).epoch).toBe(epoch)
  expect(linesOf(await house.story(id), 'key.refreshed')).toHaveLength(1)
  await pays(house)
}

describe('the last confirmation of a refresh', () => {
  it('that comes long after, of a first try, brings that epoch to all, and no other after it', async () => {
    const { id, old, first } = await triedTwice()
    expect(first).toBeGreaterThan(old)
    await house.jump(longMs)
    expect((await keyOf(house)).epoch).toBe(old)
    expect(waiting('signer-c')[0]).toBe(first)
    isHeard = (epoch) => epoch === first
    await house.untilState(id, 'ACTIVE')
    await endsAt(first, id)
    // The later try is complete now too; its change has ended, and nothing of it is left.
    isHeard = () => true
    await house.jump(120_000)
    expect((await keyOf(house)).epoch).toBe(first)
    expect(linesOf(await house.story(id), 'key.refreshed')).toHaveLength(1)
    for (const name of names) expect(waiting(name)).toEqual([])
  })

  it('of both tries at once brings the higher epoch to all', async () => {
    const { id, second } = await triedTwice()
    isHeard = () => true
    await house.untilState(id, 'ACTIVE')
    const { epoch } = await keyOf(house)
    expect(epoch).toBeGreaterThanOrEqual(second)
    await endsAt(epoch, id)
  })
})
