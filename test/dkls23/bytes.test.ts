import { describe, expect, it } from 'vitest'
import {
  ascii,
  chunks,
  concat,
  Malformed,
  Reader,
  u8,
  u16,
  u32,
  u64,
} from '../../signer-node/dkls23/bytes.ts'
import { hex } from '../kit/vectors.ts'

describe('fixed-width integers', () => {
  it('are big-endian and of their own width', () => {
    expect([u8(255), u16(0x1234), u32(0xfedcba98), u64(2n ** 63n + 1n)].map(hex)).toEqual([
      'ff',
      '1234',
      'fedcba98',
      '8000000000000001',
    ])
  })

  it('go from zero to the largest of their width', () => {
    const ends = [u8(0), u16(0), u32(0), u64(0n), u8(255), u16(0xffff), u32(0xffff_ffff)]
    const written = ['00', '0000', '00000000', '00'.repeat(8), 'ff', 'ffff', 'ffffffff']
    expect([...ends, u64(2n ** 64n - 1n)].map(hex)).toEqual([...written, 'ff'.repeat(8)])
  })

  it.each([
    ['u8', () => u8(256)],
    ['u16', () => u16(65_536)],
    ['u32', () => u32(2 ** 32)],
    ['a negative number', () => u16(-1)],
    ['a fraction', () => u16(1.5)],
    ['not a number', () => u32(Number.NaN)],
    ['u64', () => u64(2n ** 64n)],
    ['a negative u64', () => u64(-1n)],
  ])('refuse what does not fit: %s', (_name, make) => {
    expect(make).toThrow(RangeError)
  })
})

describe('byte strings', () => {
  it('join in order and split into equal pieces', () => {
    const joined = concat(ascii('ab'), new Uint8Array(), ascii('cd'))
    expect(chunks(joined, 2).map(hex)).toEqual(['6162', '6364'])
    expect(() => chunks(joined, 3)).toThrow(Malformed)
  })

  it('of text exist for ASCII only', () => {
    expect(hex(ascii('a~\u0000\u007f'))).toBe('617e007f')
    expect(() => ascii('\u0080')).toThrow(RangeError)
    expect(() => ascii('é')).toThrow(RangeError)
  })
})

describe('Reader', () => {
  it('gives out every field and is content when nothing is left', () => {
    const reader = new Reader(concat(u8(1), u16(2), u32(3), ascii('rest')))
    expect([reader.u8(), reader.u16(), reader.u32(), hex(reader.take(4))]).toEqual([
      1,
      2,
      3,
      '72657374',
    ])
    expect(() => reader.end()).not.toThrow()
  })

  it('refuses one byte too few and one too many', () => {
    expect(() => new Reader(ascii('abc')).take(4)).toThrow(Malformed)
    const reader = new Reader(ascii('abc'))
    reader.take(2)
    expect(() => reader.end()).toThrow('expected 2 bytes, got 3')
  })

  it('gives copies, so a later write to the message changes nothing', () => {
    const bytes = ascii('abc')
    const taken = new Reader(bytes).take(3)
    bytes.fill(0)
    expect(hex(taken)).toBe('616263')
  })
})
