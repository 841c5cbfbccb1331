// What is said to a ceremony from beside it, by its card.
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { ceremonyCommands } from '../../signer-node/ceremony/commands.ts'
import { asidesOn, followAsides } from '../../signer-node/ceremony/said-aside.ts'
import { nativeCurve } from '../../signer-node/dkls23/curve-native.ts'
import { refusal } from '../kit/refused.ts'
import { random } from '../kit/tokens.ts'

const card = mkdtempSync(join(tmpdir(), 'custody-aside-'))
afterAll(() => rmSync(card, { recursive: true }))
let now = 1_000
const world = {
  ...{ random, isTerminal: false, curve: nativeCurve, terminal: () => undefined },
  wallMs: () => now,
}
const say = async (...words: readonly string[]) => await ceremonyCommands.commandOf(words)?.(world)
const note = (happened: string, expected = 'a quiet room') =>
  say('note', card, '--expected', expected, '--happened', happened, '--decided', 'go on')
const told: string[] = []
const lying = () => asidesOn(card, (name, because) => void told.push(`${name}: ${because}`))

describe('what is said beside a sitting', () => {
  it('stays until it was taken over, in its order, two of one moment too', async () => {
    expect(lying()).toEqual([])
    await note('a bell')
    await note('a second bell')
    now += 1
    await say('stop', card, 'fire')
    expect(lying()).toMatchObject([
      { kind: 'note', expected: 'a quiet room', happened: 'a bell', decided: 'go on' },
      { kind: 'note', happened: 'a second bell' },
      { kind: 'stop', happened: 'fire' },
    ])
    for (const { forget } of lying()) forget()
    expect(lying()).toEqual([])
  })

  it('is a sentence, as the Record takes it, or is refused where it is said', async () => {
    expect(await refusal(note('a bell\nand a line'))).toMatch(/^MALFORMED/)
    expect(await refusal(note('a bell', 'x'.repeat(513)))).toMatch(/^MALFORMED/)
    expect(await refusal(say('stop', card, ''))).toMatch(/^MALFORMED/)
    expect(lying()).toEqual([])
  })

  it('is put aside and told where a file says nothing, and ends no program', async () => {
    writeFileSync(join(card, 'aside', '1-000.json'), '{"format":"custody-aside/v1"}')
    writeFileSync(join(card, 'aside', '2-000.json'), 'no json at all')
    mkdirSync(join(card, 'aside', '3-000.json'))
    await note('a bell')
    expect(lying().map(({ happened }) => happened)).toEqual(['a bell'])
    expect(told.map((line) => line.slice(0, 10))).toEqual([
      '1-000.json',
      '2-000.json',
      '3-000.json',
    ])
    for (const { forget } of lying()) forget()
    expect(readdirSync(join(card, 'aside'))).toHaveLength(3)
    expect([lying(), told.length]).toEqual([[], 3])
  })

  it('is offered until it is taken, and not again', async () => {
    await note('a bell')
    const heard: boolean[] = []
    const take = (): boolean => {
      heard.push(heard.length === 2)
      return heard.length === 3
    }
    using _ = followAsides(card, { everyMs: 1, refused: () => {} }, take)
    await expect.poll(() => heard.length).toBe(3)
    await new Promise((done) => setTimeout(done, 20))
    expect(heard).toEqual([false, false, true])
  })
})
