// Opens houses for tests: a database of its own in memory, everybody started, keys in place. The key of
// the hot vault is made by all three nodes once for a process, and later houses find the sealed
// shares and the confirmed line as a restored disk would: making keys takes longer than most tests.
import { cpSync, mkdtempSync, readdirSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { migrate } from '../../coordinator/store/migrate.ts'
import { openPglite } from '../../coordinator/store/pglite.ts'
import type { Store } from '../../coordinator/store/store.ts'
import { parseVaultId } from '../../proto/ids.ts'
import type { JsonObject } from '../../proto/jcs.ts'
import { isRefusal } from '../../proto/refusal.ts'
import { House, names } from './house.ts'
import type { HouseOptions } from './house-options.ts'

/** Sealed shares by node, and the line that every node confirmed. */
interface MadeKey {
  readonly directory: string
  readonly body: JsonObject
}

let database: Promise<Store> | undefined
let made: MadeKey | undefined

/** `started`: of the coordinators that the nodes know, those that run. */
export interface OpenOptions extends HouseOptions {
  readonly started?: readonly string[]
  /** No vault has a key. */
  readonly keyless?: boolean
}

/** Ready to sign for the vault `hot`. One at a time: they share a database. */
export async function openHouse(options: OpenOptions = {}): Promise<House> {
  database ??= openPglite('test')
  const store = await database
  await store.query('drop schema public cascade; create schema public')
  await migrate(store)
  const house = new House(store, options)
  for (const name of options.started ?? options.coordinators ?? ['c1']) {
    await house.startCoordinator(name)
  }
  if (made !== undefined && options.keyless !== true) layShares(house, made)
  for (const name of names) house.at(name).start()
  await ready(house)
  if (options.keyless === true) return house
  if (made === undefined) made = await makeKey(house)
  else await writeKeyLine(house, made)
  await holding(house)
  return house
}

/** All nodes ready and paired with both others, as the first coordinator sees it. */
export function ready(house: House): Promise<void> {
  return house.until('three ready nodes', () => names.every((name) => isReady(house, name)))
}

export function isReady(house: House, name: string): boolean {
  if (!house.at(name).isUp) return false
  const { state, pairings, coordinators } = house.at(name).node.status()
  return state === 'ready' && pairings.length === names.length - 1 && coordinators.length > 0
}

/** These are ready, and each is paired with all others of them. */
export function areReady(house: House, nodes: readonly string[]): Promise<void> {
  return house.until(`${nodes} are ready and paired`, () =>
    nodes.every((name) => {
      if (!house.at(name).isUp) return false
      const { pairings, state } = house.at(name).node.status()
      return state === 'ready' && nodes.every((peer) => peer === name || pairings.includes(peer))
    }),
  )
}

async function holding(house: House): Promise<void> {
  await house.until('three shares in force', () =>
    names.every((name) => house.at(name).node.status().vaults.includes('hot')),
  )
  await house.pass(500)
}

async function makeKey(house: House): Promise<MadeKey> {
  const row = await house.during(house.coordinator().keys.create(parseVaultId('hot')))
  if (isRefusal(row)) throw new Error(`${row.code}: ${row.because}`)
  await holding(house)
  const lines = await house.entries()
  const line = lines.find(({ type }) => type === 'key.generated')
  if (line === undefined) throw new Error('no line of the key')
  const directory = mkdtempSync(join(tmpdir(), 'house-key-'))
  for (const name of names) {
    cpSync(house.at(name).directory('keyshares'), join(directory, name), { recursive: true })
  }
  const { body } = JSON.parse(Buffer.from(line.bytes).toString()) as { readonly body: JsonObject }
  return { directory, body }
}

function layShares(house: House, { directory }: MadeKey): void {
  for (const name of names) {
    const from = join(directory, name)
    if (readdirSync(from).length === 0) throw new Error(`no share of ${name}`)
    cpSync(from, house.at(name).directory('keyshares'), { recursive: true })
  }
}

async function writeKeyLine(house: House, { body }: MadeKey): Promise<void> {
  const line = { actor: 'coordinator', type: 'key.generated', body }
  const content = { receipts: [], lines: [line], documents: [] }
  const answer = await house.during(
    house.coordinator().sequencer.propose({ kind: 'lines', content }),
  )
  if (isRefusal(answer)) throw new Error(`${answer.code}: ${answer.because}`)
}
