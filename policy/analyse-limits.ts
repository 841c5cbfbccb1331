// The analyser on limits: value that leaves the house is summed over all addresses, no limit spans
// the main and the cold log, and no rule allows in one piece what its window could never hold.
import type { VaultId } from '../proto/ids.ts'
import { error, type Finding, note } from './finding.ts'
import type { Rulebook } from './rulebook.ts'
import { legs } from './rules/box.ts'
import { type Limit, selects, weight } from './rules/limit.ts'
import type { Rule } from './rules/rule.ts'

export function limitFindings(rulebook: Rulebook): readonly Finding[] {
  return [
    ...rulebook.rules.flatMap((rule) => aggregate(rule, rulebook)),
    ...rulebook.limits.flatMap((limit) => origins(limit, rulebook)),
    ...rulebook.rules.flatMap((rule) => ceilings(rule, rulebook)),
  ]
}

/** Each unit that the rule can send to a book must be in one sum over the whole of it. */
function aggregate(rule: Rule, rulebook: Rulebook): readonly Finding[] {
  const out = legs(rule.box, rulebook).filter(
    ({ to }) => rulebook.destinations.get(to)?.kind === 'book',
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

function ceilings(rule: Rule, rulebook: Rulebook): readonly Finding[] {
  return rulebook.limits.flatMap((limit) => {
    const above = legs(rule.box, rulebook).some(({ from: vault, to: dest, asset }) => {
      const amount = rule.box.amounts.get(asset)?.hi ?? 0n
      const spend = { vault, dest, asset, amount, rule: rule.id, to: '' }
      return selects(limit.selector, spend) && weight(limit, spend) > limit.max
    })
    const where = `rules.${rule.id}, limits.${limit.id}`
    return above ? [note('ceiling', where, 'one request may be more than the window holds')] : []
  })
}

function isCold(vault: VaultId, { vaults }: Rulebook): boolean {
  return vaults.get(vault)?.tier === 'cold'
}
