// What a person named and no program could open: each verb says which flag or word named it, what
// was expected there and what was found, and ends as for any other wrong word.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { run } from '../../cli/run.ts'
import { pathFault } from '../../proto/io/path-fault.ts'
import { ceremonyCommands } from '../../signer-node/ceremony/commands.ts'
import { signerCommands } from '../../signer-node/commands.ts'
import { nativeCurve } from '../../signer-node/dkls23/curve-native.ts'
import { random } from '../kit/tokens.ts'

const home = mkdtempSync(join(tmpdir(), 'custody-path-fault-'))
afterAll(() => rmSync(home, { recursive: true }))
const at = (...names: readonly string[]): string => join(home, ...names)
const [none, directory, file] = [at('none'), at('directory'), at('file')]
mkdirSync(directory)
writeFileSync(file, 'no json')

const world = {
  ...{ nowMs: Date.now, random, ask: async () => undefined, say: () => {} },
  ...{ pause: async () => {}, profile: undefined },
}
const custody = async (...words: readonly string[]) => await run(words, world)

describe('custody', () => {
  it.each([
    [['policy', 'check', none], `${none}: expected a file, there is none`],
    [['policy', 'check', directory], `${directory}: expected a file, got a directory`],
    [['words', directory], `${directory}: expected a file, got a directory`],
    [['ceremony', 'plan', none], `${none}: expected a file, there is none`],
    [
      ['ceremony', 'plan', at('file/x')],
      `${at('file/x')}: expected directories on the way to it, got a file`,
    ],
    [
      ['ceremony', 'script', at('no/x')],
      `${at('no/x')}: expected it in a directory, there is no ${at('no')}`,
    ],
    [['ceremony', 'verify', none, '--trust', file], `${none}: expected a directory, there is none`],
    [['ceremony', 'verify', file, '--trust', file], `${file}: expected a directory, got a file`],
    [['ceremony', 'verify', none, '--trust', none], `${none}: expected a directory, there is none`],
    [['ceremony', 'speak', none, '--as', directory], `${none}: expected a file, there is none`],
    [
      ['recovery', 'verify', file, '--as', directory],
      `--as ${at('directory/recovery.json')}: expected a file, there is none`,
    ],
    [
      ['vault', 'list', '--as', directory],
      `--as ${at('directory/config.json')}: expected a file, there is none`,
    ],
    [
      ['init', 'cold', at('fresh'), `--stations=${none}`],
      `--stations ${none}: expected a file, there is none`,
    ],
  ] as const)('says what it found: %j', async (words, sentence) => {
    const said = await custody(...words)
    expect(said.exit).toBe(2)
    expect(said.stderr.split('\n')[0]).toBe(sentence)
    expect(said.stderr).toContain(`custody ${words[0]}`)
    const json = await custody(...words, '--json')
    expect(JSON.parse(json.stdout)).toEqual({ usage: sentence })
  })
})

describe('programs of a node and of a station', () => {
  const asked = {
    random,
    wallMs: Date.now,
    isTerminal: false,
    curve: nativeCurve,
    terminal: () => undefined,
  }
  const said = async (table: typeof signerCommands, words: readonly string[]) => {
    try {
      return `answered ${JSON.stringify(await table.commandOf(words)?.(asked as never))}`
    } catch (error) {
      return table.unreadable(error, words)
    }
  }

  it.each([
    [
      ceremonyCommands,
      ['table', at('card'), '--token', none],
      `--token ${none}: expected a file, there is none`,
    ],
    [
      ceremonyCommands,
      ['table', at('card'), '--token', directory],
      /directory: expected a file, got a directory$/,
    ],
    [ceremonyCommands, ['open', none], `${none}: expected a directory, there is none`],
    [ceremonyCommands, ['open', file], `${file}: expected a directory, got a file`],
    [
      ceremonyCommands,
      ['status', at('card'), '--bundle', none],
      `--bundle ${none}: expected a directory, there is none`,
    ],
    [
      signerCommands,
      ['status', '--config', none],
      `--config ${none}: expected a file, there is none`,
    ],
    [
      signerCommands,
      ['status', '--config', directory],
      `--config ${directory}: expected a file, got a directory`,
    ],
  ] as const)('say what they found', async (table, words, sentence) => {
    if (typeof sentence === 'string') expect(await said(table, words)).toBe(sentence)
    else expect(await said(table, words)).toMatch(sentence)
  })

  it('say it of the flag that starts one', () => {
    const words = ['--config', none]
    const error = Object.assign(new Error('x'), { code: 'ENOENT', syscall: 'open', path: none })
    const sentence = `--config ${none}: expected a file, there is none`
    expect(signerCommands.unreadable(error, words)).toBe(sentence)
    expect(signerCommands.unreadable(new Error('another'), words)).toBeUndefined()
  })
})

describe('a fault of a path', () => {
  const fault = (code: string, syscall = 'open', path?: string) =>
    Object.assign(new Error(code), { code, syscall, ...(path === undefined ? {} : { path }) })

  it('is none where it is about no path, and names what it can', () => {
    expect(pathFault(new Error('x'))).toBeUndefined()
    expect(pathFault(fault('ECONNREFUSED', 'connect'))).toBeUndefined()
    expect(pathFault(fault('EISDIR', 'read'))).toBe('expected a file, got a directory')
    const two = ['--a', directory, `--b=${home}`, '--as', directory, file]
    expect(pathFault(fault('EISDIR', 'read'), two, '--a DIR [--b DIR] --as DIR')).toBe(
      `--a ${directory} or --b ${home}: expected a file, got a directory`,
    )
    expect(pathFault(fault('EEXIST', 'open', file), [file])).toBe(
      `${file}: expected nothing there yet, got something, which is not overwritten`,
    )
    expect(pathFault(fault('EACCES', 'open', file), [file])).toBe(
      `${file}: expected leave to open it, got none`,
    )
    // A flag that takes none names nothing.
    expect(pathFault(fault('ENOENT', 'open', none), ['--yes', none], '[--yes] FILE')).toBe(
      `${none}: expected a file, there is none`,
    )
  })
})
