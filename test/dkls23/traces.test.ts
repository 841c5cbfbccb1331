/**
 * Every address that a module reads or writes, and every function and loop that it enters, in
 * order: binaryen writes that into the module. One trace for all secrets is no proof for what the
 * engine makes of it, but a secret index or a turn of either kind would show, as the controls do.
 */

import { createHash } from 'node:crypto'
import binaryen from 'binaryen'
import { describe, expect, it } from 'vitest'
import { coreModule } from '../../signer-node/dkls23/core-module.ts'
import { ORDER } from '../../signer-node/dkls23/curve.ts'
import { nativeCurve } from '../../signer-node/dkls23/curve-native.ts'
import { host, moduleBytes } from '../../signer-node/dkls23/curve-wasm-library.ts'
import { instantiate } from '../../signer-node/dkls23/engine.ts'
import { toScalar } from '../../signer-node/dkls23/scalar-field.ts'
import { expand } from '../../signer-node/dkls23/transcript.ts'

type Call = (...args: readonly number[]) => number
type Exports = Readonly<Record<string, Call>>

/** The module with its exports, and the digest of what it did during some work. */
function traced(bytes: Uint8Array, memoryName: string, imports: object = {}) {
  const module = binaryen.readBinary(bytes)
  module.setFeatures(binaryen.Features.All)
  module.runPasses(['instrument-memory', 'log-execution'])
  let hash = createHash('sha256')
  const note = (...numbers: readonly number[]): void => void hash.update(Int32Array.from(numbers))
  const address = (id: number, size: number, offset: number, at: number): number => {
    note(id, size, offset, at)
    return at
  }
  const known = { log_execution: note, load_ptr: address, store_ptr: address }
  // Values pass through the others, unlooked at.
  const pass = (_id: number, value: unknown): unknown => value
  const env = new Proxy(known, { get: (all, name) => Reflect.get(all, name) ?? pass })
  const exports = instantiate(module.emitBinary(), { ...imports, env }) as Exports
  const { buffer } = exports[memoryName] as unknown as { buffer: ArrayBuffer }
  const memory = new Uint8Array(buffer)
  const trace = (work: () => void): string => {
    hash = createHash('sha256')
    work()
    const digest = hash.digest('hex')
    hash = createHash('sha256')
    return digest
  }
  return { exports, memory, trace }
}

const noise = (length: number, seed: string): Uint8Array => expand('rng', length, seed)

describe('libsecp256k1 in WebAssembly', () => {
  const { exports, memory, trace } = traced(moduleBytes(), 'f', { a: host })
  const call = (name: string, ...args: readonly number[]): number => exports[name]!(...args)
  call('g')
  const [context, key] = [call('j', 769), call('h', 512)]
  const [bytes, pubkey] = [key + 32, key + 160]
  const point = nativeCurve().points.multiplyBase(toScalar(7n))!
  const edges = [1n, 2n, 3n, ORDER - 1n, ORDER >> 1n, (ORDER >> 1n) + 1n, 2n ** 128n, 2n ** 255n]
  const keys = [...edges.map(toScalar), noise(32, 'a'), noise(32, 'b'), noise(32, 'c')]
  const traces = (work: () => number): Set<string> =>
    new Set(
      keys.map((one) => {
        memory.set(point, bytes)
        call('k', context, pubkey, bytes, point.length)
        memory.set(one, key)
        return trace(() => expect(work()).toBe(1))
      }),
    )

  it('goes the same way for every key where a key is secret, and not where it is public', () => {
    expect(traces(() => call('p', context, pubkey, key)).size).toBe(1)
    expect(traces(() => call('v', context, bytes, pubkey, key, 0, 0)).size).toBe(1)
    expect(traces(() => call('t', context, pubkey, key)).size).toBeGreaterThan(5)
  })
})

describe('the compiled core', () => {
  const { exports, memory, trace } = traced(Buffer.from(coreModule, 'base64'), 'memory')
  const start = exports['start']!()
  const order = Buffer.from(ORDER.toString(16), 'hex')
  const secrets = (length: number): readonly Uint8Array[] => [
    new Uint8Array(length),
    new Uint8Array(length).fill(255),
    Uint8Array.from({ length }, (_, i) => order[i % 32]!),
    noise(length, 'a'),
    noise(length, 'b'),
  ]
  const traces = (name: string, args: readonly number[], length: number): Set<string> =>
    new Set(
      secrets(length).map((bytes) => {
        memory.fill(0, start)
        memory.set(bytes, start)
        return trace(() => void exports[name]!(start, ...args))
      }),
    )

  it.each<[string, readonly number[], number]>([
    ['addScalars', [], 64],
    ['subtractScalars', [], 64],
    ['multiplyScalars', [], 64],
    ['reduceWide', [], 64],
    ['areBelowOrder', [8], 256],
    ['reduceAll', [8], 256],
    ['weighColumns', [64, 3, 2], 64 * 128],
    ['sumSelected', [64], 64 * 32 + 8],
    ['correct', [64, 3], 64 * 192 + 96],
    ['addSelected', [64, 3], 64 * 192 + 8],
    ['combineRows', [64, 3], 64 * 96 + 96],
    ['subtractSelected', [64], 64 * 32 + 40],
    ['expandOwn', [], 16_512],
    ['expandKnown', [], 22_608],
    // The weights behind the rows are public, and stay zero here.
    ['weigh', [], 640 * 32],
    ['weighColumn', [], 80],
    ['disagree', [], 8_240],
    ['pads', [], 16_464],
  ])('goes the same way in %s for all operands', (name, args, length) => {
    expect(traces(name, args, length).size).toBe(1)
  })

  it('goes another way for other weights of the check, which are public', () => {
    expect(traces('weigh', [], 640 * 32 + 64).size).toBe(5)
  })
})
