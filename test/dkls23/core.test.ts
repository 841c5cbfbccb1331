import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { Worker } from 'node:worker_threads'
import { describe, expect, it } from 'vitest'
import { Malformed } from '../../signer-node/dkls23/bytes.ts'
import { kernel, Operands } from '../../signer-node/dkls23/core.ts'
import { coreScalarField } from '../../signer-node/dkls23/core-scalars.ts'
import { ORDER } from '../../signer-node/dkls23/curve.ts'
import { modOrder, toInteger, toScalar } from '../../signer-node/dkls23/scalar-field.ts'
import { expand } from '../../signer-node/dkls23/transcript.ts'
import { buildCore, moduleSource, TARGET } from '../kit/build-core.ts'
import { unhex } from '../kit/vectors.ts'

const { bytes, text } = await buildCore()

const lines = text.split('\n').map((line) => line.trim())

interface Turn {
  readonly name: string
  /** The five instructions up to it. */
  readonly upTo: string
}

/** Everything that can make the processor go another way, with what decides it. */
const turns: readonly Turn[] = lines.flatMap((line, i) => {
  if (!/^(if|br_if|br_table|select|call_indirect|return_call)\b/.test(line)) return []
  const opened = lines.slice(0, i).findLast((before) => before.startsWith('(func '))
  const name = opened?.match(/([A-Za-z0-9]+) ?(\(|$)/)?.[1] ?? ''
  return [{ name, upTo: lines.slice(i - 4, i + 1).join('; ') }]
})
const LOOP_HEAD =
  /^loop \S+; local\.get \$\d+; (i32\.const \d+|local\.get \$\d+); i32\.(lt|gt|ge)_[su]; if$/

describe('the compiled module', () => {
  it('is what its source compiles to, byte for byte', () => {
    expect(moduleSource(bytes)).toBe(readFileSync(TARGET, 'utf8'))
  })

  it('imports nothing, cannot grow, and keeps less than a page of its own', () => {
    expect(text).not.toContain('(import')
    expect(text).not.toContain('memory.grow')
    expect(kernel.memory.buffer.byteLength).toBe(2 ** 20)
    expect(kernel.start()).toBeLessThan(2 ** 16)
    expect(kernel.start() % 16).toBe(0)
  })

  it('turns only at the heads of counted loops, and where a count or a public weight decides', () => {
    const others = turns.filter(({ upTo }) => !LOOP_HEAD.test(upTo))
    expect(turns.length - others.length).toBeGreaterThan(40)
    expect(others.map(({ name, upTo }) => `${name}: ${upTo}`).toSorted()).toEqual([
      'combineRows: i32.const 7; i32.rem_u; i32.const 6; i32.eq; if',
      'weigh: i32.and; i32.shr_u; i32.const 1; i32.and; if',
      'weighColumn: i32.and; i32.shr_u; i32.const 1; i32.and; if',
      'weighColumns: i32.const 7; i32.rem_u; i32.const 6; i32.eq; if',
    ])
  })

  it('has an instance of its own in every thread', async () => {
    const [a, b] = [7n, ORDER - 2n].map(toScalar)
    using operands = new Operands(a!)
    const file = new URL('../kit/core-worker.ts', import.meta.url)
    const worker = new Worker(file, { workerData: { a, b } })
    const [product] = await once(worker, 'message')
    expect(toInteger(product)).toBe(ORDER - 14n)
    expect(operands.take(0, 32)).toEqual(a)
    await worker.terminate()
  })

  it('divides nothing but two counters', () => {
    const divisions = lines.filter((line) => /\.(div|rem)_[su]$/.test(line))
    expect(divisions).toEqual(['i32.rem_u', 'i32.rem_u'])
  })
})

describe('scalars in the compiled module', () => {
  const scalars = coreScalarField
  const noise = (seed: string, length: number): Uint8Array => expand('rng', length, seed)
  const wide = (value: bigint): Uint8Array => unhex(value.toString(16).padStart(128, '0'))
  const big = (value: Uint8Array): bigint => BigInt(`0x${Buffer.from(value).toString('hex')}`)

  it('agree with big integers on many random values', () => {
    for (let i = 0; i < 300; i++) {
      const [a, b] = [noise(`a${i}`, 64), noise(`b${i}`, 64)].map((w) => scalars.fromWide(w))
      const [m, n] = [toInteger(a!), toInteger(b!)]
      expect(m).toBe(big(noise(`a${i}`, 64)) % ORDER)
      expect(toInteger(scalars.multiply(a!, b!))).toBe((m * n) % ORDER)
      expect(toInteger(scalars.add(a!, b!))).toBe((m + n) % ORDER)
      expect(toInteger(scalars.subtract(a!, b!))).toBe(modOrder(m - n))
    }
  })

  it('agree at every power of two and beside every multiple of q', () => {
    const near = [0n, 1n, 2n].flatMap((k) => [ORDER * k, ORDER * k + 1n, ORDER * (k + 1n) - 1n])
    const powers = Array.from({ length: 513 }, (_, p) => (1n << BigInt(p)) - 1n)
    const top = [2n ** 512n - 1n, ORDER * ORDER, (ORDER - 1n) ** 2n, (2n ** 512n / ORDER) * ORDER]
    for (const value of [...near, ...powers, ...top]) {
      expect(toInteger(scalars.fromWide(wide(value)))).toBe(value % ORDER)
    }
    const edges = [0n, 1n, ORDER - 1n, ORDER >> 1n, 2n ** 255n, 2n ** 128n].map(toScalar)
    for (const a of edges) {
      for (const b of edges) {
        expect(toInteger(scalars.multiply(a, b))).toBe((toInteger(a) * toInteger(b)) % ORDER)
      }
    }
  })

  it('tell what is below q by every word of it, whatever the other words are', () => {
    const around = [3n, 2n, 1n, 0n].map((i) => {
      const word = BigInt.asUintN(64, ORDER >> (64n * i))
      const beside = [0n, word - 1n, word, word + 1n, 2n ** 64n - 1n]
      return beside.map((value) => BigInt.asUintN(64, value) << (64n * i))
    })
    const values = around.reduce<readonly bigint[]>(
      (sums, words) => sums.flatMap((sum) => words.map((word) => sum + word)),
      [0n],
    )
    expect(values).toHaveLength(625)
    for (const value of values) {
      const encoded = unhex(value.toString(16).padStart(64, '0'))
      expect(toInteger(scalars.reduce(encoded))).toBe(value % ORDER)
      if (value < ORDER) expect(toInteger(scalars.decodeScalar(encoded))).toBe(value)
      else expect(() => scalars.decodeScalar(encoded)).toThrow(Malformed)
    }
  })
})
