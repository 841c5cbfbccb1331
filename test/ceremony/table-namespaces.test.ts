// The table's network in namespaces: a Hub and a Station, each in its own, joined by a bridge that
// leads nowhere. Frames go between them on link-local addresses; there is no way out of either.
import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { execPath } from 'node:process'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { end } from '../kit/wire.ts'
import { canMakeWires, Wires } from '../kit/wires.ts'

const program = join(import.meta.dirname, '../kit/table-end.ts')

describe.runIf(canMakeWires('the table in namespaces'))('a table in network namespaces', () => {
  const home = mkdtempSync(join(tmpdir(), 'custody-table-'))
  let wires: Wires
  beforeAll(() => {
    wires = new Wires(['hub', 'station'], home)
  })
  afterAll(() => {
    wires[Symbol.dispose]()
    rmSync(home, { recursive: true, force: true })
  })

  it('carries frames between the two, and has no way out', async () => {
    const [of, its] = [await end('coordinator', 'table'), await end('node', 'node-1')]
    const settings = join(home, 'ends.json')
    const pins = { hub: of.leaf.pin, station: its.leaf.pin }
    writeFileSync(settings, JSON.stringify({ hub: of.identity, station: its.identity, pins }))
    const run = (role: string): Promise<string> =>
      new Promise((done) => {
        const [first = '', ...words] = [...wires.at(role), execPath, program, role, settings]
        const child = spawn(first, words, { stdio: ['ignore', 'pipe', 'inherit'] })
        let said = ''
        child.stdout.on('data', (text: Buffer) => {
          said += text.toString()
        })
        child.on('close', () => done(said.trim()))
      })
    const said = await Promise.all([run('hub'), run('station')])
    expect(said).toEqual(['heard hello of node-1', 'heard welcome of table'])
    for (const space of wires.spaces) {
      expect(wires.inside(space, 'ip', 'route', 'show', 'default')).toBe('')
      expect(() => wires.inside(space, 'ip', 'route', 'get', '192.0.2.1')).toThrow('unreachable')
    }
  }, 60_000)
})
