import { describe, expect, it } from 'vitest'
import { parseDigest } from '../../proto/ids.ts'
import { encode, type JsonObject, parse } from '../../proto/jcs.ts'
import {
  floorAbout,
  floorBytesMax,
  laterFloor,
  nextFloor,
  parseTokenFloor,
  requireFollows,
  type TokenFloor,
  writeTokenFloor,
} from '../../proto/token-floor.ts'
import { refusedWith } from '../kit/refused.ts'

const digest = (byte: string) => parseDigest(byte.repeat(32))
const subject = { org: 'acme', env: 'test', origin: 'acme/cold', vault: 'cold-eth' } as const
const first: TokenFloor = {
  ...{ about: floorAbout(subject), env: 'test', epoch: 0, seal: digest('5e'), record: '' },
  ...{ cold: { size: 7, root: digest('c0') }, main: { size: 0, root: '' }, count: 1 },
}
const refused = (change: JsonObject) => {
  const written = parse(writeTokenFloor(first)) as JsonObject
  return refusedWith(() => parseTokenFloor(encode({ ...written, ...change })))
}

describe('the floor in a token', () => {
  it('is read back as it was written, and is never longer than a small token keeps', () => {
    expect(parseTokenFloor(writeTokenFloor(first))).toEqual(first)
    const longest: TokenFloor = {
      ...first,
      ...{ env: 'prod', epoch: 0xffff_ffff, record: digest('7e'), count: 999_999 },
      cold: { size: 9_999_999_999, root: digest('c0') },
      main: { size: 9_999_999_999, root: digest('aa') },
    }
    expect(writeTokenFloor(longest).length).toBeLessThanOrEqual(floorBytesMax)
    expect(parseTokenFloor(writeTokenFloor(longest))).toEqual(longest)
  })

  it('is about one vault of one origin, and of nothing else', () => {
    const about = Object.entries(subject).map(([name, value]) =>
      floorAbout({ ...subject, [name]: name === 'env' ? 'prod' : `${value}-2` }),
    )
    expect(new Set([...about, first.about]).size).toBe(5)
  })

  it('is read strictly', () => {
    expect(refused({})).toBe('accepted')
    expect(refused({ more: 1 })).toBe('MALFORMED')
    expect(refused({ count: 0 })).toBe('MALFORMED')
    expect(refused({ seal: '' })).toBe('MALFORMED')
    expect(refused({ cold: { size: 7, root: '' } })).toBe('MALFORMED')
    expect(refused({ main: { size: 0, root: 'aa'.repeat(32) } })).toBe('MALFORMED')
    expect(refused({ about: 'a'.repeat(600) })).toBe('TOO_LARGE')
  })

  it('follows the last one by one count, and nothing in it goes back', () => {
    const follows = (change: Partial<TokenFloor>) =>
      refusedWith(() => requireFollows(first, { ...nextFloor(first, first), ...change }))
    expect(follows({})).toBe('accepted')
    expect(follows({ epoch: 1, cold: { size: 9, root: digest('c1') } })).toBe('accepted')
    expect(follows({ record: digest('7e'), seal: digest('5f') })).toBe('accepted')
    expect(follows({ count: 1 })).toBe('TOKEN_FLOOR')
    expect(follows({ count: 3 })).toBe('TOKEN_FLOOR')
    expect(follows({ about: digest('ab') })).toBe('TOKEN_FLOOR')
    expect(follows({ env: 'prod' })).toBe('TOKEN_FLOOR')
    expect(follows({ cold: { size: 6, root: digest('c0') } })).toBe('TOKEN_FLOOR')
    expect(follows({ cold: { size: 7, root: digest('c1') } })).toBe('TOKEN_FLOOR')
    const later = { ...first, epoch: 4, main: { size: 3, root: digest('aa') } }
    const back = (change: Partial<TokenFloor>) =>
      refusedWith(() => requireFollows(later, { ...nextFloor(later, later), ...change }))
    expect(back({})).toBe('accepted')
    expect(back({ epoch: 3 })).toBe('TOKEN_FLOOR')
    expect(back({ main: { size: 3, root: digest('ab') } })).toBe('TOKEN_FLOOR')
    expect(refusedWith(() => requireFollows(undefined, first))).toBe('accepted')
    expect(refusedWith(() => requireFollows(undefined, { ...first, count: 2 }))).toBe('TOKEN_FLOOR')
  })

  it('is the later one of two, in whatever order a token lists them', () => {
    const next = nextFloor(first, first)
    expect([laterFloor(first, next).count, laterFloor(next, first).count]).toEqual([2, 2])
  })
})
