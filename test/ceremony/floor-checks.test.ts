import { describe, expect, it } from 'vitest'
import { type MainHead, readMainHead, type SeenMain } from '../../policy/ceremony/main-head.ts'
import { parseDigest } from '../../proto/ids.ts'
import { attempt, isRefusal } from '../../proto/refusal.ts'
import { floorAbout, type TokenFloor } from '../../proto/token-floor.ts'
import {
  floorOf,
  requireConcluded,
  requireExtended,
  requireKnownFloors,
  requireMain,
  requireNotOlder,
  type SeenLog,
} from '../../signer-node/ceremony/floor-checks.ts'
import { MainLog } from '../kit/main-log.ts'
import { testPlan } from '../kit/planned.ts'
import { refusedWith } from '../kit/refused.ts'

const digest = (byte: string) => parseDigest(byte.repeat(32))
const origin = { org: 'acme', env: 'test', origin: 'acme/cold' } as const
const floor: TokenFloor = {
  about: floorAbout({ ...origin, vault: 'eth' }),
  ...{ env: 'test', epoch: 2, seal: digest('5e'), record: digest('7e'), count: 4 },
  ...{ cold: { size: 7, root: digest('c0') }, main: { size: 0, root: '' } },
}
const log = (size: number, root = 'c0'): SeenLog => ({
  size,
  rootAt: (at) => (at <= size ? digest(at === 7 ? root : 'dd') : undefined),
})

describe('a station that was here before', () => {
  it('refuses a log that is shorter than the one its token saw, or another', () => {
    const said = (seen: SeenLog) => refusedWith(() => requireExtended([floor], seen))
    expect([said(log(7)), said(log(70))]).toEqual(['accepted', 'accepted'])
    expect([said(log(6)), said(log(7, 'c1'))]).toEqual(['TOKEN_FLOOR X-8', 'TOKEN_FLOOR X-8'])
    expect(said(log(70, 'c1'))).toBe('TOKEN_FLOOR X-8')
    const empty = { ...floor, cold: { size: 0, root: '' } as const }
    expect(refusedWith(() => requireExtended([empty], log(0)))).toBe('accepted')
    const because = attempt(() => requireExtended([floor], log(6)))
    expect(isRefusal(because) && because.because).toBe(
      'expected 7 lines or more, the log here has 6',
    )
  })

  it('refuses a main log that is shorter than the one its token saw, another, or not there', () => {
    const main = new MainLog({ env: 'test' }).grow(7)
    const plan = testPlan('sign', { mainRoot: main.first.root.digest })
    const head = readMainHead(main.carried([4]), plan)
    const said = (seen: SeenMain, shown: MainHead | undefined = head) =>
      refusedWith(() => requireMain([floor, { main: seen }], shown))
    expect([said(main.seen(4)), said(main.seen())]).toEqual(['accepted', 'accepted'])
    const other = new MainLog({ env: 'test' }, 1).grow(8)
    expect([said(other.seen()), said(other.seen(4))]).toEqual([
      'TOKEN_FLOOR X-8',
      'TOKEN_FLOOR X-8',
    ])
    expect(refusedWith(() => requireMain([{ main: main.seen(4) }], undefined))).toBe(
      'TOKEN_FLOOR X-8',
    )
    expect(refusedWith(() => requireMain([floor], undefined))).toBe('accepted')
  })

  it('refuses a log in which the last ceremony was never concluded', () => {
    const said = (records: readonly string[], one = floor) =>
      refusedWith(() => requireConcluded([one], new Set(records)))
    expect(said([digest('7e'), digest('00')])).toBe('accepted')
    expect(said([digest('00')])).toBe('TOKEN_FLOOR X-8')
    expect(said([], { ...floor, record: '' })).toBe('accepted')
  })

  it('refuses what was used elsewhere: another env, or a vault that this log does not know', () => {
    const said = (vaults: readonly string[], of: { origin: string; env: 'test' | 'prod' }) =>
      refusedWith(() => requireKnownFloors([floor], { ...origin, ...of }, vaults))
    expect(said(['tron', 'eth'], origin)).toBe('accepted')
    expect(said(['tron'], origin)).toBe('TOKEN_FLOOR X-8')
    expect(said(['eth'], { ...origin, origin: 'acme/other' })).toBe('TOKEN_FLOOR X-8')
    expect(said(['eth'], { ...origin, env: 'prod' })).toBe('TOKEN_FLOOR X-6')
  })

  it('refuses a Seal older than the one it had, and another of the same epoch', () => {
    const said = (epoch: number, seal: string, of: TokenFloor | undefined = floor) =>
      refusedWith(() => requireNotOlder(of, { epoch, seal: digest(seal) }))
    expect([said(2, '5e'), said(3, '5f')]).toEqual(['accepted', 'accepted'])
    expect([said(1, '5e'), said(2, '5f')]).toEqual(['TOKEN_FLOOR X-11', 'TOKEN_FLOOR X-11'])
    const none = floorOf([floor], { ...origin, vault: 'tron' })
    expect(refusedWith(() => requireNotOlder(none, { epoch: 0, seal: digest('5e') }))).toBe(
      'accepted',
    )
    expect(floorOf([floor], { ...origin, vault: 'eth' })).toBe(floor)
  })
})
