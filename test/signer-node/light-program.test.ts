// The light witness as a program: what it says, what it refuses, and that its process holds no code of
// the protocol.
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, normalize, relative } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { write } from '../../cli/init.ts'
import { devCluster } from '../../cli/init-cluster.ts'
import { parseLightConfig } from '../../signer-node/light-config.ts'
import { counted } from '../kit/cluster.ts'
import { refusedWith } from '../kit/refused.ts'

const project = join(import.meta.dirname, '../..')
const program = join(project, 'signer-node/main.ts')
const home = mkdtempSync(join(tmpdir(), 'custody-light-program-'))
const directory = join(home, 'witnesses/witness-1')
const config = join(directory, 'config.json')
const portBase = 20_000 + (process.pid % 4_000)

beforeAll(async () => {
  const wish = { org: 'acme-dev', rpc: [], layout: 'local', nowMs: Date.now() } as const
  write(home, await devCluster({ ...wish, portBase, lights: 1, random: counted('light') }))
})
afterAll(() => rmSync(home, { recursive: true }))

function ran(...words: readonly string[]): { readonly code: number | null; readonly text: string } {
  const { status, stdout, stderr } = spawnSync(process.execPath, [program, ...words], {
    encoding: 'utf8',
    timeout: 60_000,
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

/** Every file of ours that a module loads when it runs; imports of types load nothing. */
function loadedBy(file: string, found = new Set<string>()): ReadonlySet<string> {
  if (found.has(file)) return found
  found.add(file)
  const source = readFileSync(join(project, file), 'utf8')
  const form =
    /(?:^|\n)(?:import|export)(?!\s+type\b)[^'";]*?from\s+'(\.[^']+)'|import\('(\.[^']+)'\)/g
  for (const [, from, late] of source.matchAll(form)) {
    loadedBy(normalize(join(dirname(file), from ?? late ?? '')), found)
  }
  return found
}

describe('custody-signer --witness', () => {
  it('loads nothing of the protocol but the box that wipes a secret', () => {
    const isProtocol = (file: string) => file.startsWith('signer-node/dkls23/')
    const light = [...loadedBy('signer-node/light-program.ts')].filter(isProtocol)
    expect(light.map((file) => relative('signer-node/dkls23', file))).toEqual(['secret.ts'])
    const signing = [...loadedBy('signer-node/signing-program.ts')].filter(isProtocol)
    expect(signing.length).toBeGreaterThan(20)
    for (const file of ['signing', 'keys', 'keystore', 'sessions', 'pairings', 'release']) {
      expect(loadedBy('signer-node/light-program.ts').has(`signer-node/${file}.ts`)).toBe(false)
    }
  })

  it('says how it is used and exits 2', () => {
    const two = ['--credential', 'a', '--passphrase-fd', '3']
    for (const words of [[], ['--what'], ['--config', config, ...two]]) {
      const said = ran('--witness', ...words)
      expect(said).toMatchObject({ code: 2, text: expect.stringContaining('usage:') })
    }
  })

  it('refuses the configuration of a signer node, and a signer node refuses its', () => {
    const signer = join(home, 'nodes/node-1/config.json')
    for (const words of [
      ['--witness', '--config', signer],
      ['--config', config],
    ]) {
      expect(ran(...words)).toMatchObject({ code: 1, text: expect.stringContaining('CONFIG') })
    }
  })

  it('refuses a floor or a credential that is copied with the data, and nobody to dial', () => {
    const known = JSON.parse(readFileSync(config, 'utf8')) as object
    const parsed = (change: object) =>
      refusedWith(() => parseLightConfig(JSON.stringify({ ...known, ...change }), directory))
    expect(parsed({})).toBe('accepted')
    expect(parsed({ floorDir: 'data/floor' })).toBe('CONFIG')
    expect(parsed({ credential: 'data/credential' })).toBe('CONFIG')
    expect(parsed({ coordinators: [] })).toBe('CONFIG')
    expect(parsed({ x: 4 })).not.toBe('accepted')
  })

  it('says one line when it is up, its word at the health port, and stops on SIGTERM', async () => {
    const child = spawn(process.execPath, [program, '--witness', '--config', config])
    await until(child, 'ready: witness witness-1')
    const { healthListen } = JSON.parse(readFileSync(config, 'utf8'))
    const ready = await fetch(`http://${healthListen}/readyz`)
    expect([ready.status, await ready.text()]).toEqual([503, 'checking\n'])
    const metrics = await (await fetch(`http://${healthListen}/metrics`)).text()
    expect(metrics).toContain('custody_signer_state{state="checking"} 1')
    child.removeAllListeners('exit')
    const ended = new Promise<number | null>((resolve) => child.once('close', resolve))
    child.kill('SIGTERM')
    expect(await ended).toBe(0)
  })
})
