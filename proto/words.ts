// Words: digests spoken aloud. A byte is a word, of one list at even places and of another at odd
// ones, so that a word that was dropped, doubled or swapped with its neighbour is heard and
// refused. 16 words are 128 bits, for what commits; 8 are 64, from hand to hand in one room; 4 are
// the running foot of pages that belong together and prove nothing.
// Source: the PGP word list, `word-list.ts`. Says nothing about what a digest is of.
import { equalBytes, fromHex } from './crypto.ts'
import type { Digest } from './ids.ts'
import { attempt, isRefusal, refuse } from './refusal.ts'
import { evenWords, oddWords } from './word-list.ts'

export type WordCount = 4 | 8 | 16

/** The first bytes of the digest, a word each. */
export function wordsOf(digest: Digest, count: WordCount): readonly string[] {
  return encodeWords(bytesOf(digest).subarray(0, count))
}

/** As they are printed and read: lines of 8, parted in the middle. */
export function wordLines(digest: Digest, count: WordCount): readonly string[] {
  const words = wordsOf(digest, count)
  const half = (from: number): string => words.slice(from, from + 4).join(' ')
  return Array.from({ length: Math.ceil(count / 8) }, (_, line) => {
    const [left, right] = [half(8 * line), half(8 * line + 4)]
    return right === '' ? left : `${left}  ${right}`
  })
}

/** The same bytes in hex, groups of 4 digits. */
export function hexGroups(digest: Digest, count: WordCount): string {
  return (digest.slice(0, 2 * count).match(/.{4}/g) ?? []).join(' ')
}

/** Whether exactly these words of the digest were said or typed; case and spaces do not matter. */
export function areWordsOf(said: string, digest: Digest, count: WordCount): boolean {
  const bytes = attempt(() => decodeWords(said))
  return !isRefusal(bytes) && equalBytes(bytes, bytesOf(digest).subarray(0, count))
}

export function encodeWords(bytes: Uint8Array): readonly string[] {
  return Array.from(bytes, (byte, place) => listAt(place)[byte] ?? '')
}

const wordsMax = 32

/** Refuses a word of the other list by its place: there one is missing, doubled or swapped. */
export function decodeWords(said: string): Uint8Array {
  const words = said.toLowerCase().split(/\s+/).filter(Boolean)
  if (words.length === 0 || words.length > wordsMax) {
    return refuse('MALFORMED', `expected 1 to ${wordsMax} words, got ${words.length}`)
  }
  return Uint8Array.from(words, byteAt)
}

const listAt = (place: number): readonly string[] => (place % 2 === 0 ? evenWords : oddWords)

const lower = [evenWords, oddWords].map(
  (list) => new Map(list.map((word, byte) => [word.toLowerCase(), byte])),
)

function byteAt(word: string, place: number): number {
  const byte = lower[place % 2]?.get(word)
  if (byte !== undefined) return byte
  if (lower[(place + 1) % 2]?.has(word) !== true) {
    return refuse('MALFORMED', `word ${place + 1} is not in the list`)
  }
  return refuse('MALFORMED', `word ${place + 1}: one before it is missing, doubled or swapped`)
}

function bytesOf(digest: Digest): Uint8Array {
  const bytes = fromHex(digest)
  if (bytes === undefined) throw new Error('expected a digest')
  return bytes
}
