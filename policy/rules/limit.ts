// Limits: sums and counts over sliding windows (t − W, t], on rows that the log's fold keeps. A row
// counts while it closes after t − W, so an open reservation counts and a finished one counts until
// W after its end. Sums are exact: assets of one unit are scaled to the most decimals among them.
// Pure functions over rows; which rows there are, and when they close, is the fold's business.
import type { Handle, VaultId } from '../../proto/ids.ts'
import { refuse } from '../../proto/refusal.ts'
import type { Places } from '../places.ts'
import type { WrittenLimit } from '../policy-shape.ts'
import { named } from '../roles.ts'
import { baseUnits } from '../units.ts'
import type { SpendRow } from '../view.ts'

/** Which spends a limit covers. */
export type Selector =
  | {
      readonly kind: 'route'
      readonly from: ReadonlySet<VaultId>
      readonly to: ReadonlySet<Handle>
    }
  | { readonly kind: 'rule'; readonly rules: ReadonlySet<Handle> }

export type Measure =
  | { readonly kind: 'count' }
  | {
      readonly kind: 'sum'
      readonly unit: string
      readonly decimals: number
      /** By every asset of the policy: what one base unit adds; 0 for another unit. */
      readonly factors: ReadonlyMap<Handle, bigint>
    }

export interface Limit {
  readonly id: Handle
  readonly selector: Selector
  readonly measure: Measure
  readonly windowMs: number
  /** In the measure: a count, or a sum at `decimals`. */
  readonly max: bigint
  /** Each address has a sum of its own. */
  readonly byDestination: boolean
}

/** What a limit looks at, of a past spend or of one that asks. */
export interface Spend {
  readonly vault: VaultId
  /** Destination class. */
  readonly dest: Handle
  readonly rule: Handle
  readonly asset: Handle
  readonly amount: bigint
  readonly to: string
}

/** Whether the limit counts this spend: selected, and of its unit. */
export function covers(limit: Limit, spend: Spend): boolean {
  return selects(limit.selector, spend) && weight(limit, spend) > 0n
}

/** What the limit has used at `t`, for the address `to` where it counts by destination. */
export function used(
  limit: Limit,
  rows: Iterable<SpendRow>,
  at: { readonly t: number; readonly to: string },
): bigint {
  let sum = 0n
  for (const row of rows) {
    const counted = row.closesAt > at.t - limit.windowMs
    const grouped = !limit.byDestination || row.to === at.to
    if (counted && grouped && selects(limit.selector, row)) sum += weight(limit, row)
  }
  return sum
}

/** How much of the limit the spend takes. */
export function weight({ id, measure }: Limit, { asset, amount }: Spend): bigint {
  if (measure.kind === 'count') return 1n
  const factor = measure.factors.get(asset)
  // An asset that the policy no longer names has no known unit: nothing may be assumed of it.
  if (factor === undefined) return refuse('ERROR', `limit ${id}: unknown asset ${asset}`)
  return amount * factor
}

export function selects(
  selector: Selector,
  spend: Pick<Spend, 'vault' | 'dest' | 'rule'>,
): boolean {
  switch (selector.kind) {
    case 'route':
      return selector.from.has(spend.vault) && selector.to.has(spend.dest)
    case 'rule':
      return selector.rules.has(spend.rule)
  }
}

/** `rules`: ids of the rules in the same policy. */
export function limitOf(written: WrittenLimit, places: Places, rules: ReadonlySet<Handle>): Limit {
  const { id, window: windowMs, by } = written
  const path = `limits.${id}`
  const selector = selectorOf(written, places, rules)
  const measure = measureOf(written, places)
  const decimals = measure.kind === 'sum' ? measure.decimals : 0
  const max = baseUnits(written.max, decimals, `${path}.max`)
  return { id, selector, measure, windowMs, max, byDestination: by !== undefined }
}

function selectorOf(written: WrittenLimit, places: Places, rules: ReadonlySet<Handle>): Selector {
  const { id, from, to, rule } = written
  const path = `limits.${id}`
  if (rule !== undefined && from === undefined && to === undefined) {
    for (const name of rule) if (!rules.has(name)) bad(`${path}.rule: unknown ${name}`)
    return { kind: 'rule', rules: new Set(rule) }
  }
  if (rule !== undefined || from === undefined || to === undefined) {
    return bad(`${path}: expected either from and to, or rule`)
  }
  for (const vault of from) named(places.vaults, vault, `${path}.from`)
  for (const name of to) named(places.destinations, name, `${path}.to`)
  return { kind: 'route', from: new Set(from), to: new Set(to) }
}

function measureOf({ id, sum, count }: WrittenLimit, { assets }: Places): Measure {
  const path = `limits.${id}`
  if ((sum === undefined) === (count === undefined)) bad(`${path}: expected either sum or count`)
  if (sum === undefined) return { kind: 'count' }
  const ofUnit = [...assets.values()].filter(({ unit }) => unit === sum)
  if (ofUnit.length === 0) bad(`${path}.sum: no asset has the unit ${sum}`)
  const decimals = Math.max(...ofUnit.map((asset) => asset.decimals))
  const factors = [...assets.values()].map(
    ({ id: asset, unit, decimals: own }) =>
      [asset, unit === sum ? 10n ** BigInt(decimals - own) : 0n] as const,
  )
  return { kind: 'sum', unit: sum, decimals, factors: new Map(factors) }
}

function bad(because: string): never {
  return refuse('INVALID_POLICY', because)
}
