// Signals at real programs: a node that is told to stop while a session runs, one that waits for its
// passphrase, and one that slept through a freeze. A whole cluster, so `npm run storm -- walks`.
import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { anvilProgram, fund } from '../../cli/dev-chain.ts'
import { tellAdmin } from '../../signer-node/admin-client.ts'
import type { Status } from '../../signer-node/status.ts'
import { light, nodes, pause, Stage, usdt } from '../demo/stage.ts'

const stage = new Stage()
const two = ['node-1', 'node-2'] as const
beforeAll(async () => {
  await stage.init()
  if (anvilProgram() !== undefined) await stage.start('chain')
  await stage.start('coordinator')
  await Promise.all([...nodes, light].map((name) => stage.start(name)))
  await stage.untilReady(...nodes)
}, 120_000)
afterAll(() => stage.close())

const at = (node: string, file: string) => join(stage.directory, 'nodes', node, file)
const logOf = (name: string) => readFileSync(join(stage.directory, 'logs', `${name}.log`), 'utf8')
async function status(node: string): Promise<Status> {
  const { adminSocket } = JSON.parse(readFileSync(at(node, 'config.json'), 'utf8')) as {
    adminSocket: string
  }
  return (await tellAdmin(at(node, adminSocket), { do: 'status' })) as Status
}

async function until(what: string, holds: () => Promise<boolean>, everyMs = 20): Promise<void> {
  for (let waited = 0; waited < 60_000; waited += everyMs) {
    if (await holds()) return
    await pause(everyMs)
  }
  throw new Error(`expected ${what}`)
}

/** A pair set-up of node-1 with node-2, which stops in the middle of it and says nothing more. */
async function sessionInFlight(): Promise<void> {
  await until('no session', async () => (await status('node-1')).sessions === 0)
  if (stage.running.has('node-2')) await stage.kill('node-2')
  const starting = stage.start('node-2')
  await until('a session', async () => (await status('node-1')).sessions > 0, 5)
  await starting
  process.kill(stage.child('node-2').pid, 'SIGSTOP')
  expect((await status('node-1')).sessions).toBe(1)
}

function exitOf(name: string): Promise<number | null> {
  return new Promise((resolve) => stage.child(name).onExit(resolve))
}

describe('a node that is told to stop', () => {
  it('lets the session that runs end, takes nothing new, and exits 0', async () => {
    await sessionInFlight()
    const exit = exitOf('node-1')
    const startedMs = Date.now()
    process.kill(stage.child('node-1').pid, 'SIGTERM')
    await until('it drains', async () => (await status('node-1')).state === 'draining')
    expect((await status('node-1')).sessions).toBe(1)
    expect(await exit).toBe(0)
    // The peer is silent, so the session ended by the time of its round.
    expect(Date.now() - startedMs).toBeLessThan(30_000)
    const end = logOf('node-1').trimEnd().split('\n').slice(-6).join('\n')
    expect(end).toContain('"sessions":1,"waitingReleases":0,"msg":"draining"')
    expect(end).toContain('"msg":"pairing-failed"')
    expect(end).toContain('"msg":"stopped"')
    expect(end).not.toContain('asked twice')
    await stage.start('node-1')
    await stage.untilReady('node-1')
  })

  it('twice ends what runs at once, in order, and exits 0', async () => {
    await sessionInFlight()
    const exit = exitOf('node-1')
    const startedMs = Date.now()
    const { pid } = stage.child('node-1')
    process.kill(pid, 'SIGTERM')
    await until('it drains', async () => (await status('node-1')).state === 'draining')
    process.kill(pid, 'SIGTERM')
    expect(await exit).toBe(0)
    expect(Date.now() - startedMs).toBeLessThan(4_000)
    const end = logOf('node-1').trimEnd().split('\n').slice(-4).join('\n')
    expect(end).toContain('"aborted":1,"msg":"asked twice"')
    expect(end).toContain('"msg":"stopped"')
    await stage.start('node-1')
  })

  it('while it waits for its passphrase has nothing to end, and exits 0', async () => {
    await stage.kill('node-2')
    const main = join(import.meta.dirname, '../../signer-node/main.ts')
    const words = [main, '--config', at('node-2', 'config.json'), '--locked']
    const child = spawn(process.execPath, words, { stdio: ['ignore', 'pipe', 'inherit'] })
    const ended = new Promise<number | null>((resolve) => child.once('exit', resolve))
    try {
      await until('it waits', async () => (await locked()) === 'locked')
      child.kill('SIGTERM')
      expect(await ended).toBe(0)
    } finally {
      child.kill('SIGKILL')
    }
  })
})

async function locked(): Promise<string> {
  return status('node-2').then(
    ({ state }) => state,
    () => 'not there',
  )
}

describe('a node of another release beside the others', () => {
  it('is turned away with the reason, keeps trying, and hangs nobody', async () => {
    const before = logOf('coordinator').length
    // The same program, but for the version that it says it speaks.
    const hooks = `
      const { registerHooks } = await import('node:module')
      const swap = (text) => text.replace("'custody/v1'", "'custody/v9'")
      registerHooks({ load: (url, context, next) => {
        const loaded = next(url, context)
        if (!url.endsWith('/proto/versions.ts')) return loaded
        return { ...loaded, source: swap(loaded.source.toString()) }
      } })`
    const preload = `data:text/javascript,${encodeURIComponent(hooks)}`
    const child = await stage.cluster.startNode('node-2', ['--import', preload])
    stage.running.set('node-2', child)
    const turned = 'FAILED_PRECONDITION'
    await until('it is turned away', async () => logOf('node-2').includes('VERSION: node-2'), 200)
    expect(logOf('node-2')).not.toContain(turned)
    expect(logOf('coordinator').slice(before)).toContain('node.version')
    expect((await status('node-2')).state).not.toBe('ready')
    expect([(await status('node-1')).state, (await status('node-3')).state]).toEqual([
      'ready',
      'ready',
    ])
    await stage.stop('node-2')
  })
})

describe.runIf(anvilProgram() !== undefined)('a process that slept through a freeze', () => {
  /** node-2 is asleep while the attempt starts, so its Prepare waits in its socket. */
  async function asleepAtPayment(amount: string, purpose: string): Promise<string> {
    const { pid } = stage.child('node-2')
    process.kill(pid, 'SIGSTOP')
    const id = await stage.pay(amount, purpose)
    await stage.until(id, 'an attempt', (_, state) => state === 'SIGNING')
    return id
  }
  const wake = () => process.kill(stage.child('node-2').pid, 'SIGCONT')
  const released = async () =>
    (await Promise.all(two.map((node) => status(node)))).map(({ receipts }) => receipts)

  beforeAll(async () => {
    await stage.start('node-2')
    await stage.untilReady(...nodes)
    const made = await stage.custody('vault', 'create', 'hot', ...stage.as('operator'))
    expect(made.exit, made.output).toBe(0)
    const address = await stage.proveBackups('hot')
    await fund(stage.cluster.rpc, address, { wei: 10n ** 18n, token: 1_000n * usdt })
    // From here on the two that are left have to sign together.
    await stage.stop('node-3')
    await until('the two are paired', async () => {
      const { pairings, vaults } = await status('node-2')
      return pairings.includes('node-1') && vaults.includes('hot')
    })
  }, 120_000)

  it('signs what was asked while it slept, when nobody froze anything', async () => {
    const id = await asleepAtPayment('100', 'sleep/1')
    await pause(500)
    wake()
    await stage.untilState(id, 'SIGNED', 'BROADCAST', 'SETTLED', 'LAPSING')
    expect(Math.min(...(await released()))).toBeGreaterThan(0)
  })

  it('lets no share go once it wakes, though its acceptance was asked for before', async () => {
    const before = await released()
    await asleepAtPayment('90', 'sleep/2')
    // Too few witnesses are awake to prove it; it is a line all the same.
    const wait = ['--yes', '--wait', '1', ...stage.as('people/ana')]
    expect((await stage.ask('freeze', 'hot', ...wait)).exit).toBe(3)
    wake()
    await until('it has the freeze', async () => logOf('node-2').includes('frozen: hot'))
    await pause(2_000)
    expect(await released()).toEqual(before)
  })
})
