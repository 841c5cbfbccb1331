// The analyser on limits: value that leaves the house is summed over all addresses, no limit spans
// the main and the cold log, and no rule allows in one piece what its window could never hold.
import type { VaultId } from '../proto/ids.ts'
import { error, type Finding, note } from './finding.ts'
import type { Rulebook } from './rulebook.ts'
import { legs } from './rules/box.ts'
import { covers, type Limit, type Spend, selects, weight } from './rules/limit.ts'
import type { Rule } from './rules/rule.ts'

export function limitFindings(rulebook: Rulebook): readonly Finding[] {
  const ways = rulebook.rules.map((rule) => ({ rule, spends: spendsOf(rule, rulebook) }))
  return [
    ...rulebook.rules.flatMap((rule) => aggregate(rule, rulebook)),
    ...rulebook.rules.flatMap((rule) => uncounted(rule, rulebook)),
    ...rulebook.limits.flatMap((limit) => origins(limit, rulebook)),
    ...rulebook.limits.flatMap((limit) => idle(limit, ways)),
    ...ways.flatMap((way) => closed(way, rulebook)),
    ...ways.flatMap((way) => ceilings(way, rulebook)),
  ]
}

interface Way {
  readonly rule: Rule
  readonly spends: readonly Span[]
}

/** What a rule lets pass along one leg: its smallest amount and its largest. */
interface Span {
  readonly least: Spend
  readonly most: Spend
}

function spendsOf({ id: rule, box }: Rule, rulebook: Rulebook): readonly Span[] {
  return legs(box, rulebook).flatMap(({ from: vault, to: dest, asset }) => {
    const interval = box.amounts.get(asset)
    const spend = { vault, dest, asset, rule, to: '' }
    if (interval === undefined) return []
    const { lo, hi } = interval
    return [{ least: { ...spend, amount: lo }, most: { ...spend, amount: hi } }]
  })
}

/** Each unit that the rule can send to a book must be in one sum over the whole of it. */
function aggregate(rule: Rule, rulebook: Rulebook): readonly Finding[] {
  const out = legs(rule.box, rulebook).filter(
    ({ to, asset }) =>
      rulebook.destinations.get(to)?.kind === 'book' && rule.box.amounts.get(asset)?.hi !== 0n,
  )
  const units = new Set(out.map(({ asset }) => rulebook.assets.get(asset)?.unit))
  return [...units].flatMap((unit) => {
    const ofUnit = out.filter(({ asset }) => rulebook.assets.get(asset)?.unit === unit)
    const covered = rulebook.limits.some(
      ({ measure, byDestination, selector }) =>
        measure.kind === 'sum' &&
        measure.unit === unit &&
        !byDestination &&
        ofUnit.every(({ from, to }) => selects(selector, { vault: from, dest: to, rule: rule.id })),
    )
    if (covered) return []
    return [error('no aggregate limit', `rules.${rule.id}`, `${unit} leaves without a sum limit`)]
  })
}

/** What a call or a message does is in no sum, so they are at least counted. */
function uncounted({ id, box }: Rule, rulebook: Rulebook): readonly Finding[] {
  const what = box.calls.size > 0 ? 'calls' : 'messages'
  const ways = box.calls.size + box.messages.size === 0 ? [] : legs(box, rulebook)
  const counted = rulebook.limits.some(
    ({ measure, byDestination, selector }) =>
      measure.kind === 'count' &&
      !byDestination &&
      ways.every(({ from, to }) => selects(selector, { vault: from, dest: to, rule: id })),
  )
  if (ways.length === 0 || counted) return []
  return [error('no aggregate limit', `rules.${id}`, `its ${what} are in no limit that counts`)]
}

function origins({ id, selector }: Limit, rulebook: Rulebook): readonly Finding[] {
  const vaults =
    selector.kind === 'route'
      ? [...selector.from]
      : rulebook.rules.flatMap((rule) => (selector.rules.has(rule.id) ? [...rule.box.from] : []))
  const cold = vaults.filter((vault) => isCold(vault, rulebook))
  if (cold.length === 0 || cold.length === vaults.length) return []
  const because = 'cold vaults are in a log of their own, so their sums cannot be joined'
  return [error('two origins', `limits.${id}`, because)]
}

/** A limit that counts nothing is an author's belief that something is bounded. */
function idle(limit: Limit, ways: readonly Way[]): readonly Finding[] {
  const counts = ways.some(({ spends }) => spends.some(({ most }) => covers(limit, most)))
  if (counts) return []
  return [error('dead limit', `limits.${limit.id}`, 'covers nothing that a rule lets pass')]
}

/** No window is wide enough for what the rule begins with, whichever way it goes. */
function closed({ rule, spends }: Way, rulebook: Rulebook): readonly Finding[] {
  const shut = spends.map(({ least }) => rulebook.limits.find((limit) => exceeds(limit, least)))
  const names = new Set(shut.map((limit) => limit?.id))
  if (spends.length === 0 || names.has(undefined)) return []
  const because = `its smallest amount is more than ${[...names].join(', ')} holds`
  return [error('dead rule', `rules.${rule.id}`, because)]
}

function ceilings({ rule, spends }: Way, rulebook: Rulebook): readonly Finding[] {
  return rulebook.limits.flatMap((limit) => {
    const above = spends.some(({ most }) => exceeds(limit, most))
    const where = `rules.${rule.id}, limits.${limit.id}`
    return above ? [note('ceiling', where, 'one request may be more than the window holds')] : []
  })
}

function exceeds(limit: Limit, spend: Spend): boolean {
  return selects(limit.selector, spend) && weight(limit, spend) > limit.max
}

function isCold(vault: VaultId, { vaults }: Rulebook): boolean {
  return vaults.get(vault)?.tier === 'cold'
}
