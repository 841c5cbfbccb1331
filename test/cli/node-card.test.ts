// Cards as the next root is drawn up from them: of a node, and of a station, which its own keys and
// tokens signed.
import { describe, expect, it } from 'vitest'
import { type Card, cardJson, cardOf, cardText } from '../../cli/node-card.ts'
import { parseStationCard, stationMember } from '../../policy/ceremony/station-card.ts'
import { fromUtf8 } from '../../proto/crypto.ts'
import { parseHandle } from '../../proto/ids.ts'
import { refusedWith } from '../kit/refused.ts'
import { testStation } from '../kit/station-card.ts'

const root = { org: parseHandle('acme'), env: 'test' } as const
const written = fromUtf8(testStation('node-4', 3)) ?? ''
const station: Card = cardOf(written, root)

describe('a card for the next root', () => {
  it('is that of a station, as a root names it', () => {
    expect(cardJson(station)).toEqual(stationMember(parseStationCard(testStation('node-4', 3))))
  })

  it('is that of a node as well, which says the same', () => {
    expect(cardOf(cardText(station), root)).toEqual(station)
  })

  it('is none of another house, and none that its own keys did not sign', () => {
    const org = parseHandle('other')
    expect(refusedWith(() => cardOf(written, { ...root, org }))).toBe('CONFIG')
    expect(refusedWith(() => cardOf(written, { ...root, env: 'prod' }))).toBe('CONFIG')
    const bent = written.replace('"x":3', '"x":2')
    expect(refusedWith(() => cardOf(bent, root))).toBe('SEAL')
  })
})
