// What docs/security.md claims: numbered in order, each with tests that are there.
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { type Claim, claimsIn, claimsText, referredTo, renumbered, shownIn } from './kit/claims.ts'

const text = claimsText()
const claims = claimsIn(text)

/**
 * Of a test file, as the document quotes it: lines joined, marks of the language gone. The rules of
 * the properties stand beside their test, in a file of the same name.
 */
function wordsOf(file: string): string | undefined {
  const [test, beside] = ['.test.ts', '.ts'].map((end) => join(import.meta.dirname, file + end))
  if (test === undefined || !existsSync(test)) return undefined
  const paths = [test, beside].filter((path) => path !== undefined && existsSync(path))
  const text = paths.map((path) => readFileSync(path ?? '', 'utf8')).join('\n')
  return text.replace(/\\(['"`])/g, '$1').replace(/\s+/g, ' ')
}

/** What a claim names and is not there. */
function missing(given: string): readonly string[] {
  return claimsIn(given).flatMap(({ number, tests }) => absentOf(`S${number}`, tests))
}

function absentOf(of: string, tests: Claim['tests']): readonly string[] {
  if (tests.length === 0) return [`${of} names no test`]
  return tests.flatMap(({ file, names }) => {
    const words = wordsOf(file)
    if (words === undefined) return [`${of}: no ${file}.test.ts`]
    return names.filter((name) => !words.includes(name)).map((name) => `${of}: ${name}`)
  })
}

describe('the claims of docs/security.md', () => {
  it('are numbered from S1 on in the order in which they stand, and nothing names another', () => {
    expect(claims.length).toBeGreaterThan(139)
    expect(claims.map(({ number }) => number)).toEqual(claims.map((_, at) => at + 1))
    expect(referredTo(text).filter((number) => number > claims.length)).toEqual([])
    expect(renumbered(text)).toBe(text)
  })

  it('each name tests that exist, by file and by name', () => {
    expect(missing(text)).toEqual([])
  })
})

describe('what docs/ceremony-tests.md says of the cold room', () => {
  const page = readFileSync(join(import.meta.dirname, '../docs/ceremony-tests.md'), 'utf8')
  const shown = shownIn(page)

  it('names tests that exist, for everything on its list', () => {
    expect(shown.length).toBeGreaterThan(15)
    expect(shown.flatMap(({ what, tests }) => absentOf(what, tests))).toEqual([])
    const [wrong] = shownIn(`- **No.** \`claims\`: *${['not', 'there'].join(' and ')}*`)
    expect(absentOf('No', wrong?.tests ?? [])).toHaveLength(1)
  })
})

describe('that check', () => {
  // Put together, or these words would stand in this very file.
  const absent = ['no', 'such', 'words'].join(' ')
  const two = [
    '- **S7** One, as S9 says.',
    '  `claims`: *each name tests that',
    '  exist, by file and by name*',
    `- **S9** Two. \`no-file\`: *nothing*, \`claims\`: *${absent}*`,
    '',
    'Text, and S7 again.',
    '- **S7** Three.',
  ].join('\n')

  it('finds numbers out of order, a missing file, missing words and no test at all', () => {
    expect(claimsIn(two).map(({ number }) => number)).toEqual([7, 9, 7])
    expect(referredTo(two)).toEqual([9, 7])
    expect(missing(two)).toEqual(['S9: no no-file.test.ts', `S9: ${absent}`, 'S7 names no test'])
  })

  it('numbers anew in order, and what refers to a claim goes with it', () => {
    const after = renumbered(two)
    expect(claimsIn(after).map(({ number }) => number)).toEqual([1, 2, 3])
    expect(after).toContain('One, as S2 says')
    expect(after).toContain('and S1 again')
    expect(renumbered(after)).toBe(after)
  })
})
