// DRILL-RB: nodes of a house whose disks go back, or that run twice, while payments and refreshes go
// on; and what the world outside saw of them. The oracle asks frames that left the node, never what
// the node believes: before it has rejoined nothing leaves but cosignatures of the very log, none
// below what its key had signed, and its part of the refresh.
import { cpSync, existsSync, mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { parseHandle } from '../../proto/ids.ts'
import { nativeCurve } from '../../signer-node/dkls23/curve-native.ts'
import { HistoryRows } from '../../signer-node/history-rows.ts'
import { restoreBackup } from '../../signer-node/restore.ts'
import { root } from '../coordinator/world.ts'
import type { House } from './house.ts'
import { approved, inForce, keyOf, pay, refreshOf, sharesOf } from './house-changes.ts'
import { checks } from './house-checks.ts'
import { ownerOf } from './house-instances.ts'
import { isReady, ready } from './house-open.ts'
import type { Left } from './house-record.ts'
import { backupBytes, recovery } from './recovery.ts'

/** What of a node went back; `all` is a whole machine with both its volumes. */
export const parts = {
  disk: ['data', 'keyshares'],
  all: ['data', 'keyshares', 'floor'],
  database: ['data'],
  keystore: ['keyshares'],
  floor: ['floor'],
} as const
export type Part = keyof typeof parts

const places = ['data', 'keyshares', 'floor'] as const

/** A copy of a node's disk, and how far its key had signed when it was taken. */
export interface Snapshot {
  readonly node: string
  readonly directory: string
  readonly signed: number
}

export type Ended =
  /** Found out, and fenced. */
  | 'refused'
  /** It was fenced, and its disk went back no further. */
  | 'fenced before'
  /** Of the epoch in force: it signs nothing until a backup and a refresh. */
  | 'no share'
  /** Nothing that anybody depends on. */
  | 'nothing lost'

export interface Point {
  readonly node: string
  readonly part: Part
  readonly ended: Ended
  readonly broken: readonly string[]
}

export class Rollbacks {
  readonly house: House
  readonly snapshots: Snapshot[] = []
  #taken = 0

  constructor(house: House) {
    this.house = house
  }

  /** Of a running node, as a copy between two of its steps finds the disk. */
  take(node: string): Snapshot {
    this.#taken += 1
    const directory = join(this.house.home, 'snapshots', `${this.#taken}`)
    this.#copy(node, places, directory)
    const snapshot = { node, directory, signed: signedBy(this.house, node) }
    this.snapshots.push(snapshot)
    return snapshot
  }

  /** The node dies and comes back on the old disk; one that was fenced before stays so. */
  async restore(snapshot: Snapshot, part: Part, isFenced = false): Promise<Point> {
    const { house } = this
    const { node } = snapshot
    const before = signedBy(house, node)
    const { epoch } = await keyOf(house)
    await this.#kill(node)
    this.#lay(snapshot, parts[part], node)
    const isDatabase = parts[part].some((place) => place === 'data')
    const isBehind = isDatabase && snapshot.signed < before
    const lacksShare = !sharesOf(house, node).some((file) => file.startsWith(`hot.${epoch}.`))
    const watch = new Watch(house, node, before)
    house.at(node).start()
    const paid = await pay(house)
    if (!isBehind && !lacksShare && !isFenced) {
      await house.until(`${node} is well`, () => isReady(house, node))
      await house.untilState(paid, 'SETTLED')
      return { node, part, ended: 'nothing lost', broken: [] }
    }
    const broken: string[] = []
    if (isBehind || isFenced) {
      await house.until(`${node} is fenced`, () => stateOf(house, node) === 'fenced')
    }
    await house.untilState(paid, 'SETTLED')
    broken.push(...watch.beforeRejoin())
    return {
      node,
      part,
      ended: isBehind ? 'refused' : isFenced ? 'fenced before' : 'no share',
      broken,
    }
  }

  /** As an operator does it: a share that is missing comes from its backup, then a refresh. */
  async rejoin(node: string, watch = new Watch(this.house, node, 0)): Promise<readonly string[]> {
    const { house } = this
    const { epoch } = await keyOf(house)
    if (!sharesOf(house, node).some((file) => file.startsWith(`hot.${epoch}.`))) {
      await this.#restoreShare(node, epoch)
    }
    await house.until(`${node} is fenced`, () => stateOf(house, node) === 'fenced')
    await approved(house, await refreshOf(house))
    const isRefreshed = async () => (await keyOf(house)).epoch > epoch
    await house.until(`an epoch above ${epoch}`, isRefreshed)
    const broken = watch.beforeRejoin()
    await inForce(house, epoch + 1)
    await ready(house)
    const { fenced } = house.at(node).node.status()
    return fenced === '' ? broken : [...broken, `${node} is still fenced: ${fenced}`]
  }

  /** Another instance of a node, on a snapshot or on its present disk. */
  spawn(instance: string, from: Snapshot): void {
    this.#lay(from, places, instance)
    this.house.addProcess(instance).start()
  }

  async end(instance: string): Promise<void> {
    await this.#kill(instance)
    rmSync(join(this.house.home, instance), { recursive: true, force: true })
  }

  /** As an operator does it: its copy is ended, and the node is started anew. */
  async endCopy(copy: string): Promise<void> {
    const { house } = this
    const node = ownerOf(copy)
    await this.end(copy)
    house.wires.plugAll()
    house.at(node).stop()
    await house.pass(100)
    house.at(node).start()
    // What others still tell of the copy begins the fence anew.
    await house.pass(70_000)
  }

  async #restoreShare(node: string, epoch: number): Promise<void> {
    const { house } = this
    await this.#kill(node)
    for (const file of sharesOf(house, node)) {
      rmSync(join(house.at(node).directory('keyshares'), file))
    }
    const { store, keystore } = house.at(node).disk()
    const x = root.nodes.find((one) => one.node === node)?.x ?? 0
    const owner = { org: root.org, env: root.env, node: parseHandle(node), x }
    const place = { owner, keystore, rows: new HistoryRows(store), curve: nativeCurve() }
    using key = recovery(owner)
    restoreBackup(place, backupBytes(house.at(node).directory('backups'), `hot.${epoch}`), key)
    store.close()
    house.at(node).start()
  }

  async #kill(node: string): Promise<void> {
    this.house.at(node).kill()
    await this.house.pass(100)
  }

  #copy(node: string, which: readonly string[], to: string): void {
    for (const place of which) {
      const from = join(this.house.home, node, place)
      if (existsSync(from)) cpSync(from, join(to, place), { recursive: true })
    }
  }

  #lay({ directory }: Snapshot, which: readonly string[], node: string): void {
    for (const place of which) {
      const to = join(this.house.home, node, place)
      rmSync(to, { recursive: true, force: true })
      mkdirSync(to, { recursive: true })
      cpSync(join(directory, place), to, { recursive: true })
    }
  }
}

/** What leaves one process from now on. */
export class Watch {
  readonly #house: House
  readonly #process: string
  readonly #signed: number
  readonly #from: { readonly heads: number; readonly accepted: number; readonly shares: number }

  /** `signed`: the largest head that the key had cosigned. */
  constructor(house: House, process: string, signed: number) {
    const { heads, accepted, shares } = house.record
    this.#house = house
    this.#process = process
    this.#signed = signed
    this.#from = { heads: heads.length, accepted: accepted.length, shares: shares.length }
  }

  /** Sentences about what must not leave a fenced node. */
  beforeRejoin(): readonly string[] {
    const { heads, accepted, shares } = this.#house.record
    const own = <T>(list: readonly T[], from: number, by: (one: T) => string): readonly T[] =>
      list.slice(from).filter((one) => by(one) === this.#process)
    const low = own(heads, this.#from.heads, ({ by }) => by).filter(
      ({ size }) => size < this.#signed,
    )
    const said = own(accepted, this.#from.accepted, ({ node }) => node)
    const left = own(shares, this.#from.shares, ({ node }) => node)
    return [
      ...low.map(({ size }) => `${this.#process} cosigned ${size}, had signed ${this.#signed}`),
      ...said.map(({ value }) => `${this.#process} accepted ${value.intent.slice(0, 8)}`),
      ...left.map(({ value }) => `${this.#process} released receipt ${value.counter}`),
    ]
  }
}

export const stateOf = (house: House, name: string): string => {
  const process = house.at(name)
  return process.isUp ? process.node.status().state : 'down'
}

/** Of all instances of one node together: an attempt is theirs once, and so is its share. */
export function doneTwice({ record }: House): readonly string[] {
  const twice = (what: string, list: readonly Left<Attempted>[]): readonly string[] => {
    const seen = new Set<string>()
    return list.flatMap(({ node, value: { intent, attempt } }) => {
      const name = `${ownerOf(node)} ${what} ${intent.slice(0, 8)}/${attempt}`
      const isNew = !seen.has(name)
      seen.add(name)
      return isNew ? [] : [`${name} twice`]
    })
  }
  return [...twice('accepted', record.accepted), ...twice('released', record.shares)]
}

type Attempted = { readonly intent: string; readonly attempt: number }

/** By its own hand, in whatever life. */
export function signedBy({ record }: House, node: string): number {
  return Math.max(0, ...record.heads.filter(({ by }) => by === node).map(({ size }) => size))
}

/** A disk that went back has lost its journal, and says so. */
const excused = ['nobody is banned', 'a share is in the journal']

/** All rules of a house but the one against alarms: alarms about disks are wanted here. */
export async function rulesBroken(house: House): Promise<readonly string[]> {
  const entries = await house.entries()
  const found: string[] = []
  for (const [rule, check] of Object.entries(checks)) {
    if (excused.some((what) => rule.startsWith(what))) continue
    for (const what of await check({ house, entries })) found.push(`${rule}: ${what}`)
  }
  found.push(...doneTwice(house))
  const alarms = ['peer-banned', 'peer-faulty', 'probation-failed', 'fork', 'clone']
  const said = house.record.events.filter(({ name }) => alarms.includes(name))
  return [...found, ...said.map(({ process, name }) => `${process}: ${name}`)]
}
