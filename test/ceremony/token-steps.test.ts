// A token is pulled out at every step, once, or another custodian's is in its place, and the right
// one is put back when the Station asks for it; and PINs that are typed wrong. Which steps there are
// follows from the scripts. Nothing is lost of the sitting, and nobody else's token does anything.
import { symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { Asked } from '../../signer-node/ceremony/station-acts.ts'
import { daily } from '../kit/every-case.ts'
import { about, inForce, plannedKey, proof, withSeals } from '../kit/key-sittings.ts'
import { endedWell, type StationMoment, stationTamper, stepsWith } from '../kit/room-killed.ts'
import {
  anew,
  imported,
  judged,
  plannedRelease,
  type Read,
  sit,
  staged,
  theStations,
} from '../kit/room-played.ts'

staged()

type Harm = readonly [string, StationMoment, string | undefined]

const harms = [
  ['pulled out before the turn', 'turn', undefined],
  ['pulled out before its line is signed', 'place', undefined],
  ['swapped for that of another custodian before the turn', 'turn', 'other'],
  ['swapped for that of another custodian before its line is signed', 'place', 'other'],
] as const satisfies readonly Harm[]

/** Beside the own tokens: what leads to the one in the socket of the next Station. */
function neighbours(): void {
  const homes = theStations().map(({ home }) => join(home, 'socket'))
  for (const [at, home] of homes.entries()) {
    symlinkSync(join(homes[(at + 1) % homes.length] ?? '', 'in'), join(home, 'other'))
  }
}

async function harmed(plan: Read, [, moment, instead]: Harm): Promise<void> {
  const steps = new Set<string>()
  const tamper = stationTamper(plan, moment, (step, node) => {
    if (!steps.has(step)) {
      const { socket } = theStations().find(({ planned }) => planned.node === node)!
      socket.plug(instead)
    }
    steps.add(step)
    return false
  })
  let count = 0
  const typed = (node: string) => (what: Asked, question: string) => {
    if (question.includes('or is another: put it in')) count += 1
    return withSeals(node)(what, question)
  }
  const sat = await sit(plan, { typed, tamper: () => tamper })
  const conductor = sat.lead()
  await sat.come()
  try {
    const done = await conductor.run()
    await endedWell(plan, { done, sat, signed: [], resumed: [] })
    expect(done.exceptions).toBe(0)
  } finally {
    for (const one of sat.seats.values()) one.close()
  }
  expect(stepsWith(plan, moment).filter((step) => !steps.has(step))).toEqual([])
  expect(count).toBeGreaterThan(stepsWith(plan, 'place').length - 1)
}

describe.each(daily(harms, 1, 3))('a token that is %s, at every step', (...harm) => {
  it('makes one key', async () => {
    await anew()
    neighbours()
    await harmed(await plannedKey('genesis', { ...about(), op: 'key.create', terms: {} }), harm)
  }, 300_000)

  it('signs once', async () => {
    await harmed(await plannedRelease(), harm)
  }, 300_000)

  it('deals the key anew', async () => {
    const change = { ...about(), op: 'key.refresh', terms: await inForce('key.created') } as const
    await harmed(await plannedKey('reshare', change, { tBefore: 2 }), harm)
  }, 300_000)

  it('proves it once, and destroys what is over', async () => {
    const change = proof(await inForce('key.refreshed'))
    await harmed(await plannedKey('drill', change, { scenarios: [] }), harm)
  }, 300_000)
})

describe('a PIN', () => {
  it('that is typed wrong once each time it is asked for changes nothing', async () => {
    const asked = new Map<string, number>()
    const isMistyped = (node: string): boolean => {
      const count = asked.get(node) ?? 0
      asked.set(node, count + 1)
      return count % 2 === 0
    }
    const plan = await plannedRelease()
    const sat = await sit(plan, { isMistyped })
    const conductor = sat.lead()
    await sat.come()
    const done = await conductor.run()
    for (const one of sat.seats.values()) one.close()
    await endedWell(plan, { done, sat, signed: [], resumed: [] })
    expect([done.exceptions, Math.min(...asked.values())]).toEqual([0, 4])
  }, 300_000)

  it('that is typed wrong twice at a confirmation puts this Station out, and the others sign', async () => {
    let isTyping = false
    const typed = (node: string) => (what: Asked) => {
      if (node === 'node-1' && what === 'amount') isTyping = true
      return undefined
    }
    const plan = await plannedRelease()
    let wrong = 0
    const isMistyped = (node: string): boolean => {
      if (node !== 'node-1' || !isTyping) return false
      wrong += 1
      return wrong <= 2
    }
    const sat = await sit(plan, { typed, isMistyped })
    const conductor = sat.lead()
    await sat.come()
    const done = await conductor.run()
    for (const one of sat.seats.values()) one.close()
    const { findings, exceptions } = await judged(plan, done.files)
    expect([done.outcome, findings]).toEqual(['done', []])
    expect(exceptions).toMatchObject([
      { step: 'S-6', happened: expect.stringMatching(/^node-1: TOKEN_PIN: two wrong/) },
    ])
    const read = exceptions.map(({ line }) => line)
    await imported(plan, done.files, read)
  }, 300_000)
})
