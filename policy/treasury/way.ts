// How much of a wish the rules take in one request: what no rule allows is not asked for at all,
// and what is more than the widest allows is asked for in pieces, one after the other.
import type { Handle, PersonId } from '../../proto/ids.ts'
import { opsOf } from '../chain/chains.ts'
import type { Op } from '../intent.ts'
import { classOfVault, type Rulebook } from '../rulebook.ts'
import type { Account, Place } from './ledger.ts'

export interface Way {
  readonly from: Account
  readonly to: Place
  readonly asset: Handle
}

interface Allowing {
  readonly rulebook: Rulebook
  /** Who would ask. */
  readonly by: PersonId
}

/** The most of `amount` that some rule takes, base units; undefined where none takes any. */
export function allowedOf(
  way: Way,
  amount: bigint,
  { rulebook, by }: Allowing,
): bigint | undefined {
  const to = classOf(way.to, rulebook)
  const op = transferOf(way, rulebook)
  if (to === undefined || op === undefined) return undefined
  let most: bigint | undefined
  for (const { box } of rulebook.rules) {
    const span = box.amounts.get(way.asset)
    const isOpen = box.ops.has(op) && box.from.has(way.from.vault) && box.to.has(to)
    if (span === undefined || !isOpen || !box.initiators.has(by)) continue
    const fits = amount < span.hi ? amount : span.hi
    if (fits >= span.lo && (most === undefined || fits > most)) most = fits
  }
  return most
}

/** The class by which rules name a place. */
export function classOf(place: Place, rulebook: Rulebook): Handle | undefined {
  return 'vault' in place ? classOfVault(rulebook, place.vault)?.id : place.class
}

/** The operation that moves the asset; undefined where it is on no network of the vault. */
export function transferOf({ from, asset }: Way, rulebook: Rulebook): Op | undefined {
  const known = rulebook.assets.get(asset)
  const network = rulebook.vaults.get(from.vault)?.network
  const caip2 = network && rulebook.networks.get(network)?.caip2
  if (known === undefined || caip2 === undefined || known.network !== network) return undefined
  const { native, token } = opsOf(caip2)
  return known.kind === 'native' ? native : token
}
