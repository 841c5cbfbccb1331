// The checks of `admit` on who wants this, N17 to N20: the initiator's signature, every approval
// with all its bindings, nobody's no, and the text that people saw. Approvals count only when the
// own copy of the log recorded them; when that was is the log's word, never the signer's.
import { digestOf, toUtf8 } from '../proto/crypto.ts'
import type { Digest, Handle, PersonId } from '../proto/ids.ts'
import type { InTurns } from '../proto/in-turns.ts'
import { limits } from '../proto/limits.ts'
import { refuse } from '../proto/refusal.ts'
import { writeTime } from '../proto/shape.ts'
import type { Signed } from '../proto/signed.ts'
import type { By } from './admit.ts'
import { type Approval, openApproval, tagOf } from './approval.ts'
import type { ApprovalFacts } from './facts.ts'
import type { InForce } from './in-force.ts'
import type { Intent } from './intent.ts'
import { openIntent, type ReadIntent } from './request.ts'
import { credentialThrough, type Roster } from './roster.ts'
import type { Rulebook } from './rulebook.ts'
import type { Rule } from './rules/rule.ts'
import type { DecisionRow, IntentRow, LineAt } from './view.ts'

/**
 * N17: signed by its initiator, recorded as it is, neither early nor late. The credential was
 * valid when the request was recorded, and is at the attempt: a withdrawn key pays nothing.
 */
export function openRequested(signed: Signed, lines: At, roster: Roster): ReadIntent {
  const opened = openAsked(signed, lines, {
    roster,
    open: (key) => {
      const { digest, intent } = openIntent(signed, key)
      return { digest, asked: intent }
    },
  })
  return { digest: opened.digest, intent: opened.asked }
}

/** The line that recorded the request, and the one at which it is judged. */
export interface At {
  readonly intent: IntentRow
  readonly attempt: LineAt
}

/** What payments and changes are recorded with. */
export type Asked = Pick<Intent, 'id' | 'initiator' | 'vault' | 'created' | 'notAfter'> &
  Pick<IntentRow, 'op'>

/** As `openRequested`, of a document that `open` verifies under the initiator's key. */
export function openAsked<T extends Asked>(
  signed: Signed,
  { intent: row, attempt }: At,
  by: {
    readonly roster: Roster
    readonly open: (publicKey: Uint8Array) => { readonly digest: Digest; readonly asked: T }
  },
): { readonly digest: Digest; readonly asked: T } {
  const { roster } = by
  const credential = credentialThrough(roster, signed.credential, [row.t, attempt.t])
  if (credential === undefined || signed.credential !== row.credential) {
    return refuse('INTENT_SIG', `no valid credential ${signed.credential} of the created line`)
  }
  const { digest, asked: intent } = by.open(credential.publicKey)
  if (digest !== row.intent) refuse('INTENT_SIG', `expected intent ${row.intent}, got ${digest}`)
  if (credential.person !== intent.initiator) {
    refuse('INTENT_SIG', `expected a credential of ${intent.initiator}, got ${credential.person}`)
  }
  for (const field of ['initiator', 'id', 'vault', 'op', 'notAfter'] as const) {
    if (row[field] !== intent[field]) {
      refuse('LINE_VOID', `created ${field}: expected ${intent[field]}, got ${row[field]}`)
    }
  }
  if (intent.created > row.t + limits.clockSkewMs) {
    refuse('TIME', `intent dated ${writeTime(intent.created)}, recorded ${writeTime(row.t)}`)
  }
  if (attempt.t > intent.notAfter) refuse('TIME', 'judged past notAfter')
  return { digest, asked: intent }
}

export interface Counted {
  readonly approvals: readonly ApprovalFacts[]
  /** Last instant at which every approval and the rule's ttl still hold. */
  readonly until: number
}

export interface Case {
  readonly read: {
    readonly digest: Digest
    readonly intent: Pick<Intent, 'created' | 'notAfter'>
  }
  readonly inForce: Pick<InForce, 'rulebook' | 'roster'>
  /** Where it is judged. */
  readonly lines: { readonly attempt: LineAt }
  readonly rule: Pick<Rule, 'id' | 'ttlMs'>
  readonly display: Digest
  readonly decisions: readonly DecisionRow[]
  readonly witnessedAt: (seq: number) => number | undefined
}

/** N18 and N20: each approval opens with every binding, was recorded, and stands once. */
export function* countApprovals(signed: readonly Signed[], the: Case, by: By): InTurns<Counted> {
  const { read, lines, rule, witnessedAt } = the
  const seen = new Set<PersonId>()
  let until = Math.min(read.intent.notAfter, read.intent.created + rule.ttlMs - 1)
  const approvals: ApprovalFacts[] = []
  for (const item of signed) {
    if (approvals.length > 0) yield
    by('N18', () => {
      const { approval, row } = openRecorded(item, the)
      const { person, as: role, expires } = approval
      if (seen.has(person)) refuse('APPROVAL_REPLAYED', `${person} stands twice`)
      seen.add(person)
      until = Math.min(until, expires - 1)
      approvals.push({ person, role, witnessedAt: witnessedAt(row.seq) })
    })
  }
  by('N18', () => {
    if (lines.attempt.t > until) refuse('TIME', `the rule's time ended ${writeTime(until)}`)
  })
  return { approvals, until }
}

/** N19: a no by anybody who may decide ends the intent. */
export function requireNoRejection(decisions: readonly DecisionRow[]): void {
  const no = decisions.find(({ decision }) => decision === 'reject')
  if (no !== undefined) refuse('REJECTED', `${no.person} said no`)
}

/** The one rule that the reservation was made under. */
export function ruleNamed(rulebook: Rulebook, id: Handle): Rule {
  return rulebook.rules.find((rule) => rule.id === id) ?? refuse('RULE', `no rule ${id}`)
}

/** Opened first, so that a refusal names what is wrong with it before that it was not recorded. */
function openRecorded(
  signed: Signed,
  { read, inForce, rule, display, lines, decisions }: Case,
): { readonly approval: Approval; readonly row: DecisionRow } {
  const digest = digestOf(tagOf('approve'), toUtf8(signed.document))
  const row = decisions.find((decision) => decision.approval === digest)
  const { rulebook, roster } = inForce
  const { approval } = openApproval('approve', signed, {
    org: rulebook.org,
    env: rulebook.env,
    intent: read.digest,
    policy: rulebook.digest,
    roster,
    rule: rule.id,
    display,
    recordedAt: row?.t ?? lines.attempt.t,
    at: lines.attempt.t,
  })
  if (row?.person !== approval.person) {
    return refuse('LINE_MISSING', `no line records this approval of ${approval.person}`)
  }
  // The auditor judges at the attempt line: what came later counts for nobody.
  if (row.seq >= lines.attempt.seq) {
    refuse('LINE_MISSING', `approval of ${approval.person} recorded after the attempt`)
  }
  return { approval, row }
}
