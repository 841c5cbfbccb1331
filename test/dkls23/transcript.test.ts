import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ascii, concat, u16 } from '../../signer-node/dkls23/bytes.ts'
import { nativeCurve } from '../../signer-node/dkls23/curve-native.ts'
import {
  encode,
  expand,
  FixedHash,
  hash,
  hashToScalar,
  hmacSha512,
  type Part,
  sha256,
} from '../../signer-node/dkls23/transcript.ts'
import { hex, unhex, vector } from '../kit/vectors.ts'

const curve = nativeCurve()
const V = new Uint8Array(32).fill(1)
const ROW = new Uint8Array(32).fill(3)

describe('vectors', () => {
  it('reproduces enc', () => {
    expect(hex(encode('t', ['a', '']))).toBe(vector('enc("t", "a", "")'))
  })

  it('reproduces H and Hq, whose vectors use a tag outside the registry', () => {
    expect(hex(sha256(encode('t', ['a', ''])))).toBe(vector('H("t", "a", "")'))
    expect(hex(hash('echo', 'a', ''))).toBe(hex(sha256(encode('echo', ['a', '']))))
  })

  it('reproduces fix', () => {
    using pad = new FixedHash('ote-pad', V)
    const digest = pad.digest(ROW, 2)
    expect(digest).toHaveLength(96)
    expect(hex(sha256(digest))).toBe(
      vector('fix(ote-pad, 96, v = 32 bytes 01, j = 2, row = 32 bytes 03)'),
    )
  })

  it('reproduces the whole gadget', () => {
    const gadget = Array.from({ length: 512 }, (_, j) => hashToScalar(curve, 'gadget', u16(j)))
    expect(hex(gadget[0]!)).toBe(vector('g_0'))
    expect(hex(gadget[511]!)).toBe(vector('g_511'))
    expect(hex(sha256(concat(...gadget)))).toBe(vector('g_0..g_511'))
  })
})

describe('the encoding of parts', () => {
  it('never takes two different lists for one (A41)', () => {
    const different: readonly (readonly Part[])[] = [
      ['a$', 'b'],
      ['a', '$b'],
      ['a$b'],
      [['a$', 'b']],
      [['a$'], 'b'],
      [['a$'], ['b']],
      ['a$', 'b', ''],
      ['a$', 'b', []],
      [['a$', 'b'], []],
    ]
    const encodings = different.map((parts) => hex(encode('echo', parts)))
    expect(new Set(encodings).size).toBe(different.length)
  })

  it('gives a list inside as one part: its length, its count, its parts', () => {
    const count = (n: number): readonly number[] => [0, 0, 0, n]
    const [a, b] = [
      [...count(1), 0x61],
      [...count(1), 0x62],
    ]
    const inner = [...count(2), ...a, ...b]
    const name = ascii('mpc1/t')
    const whole = [
      ...count(name.length),
      ...name,
      ...count(2),
      ...count(inner.length),
      ...inner,
      ...a,
    ]
    expect([...encode('t', [['a', 'b'], 'a'])]).toEqual(whole)
  })

  it('is injective on random nested lists (A39)', () => {
    const { parts } = fc.letrec<{ part: Part; parts: readonly Part[] }>((tie) => ({
      part: fc.oneof({ maxDepth: 3 }, fc.uint8Array({ maxLength: 5 }), tie('parts')),
      parts: fc.array(tie('part'), { maxLength: 3 }),
    }))
    const shape = (part: Part): unknown => {
      if (part instanceof Uint8Array) return hex(part)
      return typeof part === 'string' ? hex(ascii(part)) : part.map(shape)
    }
    fc.assert(
      fc.property(parts, parts, (a, b) => {
        const isSame = JSON.stringify(a.map(shape)) === JSON.stringify(b.map(shape))
        expect(hex(encode('echo', a)) === hex(encode('echo', b))).toBe(isSame)
      }),
      { numRuns: 300 },
    )
  })

  it('takes text and its bytes for the same part, and refuses text without a byte form', () => {
    expect(hash('echo', 'abc')).toEqual(hash('echo', ascii('abc')))
    expect(() => hash('echo', 'ä')).toThrow(RangeError)
  })

  it('separates the tags', () => {
    expect(hex(hash('echo', 'a'))).not.toBe(hex(hash('round1', 'a')))
  })
})

describe('the hashes', () => {
  it('expand to any length, a longer output starting with the shorter one', () => {
    expect(hex(expand('rng', 64, 'a'))).toContain(hex(expand('rng', 32, 'a')))
    expect(expand('rng', 33, 'a')).toHaveLength(33)
  })

  it('hand out plain bytes, whose slices are copies', () => {
    const digest = hash('echo', 'a')
    const copy = digest.slice()
    digest.fill(0)
    expect(Buffer.isBuffer(digest)).toBe(false)
    expect(copy.some((byte) => byte !== 0)).toBe(true)
  })

  // RFC 4231, test case 2.
  it('contain the HMAC that BIP-32 needs', () => {
    const mac = hmacSha512(ascii('Jefe'), ascii('what do ya want for nothing?'))
    expect(hex(mac)).toBe(
      '164b7a7bfcf819e2e395fbe73b56e0a387bd64222e831fd610270cd7ea250554' +
        '9758bf75c05a994a6d034f65f8f0e6fdcaeab1a34d4a6b4b636e070a38bce737',
    )
  })
})

describe('fixed-layout hashes', () => {
  const outputs = { 'pprf-node': 64, 'pprf-leaf': 64, 'ote-prg': 80, 'ote-pad': 96 } as const
  const indices = { 'pprf-node': [1, 2, 3], 'pprf-leaf': [1, 2], 'ote-prg': [1, 2], 'ote-pad': [1] }

  it.each(['pprf-node', 'pprf-leaf', 'ote-prg', 'ote-pad'] as const)('%s has its size', (tag) => {
    expect(new FixedHash(tag, V).digest(ROW, ...indices[tag])).toHaveLength(outputs[tag])
  })

  it('depend on v, on every index and on the payload (A8, A9)', () => {
    const other = unhex('00'.repeat(32))
    const digests = [
      new FixedHash('ote-prg', V).digest(ROW, 1, 2),
      new FixedHash('ote-prg', other).digest(ROW, 1, 2),
      new FixedHash('ote-prg', V).digest(ROW, 0, 2),
      new FixedHash('ote-prg', V).digest(ROW, 1, 3),
      new FixedHash('ote-prg', V).digest(other, 1, 2),
      new FixedHash('pprf-leaf', V).digest(ROW, 1, 2),
    ]
    expect(new Set(digests.map(hex)).size).toBe(digests.length)
  })

  it('hash tag, v, the indices in their order, each of two bytes, and the payload', () => {
    const tag = concat(ascii('mpc1/pprf-node'), new Uint8Array(2))
    const preimage = concat(tag, V, u16(0x0102), u16(3), u16(0x0405), ROW)
    const hashed = createHash('shake256', { outputLength: 64 }).update(preimage).digest()
    expect(hex(new FixedHash('pprf-node', V).digest(ROW, 0x0102, 3, 0x0405))).toBe(hex(hashed))
  })

  it('keep nothing of one call for the next', () => {
    const pad = new FixedHash('ote-pad', V)
    const first = pad.digest(ROW, 2)
    pad.digest(V, 511)
    expect(pad.digest(ROW, 2)).toEqual(first)
  })

  it.each([
    ['a short v', () => new FixedHash('ote-pad', V.slice(1))],
    ['a short payload', () => new FixedHash('ote-pad', V).digest(new Uint8Array(31), 1)],
    ['a long payload', () => new FixedHash('ote-pad', V).digest(new Uint8Array(33), 1)],
    ['a missing index', () => new FixedHash('ote-prg', V).digest(ROW, 1)],
  ])('refuse %s', (_name, call) => {
    expect(call).toThrow(RangeError)
  })

  it('forget the payload when their scope ends', () => {
    const pad = new FixedHash('ote-pad', V)
    const before = pad.digest(ROW, 2)
    pad[Symbol.dispose]()
    expect(hex(pad.digest(ROW, 2))).not.toBe(hex(before))
  })
})
