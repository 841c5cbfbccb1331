import { decodeRlp as ethersDecode, encodeRlp as ethersEncode, hexlify } from 'ethers'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  decodeInteger,
  decodeRlp,
  encodeInteger,
  encodeRlp,
  type Rlp,
} from '../../../policy/chain/rlp.ts'
import { toHex, toUtf8 } from '../../../proto/crypto.ts'
import { attempt, isRefusal } from '../../../proto/refusal.ts'
import { refusedWith } from '../../kit/refused.ts'

const hex = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, 'hex'))
const { rlp } = fc.letrec<{ rlp: Rlp }>((tie) => ({
  rlp: fc.oneof(
    { maxDepth: 4 },
    fc.uint8Array({ maxLength: 70 }),
    fc.array(tie('rlp'), { maxLength: 4 }),
  ),
}))
type Hexed = string | Hexed[]
const toEthers = (item: Rlp): Hexed =>
  item instanceof Uint8Array ? hexlify(item) : item.map(toEthers)

describe('strict rlp', () => {
  it('encodes the examples of the specification', () => {
    const dog = toUtf8('dog')
    const cat = toUtf8('cat')
    const lorem = toUtf8('Lorem ipsum dolor sit amet, consectetur adipisicing elit')
    expect(toHex(encodeRlp(dog))).toBe('83646f67')
    expect(toHex(encodeRlp([cat, dog]))).toBe('c88363617483646f67')
    expect(toHex(encodeRlp([]))).toBe('c0')
    expect(toHex(encodeRlp(encodeInteger(0n)))).toBe('80')
    expect(toHex(encodeRlp(encodeInteger(15n)))).toBe('0f')
    expect(toHex(encodeRlp(encodeInteger(1024n)))).toBe('820400')
    expect(toHex(encodeRlp([[], [[]], [[], [[]]]]))).toBe('c7c0c1c0c3c0c1c0')
    expect(toHex(encodeRlp(lorem))).toBe(`b838${toHex(lorem)}`)
  })

  it('decodes what it encodes, and agrees with ethers both ways', () => {
    fc.assert(
      fc.property(rlp, (item) => {
        const bytes = encodeRlp(item)
        expect(decodeRlp(bytes)).toEqual(item)
        expect(hexlify(bytes)).toBe(ethersEncode(toEthers(item)))
        expect(toEthers(decodeRlp(bytes))).toEqual(ethersDecode(hexlify(bytes)))
      }),
      { numRuns: 200 },
    )
  })

  it('has one form for every value: what it accepts, it encodes to the same bytes', () => {
    fc.assert(
      fc.property(rlp, fc.nat(), fc.integer({ min: 0, max: 255 }), (item, at, byte) => {
        const bytes = encodeRlp(item)
        bytes[at % bytes.length] = byte
        const decoded = attempt(() => decodeRlp(bytes))
        if (!isRefusal(decoded)) expect(toHex(encodeRlp(decoded))).toBe(toHex(bytes))
      }),
      { numRuns: 500 },
    )
  })

  it.each([
    ['nothing', ''],
    ['bytes after the end', '8001'],
    ['a single byte in a wrapper', '8105'],
    ['a string longer than its bytes', '83646f'],
    ['a list longer than its bytes', 'c3c0'],
    ['an item that reaches out of its list', 'c2836162'],
    ['a long length for a short string', `b801${'61'}`],
    ['a long length for 55 bytes', `b837${'61'.repeat(55)}`],
    ['a leading zero in a length', `b90038${'61'.repeat(56)}`],
    ['a long length for a short list', 'f801c0'],
    ['a length without its bytes', 'b8'],
    ['a length of eight bytes', `bf${'ff'.repeat(8)}`],
    ['lists nested deeper than eight', 'c9c8c7c6c5c4c3c2c1c0'],
  ])('refuses %s', (_, bytes) => {
    expect(refusedWith(() => decodeRlp(hex(bytes)))).toBe('BYTES_SHAPE rlp')
  })

  it('accepts the longest short and the shortest long string', () => {
    expect(decodeRlp(hex(`b7${'61'.repeat(55)}`))).toHaveLength(55)
    expect(decodeRlp(hex(`b838${'61'.repeat(56)}`))).toHaveLength(56)
  })

  it('reads integers of bounded length only', () => {
    expect(decodeInteger(hex('0400'), 2, 'n')).toBe(1024n)
    expect(decodeInteger(hex(''), 2, 'n')).toBe(0n)
    expect(refusedWith(() => decodeInteger(hex('010000'), 2, 'n'))).toBe('BYTES_SHAPE rlp')
    expect(refusedWith(() => decodeInteger([], 2, 'n'))).toBe('BYTES_SHAPE rlp')
    expect(refusedWith(() => decodeInteger(undefined, 2, 'n'))).toBe('BYTES_SHAPE rlp')
  })
})
