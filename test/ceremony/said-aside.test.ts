// What is said to a ceremony from beside it, by its card.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { ceremonyCommands } from '../../signer-node/ceremony/commands.ts'
import { takeAsides } from '../../signer-node/ceremony/said-aside.ts'
import { nativeCurve } from '../../signer-node/dkls23/curve-native.ts'
import { random } from '../kit/tokens.ts'

const card = mkdtempSync(join(tmpdir(), 'custody-aside-'))
afterAll(() => rmSync(card, { recursive: true }))
let now = 1_000
const world = {
  ...{ random, isTerminal: false, curve: nativeCurve, terminal: () => undefined },
  wallMs: () => (now += 1),
}
const say = async (...words: readonly string[]) => await ceremonyCommands.commandOf(words)?.(world)

describe('what is said beside a sitting', () => {
  it('is taken once, in its order', async () => {
    expect(takeAsides(card)).toEqual([])
    const note = ['--expected', 'a quiet room', '--happened', 'a bell', '--decided', 'go on']
    await say('note', card, ...note)
    await say('stop', card, 'fire')
    expect(takeAsides(card)).toMatchObject([
      { kind: 'note', expected: 'a quiet room', happened: 'a bell', decided: 'go on' },
      { kind: 'stop', happened: 'fire' },
    ])
    expect(takeAsides(card)).toEqual([])
  })

  it('lays a table with a key for its owner alone, once', async () => {
    const laid = await say('table', join(card, 'hub'), '--org', 'acme')
    expect(laid).toMatchObject({ transport: expect.stringMatching(/^[0-9a-f]{64}$/) })
    await expect(say('table', join(card, 'hub'), '--org', 'acme')).rejects.toThrow('EEXIST')
  })
})
