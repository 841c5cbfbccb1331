// docs/ceremony.md holds the scripts that the steps make, and its other parts name what is there.
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { ceremonyKinds } from '../../../policy/ceremony/plan.ts'
import { otherwiseOf, stepsOf } from '../../../policy/ceremony/script.ts'
import { acts } from '../../../policy/ceremony/steps.ts'
import { page, withScripts } from '../../kit/ceremony-page.ts'

const text = readFileSync(page, 'utf8')

describe('the page of the ceremony', () => {
  it('has every script as its steps are, word by word', () => {
    expect(withScripts(text)).toBe(text)
    for (const { id } of ceremonyKinds.flatMap((kind) => [
      ...stepsOf(kind),
      ...otherwiseOf(kind),
    ])) {
      expect([id, text.split(`\n**${id}** `).length]).toEqual([id, 2])
    }
    for (const act of acts) expect(text).toContain(`| \`${act}\` |`)
  })

  it('would differ from other steps, and is not written without its marks', () => {
    const bent = text.replace('Who are you, and what is your part?', 'Who are you?')
    expect(bent).not.toBe(text)
    expect(withScripts(bent)).toBe(text)
    expect(() => withScripts('no marks')).toThrow('expected the marks')
  })

  it('says of each number of a refusal what then, and names no step that is not there', () => {
    const [, table = ''] = text.split('## When a step fails')
    const numbers = [...table.matchAll(/^\| X-(\d+) \| ./gm)].map(([, number]) => Number(number))
    expect(numbers).toEqual(Array.from({ length: 20 }, (_, at) => at + 1))
    const all = ceremonyKinds.flatMap((kind) => [...stepsOf(kind), ...otherwiseOf(kind)])
    const known = new Set(all.map(({ id }) => id))
    const named = [...text.matchAll(/\b[OEGSRDC]-(?:\d+|[a-z])\b/g)].map(([id]) => id)
    expect(named.length).toBeGreaterThan(90)
    expect(named.filter((id) => !known.has(id))).toEqual([])
  })
})
