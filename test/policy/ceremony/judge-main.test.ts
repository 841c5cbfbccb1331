// What the judge asks of the head of the main log that stations say they saw: one where the plan
// names that log, none elsewhere, and the same one at every station, in size and root.
import { describe, expect, it } from 'vitest'
import { judgeReadings } from '../../../policy/ceremony/judge-readings.ts'
import { readRecord } from '../../../policy/ceremony/record-chain.ts'
import { seatsOf } from '../../../policy/ceremony/record-seats.ts'
import { encodeResults, parseResults } from '../../../policy/ceremony/results.ts'
import type { JsonObject } from '../../../proto/jcs.ts'
import { digestNamed } from '../../kit/audit-log.ts'
import { Performance, type Uttered } from '../../kit/performed.ts'
import { fileOf } from '../../kit/record.ts'
import { RoomStory } from '../../kit/room-story.ts'

const story = new RoomStory()
const room = new Performance(story)
const main = { root: digestNamed('root of the main log'), size: 41 }
const results = parseResults(encodeResults(room.results))

/** What each station says of the main log at O-8; nothing where it is undefined. */
function heard(said: readonly (JsonObject | undefined)[], isNamed = true): readonly string[] {
  let station = -1
  const all = room.said().map((one): Uttered => {
    if (one.step !== 'O-8') return one
    station += 1
    const own = said[station]
    return own === undefined ? one : { ...one, body: { ...one.body, main: own } }
  })
  const { lines, state } = readRecord(seatsOf(story.plan, story.bundle), fileOf(room.lines(all)))
  const plan = isNamed ? { ...story.plan.plan, mainRoot: digestNamed('root') } : story.plan.plan
  const given = { plan: { ...story.plan, plan }, state, lines, results }
  return judgeReadings(given).map(({ check, word, because }) => `${check} ${word}: ${because}`)
}

const lacking = 'I4 VIOLATION: head of the main log: expected one, as the plan names that log'
const another = 'I4 VIOLATION: a station saw another main log than the one before'

describe('the head of the main log in a Record', () => {
  it('is the same at every station, where the plan names that log', () => {
    expect(heard([main, main, main])).toEqual([])
    expect(heard([undefined, undefined, undefined], false)).toEqual([])
  })

  it('is missing at no station', () => {
    expect(heard([undefined, main, main])).toEqual([lacking])
    expect(heard([main, undefined, main])).toEqual([lacking])
    expect(heard([main, main, undefined])).toEqual([lacking])
    expect(heard([undefined, undefined, undefined])).toEqual([lacking, lacking, lacking])
  })

  it('is of one size and one root', () => {
    const longer = { ...main, size: 42 }
    const other = { ...main, root: digestNamed('another root') }
    // The third differs from the second, or the second from the first and the third from it again.
    expect(heard([main, main, longer])).toEqual([another])
    expect(heard([main, main, other])).toEqual([another])
    expect(heard([main, longer, main])).toEqual([another, another])
    expect(heard([other, main, main])).toEqual([another])
    // One that says nothing is no bridge between two that differ.
    expect(heard([main, undefined, other])).toEqual([lacking, another])
  })

  it('is none where the plan names no main log', () => {
    const none = 'I4 VIOLATION: head of the main log: expected none'
    expect(heard([main, undefined, undefined], false)).toEqual([none])
  })
})
