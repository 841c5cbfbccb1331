// Judging a request at an instant: the facts as the log has them now, the verdict, and what it
// needs to go on. Approvals count under the rule that matches the request, so that rule is found
// first. What a verdict becomes in the log is decided in `settle.ts`; nothing is written here.
import { openApproval } from '../../policy/approval.ts'
import { historyFacts } from '../../policy/audit/history.ts'
import { displayDigest, render } from '../../policy/display.ts'
import { evaluate } from '../../policy/evaluate.ts'
import { type ApprovalFacts, type Facts, factsText } from '../../policy/facts.ts'
import type { Rule } from '../../policy/rules/rule.ts'
import { standing, type Verdict } from '../../policy/verdict.ts'
import { limits } from '../../proto/limits.ts'
import { attempt, isRefusal } from '../../proto/refusal.ts'
import type { Signed } from '../../proto/signed.ts'
import type { Copy } from '../page.ts'
import { type Case, type Decided, destinationFacts } from './case.ts'

export interface Judgement {
  readonly facts: string
  readonly verdict: Verdict
  readonly standing: ReturnType<typeof standing>
  readonly rule: Rule | undefined
  /** The last instant at which the request can still be authorised. */
  readonly endsAt: number
}

export async function judge(copy: Copy, the: Case, t: number): Promise<Judgement> {
  const facts = await factsAt(copy, the, t)
  const { rulebook, roster } = the.inForce
  const first = evaluate(facts, rulebook, roster)
  const rule = rulebook.rules.find(({ id }) => id === first.rule)
  const counted = rule === undefined ? [] : countable(the, rule, t)
  const heard = { ...facts, approvals: counted.map(({ fact }) => fact) }
  const verdict = counted.length === 0 ? first : evaluate(heard, rulebook, roster)
  return {
    facts: factsText(heard),
    verdict,
    standing: standing(verdict),
    rule,
    endsAt: Math.min(the.intent.notAfter, ...(rule ? [the.intent.created + rule.ttlMs - 1] : [])),
  }
}

/** The digest of the text that people are shown for this request under this rule. */
export function displayOf(
  the: Case,
  rule: Pick<Rule, 'id'>,
): ReturnType<typeof displayDigest> | undefined {
  if (isRefusal(the.recipient)) return undefined
  return displayDigest(render(the.intent, the.inForce.rulebook, rule.id, the.recipient.named))
}

/** What an approval must say to count for this request now. */
export function bindingsOf(
  the: Case,
  rule: Pick<Rule, 'id'>,
  at: { recordedAt: number; t: number },
) {
  const display = displayOf(the, rule)
  if (display === undefined) return undefined
  const { rulebook, roster } = the.inForce
  const { org, env, digest: policy } = rulebook
  const { recordedAt, t } = at
  return {
    org,
    env,
    intent: the.row.intent,
    policy,
    roster,
    rule: rule.id,
    display,
    recordedAt,
    at: t,
  }
}

async function factsAt(copy: Copy, the: Case, t: number): Promise<Facts> {
  const { intent, decisions } = the
  const destination = destinationFacts(the)
  const { vault, asset, amount, to } = intent
  const payment = { vault, asset, amount, to, dest: destination.class }
  return {
    at: t,
    intent,
    destination,
    nativeBeside: 0n,
    feeMax: intent.maxFee,
    history: await copy.read(historyFacts(the.inForce.rulebook, payment, t)),
    approvals: [],
    rejected: decisions.some(({ decision }) => decision === 'reject'),
  }
}

export interface Countable {
  readonly signed: Signed
  readonly fact: ApprovalFacts
  /** Milliseconds. */
  readonly expires: number
}

/** The approvals that count at `t` for a request under this rule. */
export function countable(the: Case, rule: Rule, t: number): readonly Countable[] {
  const yes = the.decisions.filter(({ decision }) => decision === 'approve')
  const asked = new Set(rule.require.map(({ role }) => role))
  // Only of roles that the rule asks for: others must not crowd them out of a warrant.
  const counting = yes
    .flatMap((one) => counted(the, rule, one, t))
    .filter(({ fact }) => asked.has(fact.role))
  return counting.slice(0, limits.approvalsPerIntentMax)
}

/** Nothing for an approval that is void now: another policy or rule, or past its time. */
function counted(the: Case, rule: Rule, decided: Decided, t: number): readonly Countable[] {
  const { signed, seq } = decided
  const bindings = bindingsOf(the, rule, { recordedAt: decided.t, t })
  if (bindings === undefined) return []
  const opened = attempt(() => openApproval('approve', signed, bindings))
  if (isRefusal(opened)) return []
  const { person, as: role, expires } = opened.approval
  return [{ signed, fact: { person, role, witnessedAt: the.witnessed.get(seq)?.at }, expires }]
}
