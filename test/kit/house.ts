// A whole house in one process and without a socket: three real signer nodes, one or two real
// coordinators over one database, a chain, and frames between them over streams that can break. Time
// is virtual and everything follows from a seed. Any process can be stopped, killed at a chosen
// moment, and started again on what it left behind.

import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { evmLedger } from '../../coordinator/chain-rpc/evm-kind.ts'
import { type Coordinator, createCoordinator } from '../../coordinator/coordinator.ts'
import type { Chains } from '../../coordinator/driver.ts'
import { readLines, readLinesOf } from '../../coordinator/store/lines.ts'
import type { Store } from '../../coordinator/store/store.ts'
import type { Approval } from '../../policy/approval.ts'
import { type Entry, parseEntry } from '../../policy/audit/entry.ts'
import type { Report } from '../../policy/audit/report.ts'
import { verify } from '../../policy/audit/verify.ts'
import type { Intent } from '../../policy/intent.ts'
import type { CoordinatorFrame, NodeFrame } from '../../proto/frames.ts'
import { type Digest, parseDigest } from '../../proto/ids.ts'
import { limits } from '../../proto/limits.ts'
import { attempt, isRefusal, type Refusal } from '../../proto/refusal.ts'
import type { Signed } from '../../proto/signed.ts'
import { as, decision } from '../coordinator/house.ts'
import {
  freezeOf,
  governed,
  logSigner,
  nodes,
  root,
  signIntent,
  start,
} from '../coordinator/world.ts'
import { TestChain } from './house-chain.ts'
import { exportedFrom } from './house-export-files.ts'
import { Instances, ownerOf } from './house-instances.ts'
import { NodeProcess } from './house-nodes.ts'
import type { HouseOptions } from './house-options.ts'
import { Record } from './house-record.ts'
import { bytesFrom, Dice, Time } from './house-time.ts'
import { type CoordinatorEnd, type Place, Wires } from './house-wires.ts'
import { Life, mortalStore, Traffic } from './mortal.ts'

export const names: readonly string[] = nodes

interface CoordinatorProcess {
  readonly life: Life
  readonly coordinator: Coordinator
  readonly store: Store
  readonly isOpen: boolean
}

const coordinatorTickMs = 1_000
const nodeTickMs = 250
const stepMs = 100
/** Steps while much time passes, below every patience with silence. */
const strideMs = 10_000
const still = 3

export class House {
  readonly seed: string
  readonly time: Time
  readonly dice: Dice
  readonly chain: TestChain
  readonly record: Record
  readonly wires: Wires
  readonly nodes: Map<string, NodeProcess>
  readonly store: Store
  readonly home = mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'house-'))
  /** What arrives instead of a frame. */
  up: (place: Place, frame: NodeFrame) => NodeFrame | undefined = (_place, frame) => frame
  down: (place: Place, frame: CoordinatorFrame) => CoordinatorFrame | undefined = (_, frame) =>
    frame
  readonly #traffic = new Traffic()
  readonly #instances: Instances
  readonly #places = new Map<string, number>()
  readonly #names: readonly string[]
  readonly #runner: HouseOptions['runner']
  readonly #chains: Chains
  readonly #coordinators = new Map<string, CoordinatorProcess>()
  #lives = 0
  #pace = 1
  /** A coordinator has something to think about. */
  #isTouched = false

  constructor(store: Store, options: HouseOptions) {
    const { seed = 'house', coordinators = ['c1'], fromMs = start } = options
    this.store = store
    this.seed = seed
    this.#names = coordinators
    this.#runner = options.runner
    this.time = new Time(fromMs)
    this.dice = new Dice(seed)
    this.chain = new TestChain(this.time)
    this.#chains =
      options.chains?.(() => this.time.now) ?? new Map([['eip155:31337', evmLedger(this.chain)]])
    this.record = new Record(this.time)
    this.wires = new Wires(this.time, this.dice.fork('wires'), {
      node: (name) => this.at(name).end(),
      coordinator: (name, node, send) => this.#attach(name, node, send),
      up: (place, frame) => this.up(place, frame),
      down: (place, frame) => {
        const arrives = this.down(place, frame)
        if (arrives !== undefined) this.record.down(place.node, arrives)
        return arrives
      },
    })
    this.#instances = new Instances(this.time, (place) => this.wires.cut(place))
    this.nodes = new Map(names.map((name) => [name, this.#process(name)]))
  }

  /** A node that no root names yet. */
  addNode(name: string, x: number): NodeProcess {
    this.#places.set(name, x)
    return this.addProcess(name)
  }

  /** A light witness, or another instance of a node on its own disk. */
  addProcess(name: string, isLight = false): NodeProcess {
    const process = this.#process(name, isLight)
    this.nodes.set(name, process)
    return process
  }

  at(name: string): NodeProcess {
    const found = this.nodes.get(name)
    if (found === undefined) throw new Error(`no node ${name}`)
    return found
  }

  coordinator(name = this.#names[0] ?? ''): Coordinator {
    return this.running(name).coordinator
  }

  /** With the way to end it, and the database as it outlives it. */
  running(name: string): CoordinatorProcess {
    const found = this.#coordinators.get(name)
    if (found === undefined) throw new Error(`coordinator ${name} is not running`)
    return found
  }

  /** Any that runs. */
  get someCoordinator(): Coordinator {
    return this.coordinator([...this.#coordinators.keys()][0])
  }

  get coordinatorNames(): readonly string[] {
    return this.#names
  }

  isUp(coordinator: string): boolean {
    return this.#coordinators.has(coordinator)
  }

  /** On whatever the database holds. */
  async startCoordinator(name: string, store = this.store): Promise<void> {
    await this.during(this.launch(name, store))
  }

  /** As it goes on by itself; resolves when nodes may attach. */
  async launch(name: string, store = this.store): Promise<void> {
    if (this.#coordinators.has(name)) return
    this.#lives += 1
    this.#isTouched = true
    const life = new Life(() => this.#coordinatorGone(name))
    const coordinator = this.#build(name, life, store)
    const running = { life, store, coordinator, isOpen: false }
    this.#coordinators.set(name, running)
    await coordinator.open()
    running.isOpen = true
    for (const node of this.nodes.keys()) this.wires.dial({ node, coordinator: name })
    // A later life waits for a witness, which comes only when the world goes on.
    void coordinator.start().catch((error: unknown) => this.#complain(name, error))
    this.#tickLater(name, running)
  }

  killCoordinator(name: string): void {
    this.#coordinators.get(name)?.life.end()
  }

  async submit(intent: Intent, records: readonly Signed[] = [], to?: string): Promise<Digest> {
    const { requests } = to === undefined ? this.someCoordinator : this.coordinator(to)
    const submitted = await this.during(requests.submit(signIntent(intent), records))
    if (isRefusal(submitted)) throw new Error(`${submitted.code}: ${submitted.because}`)
    return submitted.kind === 'request' ? submitted.shown.id : submitted.id
  }

  async decide(
    id: Digest,
    person: string,
    role: string,
    changes: Partial<Approval> = {},
  ): Promise<'recorded' | Refusal> {
    const coordinator = this.someCoordinator
    const clock = { now: () => this.time.now }
    const made = decision({ coordinator, clock }, id, { ...as(person, role), ...changes })
    const answer = await this.during(coordinator.decisions.decide(await this.during(made)))
    return isRefusal(answer) ? answer : 'recorded'
  }

  approve(id: Digest, person: string, role: string): Promise<'recorded' | Refusal> {
    return this.decide(id, person, role)
  }

  async freeze(person: string, scope: string): Promise<'recorded' | Refusal> {
    const signed = freezeOf(person, scope, this.time.now)
    const answer = await this.during(this.someCoordinator.decisions.freeze(signed))
    return isRefusal(answer) ? answer : 'recorded'
  }

  async state(id: Digest): Promise<string> {
    const shown = await this.during(this.someCoordinator.requests.find({ id }))
    return isRefusal(shown) ? shown.code : shown.state
  }

  async entries(): Promise<readonly Entry[]> {
    const page = { from: 0, linesMax: 1_000_000, bytesMax: 1_000_000_000 }
    return (await readLines(this.store, root.log.origin, page)).map(parseEntry)
  }

  /** Lines about one request, in order. */
  async story(id: Digest): Promise<readonly Entry[]> {
    const lines = await readLinesOf(this.store, root.log.origin, parseDigest(id))
    return lines.map(parseEntry)
  }

  async verify(): Promise<Report> {
    const exported = await exportedFrom(this.someCoordinator.proofs.ports)
    return verify({ ...exported, nowMs: this.time.now })
  }

  /** Lets the world go on until this has an answer. */
  async during<T>(work: Promise<T>): Promise<T> {
    let isOver = false
    const over = (): void => {
      isOver = true
    }
    work.then(over, over)
    for (let tries = 0; tries < 2_000; tries += 1) {
      await this.#rest()
      if (isOver) return work
      await this.pass(stepMs)
    }
    throw new Error('no answer ever came')
  }

  async until(what: string, isSo: () => boolean | Promise<boolean>, ms = 120_000): Promise<void> {
    const end = this.time.now + ms
    while (this.time.now < end) {
      if (await isSo()) return
      await this.pass(stepMs)
    }
    if (await isSo()) return
    throw new Error(`never: ${what}\n${this.#lastWords()}`)
  }

  untilState(id: Digest, state: string, ms?: number): Promise<void> {
    return this.until(`${state}`, async () => (await this.state(id)) === state, ms)
  }

  async pass(ms: number): Promise<void> {
    const end = this.time.now + ms
    while (this.time.next(end)) if (this.#isTouched) await this.#rest()
    await this.#rest()
  }

  /** For whoever acts in the house beside its processes. */
  pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      this.time.after(ms, () => {
        this.#isTouched = true
        resolve()
      })
    })
  }

  /** Much time: everybody looks at the clock less often. */
  async jump(ms: number): Promise<void> {
    this.#pace = strideMs / coordinatorTickMs
    await this.pass(ms)
    this.#pace = 1
  }

  async close(): Promise<void> {
    for (const name of this.#names) this.killCoordinator(name)
    for (const node of this.nodes.values()) node.stop()
    await this.pass(1)
    rmSync(this.home, { recursive: true, force: true })
  }

  #process(name: string, isLight = false): NodeProcess {
    return new NodeProcess(name, {
      isLight,
      runner: this.#runner,
      home: this.home,
      seed: this.seed,
      placeOf: (node) => this.#places.get(node),
      time: this.time,
      record: this.record,
      coordinators: () => this.#names,
      dial: (node, coordinator) => this.wires.dial({ node, coordinator }),
      send: (node, coordinator, frame) => {
        this.record.up(node, frame)
        this.wires.up({ node, coordinator }, frame)
      },
      gone: (node) => {
        for (const coordinator of this.#names) this.wires.cut({ node, coordinator })
      },
      tickMs: () => nodeTickMs * this.#pace,
    })
  }

  #build(name: string, life: Life, store: Store): Coordinator {
    return createCoordinator({
      name,
      store: mortalStore(store, life, this.#traffic),
      clock: { now: () => this.time.now, sleep: (ms, stop) => this.#sleep(life, ms, stop) },
      random: bytesFrom(`${this.seed}/${name}/${this.#lives}`),
      report: (event) => {
        if (!life.isOver) this.record.event(name, event)
      },
      log: logSigner,
      governed,
      root: root.digest,
      chains: this.#chains,
      witnessGraceMs: limits.streamHeartbeatMs,
    })
  }

  #attach(
    name: string,
    node: string,
    send: (frame: CoordinatorFrame) => void,
  ): CoordinatorEnd | undefined {
    const found = this.#coordinators.get(name)
    if (!found?.isOpen) return undefined
    const { life, coordinator } = found
    const attached = attempt(() => coordinator.attach(ownerOf(node), send))
    if (isRefusal(attached)) return undefined
    this.#instances.attached({ coordinator: name, node })
    const live = (work: () => void): void => {
      if (life.isOver) return
      this.#isTouched = true
      work()
    }
    return {
      receive: (frame) => live(() => attached.receive(frame)),
      close: () => live(() => attached.close()),
    }
  }

  #tickLater(name: string, running: CoordinatorProcess): void {
    this.time.after(coordinatorTickMs * this.#pace, () => {
      if (running.life.isOver) return
      this.#isTouched = true
      const ticked = running.coordinator.tick()
      ticked.catch((error: unknown) => this.#complain(name, error))
      this.#tickLater(name, running)
    })
  }

  #sleep(life: Life, ms: number, stop?: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      if (stop?.aborted === true) return resolve()
      stop?.addEventListener('abort', () => resolve(), { once: true })
      this.time.after(ms, () => {
        this.#isTouched = true
        if (!life.isOver) resolve()
      })
    })
  }

  #coordinatorGone(name: string): void {
    this.#coordinators.delete(name)
    for (const node of this.nodes.keys()) this.wires.cut({ node, coordinator: name })
  }

  /** Until nobody who has no clock is doing anything. */
  async #rest(): Promise<void> {
    for (let quiet = 0; quiet < still; ) {
      await new Promise((resolve) => setImmediate(resolve))
      quiet = this.#traffic.open === 0 ? quiet + 1 : 0
    }
    this.#isTouched = false
  }

  #complain(name: string, error: unknown): void {
    const because = error instanceof Error ? error.message : 'unknown'
    this.record.event(name, { name: 'complaint', level: 'warn', because })
  }

  #lastWords(): string {
    const said = this.record.events.slice(-30)
    return said.map(({ process, name, because }) => `${process}: ${name} ${because}`).join('\n')
  }
}
