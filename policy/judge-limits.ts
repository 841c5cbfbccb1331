// Evaluation, the limits: every limit that covers the request under its rule must hold it as well.
// What a limit has used comes from the log's fold and is never computed here.
import type { Handle } from '../proto/ids.ts'
import type { Json } from '../proto/jcs.ts'
import { refuse } from '../proto/refusal.ts'
import type { Facts } from './facts.ts'
import type { Rulebook } from './rulebook.ts'
import { covers, type Limit, weight } from './rules/limit.ts'
import type { Rule } from './rules/rule.ts'
import { byId, type Reason, type Step } from './verdict.ts'

export interface LimitStep extends Step {
  readonly exceeded: readonly Handle[]
}

export function judgeLimits(facts: Facts, rulebook: Rulebook, rule: Rule | undefined): LimitStep {
  const judged = byId(rulebook.limits).map((limit) => judgeLimit(limit, facts, rule))
  const exceeded = judged.filter((item) => item.reason !== undefined)
  return {
    exceeded: exceeded.map((item) => item.id),
    reasons: exceeded.flatMap(({ reason }) => (reason === undefined ? [] : [reason])),
    trace: judged.map((item) => item.trace),
  }
}

interface JudgedLimit {
  readonly id: Handle
  readonly reason: Reason | undefined
  readonly trace: Json
}

function judgeLimit(limit: Limit, facts: Facts, rule: Rule | undefined): JudgedLimit {
  const { id, max } = limit
  const { vault, asset, amount, to } = facts.intent
  const spend = { vault, asset, amount, to, dest: facts.destination.class }
  if (rule === undefined || !covers(limit, { ...spend, rule: rule.id })) {
    return { id, reason: undefined, trace: { covers: false, id } }
  }
  const asked = weight(limit, { ...spend, rule: rule.id })
  const used = usedOf(facts, id)
  const room = max > used ? max - used : 0n
  const trace = { asked: `${asked}`, covers: true, id, max: `${max}`, used: `${used}` }
  if (used + asked <= max) return { id, reason: undefined, trace }
  const because = `expected at most ${room} of ${max}, got ${asked}`
  // What no window could ever hold never fits, however long it waits.
  const stands = asked > max ? 'final' : 'later'
  return { id, trace, reason: { code: 'LIMIT', stands, rule: id, because } }
}

function usedOf({ history }: Facts, id: Handle): bigint {
  const [use, ...more] = history.limits.filter((item) => item.id === id)
  if (use === undefined || more.length > 0) {
    return refuse('ERROR', `expected one figure for limit ${id}, got ${more.length}`)
  }
  return use.used
}
