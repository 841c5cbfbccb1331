// What a newcomer reads at a reshare, the words of the own daily token, as the plan names it; and
// what is said of a bag that is not whole.
import { describe, expect, it } from 'vitest'
import { judgeReadings } from '../../../policy/ceremony/judge-readings.ts'
import { tokenReading } from '../../../policy/ceremony/readings.ts'
import type { Digest } from '../../../proto/ids.ts'
import { plannedStation, plannedToken, someDigest, testPlan } from '../../kit/planned.ts'

const stations = [
  ...[1, 2, 3, 4].map((x) => plannedStation(x)),
  plannedStation(5, { part: 'leaves' }),
  plannedStation(6, { x: 5, part: 'joins' }),
]
const called = [1, 2, 3, 4, 6].map((x) => plannedStation(x).node)
const plan = testPlan('reshare', { stations, called })

function found(by: string, digest: Digest): readonly string[] {
  const body = { by, confirmed: [], digest, what: 'token' }
  const line = { actor: { role: 'custodian', person: by }, body, seq: 3, step: 'R-2' }
  const heard = {
    plan: { plan, digest: someDigest('plan') },
    ...{ state: {}, results: { lines: [], documents: [], addresses: [] } },
    lines: [{ ...line, type: 'words.read', key: '' }],
  }
  const judged = judgeReadings(heard as unknown as Parameters<typeof judgeReadings>[0])
  return judged.map(({ because }) => because)
}

describe('the words of a token at a reshare', () => {
  const of = (serial: string): Digest => tokenReading(plannedToken(serial).identity)

  it('are those of the daily token of the one who joins', () => {
    expect(found('finn', of('D-6'))).toEqual([])
  })

  it('are of no spare, of no other token, and read by nobody who was there before', () => {
    const wrong = [
      found('finn', of('S-6')),
      found('finn', of('D-5')),
      found('ana', of('D-6')),
      found('ana', of('D-1')),
    ]
    for (const findings of wrong) expect(findings.join()).toMatch(/R-2: the words of token were/)
  })
})

describe('a bag whose seal is not whole', () => {
  const line = (type: string, step: string, body: object) => ({
    ...{ actor: { role: 'recorder', person: 'rita' }, body, seq: 3, step, type, key: '' },
  })
  const heard = (...lines: readonly object[]): readonly string[] => {
    const given = {
      plan: { plan, digest: someDigest('plan') },
      ...{ state: {}, results: { lines: [], documents: [], addresses: [] } },
      lines,
    }
    const judged = judgeReadings(given as unknown as Parameters<typeof judgeReadings>[0])
    return judged.map(({ check, because }) => `${check} ${because}`)
  }
  const bag = (intact: boolean) =>
    line('item.checked', 'O-3', { intact, kind: 'bag', number: 'B-17', photo: '' })
  const told = (step: string, happened: string) => line('exception', step, { happened })

  it('has an exception at its step that names it, or the Record is none to import', () => {
    const untold = ['I4 bag B-17 was not whole, and no exception says so']
    expect(heard(bag(true))).toEqual([])
    expect(heard(bag(false))).toEqual(untold)
    expect(heard(bag(false), told('O-4', 'B-17 was cut'))).toEqual(untold)
    expect(heard(bag(false), told('O-3', 'B-18 was cut'))).toEqual(untold)
    expect(heard(bag(false), told('O-3', 'the seal of B-17 was cut'))).toEqual([])
  })

  it('is not excused by what is said of another one, whose number only contains its own', () => {
    const untold = ['I4 bag B-17 was not whole, and no exception says so']
    for (const other of ['B-171', 'AB-17', 'B-17.2', '3-B-17', 'B-17-a', 'B-17é']) {
      expect(heard(bag(false), told('O-3', `the seal of ${other} was cut`))).toEqual(untold)
    }
    for (const own of ['B-17.', '(B-17)', 'B-17/B-18 were', 'B-18, B-17: both', '"B-17"']) {
      expect(heard(bag(false), told('O-3', own))).toEqual([])
    }
  })
})
