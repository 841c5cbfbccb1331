import { describe, expect, it } from 'vitest'
import { toBytes, toWords } from '../../signer-node/dkls23/bits.ts'
import { weigh, weighColumn } from '../../signer-node/dkls23/gf128.ts'
import { expand } from '../../signer-node/dkls23/transcript.ts'
import { multiplyField } from '../kit/gf128.ts'
import { vector } from '../kit/vectors.ts'

const noise = (seed: string): bigint =>
  BigInt(`0x${Buffer.from(expand('rng', 16, seed)).toString('hex')}`)

/** 128 rows of one word: bit `column` of row p is the coefficient of z^p. */
function rowsOf(elements: readonly bigint[]): bigint[] {
  return Array.from({ length: 128 }, (_, p) =>
    elements.reduce((row, element, column) => {
      return row | (((element >> BigInt(p)) & 1n) << BigInt(column))
    }, 0n),
  )
}

function elementAt(rows: BigUint64Array, column: number): bigint {
  return [...rows].reduce((all, row, p) => {
    return all | (((row >> BigInt(column)) & 1n) << BigInt(p))
  }, 0n)
}

function littleEndian(element: bigint): Uint8Array {
  return Uint8Array.from({ length: 16 }, (_, i) => Number((element >> BigInt(8 * i)) & 0xffn))
}

describe('the universal hash over GF(2^128)', () => {
  it('reduces z^127 + 1 times z^127 + z + 1 as the vector says', () => {
    const [a, b] = [(1n << 127n) | 1n, (1n << 127n) | 3n]
    const rows = BigUint64Array.from([...rowsOf([b]), ...rowsOf([0n])])
    const product = elementAt(weigh(rows, 1, littleEndian(a)), 0)
    expect(product.toString(16)).toBe(vector('GF'))
    expect(product).toBe(multiplyField(a, b))
  })

  it('adds the weighed blocks and the last one plain, in every column', () => {
    const weights = [noise('w0'), noise('w1'), noise('w2')]
    const blocks = ['x', 'y', 'z', 'last'].map((name) => [noise(`${name}0`), noise(`${name}1`)])
    const rows = BigUint64Array.from(blocks.flatMap(rowsOf))
    const packed = Uint8Array.from(weights.flatMap((weight) => [...littleEndian(weight)]))
    const sums = weigh(rows, 1, packed)
    for (const column of [0, 1]) {
      const expected = weights.reduce(
        (sum, weight, j) => sum ^ multiplyField(weight, blocks[j]![column]!),
        blocks[3]![column]!,
      )
      expect(elementAt(sums, column)).toBe(expected)
    }
    expect(elementAt(sums, 2)).toBe(0n)
  })

  it('weighs rows of several words as it weighs each word alone', () => {
    const packed = Uint8Array.from([...littleEndian(noise('w0')), ...littleEndian(noise('w1'))])
    const columns = ['a', 'b', 'c'].map((word) =>
      ['x', 'y', 'last'].flatMap((block) => rowsOf([noise(word + block), noise(block + word)])),
    )
    const rows = BigUint64Array.from(columns[0]!.flatMap((_, p) => columns.map((one) => one[p]!)))
    const sums = weigh(rows, 3, packed)
    columns.forEach((one, word) => {
      const alone = weigh(BigUint64Array.from(one), 1, packed)
      expect(sums.filter((_, i) => i % 3 === word)).toEqual(alone)
    })
  })

  it('weighs one packed column as it weighs a column among others', () => {
    const top = 1n << 127n
    const cases = [
      { weights: [noise('w0'), noise('w1')], blocks: [noise('x'), noise('y'), noise('last')] },
      { weights: [2n ** 128n - 1n], blocks: [2n ** 128n - 1n, 0n] },
      { weights: [(1n << 127n) | 1n], blocks: [top | 3n, 0n] },
      ...[0n, 1n, 31n, 32n, 63n, 96n, 127n].map((p) => ({
        weights: [1n << p],
        blocks: [noise('block') | top | 1n, noise('plain')],
      })),
    ]
    for (const { weights, blocks } of cases) {
      const packed = Uint8Array.from(weights.flatMap((weight) => [...littleEndian(weight)]))
      const column = toWords(Uint8Array.from(blocks.flatMap((block) => [...littleEndian(block)])))
      const expected = weights.reduce(
        (sum, weight, j) => sum ^ multiplyField(weight, blocks[j]!),
        blocks.at(-1)!,
      )
      const rows = BigUint64Array.from(blocks.flatMap((block) => rowsOf([block])))
      expect(elementAt(weigh(rows, 1, packed), 0)).toBe(expected)
      expect([...toBytes(weighColumn(column, packed))]).toEqual([...littleEndian(expected)])
    }
  })
})
