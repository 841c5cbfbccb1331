import { describe, expect, it } from 'vitest'
import { concat, Malformed, u32 } from '../../signer-node/dkls23/bytes.ts'
import { ORDER, type Scalar, type ScalarTable } from '../../signer-node/dkls23/curve.ts'
import { toInteger, toScalar } from '../../signer-node/dkls23/scalar-field.ts'
import { expand } from '../../signer-node/dkls23/transcript.ts'
import { twins } from '../kit/twins.ts'
import { hex, unhex } from '../kit/vectors.ts'

const ROWS = 16
const COLUMNS = 3
const BITS = Uint8Array.of(0b1010_0101, 0b0000_1111)
const bit = (j: number): bigint => BigInt((BITS[j >> 3]! >> (j & 7)) & 1)
const mod = (value: bigint): bigint => ((value % ORDER) + ORDER) % ORDER
const raw = (value: bigint): Uint8Array => unhex(value.toString(16).padStart(64, '0'))
const indices = (count: number): readonly number[] => Array.from({ length: count }, (_, i) => i)

describe.each(twins)('the tables of the $name twin', ({ tables, scalars }) => {
  const entries = (seed: number, count: number): readonly Scalar[] =>
    indices(count).map((i) => scalars.fromWide(expand('gadget', 64, u32(seed), u32(i))))
  const tableOf = (list: readonly Scalar[], columns: number): ScalarTable =>
    tables.decodeTable(concat(...list), columns)
  const integers = (table: ScalarTable): readonly bigint[] => {
    const packed = tables.encodeTable(table)
    return indices(packed.length / 32).map((k) =>
      BigInt(`0x${hex(packed.subarray(32 * k, 32 * k + 32))}`),
    )
  }

  const weights = entries(1, ROWS)
  const [a, b] = [entries(2, ROWS * COLUMNS), entries(3, ROWS * COLUMNS)]
  const inputs = entries(4, COLUMNS)
  const at = (list: readonly Scalar[], k: number): bigint => toInteger(list[k]!)
  const [g, tableA, tableB] = [tableOf(weights, 1), tableOf(a, COLUMNS), tableOf(b, COLUMNS)]

  it('decode and encode to the same bytes', () => {
    expect([tableA.rows, tableA.columns]).toEqual([ROWS, COLUMNS])
    expect(hex(tables.encodeTable(tableA))).toBe(hex(concat(...a)))
  })

  it('refuse one entry of q anywhere, and reduce it when asked to', () => {
    for (const position of [0, 1, COLUMNS * ROWS - 1]) {
      const packed = concat(...a.map((scalar, k) => (k === position ? raw(ORDER) : scalar)))
      expect(() => tables.decodeTable(packed, COLUMNS)).toThrow(Malformed)
      expect(integers(tables.reduceTable(packed, COLUMNS))[position]).toBe(0n)
    }
    const highest = tables.reduceTable(raw(2n ** 256n - 1n), 1)
    expect(integers(highest)).toEqual([(2n ** 256n - 1n) % ORDER])
  })

  it.each([0, 31, 33, 95])('refuse %i bytes, which are no whole rows', (length) => {
    expect(() => tables.decodeTable(new Uint8Array(length), COLUMNS)).toThrow(Malformed)
    expect(() => tables.reduceTable(new Uint8Array(length), COLUMNS)).toThrow(Malformed)
  })

  it('weigh each column: the sum of g_j * t_{j,i}', () => {
    const expected = indices(COLUMNS).map((i) =>
      mod(indices(ROWS).reduce((sum, j) => sum + at(weights, j) * at(a, COLUMNS * j + i), 0n)),
    )
    expect(tables.weighColumns(g, tableA).map(toInteger)).toEqual(expected)
  })

  it('sum the selected weights: the sum of g_j * beta_j', () => {
    const expected = mod(indices(ROWS).reduce((sum, j) => sum + bit(j) * at(weights, j), 0n))
    expect(toInteger(tables.sumSelected(g, BITS))).toBe(expected)
    expect(toInteger(tables.sumSelected(g, new Uint8Array(2)))).toBe(0n)
  })

  it('correct: a - b + input of the column', () => {
    const expected = a.map((_, k) => mod(at(a, k) - at(b, k) + at(inputs, k % COLUMNS)))
    expect(integers(tables.correct(tableA, tableB, inputs))).toEqual(expected)
  })

  it('add what is selected: a + beta_j * b', () => {
    const expected = a.map((_, k) => mod(at(a, k) + bit(Math.floor(k / COLUMNS)) * at(b, k)))
    expect(integers(tables.addSelected(tableA, BITS, tableB))).toEqual(expected)
  })

  it('combine rows: the sum of weight_i * t_{j,i}', () => {
    const expected = indices(ROWS).map((j) =>
      mod(indices(COLUMNS).reduce((sum, i) => sum + at(inputs, i) * at(a, COLUMNS * j + i), 0n)),
    )
    const combined = tables.combineRows(tableA, inputs)
    expect([combined.rows, combined.columns]).toEqual([ROWS, 1])
    expect(integers(combined)).toEqual(expected)
  })

  it('subtract what is selected: c_j - beta_j * value', () => {
    const value = inputs[0]!
    const expected = weights.map((_, j) => mod(at(weights, j) - bit(j) * toInteger(value)))
    expect(integers(tables.subtractSelected(g, BITS, value))).toEqual(expected)
  })

  it('stay below q at the edges', () => {
    const top = toScalar(ORDER - 1n)
    const edge = tableOf(
      Array.from({ length: 8 }, () => top),
      1,
    )
    const bits = Uint8Array.of(0xff)
    const added = tables.addSelected(edge, bits, edge)
    const zero = tables.subtractSelected(edge, bits, top)
    const corrected = tables.correct(zero, edge, [top])
    expect(integers(added)).toEqual(Array.from({ length: 8 }, () => ORDER - 2n))
    expect(integers(zero)).toEqual(Array.from({ length: 8 }, () => 0n))
    expect(integers(corrected)).toEqual(Array.from({ length: 8 }, () => 0n))
  })

  it.each([
    ['weights of another length', () => tables.weighColumns(tableOf(weights.slice(1), 1), tableA)],
    ['weights of two columns', () => tables.weighColumns(tableOf(weights, 2), tableA)],
    ['too few bits to sum', () => tables.sumSelected(g, BITS.slice(1))],
    ['a smaller subtrahend', () => tables.correct(tableA, g, inputs)],
    ['a larger subtrahend', () => tables.correct(g, tableA, inputs.slice(0, 1))],
    ['too many addends', () => tables.correct(g, g, inputs)],
    ['a larger addend', () => tables.addSelected(g, BITS, tableA)],
    ['too many weights', () => tables.combineRows(g, inputs)],
    ['too few addends', () => tables.correct(tableA, tableB, inputs.slice(1))],
    ['a smaller addend', () => tables.addSelected(tableA, BITS, g)],
    ['too many bits to add', () => tables.addSelected(tableA, concat(BITS, BITS), tableB)],
    ['too few weights', () => tables.combineRows(tableA, inputs.slice(1))],
    ['too few bits to subtract', () => tables.subtractSelected(g, BITS.slice(1), scalars.one)],
  ])('refuse shapes that do not fit: %s', (_name, call) => {
    expect(call).toThrow(RangeError)
  })

  it('refuse a table of another make', () => {
    expect(() => tables.encodeTable({ rows: 1, columns: 1, [Symbol.dispose]() {} })).toThrow(
      'another twin',
    )
  })
})
