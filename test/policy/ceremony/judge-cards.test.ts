import { describe, expect, it } from 'vitest'
import { judgeCards } from '../../../policy/ceremony/judge-cards.ts'
import type { StationSeat } from '../../../policy/ceremony/record-seats.ts'
import { seatsOf } from '../../../policy/ceremony/record-seats.ts'
import {
  parseStationCard,
  stationCardDocument,
  type UnsignedStationCard,
} from '../../../policy/ceremony/station-card.ts'
import { ed25519Signer } from '../../../proto/crypto.ts'
import { parseHandle } from '../../../proto/ids.ts'
import { someDigest, testPlan } from '../../kit/planned.ts'
import { stationFacts } from '../../kit/station-card.ts'
import { secretOf } from '../../kit/token-card.ts'

const plan = testPlan('enrolment')
const bare = seatsOf({ digest: someDigest('plan'), plan }, '')

function cardOf(x: number, change: Partial<UnsignedStationCard> = {}): string {
  const { custodian } = bare.stations[x - 1] ?? {}
  const facts = { ...stationFacts(`node-${x}`, x), custodian: parseHandle(custodian ?? 'finn') }
  const sign = ed25519Signer(secretOf(`node-${x} identity`))
  return Buffer.from(stationCardDocument({ ...facts, ...change }, sign)).toString()
}

const cards = [1, 2, 3, 4, 5].map((x) => cardOf(x))
const stations = bare.stations.map((seat, at): StationSeat => {
  const { daily, spare } = parseStationCard(Buffer.from(cards[at] ?? ''))
  return { ...seat, keys: [daily.identity, spare.identity] }
})

function found(texts: readonly string[], outcome: 'done' | 'aborted' = 'done', seats = stations) {
  const documents = texts.map((text) => ({ kind: 'stationCard', text }) as const)
  const given = { plan, seats: { ...bare, stations: seats }, results: { documents, outcome } }
  return judgeCards(given).map(({ because }) => because)
}

const instead = (x: number, text: string) => cards.map((one, at) => (at === x - 1 ? text : one))

describe('the cards of an enrolment', () => {
  it('are one of each called station, and of nobody else', () => {
    expect(found(cards)).toEqual([])
    expect(found(cards.slice(1))).toEqual(['node-1 has no card'])
    expect(found(cards.slice(1), 'aborted')).toEqual([])
    expect(found([...cards, cards[0] ?? ''])).toEqual(['node-1 has two cards'])
    expect(found([...cards, cardOf(6)])).toEqual(['a card of node-6, who was not called'])
    expect(found(instead(1, '{}'))).toContain('node-1 has no card')
  })

  it('are of the place and the custodian of the plan', () => {
    const custodian = parseHandle('ben')
    expect(found(instead(1, cardOf(1, { custodian })))).toEqual([
      'the card of node-1 is of another place or custodian',
    ])
    expect(found(instead(1, cardOf(1, { x: 2 })))).toHaveLength(1)
  })

  it('have the tokens whose keys were enrolled in the room, daily and spare', () => {
    const because = 'the card of node-1 has other tokens than were enrolled'
    const [first, ...others] = stations
    const swapped = first && { ...first, keys: [...first.keys].reverse() }
    expect(found(cards, 'done', swapped ? [swapped, ...others] : [])).toEqual([because])
    const half = first && { ...first, keys: first.keys.slice(0, 1) }
    expect(found(cards, 'done', half ? [half, ...others] : [])).toEqual([because])
  })
})
