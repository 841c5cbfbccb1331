// An export in which somebody dies at every step at which something becomes durable or leaves, in
// which parts are lost, and in which pairings part between two parts. Whatever happens, there is
// one line, and at the end the recipient has the whole key from parts that fit.
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { toHex } from '../../proto/crypto.ts'
import type { Digest } from '../../proto/ids.ts'
import { daily } from '../kit/every-case.ts'
import { type House, names } from '../kit/house.ts'
import { approved, keyOf } from '../kit/house-changes.ts'
import { linesOf } from '../kit/house-checks.ts'
import { exportOf, openedPublicKey, parcelOf } from '../kit/house-exports.ts'
import { openHouse, ready } from '../kit/house-open.ts'
import type { Doom, Moment } from '../kit/mortal.ts'

let house: House
beforeAll(async () => {
  house = await openHouse({ seed: 'export crash' })
})
afterAll(() => house.close())

/** At the `nth` such row that any node writes from now on. */
function doomAt(isIt: (statement: string, values: readonly unknown[]) => boolean, nth: number) {
  let rows = 0
  return (moment: Moment): Doom => ({
    moment,
    of: ({ statement, values }) => {
      if (!isIt(statement, values)) return false
      rows += 1
      return rows === nth
    },
  })
}

const partRow = (statement: string) => statement.includes('into export_part ')
const lineRow = (statement: string, values: readonly unknown[]) =>
  statement.includes('insert into line ') &&
  values.some((value) => value instanceof Uint8Array && text(value).includes('key.exported'))
const text = (bytes: Uint8Array) => Buffer.from(bytes).toString('latin1')

/** Everybody is there and has heard everything: no doom falls on what is old. */
async function calm(): Promise<void> {
  await ready(house)
  const { length } = await house.entries()
  await house.until('all have all lines', () =>
    names.every((name) => house.at(name).node.status().size >= length),
  )
}

async function begun(): Promise<Digest> {
  return approved(house, await exportOf(house))
}

/** One line, and parts that fit. */
async function endsWell(id: Digest): Promise<void> {
  await house.until('the change is carried out', async () => (await house.state(id)) === 'ACTIVE')
  const [line, ...more] = linesOf(await house.story(id), 'key.exported')
  expect(more).toEqual([])
  const parcel = await parcelOf(house)
  expect(JSON.parse(parcel.line).seq).toBe(line?.seq)
  expect(openedPublicKey(parcel)).toBe(toHex((await keyOf(house)).publicKey))
}

async function deadReturn(): Promise<void> {
  const dead = () => [...house.nodes.values()].filter(({ isUp }) => !isUp)
  await house.until('one is dead', () => dead().length > 0)
  for (const node of house.nodes.values()) if (node.isUp) node.life.doom = undefined
  await house.pass(2_000)
  for (const node of dead()) node.start()
}

describe('a node that dies in an export', () => {
  const moments: readonly (readonly [string, typeof lineRow, Moment, number])[] = [
    ['before the line is on its disk', lineRow, 'before', 1],
    ['when the line is on its disk and nothing is marked', lineRow, 'after', 1],
    ['before its part is remembered', partRow, 'before', 1],
    ['when its part is remembered and has not left', partRow, 'after', 1],
    ['before the last part is remembered', partRow, 'before', 2],
    ['when the last part is remembered and has not left', partRow, 'after', 2],
  ]
  for (const [when, isIt, moment, nth] of daily(moments, 1, 3)) {
    it(`${when} comes back, and the parts fit`, async () => {
      await calm()
      const doom = doomAt(isIt, nth)(moment)
      for (const node of house.nodes.values()) node.life.doom = doom
      const id = await begun()
      await deadReturn()
      await endsWell(id)
    })
  }
})

describe('a coordinator that dies in an export', () => {
  const exported = (statement: string, values: readonly unknown[]) =>
    statement.includes('insert into entry ') &&
    values.some((value) => Array.isArray(value) && value.includes('key.exported'))
  const moments: readonly (readonly [string, typeof lineRow, Moment, number])[] = [
    ['before the line is committed', exported, 'before', 1],
    ['when the line is committed', exported, 'after', 1],
    ['before the first part is kept', partRow, 'before', 1],
    ['when the first part is kept', partRow, 'after', 1],
    ['before the last part is kept', partRow, 'before', 2],
    ['when the last part is kept', partRow, 'after', 2],
  ]
  for (const [when, isIt, moment, nth] of daily(moments, 0, 5)) {
    it(`${when} leaves it to the next one`, async () => {
      await calm()
      house.running('c1').life.doom = doomAt(isIt, nth)(moment)
      const id = await begun()
      await house.until('it is dead', () => !house.isUp('c1'))
      await house.pass(1_000)
      await house.startCoordinator('c1')
      await endsWell(id)
    })
  }
})

describe('parts that are lost', () => {
  it('all of them, with everybody, are given again as they were', async () => {
    await calm()
    const sealed: string[] = []
    house.up = (_place, frame) => {
      if (frame.frame !== 'exportPart') return frame
      sealed.push(toHex(frame.exportPart.sealed))
      return undefined
    }
    const id = await begun()
    await house.until('both have left', () => new Set(sealed).size === 2)
    for (const node of house.nodes.values()) node.kill()
    house.killCoordinator('c1')
    house.up = (_place, frame) => frame
    await house.pass(1_000)
    for (const node of house.nodes.values()) node.start()
    await house.startCoordinator('c1')
    await endsWell(id)
    const parcel = await parcelOf(house)
    const given = parcel.parts.map((part) => Buffer.from(part.sealed).toString('hex'))
    expect([...given].sort()).toEqual([...new Set(sealed)].sort())
  })

  it('and pairings with them, are made anew by all: a mixture opens nothing', async () => {
    await calm()
    let only: string | undefined
    // Only one of them gets to make its part before the pairings are gone.
    house.down = ({ node }, frame) => {
      if (frame.frame !== 'requestPart') return frame
      only ??= node
      return node === only ? frame : undefined
    }
    const made = () => house.record.events.filter(({ name }) => name === 'part-made').length
    const before = made()
    const id = await begun()
    await house.until('one is made', () => made() > before)
    await house.pass(1_000)
    for (const name of names) house.at(name).kill()
    house.down = (_place, frame) => frame
    await house.pass(1_000)
    for (const name of names) house.at(name).start()
    await endsWell(id)
    expect(made()).toBeGreaterThanOrEqual(before + 3)
  })
})
