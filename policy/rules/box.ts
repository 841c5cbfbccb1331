// A rule's scope as a box: finite sets of operations, vaults, destination classes and initiating
// people, and for each asset an exact interval of base units. Intersection is component-wise, so
// overlap, death and gaps are decided exactly, with a point that shows them.
// Knows nothing of approvals; calendars are not part of a box yet.
import type { Handle, PersonId, VaultId } from '../../proto/ids.ts'
import { isCall, isMessage, type Op } from '../intent.ts'
import { type Asset, type Leg, type Network, opsFor, type Places, reaches } from '../places.ts'

/** Both ends belong to it. */
export interface Interval {
  readonly lo: bigint
  readonly hi: bigint
}

export interface Box {
  readonly ops: ReadonlySet<Op>
  readonly from: ReadonlySet<VaultId>
  readonly to: ReadonlySet<Handle>
  readonly initiators: ReadonlySet<PersonId>
  /** By the names of the policy; empty where nothing is called. */
  readonly calls: ReadonlySet<Handle>
  /** By the names of the policy; empty where nothing is said. */
  readonly messages: ReadonlySet<Handle>
  /** By asset. */
  readonly amounts: ReadonlyMap<Handle, Interval>
}

export interface Point extends Leg {
  readonly initiator: PersonId
  readonly amount: bigint
  /** The allowed call that it is; absent from what is none. */
  readonly call?: Handle
  /** The allowed message that it is; absent from what is none. */
  readonly message?: Handle
}

export type Component = 'op' | 'from' | 'to' | 'asset' | 'initiator' | 'amount' | 'call' | 'message'

/** The components in which the point lies outside; empty when the box holds it. */
export function misses(box: Box, point: Point): readonly Component[] {
  const interval = box.amounts.get(point.asset)
  const outside: readonly (readonly [Component, boolean])[] = [
    ['op', !box.ops.has(point.op)],
    ['from', !box.from.has(point.from)],
    ['to', !box.to.has(point.to)],
    ['asset', interval === undefined],
    ['initiator', !box.initiators.has(point.initiator)],
    ['call', isCall(point.op) && (point.call === undefined || !box.calls.has(point.call))],
    ['message', isMessage(point.op) && !(point.message && box.messages.has(point.message))],
    ['amount', interval !== undefined && !within(interval, point.amount)],
  ]
  return outside.filter(([, out]) => out).map(([component]) => component)
}

export function intersect(a: Box, b: Box): Box {
  const amounts = [...a.amounts].flatMap(([asset, left]) => {
    const right = b.amounts.get(asset)
    return right === undefined ? [] : [[asset, overlap(left, right)] as const]
  })
  return {
    ops: both(a.ops, b.ops),
    from: both(a.from, b.from),
    to: both(a.to, b.to),
    initiators: both(a.initiators, b.initiators),
    calls: both(a.calls, b.calls),
    messages: both(a.messages, b.messages),
    amounts: new Map(amounts.filter(([, { lo, hi }]) => lo <= hi)),
  }
}

/** Every way in which value can really move within the box. */
export function legs(box: Box, places: Places): readonly Leg[] {
  return [...walk(box, places)]
}

/** At least the number of legs, without making one: what a policy of many names would cost. */
export function legsAtMost(box: Box, places: Places): number {
  const assets = assetsByNetwork(box, places)
  const starts = [...box.from].map((from) => assets.get(places.vaults.get(from)?.network)?.length)
  return starts.reduce((sum: number, count) => sum + (count ?? 0), 0) * box.to.size
}

/** A point of the box that could really happen; undefined when the box is empty. */
export function witness(box: Box, places: Places): Point | undefined {
  const [leg] = walk(box, places)
  const [initiator] = box.initiators
  const amount = leg && box.amounts.get(leg.asset)?.lo
  if (leg === undefined || initiator === undefined || amount === undefined) return undefined
  const point = { ...leg, initiator, amount }
  const network = places.networks.get(places.vaults.get(leg.from)?.network ?? leg.asset)
  const call = isCall(leg.op) && network ? callOn(box, places, network) : undefined
  const message = isMessage(leg.op) && network ? messageOn(box, places, network) : undefined
  return { ...point, ...(call && { call }), ...(message && { message }) }
}

/** Vault by vault, only what lies on its network: the rest is never multiplied. */
function* walk(box: Box, places: Places): Generator<Leg, void> {
  const assets = assetsByNetwork(box, places)
  for (const from of box.from) {
    const vault = places.vaults.get(from)
    const network = vault && places.networks.get(vault.network)
    if (network === undefined) continue
    const moved = (assets.get(network.id) ?? []).flatMap((one) =>
      opsFor(one, network).map((op) => [one.id, op] as const),
    )
    const called = callOn(box, places, network)
    const stated = messageOn(box, places, network)
    const lawful = moved.filter(
      ([, op]) => box.ops.has(op) && (!isCall(op) || called) && (!isMessage(op) || stated),
    )
    for (const [asset, op] of lawful) {
      const all = [...box.to].map((to): Leg => ({ op, from, to, asset }))
      yield* all.filter((leg) => reaches(places, leg))
    }
  }
}

/** One of the box's calls whose contract is on this network. */
function callOn({ calls }: Box, places: Places, network: Network): Handle | undefined {
  return [...calls].find((id) => places.calls.get(id)?.network === network.id)
}

/** One of the box's messages that is of this network. */
function messageOn({ messages }: Box, places: Places, network: Network): Handle | undefined {
  return [...messages].find((id) => places.messages.get(id)?.network === network.id)
}

function assetsByNetwork(
  { amounts }: Box,
  { assets }: Places,
): ReadonlyMap<Handle | undefined, readonly Asset[]> {
  const known = [...amounts.keys()].flatMap((id) => assets.get(id) ?? [])
  return Map.groupBy(known, (asset) => asset.network)
}

function both<T>(a: ReadonlySet<T>, b: ReadonlySet<T>): ReadonlySet<T> {
  return new Set([...a].filter((item) => b.has(item)))
}

function within({ lo, hi }: Interval, amount: bigint): boolean {
  return lo <= amount && amount <= hi
}

function overlap(a: Interval, b: Interval): Interval {
  let { lo, hi } = a
  if (b.lo > lo) lo = b.lo
  if (b.hi < hi) hi = b.hi
  return { lo, hi }
}
