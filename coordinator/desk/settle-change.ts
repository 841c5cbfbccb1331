// What the judgement of a change becomes in the log: an evaluation where something changed, and
// nothing else. When all of it is allowed the request is WAITING for whoever drives the nodes.
import type { Page } from '../page.ts'
import { type ChangeCase, type ChangeJudgement, judgeChangeAt } from './change-case.ts'
import { moved, record } from './settle.ts'

export async function settleChange(
  sheet: Page,
  the: ChangeCase,
  { isNews }: { readonly isNews: boolean },
): Promise<ChangeJudgement> {
  const judged = judgeChangeAt(the, sheet.t)
  if (isNews || moved(the.row, judged)) await record(sheet, the.row, judged)
  return judged
}
