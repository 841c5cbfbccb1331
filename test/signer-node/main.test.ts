import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import {
  chmodSync,
  closeSync,
  openSync,
  readdirSync,
  readFileSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { makeCluster, type Place } from '../kit/cluster.ts'

const program = join(import.meta.dirname, '../../signer-node/main.ts')
const portBase = 24_000 + (process.pid % 8_000)

let place: Place
let config: string
beforeAll(async () => {
  place = await makeCluster(portBase)
  config = place.path('nodes/node-1/config.json')
})
afterAll(() => place.remove())

/** Exit code and everything it printed. */
function ran(...words: readonly string[]): { readonly code: number | null; readonly text: string } {
  const { status, stdout, stderr } = spawnSync(process.execPath, [program, ...words], {
    encoding: 'utf8',
    timeout: 30_000,
  })
  return { code: status, text: stdout + stderr }
}

function until(child: ChildProcess, word: string): Promise<string> {
  let text = ''
  return new Promise((resolve, reject) => {
    child.stdout?.setEncoding('utf8').on('data', (chunk: string) => {
      text += chunk
      if (text.includes(word)) resolve(text)
    })
    child.on('exit', (code) => reject(new Error(`exit ${code}: ${text}`)))
  })
}

/** In a terminal of its own: the answer is typed when the question stands there. */
function typed(words: readonly string[], answer: string) {
  const line = [process.execPath, program, ...words].map((word) => `'${word}'`).join(' ')
  const child = spawn('script', ['-qefc', line, '/dev/null'], { stdio: 'pipe' })
  let shown = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    shown += text
    if (/passphrase: $/.test(text)) child.stdin.write(answer)
  })
  return new Promise<{ readonly code: number | null; readonly shown: string }>((resolve) => {
    child.on('close', (code) => resolve({ code, shown }))
  })
}

describe('custody-signer', () => {
  it('says how it is used and exits 2', () => {
    for (const words of [
      [],
      ['--what'],
      ['--config', config, '--credential', 'a', '--passphrase-fd', '3'],
      ['--config', config, '--passphrase-fd', 'x'],
    ]) {
      expect(ran(...words)).toMatchObject({
        code: 2,
        text: expect.stringMatching(/usage: custody-/),
      })
    }
  })

  it('refuses a configuration that it does not understand, and exits 1', () => {
    const odd = place.path('nodes/node-1/odd.json')
    const known = JSON.parse(readFileSync(config, 'utf8')) as object
    writeFileSync(odd, JSON.stringify({ ...known, extra: true }))
    const { code, text } = ran('--config', odd)
    expect([code, text]).toEqual([1, expect.stringContaining('CONFIG')])
  })

  it('refuses a passphrase that others can read, that is empty, or that is not the one', () => {
    const file = place.path('nodes/node-1/other-credential')
    writeFileSync(file, 'not the passphrase\n')
    chmodSync(file, 0o644)
    expect(ran('--config', config, '--credential', file).text).toContain('only its owner can read')
    chmodSync(file, 0o600)
    const wrong = ran('--config', config, '--credential', file)
    expect([wrong.code, wrong.text]).toEqual([1, expect.stringContaining('does not open here')])
    expect(wrong.text).not.toContain('not the passphrase')
    writeFileSync(file, '\n')
    expect(ran('--config', config, '--credential', file).text).toContain('got nothing')
  })

  it('takes the passphrase from a descriptor, says one line when ready, and drains on SIGTERM', async () => {
    const passphrase = openSync(place.path('nodes/node-1/credential'), 'r')
    const words = [program, '--config', config, '--passphrase-fd', '3']
    // Under the loosest mask of a shell: nothing that it makes is for others, not for a moment.
    const loose = ['-c', 'umask 0; exec "$0" "$@"', process.execPath, ...words]
    const child = spawn('sh', loose, { stdio: ['ignore', 'pipe', 'pipe', passphrase] })
    closeSync(passphrase)
    const text = await until(child, 'ready: signer node-1')
    const { healthListen } = JSON.parse(readFileSync(config, 'utf8')) as { healthListen: string }
    const alive = await fetch(`http://${healthListen}/livez`)
    const ready = await fetch(`http://${healthListen}/readyz`)
    expect([alive.status, ready.status, await ready.text()]).toEqual([200, 503, 'checking\n'])
    expect(text).not.toContain(readFileSync(place.path('nodes/node-1/credential'), 'utf8').trim())
    const database = statSync(place.path('nodes/node-1/data/node.db'))
    expect(database.mode & 0o077).toBe(0)
    child.removeAllListeners('exit')
    const ended = new Promise<number | null>((resolve) => child.once('close', resolve))
    child.kill('SIGTERM')
    expect(await ended).toBe(0)
  })

  it('is unlocked by a word that is typed unseen, which stays nowhere', async () => {
    const child = spawn(process.execPath, [program, '--config', config, '--locked'])
    await until(child, 'locked: signer node-1')
    const word = readFileSync(place.path('nodes/node-1/credential'), 'utf8').trim()
    const wrong = await typed(['unlock', '--config', config, '--ask'], 'not the word\r')
    expect([wrong.code, wrong.shown]).toEqual([1, expect.stringContaining('refused SEAL')])
    const left = () => readdirSync('/dev/shm').filter((name) => name.startsWith('custody-'))
    const before = left()
    const ready = until(child, 'ready: signer node-1')
    const right = await typed(['unlock', '--config', config, '--ask'], `${word}\r`)
    expect([right.code, right.shown]).toEqual([0, expect.stringMatching(/state +checking/)])
    const log = await ready
    expect(log).toContain('"because":"stanza scrypt, passphrase from an operator"')
    expect(log).toContain('"msg":"node.unsealed"')
    for (const text of [wrong.shown, right.shown, log]) expect(text).not.toContain(word)
    expect(left().length).toBeLessThanOrEqual(before.length)
    child.removeAllListeners('exit')
    const ended = new Promise<number | null>((resolve) => child.once('close', resolve))
    child.kill('SIGTERM')
    expect(await ended).toBe(0)
  })

  it('says loudly, in log and health, that it runs in WebAssembly because the addon did not load', async () => {
    const preload = place.path('no-addon.cjs')
    const stop = 'if (/secp256k1.bindings/.test(name)) throw new Error("no addon here")'
    writeFileSync(
      preload,
      `const Module = require('node:module')
       const resolve = Module._resolveFilename
       Module._resolveFilename = (name, ...more) => { ${stop}; return resolve(name, ...more) }`,
    )
    const words = ['--require', preload, program, '--config', config]
    const passphrase = place.path('nodes/node-1/credential')
    const child = spawn(process.execPath, [...words, '--credential', passphrase])
    const text = await until(child, 'ready: signer node-1')
    const warned = text.split('\n').find((line) => line.includes('curve.no-addon'))
    expect(JSON.parse(warned ?? '{}')).toMatchObject({ level: 50, msg: 'curve.no-addon' })
    const { healthListen } = JSON.parse(readFileSync(config, 'utf8')) as { healthListen: string }
    const ready = await fetch(`http://${healthListen}/readyz`)
    expect(await ready.text()).toBe('checking, on the slower wasm curve\n')
    const metrics = await (await fetch(`http://${healthListen}/metrics`)).text()
    expect(metrics).toContain('custody_signer_events_total{name="curve.no-addon",level="alarm"} 1')
    expect(metrics).toContain('custody_signer_curve{twin="wasm"} 1')
    child.removeAllListeners('exit')
    const ended = new Promise<number | null>((resolve) => child.once('close', resolve))
    child.kill('SIGTERM')
    expect(await ended).toBe(0)
  })
})
