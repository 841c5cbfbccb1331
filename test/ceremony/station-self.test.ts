import { describe, expect, it } from 'vitest'
import { parseStationCard } from '../../policy/ceremony/station-card.ts'
import { ed25519Verify, fromHex, toUtf8 } from '../../proto/crypto.ts'
import { parseDigest } from '../../proto/ids.ts'
import { floorAbout, nextFloor, type TokenFloor } from '../../proto/token-floor.ts'
import { rememberedBy, stationSelf } from '../../signer-node/ceremony/station-self.ts'
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
    const none = { size: 0, root: '' } as const
    const floor = (vault: string, cold: TokenFloor['cold']): TokenFloor => {
      const about = floorAbout({ org: 'acme', env: 'test', origin: 'acme/cold', vault })
      const of = { epoch: 0, seal: digest('5e'), record: '', main: none } as const
      return nextFloor(undefined, { about, env: 'test', ...of, cold })
    }
    expect(rememberedBy([])).toEqual({ seen: [], floors: [], closed: '' })
    const eth = floor('eth', { size: 9, root: digest('c0') })
    expect(rememberedBy([eth]).closed).toBe('')
    const both = [eth, floor('tron', { size: 12, root: digest('c1') })]
    expect(rememberedBy(both, digest('7f'))).toEqual({
      seen: [
        { size: 9, root: fromHex(digest('c0')) },
        { size: 12, root: fromHex(digest('c1')) },
      ],
      floors: both,
      closed: digest('7f'),
    })
    expect(rememberedBy([floor('eth', none)]).seen).toEqual([])
  })
})
