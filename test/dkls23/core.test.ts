import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { Worker } from 'node:worker_threads'
import { describe, expect, it } from 'vitest'
import { kernel, Operands } from '../../signer-node/dkls23/core.ts'
import { ORDER } from '../../signer-node/dkls23/curve.ts'
import { toInteger, toScalar } from '../../signer-node/dkls23/scalar-field.ts'
import { buildCore, moduleSource, TARGET } from '../kit/build-core.ts'

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
