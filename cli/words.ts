// words: a digest as people read it to each other. Of a file that names its own format it is the
// digest under that format's tag, as everywhere; of any other file its SHA-256. Reads, and says
// nothing about whether a document is lawful.
import { readFileSync } from 'node:fs'
import { digestOf, fromUtf8, plainDigest } from '../proto/crypto.ts'
import { type Digest, parseDigest } from '../proto/ids.ts'
import type { JsonObject } from '../proto/jcs.ts'
import { type Tag, tags } from '../proto/tags.ts'
import { hexGroups, wordLines, wordsOf } from '../proto/words.ts'
import { type Answer, done, type Verb, word } from './verb.ts'

export const words: Verb = {
  about: 'the 16 words of a file, or of a digest, to be read aloud',
  usage: 'FILE|DIGEST',
  words: { min: 1, max: 1 },
  options: {},
  run: async (args) => {
    const given = word(args, 0)
    if (/^[0-9a-f]{64}$/.test(given)) return spoken(parseDigest(given), 'digest')
    const bytes = readFileSync(given)
    const tag = tagOf(bytes)
    const digest = tag === undefined ? plainDigest(bytes) : digestOf(tag, bytes)
    return spoken(digest, tag ?? 'sha-256')
  },
}

/** 16 words in two lines of 8, and the same 128 bits in hex. */
export function spokenLines(digest: Digest): readonly string[] {
  return [...wordLines(digest, 16), hexGroups(digest, 16)]
}

function spoken(digest: Digest, what: string): Answer {
  const lines = spokenLines(digest).map((line) => `  ${line}\n`)
  const json: JsonObject = { what, digest, words: wordsOf(digest, 16) }
  return done(`${what}\n${lines.join('')}`, json)
}

const formats: Readonly<Record<string, Tag>> = {
  'custody-plan/v1': tags.plan,
  'custody-bundle/v1': tags.bundle,
  'custody-root/v1': tags.root,
  'custody-policy/v1': tags.policy,
  'custody-directory/v1': tags.directory,
  'custody-token/v1': tags.tokenCard,
  'custody-station-card/v1': tags.stationCard,
}

/** Canonical documents have the member `format` in one form only, and no format in a text. */
function tagOf(bytes: Uint8Array): Tag | undefined {
  const text = fromUtf8(bytes) ?? ''
  if (!text.startsWith('{')) return undefined
  try {
    const value: unknown = JSON.parse(text)
    const isObject = typeof value === 'object' && value !== null && 'format' in value
    const format = isObject ? value.format : undefined
    return typeof format === 'string' && Object.hasOwn(formats, format)
      ? formats[format]
      : undefined
  } catch {
    return undefined
  }
}
