import { describe, expect, it } from 'vitest'
import { Malformed } from '../../signer-node/dkls23/bytes.ts'
import { coreScalarField } from '../../signer-node/dkls23/core-scalars.ts'
import { ORDER } from '../../signer-node/dkls23/curve.ts'
import {
  bigintScalarField,
  modOrder,
  toInteger,
  toScalar,
} from '../../signer-node/dkls23/scalar-field.ts'
import { expand } from '../../signer-node/dkls23/transcript.ts'
import { twins } from '../kit/twins.ts'
import { hex, unhex } from '../kit/vectors.ts'

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

  it.each([0, 31, 33])('are of 32 bytes, never of %i, as those on big integers', (length) => {
    for (const field of [scalars, bigintScalarField]) {
      expect(() => field.decodeScalar(new Uint8Array(length))).toThrow(Malformed)
      expect(() => field.reduce(new Uint8Array(length))).toThrow(RangeError)
      expect(() => field.fromWide(new Uint8Array(32 + length))).toThrow(RangeError)
      expect(field.isZero(field.decodeScalar(new Uint8Array(32)))).toBe(true)
      expect(field.isZero(field.fromNumber(0))).toBe(true)
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

describe.each(twins)('a point of the $name twin', ({ points }) => {
  it.each([0, 32, 34, 65])('has 33 bytes, never %i', (length) => {
    const bytes = new Uint8Array(length)
    bytes.set(points.generator.subarray(0, length))
    expect(points.tryPoint(bytes)).toBeUndefined()
    expect(() => points.decodePoint(bytes)).toThrow(Malformed)
    expect(points.tryPoint(points.generator)).toEqual(points.generator)
  })

  it('has no long form, though it is the same point', () => {
    const y = '483ada7726a3c4655da4fbfc0e1108a8fd17b448a68554199c47d08ffb10d4b8'
    const long = unhex(`04${hex(points.generator.slice(1))}${y}`)
    expect(points.tryPoint(long)).toBeUndefined()
    expect(() => points.decodePoint(long)).toThrow(Malformed)
  })
})
