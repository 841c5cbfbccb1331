// Three whole nodes in one process with a small scripted coordinator between them: it carries
// frames, keeps a log of its own and does nothing by itself. Tests lie through it by changing what
// it carries.
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fromUtf8, toHex, toUtf8 } from '../../proto/crypto.ts'
import type { CoordinatorFrame, CoordinatorPart, NodeFrame, NodePart } from '../../proto/frames.ts'
import { parseHandle, parseNodeId } from '../../proto/ids.ts'
import { encode, type JsonObject } from '../../proto/jcs.ts'
import { spoken } from '../../proto/versions.ts'
import type { NodeStores } from '../../signer-node/assemble.ts'
import { nativeCurve } from '../../signer-node/dkls23/curve-native.ts'
import { Secret } from '../../signer-node/dkls23/secret.ts'
import { FloorFile } from '../../signer-node/floor-file.ts'
import { Keystore } from '../../signer-node/keystore.ts'
import { SignerNode } from '../../signer-node/node.ts'
import type { Random } from '../../signer-node/ports.ts'
import { Room } from '../../signer-node/room.ts'
import type { Self } from '../../signer-node/self.ts'
import type { Runner } from '../../signer-node/stepper.ts'
import { Store } from '../../signer-node/store.ts'
import type { PassphraseWay } from '../../signer-node/way-in.ts'
import * as house from '../kit/audit-documents.ts'
import { bootedLog, type TestLog } from '../kit/audit-log.ts'
import { dealt } from '../kit/dealt-pairings.ts'
import { testBackups } from '../kit/recovery.ts'
import { RememberedWay } from '../kit/remembered-keys.ts'
import { rememberingCurve } from '../kit/remembering-curve.ts'
import { seedOf, TestClock, type TestPorts, testPorts } from './world.ts'

export const names = ['node-a', 'node-b', 'node-c'] as const
export type Name = (typeof names)[number]
export const coordinator = 'c1'
const curve = rememberingCurve(nativeCurve())
const cost = { n: 2 ** 15, r: 8, p: 1 }

export interface Running {
  readonly node: SignerNode
  readonly ports: TestPorts
  readonly store: Store
  /** Frames that the coordinator does not carry on, in order. */
  readonly said: NodeFrame[]
}

/** Says what arrives instead of a frame between two nodes: nothing, the same, or something else. */
export type Carry = (from: Name, to: Name, frame: CoordinatorFrame) => CoordinatorFrame | undefined

export class ThreeNodes {
  readonly home = mkdtempSync(join(tmpdir(), 'custody-nodes-'))
  readonly clock: TestClock
  readonly nodes = new Map<Name, Running>()
  readonly sizes = new Map<Name, number>()
  log: TestLog = bootedLog()
  rootDigest = house.rootDigest
  carry: Carry = (_from, _to, frame) => frame
  /** Whether cosigned heads of one node reach the others. */
  shareHeads = true
  /** Of nodes that are opened from now on. Set-ups by themselves: `pairings.test`, test/house. */
  runner: Runner = dealt
  /** Into its files. One that remembers asks nobody to derive a key. */
  way: typeof PassphraseWay = RememberedWay
  /** Why the volume of a node has no room. */
  readonly shortage = new Map<Name, string>()
  #incarnations = new Map<Name, Uint8Array>()
  #lives = 0

  constructor() {
    this.clock = new TestClock(this.log.t + 5_000)
  }

  /** What a node keeps in its directory. */
  stores(name: Name, random: Random): NodeStores & { readonly store: Store } {
    const at = (place: string): string => {
      const path = join(this.home, name, place)
      mkdirSync(path, { recursive: true })
      return path
    }
    const store = new Store(join(at('data'), 'node.db'), { busyTimeoutMs: 50 })
    const keystore = new Keystore(at('keyshares'), selfOf(name), {
      way: new this.way(new Secret(Buffer.from('a passphrase of this node')), cost, random),
      random,
      curve,
      backups: testBackups(at('backups'), selfOf(name), random),
    })
    const volumes = [() => this.shortage.get(name) ?? '']
    const room = new Room({ volumes, clock: this.clock, report: () => {} })
    return { store, keystore, place: new FloorFile(at('floor'), name), room }
  }

  /** Opens a node on its directory, as its program would. */
  open(name: Name): Running {
    this.#lives += 1
    const self = selfOf(name)
    const { runner } = this
    const ports = { ...testPorts(`${name} life ${this.#lives}`, this.clock), runner }
    const stores = this.stores(name, ports.random)
    const settings = { self, origin: house.origin, rootDigest: this.rootDigest }
    const node = new SignerNode(settings, stores, ports)
    const running = { node, ports, store: stores.store, said: [] }
    this.nodes.set(name, running)
    return running
  }

  start(...which: readonly Name[]): void {
    for (const name of which) this.open(name)
    for (const name of which) this.at(name).node.attached(coordinator)
    this.settle()
  }

  stop(name: Name): void {
    const { node, store } = this.at(name)
    node[Symbol.dispose]()
    store.close()
    this.nodes.delete(name)
    this.#incarnations.delete(name)
  }

  close(): void {
    for (const name of [...this.nodes.keys()]) this.stop(name)
    rmSync(this.home, { recursive: true, force: true })
  }

  at(name: Name): Running {
    const found = this.nodes.get(name)
    if (found === undefined) throw new Error(`${name} is not running`)
    return found
  }

  state(name: Name): string {
    return this.at(name).node.status().state
  }

  /** Until nobody has anything left to do. */
  settle(): void {
    for (let busy = true; busy; ) {
      busy = false
      for (const [name, { ports }] of this.nodes) {
        busy = ports.run() || busy
        for (let out = ports.sent.shift(); out; out = ports.sent.shift()) {
          busy = true
          this.#hear(name, out.frame)
        }
      }
    }
  }

  give(name: Name, frame: CoordinatorFrame): void {
    this.at(name).node.receive(coordinator, frame)
    this.settle()
  }

  /** The lines that this node does not have, under a checkpoint of the log alone. */
  page(name: Name, from = this.sizes.get(name) ?? 0): CoordinatorPart<'lines'> {
    return {
      origin: house.origin,
      from,
      lines: this.log.lines.slice(from),
      documents: this.log.enclosures.map((text) => ({ kind: '', content: toUtf8(text) })),
      checkpoint: toUtf8(this.log.note([])),
      heads: [],
    }
  }

  lines(...which: readonly Name[]): void {
    for (const name of which) this.give(name, { frame: 'lines', lines: this.page(name) })
  }

  tick(ms = 0): void {
    this.clock.advance(ms)
    // What is due is noticed in one tick, and said in the next.
    for (let twice = 0; twice < 2; twice += 1) {
      for (const { node } of this.nodes.values()) node.tick()
      this.settle()
    }
  }

  /** From nothing to three nodes that are ready. */
  ready(): this {
    this.start(...names)
    this.lines(...names)
    this.tick(2_000)
    return this
  }

  /** And paired. */
  boot(): this {
    this.ready()
    this.welcome()
    return this
  }

  /** Keys and signatures need Pairings; a test that only refuses need not wait for them. */
  pair(): void {
    if (this.at('node-a').node.status().pairings.length === 0) this.welcome()
  }

  welcome(): void {
    const peers = [...this.#incarnations].map(([node, incarnation]) => ({ node, incarnation }))
    const welcome = {
      coordinator,
      origin: house.origin,
      size: this.log.head.size,
      peers,
      versions: [...spoken],
    }
    for (const { node } of this.nodes.values()) {
      node.receive(coordinator, { frame: 'welcome', welcome })
    }
    this.settle()
  }

  /** Everything of one kind that a node has said since the last look. */
  heard<K extends NodeFrame['frame']>(name: Name, kind: K): readonly NodePart<K>[] {
    const { said } = this.at(name)
    const found = said.filter((frame) => frame.frame === kind)
    said.splice(0, said.length, ...said.filter((frame) => frame.frame !== kind))
    return found.map((frame) => (frame as unknown as Record<string, unknown>)[kind] as NodePart<K>)
  }

  #hear(from: Name, frame: NodeFrame): void {
    switch (frame.frame) {
      case 'hello':
        this.#incarnations.set(from, frame.hello.incarnation)
        this.sizes.set(from, frame.hello.state.size)
        this.at(from).said.push(frame)
        return
      case 'state':
        this.sizes.set(from, frame.state.size)
        return
      case 'envelope':
        this.#carry(from, frame.envelope.to, frame)
        return
      case 'note':
        this.#carry(from, frame.note.to, frame)
        return
      case 'cosigned':
        this.sizes.set(from, frame.cosigned.size)
        this.at(from).said.push(frame)
        if (this.shareHeads) this.heads(frame.cosigned.note)
        return
      case 'behind':
        this.sizes.set(from, frame.behind.size)
        this.at(from).said.push(frame)
        return
      default:
        this.at(from).said.push(frame)
    }
  }

  heads(...notes: readonly Uint8Array[]): void {
    const heads = { origin: house.origin, heads: [...notes] }
    for (const { node } of this.nodes.values()) {
      node.receive(coordinator, { frame: 'heads', heads })
    }
  }

  #carry(from: Name, to: string, frame: CoordinatorFrame): void {
    const name = names.find((one) => one === to)
    const arrives = name && this.nodes.has(name) ? this.carry(from, name, frame) : undefined
    if (name !== undefined && arrives !== undefined) {
      this.at(name).node.receive(coordinator, arrives)
    }
  }

  keygen(vault: string, epoch = 1, change: JsonObject = {}): Uint8Array {
    const participants = names.map((node, at) => ({ node, x: at + 1 }))
    const { org, env } = house
    const format = 'custody-keygen/v1'
    return encode({ format, org, env, vault, epoch, t: 2, participants, attempt: 1, ...change })
  }

  prepare(name: Name, part: Partial<CoordinatorPart<'prepare'>>): void {
    const none = new Uint8Array()
    const lines = this.page(name)
    const prepare = {
      lines,
      warrant: none,
      attemptSeq: 0,
      keygen: none,
      order: none,
      dealing: none,
      ticket: none,
      fresh: false,
      participants: [],
      ...part,
    }
    this.give(name, { frame: 'prepare', prepare })
  }

  /** The whole key making; returns the line that the confirmations make lawful. */
  makeKey(vault: string, epoch = 1): JsonObject {
    this.pair()
    const ticket = seedOf(`ticket ${vault} ${epoch}`).slice(0, 16)
    for (const name of names) this.prepare(name, { keygen: this.keygen(vault, epoch), ticket })
    const acceptances = names.map((name) => this.heard(name, 'accepted')[0]!.acceptance)
    const start = { ticket, acceptances }
    for (const name of names) this.at(name).node.receive(coordinator, { frame: 'start', start })
    this.settle()
    return this.keyLine()
  }

  /** From the confirmations that the nodes have said. */
  keyLine(): JsonObject {
    const said = names.map((name) => this.heard(name, 'keyConfirm').at(-1)!.confirm)
    const { node: _, ...body } = JSON.parse(fromUtf8(said[0]!.document)!) as Record<string, never>
    const confirms = said.map(({ signature }, at) => {
      return { node: names[at]!, signature: toHex(signature) }
    })
    return { ...(body as unknown as JsonObject), confirms }
  }
}

/** Ends every ban in this store; a test that goes on is not about how that is done. */
export function lift(store: Store): void {
  store.run('insert into readmission select peer || number, peer, number, 1 from ban')
}

export function selfOf(name: Name): Self {
  const at = names.indexOf(name)
  return {
    org: parseHandle(house.org),
    env: 'dev',
    node: parseNodeId(name),
    x: at + 1,
    sign: house.keyOf(`${name}-identity`).sign,
    identity: house.keyOf(`${name}-identity`).publicKey,
    witness: house.keyOf(`${name}-witness`),
    secret: new Secret(seedOf(`${name}/secret`)),
    curve,
  }
}
