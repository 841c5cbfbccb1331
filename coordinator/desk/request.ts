// A request of either kind on the desk, a payment or a change, with its judgement at an instant:
// what deciding, showing and waiting need of both. Where the kinds differ, `kind` says which it is.
import type { Bindings } from '../../policy/approval.ts'
import { get, tables } from '../../policy/audit/tables.ts'
import { isChangeOp } from '../../policy/change.ts'
import { ruleOfChange } from '../../policy/judge-change.ts'
import type { Rule } from '../../policy/rules/rule.ts'
import type { IntentRow } from '../../policy/view.ts'
import type { Digest, PersonId } from '../../proto/ids.ts'
import { refuse } from '../../proto/refusal.ts'
import type { Copy, Page } from '../page.ts'
import { type Case, gather, partsOf } from './case.ts'
import {
  type ChangeCase,
  type ChangeJudgement,
  changeBindings,
  judgeChangeAt,
  resolveChange,
} from './change-case.ts'
import { bindingsOf, type Judgement, judge } from './judge.ts'
import type { RulesMemory } from './rules.ts'
import { type CannotSign, settle } from './settle.ts'
import { settleChange } from './settle-change.ts'

export type Looked = {
  readonly initiator: PersonId
  /** Who is asked; undefined where no rule asks anybody. */
  readonly rule: Pick<Rule, 'id' | 'require'> | undefined
} & (
  | { readonly kind: 'payment'; readonly the: Case; readonly judged: Judgement }
  | { readonly kind: 'change'; readonly the: ChangeCase; readonly judged: ChangeJudgement }
)

export async function lookAt(
  copy: Copy,
  memory: RulesMemory,
  id: Digest,
  t: number,
): Promise<Looked> {
  if (!isChangeOp((await rowOf(copy, id)).op)) {
    const the = await gather(copy, memory, id)
    const judged = await judge(copy, the, t)
    return { kind: 'payment', the, judged, rule: judged.rule, initiator: the.intent.initiator }
  }
  const the = await gatherChange(copy, memory, id)
  const { rulebook } = the.inForce
  const judged = judgeChangeAt(the, t)
  const { initiator } = the.change
  return { kind: 'change', the, judged, rule: ruleOfChange(the.change.op, rulebook), initiator }
}

export async function gatherChange(
  copy: Copy,
  memory: RulesMemory,
  id: Digest,
): Promise<ChangeCase> {
  return resolveChange(copy, await memory.at(copy), await partsOf(copy, id))
}

/** What a decision on it must say now; undefined where nothing can be shown. */
export function bindingsFor(
  looked: Looked,
  rule: Pick<Rule, 'id'>,
  at: { recordedAt: number; t: number },
): Bindings | undefined {
  return looked.kind === 'change'
    ? changeBindings(looked.the, at)
    : bindingsOf(looked.the, rule, at)
}

/** Judges it on this page and writes what changed. */
export async function settleRequest(
  sheet: Page,
  memory: RulesMemory,
  id: Digest,
  how: { readonly cannotSign: CannotSign; readonly isNews: boolean },
): Promise<void> {
  const { op } = await rowOf(sheet, id)
  if (isChangeOp(op)) await settleChange(sheet, await gatherChange(sheet, memory, id), how)
  else await settle(sheet, await gather(sheet, memory, id), how)
}

export async function rowOf(copy: Copy, id: Digest): Promise<IntentRow> {
  const row = await copy.read(get(tables.intent, id))
  return row ?? refuse('REQUEST_NOT_FOUND', `no request ${id}`)
}
