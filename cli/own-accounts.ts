// The house's own addresses, each derived here from keys whose lines the nodes of the pinned root
// signed: no coordinator can make a watcher or an auditor look at another address. Those of another
// log come from the books that the pinned roots name.
import { addressAt } from '../policy/chain/address.ts'
import { type Destination, destinationDigest } from '../policy/destination.ts'
import { networkOf } from '../policy/rulebook.ts'
import type { Account, Listed, Place } from '../policy/treasury/ledger.ts'
import type { VaultRow } from '../policy/view.ts'
import type { Digest, Handle, VaultId } from '../proto/ids.ts'
import type { Desk } from './desk.ts'
import { keyInForce } from './vault.ts'

interface OwnAccount extends Account {
  readonly network: string
  readonly address: string
}

/** The keys of these vaults; a vault without one is left out. */
export async function ownKeys(
  vaults: Iterable<VaultId>,
  desk: Desk,
): Promise<ReadonlyMap<VaultId, VaultRow>> {
  const found = new Map<VaultId, VaultRow>()
  for (const vault of new Set(vaults)) {
    const row = await keyInForce(vault, desk)
    if (row !== undefined) found.set(vault, row)
  }
  return found
}

/** Undefined where the vault has no key, or the policy does not name it. */
export function accountAt(
  { vault, path }: Account,
  keys: ReadonlyMap<VaultId, VaultRow>,
  { ruleset }: Pick<Desk, 'ruleset'>,
): OwnAccount | undefined {
  const key = keys.get(vault)
  const network = networkOf(ruleset.rulebook, vault)?.caip2
  if (key === undefined || network === undefined) return undefined
  return { vault, path, network, address: addressAt(network, key, path) }
}

export interface Addressed {
  readonly network: string
  readonly address: string
  /** Of its record in a book; empty for an own vault. */
  readonly dest: Digest | ''
}

/** Where an asset lies at a place, or why nobody can tell. */
export function addressOf(
  place: Place,
  asset: Handle,
  keys: ReadonlyMap<VaultId, VaultRow>,
  desk: Pick<Desk, 'ruleset'>,
): Addressed | string {
  if (!('vault' in place)) return listedAt(place, asset, desk)
  const account = accountAt(place, keys, desk)
  if (account === undefined) return 'the vault has no key'
  const { network, address } = account
  return { network, address, dest: '' }
}

/** Of several nobody here chooses one. */
function listedAt(
  { class: name }: Listed,
  asset: Handle,
  { ruleset }: Pick<Desk, 'ruleset'>,
): Addressed | string {
  const { assets, networks, destinations } = ruleset.rulebook
  const of = assets.get(asset)?.network
  const network = of === undefined ? undefined : networks.get(of)?.caip2
  const known = destinations.get(name)
  if (network === undefined || known?.kind !== 'book') return `no class of a book has ${asset}`
  const book = ruleset.books.find((one) => one.name === known.book)
  const records: readonly Destination[] = [...(book?.records.values() ?? [])]
  const active = records.filter((one) => one.network === network && one.status === 'active')
  const [record] = active
  if (record === undefined || active.length > 1) {
    const expected = `expected one active address on ${network} in the book ${known.book}`
    return `${expected}, got ${active.length}`
  }
  return { network, address: record.address, dest: destinationDigest(record) }
}
