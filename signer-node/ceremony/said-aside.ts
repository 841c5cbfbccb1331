// What is said to a ceremony that runs from beside it: `custody-ceremony note` and `stop` leave a
// file on its card, and the program that runs there takes it up. INVARIANT: a file is whole or not
// there, and stays until what it says has been taken over; one that says nothing is put aside and
// told, and ends no program. Says nothing by itself.
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { sentence } from '../../policy/ceremony/record-bodies.ts'
import { encode, parse } from '../../proto/jcs.ts'
import { Refused } from '../../proto/refusal.ts'
import { literal, object, type Reader } from '../../proto/shape.ts'
import { replaceFile } from '../floor-file.ts'
import { onCard, readOwnFile } from '../own-file.ts'

const sentenceOrNone: Reader<string> = (value, path) => (value === '' ? '' : sentence(value, path))
const shape = object({
  format: literal('custody-aside/v1'),
  kind: literal('note', 'stop'),
  expected: sentenceOrNone,
  happened: sentence,
  decided: sentenceOrNone,
})

export interface Aside {
  readonly kind: 'note' | 'stop'
  readonly expected: string
  /** Of a stop: why. */
  readonly happened: string
  readonly decided: string
}

export interface LyingAside extends Aside {
  /** Of its file. */
  readonly name: string
  /** It stands in the Record, or was told: its file goes. */
  readonly forget: () => void
}

export function sayAside(card: string, name: string, aside: Aside): void {
  const document = { format: 'custody-aside/v1', ...aside }
  const bytes = encode(document)
  shape(document, aside.kind)
  const directory = join(card, 'aside')
  mkdirSync(directory, { recursive: true, mode: 0o700 })
  // Two in one moment are two.
  let at = 0
  while (existsSync(fileOf(directory, name, at))) at += 1
  replaceFile(fileOf(directory, name, at), bytes)
}

/** In the order of their names, which are times. `refused` hears which file says nothing. */
export function asidesOn(
  card: string,
  refused: (name: string, because: string) => void,
): readonly LyingAside[] {
  const directory = join(card, 'aside')
  if (!existsSync(directory)) return []
  const names = readdirSync(directory).filter((name) => name.endsWith('.json'))
  return names.sort().flatMap((name) => {
    const path = join(directory, name)
    try {
      const aside = shape(parse(readOwnFile(onCard(path))), name)
      return [{ ...aside, name, forget: () => rmSync(path, { force: true }) }]
    } catch (error) {
      renameSync(path, `${path}.refused`)
      refused(name, error instanceof Refused ? error.refusal.because : 'not a file that says one')
      return []
    }
  })
}

/** Looked for again and again; each is told to `take` until that has taken it. */
export function followAsides(
  card: string,
  { everyMs, refused }: { everyMs: number; refused: (name: string, because: string) => void },
  take: (said: LyingAside) => boolean,
): Disposable {
  const taken = new Set<string>()
  const looking = setInterval(() => {
    for (const said of asidesOn(card, refused)) {
      if (!taken.has(said.name) && take(said)) taken.add(said.name)
    }
  }, everyMs)
  return { [Symbol.dispose]: () => clearInterval(looking) }
}

function fileOf(directory: string, name: string, at: number): string {
  return join(directory, `${name}-${String(at).padStart(3, '0')}.json`)
}
