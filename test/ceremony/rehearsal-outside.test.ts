// The outside of a rehearsal with real processes and real tokens: from nothing to the Bundle that
// goes into the room, and nothing left behind.
import { spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { readBundle } from '../../policy/ceremony/bundle.ts'
import { readBundleIn } from '../../policy/ceremony/bundle-in.ts'
import { readBundleFiles } from '../../proto/io/bundle-files.ts'
import { Outside } from '../../signer-node/ceremony/rehearsal-outside.ts'
import { commandOf, custody, Programs } from '../../signer-node/ceremony/rehearsal-programs.ts'
import { anvilInstalled } from '../kit/anvil.ts'
import { refusal } from '../kit/refused.ts'
import { random, tokensHere } from '../kit/tokens.ts'

const place = mkdtempSync(join(tmpdir(), 'custody-rehearsal-'))
afterAll(() => rmSync(place, { recursive: true }))

const late = 'the window began before its plan was proposed: once more, with a later one'

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

describe('the outside of a rehearsal', () => {
  it('has a chain and tokens here, or has said that it has not', () => {
    expect(anvilInstalled || process.env['CI'] !== 'true').toBe(true)
    expect(tokensHere()).toContain('software')
  })
  if (!anvilInstalled) return

  it('comes from nothing to the Bundle in of a genesis, and ends what it started', async () => {
    const said: string[] = []
    const directory = join(place, 'house')
    // The first window begins long before anybody can propose its plan.
    let lateMs = 60_000
    let pids: readonly number[] = []
    {
      await using programs = new Programs(join(place, 'logs'))
      const ports = {
        ...{ programs, random, wallMs: () => Date.now() - lateMs },
        say: (line: string) => {
          said.push(line)
          if (line === late) lateMs = 0
        },
      }
      using outside = await Outside.open({ directory, stations: 3 }, ports)
      const { plan, bundleIn, request } = await outside.before('genesis')
      const read = readBundleIn(readBundle(readBundleFiles(bundleIn), 'in'))
      expect(read.plan.digest).toBe(plan.digest)
      expect(read.warrants).toHaveLength(1)
      expect(plan.plan.requests).toMatchObject([{ request, op: 'key.create', vault: 'cold' }])
      pids = JSON.parse(readFileSync(outside.online.at('running.json'), 'utf8'))
      expect(pids.filter(isAlive)).toHaveLength(4)
      const again = Outside.open({ directory, stations: 3 }, ports)
      expect(await refusal(again)).toBe(`CONFIG: ${directory}: expected an empty directory`)
    }
    expect(pids.filter(isAlive)).toEqual([])
    expect(said.filter((line) => line === late)).toHaveLength(1)
    expect(said.at(-1)).toContain('the Bundle in is written')
  }, 180_000)

  it('is ended by its log, also when whoever started that is gone and hears nothing', async () => {
    const log = join(place, 'house', 'log')
    const words = ['dev', 'cold', log, '--chain', '--attached']
    const child = spawn(process.execPath, [...commandOf(custody), ...words], {
      stdio: ['pipe', 'ignore', 'pipe'],
      detached: true,
    })
    const ended = new Promise((resolve) => child.once('exit', resolve))
    await new Promise<void>((resolve) => {
      let heard = ''
      child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
        heard += chunk
        if (heard.includes('the cold log is up')) resolve()
      })
    })
    const pids: readonly number[] = JSON.parse(readFileSync(join(log, 'running.json'), 'utf8'))
    expect(pids.filter(isAlive)).toHaveLength(4)
    // As the system does it to the descriptors of a process that was killed.
    child.stderr.destroy()
    child.stdin.destroy()
    expect(await ended).toBe(0)
    expect(pids.filter(isAlive)).toEqual([])
  }, 180_000)
})
