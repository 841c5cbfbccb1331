// Between calls the memory of the compiled module is what it was before the first: whatever a call
// computes in, and whatever it was given, is gone when it returns.
import { afterEach, describe, expect, it } from 'vitest'
import { kernel } from '../../signer-node/dkls23/core.ts'
import { coreScalarField as scalars } from '../../signer-node/dkls23/core-scalars.ts'
import { coreScalarTables as tables } from '../../signer-node/dkls23/core-tables.ts'
import { coreExtensionTables as extension } from '../../signer-node/dkls23/core-transfers.ts'
import { expand } from '../../signer-node/dkls23/transcript.ts'

const memory = Buffer.from(kernel.memory.buffer)
const before = Buffer.from(memory)
const noise = (seed: string, length: number): Uint8Array => expand('rng', length, seed)
const [a, b] = ['a', 'b'].map((seed) => scalars.fromWide(noise(seed, 64)))
const tableOf = (seed: string, columns: number) =>
  tables.reduceTable(noise(seed, 16 * columns * 32), columns)
const [wide, other, column] = [tableOf('wide', 3), tableOf('other', 3), tableOf('column', 1)]
const bits = noise('bits', 2)
const [psid, delta, choices] = [noise('psid', 32), noise('delta', 32), noise('choices', 80)]
const [rows, weights] = [noise('rows', 20480), noise('weights', 64)]
const claimed = { rowSums: noise('claimed', 4096), choiceSum: noise('sum', 16) }

const calls: Readonly<Record<string, () => unknown>> = {
  add: () => scalars.add(a!, b!),
  subtract: () => scalars.subtract(a!, b!),
  multiply: () => scalars.multiply(a!, b!),
  reduce: () => scalars.reduce(noise('reduced', 32)),
  'reduce what is wide': () => scalars.fromWide(noise('wide', 64)),
  decode: () => scalars.decodeScalar(a!),
  'refuse a scalar': () =>
    expect(() => scalars.decodeScalar(new Uint8Array(32).fill(0xff))).toThrow(),
  'decode a table': () => tables.decodeTable(tables.encodeTable(wide), 3),
  'weigh columns': () => tables.weighColumns(column, wide),
  'sum what is selected': () => tables.sumSelected(column, bits),
  correct: () => tables.correct(wide, other, [a!, b!, a!]),
  'add what is selected': () => tables.addSelected(wide, bits, other),
  'combine rows': () => tables.combineRows(wide, [a!, b!, a!]),
  'subtract what is selected': () => tables.subtractSelected(column, bits, a!),
  'expand all leaves': () => extension.expandOwn(psid, noise('leaves', 16384), choices),
  'expand known leaves': () =>
    extension.expandKnown(psid, delta, noise('known', 12288), noise('sent', 10240)),
  weigh: () => extension.weigh(rows, weights),
  'weigh a column': () => extension.weighColumn(choices, weights),
  judge: () => extension.agree(noise('sums', 4096), claimed, delta),
  'make pads': () => extension.pads(psid, rows, delta),
}

describe('the memory of the compiled module', () => {
  afterEach(() => void memory.set(before))

  it.each(Object.entries(calls))('is as it was before: %s', (_, call) => {
    call()
    expect(memory.equals(before)).toBe(true)
  })
})
