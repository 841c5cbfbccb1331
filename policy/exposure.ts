// The exposure matrix: for one unit, the most that a single request may move from each vault to
// each class of destination. It is the first thing to read when a policy changes.
// Says nothing of windows: those are the limits.
import type { Handle, VaultId } from '../proto/ids.ts'
import type { Rulebook } from './rulebook.ts'
import { type Box, legs } from './rules/box.ts'
import { decimalOf } from './units.ts'

export interface Exposure {
  readonly from: VaultId
  readonly to: Handle
  /** A decimal of the unit; undefined where every request is denied. */
  readonly max: string | undefined
}

/** One cell for every vault and class, in the order of the policy. */
export function exposure(rulebook: Rulebook, unit: string): readonly Exposure[] {
  const ways = rulebook.rules.flatMap(({ box }) => waysOf(box, unit, rulebook))
  const cells = Map.groupBy(ways, ({ from, to }) => `${from} ${to}`)
  return [...rulebook.vaults.keys()].flatMap((from) =>
    [...rulebook.destinations.keys()].map((to) => {
      const [first, ...more] = cells.get(`${from} ${to}`) ?? []
      const most = more.reduce((a, b) => (a && a.scaled >= b.scaled ? a : b), first)
      return { from, to, max: most?.written }
    }),
  )
}

/** The units of a policy's assets, each once. */
export function unitsOf({ assets }: Rulebook): readonly string[] {
  return [...new Set([...assets.values()].map((asset) => asset.unit))]
}

interface Way {
  readonly from: VaultId
  readonly to: Handle
  /** At the most decimals that an asset can have, so that assets of one unit compare. */
  readonly scaled: bigint
  readonly written: string
}

function waysOf(box: Box, unit: string, rulebook: Rulebook): readonly Way[] {
  return legs(box, rulebook).flatMap(({ from, to, asset: id }) => {
    const asset = rulebook.assets.get(id)
    const hi = box.amounts.get(id)?.hi
    if (asset?.unit !== unit || hi === undefined) return []
    const scaled = hi * 10n ** BigInt(36 - asset.decimals)
    return [{ from, to, scaled, written: decimalOf(hi, asset.decimals) }]
  })
}
