// Where value lies and where it may go: the networks, assets and destination classes of a policy.
// A class is either own vaults (their addresses are derived from keys, so no book can redefine
// them) or one book of records. Everything that has two names for one thing is refused here.
// `reaches` is rule 5 of the schema: what lies on different networks can never match.
import type { Handle, PersonId, VaultId } from '../proto/ids.ts'
import type { Json, JsonObject } from '../proto/jcs.ts'
import { refuse } from '../proto/refusal.ts'
import {
  handle,
  integer,
  list,
  literal,
  object,
  objectWith,
  type Reader,
  type Shaped,
  text,
} from '../proto/shape.ts'
import type { Calls } from './calls.ts'
import type { Terms } from './chain/chain.ts'
import { opsOf, parseAddress, settingsKeys, termsOf, tokenKinds, traitsOf } from './chain/chains.ts'
import { distinct, personId } from './document.ts'
import { type Op, parseNetwork } from './intent.ts'
import type { Messages } from './messages.ts'
import { baseUnits, decimal, durationMs, percent } from './units.ts'
import { type Vault, vaultId } from './vault.ts'

/** What may be used once for one intent: an account nonce, or one set of bytes for ever. */
export type SlotRule =
  | { readonly kind: 'nonce'; readonly bumpPercent: number }
  | { readonly kind: 'one-body'; readonly lifetimeMs: number; readonly lifetimeColdMs: number }

export interface Network extends Terms {
  readonly id: Handle
  readonly caip2: string
  /** Base units of `feeAsset`: the most that one transaction may cost. */
  readonly maxFee: bigint
  readonly feeAsset: Handle
  readonly slot: SlotRule
}

export interface Asset {
  readonly id: Handle
  readonly network: Handle
  /** `native`, or the kind of tokens of its network. */
  readonly kind: string
  /** Empty for the native coin. */
  readonly contract: string
  readonly decimals: number
  readonly unit: string
}

export type DestinationClass =
  | { readonly kind: 'vaults'; readonly id: Handle; readonly vaults: ReadonlySet<VaultId> }
  | {
      readonly kind: 'book'
      readonly id: Handle
      readonly book: Handle
      readonly cooldownMs: number
      /** Service whose signature alone makes a record; empty for none. */
      readonly attestedBy: PersonId | ''
    }

export interface Places {
  /** Contract calls that may be asked for. */
  readonly calls: Calls
  /** Messages that may be asked for. */
  readonly messages: Messages
  readonly networks: ReadonlyMap<Handle, Network>
  readonly assets: ReadonlyMap<Handle, Asset>
  readonly vaults: ReadonlyMap<VaultId, Vault>
  readonly destinations: ReadonlyMap<Handle, DestinationClass>
}

export interface Leg {
  readonly op: Op
  readonly from: VaultId
  readonly to: Handle
  readonly asset: Handle
}

/** Whether value can move this way at all: one network, and an operation that moves the asset. */
export function reaches(places: Places, leg: Leg): boolean {
  const asset = places.assets.get(leg.asset)
  const vault = places.vaults.get(leg.from)
  const to = places.destinations.get(leg.to)
  const network = vault && places.networks.get(vault.network)
  if (!asset || !vault || !to || !network || asset.network !== network.id) return false
  if (!opsFor(asset, network).includes(leg.op)) return false
  const { call, message, cancel } = opsOf(network.caip2)
  // An own vault is no contract.
  if (leg.op === call) return to.kind === 'book'
  // A message goes to its contract, or names who states it.
  if (leg.op === message) return to.kind === 'book' || to.vaults.has(leg.from)
  // A cancel goes back to who signs it.
  if (leg.op === cancel) return to.kind === 'vaults' && to.vaults.has(leg.from)
  return to.kind === 'book' || [...to.vaults].some((id) => onNetwork(places, id, network.id))
}

/**
 * The operations that move an asset of this network. The coin may go with a call, and stands in
 * requests of messages and cancels, which move none.
 */
export function opsFor({ kind }: Asset, { caip2 }: Network): readonly Op[] {
  const { native, token, call, message, cancel } = opsOf(caip2)
  if (kind !== 'native') return [token]
  return [native, call, message, cancel].filter((op) => op !== undefined)
}

type NetworkWritten = (Shaped<typeof nonceShape> | Shaped<typeof oneBodyShape>) & {
  /** What its kind alone has; `termsOf` reads it. */
  readonly settings: JsonObject
}

export const networkShape: Reader<NetworkWritten> = (value, path) => {
  const caip2 = at(value, 'caip2')
  const keys = typeof caip2 === 'string' ? settingsKeys(caip2) : []
  const [common, settings] = parted(value, keys)
  const shape = at(value, 'slot') === 'one-body' ? oneBodyShape : nonceShape
  return { ...shape(common, path), settings }
}

export const assetShape = objectWith(
  {
    network: handle,
    kind: literal('native', ...tokenKinds),
    decimals: integer(0, 36),
    unit: text(16, /^[A-Z][A-Z0-9]*$/),
  },
  { contract: text(64) },
)

export const destinationShape: Reader<
  Shaped<typeof vaultsClassShape> | Shaped<typeof bookClassShape>
> = (value, path) =>
  at(value, 'vaults') === undefined ? bookClassShape(value, path) : vaultsClassShape(value, path)

type Written<R> = ReadonlyMap<Handle, Shaped<R>>

export function networksOf(
  written: Written<typeof networkShape>,
  assets: ReadonlyMap<Handle, Asset>,
): ReadonlyMap<Handle, Network> {
  const known = new Set<string>()
  return mapValues(written, (id, network) => {
    const path = `networks.${id}`
    const { caip2, feeAsset } = network
    once(known, caip2, `${path}: ${caip2} stands twice`)
    const asset = assets.get(feeAsset)
    if (asset === undefined || asset.network !== id || asset.kind !== 'native') {
      return refuse('INVALID_POLICY', `${path}.feeAsset: expected the native asset of ${id}`)
    }
    const slot = slotOf(network)
    const { slot: expected } = traitsOf(caip2)
    if (slot.kind !== expected) {
      refuse('INVALID_POLICY', `${path}.slot: expected ${expected} on ${caip2}`)
    }
    const maxFee = baseUnits(network.maxFee, asset.decimals, `${path}.maxFee`)
    const terms = termsOf(caip2, network.settings, { path, decimals: asset.decimals })
    return { id, caip2, maxFee, feeAsset, slot, ...terms }
  })
}

export function assetsOf(
  written: Written<typeof assetShape>,
  networks: Written<typeof networkShape>,
): ReadonlyMap<Handle, Asset> {
  const known = new Set<string>()
  return mapValues(written, (id, asset) => {
    const { network, kind, contract = '', decimals, unit } = asset
    const path = `assets.${id}`
    const { caip2 } = networks.get(network) ?? refuse('INVALID_POLICY', `${path}: no ${network}`)
    // Absent, not empty: a coin is written in one form.
    if ((kind === 'native') === 'contract' in asset) {
      refuse('INVALID_POLICY', `${path}: expected a contract for tokens only`)
    }
    if (kind !== 'native') {
      const { tokens } = traitsOf(caip2)
      if (kind !== tokens) refuse('INVALID_POLICY', `${path}.kind: expected ${tokens} on ${caip2}`)
      parseAddress(caip2, contract, `${path}.contract`)
    }
    once(known, `asset ${network} ${contract}`, `${path}: the same asset stands twice`)
    // People are shown amount, unit and network, so on one network a unit names one asset.
    once(known, `unit ${network} ${unit}`, `${path}: another asset of ${network} is called ${unit}`)
    return { id, network, kind, contract, decimals, unit }
  })
}

export function destinationsOf(
  written: Written<typeof destinationShape>,
  vaults: ReadonlyMap<VaultId, Vault>,
): ReadonlyMap<Handle, DestinationClass> {
  const known = new Set<string>()
  return mapValues(written, (id, item): DestinationClass => {
    const path = `destinations.${id}`
    if ('vaults' in item) {
      for (const vault of item.vaults) {
        if (!vaults.has(vault)) refuse('INVALID_POLICY', `${path}: unknown vault ${vault}`)
        once(known, `vault ${vault}`, `${path}: ${vault} is in two classes`)
      }
      return { kind: 'vaults', id, vaults: new Set(item.vaults) }
    }
    const { book, cooldown, attestedBy = '' } = item
    once(known, `book ${book}`, `${path}: book ${book} is in two classes`)
    return { kind: 'book', id, book, cooldownMs: cooldown, attestedBy }
  })
}

const caip2: Reader<string> = (value, path) => {
  const network = parseNetwork(text(48)(value, path))
  opsOf(network)
  return network
}

const networkFields = { caip2, maxFee: decimal, feeAsset: handle }
const nonceShape = object({ ...networkFields, slot: literal('nonce'), bump: percent })
/** In its last minute nothing is signed (`lifetime.ts`), so there has to be time before. */
const txLifetimeMs: Reader<number> = (value, path) => {
  const length = durationMs(value, path)
  return length >= 120_000 ? length : refuse('INVALID_POLICY', `${path}: expected at least 2m`)
}
const oneBodyShape = object({
  ...networkFields,
  slot: literal('one-body'),
  maxTxLifetime: txLifetimeMs,
  maxTxLifetimeCold: txLifetimeMs,
})
const vaultsClassShape = object({ vaults: distinct(list(vaultId, 1)) })
const bookClassShape = objectWith({ book: handle, cooldown: durationMs }, { attestedBy: personId })

function slotOf(network: Shaped<typeof networkShape>): SlotRule {
  if (network.slot === 'nonce') return { kind: 'nonce', bumpPercent: network.bump }
  const { maxTxLifetime: lifetimeMs, maxTxLifetimeCold: lifetimeColdMs } = network
  return { kind: 'one-body', lifetimeMs, lifetimeColdMs }
}

function onNetwork(places: Places, vault: VaultId, network: Handle): boolean {
  return places.vaults.get(vault)?.network === network
}

function mapValues<A, B>(
  written: ReadonlyMap<Handle, A>,
  change: (id: Handle, value: A) => B,
): ReadonlyMap<Handle, B> {
  return new Map([...written].map(([id, value]) => [id, change(id, value)]))
}

function once(known: Set<string>, name: string, because: string): void {
  if (known.has(name)) refuse('INVALID_POLICY', because)
  known.add(name)
}

/** A key of what may be an object; the shapes say afterwards what is wrong with it. */
function at(value: Json | undefined, key: string): Json | undefined {
  if (typeof value !== 'object' || Array.isArray(value)) return undefined
  return Object.hasOwn(value, key) ? (value as JsonObject)[key] : undefined
}

/** Without these keys, and those of them that are there; what is no object is left as it is. */
function parted(value: Json | undefined, keys: readonly string[]): [Json | undefined, JsonObject] {
  if (typeof value !== 'object' || Array.isArray(value)) return [value, {}]
  const all = Object.entries(value as JsonObject)
  const isOwn = ([key]: readonly [string, unknown]): boolean => keys.includes(key)
  return [
    Object.fromEntries(all.filter((one) => !isOwn(one))),
    Object.fromEntries(all.filter(isOwn)),
  ]
}
