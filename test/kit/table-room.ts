// A room: the stations of a cold house, each on a directory of its own that outlives it, a Hub, and
// a table between them, over a network or cards or in memory, all in one process and in real time.
import { join } from 'node:path'
import type { BundleIn } from '../../policy/ceremony/bundle-in.ts'
import type { CoordinatorFrame, NodeFrame } from '../../proto/frames.ts'
import { type Digest, type Handle, parseHandle, parseNodeId } from '../../proto/ids.ts'
import { Hub } from '../../signer-node/ceremony/hub.ts'
import type { LogPage } from '../../signer-node/ceremony/hub-seats.ts'
import { Station, type StationEars } from '../../signer-node/ceremony/station.ts'
import { CertificateFiles } from '../../signer-node/ceremony/station-files.ts'
import {
  framesOf,
  nothingRemembered,
  type Remembered,
} from '../../signer-node/ceremony/station-log.ts'
import {
  type HubTable,
  type Seated,
  type StationTable,
  tableName,
} from '../../signer-node/ceremony/table.ts'
import type { CardSlots } from '../../signer-node/ceremony/table-cards.ts'
import { hubOnCards, stationOnCards } from '../../signer-node/ceremony/table-cards.ts'
import { hubOnNetwork, stationOnNetwork } from '../../signer-node/ceremony/table-network.ts'
import { nativeCurve } from '../../signer-node/dkls23/curve-native.ts'
import { Secret } from '../../signer-node/dkls23/secret.ts'
import { FloorFile } from '../../signer-node/floor-file.ts'
import { here } from '../../signer-node/here.ts'
import { Keystore } from '../../signer-node/keystore.ts'
import type { Clock, Event } from '../../signer-node/ports.ts'
import { Room as Disk } from '../../signer-node/room.ts'
import { tablePatience } from '../../signer-node/sitting.ts'
import type { Runner } from '../../signer-node/stepper.ts'
import { Store } from '../../signer-node/store.ts'
import * as house from './audit-documents.ts'
import type { ColdHouse } from './cold-house.ts'
import { bentStream, framePair, type Tamper } from './frame-pair.ts'
import { oneLineRecord } from './one-line-record.ts'
import { testBackups } from './recovery.ts'
import { RememberedWay } from './remembered-keys.ts'
import { rememberingCurve } from './remembering-curve.ts'
import { type Cupboard, mortal } from './table-cupboard.ts'
import type { End } from './wire.ts'

const curve = rememberingCurve(nativeCurve())
const cost = { n: 2 ** 15, r: 8, p: 1 }
let drawn = 0

export type Way = 'memory' | 'network' | 'cards'

export interface RoomOptions {
  readonly way: Way | ((station: string) => Way)
  /** Of the network: one end for each name, and one for the table. */
  readonly ends?: ReadonlyMap<string, End>
  readonly timeouts?: { readonly roundS: number; readonly sessionS: number }
  readonly runner?: Runner
  readonly token?: Remembered
  readonly tamper?: Tamper
  /** Which stations come; all without it. */
  readonly called?: readonly string[]
}

export interface Seat {
  readonly station: Station
  readonly store: Store
  readonly events: Event[]
  readonly life: { isOver: boolean }
  readonly heard: { readonly what: string; readonly of: unknown }[]
}

export class Room {
  readonly seats = new Map<string, Seat>()
  readonly left = new Map<string, Seat>()
  readonly hubEvents: Event[] = []
  readonly house: ColdHouse
  readonly bundle: BundleIn
  readonly cupboard: Cupboard
  readonly clock: Clock
  hub: Hub
  tamper: Tamper
  readonly #options: RoomOptions
  readonly #called: readonly string[]
  #tables: HubTable[] = []
  #networkAddress = { host: '127.0.0.1', port: 0 }
  #timer: NodeJS.Timeout | undefined
  readonly #ends = new Map<string, () => void>()
  /** Everything that was said, and told, before it was bent. */
  readonly said: { readonly station: string; readonly frame: NodeFrame }[] = []
  readonly carried: { readonly station: string; readonly frame: CoordinatorFrame }[] = []

  constructor(cupboard: Cupboard, house: ColdHouse, bundle: BundleIn, options: RoomOptions) {
    this.cupboard = cupboard
    this.house = house
    this.bundle = bundle
    this.#options = options
    this.#called = options.called ?? house.names
    this.tamper = options.tamper ?? {}
    const [wall, begun] = [house.log.t + 5_000, performance.now()]
    const since = () => performance.now() - begun
    this.clock = { wallMs: () => Math.floor(wall + since()), monotonicMs: () => 1_000 + since() }
    this.hub = this.#makeHub()
  }

  get plan(): Digest {
    return this.bundle.plan.digest
  }

  /** Everybody opens the Bundle and sits down. */
  async sit(): Promise<this> {
    await this.layTable()
    for (const name of this.#called) await this.open(name)
    for (const name of this.#called) this.join(name)
    this.#timer = setInterval(() => this.tick(), 5)
    await this.until(() => this.#called.every((name) => this.hub.seats.has(name)))
    return this
  }

  tick(): void {
    for (const table of this.#tables) table.tick()
    this.hub.tick()
    for (const { station } of this.seats.values()) station.tick()
  }

  at(name: string): Seat {
    const seat = this.seats.get(name)
    if (seat === undefined) throw new Error(`${name} does not sit here`)
    return seat
  }

  permit(request: Digest, ...who: readonly string[]): void {
    for (const name of who.length === 0 ? this.#called : who) this.at(name).station.permit(request)
  }

  /** A Station on its directories, as its program would. */
  async open(name: string, bundle = this.bundle): Promise<Seat> {
    const seat = this.make(name)
    await seat.station.open(bundle, this.#options.token ?? nothingRemembered)
    return seat
  }

  make(name: string): Seat {
    const { cupboard, clock } = this
    const events: Event[] = []
    const life = { isOver: false }
    const later = (work: () => void): void => {
      setImmediate(() => {
        if (!life.isOver) work()
      })
    }
    const heard: Seat['heard'] = []
    const hear = (what: string) => (of: unknown) => void heard.push({ what, of })
    const ears: StationEars = {
      asked: hear('asked'),
      signed: hear('signed'),
      certified: hear('certified'),
      paper: hear('paper'),
    }
    const self = this.#selfOf(name)
    const random = (length: number) =>
      new Uint8Array(crypto.getRandomValues(new Uint8Array(length)))
    const store = new Store(join(cupboard.at(name, 'data'), 'node.db'), { busyTimeoutMs: 50 })
    const keystore = new Keystore(cupboard.at(name, 'keyshares'), self, {
      way: new RememberedWay(new Secret(Buffer.from('a passphrase of this node')), cost, random),
      random,
      curve,
      backups: testBackups(cupboard.at(name, 'backups'), self, random),
    })
    const report = (event: Event) => void events.push(event)
    const { timeouts = { roundS: 20, sessionS: 60 }, runner = here } = this.#options
    const record = oneLineRecord(this.plan)
    const sitting = { plan: this.plan, patience: tablePatience(timeouts), record }
    const station = new Station(
      { self, origin: house.origin, rootDigest: this.house.root.digest, sitting },
      {
        store,
        keystore,
        place: new FloorFile(cupboard.at(name, 'floor'), name),
        room: new Disk({ volumes: [], clock, report }),
        certificates: new CertificateFiles(cupboard.at(name, 'certificates')),
      },
      {
        clock,
        random,
        defer: later,
        pause: later,
        report,
        runner,
      },
      ears,
    )
    const seat = { station, store, events, heard, life }
    this.seats.set(name, seat)
    return seat
  }

  join(name: string): void {
    const { station, life } = this.at(name)
    const table = this.#stationTable(name)
    const dial: StationTable['dial'] = (to, failed) => mortal(table.dial(to, failed), life)
    station.sit({ ...table, dial })
  }

  /** As its program at an orderly end. */
  leave(name: string): void {
    const seat = this.seats.get(name)
    this.seats.delete(name)
    if (seat === undefined) return
    this.left.set(name, seat)
    seat.station[Symbol.dispose]()
    seat.store.close()
  }

  /** As at SIGKILL: nothing is said, nothing is cleaned up. */
  kill(name: string): void {
    const seat = this.seats.get(name)
    this.seats.delete(name)
    if (seat === undefined) return
    seat.life.isOver = true
    seat.store.close()
    // The system closes a dead process's sockets; a card is just never written again.
    if (this.wayOf(name) !== 'cards') this.#ends.get(name)?.()
  }

  /** The Record station's process dies and another takes its place. */
  async killHub(): Promise<void> {
    this.hub.close()
    for (const table of this.#tables) await table.close()
    this.hub = this.#makeHub()
    await this.layTable()
  }

  async close(): Promise<void> {
    clearInterval(this.#timer)
    this.hub.close()
    for (const name of [...this.seats.keys()]) this.leave(name)
    for (const table of this.#tables) await table.close()
  }

  async until(isSo: () => boolean, ms = 20_000): Promise<void> {
    const end = performance.now() + ms
    while (!isSo()) {
      if (performance.now() > end) throw new Error(`not so after ${ms} ms`)
      await new Promise((done) => setTimeout(done, 5))
    }
  }

  /** Where the cards of a station lie at its own side, and at the Hub's. */
  slots(name: string, side: 'station' | 'hub'): CardSlots {
    const up = this.cupboard.at(name, 'card-up')
    const down = this.cupboard.at(name, 'card-down')
    return side === 'station' ? { read: down, write: up } : { read: up, write: down }
  }

  wayOf(name: string): Way {
    const { way } = this.#options
    return typeof way === 'string' ? way : way(name)
  }

  async layTable(): Promise<void> {
    this.#tables = []
    const of = (way: Way) => this.#called.filter((name) => this.wayOf(name) === way)
    if (of('cards').length > 0) this.#tables.push(this.#cardTable(of('cards')))
    if (of('network').length > 0) this.#tables.push(await this.#networkTable(of('network')))
  }

  #cardTable(names: readonly string[]): HubTable {
    const { plan, clock } = this
    const random = (length: number) => crypto.getRandomValues(new Uint8Array(length))
    const report = (event: Event) => void this.hubEvents.push(event)
    const stations = new Map(
      names.map((name) => [parseHandle(name), this.slots(name, 'hub')] as const),
    )
    const settings = { plan, clock, random, report, quietMs: 5, stations }
    return hubOnCards(settings, this.#seated)
  }

  async #networkTable(names: readonly string[]): Promise<HubTable> {
    const ends = this.#options.ends ?? new Map<string, End>()
    const report = (event: Event) => void this.hubEvents.push(event)
    const { identity } = this.#end(tableName)
    const port = this.#networkAddress.port || 21_000 + ((process.pid * 7 + drawn++) % 20_000)
    this.#networkAddress = { host: '127.0.0.1', port }
    const stations = names.map((node) => ({ node, transport: ends.get(node)?.leaf.pin ?? '' }))
    return hubOnNetwork(
      {
        ...{ org: 'acme', identity, isRehearsal: true, nowMs: Date.now, report, stations },
        hub: this.#networkAddress,
      },
      this.#seated,
    )
  }

  #stationTable(name: string): StationTable {
    const { plan, clock } = this
    const random = (length: number) => crypto.getRandomValues(new Uint8Array(length))
    const report = (event: Event) => void this.at(name).events.push(event)
    switch (this.wayOf(name)) {
      case 'memory':
        return this.#memoryTable(name)
      case 'cards': {
        const slots = this.slots(name, 'station')
        const station: Handle = parseHandle(name)
        return stationOnCards({ plan, clock, random, report, quietMs: 5, slots, station })
      }
      case 'network': {
        const { identity } = this.#end(name)
        const { pin } = this.#end(tableName).leaf
        const hub = this.#networkAddress
        const about = { org: 'acme', identity, isRehearsal: true, nowMs: Date.now, report }
        return stationOnNetwork({ ...about, hub, transport: pin })
      }
    }
  }

  /** Two queues. */
  #memoryTable(name: string): StationTable {
    return {
      isCarried: true,
      tick: () => {},
      close: () => {},
      dial: () => {
        const { node, coordinator } = framePair()
        this.#seated(name, coordinator, true)
        return node
      },
    }
  }

  /** Whatever the way, what is bent is bent at the Hub's end. */
  readonly #seated: Seated = (name, stream, isCarried) => {
    const bent = bentStream(name, stream, () => ({
      up: (station, frame) => {
        this.said.push({ station, frame })
        return this.tamper.up?.(station, frame) ?? [frame]
      },
      down: (station, frame) => {
        this.carried.push({ station, frame })
        return this.tamper.down?.(station, frame) ?? [frame]
      },
    }))
    // A station that was killed says nothing any more.
    this.#ends.set(name, () => stream.close())
    this.hub.seats.seated(name, bent, isCarried)
  }

  #makeHub(): Hub {
    const { house: cold, bundle, clock } = this
    const pages: readonly LogPage[] = framesOf(bundle, house.origin)
    const { timeouts = { roundS: 20, sessionS: 60 } } = this.#options
    return new Hub({
      root: cold.root,
      pages,
      called: this.#called,
      patience: tablePatience(timeouts),
      clock,
      random: (length) => crypto.getRandomValues(new Uint8Array(length)),
      report: (event) => void this.hubEvents.push(event),
    })
  }

  #end(name: string): End {
    const end = this.#options.ends?.get(name)
    if (end === undefined) throw new Error(`no certificate of ${name}`)
    return end
  }

  #selfOf(name: string) {
    const x = this.house.names.indexOf(name) + 1
    return {
      org: parseHandle(house.org),
      env: 'dev' as const,
      node: parseNodeId(name),
      x,
      sign: house.keyOf(`${name}-identity`).sign,
      identity: house.keyOf(`${name}-identity`).publicKey,
      witness: house.keyOf(`${name}-witness`),
      secret: new Secret(house.keyOf(`${name}-secret`).publicKey.slice()),
      curve,
    }
  }
}
