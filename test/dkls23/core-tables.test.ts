import { describe, expect, it } from 'vitest'
import { concat, u32 } from '../../signer-node/dkls23/bytes.ts'
import { coreScalarTables } from '../../signer-node/dkls23/core-tables.ts'
import { ORDER, type Scalar, type ScalarTables } from '../../signer-node/dkls23/curve.ts'
import { bigintScalarField } from '../../signer-node/dkls23/scalar-field.ts'
import { bigintScalarTables } from '../../signer-node/dkls23/scalar-table.ts'
import { expand } from '../../signer-node/dkls23/transcript.ts'
import { hex, unhex } from '../kit/vectors.ts'

const COLUMNS = 3
const toBytes = (value: bigint): Uint8Array => unhex(value.toString(16).padStart(64, '0'))
const EDGES = [
  0n,
  1n,
  2n ** 20n - 1n,
  2n ** 20n,
  2n ** 240n - 1n,
  ORDER - 1n,
  ORDER,
  ORDER + 1n,
  2n ** 256n - 1n,
].map(toBytes)

const noise = (seed: number, k: number): Uint8Array => expand('rng', 32, u32(seed), u32(k))

/** Rows of edge values, of noise, or of the largest value alone: the worst case for every carry. */
const makes: Readonly<Record<string, (seed: number, k: number) => Uint8Array>> = {
  edges: (seed, k) => EDGES[(seed * 5 + k * 7) % EDGES.length]!,
  noise,
  largest: () => EDGES.at(-1)!,
  mixed: (seed, k) => (k % 2 === 0 ? EDGES[(seed + k) % EDGES.length]! : noise(seed, k)),
}

/** Every operation and chains of them, written out: a few hundred scalars to compare. */
function everything(
  tables: ScalarTables,
  rows: number,
  make: (seed: number, k: number) => Uint8Array,
): readonly string[] {
  const pack = (seed: number, count: number): Uint8Array =>
    concat(...Array.from({ length: count }, (_, k) => make(seed, k)))
  const scalar = (seed: number): Scalar => bigintScalarField.reduce(make(seed, 1))
  const bits = Uint8Array.from({ length: rows / 8 }, (_, i) => (i * 89 + 0xa5) & 0xff)
  const inputs = [scalar(7), scalar(8), scalar(9)]
  const [a, b] = [pack(1, rows * COLUMNS), pack(2, rows * COLUMNS)].map((packed) =>
    tables.reduceTable(packed, COLUMNS),
  )
  const weights = tables.reduceTable(pack(3, rows), 1)
  const corrected = tables.correct(a!, b!, inputs)
  const added = tables.addSelected(corrected, bits, b!)
  const again = tables.addSelected(added, bits, added)
  const combined = tables.combineRows(again, inputs)
  const subtracted = tables.subtractSelected(combined, bits, scalar(10))
  const written = [a!, corrected, added, again, combined, subtracted].map((table) =>
    hex(tables.encodeTable(table)),
  )
  const sums = [a!, corrected, again].flatMap((table) => tables.weighColumns(weights, table))
  return [
    ...written,
    ...sums.map(hex),
    ...tables.weighColumns(weights, again, 2).map(hex),
    hex(tables.sumSelected(weights, bits)),
    hex(tables.sumSelected(subtracted, bits)),
  ]
}

describe('tables in the compiled module', () => {
  it.each(
    Object.keys(makes).flatMap((name) => [16, 512, 1040].map((rows) => [name, rows] as const)),
  )('give the same bytes as those on big integers: %s, %i rows', (name, rows) => {
    const make = makes[name]!
    expect(everything(coreScalarTables, rows, make)).toEqual(
      everything(bigintScalarTables, rows, make),
    )
  })

  it('are all zero once they are disposed of', () => {
    const table = coreScalarTables.reduceTable(concat(noise(1, 1), noise(1, 2)), 1)
    table[Symbol.dispose]()
    expect(coreScalarTables.encodeTable(table).every((byte) => byte === 0)).toBe(true)
  })
})
