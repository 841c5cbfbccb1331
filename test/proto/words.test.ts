import { describe, expect, it } from 'vitest'
import { fromHex, sha256, toHex, toUtf8 } from '../../proto/crypto.ts'
import { type Digest, parseDigest } from '../../proto/ids.ts'
import { evenWords, oddWords } from '../../proto/word-list.ts'
import {
  areWordsOf,
  decodeWords,
  encodeWords,
  hexGroups,
  wordLines,
  wordsOf,
} from '../../proto/words.ts'
import { refusedWith } from '../kit/refused.ts'

const digest = parseDigest(toHex(sha256(toUtf8('words'))))
const bytes = (hex: string): Uint8Array => fromHex(hex.replaceAll(' ', '').toLowerCase()) ?? fail()
const fail = (): never => {
  throw new Error('expected hex')
}

/** Another make: the bits as one number, taken from its low end. */
function spelled(hex: string): readonly string[] {
  const lists = [evenWords, oddWords]
  const words: string[] = []
  let bits = BigInt(`0x${hex}`)
  for (let place = hex.length / 2 - 1; place >= 0; place -= 1) {
    words.unshift(lists[place & 1]?.[Number(bits & 0xffn)] ?? '')
    bits >>= 8n
  }
  return words
}

describe('the word list', () => {
  it('has 256 words for even and 256 for odd places, all different, as published', () => {
    const all = [...evenWords, ...oddWords].map((word) => word.toLowerCase())
    expect([evenWords.length, oddWords.length]).toEqual([256, 256])
    expect(new Set(all).size).toBe(512)
    for (const word of all) expect(word).toMatch(/^[a-z]{4,11}$/)
    expect([evenWords[0], oddWords[0]]).toEqual(['aardvark', 'adroitness'])
    expect([evenWords[255], oddWords[255]]).toEqual(['Zulu', 'Yucatan'])
    // Of two other makes of the list, word by word in the order of the bytes.
    const pairs = evenWords.flatMap((word, byte) => [word, oddWords[byte]])
    expect(toHex(sha256(toUtf8(pairs.join(' '))))).toBe(
      'e2c00da33e504434c2ee6bd169207c7508b9f672c0cdd50d78cc6af3d37f99a6',
    )
  })
})

describe('words of a digest', () => {
  it('are those of the published list', () => {
    const example = bytes('E582 94F2 E9A2 2748 6E8B 061B 31CC 528F D7FA 3F19')
    expect(encodeWords(example).join(' ')).toBe(
      'topmost Istanbul Pluto vagabond treadmill Pacific brackish dictator goldfish Medusa ' +
        'afflict bravado chatter revolver Dupont midsummer stopwatch whimsical cowbell bottomless',
    )
    const other = bytes('D1D4 64C0 04F0 0FB5 C9A4 C8D8 E433 E7FB 7FF5 6256')
    expect(encodeWords(other).join(' ')).toBe(
      'stairway souvenir flytrap recipe adrift upcoming artist positive spearhead Pandora ' +
        'spaniel stupendous tonic concurrent transit Wichita lockup visitor flagpole escapade',
    )
  })

  it('are the same by two makes, for every byte at both places and for many digests', () => {
    const all = Uint8Array.from({ length: 512 }, (_, at) => at >> 1)
    expect(encodeWords(all)).toEqual(spelled(toHex(all)))
    for (let at = 0; at < 64; at += 1) {
      const one = parseDigest(toHex(sha256(toUtf8(`digest ${at}`))))
      expect(wordsOf(one, 16)).toEqual(spelled(one.slice(0, 32)))
      expect(toHex(decodeWords(wordsOf(one, 16).join(' ')))).toBe(one.slice(0, 32))
    }
  })

  it('are the first of it: 16 to commit, 8 from hand to hand, 4 at the foot', () => {
    expect(wordsOf(digest, 16).slice(0, 8)).toEqual(wordsOf(digest, 8))
    expect(wordsOf(digest, 8).slice(0, 4)).toEqual(wordsOf(digest, 4))
    const lines = wordLines(digest, 16)
    expect(lines.map((line) => line.split(/ +/).length)).toEqual([8, 8])
    expect(lines.join(' ').split(/ +/)).toEqual(wordsOf(digest, 16))
    expect(wordLines(digest, 4)).toEqual([wordsOf(digest, 4).join(' ')])
    expect(() => wordsOf('no digest' as Digest, 8)).toThrow('expected a digest')
    expect(hexGroups(digest, 8).replaceAll(' ', '')).toBe(digest.slice(0, 16))
    expect(hexGroups(digest, 16).split(' ').length).toBe(8)
  })
})

describe('words that were said or typed', () => {
  const words = wordsOf(digest, 16)
  const say = (list: readonly (string | undefined)[]) => list.join(' ')

  it('count in any case and spacing', () => {
    expect(areWordsOf(say(words), digest, 16)).toBe(true)
    expect(areWordsOf(`  ${say(words).toUpperCase().replaceAll(' ', '\n  ')} `, digest, 16)).toBe(
      true,
    )
    expect(areWordsOf(say(words.slice(0, 8)), digest, 8)).toBe(true)
  })

  it('are found out when one is dropped, doubled, swapped, changed or added', () => {
    for (let at = 0; at < words.length; at += 1) {
      const [before, after] = [words.slice(0, at), words.slice(at + 1)]
      const dropped = say([...before, ...after])
      const doubled = say([...before, words[at], words[at], ...after])
      const other = evenWords.includes(words[at] ?? '') ? evenWords : oddWords
      const changed = say([...before, other.find((word) => word !== words[at]), ...after])
      for (const wrong of [dropped, doubled, changed]) {
        expect([at, areWordsOf(wrong, digest, 16)]).toEqual([at, false])
      }
      for (let to = at + 1; to < words.length; to += 1) {
        const swapped = [...words]
        swapped[at] = words[to] ?? ''
        swapped[to] = words[at] ?? ''
        const isSame = words[at] === words[to]
        expect([at, to, areWordsOf(say(swapped), digest, 16)]).toEqual([at, to, isSame])
      }
    }
    expect(areWordsOf(say(words), digest, 8)).toBe(false)
    expect(areWordsOf(say(words.slice(0, 8)), digest, 16)).toBe(false)
    expect(areWordsOf('', digest, 8)).toBe(false)
  })

  it('are refused by the place where the ear would stop', () => {
    const decoding = (list: readonly (string | undefined)[]) =>
      refusedWith(() => decodeWords(say(list)))
    expect(decoding(words)).toBe('accepted')
    expect(() => decodeWords(say(words.slice(1)))).toThrow('word 1: one before it is missing')
    const swapped = [words[1], words[0], ...words.slice(2)]
    expect(() => decodeWords(say(swapped))).toThrow('word 1: ')
    expect(() => decodeWords(say([words[0], words[0]]))).toThrow('word 2: ')
    expect(() => decodeWords('aardvark custody')).toThrow('word 2 is not in the list')
    expect(decoding([])).toBe('MALFORMED')
    expect(decoding([...words, ...words, ...words])).toBe('MALFORMED')
  })
})
