// A person's decision on the desk: it must bind this request as it is judged at this very line, and
// come from somebody whom the rule asks. Recorded, it may complete the quorum, so the request is
// judged again in the same run.
import { type OpenedApproval, openApproval } from '../../policy/approval.ts'
import { inRoles } from '../../policy/roles.ts'
import { interested } from '../../policy/roster.ts'
import type { Rule } from '../../policy/rules/rule.ts'
import { refuse } from '../../proto/refusal.ts'
import { digest, literal, object } from '../../proto/shape.ts'
import { type Handler, recorded } from '../proposal.ts'
import { readBlob } from '../store/blobs.ts'
import { readSigned } from './case.ts'
import { bindingsFor, type Looked, lookAt, rowOf, settleRequest } from './request.ts'
import type { RulesMemory } from './rules.ts'
import type { CannotSign } from './settle.ts'

export interface DecisionPorts {
  readonly memory: RulesMemory
  readonly cannotSign: CannotSign
}

const shape = object({
  intent: digest,
  approval: digest,
  decision: literal('approve', 'reject'),
})

export function decisionHandler({ memory, cannotSign }: DecisionPorts): Handler {
  return async (sheet, content) => {
    const { intent, approval, decision } = shape(content, 'decision')
    const kind = decision === 'approve' ? 'approval' : 'rejection'
    const signed = readSigned(await readBlob(sheet.session, approval), kind)
    const looked = await lookAt(sheet, memory, intent, sheet.t)
    const { rule } = looked
    if (rule === undefined)
      return refuse('POLICY_DENIED', 'no rule asks anybody about this request')
    const bindings = bindingsFor(looked, rule, { recordedAt: sheet.t, t: sheet.t })
    if (bindings === undefined) return refuse('DISPLAY', 'there is no text of it to decide on')
    const opened = openApproval(decision, signed, bindings)
    requireAsked(looked, rule, opened)
    const { person } = opened.approval
    const type = decision === 'approve' ? 'approval.recorded' : 'approval.rejected'
    await sheet.append({ actor: person, type, body: { approval, intent, person, rule: rule.id } })
    const { state } = await rowOf(sheet, intent)
    if (state === 'AWAITING_APPROVAL' || state === 'WAITING') {
      await settleRequest(sheet, memory, intent, { cannotSign, isNews: true })
    }
    return recorded(sheet)
  }
}

/** In a role that the rule asks, and without an interest of their own. */
function requireAsked(
  { the, initiator }: Looked,
  rule: Pick<Rule, 'id' | 'require'>,
  { approval }: OpenedApproval,
): void {
  const { rulebook, roster } = the.inForce
  const { person, as } = approval
  if (!rule.require.some(({ role }) => role === as)) {
    refuse('APPROVAL_SCOPE', `rule ${rule.id} does not ask the role ${as}`)
  }
  if (!inRoles(rulebook.roles, person, [as])) {
    refuse('APPROVAL_SCOPE', `${person} is not in the role ${as}`)
  }
  if (!rulebook.initiatorMayApprove && interested(roster, initiator).has(person)) {
    refuse('APPROVAL_SCOPE', `${person} asked for this`)
  }
}
