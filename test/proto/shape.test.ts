import { describe, expect, it } from 'vitest'
import type { Json } from '../../proto/jcs.ts'
import { attempt } from '../../proto/refusal.ts'
import * as shape from '../../proto/shape.ts'

const document = shape.object({
  name: shape.handle,
  amount: shape.amount,
  at: shape.time,
  exact: shape.timeMillis,
  key: shape.hex(2),
  upTo: shape.hex(3, true),
  digest: shape.digest,
  previous: shape.digestOrNone,
  kind: shape.literal('human', 'service'),
  count: shape.integer(1, 5),
  on: shape.bool,
  tags: shape.list(shape.text(3, /^[a-z]+$/), 1, 2),
  map: shape.mapOf(shape.integer(0, 9)),
})

const good: Record<string, Json> = {
  name: 'hot-eth',
  amount: '42',
  at: '2026-12-07T10:15:00Z',
  exact: '2026-12-07T10:15:00.120Z',
  key: 'ab01',
  upTo: 'ff',
  digest: 'a'.repeat(64),
  previous: '',
  kind: 'human',
  count: 3,
  on: true,
  tags: ['abc'],
  map: { 'a/b': 1 },
}

describe('strict shapes', () => {
  it('turns a valid document into typed values', () => {
    const value = document(good, '')
    expect(value.amount).toBe(42n)
    expect(value.at).toBe(Date.UTC(2026, 11, 7, 10, 15))
    expect(shape.writeTime(value.at)).toBe(good['at'])
    expect(shape.writeTimeMillis(value.exact)).toBe(good['exact'])
    expect([...value.map]).toEqual([['a/b', 1]])
  })

  const wrong: readonly (readonly [string, Json | undefined])[] = [
    ['name', 'Hot'],
    ['name', 7],
    ['name', ''],
    ['name', 'a'.repeat(129)],
    ['amount', '042'],
    ['amount', '-1'],
    ['amount', '1.0'],
    ['amount', 42],
    ['amount', (1n << 256n).toString()],
    ['at', '2026-02-30T00:00:00Z'],
    ['at', '2026-12-07T10:15:00.000Z'],
    ['at', '2026-12-07T10:15:00+00:00'],
    ['at', '2026-12-07T24:00:01Z'],
    ['exact', '2026-12-07T10:15:00Z'],
    ['key', 'AB01'],
    ['key', 'ab0'],
    ['key', 'ab0102'],
    ['upTo', '00000000'],
    ['digest', 'A'.repeat(64)],
    ['digest', ''],
    ['previous', 'x'],
    ['kind', 'robot'],
    ['count', 0],
    ['count', 6],
    ['count', '3'],
    ['on', 'true'],
    ['tags', []],
    ['tags', ['a', 'b', 'c']],
    ['tags', ['abcd']],
    ['tags', ['A']],
    ['tags', 'abc'],
    ['map', { 'A B': 1 }],
    ['map', { a: 10 }],
    ['map', []],
    ['count', undefined],
  ]
  it.each(wrong)('refuses %s = %j and names the field', (field, value) => {
    const { [field]: _, ...rest } = good
    const changed = value === undefined ? rest : { ...good, [field]: value }
    const answer = attempt(() => document(changed, ''))
    expect(answer).toMatchObject({ kind: 'refused', code: 'MALFORMED' })
    expect('because' in answer ? answer.because : '').toContain(field)
  })

  it('refuses an unknown key by its name', () => {
    expect(attempt(() => document({ ...good, extra: 1 }, ''))).toMatchObject({
      because: 'document: unknown key "extra"'.replace('document', ''),
    })
  })

  it('reads optional keys only when they are there', () => {
    const read = shape.objectWith({ a: shape.bool }, { b: shape.integer(0, 1) })
    expect(read({ a: true }, '')).toEqual({ a: true })
    expect(read({ a: true, b: 1 }, '')).toEqual({ a: true, b: 1 })
    expect(attempt(() => read({ a: true, b: 2 }, ''))).toMatchObject({ code: 'MALFORMED' })
    expect(attempt(() => read({ a: true, c: 2 }, ''))).toMatchObject({ code: 'MALFORMED' })
  })
})
