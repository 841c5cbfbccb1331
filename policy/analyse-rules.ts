// The analyser on rules: two that can match one request, one that can match none, and tiers (rules
// with the same selectors and other amounts) that leave a gap or ask less of a higher amount.
// A gap denies, which is safe, and the format has no place to acknowledge one: it is a warning.
import { error, type Finding, warning } from './finding.ts'
import { peopleOf } from './quorum.ts'
import type { Rulebook } from './rulebook.ts'
import { type Box, intersect, type Point, witness } from './rules/box.ts'
import type { Rule } from './rules/rule.ts'

export function ruleFindings(rulebook: Rulebook): readonly Finding[] {
  const { rules } = rulebook
  return [
    ...rules.flatMap((rule, index) => overlaps(rule, rules.slice(index + 1), rulebook)),
    ...rules.flatMap((rule) => death(rule, rulebook)),
    ...families(rules).flatMap((family) => steps(family).flatMap(([low, high]) => tier(low, high))),
  ]
}

function overlaps(rule: Rule, others: readonly Rule[], rulebook: Rulebook): readonly Finding[] {
  return others.flatMap((other) => {
    const point = witness(intersect(rule.box, other.box), rulebook)
    const where = `rules.${rule.id}, rules.${other.id}`
    return point === undefined ? [] : [error('overlap', where, `both match ${shown(point)}`)]
  })
}

function death({ id, box, holdMs, ttlMs }: Rule, rulebook: Rulebook): readonly Finding[] {
  const where = `rules.${id}`
  if (holdMs >= ttlMs) return [error('dead rule', where, 'its hold is not over before its ttl')]
  if (witness(box, rulebook) === undefined) {
    return [error('dead rule', where, 'nothing can move this way: networks or operations differ')]
  }
  const guard = rulebook.guards.find(
    ({ denial }) =>
      denial.kind === 'op' && [...box.ops].every((op) => !denial.allowed.includes(op)),
  )
  return guard === undefined ? [] : [error('dead rule', where, `denied whole by ${guard.id}`)]
}

function tier(low: Rule, high: Rule): readonly Finding[] {
  const where = `rules.${low.id}, rules.${high.id}`
  const findings: Finding[] = []
  const hole = [...low.box.amounts].find(([asset, { hi }]) => {
    const next = high.box.amounts.get(asset)
    return next !== undefined && next.lo > hi + 1n
  })
  if (hole !== undefined) {
    findings.push(warning('gap', where, `${hole[0]} above ${hole[1].hi} matches no rule`))
  }
  const people = peopleOf(high.require)
  const below = peopleOf(low.require)
  if (people < below) {
    const because = `${high.id} asks ${people} people, ${low.id} asks ${below}`
    findings.push(error('higher needs less', where, because))
  }
  if (high.holdMs < low.holdMs) {
    findings.push(error('higher needs less', where, `${high.id} holds shorter than ${low.id}`))
  }
  return findings
}

/** Rules that differ in nothing but their amounts, lowest first. */
function families(rules: readonly Rule[]): readonly (readonly Rule[])[] {
  const byScope = Map.groupBy(rules, ({ box }) => scope(box))
  return [...byScope.values()].map((family) =>
    family.sort((a, b) => (floor(a) < floor(b) ? -1 : 1)),
  )
}

function scope({ ops, from, to, initiators, calls, messages, amounts }: Box): string {
  const sets = [ops, from, to, initiators, calls, messages, new Set(amounts.keys())]
  return JSON.stringify(sets.map((set) => [...set].sort()))
}

function floor({ box }: Rule): bigint {
  const [first] = [...box.amounts].sort(([a], [b]) => (a < b ? -1 : 1))
  return first?.[1].lo ?? 0n
}

function steps(family: readonly Rule[]): readonly (readonly [Rule, Rule])[] {
  return family.flatMap((low, index) => {
    const high = family[index + 1]
    return high === undefined ? [] : [[low, high] as const]
  })
}

function shown({ op, from, to, asset, initiator, amount }: Point): string {
  return `${op} of ${amount} ${asset} from ${from} to ${to} by ${initiator}`
}
