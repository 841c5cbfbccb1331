import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Child } from '../../cli/dev-processes.ts'
import { pidFile, Running } from '../../cli/dev-running.ts'

let directory: string
let running: Running
let said: string
/** Answers the oldest pause. */
let wake: (() => void)[]
let children: { readonly name: string; exit: () => void }[]

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'custody-running-'))
  mkdirSync(join(directory, 'nodes', 'node-1'), { recursive: true })
  said = ''
  wake = []
  children = []
  running = new Running(directory, {
    say: (text) => {
      said += text
    },
    pause: () => new Promise((resolve) => wake.push(resolve)),
  })
})
afterEach(() => rmSync(directory, { recursive: true, force: true }))

const start = (name: string) => async (): Promise<Child> => {
  let exit = (): void => {}
  const pid = children.length + 1
  children.push({ name, exit: () => exit() })
  return {
    ...{ name, pid, isRunning: () => true, until: async () => {}, kill: async () => {} },
    stop: async () => exit(),
    onExit: (listener) => {
      exit = () => listener(0)
    },
  }
}
const stopped = () => join(directory, 'nodes', 'node-1', 'stopped')
const passes = async (): Promise<void> => {
  wake.shift()?.()
  await new Promise((resolve) => setImmediate(resolve))
}

describe('a node of a development cluster', () => {
  it('is started again when it dies, and its pid is noted', async () => {
    await running.begin('node-1', start('node-1'))
    children[0]?.exit()
    await passes()
    expect(children).toHaveLength(2)
    expect(said).toContain('node-1 exited: starting it again')
    expect(JSON.parse(readFileSync(pidFile(directory), 'utf8'))).toEqual([2])
  })

  it('stays down while its file says so, and comes back when that goes', async () => {
    await running.begin('node-1', start('node-1'))
    writeFileSync(stopped(), '')
    children[0]?.exit()
    await passes()
    await passes()
    expect(children).toHaveLength(1)
    expect(said).toContain('node-1 exited: it stays down')
    rmSync(stopped())
    await passes()
    expect(children).toHaveLength(2)
  })

  it('that is kept down at the start holds up nobody, and comes when it may', async () => {
    writeFileSync(stopped(), '')
    await running.begin('node-1', start('node-1'))
    await running.begin('node-2', start('node-2'))
    expect(children.map(({ name }) => name)).toEqual(['node-2'])
    rmSync(stopped())
    await passes()
    expect(children.map(({ name }) => name)).toEqual(['node-2', 'node-1'])
  })

  it('is not started any more once all are stopped', async () => {
    await running.begin('node-1', start('node-1'))
    await running.stop()
    await passes()
    expect(children).toHaveLength(1)
  })
})
