// The exposure matrix: for one unit, the most that a single request may move from each vault to
// each class of destination. It is the first thing to read when a policy changes.
// Says nothing of windows: those are the limits.
import type { Handle, VaultId } from '../proto/ids.ts'
import type { Rulebook } from './rulebook.ts'
import { legs } from './rules/box.ts'
import { decimalOf } from './units.ts'

export interface Exposure {
  readonly from: VaultId
  readonly to: Handle
  /** A decimal of the unit; undefined where every request is denied. */
  readonly max: string | undefined
}

/** One cell for every vault and class, in the order of the policy. */
export function exposure(rulebook: Rulebook, unit: string): readonly Exposure[] {
  return [...rulebook.vaults.keys()].flatMap((from) =>
    [...rulebook.destinations.keys()].map((to) => ({
      from,
      to,
      max: most(rulebook, unit, from, to),
    })),
  )
}

/** The units of a policy's assets, each once. */
export function unitsOf({ assets }: Rulebook): readonly string[] {
  return [...new Set([...assets.values()].map((asset) => asset.unit))]
}

function most(rulebook: Rulebook, unit: string, from: VaultId, to: Handle): string | undefined {
  let most: { readonly scaled: bigint; readonly written: string } | undefined
  for (const { box } of rulebook.rules) {
    for (const leg of legs(box, rulebook)) {
      const asset = rulebook.assets.get(leg.asset)
      const hi = box.amounts.get(leg.asset)?.hi
      if (leg.from !== from || leg.to !== to || asset?.unit !== unit || hi === undefined) continue
      const scaled = hi * 10n ** BigInt(36 - asset.decimals)
      if (most === undefined || scaled > most.scaled) {
        most = { scaled, written: decimalOf(hi, asset.decimals) }
      }
    }
  }
  return most?.written
}
