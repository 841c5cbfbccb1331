// Loaded into a signer process before its program (`--import`): accounts every slice of its loop, by
// wall clock and by the CPU of this thread, under the name of what was called; beside it the delay of
// the loop as a timer of 1 ms sees it, and what the collector took. A collection stops the thread
// inside a slice: the part of it that this thread does is in the slice's CPU, all of it in its wall
// clock, and it is shown beside it.
// At SIGUSR2 it writes what it saw since the last time, and begins anew. It changes nothing else.
import { writeFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { monitorEventLoopDelay, PerformanceObserver } from 'node:perf_hooks'
import { isMainThread, Worker } from 'node:worker_threads'
import type { CoordinatorFrame } from '../proto/frames.ts'
import type { SignerNode } from '../signer-node/node.ts'
import type { Threads } from '../signer-node/threads.ts'
import { exactCpuMs } from './meter.ts'

export interface Slice {
  readonly name: string
  readonly wallMs: number
  readonly cpuMs: number
  /** The dearest of the named calls inside, by CPU; one may be inside another. */
  readonly inside: string
  /** What the collector took of it, as far as it stopped this thread. */
  readonly gcMs: number
}

export interface Seen {
  readonly count: number
  readonly wallP99Ms: number
  readonly cpuP99Ms: number
  readonly wallOver5: number
  readonly cpuOver5: number
  readonly dearest: readonly Slice[]
  readonly longest: readonly Slice[]
  /** The dearest before the node was ready; these are in no other figure. */
  readonly starting: Slice | undefined
  readonly delayP99Ms: number
  readonly delayMaxMs: number
  readonly gcMaxMs: number
  readonly gcTotalMs: number
  /** By kind: how many, and the longest; those in a slice are in that slice's figures too. */
  readonly collections: Readonly<Record<string, Collections>>
  /** Of the slices over 5 ms by CPU those that a collection fell into. */
  readonly cpuOver5Collected: number
}

export interface Collections {
  readonly count: number
  readonly inSlices: number
  readonly longestMs: number
}

type Call = (...words: never[]) => unknown

interface Collection {
  readonly kind: string
  readonly startMs: number
  readonly ms: number
}

/** A slice that was seen, and when. */
type Timed = Omit<Slice, 'gcMs'> & { readonly startMs: number }

const partsMax = 6
const place = process.env['CUSTODY_PROBE_DIRECTORY']
const config = process.argv[process.argv.indexOf('--config') + 1] ?? ''
const isSigner = process.argv[1]?.endsWith('signer-node/main.ts') === true
let slices: Timed[] = []
/** Before the node first said that it is ready: nobody is served yet. */
let starting: Timed[] = []
let isServing = false
let [isInside, inside] = [false, new Map<string, number>()]
let gc: Collection[] = []

/** Called from the loop: a slice. Called within one: a part of it. */
function counted(name: string, call: Call): Call {
  return function (this: unknown, ...words: never[]) {
    const named = `${name}${frameOf(words[1])}`
    if (isInside) return part(named, () => call.apply(this, words))
    isInside = true
    inside = new Map()
    // The one in which it becomes ready began while nobody was served.
    const wasServing = isServing
    const cpu = exactCpuMs()
    const wall = performance.now()
    try {
      return call.apply(this, words)
    } finally {
      isInside = false
      const wallMs = performance.now() - wall
      const took = { wallMs, cpuMs: exactCpuMs() - cpu }
      const dearest = [...inside].sort(([, a], [, b]) => b - a).slice(0, partsMax)
      const within = dearest.map(([part, ms]) => `${part} ${ms.toFixed(1)}`).join(', ')
      const slice = { name: named, ...took, startMs: wall, inside: within }
      if (wasServing) slices.push(slice)
      else starting.push(slice)
    }
  }
}

function part<T>(name: string, call: () => T): T {
  const cpu = exactCpuMs()
  try {
    return call()
  } finally {
    inside.set(name, (inside.get(name) ?? 0) + exactCpuMs() - cpu)
  }
}

/** A frame by its kind, one with lines also by how many. */
function frameOf(word: unknown): string {
  if (typeof word !== 'object' || word === null || !('frame' in word)) return ''
  const { frame, lines, prepare } = word as CoordinatorFrame & {
    readonly lines?: { readonly lines: readonly unknown[] }
    readonly prepare?: { readonly lines: { readonly lines: readonly unknown[] } }
  }
  const page = lines ?? prepare?.lines
  return page === undefined ? ` ${frame}` : ` ${frame} of ${page.lines.length}`
}

/** Methods of a class, under their names. */
function count(
  of: { readonly prototype: object; readonly name: string },
  ...names: string[]
): void {
  const methods = of.prototype as Record<string, Call>
  for (const name of names) {
    const call = methods[name]
    if (call === undefined) throw new Error(`${of.name} has no ${name}`)
    methods[name] = counted(`${of.name}.${name}`, call)
  }
}

function countTimers(): void {
  const timers = globalThis as unknown as Record<string, (call: Call, ...rest: never[]) => unknown>
  for (const name of ['setImmediate', 'setTimeout', 'setInterval'] as const) {
    const original = timers[name]
    timers[name] = (call, ...rest) => {
      const source = String(call).replace(/\s+/g, ' ').slice(0, 60)
      return original?.(counted(`${name}: ${source}`, call), ...rest)
    }
  }
  const { on } = Worker.prototype
  const heardBy = on as (this: Worker, event: string, heard: Call) => Worker
  Worker.prototype.on = function (this: Worker, event: string, heard: Call) {
    return heardBy.call(this, event, counted(`thread: ${event}`, heard))
  } as typeof on
}

/** What goes on with a key that the runtime's threads derived. */
function countKeys({ prototype }: typeof Threads): void {
  const { scrypt } = prototype
  prototype.scrypt = function (this: Threads, job, answer) {
    scrypt.call(this, job, counted('key derived', answer as Call) as typeof answer)
  }
}

/** As its health door says it: looked at after each tick until then. */
function noticeReady({ prototype }: typeof SignerNode): void {
  const { tick } = prototype
  prototype.tick = function (this: SignerNode) {
    tick.call(this)
    if (isServing || this.status().state !== 'ready') return
    isServing = true
    prototype.tick = tick
  }
}

function seen(delay: ReturnType<typeof monitorEventLoopDelay>): Seen {
  const all = slices.map(collected)
  const by = (what: 'wallMs' | 'cpuMs') => all.toSorted((a, b) => b[what] - a[what])
  const [wall, cpu] = [by('wallMs'), by('cpuMs')]
  const p99 = Math.floor(slices.length / 100)
  return {
    count: slices.length,
    wallP99Ms: wall[p99]?.wallMs ?? 0,
    cpuP99Ms: cpu[p99]?.cpuMs ?? 0,
    wallOver5: slices.filter(({ wallMs }) => wallMs > 5).length,
    cpuOver5: slices.filter((one) => one.cpuMs > 5).length,
    dearest: cpu.slice(0, 8),
    longest: wall.slice(0, 4),
    starting: dearestOf(starting),
    delayP99Ms: delay.percentile(99) / 1e6,
    delayMaxMs: delay.max / 1e6,
    gcMaxMs: Math.max(0, ...gc.map(({ ms }) => ms)),
    gcTotalMs: gc.reduce((sum, { ms }) => sum + ms, 0),
    collections: Object.fromEntries([...new Set(gc.map(({ kind }) => kind))].map(collectionsOf)),
    cpuOver5Collected: all.filter((one) => one.cpuMs > 5 && one.gcMs > 0).length,
  }
}

function collectionsOf(kind: string): readonly [string, Collections] {
  const those = gc.filter((one) => one.kind === kind)
  const inSlices = those.filter(({ startMs }) => slices.some((one) => isWithin(startMs, one)))
  const longestMs = Math.max(...those.map(({ ms }) => ms))
  return [kind, { count: those.length, inSlices: inSlices.length, longestMs }]
}

function isWithin(atMs: number, { startMs, wallMs }: Pick<Timed, 'startMs' | 'wallMs'>): boolean {
  return atMs >= startMs && atMs < startMs + wallMs
}

function collected(timed: Timed): Slice {
  const inIt = gc.filter((one) => isWithin(one.startMs, timed))
  const { startMs: _, ...slice } = timed
  return { ...slice, gcMs: inIt.reduce((sum, { ms }) => sum + ms, 0) }
}

/** As V8 names them; a marking step stops the thread only for its part of the work. */
function kindOf(detail: unknown): string {
  const kinds = { 1: 'young', 4: 'whole heap', 8: 'marking step', 16: 'weak callbacks' }
  const { kind } = (detail ?? {}) as { readonly kind: keyof typeof kinds }
  return kinds[kind] ?? 'other'
}

function dearestOf(all: readonly Timed[]): Slice | undefined {
  const [dearest] = all.toSorted((a, b) => b.cpuMs - a.cpuMs)
  return dearest && collected(dearest)
}

async function start(directory: string): Promise<void> {
  countTimers()
  const { SignerNode } = await import('../signer-node/node.ts')
  const { Store } = await import('../signer-node/store.ts')
  const { FloorFile } = await import('../signer-node/floor-file.ts')
  const { Keystore } = await import('../signer-node/keystore.ts')
  const { Keyshares } = await import('../signer-node/keyshares.ts')
  const { Witness } = await import('../signer-node/witness.ts')
  const { Pairings } = await import('../signer-node/pairings.ts')
  const { Releases } = await import('../signer-node/release.ts')
  const { Acceptances } = await import('../signer-node/acceptances.ts')
  const { Cosigning } = await import('../signer-node/cosigning.ts')
  const { LogDuty } = await import('../signer-node/log-duty.ts')
  const { Signing } = await import('../signer-node/signing.ts')
  const { Keys } = await import('../signer-node/keys.ts')
  const { Threads } = await import('../signer-node/threads.ts')
  count(SignerNode, 'receive', 'tick', 'attached', 'detached', 'status')
  noticeReady(SignerNode)
  count(Store, 'step')
  count(FloorFile, 'write')
  count(Keystore, 'activate', 'pending')
  count(Keyshares, 'review')
  count(Witness, 'cosign')
  count(Pairings, 'receive', 'tick')
  count(Releases, 'add', 'review')
  count(Acceptances, 'make')
  count(Cosigning, 'answer')
  count(LogDuty, 'review')
  count(Signing, 'accept')
  count(Keys, 'accept')
  countKeys(Threads)
  new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) {
      const { startTime, duration } = entry
      const detail = 'detail' in entry ? entry.detail : undefined
      gc.push({ startMs: startTime, ms: duration, kind: kindOf(detail) })
    }
  }).observe({ entryTypes: ['gc'] })
  const delay = monitorEventLoopDelay({ resolution: 1 })
  delay.enable()
  const node = basename(dirname(config))
  let times = 0
  process.on('SIGUSR2', () => {
    times += 1
    const saw = seen(delay)
    writeFileSync(join(directory, `${node}.${process.pid}.${times}.json`), JSON.stringify(saw))
    slices = []
    starting = []
    gc = []
    delay.reset()
  })
}

if (isMainThread && isSigner && place !== undefined) await start(place)
