// The coordinator's program at its end: asked to stop, it says that it stopped, and is gone. A timer
// for what it no longer waits for kept it up ten seconds more, in every restart of a deployment.
import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { devClusterAt } from '../../cli/dev-cluster.ts'
import { openPglite } from '../../coordinator/store/pglite.ts'
import { makeCluster, type Place } from '../kit/cluster.ts'

const portBase = 46_000 + (process.pid % 3_000)
/** Less than what it waits at most for a running attempt, however busy the machine is. */
const goneMs = 6_000

let place: Place
beforeAll(async () => {
  place = await makeCluster(portBase)
})
afterAll(() => place.remove())

const program = join(import.meta.dirname, '../../coordinator/main.ts')
const ended = (...words: readonly string[]) =>
  spawnSync(process.execPath, [program, ...words], { encoding: 'utf8' })

describe('custody-coordinator --make-store', () => {
  it('leaves the embedded database as a first start would, and takes no directory that has one', async () => {
    const home = mkdtempSync(join(tmpdir(), 'custody-make-store-'))
    try {
      const directory = join(home, 'data')
      const both = ended('--make-store', directory, '--config', join(home, 'config.json'))
      expect([both.status, both.stderr]).toEqual([2, expect.stringContaining('usage:')])
      expect(existsSync(directory)).toBe(false)
      expect(ended('--make-store', directory).status).toBe(0)
      const store = await openPglite('dev', directory)
      const rows = await store.query('select name from migration')
      await store.close()
      expect(rows.length).toBeGreaterThan(0)
      const again = ended('--make-store', directory)
      expect([again.status, again.stdout]).toEqual([
        1,
        expect.stringContaining('expected an empty'),
      ])
    } finally {
      rmSync(home, { recursive: true })
    }
  })
})

describe('custody-coordinator', () => {
  it.each([
    ['no words', []],
    ['a flag without its file', ['--config']],
    ['a flag without its directory', ['--make-store']],
    ['a flag that it does not know', ['--goose', 'x']],
    ['a word too many', ['--config', 'x', 'y']],
  ])('says its usage for %s, and no stack', (_, words) => {
    const { status, stdout, stderr } = ended(...words)
    expect([status, stdout]).toEqual([2, ''])
    expect(stderr).toContain('usage: custody-coordinator --config FILE')
    expect(stderr).not.toMatch(/\n\s+at /)
  })

  it('is gone when it has stopped', async () => {
    const coordinator = await devClusterAt(place.directory).startCoordinator()
    let code: number | null | undefined
    coordinator.onExit((exit) => {
      code = exit
    })
    await coordinator.stop(60_000)
    const log = readFileSync(join(place.directory, 'logs/coordinator.log'), 'utf8').trim()
    // One endpoint, as a development cluster has it.
    expect(log).toContain('one endpoint of eip155:31337 is believed alone: for development only')
    const stopped = JSON.parse(log.split('\n').at(-1) ?? '')
    expect(stopped.msg).toBe('stopped')
    expect(code).toBe(0)
    expect(Date.now() - stopped.time).toBeLessThan(goneMs)
  })
})
