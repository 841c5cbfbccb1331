import { describe, expect, it } from 'vitest'
import {
  bitAt,
  maskOf,
  swapMasked,
  toBytes,
  toNarrow,
  toWide,
  toWords,
  transpose,
  xorInto,
  xorMasked,
} from '../../signer-node/dkls23/bits.ts'
import { expand } from '../../signer-node/dkls23/transcript.ts'

const noise = (length: number, seed = 'bits'): Uint8Array => expand('rng', length, seed)

describe('bit matrices', () => {
  it('number bits from the least significant one of each byte', () => {
    const bytes = Uint8Array.of(0b0000_0010, 0b1000_0000)
    expect([...Array(16).keys()].filter((p) => bitAt(bytes, p) === 1)).toEqual([1, 15])
    expect([...toWords(Uint8Array.of(2, 0, 0, 128))]).toEqual([0x8000_0002])
  })

  it('are copied into words even when the bytes do not start on a word', () => {
    const bytes = noise(12)
    const words = toWords(bytes.subarray(3, 11))
    expect(toBytes(words)).toEqual(bytes.slice(3, 11))
    words.fill(0)
    expect(bytes).toEqual(noise(12))
  })

  it('are the same memory in narrow and wide words', () => {
    const words = toWords(noise(32))
    expect(toNarrow(toWide(words))).toEqual(words)
    toWide(words)[0] = 0n
    expect([...words.subarray(0, 2)]).toEqual([0, 0])
  })

  it.each([
    [32, 1],
    [64, 3],
    [256, 20],
  ])('transpose %i rows of %i words bit by bit', (rows, width) => {
    const matrix = toWords(noise(rows * width * 4))
    const turned = transpose(matrix, rows, width)
    const [before, after] = [toBytes(matrix), toBytes(turned)]
    for (let row = 0; row < rows; row++) {
      for (let column = 0; column < 32 * width; column++) {
        const is = bitAt(after, column * rows + row)
        if (is !== bitAt(before, row * 32 * width + column)) expect.unreachable()
      }
    }
    expect(transpose(turned, 32 * width, rows / 32)).toEqual(matrix)
  })

  it('choose by masks: all or nothing', () => {
    const [a, b] = [noise(5, 'a'), noise(5, 'b')]
    const sum = a.map((byte, i) => byte ^ b[i]!)
    const target = Uint8Array.from(a)
    xorMasked(target, b, maskOf(0))
    expect(target).toEqual(a)
    xorInto(target, b)
    expect(target).toEqual(sum)
    const [left, right] = [Uint8Array.from(a), Uint8Array.from(b)]
    swapMasked(left, right, maskOf(0))
    expect([left, right]).toEqual([a, b])
    swapMasked(left, right, maskOf(1))
    expect([left, right]).toEqual([b, a])
  })
})
