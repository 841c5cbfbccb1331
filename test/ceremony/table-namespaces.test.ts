// The table's network in namespaces: a Hub and a Station, each in its own, joined by a bridge that
// leads nowhere. Frames go between them on link-local addresses; there is no way out of either.
import { execFileSync, spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { env, execPath, getuid, pid } from 'node:process'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { end } from '../kit/wire.ts'

const script = join(import.meta.dirname, '../kit/table-end.ts')
const spaces = ['hub', 'station', 'bridge'].map((name) => `table-${pid}-${name}`)
const [hub = '', station = '', bridge = ''] = spaces
const ip = (...words: readonly string[]): string =>
  execFileSync('ip', [...words], { encoding: 'utf8', stdio: 'pipe' })
const inside = (space: string, ...words: readonly string[]) => ip('netns', 'exec', space, ...words)

function canMake(): boolean {
  try {
    if (getuid?.() !== 0) return false
    ip('netns', 'add', `table-${pid}-try`)
    ip('netns', 'del', `table-${pid}-try`)
    return true
  } catch {
    return false
  }
}

const isPossible = canMake()
if (!isPossible && env['CI'] === 'true') throw new Error('expected root, and ip of iproute2')
if (!isPossible) console.warn('no network namespaces here: the table in namespaces is not played')

describe.runIf(isPossible)('a table in network namespaces', () => {
  const home = mkdtempSync(join(tmpdir(), 'custody-table-'))
  beforeAll(() => {
    for (const space of spaces) ip('netns', 'add', space)
    inside(bridge, 'ip', 'link', 'add', 'br0', 'type', 'bridge')
    inside(bridge, 'ip', 'link', 'set', 'br0', 'up')
    for (const [at, space] of [hub, station].entries()) {
      const [near, far] = [`tn${pid}-${at}`.slice(0, 15), `tf${pid}-${at}`.slice(0, 15)]
      ip('link', 'add', near, 'type', 'veth', 'peer', 'name', far)
      ip('link', 'set', near, 'netns', space)
      ip('link', 'set', far, 'netns', bridge)
      inside(bridge, 'ip', 'link', 'set', far, 'master', 'br0', 'up')
      inside(space, 'ip', 'addr', 'add', `169.254.7.${at + 1}/16`, 'dev', near)
      inside(space, 'ip', 'link', 'set', near, 'up')
    }
  })
  afterAll(() => {
    for (const space of spaces) ip('netns', 'del', space)
    rmSync(home, { recursive: true, force: true })
  })

  it('carries frames between the two, and has no way out', async () => {
    const [of, its] = [await end('coordinator', 'table'), await end('node', 'node-1')]
    const settings = join(home, 'ends.json')
    const pins = { hub: of.leaf.pin, station: its.leaf.pin }
    writeFileSync(settings, JSON.stringify({ hub: of.identity, station: its.identity, pins }))
    const run = (space: string, role: string): Promise<string> =>
      new Promise((done) => {
        const words = ['netns', 'exec', space, execPath, script, role, settings]
        const child = spawn('ip', words, { stdio: ['ignore', 'pipe', 'inherit'] })
        let said = ''
        child.stdout.on('data', (text: Buffer) => {
          said += text.toString()
        })
        child.on('close', () => done(said.trim()))
      })
    const said = await Promise.all([run(hub, 'hub'), run(station, 'station')])
    expect(said).toEqual(['heard hello of node-1', 'heard welcome of table'])
    for (const space of spaces) {
      expect(inside(space, 'ip', 'route', 'show', 'default')).toBe('')
      expect(() => inside(space, 'ip', 'route', 'get', '192.0.2.1')).toThrow('unreachable')
    }
  }, 60_000)
})
