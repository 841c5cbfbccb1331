// A program dies at every step of every script, once, and comes back: a Station with each paper that
// is on its way to it or from it, the Record station before and after each write. The room goes on or
// ends in words, no attempt has two signatures, and the Record is found good and imported.
import { describe, expect, it } from 'vitest'
import { parseRecordLine } from '../../policy/ceremony/record.ts'
import { splitRecord } from '../../policy/ceremony/record-chain.ts'
import { toHex } from '../../proto/crypto.ts'
import type { Asked } from '../../signer-node/ceremony/station-acts.ts'
import { askedOf } from '../coordinator/cold-house.ts'
import { daily } from '../kit/every-case.ts'
import { about, asked, inForce, proof, type sitting } from '../kit/key-sittings.ts'
import {
  type RecordMoment,
  recordMoments,
  type StationMoment,
  stationMoments,
  stepsWith,
  survived,
} from '../kit/room-killed.ts'
import {
  anew,
  imported,
  judged,
  planned,
  plannedRelease,
  type Read,
  staged,
  theHouse,
} from '../kit/room-played.ts'

staged()

const typed = (node: string) => (what: Asked, question: string) => {
  return node === 'room' && what === 'go' && question.startsWith('D-13') ? 'yes' : undefined
}

/** Played with a death at each step, to its end all the same, found good, imported. */
async function killed(plan: Read, moment: StationMoment | RecordMoment): Promise<void> {
  const { done, sat, deaths, signed, resumed } = await survived(plan, moment, { typed })
  const screens = [...[...sat.seats.values()].flatMap(({ said }) => said), ...sat.said]
  const screen = screens.slice(-80).join('\n')
  expect(done.outcome, screen).toBe('done')
  const { findings, exceptions } = await judged(plan, done.files)
  expect(findings, screen).toEqual([])
  const died = new Set(deaths.map((key) => key.split(' ')[0]))
  expect(stepsWith(plan, moment).filter((step) => !died.has(step))).toEqual([])
  expect(resumed).toEqual([])
  const lines = splitRecord(done.files.get('record.jsonl') ?? new Uint8Array())
  const told = lines.map(parseRecordLine).flatMap((one) => {
    return one.type === 'signature.made' ? [toHex(one.body.signature)] : []
  })
  const isSigned = plan.plan.kind === 'sign' || plan.plan.kind === 'drill'
  expect(new Set([...signed, ...told]).size).toBe(isSigned ? 1 : 0)
  await imported(
    plan,
    done.files,
    exceptions.map(({ line }) => line),
  )
}

async function plannedKey(
  kind: 'genesis' | 'reshare' | 'drill',
  change: Parameters<typeof sitting>[1],
  more: Parameters<typeof planned>[2] = {},
): Promise<Read> {
  const { vault } = askedOf(theHouse().clock, 'cold')
  const request = await asked(change)
  return await planned(kind, [{ request, op: change.op, vault, callBack: false }], more)
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
