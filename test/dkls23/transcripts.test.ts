import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { type Transcripts, transcripts } from '../kit/transcripts.ts'
import { twins } from '../kit/twins.ts'
import { vector } from '../kit/vectors.ts'

const file = new URL('../vectors/transcripts/dkls23.json', import.meta.url)
const golden: Transcripts = JSON.parse(readFileSync(file, 'utf8'))

describe.each(twins)('the messages of every protocol on the $name twin', (curve) => {
  const found = transcripts(curve)

  it('are those that were written down, byte for byte: the wire has not changed', () => {
    expect(found).toEqual(golden)
  })
})

describe('the messages that were written down', () => {
  it('are of all protocols, and of as many messages as each has', () => {
    const counts = Object.entries(golden).map(([run, lines]) => [run, lines.length])
    expect(Object.fromEntries(counts)).toEqual({
      'pair-1-2': 3 * 2,
      dkg: 3 * 6,
      refresh: 3 * 6,
      // Dealers 1 and 3 to all of six; the same to five receivers; five receivers to one another.
      reshare: 2 * 5 + (4 + 5) + 5 * 4,
      sign: 2 * 2 + 2,
      // The messages of a pair set-up, then those of signing.
      fresh: 3 * 2 + 2 * 2,
      import: 1 + 3 + 6,
      export: 2,
    })
  })

  it('contain those of the vectors that other programs made', () => {
    const all = Object.values(golden).flat()
    for (const name of ['P1 1', 'P2 2', 'round 1 1 to 2', 'round 2 2 to 1']) {
      expect(all.some((line) => line.endsWith(vector(name)))).toBe(true)
    }
  })
})
