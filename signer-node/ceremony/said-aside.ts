// What is said to a ceremony that runs from beside it: `custody-ceremony note` and `stop` leave a
// file on its card, and the program that runs there takes it up. INVARIANT: each is taken once; a
// file is whole or not there. Says nothing by itself.
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { encode, parse } from '../../proto/jcs.ts'
import { literal, object, text } from '../../proto/shape.ts'
import { replaceFile } from '../floor-file.ts'

const said = text(1_000)
const shape = object({
  format: literal('custody-aside/v1'),
  kind: literal('note', 'stop'),
  expected: said,
  happened: said,
  decided: said,
})

export interface Aside {
  readonly kind: 'note' | 'stop'
  readonly expected: string
  /** Of a stop: why. */
  readonly happened: string
  readonly decided: string
}

export function sayAside(card: string, name: string, aside: Aside): void {
  const directory = join(card, 'aside')
  mkdirSync(directory, { recursive: true, mode: 0o700 })
  replaceFile(join(directory, `${name}.json`), encode({ format: 'custody-aside/v1', ...aside }))
}

/** In the order of their names, which are times. */
export function takeAsides(card: string): readonly Aside[] {
  const directory = join(card, 'aside')
  if (!existsSync(directory)) return []
  const names = readdirSync(directory).filter((name) => name.endsWith('.json'))
  return names.sort().map((name) => {
    const aside = shape(parse(readFileSync(join(directory, name))), name)
    rmSync(join(directory, name))
    return aside
  })
}
