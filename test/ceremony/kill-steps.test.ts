// A program dies at every step of every script, once, and comes back: a Station with each paper that
// is on its way to it or from it, the Record station before and after each write. The room goes on or
// ends in words, no attempt has two signatures, and the Record is found good and imported.
import { describe, expect, it } from 'vitest'
import { daily } from '../kit/every-case.ts'
import { about, inForce, plannedKey, proof, withSeals } from '../kit/key-sittings.ts'
import {
  endedWell,
  type RecordMoment,
  recordMoments,
  type StationMoment,
  stationMoments,
  stepsWith,
  survived,
} from '../kit/room-killed.ts'
import { anew, plannedRelease, type Read, staged } from '../kit/room-played.ts'

staged()

/** Played with a death at each step, to its end all the same. */
async function killed(plan: Read, moment: StationMoment | RecordMoment): Promise<void> {
  const survivor = await survived(plan, moment, { typed: withSeals })
  await endedWell(plan, survivor)
  const died = new Set(survivor.deaths.map((key) => key.split(' ')[0]))
  expect(stepsWith(plan, moment).filter((step) => !died.has(step))).toEqual([])
}

const moments: readonly (StationMoment | RecordMoment)[] = [...stationMoments, ...recordMoments]

describe.each(daily(moments, 2, 4))('a program that dies at every step, with its %s', (moment) => {
  it('makes one key', async () => {
    await anew()
    await killed(await plannedKey('genesis', { ...about(), op: 'key.create', terms: {} }), moment)
  }, 300_000)

  it('signs once', async () => {
    await killed(await plannedRelease(), moment)
  }, 300_000)

  it('deals the key anew', async () => {
    const terms = await inForce('key.created')
    const change = { ...about(), op: 'key.refresh', terms } as const
    await killed(await plannedKey('reshare', change, { tBefore: 2 }), moment)
  }, 300_000)

  it('proves it once, and destroys what is over', async () => {
    const change = proof(await inForce('key.refreshed'))
    await killed(await plannedKey('drill', change, { scenarios: [] }), moment)
  }, 300_000)
})
