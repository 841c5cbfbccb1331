// A change on the desk: everything that judging it needs, from the log's rows and the documents
// beside it, its judgement at an instant, and the order that goes with its line.
// What becomes of it in the log is `settle-change.ts`; who drives the nodes is `../changes.ts`.
import { openApproval } from '../../policy/approval.ts'
import { frozenByPeople } from '../../policy/audit/history.ts'
import { get, tables } from '../../policy/audit/tables.ts'
import { type Change, parseChange } from '../../policy/change.ts'
import { changeFactsText } from '../../policy/change-facts.ts'
import { requireFit } from '../../policy/change-fit.ts'
import { displayDigest } from '../../policy/display.ts'
import { displayChange } from '../../policy/display-change.ts'
import type { ApprovalFacts } from '../../policy/facts.ts'
import { judgeChange, sectionOf } from '../../policy/judge-change.ts'
import { issueOrder } from '../../policy/order.ts'
import { standing, type Verdict } from '../../policy/verdict.ts'
import type { IntentRow, VaultRow } from '../../policy/view.ts'
import { toUtf8 } from '../../proto/crypto.ts'
import { limits } from '../../proto/limits.ts'
import type { ReasonCode } from '../../proto/reasons.ts'
import { attempt, isRefusal } from '../../proto/refusal.ts'
import type { Signed } from '../../proto/signed.ts'
import type { Copy } from '../page.ts'
import { type Witnessed, witnessedAt } from '../witnessed.ts'
import type { Decided } from './case.ts'
import type { Rules } from './rules.ts'

export interface ChangeCase extends Rules {
  readonly row: IntentRow
  readonly change: Change
  readonly signed: Signed
  readonly decisions: readonly Decided[]
  /** The key in force of its vault. */
  readonly vault: VaultRow | undefined
  readonly frozen: readonly string[]
  /** Of the line that created it: the delay counts from there. */
  readonly witnessed: Witnessed | undefined
}

export interface ChangeJudgement {
  readonly facts: string
  readonly verdict: Verdict
  readonly standing: ReturnType<typeof standing>
  /** The last instant at which it can still be carried out. */
  readonly endsAt: number
}

export async function resolveChange(
  copy: Copy,
  rules: Rules,
  about: Pick<ChangeCase, 'row' | 'signed' | 'decisions'>,
): Promise<ChangeCase> {
  const { row, signed } = about
  const { change } = parseChange(toUtf8(signed.document))
  return {
    ...rules,
    ...about,
    change,
    vault: await copy.read(get(tables.vault, change.vault)),
    frozen: await copy.read(frozenByPeople(change.vault)),
    witnessed: await witnessedAt(copy.session, rules.reigns, row.seq),
  }
}

export function judgeChangeAt(the: ChangeCase, t: number): ChangeJudgement {
  const { change, frozen, decisions, witnessed, inForce } = the
  const { rulebook, roster } = inForce
  const facts = {
    at: t,
    change,
    createdAt: witnessed?.at,
    approvals: heard(the, t).map(({ fact }) => fact),
    frozen: frozen.length > 0,
    rejected: decisions.some(({ decision }) => decision === 'reject'),
    unfit: unfit(the),
  }
  const verdict = judgeChange(facts, rulebook, roster)
  const endsAt = change.notAfter
  return { facts: changeFactsText(facts), verdict, standing: standing(verdict), endsAt }
}

/** What an approval must say to count for this change now; nothing where no text can be shown. */
export function changeBindings(the: ChangeCase, at: { recordedAt: number; t: number }) {
  const { rulebook, roster } = the.inForce
  const text = attempt(() => displayChange(the.change, { rulebook, row: the.vault }))
  if (isRefusal(text)) return undefined
  return {
    org: rulebook.org,
    env: rulebook.env,
    intent: the.row.intent,
    policy: rulebook.digest,
    roster,
    rule: sectionOf(the.change.op, rulebook).rule,
    display: displayDigest(text),
    recordedAt: at.recordedAt,
    at: at.t,
  }
}

/** The order that goes with the line, by what counts at `t`. */
export function orderOf(the: ChangeCase, t: number): Uint8Array {
  const { org, env } = the.change
  return issueOrder({
    org,
    env,
    change: the.signed,
    approvals: heard(the, t).map(({ signed }) => signed),
    ruleset: the.inForce.ruleset,
    heads: the.witnessed === undefined ? [] : [the.witnessed.note],
  })
}

interface Heard {
  readonly signed: Signed
  readonly fact: ApprovalFacts
}

/** The approvals that count at `t`, of roles that the section asks for. */
function heard(the: ChangeCase, t: number): readonly Heard[] {
  const { require } = sectionOf(the.change.op, the.inForce.rulebook)
  const asked = new Set(require.map(({ role }) => role))
  const yes = the.decisions.filter(({ decision }) => decision === 'approve')
  const counting = yes
    .flatMap((one) => opened(the, one, t))
    .filter(({ fact }) => asked.has(fact.role))
  return counting.slice(0, limits.approvalsPerIntentMax)
}

/** No time counts from an approval of a change, so none is looked up. */
function opened(the: ChangeCase, decided: Decided, t: number): readonly Heard[] {
  const { signed } = decided
  const bindings = changeBindings(the, { recordedAt: decided.t, t })
  const found = bindings && attempt(() => openApproval('approve', signed, bindings))
  if (found === undefined || isRefusal(found)) return []
  const { person, as: role } = found.approval
  return [{ signed, fact: { person, role, witnessedAt: undefined } }]
}

function unfit({ change, root, inForce, vault }: ChangeCase): ReasonCode | '' {
  const fitted = attempt(() => requireFit(change, { root, rulebook: inForce.rulebook, row: vault }))
  return isRefusal(fitted) ? fitted.code : ''
}
