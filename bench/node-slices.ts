// Slices of a whole node: a development cluster of real processes, each with its own loop, store and
// disk, does what a node does in its life while payments go on; a probe in every signer accounts the
// slices of its loop (`node-probe.ts`). What a busy machine adds is in the wall clock and not in the
// CPU of the thread; what the collector takes in a slice is in both.
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { proveBackup } from '../cli/dev-backups.ts'
import { fund } from '../cli/dev-chain.ts'
import { type DevCluster, devClusterAt } from '../cli/dev-cluster.ts'
import type { Child } from '../cli/dev-processes.ts'
import { run } from '../cli/run.ts'
import type { World } from '../cli/verb.ts'
import type { Seen, Slice } from './node-probe.ts'
import { type Bench, type Figure, figure } from './report.ts'

const nodes = ['node-1', 'node-2', 'node-3'] as const
const customer = '0x70997970c51812dc3a010c7d01b50e0d17dc79c8'
const atOnce = 4
const payments = 12
const pause = (ms: number): Promise<void> => new Promise((done) => setTimeout(done, ms))
const world: World = {
  nowMs: Date.now,
  random: (length) => crypto.getRandomValues(new Uint8Array(length)),
  ask: async () => undefined,
  say: () => {},
  pause,
  profile: undefined,
}

class Stage {
  readonly directory = mkdtempSync(join(tmpdir(), 'custody-slices-'))
  readonly probes = join(this.directory, 'probes')
  readonly running = new Map<string, Child>()
  readonly cluster: Promise<DevCluster>
  #payments = 0

  constructor() {
    this.cluster = this.#made()
  }

  async start(name: string): Promise<void> {
    const cluster = await this.cluster
    if (name === 'chain') this.running.set(name, await cluster.startChain())
    else if (name === 'coordinator') this.running.set(name, await cluster.startCoordinator())
    else this.running.set(name, await cluster.startNode(name, this.#flags()))
  }

  /** The probe. */
  #flags(): readonly string[] {
    const probe = join(import.meta.dirname, 'node-probe.ts')
    return [`--import=${pathToFileURL(probe).href}`]
  }

  async ready(...names: readonly string[]): Promise<void> {
    const cluster = await this.cluster
    const all = names.map(async (name) => {
      const child = this.running.get(name)
      if (child !== undefined) await cluster.untilReady(name, child)
    })
    await Promise.all(all)
  }

  async ask(
    owner: string,
    ...words: readonly string[]
  ): Promise<Readonly<Record<string, unknown>>> {
    const as = ['--json', '--as', join(this.directory, owner)]
    const { exit, stdout, stderr } = await this.#connected([...words, ...as])
    // A request that waits for something has an exit of its own.
    if (exit !== 0 && !stdout.startsWith('{"id"'))
      throw new Error(`${words.join(' ')}: ${stdout}${stderr}`)
    return JSON.parse(stdout)
  }

  /** A client that a busy machine kept from connecting has asked nothing, and tries again. */
  async #connected(words: readonly string[]): ReturnType<typeof run> {
    for (let tries = 0; tries < 20; tries += 1) {
      const ended = await run(words, world)
      if (!ended.stdout.includes('No connection established')) return ended
      await pause(500)
    }
    throw new Error(`${words.join(' ')}: no connection`)
  }

  /** A vault with a key, proven backups and money. */
  async vault(name: string): Promise<void> {
    await this.#patiently(() => this.ask('operator', 'vault', 'create', name))
    const proving = { directory: this.directory, vault: name, epoch: 1 }
    await Promise.all(nodes.map((node) => proveBackup(proving, node, world)))
    const show = () => this.ask('operator', 'vault', 'show', name)
    let address = ''
    while (address === '') {
      await pause(100)
      address = String((await show())['address'] ?? '')
    }
    const amounts = { wei: 10n ** 20n, token: 10n ** 12n }
    await fund((await this.cluster).rpc, address, amounts)
  }

  /** Nodes that have just started are not ready for everything. */
  async #patiently(work: () => Promise<unknown>): Promise<void> {
    for (let tries = 0; tries < 20; tries += 1) {
      try {
        await work()
        return
      } catch (error) {
        if (!String(error).includes('NOT_ENOUGH_SIGNERS')) throw error
        await pause(500)
      }
    }
    throw new Error('the nodes were never ready')
  }

  /** As many as asked for, some at a time; returns how many settled within their time. */
  async pay(count: number): Promise<number> {
    let [begun, settled] = [0, 0]
    const some = async (): Promise<void> => {
      while (begun < count) {
        begun += 1
        if (await this.#payOne()) settled += 1
      }
    }
    await Promise.all(Array.from({ length: atOnce }, some))
    return settled
  }

  async #payOne(): Promise<boolean> {
    this.#payments += 1
    // Two payments of one amount to one customer would be one too many.
    const amount = (1 + this.#payments / 1_000).toFixed(3)
    const words = ['--vault', 'hot', '--asset', 'usdt', '--amount', amount, '--to', customer]
    const purpose = `slices/${this.#payments}`
    const service = 'services/svc-payouts'
    const sent = await this.ask(service, 'submit', ...words, '--purpose', purpose)
    for (let tries = 0; tries < 100; tries += 1) {
      const { state } = await this.ask(service, 'status', String(sent['id']))
      if (state === 'BROADCAST' || state === 'SETTLED') return true
      if (state === 'DENIED') throw new Error(`${purpose}: DENIED`)
      await pause(200)
    }
    return false
  }

  async change(...words: readonly string[]): Promise<void> {
    const asked = await this.ask('people/ana', 'vault', ...words, '--purpose', 'slices')
    const id = String(asked['id'])
    for (const person of ['jun', 'kat', 'oli']) {
      await this.ask(`people/${person}`, 'approve', id, '--yes').catch(() => undefined)
    }
    for (let tries = 0; tries < 300; tries += 1) {
      const { state } = await this.ask('people/ana', 'status', id)
      if (state === 'ACTIVE') return
      await pause(200)
    }
    throw new Error(
      `${words.join(' ')}: ${JSON.stringify(await this.ask('people/ana', 'status', id))}`,
    )
  }

  /** What the probes saw since the last time, by node. */
  async seen(): Promise<ReadonlyMap<string, Seen>> {
    const before = new Set(readdirSync(this.probes))
    const asked = nodes.filter((node) => this.running.has(node))
    for (const node of asked) process.kill(this.running.get(node)?.pid ?? 0, 'SIGUSR2')
    const fresh = () => readdirSync(this.probes).filter((name) => !before.has(name))
    while (fresh().length < asked.length) await pause(20)
    await pause(100)
    const read = (name: string): Seen => JSON.parse(readFileSync(join(this.probes, name), 'utf8'))
    return new Map(fresh().map((name) => [name.split('.')[0] ?? '', read(name)]))
  }

  async close(): Promise<void> {
    await Promise.all([...this.running.values()].map((child) => child.stop(2_000)))
    rmSync(this.directory, { recursive: true, force: true })
  }

  async #made(): Promise<DevCluster> {
    const port = 20_000 + Math.floor(Math.random() * 30_000)
    const made = await run(['init', this.directory, '--port-base', String(port)], world)
    if (made.exit !== 0) throw new Error(made.stderr)
    for (const place of ['chain', 'probes']) mkdirSync(join(this.directory, place))
    return devClusterAt(this.directory)
  }
}

export async function bench(): Promise<Bench> {
  const stage = new Stage()
  const figures: Figure[] = []
  const notes: string[] = []
  const seenAll: Seen[] = []
  const phase = async (name: string, work: () => Promise<unknown>): Promise<void> => {
    await stage.seen()
    const said = await work()
    const all = await stage.seen()
    figures.push(...figuresOf(name, all))
    seenAll.push(...all.values())
    notes.push(`${name}${typeof said === 'number' ? `: ${said} payments` : ''}`)
    notes.push(...notesOf(all))
    // A run takes minutes: what is known is told.
    console.error(notes.slice(-1 - notesOf(all).length).join('\n'))
  }
  try {
    await stage.cluster
    await stage.start('chain')
    await stage.start('coordinator')
    process.env['CUSTODY_PROBE_DIRECTORY'] = stage.probes
    // One after the other: a busy machine starts no three of them in time.
    for (const node of nodes) await stage.start(node)
    await stage.ready(...nodes)
    await phase('pair set-ups, key making, backups', () => stage.vault('hot'))
    await phase('at rest', () => pause(3_000))
    await phase('signing', () => stage.pay(payments))
    await phase('signing beside pair set-ups', async () => {
      const paying = stage.pay(payments)
      await stage.running.get('node-3')?.kill()
      await stage.start('node-3')
      return await paying
    })
    await phase('signing beside key making', async () => {
      const [settled] = await Promise.all([stage.pay(payments), stage.vault('warm')])
      return settled
    })
    await phase('signing beside a refresh', async () => {
      const [settled] = await Promise.all([stage.pay(payments), stage.change('refresh', 'warm')])
      return settled
    })
    await phase('signing beside a reshare', async () => {
      const dealers = ['--dealers', 'node-1,node-2']
      const [settled] = await Promise.all([
        stage.pay(payments),
        stage.change('reshare', 'warm', ...dealers),
      ])
      return settled
    })
  } finally {
    await stage.close()
  }
  notes.push(barOf(seenAll))
  return { figures, ratios: [], notes }
}

function figuresOf(name: string, all: ReadonlyMap<string, Seen>): readonly Figure[] {
  const of = (what: string, read: (seen: Seen) => number): Figure =>
    figure(`${name}: ${what}`, 'ms', [...all.values()].map(read))
  return [
    of('dearest slice, CPU', ({ dearest }) => dearest[0]?.cpuMs ?? 0),
    of('p99 of slices, CPU', ({ cpuP99Ms }) => cpuP99Ms),
    of('longest slice, wall', ({ longest }) => longest[0]?.wallMs ?? 0),
    of('delay of the loop, p99', ({ delayP99Ms }) => delayP99Ms),
    of('delay of the loop, longest', ({ delayMaxMs }) => delayMaxMs),
    of('longest collection', ({ gcMaxMs }) => gcMaxMs),
  ]
}

/** The bar of a serving node, by CPU: by the clock its durable steps wait for the disk. */
function barOf(all: readonly Seen[]): string {
  const sum = (read: (seen: Seen) => number): number =>
    all.reduce((total, seen) => total + read(seen), 0)
  const [count, over] = [sum((seen) => seen.count), sum(({ cpuOver5 }) => cpuOver5)]
  const dearest = Math.max(...all.map((seen) => seen.dearest[0]?.cpuMs ?? 0)).toFixed(1)
  const bar = 'bar: no slice of a serving node above 5 ms of CPU'
  if (over === 0) return `${bar}: held, ${count} slices, the dearest ${dearest} ms`
  const collected = sum(({ cpuOver5Collected }) => cpuOver5Collected)
  return `${bar}: not held, ${over} of ${count} slices, the dearest ${dearest} ms; a collection fell into ${collected} of them`
}

/** The dearest slices by name: what to look at first. */
function notesOf(all: ReadonlyMap<string, Seen>): readonly string[] {
  return [...all].flatMap(
    ([node, { count, cpuOver5, wallOver5, dearest, starting, collections }]) => [
      `  ${node}: ${count} slices, over 5 ms: ${cpuOver5} by CPU, ${wallOver5} by the clock`,
      ...dearest.slice(0, 3).map((slice) => `    ${noteOf(slice)}`),
      ...Object.entries(collections).map(([kind, { count, inSlices, longestMs }]) => {
        const where = `${inSlices} of them in slices`
        return `    collections, ${kind}: ${count}, ${where}, the longest ${longestMs.toFixed(1)} ms wall`
      }),
      ...(starting === undefined ? [] : [`    before it was ready: ${noteOf(starting)}`]),
    ],
  )
}

function noteOf({ name, cpuMs, wallMs, gcMs, inside }: Slice): string {
  const times = `${cpuMs.toFixed(1)} ms CPU, ${wallMs.toFixed(1)} wall, ${gcMs.toFixed(1)} GC`
  return `${times}  ${name}${inside === '' ? '' : `, in it ${inside}`}`
}
