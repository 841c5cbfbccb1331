// docs/protocol.md is what a stranger reviews: its table of hashes has the tags of the code and no
// others, its numbers are the parameters, its sizes are those of the rounds, its deviations are
// numbered in a row, and whoever speaks of one names it by number.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { nativeCurve } from '../../signer-node/dkls23/curve-native.ts'
import { importLayout } from '../../signer-node/dkls23/importing.ts'
import { sizeOf } from '../../signer-node/dkls23/layout.ts'
import * as params from '../../signer-node/dkls23/params.ts'
import { SUITE } from '../../signer-node/dkls23/transcript.ts'
import { allRounds } from '../kit/rounds.ts'

const folder = join(import.meta.dirname, '../../signer-node/dkls23')
const page = readFileSync(join(import.meta.dirname, '../../docs/protocol.md'), 'utf8')
const curve = nativeCurve()

/** The rows of the table under this heading row, cell by cell. */
function table(head: string): readonly (readonly string[])[] {
  const begin = page.indexOf(`${head}\n`)
  if (begin < 0) throw new Error(`no table begins with ${head}`)
  const [text = ''] = page.slice(begin).split('\n\n')
  const rows = text.split('\n').slice(2)
  return rows.map((row) =>
    row
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim()),
  )
}

const quoted = (text: string): readonly string[] => {
  return [...text.matchAll(/`([^`]+)`/g)].map(([, name]) => name ?? '')
}

/** 16 928 (t = 2) and the like: all numbers that stand outside brackets. */
function numbersOf(cell: string): readonly number[] {
  const bare = cell.replaceAll(/\([^)]*\)/g, '')
  return bare.split(',').map((part) => Number(part.replaceAll(' ', '')))
}

describe('docs/protocol.md', () => {
  it('has every tag of the code in its table of hashes, and no other', () => {
    const source = readFileSync(join(folder, 'transcript.ts'), 'utf8')
    const [, list = ''] = /const TAGS = \[([^\]]*)\]/.exec(source) ?? []
    const [, fixed = ''] = /const FIXED = \{([\s\S]*?)\n\} as const/.exec(source) ?? []
    const tags = [...`${list}${fixed}`.matchAll(/'([a-z0-9-]+)'/g)].map(([, tag]) => tag ?? '')
    expect(tags.length).toBeGreaterThan(30)
    const told = table('| tag | function, parts |').flatMap(([name = '']) => quoted(name))
    expect([...told].sort()).toEqual([...tags].sort())
  })

  it('names the suite and the parameters with their numbers', () => {
    expect(page).toContain(`\`${SUITE}\``)
    const rows = table('| name | value | in `params.ts` | is |')
    const named = rows.flatMap(([, value, names = '']) => {
      return quoted(names).map((name) => [name, value] as const)
    })
    const known: Readonly<Record<string, unknown>> = { ...params }
    const ours = named.filter(([name]) => name in known)
    expect(ours.map(([name]) => name)).toEqual([
      'BASE_OTS',
      'TREE_DEPTH',
      'EXTENDED_OTS',
      'CHECK_BITS',
      'INPUTS',
      'PAD_SCALARS',
    ])
    for (const [name, value] of ours) {
      const less = name === 'PAD_SCALARS' ? 2 : 0
      expect([name, Number(value)]).toEqual([name, Number(known[name]) - less])
    }
  })

  it('says the size of every message', () => {
    const [two, three] = [allRounds(curve, 2), allRounds(curve, 3)]
    const size = (name: string): number => two.get(name)?.size ?? Number.NaN
    const reveal = (name: string): readonly number[] => {
      const round = `dealing-rounds.ts revealRound (${name})`
      return [two, three].map((rounds) => rounds.get(round)?.size ?? Number.NaN)
    }
    const confirm = [size('keygen.ts confirmRound')]
    const commit = (name: string) => [size(`dealing-rounds.ts commitRound (${name})`)]
    const sizes = table('| run | message | bytes | holds |').map(([, , bytes = '']) =>
      numbersOf(bytes),
    )
    expect(sizes).toEqual([
      [size('pair-setup.ts choicesRound')],
      [size('pair-setup.ts answersRound')],
      [size('pair-setup.ts confirmRound')],
      commit('dkg'),
      reveal('dkg'),
      confirm,
      commit('refresh'),
      reveal('refresh'),
      confirm,
      commit('reshare'),
      reveal('reshare'),
      confirm,
      confirm,
      // A part and a point for each other exporter.
      [32 + 33, 32 + 2 * 33],
      [size('sign-messages.ts firstRound')],
      [size('sign-messages.ts secondRound')],
      [64],
    ])
    for (const [t, dealt] of [2, 3].map((t) => [t, sizeOf([importLayout(curve, t)])] as const)) {
      expect(page).toContain(`${dealt} for t = ${t}`)
    }
  })

  it('numbers its deviations in a row, and the code names none that is not there', () => {
    const [, text = ''] = page.split('## Deviations from the papers\n')
    const [section = ''] = text.split('\n## ')
    const numbers = [...section.matchAll(/^(\d+)\. \*\*/gm)].map(([, n]) => Number(n))
    expect(numbers).toEqual(numbers.map((_, i) => i + 1))
    const sources = readdirSync(folder).filter((file) => file.endsWith('.ts'))
    const named = sources.flatMap((file) => {
      const found = readFileSync(join(folder, file), 'utf8').matchAll(/DEVIATION( \d+)?/g)
      return [...found].map(([, n]) => Number(n ?? Number.NaN))
    })
    expect(named.length).toBeGreaterThan(0)
    for (const n of named) expect(numbers).toContain(n)
  })
})
