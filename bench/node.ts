// One node as a process of its own, in a development cluster with a log of 100,000 lines: from the
// start of its process to `ready`, what it holds at rest and with 100 payments at once, and how late
// its loop is while it signs. Its own keys are sealed at the cost of production (scrypt 2^17) first.
// What a busy machine adds is in every figure: `boot-scrypt-ms` is measured beside, as a yardstick.
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { loadavg } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { fund } from '../cli/dev-chain.ts'
import { scrypt, toUtf8 } from '../proto/crypto.ts'
import { parseHandle } from '../proto/ids.ts'
import { nodeKeyThing } from '../proto/node-keys.ts'
import { openWithPassphrase, scryptDefault, sealToPassphrase } from '../proto/seal.ts'
import { nodes, pause, Stage, usdt } from '../test/demo/stage.ts'
import { growLog } from './grown-log.ts'
import type { Seen } from './node-probe.ts'
import { processCpu } from './process-cpu.ts'
import { type Bench, barsOf, type Figure, figure } from './report.ts'

const lines = 100_000
const boots = 5
const atOnce = 100
/** Of one client at one time; a coordinator lets a key have few connections. */
const lanes = 4
const customer = '0x70997970c51812dc3a010c7d01b50e0d17dc79c8'
const names = ['chain', 'coordinator', ...nodes, 'witness-1']

export async function bench(): Promise<Bench> {
  const stage = new Stage()
  const notes: string[] = []
  const note = (what: string): void => {
    notes.push(what)
    // A run takes minutes: what is known is told.
    console.error(what)
  }
  try {
    await stage.init()
    await up(stage)
    await vault(stage)
    await Promise.all(names.slice(1).map((name) => stage.stop(name)))
    resealed(stage, 'node-1')
    const growing = performance.now()
    await growLog(stage.directory, lines)
    note(`the log has ${lines} lines, written in ${seconds(growing)}`)
    const catching = performance.now()
    await up(stage, names.slice(1))
    for (const node of nodes) await untilRead(stage, node)
    note(`every node has read them, in ${seconds(catching)}`)
    const figures = [...(await booting(stage, note)), figure('boot-scrypt-ms', 'ms', yardstick())]
    await restart(stage)
    // At rest: what worked at the start has given its memory back by then.
    await pause(60_000)
    figures.push(
      figure(
        'rss-idle-mib',
        'MiB',
        nodes.map((node) => memory(stage, node, 'VmRSS')),
      ),
    )
    figures.push(...(await loaded(stage, note)))
    note(
      `load of the machine: ${loadavg()
        .map((load) => load.toFixed(1))
        .join(' ')}`,
    )
    return { figures, ratios: [], notes: [...notes, barsOf(figures, bars)] }
  } finally {
    await stage.close()
  }
}

const bars: Readonly<Record<string, number>> = {
  'boot-to-ready-ms': 1_500,
  'rss-idle-mib': 160,
  'loop-delay-p99-ms': 25,
}

async function up(stage: Stage, wanted: readonly string[] = names): Promise<void> {
  await Promise.all(wanted.map((name) => stage.start(name)))
  await stage.untilReady(...nodes, 'witness-1')
}

async function vault(stage: Stage): Promise<void> {
  const made = await stage.ask('vault', 'create', 'hot', ...stage.as('operator'))
  if (made.exit !== 0) throw new Error(made.output)
  const address = await stage.proveBackups('hot')
  await fund(stage.cluster.rpc, address, { wei: 10n ** 20n, token: 1_000_000n * usdt })
}

/** Its own keys, at the cost that a node in production pays; its keyshare stays as it is. */
function resealed({ directory }: Stage, node: string): void {
  const place = join(directory, 'nodes', node)
  const { org, env } = JSON.parse(readFileSync(join(place, 'config.json'), 'utf8'))
  const passphrase = toUtf8(readFileSync(join(place, 'credential'), 'utf8').trim())
  for (const key of ['identity', 'witness', 'secret'] as const) {
    const file = join(place, 'keys', `${key}.seal`)
    const thing = nodeKeyThing({ org, env, owner: parseHandle(node) }, key)
    const plain = openWithPassphrase(readFileSync(file), thing, passphrase)
    const fresh = { dek: random(32), salt: random(16) }
    chmodSync(file, 0o600)
    writeFileSync(file, sealToPassphrase(thing, plain, { passphrase, cost: scryptDefault }, fresh))
  }
}

async function booting(stage: Stage, note: (what: string) => void): Promise<readonly Figure[]> {
  const [booted, served, worked]: [number[], number[], number[]] = [[], [], []]
  for (let at = 0; at < boots; at += 1) {
    await stage.stop('node-1')
    const start = Date.now()
    await stage.start('node-1')
    await untilReady(stage, 'node-1')
    booted.push(Date.now() - start)
    worked.push(processCpu(stage.child('node-1').pid).ownMs)
    const said = timesIn(stage, 'node-1')
    served.push((said.get('ready: signer') ?? 0) - start)
    const steps = [...said].map(([what, ms]) => `${what} ${ms - start}`)
    note(`boot ${at + 1}: ${booted.at(-1)} ms (${steps.join(', ')})`)
  }
  return [
    figure('boot-to-ready-ms', 'ms', booted),
    figure('boot-to-serving-ms', 'ms', served),
    figure('boot-cpu-ms', 'ms', worked),
  ]
}

/** When the last start of a program said these words. */
function timesIn({ directory }: Stage, node: string): ReadonlyMap<string, number> {
  const text = readFileSync(join(directory, 'logs', `${node}.log`), 'utf8')
  const words = ['ready: signer', 'link-open', 'floor-passed']
  const times = new Map<string, number>()
  for (const line of text.split('\n')) {
    const { msg = '', time = 0 } = line.startsWith('{') ? JSON.parse(line) : {}
    const word = words.find((one) => String(msg).startsWith(one))
    if (word !== undefined) times.set(word, Number(time))
  }
  return times
}

async function untilReady(stage: Stage, node: string): Promise<void> {
  for (;;) {
    const response = await fetch(healthOf(stage, node, 'readyz')).catch(() => undefined)
    if (response?.ok === true) return
    await pause(5)
  }
}

async function untilRead(stage: Stage, node: string): Promise<void> {
  for (;;) {
    const text = await (await fetch(healthOf(stage, node, 'metrics'))).text()
    if (Number(/^custody_signer_log_size (\d+)$/m.exec(text)?.[1]) >= lines) return
    await pause(100)
  }
}

function healthOf({ directory }: Stage, node: string, path: string): string {
  const config = readFileSync(join(directory, 'nodes', node, 'config.json'), 'utf8')
  return `http://${JSON.parse(config).healthListen}/${path}`
}

function yardstick(): readonly number[] {
  return Array.from({ length: 5 }, () => {
    const start = performance.now()
    scrypt(random(32), random(16), scryptDefault)
    return performance.now() - start
  })
}

/** Once more, with a probe in each: it measures the loop, and costs memory. */
async function restart(stage: Stage, flags: readonly string[] = []): Promise<void> {
  await Promise.all(nodes.map((node) => stage.stop(node)))
  const started = nodes.map(async (node) => {
    stage.running.set(node, await stage.cluster.startNode(node, flags))
  })
  await Promise.all(started)
  await stage.untilReady(...nodes)
}

async function loaded(stage: Stage, note: (what: string) => void): Promise<readonly Figure[]> {
  note(`${atOnce} payments at once, without the probe: ${await payments(stage, [])}`)
  const peak = nodes.map((node) => memory(stage, node, 'VmHWM'))
  await pause(15_000)
  const after = nodes.map((node) => memory(stage, node, 'VmRSS'))
  const probes = join(stage.directory, 'probes')
  mkdirSync(probes)
  process.env['CUSTODY_PROBE_DIRECTORY'] = probes
  const flags = [`--import=${pathToFileURL(join(import.meta.dirname, 'node-probe.ts')).href}`]
  await restart(stage, flags)
  const paid = await payments(stage, flags, () => seen(stage, probes, 1))
  note(`${atOnce} payments at once, with the probe: ${paid}`)
  const saw = await seen(stage, probes, 2)
  return [
    figure('rss-peak-100-sessions-mib', 'MiB', peak),
    figure('rss-after-100-sessions-mib', 'MiB', after),
    figure(
      'loop-delay-p99-ms',
      'ms',
      saw.map(({ delayP99Ms }) => delayP99Ms),
    ),
    figure(
      'loop-delay-longest-ms',
      'ms',
      saw.map(({ delayMaxMs }) => delayMaxMs),
    ),
  ]
}

async function seen(stage: Stage, probes: string, time: number): Promise<readonly Seen[]> {
  const files = nodes.map((node) => join(probes, `${node}.${stage.child(node).pid}.${time}.json`))
  for (const node of nodes) process.kill(stage.child(node).pid, 'SIGUSR2')
  await pause(1_000)
  return files.map((file) => JSON.parse(readFileSync(file, 'utf8')))
}

let asked = 0

/** All are asked for while too few nodes are there; then these come back, and all begin at once. */
async function payments(
  stage: Stage,
  flags: readonly string[],
  ready: () => Promise<unknown> = async () => {},
): Promise<string> {
  const away = nodes.slice(1)
  await Promise.all(away.map((node) => stage.stop(node)))
  const ids: string[] = []
  const lane = async (): Promise<void> => {
    while (ids.length < atOnce) ids.push(await pay(stage))
  }
  await Promise.all(Array.from({ length: lanes }, lane))
  const back = away.map(async (node) => {
    stage.running.set(node, await stage.cluster.startNode(node, flags))
  })
  await Promise.all(back)
  await stage.untilReady(...away)
  // From here on, or the peak would be that of scrypt at the start.
  for (const node of nodes) writeFileSync(`/proc/${stage.child(node).pid}/clear_refs`, '5')
  await ready()
  const start = performance.now()
  for (const id of ids) await untilSigned(stage, id)
  return `${ids.length} signed in ${seconds(start)}`
}

async function untilSigned(stage: Stage, id: string): Promise<void> {
  for (let tries = 0; tries < 1_800; tries += 1) {
    const { json } = await stage.ask('status', id, ...stage.as('services/svc-payouts'))
    if (json['state'] === 'BROADCAST' || json['state'] === 'SETTLED') return
    await pause(100)
  }
  throw new Error(`${id} was not signed in time`)
}

async function pay(stage: Stage): Promise<string> {
  asked += 1
  const amount = (1 + asked / 1_000).toFixed(3)
  const what = ['--vault', 'hot', '--asset', 'usdt', '--amount', amount, '--to', customer]
  const by = ['--purpose', `node/${asked}`, ...stage.as('services/svc-payouts')]
  for (let tries = 0; tries < 10; tries += 1) {
    const { json, output } = await stage.ask('submit', ...what, ...by)
    if (typeof json['id'] === 'string') return json['id']
    // Too many connections of one client at one time: those that were closed are still there.
    if (json['unavailable'] === undefined) throw new Error(output)
    await pause(500)
  }
  throw new Error('the coordinator cannot be reached')
}

function memory(stage: Stage, node: string, what: 'VmRSS' | 'VmHWM'): number {
  const status = readFileSync(`/proc/${stage.child(node).pid}/status`, 'utf8')
  return Number(new RegExp(`^${what}:\\s+(\\d+) kB`, 'm').exec(status)?.[1]) / 1_024
}

function random(length: number): Uint8Array {
  return crypto.getRandomValues(new Uint8Array(length))
}

function seconds(from: number): string {
  return `${((performance.now() - from) / 1_000).toFixed(1)} s`
}
