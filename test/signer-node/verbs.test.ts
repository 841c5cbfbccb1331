// The verbs of custody-signer as words: what they need, what they say without it, and how an
// answer or a refusal looks at a terminal and elsewhere.
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { refusal } from '../../proto/refusal.ts'
import { CommandUsage } from '../../signer-node/command.ts'
import { signerCommands } from '../../signer-node/commands.ts'
import { readWords, text, yes } from '../../signer-node/commands-words.ts'
import { answerText, refusalText } from '../../signer-node/said.ts'
import { makeCluster, type Place } from '../kit/cluster.ts'

const program = join(import.meta.dirname, '../../signer-node/main.ts')
const config = 'nodes/node-1/config.json'
let place: Place
beforeAll(async () => {
  place = await makeCluster(24_000 + (process.pid % 8_000))
})
afterAll(() => place.remove())

function saysOf(work: () => unknown): string {
  try {
    work()
    return 'accepted'
  } catch (error) {
    if (error instanceof CommandUsage) return error.message
    throw error
  }
}

/** In a terminal of its own, as a person runs it: everything that was shown, and the exit. */
function atTerminal(...words: readonly string[]) {
  const line = [process.execPath, program, ...words].map((word) => `'${word}'`).join(' ')
  const { status, stdout } = spawnSync('script', ['-qefc', line, '/dev/null'], {
    encoding: 'utf8',
    timeout: 30_000,
  })
  return { code: status, text: stdout.replaceAll('\r\n', '\n') }
}

describe('the words of a verb', () => {
  const shape = { places: ['FILE'], options: { out: text, deep: yes, fd: text }, needed: ['out'] }

  it('are read when they are all there', () => {
    const read = readWords(['a', '--out', 'b', '--deep', '--fd', '4'], shape)
    expect([read.place(), read.text('out'), read.is('deep'), read.descriptor('fd')]).toEqual([
      'a',
      'b',
      true,
      4,
    ])
    expect([read.flag('other'), read.is('other'), read.descriptor('other')]).toEqual([
      undefined,
      false,
      undefined,
    ])
    expect(saysOf(() => read.oneOf('out', 'other'))).toBe('accepted')
  })

  it('are named when they are missing, too many, unknown or nonsense', () => {
    for (const [words, said] of [
      [[], 'missing: FILE, --out'],
      [['a'], 'missing: --out'],
      [['--out', 'b'], 'missing: FILE'],
      [['a', 'c', '--out', 'b'], 'one word too many: c'],
      [['a', '--out', 'b', '--loud'], "unknown option '--loud'"],
      [['a', '--out'], "option '--out <value>' argument missing"],
    ] as const) {
      expect([words, saysOf(() => readWords(words, shape))]).toEqual([words, said])
    }
    const read = readWords(['a', '--out', 'b', '--fd', 'x'], shape)
    expect(saysOf(() => read.descriptor('fd'))).toBe('--fd: expected the number of a descriptor')
    expect(saysOf(() => read.oneOf('out', 'fd'))).toBe('expected one of --out, --fd')
    expect(saysOf(() => read.place(1))).toBe('missing: a word')
    expect(saysOf(() => read.text('other'))).toBe('missing: --other')
    expect(saysOf(() => read.config())).toBe('missing: --config')
  })
})

describe('the verbs', () => {
  const known = [
    ...signerCommands.usage().matchAll(/^ {2}custody-signer (\S[a-z -]*?) {2,}\S/gm),
  ].map(([, verb = '']) => verb.trim())

  it('are listed with what they are for, and each has help of its own', () => {
    expect(known).toEqual(
      expect.arrayContaining([
        'status',
        'pairs',
        'freeze',
        'fence',
        'drain',
        'log-level',
        'unlock',
      ]),
    )
    expect(known.length).toBeGreaterThan(20)
    for (const verb of known) {
      const help = signerCommands.helpOf([...verb.split(' '), '--help'])
      if (!verb.startsWith('-')) expect(help).toContain(`usage: custody-signer ${verb}`)
      expect(signerCommands.helpOf(['help', ...verb.split(' ')])).toBe(help)
    }
    expect(signerCommands.helpOf(['status'])).toBeUndefined()
    expect(signerCommands.helpOf(['--help'])).toBe(signerCommands.usage())
    expect(saysOf(() => signerCommands.helpOf(['help', 'dance']))).toBe('unknown command: dance')
  })

  it('that are unknown or half named are refused, and a start is no verb', () => {
    expect(saysOf(() => signerCommands.commandOf(['dance']))).toBe('unknown command: dance')
    expect(saysOf(() => signerCommands.commandOf(['backup']))).toBe(
      'missing: which of backup verify, backup proved',
    )
    expect([signerCommands.commandOf([]), signerCommands.commandOf(['--config', 'x'])]).toEqual([
      undefined,
      undefined,
    ])
  })

  it('each say what they cannot do without', async () => {
    const world = {
      random: () => new Uint8Array(),
      wallMs: () => 0,
      curve: () => expect.unreachable('nothing is computed'),
      terminal: () => undefined,
      isTerminal: false,
    }
    for (const verb of known.filter((one) => !one.startsWith('-'))) {
      const trying = signerCommands.commandOf(verb.split(' '))?.(world)
      const said = await trying?.catch((error: unknown) => error)
      expect([verb, said]).toEqual([verb, expect.any(CommandUsage)])
      expect(said).toMatchObject({
        message: expect.stringMatching(/^missing: /),
        command: { verb },
      })
    }
  })
})

describe('what a person reads', () => {
  it('is a line a fact, with lists and rows set in', () => {
    const answer = {
      node: 'node-1',
      fenced: '',
      vaults: ['hot', 'warm'],
      frozen: [],
      strikes: { 'node-2': 2 },
      pairs: [{ peer: 'node-2', sessions: 3, replaced: 0 }],
    }
    expect(answerText(answer)).toBe(
      [
        'node            node-1',
        'fenced          -',
        'vaults          hot, warm',
        'frozen          -',
        'strikes',
        '  node-2          2',
        'pairs',
        '  node-2',
        '    sessions        3',
        '    replaced        0',
      ].join('\n'),
    )
  })

  it('is one sentence of a refusal, and nobody else draws in it', () => {
    expect(refusalText(refusal('SEAL', 'identity.seal: does not open here'))).toBe(
      'refused SEAL: identity.seal: does not open here',
    )
    expect(refusalText(refusal('BUSY', 'one\u001b[2Jtwo\nthree'))).toBe(
      'refused BUSY: one\u{fffd}[2Jtwo\u{fffd}three; try again in a moment',
    )
  })

  it('is a sentence at a terminal and JSON for --json, of an answer and of a refusal', () => {
    const words = ['status', '--config', place.path(config)]
    const shown = atTerminal(...words)
    expect(shown.code).toBe(3)
    expect(shown.text).toMatch(/^no node answers at \S+admin.sock: connect ENOENT[^\n]*\n$/)
    const key = ['export-key', place.path('shared'), '--org', 'acme', '--env', 'space']
    const refused = atTerminal(...key)
    expect([refused.code, refused.text]).toEqual([
      1,
      expect.stringMatching(/^refused MALFORMED: env: /),
    ])
    const json = atTerminal(...key, '--json')
    expect([json.code, JSON.parse(json.text)]).toEqual([
      1,
      expect.objectContaining({ code: 'MALFORMED' }),
    ])
  })

  it('is what is missing, with the usage of that verb alone', () => {
    const { code, text: said } = atTerminal('log-level', '--config', place.path(config))
    expect([code, said]).toEqual([
      2,
      'custody-signer: missing: LEVEL\nusage: custody-signer log-level LEVEL --config CONFIG\n',
    ])
  })
})
