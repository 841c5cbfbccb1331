import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { concat, Malformed, Reader, u16 } from '../../signer-node/dkls23/bytes.ts'
import { ORDER } from '../../signer-node/dkls23/curve.ts'
import { nativeCurve } from '../../signer-node/dkls23/curve-native.ts'
import {
  alone,
  below,
  decodeAs,
  digest,
  encodeAs,
  type Field,
  group,
  list,
  mapped,
  pair,
  point,
  raw,
  salt,
  scalar,
  secretScalar,
  sizeOf,
  unread,
} from '../../signer-node/dkls23/layout.ts'
import { SecretScope } from '../../signer-node/dkls23/secret.ts'
import { sha256 } from '../../signer-node/dkls23/transcript.ts'
import { allRounds, leavesOf } from '../kit/rounds.ts'

const curve = nativeCurve()
const rounds = allRounds(curve, 3)
const SOURCES = join(import.meta.dirname, '../../signer-node/dkls23')

/** The one valid value of a kind that the tests need; bytes count up. */
function sample(kind: Field['kind'], bytes: number): Uint8Array {
  if (kind === 'point') return curve.points.generator
  if (kind === 'number') return u16(3)
  if (kind === 'scalar') return curve.scalars.fromNumber(7)
  return Uint8Array.from({ length: bytes }, (_, i) => i)
}

/** A message in which every field has a valid value. */
function sampleOf(fields: readonly Field[]): Uint8Array {
  return concat(
    ...fields.flatMap(({ kind, bytes, count, parts }) =>
      Array.from({ length: count }, () =>
        kind === 'group' ? sampleOf(parts) : sample(kind, bytes),
      ),
    ),
  )
}

/** The rounds that a protocol file declares: the functions and constants that it exports. */
function declaredIn(text: string): readonly string[] {
  const forms = [
    /^export function (\w+)\([^{]*\): Round<.+> \{$/gm,
    /^export const (\w+): Round</gm,
  ]
  return forms.flatMap((form) => [...text.matchAll(form)].map(([, name]) => name ?? ''))
}

describe('the registry of rounds', () => {
  const texts = readdirSync(SOURCES)
    .filter((file) => file.endsWith('.ts') && file !== 'protocol.ts')
    .map((file) => ({ file, text: readFileSync(join(SOURCES, file), 'utf8') }))

  it('has every round that a protocol file declares, and no other', () => {
    const declared = texts.flatMap(({ file, text }) =>
      declaredIn(text).map((name) => `${file} ${name}`),
    )
    const registered = new Set([...rounds.keys()].map((name) => name.replace(/ \(.*\)$/, '')))
    expect([...registered].sort()).toEqual(declared.sort())
  })

  it('overlooks no round: each that is made is declared in that form', () => {
    for (const { file, text } of texts) {
      const made = text.split(/\broundOf\(/).length - 1
      expect([file, declaredIn(text).length]).toEqual([file, made])
    }
  })
})

describe.each([...rounds])('%s', (_, round) => {
  const bytes = sampleOf(round.fields)

  it('has the size of its fields', () => {
    expect(round.size).toBe(sizeOf(round.fields))
    expect(round.size).toBe(bytes.length)
    const leaves = leavesOf(round.fields)
    const covered = leaves.reduce((sum, leaf) => sum + leaf.bytes * leaf.offsets.length, 0)
    expect(covered).toBe(round.size)
    const begins = leaves.flatMap(({ offsets }) => offsets)
    expect(new Set(begins).size).toBe(begins.length)
  })

  it('writes what it reads, byte for byte', () => {
    expect(round.encode(round.decode(bytes))).toEqual(bytes)
  })

  it('refuses one byte more, one less, and none', () => {
    expect(() => round.decode(concat(bytes, Uint8Array.of(0)))).toThrow(Malformed)
    expect(() => round.decode(bytes.slice(0, -1))).toThrow(Malformed)
    expect(() => round.decode(new Uint8Array())).toThrow(Malformed)
  })

  it('refuses a point, a scalar or a number that is none, wherever it stands', () => {
    for (const { kind, bytes: size, offsets } of leavesOf(round.fields)) {
      if (kind !== 'point' && kind !== 'scalar' && kind !== 'number') continue
      for (const at of [offsets[0] ?? 0, offsets.at(-1) ?? 0]) {
        const wrong = bytes.slice()
        wrong.fill(0xff, at, at + size)
        expect(() => round.decode(wrong)).toThrow(Malformed)
      }
    }
  })
})

describe('a layout', () => {
  const G = curve.points.generator
  const seven = curve.scalars.fromNumber(7)

  it('reads and writes its fields in the order in which they are written down', () => {
    const layout = group({ first: digest, second: salt, third: below(5) })
    const value = { first: sha256(G), second: sha256(seven), third: 4 }
    const bytes = concat(value.first, value.second, u16(4))
    expect(encodeAs(layout, value)).toEqual(bytes)
    expect(decodeAs(layout, bytes)).toEqual(value)
    expect(layout.parts.map(({ name, bytes }) => [name, bytes])).toEqual([
      ['first', 32],
      ['second', 32],
      ['third', 2],
    ])
  })

  it('takes a number below its limit and refuses the limit', () => {
    expect(decodeAs(below(5), u16(4))).toBe(4)
    expect(() => decodeAs(below(5), u16(5))).toThrow(Malformed)
  })

  it('takes canonical points and scalars and refuses others', () => {
    expect(decodeAs(point(curve), G)).toEqual(G)
    expect(() => decodeAs(point(curve), new Uint8Array(33))).toThrow(Malformed)
    const order = Buffer.from(ORDER.toString(16), 'hex')
    expect(decodeAs(scalar(curve), seven)).toEqual(seven)
    expect(() => decodeAs(scalar(curve), order)).toThrow(Malformed)
  })

  it('keeps every copy of a secret scalar for wiping, also of a wrong one', () => {
    const scraps = new SecretScope()
    const read = decodeAs(secretScalar(curve, scraps), seven)
    expect(read).toEqual(seven)
    const kept: Uint8Array[] = []
    const scope = Object.assign(new SecretScope(), {
      keep: <Bytes extends Uint8Array | Uint32Array>(bytes: Bytes): Bytes => {
        if (bytes instanceof Uint8Array) kept.push(bytes)
        return bytes
      },
    })
    const wrong = new Uint8Array(32).fill(0xff)
    expect(() => decodeAs(secretScalar(curve, scope), wrong)).toThrow(Malformed)
    expect(kept).toEqual([wrong])
    scraps[Symbol.dispose]()
    expect(read).toEqual(new Uint8Array(32))
  })

  it('puts rows and pairs one after another', () => {
    const rows = list(2, pair(raw('bytes', 1)))
    const value = [
      [Uint8Array.of(1), Uint8Array.of(2)] as const,
      [Uint8Array.of(3), Uint8Array.of(4)] as const,
    ]
    expect(encodeAs(rows, value)).toEqual(Uint8Array.of(1, 2, 3, 4))
    expect(decodeAs(rows, Uint8Array.of(1, 2, 3, 4))).toEqual(value)
    expect(leavesOf(alone('rows', rows).parts)).toEqual([
      { path: 'rows.row', kind: 'bytes', bytes: 1, offsets: [0, 1, 2, 3] },
    ])
  })

  it('leaves a part unread with its shape, and maps a value both ways', () => {
    const part = group({ a: below(9), b: digest })
    const bytes = concat(u16(8), sha256(G))
    expect(decodeAs(unread(part), bytes)).toEqual(bytes)
    expect(unread(part).parts).toEqual(part.parts)
    const doubled = mapped(
      below(9),
      (n) => 2 * n,
      (n: number) => n / 2,
    )
    expect(decodeAs(doubled, u16(8))).toBe(16)
    expect(encodeAs(doubled, 16)).toEqual(u16(8))
  })

  it('stops at its own end when more is read after it', () => {
    const reader = new Reader(Uint8Array.of(1, 2, 3))
    expect(raw('bytes', 2).read(reader)).toEqual(Uint8Array.of(1, 2))
    expect(() => decodeAs(raw('bytes', 2), Uint8Array.of(1, 2, 3))).toThrow(Malformed)
  })
})
