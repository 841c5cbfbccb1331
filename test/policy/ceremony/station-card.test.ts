import { describe, expect, it } from 'vitest'
import {
  parseStationCard,
  stationCardDocument,
  stationMember,
} from '../../../policy/ceremony/station-card.ts'
import { ed25519Signer, toHex } from '../../../proto/crypto.ts'
import { parseHandle } from '../../../proto/ids.ts'
import { encode, type JsonObject, parse } from '../../../proto/jcs.ts'
import { refusedWith } from '../../kit/refused.ts'
import { stationFacts, testStation } from '../../kit/station-card.ts'
import { secretOf, testCard } from '../../kit/token-card.ts'

const facts = stationFacts('node-1', 1)
const sign = ed25519Signer(secretOf('node-1 identity'))
const made = (change: Partial<typeof facts>) =>
  refusedWith(() => stationCardDocument({ ...facts, ...change }, sign))

describe('the card of a station', () => {
  it('says which keys a root names, and which two tokens open the station', () => {
    const card = parseStationCard(testStation('node-1'))
    expect([card.node, card.x, card.custodian, card.site]).toEqual(['node-1', 1, 'ana', 'bern'])
    expect([card.daily.id, card.spare.id]).toEqual(['daily', 'spare'])
    const { identity, transport, ...member } = stationMember(card)
    expect([identity, transport]).toEqual([toHex(facts.identity), facts.transport])
    expect(member).toMatchObject({ node: 'node-1', x: 1 })
  })

  it('is signed by its own identity over every field', () => {
    const written = parse(testStation('node-1')) as JsonObject
    const other: JsonObject = {
      certificate: '-----BEGIN CERTIFICATE-----\nMIIC\n-----END CERTIFICATE-----\n',
      ...{ org: 'acme2', env: 'dev', node: 'node-2', x: 2, custodian: 'ben', site: 'chur' },
      ...{ color: 'blue', identity: toHex(stationFacts('node-2', 2).identity) },
      ...{ transport: '7b'.repeat(32), daily: written['spare']!, spare: written['daily']! },
      witness: (parse(testStation('node-2', 2)) as JsonObject)['witness']!,
    }
    const { format: _, signature: __, ...fields } = written
    expect(Object.keys(other).sort()).toEqual(Object.keys(fields).sort())
    for (const [field, value] of Object.entries(other)) {
      const changed = encode({ ...written, [field]: value })
      expect([field, refusedWith(() => parseStationCard(changed))]).toEqual([field, 'SEAL'])
    }
    const stranger = ed25519Signer(secretOf('stranger'))
    expect(refusedWith(() => stationCardDocument(facts, stranger))).toBe('SEAL')
  })

  it('holds two different tokens, both of this very station', () => {
    const token = (name: string, change: JsonObject) =>
      testCard(name, { node: 'node-1', id: 'spare', ...change })
    expect(made({})).toBe('accepted')
    expect(made({ spare: token('T', {}) })).toBe('accepted')
    expect(made({ spare: token('T', { node: 'node-2' }) })).toBe('CONFIG')
    expect(made({ spare: token('T', { org: 'acme2' }) })).toBe('CONFIG')
    expect(made({ spare: token('T', { env: 'dev' }) })).toBe('CONFIG')
    expect(made({ spare: token('T', { id: 'daily' }) })).toBe('CONFIG')
    expect(made({ spare: token('T', { serial: 'node-1 daily' }) })).toBe('CONFIG')
    expect(made({ spare: facts.daily })).toBe('CONFIG')
    const daily = parse(facts.daily) as JsonObject
    expect(made({ spare: token('T', { seal: daily['seal']! }) })).toBe('CONFIG')
    expect(made({ spare: token('node-1 daily', { serial: 'S' }) })).toBe('CONFIG')
  })

  it('is read strictly', () => {
    const written = parse(testStation('node-1')) as JsonObject
    const read = (change: JsonObject) =>
      refusedWith(() => parseStationCard(encode({ ...written, ...change })))
    expect(read({})).toBe('accepted')
    expect(read({ more: 1 })).toBe('MALFORMED')
    expect(read({ x: 0 })).toBe('MALFORMED')
    const { daily: _, ...without } = written
    expect(refusedWith(() => parseStationCard(encode(without)))).toBe('MALFORMED')
    expect(made({ color: 'Red' as never })).toBe('MALFORMED')
    expect(made({ certificate: 'MIIB' })).toBe('MALFORMED')
    expect(made({ node: parseHandle('node-2') })).toBe('CONFIG')
    expect(made({ daily: encode({ ...(parse(facts.daily) as JsonObject), model: 'U' }) })).toBe(
      'SEAL',
    )
  })
})
