// The signer nodes of a house as processes: each has a directory that outlives it and a life that
// does not. A node that is stopped disposes of what it holds; one that dies leaves everything as it
// is in the middle of whatever it did, and only its disk remains.
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { ed25519Signer } from '../../proto/crypto.ts'
import type { NodeFrame } from '../../proto/frames.ts'
import { parseNodeId } from '../../proto/ids.ts'
import { nativeCurve } from '../../signer-node/dkls23/curve-native.ts'
import { Secret } from '../../signer-node/dkls23/secret.ts'
import { FloorFile } from '../../signer-node/floor-file.ts'
import { here } from '../../signer-node/here.ts'
import { Keystore } from '../../signer-node/keystore.ts'
import { LightWitness } from '../../signer-node/light-witness.ts'
import { SignerNode } from '../../signer-node/node.ts'
import type { Random } from '../../signer-node/ports.ts'
import { Room } from '../../signer-node/room.ts'
import type { Self, WitnessSelf } from '../../signer-node/self.ts'
import type { Runner } from '../../signer-node/stepper.ts'
import { root } from '../coordinator/world.ts'
import { publicKeyOf, seedOf } from '../policy/dev-fixture.ts'
import { ownerOf } from './house-instances.ts'
import type { Record } from './house-record.ts'
import { bytesFrom, type Time } from './house-time.ts'
import type { NodeEnd } from './house-wires.ts'
import { Died, Life, MortalNodeStore } from './mortal.ts'
import { testBackups } from './recovery.ts'
import { RememberedWay } from './remembered-keys.ts'

const curve = nativeCurve()
const computeMs = 1

export interface NodeWorld {
  readonly home: string
  readonly seed: string
  /** Place of a node that the first root does not name. */
  readonly placeOf: (node: string) => number | undefined
  readonly time: Time
  readonly record: Record
  readonly coordinators: () => readonly string[]
  readonly dial: (node: string, coordinator: string) => void
  readonly send: (node: string, coordinator: string, frame: NodeFrame) => void
  /** The process is no more; its streams break. */
  readonly gone: (node: string) => void
  /** Milliseconds between two ticks of a node, at the moment. */
  readonly tickMs: () => number
  /** A light witness: it has no share and no place. */
  readonly isLight?: boolean
  readonly runner?: Runner | undefined
}

interface Running {
  readonly life: Life
  readonly node: SignerNode
  readonly store: MortalNodeStore
}

export class NodeProcess {
  readonly name: string
  readonly #world: NodeWorld
  /** Why its volume has no room; empty while it has. */
  shortage = ''
  #running: Running | undefined
  #lives = 0
  /** How far this node's clock is from the world's. */
  skewMs = 0

  constructor(name: string, world: NodeWorld) {
    this.name = name
    this.#world = world
  }

  /** `signer-c#2` is another instance of `signer-c`, on a disk of its own. */
  get #owner(): string {
    return ownerOf(this.name)
  }

  get isUp(): boolean {
    return this.#running !== undefined
  }

  get node(): SignerNode {
    return this.#at().node
  }

  get store(): MortalNodeStore {
    return this.#at().store
  }

  /** To be told when to die. */
  get life(): Life {
    return this.#at().life
  }

  start(): void {
    if (this.#running !== undefined) return
    this.#lives += 1
    const { seed, coordinators, dial } = this.#world
    const life = new Life(() => this.#forget(life))
    const random = bytesFrom(`${seed}/${this.name}/${this.#lives}`)
    const { store, node } = this.#open(life, random)
    this.#running = { life, node, store }
    this.#tickLater(life, node)
    for (const coordinator of coordinators()) dial(this.name, coordinator)
  }

  #open(life: Life, random: Random): Pick<Running, 'store' | 'node'> {
    const place = new FloorFile(this.#made('floor'), this.#owner)
    const pinned = { origin: root.log.origin, rootDigest: root.digest }
    const ports = this.#ports(life, random)
    const room = new Room({ volumes: [() => this.shortage], ...ports })
    if (this.#world.isLight) {
      const store = new MortalNodeStore(join(this.#made('data'), 'node.db'), life)
      const light = new LightWitness(
        { self: lightOf(this.#owner), ...pinned },
        { store, place, room },
        ports,
      )
      // As far as a house asks, both are one.
      return { store, node: light as unknown as SignerNode }
    }
    const self = selfOf(this.#owner, this.#world.placeOf(this.#owner))
    const { store, keystore } = this.#disk(life, random)
    const stores = { store, keystore, place, room }
    return { store, node: new SignerNode({ self, ...pinned }, stores, ports) }
  }

  /** What a command beside the stopped program opens. */
  disk(): { readonly store: MortalNodeStore; readonly keystore: Keystore } {
    return this.#disk(new Life(() => {}), bytesFrom(`${this.#world.seed}/${this.name}/disk`))
  }

  /** As its program does at SIGTERM. */
  stop(): void {
    const running = this.#running
    if (running === undefined) return
    running.node[Symbol.dispose]()
    running.life.end()
  }

  /** As at SIGKILL. */
  kill(): void {
    this.#running?.life.end()
  }

  /** The end of a stream, for as long as this life lasts. */
  end(): NodeEnd | undefined {
    const running = this.#running
    if (running === undefined) return undefined
    const { node, life } = running
    return {
      attached: (coordinator) => this.#live(life, () => node.attached(coordinator)),
      detached: (coordinator) => this.#live(life, () => node.detached(coordinator)),
      receive: (coordinator, frame) => this.#live(life, () => node.receive(coordinator, frame)),
    }
  }

  directory(place: string): string {
    return this.#made(place)
  }

  #ports(life: Life, random: (length: number) => Uint8Array) {
    const { time, send, record } = this.#world
    const bornMs = time.now
    return {
      clock: {
        wallMs: () => time.now + this.skewMs,
        monotonicMs: () => time.now - bornMs + 1,
      },
      random,
      send: (coordinator: string, frame: NodeFrame): void => {
        if (!life.isOver) send(this.name, coordinator, frame)
      },
      defer: (work: () => void): void => time.after(computeMs, () => this.#live(life, work)),
      pause: (work: () => void): void => time.after(0, () => this.#live(life, work)),
      report: (event: Parameters<Record['event']>[1]): void => {
        if (!life.isOver) record.event(this.name, event)
      },
      runner: this.#world.runner ?? here,
    }
  }

  #disk(life: Life, random: Random) {
    const self = selfOf(this.#owner, this.#world.placeOf(this.#owner))
    const store = new MortalNodeStore(join(this.#made('data'), 'node.db'), life)
    const keystore = new Keystore(this.#made('keyshares'), self, {
      ...this.#opener(random),
      random,
      curve,
      backups: testBackups(this.#made('backups'), self, random),
    })
    return { store, keystore }
  }

  #opener(random: Random) {
    const passphrase = new Secret(Buffer.from('a passphrase of this node'))
    const cost = { n: 2 ** 15, r: 8, p: 1 }
    if (this.#world.runner === undefined) return { passphrase, cost }
    return { way: new RememberedWay(passphrase, cost, random) }
  }

  #tickLater(life: Life, node: SignerNode): void {
    this.#world.time.after(this.#world.tickMs(), () => {
      if (life.isOver) return
      this.#live(life, () => node.tick())
      this.#tickLater(life, node)
    })
  }

  #live(life: Life, work: () => void): void {
    if (life.isOver) return
    try {
      work()
    } catch (error) {
      if (!(error instanceof Died)) throw error
    }
  }

  #forget(life: Life): void {
    const running = this.#running
    if (running?.life !== life) return
    this.#running = undefined
    this.#world.gone(this.name)
    // The system closes a dead process's files; a step that is under way must unwind first.
    this.#world.time.after(0, () => running.store.close())
  }

  #at(): Running {
    if (this.#running === undefined) throw new Error(`${this.name} is not running`)
    return this.#running
  }

  #made(place: string): string {
    const path = join(this.#world.home, this.name, place)
    mkdirSync(path, { recursive: true })
    return path
  }
}

function lightOf(name: string): WitnessSelf {
  return { ...keysOf(name), x: undefined }
}

function selfOf(name: string, place?: number): Self {
  const x = place ?? root.nodes.find((one) => one.node === name)?.x
  if (x === undefined) throw new Error(`${name} is no node of the root`)
  return { ...keysOf(name), x, secret: new Secret(seedOf(`${name}/secret`)), curve }
}

function keysOf(name: string): Omit<WitnessSelf, 'x'> {
  return {
    org: root.org,
    env: root.env,
    node: parseNodeId(name),
    sign: ed25519Signer(seedOf(name)),
    identity: publicKeyOf(name),
    witness: {
      publicKey: publicKeyOf(`${name}-witness`),
      sign: ed25519Signer(seedOf(`${name}-witness`)),
    },
  }
}
