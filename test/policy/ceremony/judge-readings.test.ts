// What a newcomer reads at a reshare, the words of the own daily token, as the plan names it; the words
// of the main log, which the auditor reads from paper; and what is said of a bag that is not whole.
import { describe, expect, it } from 'vitest'
import { judgeReadings } from '../../../policy/ceremony/judge-readings.ts'
import { judgeScript } from '../../../policy/ceremony/judge-script.ts'
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

describe('the words of the main log', () => {
  const main = { root: someDigest('head of the main log'), size: 12 }
  const naming = testPlan('sign', { mainRoot: someDigest('main root') })
  const { program, modules } = naming.build
  const [ana] = naming.stations
  const token = ana?.tokens?.daily.serial
  const ready = {
    ...{ actor: { role: 'custodian', person: ana?.custodian }, seq: 2, step: 'O-8', key: '' },
    ...{ type: 'station.ready', body: { build: program, module: modules[0], main, token } },
  }
  const heard = (by: string, digest: Digest, before: readonly object[] = [ready]) => {
    const body = { by, confirmed: ['chen'], digest, what: 'main-log' }
    const line = { actor: { role: 'auditor', person: by }, seq: 3, step: 'O-9', key: '' }
    const given = {
      plan: { plan: naming, digest: someDigest('plan') },
      ...{ state: {}, results: { lines: [], documents: [], addresses: [] } },
      lines: [...before, { ...line, type: 'words.read', body }],
    }
    const judged = judgeReadings(given as unknown as Parameters<typeof judgeReadings>[0])
    return judged.map(({ because }) => because)
  }

  it('are of the head that the stations signed, read by the auditor from paper', () => {
    expect(heard('aldo', main.root)).toEqual([])
    const other = someDigest('head of a log that somebody swapped')
    expect(heard('aldo', other)).toEqual([`O-9: the words of main-log were those of ${other}`])
    expect(heard('aldo', main.root, []).join()).toMatch(/^O-9: the words of main-log were those of/)
    expect(heard('ana', main.root)).toEqual(['O-9 is read by the auditor, got ana'])
  })

  it('are missed where the plan names that log and nobody read them', () => {
    const missed = (plan: typeof naming) => {
      const played = { plan, lines: [], carried: new Set<string>(), isAborted: false }
      return judgeScript(played).filter(({ because }) => because.startsWith('O-9'))
    }
    const [{ because } = { because: '' }] = missed(naming)
    expect(because).toBe('O-9: expected 1 of words.read, got 0 (X-20)')
    expect(missed(testPlan('sign'))).toEqual([])
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
