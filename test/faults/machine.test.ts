// A whole cluster of real processes on hostile machines: disks that fill up or fail, clocks that jump,
// processes that sleep through a freeze. The node it happens to refuses or ends, the others go on paying,
// and when its machine is right again it signs by itself. Part of `npm run storm -- faults`.
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { env, kill } from 'node:process'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { fund } from '../../cli/dev-chain.ts'
import { openPglite } from '../../coordinator/store/pglite.ts'
import { light, nodes, pause, Stage, usdt } from '../demo/stage.ts'
import { databaseSinks, fileSinks, found, livingSinks, secretsOf } from './canary.ts'
import { canFailDisks, type FailingDisk, failingDisk } from './shim.ts'

const faketime = [
  '/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1',
  '/usr/lib/aarch64-linux-gnu/faketime/libfaketime.so.1',
].find((path) => existsSync(path))
if (faketime === undefined && env['CI'] === 'true')
  throw new Error('no libfaketime: clocks run right')

const stage = new Stage()
let disk: FailingDisk
let clockFile: string
let paid = 0
/** In whole tokens. */
let settled = 0n
let before = 0n
beforeAll(async () => {
  if (!canFailDisks) return
  disk = failingDisk()
  await stage.init()
  clockFile = join(stage.directory, 'clock')
  clock('+0')
  await stage.start('chain')
  await start('coordinator')
  await Promise.all([...nodes, light].map((name) => start(name)))
  await stage.untilReady(...nodes)
  const made = await stage.custody('vault', 'create', 'hot', ...stage.as('operator'))
  expect(made.output).toContain('publicKey')
  const address = await stage.proveBackups('hot')
  await fund(stage.cluster.rpc, address, { wei: 10n ** 20n, token: 1_000_000n * usdt })
  before = await stage.balance()
}, 240_000)
afterAll(async () => {
  await stage.close()
  disk?.remove()
})

/** node-2 has a clock of its own, all others a disk of their own. */
async function start(name: string): Promise<void> {
  const own = name === 'node-2' && faketime !== undefined ? timeEnv(faketime) : disk.env
  const before = { ...env }
  Object.assign(env, own)
  const started = stage.start(name)
  for (const key of Object.keys(own)) {
    if (before[key] === undefined) delete env[key]
    else env[key] = before[key]
  }
  await started
}

function timeEnv(library: string): Readonly<Record<string, string>> {
  return {
    LD_PRELOAD: library,
    FAKETIME_TIMESTAMP_FILE: clockFile,
    FAKETIME_NO_CACHE: '1',
    FAKETIME_DONT_FAKE_MONOTONIC: '1',
    DONT_FAKE_MONOTONIC: '1',
  }
}

/** The wall clock of node-2: so much from the right time, such as -3600 or +86400x0. */
function clock(shift: string): void {
  writeFileSync(clockFile, `${shift}\n`)
}

async function stateOf(name: string): Promise<string> {
  const config = JSON.parse(readFileSync(configOf(name), 'utf8'))
  try {
    return (await fetch(`http://${config.healthListen}/readyz`)).text()
  } catch {
    return 'gone'
  }
}

function configOf(name: string): string {
  return join(stage.directory, name === light ? 'witnesses' : 'nodes', name, 'config.json')
}

async function until(what: string, isSo: () => Promise<boolean>, ms = 60_000): Promise<void> {
  const deadline = Date.now() + ms
  while (!(await isSo())) {
    if (Date.now() > deadline) throw new Error(`expected ${what}`)
    await pause(100)
  }
}

const untilState = (name: string, word: string): Promise<void> =>
  until(`${name} ${word}`, async () => (await stateOf(name)).startsWith(word))

/** Goes through, whoever signs; each has its own amount. */
async function pays(): Promise<void> {
  paid += 1
  const id = await stage.pay(String(paid), `hostile machine ${paid}`)
  await stage.untilState(id, 'SETTLED')
  settled += BigInt(paid)
}

/** With this node, because another is down. */
async function paysWith(name: string, without: string): Promise<void> {
  await stage.kill(without)
  await untilState(name, 'ready')
  await pays()
  await start(without)
  await stage.untilReady(without)
}

function logOf(name: string): string {
  return readFileSync(join(stage.directory, 'logs', `${name}.log`), 'utf8')
}

describe.skipIf(!canFailDisks)('a node whose disk is full', () => {
  it('says so and signs nothing; others pay; it goes on by itself', async () => {
    disk.fail('full', 'nodes/node-1/')
    await untilState('node-1', 'full')
    await pays()
    expect(stage.child('node-1').isRunning()).toBe(true)
    disk.mend()
    await untilState('node-1', 'ready')
    await paysWith('node-1', 'node-3')
  })

  it('is no other for a light witness', async () => {
    disk.fail('full', `witnesses/${light}/`)
    await untilState(light, 'full')
    await pays()
    disk.mend()
    await untilState(light, 'ready')
    expect(stage.child(light).isRunning()).toBe(true)
  })
})

describe.skipIf(!canFailDisks)('a node whose disk fails', () => {
  it.each([
    ['in the database', 'sync', 'node-1/data/node.db-wal'],
    ['in the second place', 'sync', 'node-1/floor/'],
    ['while it writes', 'write', 'node-1/data/node.db-wal'],
  ] as const)('%s ends at once; others pay; a start heals it', async (_name, mode, word) => {
    const told = disk.trace().length
    disk.fail(mode, word)
    await pays()
    await until('node-1 to end', async () => !stage.child('node-1').isRunning())
    expect(logOf('node-1')).toContain('stopped by a fault')
    expect(disk.trace().slice(told)).toHaveLength(1)
    disk.mend()
    await start('node-1')
    await paysWith('node-1', 'node-3')
    expect(await stateOf('node-1')).toMatch(/^ready/)
  })
})

describe.skipIf(!canFailDisks)('a coordinator whose disk is full', () => {
  it('takes nothing in that it cannot keep, still answers, and pays when there is room', async () => {
    const service = stage.as('services/svc-payouts')
    disk.fail('low', join(stage.directory, 'coordinator', ''))
    paid += 1
    const amount = ['--vault', 'hot', '--asset', 'usdt', '--amount', String(paid)]
    const words = [
      ...amount,
      '--to',
      '0x70997970c51812dc3a010c7d01b50e0d17dc79c8',
      '--id',
      'full-1',
    ]
    const asked = ['submit', ...words, '--purpose', 'full', ...service]
    const refused = await stage.custody(...asked)
    expect([refused.exit, refused.output]).toEqual([3, expect.stringContaining('no room')])
    expect((await stage.vault('hot')).epoch).toBe(1)
    disk.mend()
    expect(stage.child('coordinator').isRunning()).toBe(true)
    let sent = await stage.custody(...asked)
    for (let tries = 0; tries < 50 && sent.exit !== 0; tries += 1) {
      await pause(200)
      sent = await stage.custody(...asked)
    }
    await stage.untilState(String(sent.json['id']), 'SETTLED')
    settled += BigInt(paid)
    await pays()
  })
})

describe.skipIf(faketime === undefined || !canFailDisks)('a node whose clock jumps', () => {
  it.each([
    ['back', '-3600'],
    ['forward', '+3600'],
    ['nowhere any more', '@2026-01-01 00:00:00 x0'],
  ])(
    '%s signs nothing while it is wrong; others pay; it signs when it is right',
    async (_, shift) => {
      clock(shift)
      const parted = (): number => logOf('node-2').split('clocks parted').length
      const before = parted()
      clock(shift)
      await until('a new incarnation', async () => parted() > before)
      const receipts = await receiptsOf('node-2')
      await pays()
      await pays()
      expect(await receiptsOf('node-2')).toBe(receipts)
      clock('+0')
      await paysWith('node-2', 'node-1')
    },
  )
})

/** Before and after the refresh. */
const secrets = new Map<string, Uint8Array>()

function remember(): void {
  for (const [name, secret] of secretsOf(stage.directory)) {
    if (secret.length === 32) secrets.set(name, secret)
  }
}

describe.skipIf(!canFailDisks)('a key that is dealt anew after all that', () => {
  it('comes into force at every node, and pays', { timeout: 180_000 }, async () => {
    remember()
    await stage.change('vault', 'refresh', 'hot', '--purpose', 'canary')
    await until('the second epoch', async () => (await stage.vault('hot')).epoch > 1, 120_000)
    await pays()
    remember()
  })
})

describe.skipIf(!canFailDisks)('nodes that sleep', () => {
  it('through a freeze let no share out when they wake', async () => {
    const receipts = await Promise.all(nodes.map(receiptsOf))
    const sleeping = ['node-1', 'node-3'].map((name) => stage.child(name).pid)
    for (const pid of sleeping) kill(pid, 'SIGSTOP')
    // One node alone cannot sign it.
    paid += 1
    const id = await stage.pay(String(paid), 'asked before the freeze')
    await pause(1_000)
    const words = ['freeze', 'hot', '--yes', '--wait', '1', ...stage.as('people/ana')]
    const frozen = await stage.custody(...words)
    // In the log, and too few are awake to witness it.
    expect([frozen.exit, frozen.output]).toEqual([
      3,
      expect.stringContaining('freeze at the nodes'),
    ])
    for (const pid of sleeping) kill(pid, 'SIGCONT')
    for (const name of nodes) await untilState(name, 'ready')
    await pause(8_000)
    expect((await stage.status(id)).json['state']).not.toBe('SETTLED')
    expect(await Promise.all(nodes.map(receiptsOf))).toEqual(receipts)
  })
})

async function receiptsOf(name: string): Promise<string> {
  const config = JSON.parse(readFileSync(configOf(name), 'utf8'))
  const text = await (await fetch(`http://${config.healthListen}/metrics`)).text()
  return /^custody_signer_shares_released (\d+)/m.exec(text)?.[1] ?? ''
}

describe.skipIf(!canFailDisks)('after all of it', () => {
  it('the log verifies, and every payment had one effect', async () => {
    const place = join(stage.directory, 'export')
    await stage.custody('audit', 'export', place, ...stage.as('operator'))
    const trust = join(stage.directory, 'shared', 'trust.txt')
    const verified = await stage.custody('audit', 'verify', place, '--trust', trust)
    expect([verified.exit, verified.output]).toEqual([0, expect.any(String)])
    expect((await stage.balance()) - before).toBe(settled * usdt)
  })
})

describe.skipIf(!canFailDisks)('what the cluster keeps and says', () => {
  it('shows no share, passphrase or key of anybody, in any form', {
    timeout: 180_000,
  }, async () => {
    const shares = [...secrets.keys()].filter((name) => name.endsWith('.keyshare'))
    expect(shares.length).toBeGreaterThanOrEqual(2 * nodes.length)
    expect(secrets.size).toBeGreaterThan(30)
    const configs = [...nodes, light].map(configOf)
    const coordinator = join(stage.directory, 'coordinator', 'config.json')
    const living = await livingSinks(stage, [...configs, coordinator])
    await Promise.all([...stage.running.keys()].map((name) => stage.stop(name)))
    const database = await databaseSinks(databaseOf(coordinator))
    const sinks = new Map([...fileSinks(stage.directory), ...living, ...database])
    expect(sinks.size).toBeGreaterThan(100)
    expect(found(secrets, sinks)).toEqual([])
  })

  it('would show one that was planted', async () => {
    const [[name, secret] = ['', new Uint8Array()]] = [...secrets].filter(([one]) =>
      one.endsWith('.keyshare'),
    )
    const raw = Buffer.from(secret)
    const one = new Map([[name, secret]])
    const forms = [
      raw.toString('hex'),
      raw.toString('base64'),
      raw.toString('base64url'),
      String(BigInt(`0x${raw.toString('hex')}`)),
    ]
    for (const form of forms) {
      expect(found(one, new Map([['log', Buffer.from(`{"msg":"${form}"}`)]]))).not.toEqual([])
    }
    for (const bytes of [raw, Buffer.from(raw).reverse()]) {
      expect(found(one, new Map([['file', Buffer.concat([Buffer.alloc(7), bytes])]]))).not.toEqual(
        [],
      )
    }
    writeFileSync(join(stage.directory, 'nodes', 'node-1', 'planted'), `share ${forms[0]}`)
    expect(found(secrets, fileSinks(stage.directory))).toEqual([
      expect.stringMatching(/hex in .*planted/),
    ])
    const place = databaseOf(join(stage.directory, 'coordinator', 'config.json'))
    const store = await openPglite('dev', place)
    await store.query('create table planted (told text)')
    await store.query('insert into planted values ($1)', [forms[0] ?? ''])
    await store.close()
    expect(found(secrets, await databaseSinks(place))).toEqual([
      expect.stringMatching(/hex in table planted/),
    ])
  })
})

function databaseOf(config: string): string {
  const { dataDir } = JSON.parse(readFileSync(config, 'utf8'))
  return join(dirname(config), dataDir)
}
