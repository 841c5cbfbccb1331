// The house's own addresses, each derived here from keys whose lines the nodes of the pinned root
// signed: no coordinator can make a watcher or an auditor look at another address.
import { addressAt } from '../policy/chain/address.ts'
import { networkOf } from '../policy/rulebook.ts'
import type { Account } from '../policy/treasury/ledger.ts'
import type { VaultRow } from '../policy/view.ts'
import type { VaultId } from '../proto/ids.ts'
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
