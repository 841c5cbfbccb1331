import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { fromUtf8, toUtf8 } from '../../proto/crypto.ts'
import { encode, type Json, parse, parseText, text } from '../../proto/jcs.ts'
import { limits } from '../../proto/limits.ts'
import { attempt, isRefusal } from '../../proto/refusal.ts'

const json: fc.Arbitrary<Json> = fc.letrec<{ tree: Json }>((tie) => ({
  tree: fc.oneof(
    { maxDepth: 4 },
    fc.string({ unit: 'binary' }).filter((s) => s.isWellFormed()),
    fc.maxSafeInteger().map((n) => (Object.is(n, -0) ? 0 : n)),
    fc.boolean(),
    fc.array(tie('tree'), { maxLength: 5 }),
    fc.dictionary(
      fc.string().filter((s) => s !== '__proto__'),
      tie('tree'),
      { maxKeys: 5 },
    ),
  ),
})).tree

describe('strict JCS', () => {
  it('reads back what it writes', () => {
    fc.assert(
      fc.property(json, (value) => {
        expect(text(parse(encode(value)))).toBe(text(value))
      }),
    )
  })

  it('writes keys in UTF-16 order and strings with the shortest escapes', () => {
    const value = { b: 1, a: '\u20ac\n"', '\ud83d\ude00': true, '\ufb33': [] }
    expect(text(value)).toBe('{"a":"\u20ac\\n\\"","b":1,"\ud83d\ude00":true,"\ufb33":[]}')
  })

  const refused: readonly (readonly [string, string])[] = [
    ['spaces', '{"a": 1}'],
    ['a trailing newline', '{"a":1}\n'],
    ['another key order', '{"b":1,"a":2}'],
    ['a duplicate key', '{"a":1,"a":1}'],
    ['a fraction', '{"a":1.5}'],
    ['an exponent', '{"a":1e3}'],
    ['negative zero', '{"a":-0}'],
    ['an unsafe integer', '{"a":9007199254740993}'],
    ['null', '{"a":null}'],
    ['an escape that is not needed', '{"a":"\\u0041"}'],
    ['an upper-case escape', '{"a":"\\u001F"}'],
    ['a lone surrogate', '{"a":"\\ud800"}'],
    ['no json', '{'],
    ['nothing', ''],
    ['a second value', '{}{}'],
    ['a __proto__ key', '{"__proto__":{"a":1}}x'],
  ]
  it.each(refused)('refuses %s', (_name, source) => {
    expect(attempt(() => parse(toUtf8(source)))).toMatchObject({
      kind: 'refused',
      code: 'MALFORMED',
    })
  })

  it('refuses one extra byte anywhere in a document', () => {
    const good = text({ a: [1, 'x', { b: true }], c: 'end' })
    for (let at = 0; at <= good.length; at += 1) {
      const longer = `${good.slice(0, at)} ${good.slice(at)}`
      const answer = attempt(() => parseText(longer))
      const insideString = !isRefusal(answer) && text(answer as Json) === longer
      expect(isRefusal(answer) || insideString).toBe(true)
    }
  })

  it('refuses bytes that are not UTF-8 and a byte order mark', () => {
    expect(isRefusal(attempt(() => parse(Uint8Array.of(0x22, 0xff, 0x22))))).toBe(true)
    expect(isRefusal(attempt(() => parse(Uint8Array.of(0xef, 0xbb, 0xbf, 0x7b, 0x7d))))).toBe(true)
    expect(fromUtf8(Uint8Array.of(0xc0, 0x80))).toBeUndefined()
  })

  it('refuses a document above its bound, by depth, items and bytes', () => {
    const deep = '['.repeat(limits.jsonDepthMax + 2) + ']'.repeat(limits.jsonDepthMax + 2)
    expect(attempt(() => parseText(deep))).toMatchObject({ code: 'MALFORMED' })
    const many = `[${'1,'.repeat(limits.jsonItemsMax)}1]`
    expect(attempt(() => parseText(many))).toMatchObject({ code: 'MALFORMED' })
    const large = toUtf8(JSON.stringify('x'.repeat(limits.documentBytesMax)))
    expect(attempt(() => parse(large))).toMatchObject({ code: 'TOO_LARGE' })
    expect(attempt(() => parse(toUtf8('"abc"'), 4))).toMatchObject({ code: 'TOO_LARGE' })
    expect(attempt(() => parse(toUtf8('"abc"'), 5))).toBe('abc')
  })
})
