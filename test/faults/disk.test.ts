// Disks that fail under a real process (F35 to F37): what is kept stays kept, whatever fails and when;
// a sync that failed is not tried again; and a disk without room is waited for.
import { type ChildProcess, fork } from 'node:child_process'
import { mkdtempSync, openSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import type { KeeperWords, Kept } from './keeper.ts'
import { canFailDisks, type FailingDisk, failingDisk } from './shim.ts'

let disk: FailingDisk
let home: string
const running: ChildProcess[] = []
beforeAll(() => {
  if (canFailDisks) disk = failingDisk()
  home = mkdtempSync(join(tmpdir(), 'custody-disk-'))
})
afterEach(() => {
  disk?.mend()
  for (const child of running.splice(0)) child.kill('SIGKILL')
})
afterAll(() => {
  disk?.remove()
  rmSync(home, { recursive: true, force: true })
})

interface Keeper {
  readonly first: Kept
  readonly child: ChildProcess
  readonly output: () => string
  ask(what: KeeperWords['do']): Promise<Kept>
  /** How it ended. */
  readonly ended: Promise<number | null>
}

/** `log`: where it writes what it says, instead of telling the test. */
async function start(name: string, log?: string): Promise<Keeper> {
  const places = [join(home, name, 'data'), join(home, name, 'floor')]
  const env = { ...process.env, ...disk.env }
  const out = log === undefined ? 'pipe' : openSync(log, 'a')
  const stdio = ['ignore', out, 'pipe', 'ipc'] as const
  const child = fork(join(import.meta.dirname, 'keeper.ts'), places, { env, stdio: [...stdio] })
  running.push(child)
  let output = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on('data', (chunk: Buffer) => {
      output += chunk.toString()
    })
  }
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve))
  const heard = (): Promise<Kept> =>
    new Promise((resolve, reject) => {
      child.once('message', (kept: Kept) => resolve(kept))
      void ended.then((code) => reject(new Error(`ended with ${code}: ${output}`)))
    })
  const first = await heard()
  const ask = (what: KeeperWords['do']): Promise<Kept> => {
    const answer = heard()
    child.send({ do: what } satisfies KeeperWords)
    return answer
  }
  return { first, child, output: () => output, ask, ended }
}

/** Kept in peace, so that there is something to lose. */
async function kept(keeper: Keeper, count: number): Promise<Kept> {
  let last = keeper.first
  for (let at = 0; at < count; at += 1) last = await keeper.ask('keep')
  return last
}

describe.skipIf(!canFailDisks)('a disk that fails', () => {
  // Where a receipt goes: the log of the database, the floor beside it, the directory of that.
  const places = [
    ['the database', 'sync', 'node.db-wal'],
    ['the database, while it writes', 'write', 'node.db-wal'],
    ['the second place', 'sync', 'floor.json.new'],
    ['the second place, while it writes', 'write', 'floor.json.new'],
    ['the directory of the second place', 'sync', '/floor'],
  ] as const

  it.each(places)(
    'at %s ends the process at once, no sync is tried again, and a start heals it',
    async (name, mode, word) => {
      const keeper = await start(name)
      const before = await kept(keeper, 3)
      expect(before).toMatchObject({ counter: 3, floor: 3, refused: '' })
      const told = disk.trace().length
      disk.fail(mode, word)
      await expect(keeper.ask('keep')).rejects.toThrow('ended with 3')
      expect(keeper.output()).toContain('stopped by a fault')
      const failures = disk.trace().slice(told)
      expect(failures).toEqual([expect.stringMatching(/^(sync|write)-failed /)])
      disk.mend()
      const again = await start(name)
      // What was in doubt may be there or not; what was said is there, and nothing is out of line.
      expect([3, 4]).toContain(again.first.counter)
      expect(await again.ask('keep')).toMatchObject({
        counter: again.first.counter + 1,
        floor: again.first.counter + 1,
        refused: '',
      })
    },
  )

  it('at the database itself, when its log is carried over, is heard too', async () => {
    const keeper = await start('carried')
    await kept(keeper, 2)
    const told = disk.trace().length
    disk.fail('sync', 'data/node.db$')
    await expect(kept(keeper, 1_000)).rejects.toThrow('ended with 3')
    expect(disk.trace().slice(told)).toEqual([expect.stringMatching(/^sync-failed .*node\.db$/)])
    disk.mend()
    const again = await start('carried')
    expect(again.first.counter).toBeGreaterThan(10)
    expect(await again.ask('keep')).toMatchObject({ counter: again.first.counter + 1, refused: '' })
  })
})

describe.skipIf(!canFailDisks)('a disk without room', () => {
  it.each([
    ['at the database', 'node.db-wal'],
    ['at the second place', 'floor.json.new'],
    ['anywhere', '/'],
  ])(
    '%s refuses what cannot be kept, half of nothing, and is used again by itself',
    async (at, word) => {
      const keeper = await start(`full ${at}`)
      const { counter } = await kept(keeper, 2)
      disk.fail('full', word === '/' ? join(home, `full ${at}`) : word)
      const refused = await keeper.ask('keep')
      expect(refused.refused).toMatch(/^DISK_FULL: /)
      expect(await keeper.ask('keep')).toMatchObject({
        refused: expect.stringMatching(/^DISK_FULL/),
      })
      disk.mend()
      await keeper.ask('keep')
      // It looks once a second.
      await new Promise((resolve) => setTimeout(resolve, 1_100))
      const after = await keeper.ask('keep')
      expect(after).toMatchObject({ refused: '', shortage: '' })
      expect(after.counter).toBeGreaterThan(counter)
      expect(after.floor).toBe(after.counter)
      expect(readdirSync(join(home, `full ${at}`, 'floor'))).toEqual(['floor.json'])
      keeper.child.kill('SIGKILL')
      await keeper.ended
      expect((await start(`full ${at}`)).first.counter).toBe(after.counter)
    },
  )

  it('is waited for also where the log of the node lies on it', async () => {
    const log = join(home, 'same disk.log')
    const keeper = await start('same disk', log)
    await kept(keeper, 2)
    disk.fail('full', 'same disk')
    expect((await keeper.ask('keep')).refused).toMatch(/^DISK_FULL/)
    expect(readFileSync(log, 'utf8')).toBe('')
    disk.mend()
    expect(await keeper.ask('keep')).toMatchObject({ refused: '', counter: 3 })
    // And its failure is no reason to live on.
    disk.fail('write', 'same disk')
    await expect(keeper.ask('keep')).rejects.toThrow('ended with 3')
  })
})
