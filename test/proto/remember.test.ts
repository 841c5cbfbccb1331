import { describe, expect, test } from 'vitest'
import { ed25519PublicKey, ed25519Sign, ed25519Verify } from '../../proto/crypto.ts'
import { limits } from '../../proto/limits.ts'
import { remember } from '../../proto/remember.ts'

function counted(max: number) {
  const made: string[] = []
  const read = remember(max, (text) => {
    made.push(text)
    if (text === 'bad') throw new Error('bad')
    return { text }
  })
  return { made, read }
}

describe('what was made of a text', () => {
  test('is made once, and is the same afterwards', () => {
    const { made, read } = counted(2)
    expect(read('a')).toBe(read('a'))
    expect(made).toEqual(['a'])
  })

  test('is forgotten when more are remembered than the bound, the longest unused first', () => {
    const { made, read } = counted(2)
    for (const text of ['a', 'b', 'a', 'c', 'a', 'b']) expect(read(text).text).toBe(text)
    expect(made).toEqual(['a', 'b', 'c', 'b'])
  })

  test('is not remembered when it threw', () => {
    const { made, read } = counted(2)
    expect(() => read('bad')).toThrow('bad')
    expect(() => read('bad')).toThrow('bad')
    expect(made).toEqual(['bad', 'bad'])
  })
})

test('a verification key answers the same, remembered or not, and beyond the bound', () => {
  const message = Uint8Array.of(1, 2, 3)
  const seeds = Array.from({ length: limits.verifyKeysMax + 2 }, (_, at) => {
    const seed = new Uint8Array(32)
    new DataView(seed.buffer).setUint32(0, at)
    return seed
  })
  const keys = seeds.map(ed25519PublicKey)
  const [seed, key, other] = [seeds[0]!, keys[0]!, keys[1]!]
  const signature = ed25519Sign(seed, message)
  for (const round of [1, 2]) {
    expect(ed25519Verify(key, message, signature), `round ${round}`).toBe(true)
    expect(ed25519Verify(other, message, signature), `round ${round}`).toBe(false)
    for (const one of keys) ed25519Verify(one, message, signature)
  }
  // A key that is changed in place afterwards is another key.
  const changed = key.slice()
  expect(ed25519Verify(changed, message, signature)).toBe(true)
  changed.set(other)
  expect(ed25519Verify(changed, message, signature)).toBe(false)
})
