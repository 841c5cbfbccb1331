// Targets and sweeps of a policy: how much of an asset a vault should hold, and what of deposit
// addresses is worth bringing in. They allow nothing: whatever is proposed from them is an intent
// like any other, judged by the rules. Written here, because who moves money between the house's
// own vaults decides as much as who pays.
// Every way stays between own vaults of one network, and no surplus goes round in a circle.
// A vault of another log is the class that a book fills with its address: a surplus may go there,
// and it may be filled; nothing is brought from there, for its key is not in this log.
import type { Handle, VaultId } from '../../proto/ids.ts'
import { refuse } from '../../proto/refusal.ts'
import { handle, integer, objectWith, type Shaped } from '../../proto/shape.ts'
import { traitsOf } from '../chain/chains.ts'
import type { Asset, Network, Places } from '../places.ts'
import { baseUnits, decimal } from '../units.ts'
import { vaultId } from '../vault.ts'
import { type Place, placeName } from './ledger.ts'

/** Amounts in base units of the asset. */
export interface Target {
  readonly id: Handle
  readonly at: Place
  readonly asset: Handle
  /** Below it the place is filled up to `target`, from `refill`. */
  readonly floor: bigint
  readonly target: bigint
  /** Above it what is more than `target` goes to `surplus`. */
  readonly ceiling: bigint
  readonly surplus: Place | undefined
  readonly refill: VaultId | undefined
}

export interface Sweep {
  readonly id: Handle
  /** Its deposit addresses are swept: the paths below `m`. */
  readonly vault: VaultId
  readonly asset: Handle
  readonly to: VaultId
  /** Base units of the asset: less than this stays where it is. */
  readonly minimum: bigint
  /** Base units of the network's coin: the most that one sweep may cost. */
  readonly gas: bigint
  /** Who pays for it, where a token is swept; a coin pays for itself. */
  readonly gasFrom: VaultId | undefined
  /** The most that moving may cost at present fees, in percent of what is moved. */
  readonly costPercent: number
  /**
   * What one whole coin is worth to whoever signs the policy, base units of the token; undefined
   * where they do not say: then `minimum` and `gas` decide alone.
   */
  readonly coinPrice: bigint | undefined
  /** Base units of one whole coin. */
  readonly coinUnits: bigint
}

export interface Treasury {
  readonly targets: ReadonlyMap<Handle, Target>
  readonly sweeps: ReadonlyMap<Handle, Sweep>
}

export const targetShape = objectWith(
  { asset: handle, floor: decimal, target: decimal, ceiling: decimal },
  { vault: vaultId, class: handle, surplus: vaultId, surplusClass: handle, refill: vaultId },
)

export const sweepShape = objectWith(
  { vault: vaultId, asset: handle, to: vaultId, minimum: decimal, gas: decimal },
  { gasFrom: vaultId, costPercent: integer(1, 100), coinPrice: decimal },
)

/** Where the policy does not say. */
const costPercentUsual = 10

/** An id is part of the idempotency keys that are made from it. */
const idMax = 64

type Around = Pick<Places, 'networks' | 'assets' | 'vaults' | 'destinations'>

interface WrittenTreasury {
  readonly targets: ReadonlyMap<Handle, Shaped<typeof targetShape>> | undefined
  readonly sweeps: ReadonlyMap<Handle, Shaped<typeof sweepShape>> | undefined
}

export function treasuryOf({ targets, sweeps }: WrittenTreasury, places: Around): Treasury {
  const all = [...(targets ?? [])].map(([id, written]) => targetOf(id, written, places))
  const swept = [...(sweeps ?? [])].map(([id, written]) => sweepOf(id, written, places))
  requireOnce('targets', all)
  requireOnce(
    'sweeps',
    swept.map((one) => ({ ...one, at: ownPlace(one.vault) })),
  )
  requireNoCircle(all)
  requireGasStays(swept)
  return {
    targets: new Map(all.map((one) => [one.id, one])),
    sweeps: new Map(swept.map((one) => [one.id, one])),
  }
}

function targetOf(id: Handle, written: Shaped<typeof targetShape>, places: Around): Target {
  const path = `targets.${id}`
  const { vault, asset: name, surplus, surplusClass, refill } = written
  const [of, to] = [placeOf(vault, written.class), placeOf(surplus, surplusClass)].map((one) =>
    one === 'both' ? bad(`${path}: expected a vault or a class, not both`) : one,
  )
  const at = of ?? bad(`${path}: expected vault or class`)
  const asset = assetAt(path, at, { name, places })
  const units = (key: 'floor' | 'target' | 'ceiling'): bigint =>
    baseUnits(written[key], asset.decimals, `${path}.${key}`)
  const [floor, target, ceiling] = [units('floor'), units('target'), units('ceiling')]
  if (floor > target || target > ceiling || floor === ceiling) {
    bad(`${path}: expected floor, target, ceiling in this order, got ${floor} ${target} ${ceiling}`)
  }
  if (to === undefined && refill === undefined) bad(`${path}: expected surplus, refill or both`)
  if (vault !== undefined && (surplus === vault || refill === vault)) {
    bad(`${path}: expected another vault than ${vault}`)
  }
  if (to !== undefined) {
    if (vault === undefined) bad(`${path}: expected no surplus of a vault of another log`)
    requireReached(path, to, asset, places)
  }
  if (refill !== undefined) {
    heldAt(path, { vault: refill, asset: asset.id }, places)
    requireReached(path, at, asset, places)
  }
  return { id, at, asset: asset.id, floor, target, ceiling, surplus: to, refill }
}

function placeOf(
  vault: VaultId | undefined,
  named: Handle | undefined,
): Place | 'both' | undefined {
  if (vault !== undefined && named !== undefined) return 'both'
  if (vault !== undefined) return ownPlace(vault)
  return named === undefined ? undefined : { class: named }
}

function ownPlace(vault: VaultId): Place {
  return { vault, path: 'm' }
}

function assetAt(
  path: string,
  at: Place,
  { name, places }: { readonly name: Handle; readonly places: Around },
): Asset {
  if ('vault' in at) return heldAt(path, { vault: at.vault, asset: name }, places).asset
  return places.assets.get(name) ?? bad(`${path}: unknown ${name}`)
}

function sweepOf(id: Handle, written: Shaped<typeof sweepShape>, places: Around): Sweep {
  const path = `sweeps.${id}`
  const { vault, to, gasFrom } = written
  const { asset, network } = heldAt(path, { vault, asset: written.asset }, places)
  requireOwn(path, to, asset, places)
  const coin = places.assets.get(network.feeAsset) ?? bad(`${path}: no coin for fees`)
  const minimum = baseUnits(written.minimum, asset.decimals, `${path}.minimum`)
  const gas = baseUnits(written.gas, coin.decimals, `${path}.gas`)
  if (gas === 0n || gas > network.maxFee) {
    bad(`${path}.gas: expected more than nothing, and at most maxFee of ${network.id}`)
  }
  const coinFee = traitsOf(network.caip2).coinFee(network)
  if (gas < coinFee) {
    bad(`${path}.gas: expected at least ${coinFee}, or ${coin.id} can not be sent, got ${gas}`)
  }
  if (minimum === 0n) bad(`${path}.minimum: expected more than nothing`)
  const isCoin = asset.id === coin.id
  if (isCoin === (gasFrom !== undefined)) {
    bad(`${path}.gasFrom: expected for tokens only, and for each of them`)
  }
  if (isCoin && minimum <= gas) bad(`${path}.minimum: expected more than gas, or it pays nothing`)
  if (gasFrom !== undefined) {
    requireOwn(path, vault, coin, places)
    heldAt(path, { vault: gasFrom, asset: coin.id }, places)
  }
  const { costPercent = costPercentUsual } = written
  const coinPrice = priceOf(written.coinPrice, asset, { path, isCoin })
  const [of, coinUnits] = [asset.id, 10n ** BigInt(coin.decimals)]
  return { id, vault, asset: of, to, minimum, gas, gasFrom, costPercent, coinPrice, coinUnits }
}

function priceOf(
  written: string | undefined,
  { decimals }: Asset,
  { path, isCoin }: { readonly path: string; readonly isCoin: boolean },
): bigint | undefined {
  if (written === undefined) return undefined
  if (isCoin) bad(`${path}.coinPrice: expected for tokens only`)
  const price = baseUnits(written, decimals, `${path}.coinPrice`)
  return price > 0n ? price : bad(`${path}.coinPrice: expected more than nothing`)
}

function heldAt(
  path: string,
  { vault, asset }: { readonly vault: VaultId; readonly asset: Handle },
  places: Around,
): { readonly asset: Asset; readonly network: Network } {
  const of = places.vaults.get(vault) ?? bad(`${path}: unknown ${vault}`)
  const found = places.assets.get(asset) ?? bad(`${path}: unknown ${asset}`)
  const network = places.networks.get(of.network) ?? bad(`${path}: unknown ${of.network}`)
  if (found.network !== network.id) bad(`${path}: ${asset} is not on the network of ${vault}`)
  return { asset: found, network }
}

/** Named by a class, or no rule could ever name it. */
function requireReached(path: string, place: Place, asset: Asset, places: Around): void {
  if ('vault' in place) {
    requireOwn(path, place.vault, asset, places)
    return
  }
  const found = places.destinations.get(place.class) ?? bad(`${path}: unknown ${place.class}`)
  // Many addresses, which whoever signs the records chooses, are no vault.
  if (found.kind !== 'book' || found.attestedBy !== '') {
    bad(`${path}: expected a class that a book alone fills, got ${place.class}`)
  }
}

function requireOwn(path: string, vault: VaultId, asset: Asset, places: Around): void {
  heldAt(path, { vault, asset: asset.id }, places)
  const classes = [...places.destinations.values()]
  if (!classes.some((item) => item.kind === 'vaults' && item.vaults.has(vault))) {
    bad(`${path}: ${vault} is in no class of own vaults`)
  }
}

function requireOnce(
  section: string,
  items: readonly { readonly id: Handle; readonly at: Place; readonly asset: Handle }[],
): void {
  const known = new Set<string>()
  for (const { id, at, asset } of items) {
    const name = `${placeName(at)} ${asset}`
    if (known.has(name)) bad(`${section}.${id}: a second entry of ${asset} at ${placeName(at)}`)
    if (id.length > idMax) bad(`${section}: expected names of at most ${idMax} characters`)
    known.add(name)
  }
}

/** From vault to vault the surplus ends somewhere. */
function requireNoCircle(targets: readonly Target[]): void {
  for (const first of targets) {
    const seen = new Set<string>()
    let one: Target | undefined = first
    while (one?.surplus !== undefined) {
      const name = placeName(one.at)
      if (seen.has(name)) bad(`targets.${first.id}: its surplus comes back to ${name}`)
      seen.add(name)
      one = next(targets, one)
    }
  }
}

/** Gas that was sent for tokens is never brought in as a deposit, to be sent once more. */
function requireGasStays(sweeps: readonly Sweep[]): void {
  for (const { id, vault, minimum, gasFrom } of sweeps) {
    if (gasFrom !== undefined) continue
    const tokens = sweeps.filter((one) => one.vault === vault && one.gasFrom !== undefined)
    const gas = tokens.reduce((sum, one) => sum + one.gas, 0n)
    if (tokens.length > 0 && minimum <= gas) {
      bad(`sweeps.${id}.minimum: expected more than the gas of all tokens of ${vault}, ${gas}`)
    }
  }
}

function next(targets: readonly Target[], { surplus, asset }: Target): Target | undefined {
  const to = surplus === undefined ? '' : placeName(surplus)
  return targets.find((one) => placeName(one.at) === to && one.asset === asset)
}

function bad(because: string): never {
  return refuse('INVALID_POLICY', because)
}
