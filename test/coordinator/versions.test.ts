// Nodes of other releases at one coordinator: refused at once with a type, or heard.
import { afterEach, describe, expect, it } from 'vitest'
import { refusedWith } from '../kit/refused.ts'
import { type House, houseOn } from './house.ts'
import { pgliteEngine } from './store-kit.ts'
import { origin } from './world.ts'

const engine = pgliteEngine()
let house: House
afterEach(() => house.stop())

describe('a node', () => {
  it('of another release is turned away with the reason, and the others go on', async () => {
    house = await houseOn(await engine.fresh())
    const state = { state: 'ready', origin, size: 0, root: new Uint8Array(32) }
    for (const versions of [['custody/v0'], ['custody/v9', 'custody/v8'], []]) {
      const attached = house.coordinator.attach('signer-c', () => {})
      const hello = { node: 'signer-c', incarnation: new Uint8Array(16), versions }
      const whole = { ...hello, state: { ...state, keys: [], pairings: [] } }
      expect(refusedWith(() => attached.receive({ frame: 'hello', hello: whole }))).toBe('VERSION')
      expect(house.coordinator.links.link('signer-c')).toBeUndefined()
      attached.close()
    }
    const alarms = house.events.filter(({ name }) => name === 'node.version')
    expect(alarms.map(({ level, node }) => `${level} ${node}`)).toEqual(
      Array(3).fill('alarm signer-c'),
    )
    expect(house.coordinator.links.attached.map(({ node }) => node)).toEqual([
      'signer-a',
      'signer-b',
    ])
    const attached = house.coordinator.attach('signer-c', () => {})
    const both = { node: 'signer-c', incarnation: new Uint8Array(16) }
    const versions = ['custody/v9', 'custody/v1']
    const hello = { ...both, versions, state: { ...state, keys: [], pairings: [] } }
    attached.receive({ frame: 'hello', hello })
    expect(house.coordinator.links.link('signer-c')?.incarnation).toHaveLength(16)
  })
})
