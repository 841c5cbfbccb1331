// The screens of hsm, with the real program behind them and a token in software: from an empty
// directory to a node that is sealed to it; wrong words, wrong PINs, and no PIN in what is printed.
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { run } from '../../cli/run.ts'
import { parseTokenCard } from '../../proto/token-card.ts'
import { CommandUsage, type CommandWorld } from '../../signer-node/command.ts'
import { signerCommands } from '../../signer-node/commands.ts'
import { Secret } from '../../signer-node/dkls23/secret.ts'
import { readLines } from '../../signer-node/opening.ts'
import { makeCluster, type Place, testWorld } from '../kit/cluster.ts'
import { refusal, refusedWith } from '../kit/refused.ts'
import { random } from '../kit/tokens.ts'

let home: string
let place: Place
beforeAll(async () => {
  home = mkdtempSync(join(tmpdir(), 'custody-hsm-cli-'))
  place = await makeCluster()
})
afterAll(() => {
  rmSync(home, { recursive: true, force: true })
  place.remove()
})

const hsm = (...words: readonly string[]) => run(['hsm', ...words], testWorld())
let count = 0
function file(text: string, mode = 0o600): string {
  count += 1
  const path = join(home, `file-${count}`)
  writeFileSync(path, text, { mode })
  return path
}
const officer = '87654321'
const pin = '12345678'

describe('hsm', () => {
  const module = () => `software:${join(home, 'token')}`
  const nodeFile = () => place.path('nodes/node-1/config.json')
  const card = () => place.path('nodes/node-1/token-1.json')
  const pinFile = () => file(`${pin}\n`)

  it('goes from nothing to a node whose files a token opens', async () => {
    const init = await hsm(
      ...['init', '--module', module(), '--label', 'daily'],
      ...['--pin-file', file(`${officer}\n${pin}\n`)],
    )
    expect([init.exit, init.stdout]).toEqual([0, expect.stringContaining('(daily) is initialised')])

    const shown = await hsm('show', '--module', module())
    expect(shown.stdout).toMatch(/^[0-9a-f]{16} {2}daily\n {2}made by {3}custody software token/)
    expect(shown.stdout).toContain('PIN       set\n')

    const probed = await hsm('probe', '--module', module(), '--pin-file', pinFile())
    expect(probed.stdout).toMatch(
      /identity {3}works\n {2}random {5}works\n {2}ecdh {7}works\n {2}floor {6}works\nprofile {3}ecdh/,
    )

    const about = ['--org', 'acme-dev', '--env', 'dev', '--node', 'node-1', '--id', 'token-1']
    const from = ['--module', module(), '--pin-file', pinFile()]
    const enrolled = await hsm('enrol', card(), ...about, ...from)
    const { digest } = parseTokenCard(readFileSync(card()))
    expect(enrolled.stdout).toContain(`digest   ${digest}`)
    const snippet = /"keystore": (\{.*\})/.exec(enrolled.stdout)?.[1] ?? '{}'
    expect(existsSync(card())).toBe(true)

    const config = JSON.parse(readFileSync(nodeFile(), 'utf8')) as object
    rmSync(nodeFile())
    writeFileSync(nodeFile(), JSON.stringify({ ...config, keystore: JSON.parse(snippet) }))
    const passphrase = place.path('nodes/node-1/credential')
    const without = await hsm('seal', nodeFile(), '--pin-file', pinFile())
    expect([without.exit, without.stderr]).toEqual([
      2,
      expect.stringContaining('--passphrase FILE'),
    ])
    const sealed = await hsm(
      'seal',
      nodeFile(),
      '--pin-file',
      pinFile(),
      '--passphrase',
      passphrase,
    )
    expect(sealed.stdout).toContain('3 files of node-1 are sealed to token-1')
    expect(sealed.stdout).toContain('each was opened by token-1 before any was replaced')

    const tested = await hsm('test-seal', nodeFile(), '--pin-file', pinFile())
    expect(tested.stdout).toMatch(/^token-1 \([0-9a-f]{16}\) opens all 3 files of node-1/)

    const back = ['--back', '--passphrase', passphrase]
    const again = await hsm('seal', nodeFile(), '--pin-file', pinFile(), ...back)
    expect(again.stdout).toContain('3 files of node-1 are sealed to passphrase')
    const closed = await hsm('test-seal', nodeFile(), '--pin-file', pinFile())
    expect(closed.stderr).toContain('token token-1 does not open identity.seal')
    const printed = [init, shown, probed, enrolled, sealed, tested, again, closed]
    for (const { stdout, stderr } of printed) {
      expect(stdout + stderr).not.toContain(pin)
      expect(stdout + stderr).not.toContain(officer)
    }
  })

  it('wants its words before it starts anything, and hands on what was refused', async () => {
    const { exit, stderr } = await hsm('probe')
    expect([exit, stderr]).toEqual([2, expect.stringContaining('expected --module')])
    expect((await hsm('seal')).stderr).toContain('expected 1 arguments, got 0')
    const nobody = await hsm('show', '--module', `software:${home}/nothing`, '--json')
    expect(nobody.exit).toBe(3)
    expect(JSON.parse(nobody.stdout)).toMatchObject({ refused: { code: 'TOKEN_ABSENT' } })
  })
})

describe('custody-signer hsm', () => {
  const module = () => `software:${join(home, 'token')}`
  const pinFile = () => file(`${pin}\n`)
  const typed = (...lines: readonly string[]) => {
    const left = [...lines]
    const secret = async () => new Secret(new TextEncoder().encode(left.shift() ?? ''))
    const line = async () => ''
    return () => ({ say: () => {}, line, secret, close: () => {} })
  }
  type Asks = CommandWorld['terminal']
  /** What it refused, or what it said of its words. */
  const told = async (words: readonly string[], terminal: Asks = () => undefined) => {
    const world = { random, terminal, isTerminal: false, wallMs: Date.now, curve: noCurve }
    try {
      return await refusal(
        signerCommands.commandOf(['hsm', ...words])?.(world) ?? Promise.reject(new Error('none')),
      )
    } catch (error) {
      if (error instanceof CommandUsage) return `usage: ${error.message}`
      throw error
    }
  }
  const noCurve = (): never => {
    throw new Error('no command of a token computes with a curve of ours')
  }

  it('says plainly what is wrong: no terminal, no token, a wrong PIN, a card that is there', async () => {
    const from = ['--module', module()]
    const nobody = ['--module', `software:${home}/nothing`]
    expect(await told(['show', ...nobody])).toMatch(/^TOKEN_ABSENT: not-present: no token/)
    expect(await told(['probe', ...from])).toBe('CONFIG: PIN: no terminal to ask at')
    expect(await told(['probe', ...from], typed('00000000'))).toMatch(/^TOKEN_PIN: wrong-pin/)
    expect(await told(['probe', ...from, '--serial', 'x'])).toMatch(/^TOKEN_ABSENT/)
    const open = file(`${pin}\n`, 0o644)
    expect(await told(['probe', ...from, '--pin-file', open])).toMatch(/only its owner can read/)
    const two = ['--pin-file', open, '--pin-fd', '3']
    expect(await told(['probe', ...from, ...two])).toBe(
      'usage: expected one of --pin-file, --pin-fd',
    )
    expect(await told(['probe', ...from, '--pin-fd', 'x'])).toBe(
      'usage: --pin-fd: expected the number of a descriptor',
    )
    expect(await told(['probe', ...from], typed(pin))).toBe('accepted')
    const about = ['--org', 'acme', '--env', 'dev', '--node', 'node-1', '--id', 'token-1']
    const there = ['enrol', file('there'), ...about, ...from]
    await expect(told(there, typed(pin))).rejects.toThrow('EEXIST')
    expect(await told(['enrol', 'x', ...from], typed(pin))).toBe(
      'usage: missing: --org, --env, --node, --id',
    )
  })

  it('sets PINs that are long enough and typed the same twice, also as halves', async () => {
    const from = ['init', '--label', 'x', '--module', `software:${home}/other`]
    expect(await told(['init', ...from.slice(3)])).toBe('usage: missing: --label')
    const twice = (first: string, again = first) => typed(officer, officer, first, again)
    expect(await told(from, twice(pin, '12345679'))).toMatch(/typed differently the second time$/)
    expect(await told(from, twice('1234567'))).toBe('CONFIG: a PIN has 8 signs or more')
    expect(await told(from, twice(pin))).toBe('accepted')
    const halves = typed(
      officer,
      officer,
      'half of ana',
      'half of ana',
      'half of ben',
      'half of ben',
    )
    expect(await told([...from, '--two-person'], halves)).toBe('accepted')
    const lines = ['--pin-file', file('one\n')]
    expect(await told([...from, ...lines])).toMatch(/^CONFIG: expected one a line/)
  })

  it('knows its words, and says which are missing', async () => {
    const verbs = 'hsm show, hsm probe, hsm init, hsm enrol, hsm seal, hsm test-seal, hsm retire'
    for (const [words, said] of [
      [[], `missing: which of ${verbs}`],
      [['dance'], `missing: which of ${verbs}`],
      [['show'], 'missing: --module'],
      [['show', 'x', '--module', 'y'], 'one word too many: x'],
      [['enrol'], 'missing: CARD, --module, --org, --env, --node, --id'],
      [['seal'], 'missing: --config'],
      [['seal', '--x'], "unknown option '--x'"],
    ] as const) {
      expect([words, await told(words)]).toEqual([words, `usage: ${said}`])
    }
    const config = place.path('nodes/node-2/config.json')
    expect(await told(['test-seal', '--config', config, '--pin-file', pinFile()])).toBe(
      'CONFIG: keystore: its stanza is passphrase, expected token',
    )
  })
})

describe('lines of a file with PINs', () => {
  it('are as many as asked for, each with something in it', () => {
    const read = (text: string, wanted: number) =>
      refusedWith(() =>
        readLines(file(text), ['officer', 'user'].slice(0, wanted)).map((one) =>
          one[Symbol.dispose](),
        ),
      )
    expect(read('one\n', 1)).toBe('accepted')
    expect(read('one\ntwo\n', 2)).toBe('accepted')
    expect(read('one', 1)).toBe('accepted')
    for (const [text, wanted] of [
      ['one\ntwo\n', 1],
      ['one\n', 2],
      ['\none\n', 2],
      ['one\n\n', 2],
      ['one\ntwo\nthree\n', 2],
    ] as const) {
      expect([text, read(text, wanted)]).toEqual([text, 'CONFIG'])
    }
  })
})
