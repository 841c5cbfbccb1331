// judgeChange: the one judgement of a change, by sequencer, node, fold and auditor alike. The
// policy's section (`governance.key`, of a plan `governance.ceremony`) stands in the place of rules
// and limits: whether it fits, no freeze in its way, the delay, the people. Nothing is
// short-circuited, as in `evaluate`.
// INVARIANT: total, pure, blind to the order of approvals, monotone in them. Only ALLOW is
// actionable. The delay counts from the witnessed time of the request, so no date moves it.

import { type Handle, parseHandle } from '../proto/ids.ts'
import { text } from '../proto/jcs.ts'
import { writeTimeMillis } from '../proto/shape.ts'
import type { ChangeOp } from './change.ts'
import { type ChangeFacts, changeFactsText, parseChangeFacts } from './change-facts.ts'
import { stopsWhenFrozen } from './change-fit.ts'
import { failed } from './evaluate.ts'
import { writeTimeOrNone } from './facts.ts'
import { judgeQuorum } from './judge-quorum.ts'
import { inRoles } from './roles.ts'
import type { Roster } from './roster.ts'
import type { Rulebook } from './rulebook.ts'
import type { Rule } from './rules/rule.ts'
import { engine, no, type Reason, type Step, type Verdict } from './verdict.ts'

/** The section of the policy that a change is judged by, and its name in approvals. */
export interface Section {
  readonly rule: Handle
  readonly require: Rule['require']
  readonly delayMs: number
}

const keySection = parseHandle('governance.key')
const ceremonySection = parseHandle('governance.ceremony')

export function sectionOf(op: ChangeOp, { governance }: Pick<Rulebook, 'governance'>): Section {
  const isPlan = op === 'ceremony.plan'
  const { require, delay: delayMs } = isPlan ? governance.ceremony : governance.key
  return { rule: isPlan ? ceremonySection : keySection, require, delayMs }
}

/** The people that the section asks for, in the form that the quorum judge takes. */
export function ruleOfChange(
  op: ChangeOp,
  rulebook: Rulebook,
): Pick<Rule, 'id' | 'require' | 'holdMs'> {
  const { rule: id, require } = sectionOf(op, rulebook)
  return { id, require, holdMs: 0 }
}

export function judgeChange(facts: ChangeFacts, rulebook: Rulebook, roster: Roster): Verdict {
  try {
    return conclude(parseChangeFacts(changeFactsText(facts)), rulebook, roster)
  } catch (error) {
    return failed(error)
  }
}

function conclude(facts: ChangeFacts, rulebook: Rulebook, roster: Roster): Verdict {
  const { at, change, approvals } = facts
  const section = sectionOf(change.op, rulebook)
  const rule = ruleOfChange(change.op, rulebook)
  const times = judgeTimes(facts, rulebook)
  const asking = judgeAsking(facts, rulebook)
  const delay = judgeDelay(facts, section)
  const quorum = judgeQuorum({ at, intent: change, approvals }, rule, rulebook, roster)
  const denied = [times, asking, delay].flatMap((step) => step.reasons)
  const reasons = [...denied, ...quorum.reasons]
  const result = denied.length > 0 ? 'DENY' : quorum.reasons.length === 0 ? 'ALLOW' : 'NEED'
  const trace = text({
    asking: asking.trace,
    at: writeTimeMillis(at),
    delay: delay.trace,
    engine,
    quorum: quorum.trace,
    reasons: reasons.map((reason) => ({ ...reason })),
    result: result.toLowerCase(),
    rule: rule.id,
    times: times.trace,
  })
  const nothing = { limits: [], guards: [] }
  const { missing } = quorum
  return { kind: 'verdict', result, rule: rule.id, missing, ...nothing, reasons, trace }
}

function judgeTimes({ at, change, rejected }: ChangeFacts, rulebook: Rulebook): Step {
  const { notBefore, expires } = rulebook
  const reasons: Reason[] = []
  if (at < notBefore) reasons.push(no('DELAY', 'policy', 'the policy is not in force yet'))
  if (at >= expires) reasons.push(no('RULESET_VERSION', 'policy', 'the policy is expired'))
  if (at > change.notAfter) reasons.push(no('TIME', 'change', 'the change is past its notAfter'))
  if (rejected) reasons.push(no('REJECTED', 'change', 'somebody who may approve said no'))
  const trace = {
    expires: writeTimeMillis(expires),
    notAfter: writeTimeMillis(change.notAfter),
    notBefore: writeTimeMillis(notBefore),
    rejected: `${rejected}`,
  }
  return { reasons, trace }
}

/** Somebody whom the policy knows asks for something that fits and that no freeze stops. */
function judgeAsking({ change, frozen, unfit }: ChangeFacts, { roles }: Rulebook): Step {
  const { op, initiator, vault } = change
  const reasons: Reason[] = []
  if (!inRoles(roles, initiator, [...roles.keys()])) {
    reasons.push(no('OP_NOT_ALLOWED', 'change', `the policy has no role of ${initiator}`))
  }
  if (unfit !== '') reasons.push(no(unfit, 'change', `${op} does not fit ${vault} as it stands`))
  if (frozen && stopsWhenFrozen(op)) {
    reasons.push(no('FROZEN', 'change', `a freeze stops ${op} of ${vault}`))
  }
  return { reasons, trace: { frozen: `${frozen}`, initiator, op, unfit, vault } }
}

function judgeDelay({ at, createdAt }: ChangeFacts, { rule, delayMs }: Section): Step {
  const trace = { createdAt: writeTimeOrNone(createdAt), delayMs: `${delayMs}` }
  if (delayMs === 0) return { reasons: [], trace }
  if (createdAt === undefined) {
    const because = 'no witnessed time of the request yet'
    return { reasons: [no('DELAY', rule, because)], trace }
  }
  const until = createdAt + delayMs
  if (at >= until) return { reasons: [], trace }
  return { reasons: [no('DELAY', rule, `waits until ${writeTimeMillis(until)}`)], trace }
}
