// evaluate: the one judgement of a request, by sequencer, node and auditor alike. Structure, then
// every guard, then exactly one rule, then every limit, then the quorum, then the hold; nothing is
// short-circuited, so a verdict carries every reason and a trace that replays byte for byte.
// INVARIANT: total (an exception is ERROR, once, here), pure, blind to the order of guards, rules,
// limits and approvals, and monotone in approvals. Only ALLOW is actionable.
// Source: policy design 3.4.
import { text } from '../proto/jcs.ts'
import { Refused } from '../proto/refusal.ts'
import { writeTimeMillis } from '../proto/shape.ts'
import { type Facts, factsText, parseFacts } from './facts.ts'
import { judgeLimits } from './judge-limits.ts'
import { judgeQuorum, type QuorumFinding } from './judge-quorum.ts'
import { judgeGuards, judgeRules } from './judge-rules.ts'
import type { Roster } from './roster.ts'
import type { Rulebook } from './rulebook.ts'
import type { Rule } from './rules/rule.ts'
import { engine, no, type Reason, type Step, type Verdict } from './verdict.ts'

export function evaluate(facts: Facts, rulebook: Rulebook, roster: Roster): Verdict {
  try {
    return conclude(parseFacts(factsText(facts)), rulebook, roster)
  } catch (error) {
    return failed(error)
  }
}

function conclude(facts: Facts, rulebook: Rulebook, roster: Roster): Verdict {
  const guards = judgeGuards(facts, rulebook)
  const rules = judgeRules(facts, rulebook)
  const rule = rules.matched
  const times = judgeTimes(facts, rulebook, rule)
  const limits = judgeLimits(facts, rulebook, rule)
  const quorum = rule && judgeQuorum(facts, rule, rulebook, roster)

  const denied = [times, guards, rules, limits].flatMap((step) => step.reasons)
  const reasons = [...denied, ...(quorum?.reasons ?? [])]
  const result = rules.ambiguous ? 'ERROR' : resultOf(denied, quorum)
  const matched = rule?.id ?? ''
  const trace = text({
    at: writeTimeMillis(facts.at),
    engine,
    guards: guards.trace,
    limits: limits.trace,
    quorum: quorum?.trace ?? {},
    reasons: reasons.map((reason) => ({ ...reason })),
    result: result.toLowerCase(),
    rule: matched,
    rules: rules.trace,
    times: times.trace,
  })
  return {
    kind: 'verdict',
    result,
    rule: matched,
    missing: quorum?.missing ?? [],
    limits: limits.exceeded,
    guards: guards.hit,
    reasons,
    trace,
  }
}

function resultOf(
  denied: readonly Reason[],
  quorum: QuorumFinding | undefined,
): 'ALLOW' | 'NEED' | 'DENY' {
  if (denied.length > 0 || quorum === undefined) return 'DENY'
  return quorum.reasons.length === 0 ? 'ALLOW' : 'NEED'
}

/** A policy past its end signs nothing; a rejection and the intent's own end are final. */
function judgeTimes(facts: Facts, rulebook: Rulebook, rule: Rule | undefined): Step {
  const { at, intent, rejected } = facts
  const { notBefore, expires } = rulebook
  const lapses = rule === undefined ? intent.notAfter : intent.created + rule.ttlMs
  const reasons: Reason[] = []
  if (at < notBefore) reasons.push(no('DELAY', 'policy', 'the policy is not in force yet'))
  if (at >= expires) reasons.push(no('RULESET_VERSION', 'policy', 'the policy is expired'))
  if (at > intent.notAfter) reasons.push(no('TIME', 'intent', 'the intent is past its notAfter'))
  if (rule !== undefined && at >= lapses)
    reasons.push(no('TIME', 'intent', 'the rule is open no longer'))
  if (rejected) reasons.push(no('REJECTED', 'intent', 'somebody who may approve said no'))
  const trace = {
    expires: writeTimeMillis(expires),
    lapses: writeTimeMillis(lapses),
    notAfter: writeTimeMillis(intent.notAfter),
    notBefore: writeTimeMillis(notBefore),
    rejected: `${rejected}`,
  }
  return { reasons, trace }
}

/** Whatever broke, nothing is lawful. */
export function failed(error: unknown): Verdict {
  // Messages of the engine's own errors differ between versions; a trace may not.
  const because = error instanceof Refused ? error.message : 'evaluation failed'
  const reasons: readonly Reason[] = [no('ERROR', 'evaluate', because)]
  const trace = text({ because, engine, result: 'error' })
  const nothing = { missing: [], limits: [], guards: [] }
  return { kind: 'verdict', result: 'ERROR', rule: '', ...nothing, reasons, trace }
}
