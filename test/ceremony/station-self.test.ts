import { describe, expect, it } from 'vitest'
import { parseStationCard } from '../../policy/ceremony/station-card.ts'
import { ed25519Verify, fromHex, toUtf8 } from '../../proto/crypto.ts'
import { parseDigest } from '../../proto/ids.ts'
import { requireFollows } from '../../proto/token-floor.ts'
import {
  floorAfter,
  floorWithRecord,
  rememberedBy,
  stationSelf,
} from '../../signer-node/ceremony/station-self.ts'
import { nativeCurve } from '../../signer-node/dkls23/curve-native.ts'
import { Secret } from '../../signer-node/dkls23/secret.ts'
import { refusedWith } from '../kit/refused.ts'
import { testStation } from '../kit/station-card.ts'
import { secretOf } from '../kit/token-card.ts'

const digest = (byte: string) => parseDigest(byte.repeat(32))
const card = parseStationCard(testStation('node-1'))
const key = (name: string): Secret => new Secret(secretOf(`node-1 ${name}`).slice())
const keys = () => ({ identity: key('identity'), witness: key('witness'), secret: key('secret') })

describe('a station that was opened', () => {
  it('signs as its card says, and is refused with other keys', () => {
    const curve = nativeCurve()
    const self = stationSelf(card, keys(), curve)
    const message = toUtf8('said')
    expect(ed25519Verify(card.identity, message, self.sign(message))).toBe(true)
    expect(ed25519Verify(card.witness.publicKey, message, self.witness.sign(message))).toBe(true)
    expect([self.node, self.x, self.org]).toEqual(['node-1', 1, 'acme'])
    for (const name of ['identity', 'witness'] as const) {
      const odd = { ...keys(), [name]: key('another') }
      expect(refusedWith(() => stationSelf(card, odd, curve))).toBe('SEAL X-11')
    }
  })

  it('remembers vault by vault what it saw, and the Record when that is closed', () => {
    const subject = (vault: string) =>
      ({ org: 'acme', env: 'test', origin: 'acme/cold', vault }) as const
    const now = { epoch: 0, seal: digest('5e'), cold: { size: 9, root: digest('c0') } }
    expect(rememberedBy([])).toEqual({ seen: [], floors: [], closed: '' })
    const eth = floorAfter([], subject('eth'), now)
    expect([eth.count, eth.record, rememberedBy([eth]).closed]).toEqual([1, '', ''])
    const closed = floorWithRecord(eth, digest('7e'))
    requireFollows(eth, closed)
    const later = { ...now, cold: { size: 12, root: digest('c1') } }
    const tron = floorAfter([closed], subject('tron'), later)
    const again = floorAfter([closed, tron], subject('eth'), { ...later, epoch: 1 })
    requireFollows(closed, again)
    expect([again.count, again.record, again.epoch]).toEqual([3, digest('7e'), 1])
    const both = [closed, floorWithRecord(tron, digest('7f'))]
    expect(rememberedBy(both, digest('7f'))).toEqual({
      seen: [
        { size: 9, root: fromHex(digest('c0')) },
        { size: 12, root: fromHex(digest('c1')) },
      ],
      floors: both,
      closed: digest('7f'),
    })
    const empty = { ...now, cold: { size: 0, root: '' } as const }
    expect(rememberedBy([floorAfter([], subject('eth'), empty)]).seen).toEqual([])
  })
})
