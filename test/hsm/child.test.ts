import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Hsm } from '../../signer-node/hsm/hsm.ts'
import { refusal } from '../kit/refused.ts'
import { makeToken, random, secretPin, type TestToken } from '../kit/tokens.ts'

let token: TestToken
let home: string
beforeAll(async () => {
  token = await makeToken('software')
  home = mkdtempSync(join(tmpdir(), 'custody-child-'))
})
afterAll(() => {
  token.remove()
  rmSync(home, { recursive: true, force: true })
})

const main = join(import.meta.dirname, '../../signer-node/hsm/main.ts')

/** A process in the place of the token's, from its first request on. */
function program(name: string, body: string): string {
  const file = join(home, `${name}.mjs`)
  const given = `import { readSync, writeSync } from 'node:fs'
    const heard = new Uint8Array(20000)
    const hear = () => readSync(3, heard, 0, heard.length, null)
    const say = (...bytes) => writeSync(3, Uint8Array.of(...bytes))
    const wait = () => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0)\n`
  writeFileSync(file, given + body)
  return file
}

const openBy = (file: string, openMs = 5_000) =>
  Hsm.open(token.place, { random, program: file, patience: { open: openMs, close: 300 } })

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

describe('the process of a token', () => {
  it('is ended when it does not answer in time', async () => {
    const pidFile = join(home, 'pid')
    const stuck = program(
      'stuck',
      `import { writeFileSync } from 'node:fs'
       process.on('SIGTERM', () => {})
       writeFileSync(${JSON.stringify(pidFile)}, String(process.pid)); hear(); wait()`,
    )
    const said = await refusal(openBy(stuck, 1_500))
    expect(said).toBe('TOKEN_BROKEN: open: no answer within 1500 ms; it was ended')
    const { readFileSync } = await import('node:fs')
    expect(isAlive(Number(readFileSync(pidFile, 'utf8')))).toBe(false)
  })

  it('may die at any moment, and is said to be gone', async () => {
    expect(await refusal(openBy(program('dies', 'hear(); process.exit(0)')))).toMatch(
      /^TOKEN_ABSENT: (gone|not-present)/,
    )
    expect(await refusal(openBy(program('never', 'process.exit(1)')))).toMatch(/^TOKEN_ABSENT/)
  })

  it('is ended when it says what is no frame, too much, or twice', async () => {
    const odd = {
      garbage: 'hear(); say(255, 255, 255, 255, 1); wait()',
      empty: 'hear(); say(0, 0, 0, 0); wait()',
      short: 'hear(); say(0, 0, 0, 5, 0, 0, 0, 9, 1); wait()',
      twice: 'hear(); say(0, 0, 0, 6, 0, 0, 0, 2, 111, 107, 0, 0, 0, 6); wait()',
    }
    for (const [name, body] of Object.entries(odd)) {
      expect([name, await refusal(openBy(program(name, body)))]).toEqual([
        name,
        expect.stringMatching(/^TOKEN_BROKEN/),
      ])
    }
  })

  it('is not believed when its words are none of ours', async () => {
    const ok = 'hear(); say(0, 0, 0, 12, 0, 0, 0, 2, 111, 107, 0, 0, 0, 2, 123, 125); hear()'
    expect(await refusal(openBy(program('odd-facts', ok)))).toMatch(/^MALFORMED: token/)
    const fault = 'hear(); say(0, 0, 0, 6, 0, 0, 0, 2, 110, 111); hear()'
    expect(await refusal(openBy(program('odd-fault', fault)))).toBe('TOKEN_BROKEN: ')
  })

  it('is asked one thing at a time', async () => {
    await using hsm = await Hsm.open(token.place, { random })
    const first = hsm.random(8)
    await expect(hsm.random(8)).rejects.toThrow('one thing at a time')
    using bytes = await first
    expect(bytes.bytes.length).toBe(8)
  })

  it('shows no PIN in its arguments or its environment', async () => {
    const { readFileSync } = await import('node:fs')
    await using hsm = await Hsm.open(token.place, { random })
    using pin = secretPin(token.pin)
    await hsm.login(pin, false)
    const shown = ['cmdline', 'environ'].map((name) =>
      readFileSync(`/proc/${hsm.pid}/${name}`, 'latin1'),
    )
    expect(shown.join('')).toContain('hsm/main.ts')
    expect(shown.join('')).not.toContain(token.pin)
  })

  it('is given no PIN that is longer than any, and lives on', async () => {
    await using hsm = await Hsm.open(token.place, { random })
    expect(await refusal(hsm.login(secretPin('9'.repeat(20_000)), false))).toBe(
      'TOKEN_PIN: a PIN has at most 255 signs',
    )
    expect(await refusal(hsm.login(secretPin(token.pin), false))).toBe('accepted')
  })

  it('ends by itself when its parent has gone', async () => {
    const { spawn } = await import('node:child_process')
    const child = spawn(process.execPath, [main], { stdio: ['ignore', 'ignore', 'ignore', 'pipe'] })
    const ended = new Promise((resolve) => child.once('exit', resolve))
    child.stdio[3]?.destroy()
    expect(await ended).toBe(0)
  })

  it('says when it may not be started', () => {
    const { module, ...rest } = token.place
    const place = JSON.stringify({ module, ...rest })
    const source = `
      const { Hsm } = await import(${JSON.stringify(join(main, '../hsm.ts'))})
      const random = (length) => new Uint8Array(length)
      await Hsm.open(${place}, { random }).catch((error) => console.log(error.message))`
    const flags = ['--permission', '--allow-fs-read=*', '--input-type=module', '-e', source]
    const { stdout } = spawnSync(process.execPath, flags, { encoding: 'utf8' })
    expect(stdout).toMatch(/^TOKEN_BROKEN: its process cannot be started: .*allow-child-process/)
  })

  it('says when the binding is not installed', async () => {
    const without = join(home, 'without.mjs')
    writeFileSync(
      without,
      `import Module from 'node:module'
       const resolve = Module._resolveFilename
       Module._resolveFilename = (name, ...more) => {
         if (name === 'pkcs11js') throw new Error('not here')
         return resolve(name, ...more)
       }
       await import(${JSON.stringify(main)})`,
    )
    const place = { module: '/bin/true', parameters: '', serial: '', digest: '' }
    const { TokenProcess } = await import('../../signer-node/hsm/child.ts')
    const made = new TokenProcess('software:', without)
    const { toUtf8 } = await import('../../proto/crypto.ts')
    const { encode } = await import('../../proto/jcs.ts')
    const asked = made.ask('open', [encode(place)], 10_000)
    await expect(asked).rejects.toThrow('no-binding: the package pkcs11js is not installed')
    await expect(made.ask('bend' as never, [toUtf8('')], 10_000)).rejects.toThrow(
      'no such operation',
    )
    await made.close(1_000)
  })
})
