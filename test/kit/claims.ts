// The claims of docs/security.md, read: their numbers, and the tests that each of them names.
//     node test/kit/claims.ts
// numbers them anew in the order in which they stand, and what refers to them in that document.
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

const page = join(import.meta.dirname, '..', '..', 'docs', 'security.md')

export interface Claim {
  readonly number: number
  /** Test file below `test/`, and the words that stand in it. */
  readonly tests: readonly { readonly file: string; readonly names: readonly string[] }[]
}

export const claimsText = (): string => readFileSync(page, 'utf8')

/** In the order in which they stand. */
export function claimsIn(text: string): readonly Claim[] {
  const found = text.matchAll(/^- \*\*S(\d+)\*\* ((?:.+\n(?! *\n|- |#))*.+)/gm)
  return [...found].map(([, number, words = '']) => ({
    number: Number(number),
    tests: testsIn(words.replace(/\s+/g, ' ')),
  }))
}

/** Of a page that lists without numbers: what each point is about, and the tests that show it. */
export function shownIn(
  text: string,
): readonly { readonly what: string; readonly tests: Claim['tests'] }[] {
  const found = text.matchAll(/^- \*\*([^*]+)\*\* ((?:.+\n(?! *\n|- |#))*.+)/gm)
  return [...found].map(([, what = '', words = '']) => ({
    what,
    tests: testsIn(words.replace(/\s+/g, ' ')),
  }))
}

/** Numbers that something beside the claims themselves speaks of. */
export function referredTo(text: string): readonly number[] {
  const rest = text.replace(/^- \*\*S\d+\*\*/gm, '')
  return [...rest.matchAll(/\bS(\d+)\b/g)].map(([, number]) => Number(number))
}

/** 1, 2, 3, ... in order; where a number stood twice, what refers to it means the first. */
export function renumbered(text: string): string {
  const place = new Map<number, number>()
  for (const [at, { number }] of claimsIn(text).entries()) {
    if (!place.has(number)) place.set(number, at + 1)
  }
  let next = 0
  return text.replace(/(^- \*\*)?\bS(\d+)\b/gm, (whole, isClaim: string | undefined, old) => {
    if (isClaim === undefined) return `S${place.get(Number(old)) ?? old}`
    next += 1
    return whole.replace(/S\d+/, `S${next}`)
  })
}

function testsIn(words: string): Claim['tests'] {
  const tests: { file: string; names: string[] }[] = []
  for (const [, file, name = ''] of words.matchAll(
    /`([a-z0-9-]+(?:\/[a-z0-9-]+)*)`|\*([^*]+)\*/g,
  )) {
    if (file !== undefined) tests.push({ file, names: [] })
    else tests.at(-1)?.names.push(name)
  }
  return tests.filter(({ names }) => names.length > 0)
}

if (import.meta.main) writeFileSync(page, renumbered(claimsText()))
