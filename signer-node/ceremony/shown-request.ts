// A request as a Station shows it to its custodian: judged first, by the very `admit` that will
// judge it again before anything is signed, over the own copy of the log; then rendered by the
// own policy, which is the text that approvers saw. What is not admitted is never shown as
// something that could be confirmed.
// INVARIANT: the digest of the text that is shown is the one that the admission stands on.
// Source: the ceremony's design, 4.11.
import { admit } from '../../policy/admit.ts'
import { admitChange } from '../../policy/admit-change.ts'
import { type Entry, parseEntry } from '../../policy/audit/entry.ts'
import { requestView } from '../../policy/audit/history.ts'
import { readSync } from '../../policy/audit/rows.ts'
import { get, tables } from '../../policy/audit/tables.ts'
import { besideText, paidBefore } from '../../policy/ceremony/beside-request.ts'
import type { PlannedWarrant } from '../../policy/ceremony/bundle-in.ts'
import type { PlannedRequest } from '../../policy/ceremony/plan.ts'
import type { Own as View } from '../../policy/check-lines.ts'
import { displayDigest, render } from '../../policy/display.ts'
import { displayChange } from '../../policy/display-change.ts'
import { parseInForce } from '../../policy/in-force.ts'
import type { Intent } from '../../policy/intent.ts'
import { recipientOf } from '../../policy/recipient.ts'
import { parseWarrant } from '../../policy/warrant.ts'
import type { Digest, NodeId } from '../../proto/ids.ts'
import { isRefusal, type Refusal, refuse } from '../../proto/refusal.ts'
import type { Own } from '../node.ts'
import { ownView } from '../own-view.ts'

/** What the custodian types to confirm it. */
export interface Typed {
  /** The last six characters of the recipient. */
  readonly tail: string
  /** In base units, and as people write it. */
  readonly amount: string
  readonly written: string
}

const tailLength = 6

export interface ShownRequest {
  readonly request: Digest
  readonly text: string
  /** Of a payment, what the own log says of it; under no digest. */
  readonly beside: string
  /** SHA-256 of the text. */
  readonly display: Digest
  /** Of a payment. */
  readonly typed?: Typed
}

export function showRequest(
  own: Own,
  { request, vault }: PlannedRequest,
  { kind, bytes }: PlannedWarrant,
): ShownRequest {
  const view = ownView(own, request)
  const { ruleset, documents } = readSync(requestView(request), own.rows)
  const inForce = parseInForce(ruleset, documents)
  const { rulebook } = inForce
  if (kind === 'order') {
    const { change, display } = must(admitChange({ order: bytes, own: view }))
    const row = readSync(get(tables.vault, vault), own.rows)
    return checked(request, displayChange(change, { rulebook, row }), display)
  }
  const attempt = attemptOf(own, request)
  const { t } = readSync(get(tables.vault, vault), own.rows) ?? refuse('EPOCH', `${vault}: no key`)
  const asked = { ...view, ceremony: seatedWith(own, view, attempt, t) }
  const accepted = own.journal.accepted(request, attempt.attempt)?.warrant
  const admitted = must(
    admit({ warrant: bytes, attempt: attempt.attempt, own: { ...asked, accepted } }),
  )
  const { warrant } = parseWarrant(bytes)
  const { vaults, shown, intent: row, attempts } = view.view
  const reservation =
    view.view.reservation ?? refuse('RULE', 'the request is reserved under no rule')
  const last = attempts.at(-1) ?? refuse('LINE_MISSING', `no attempt of ${request}`, 'N8')
  const known = {
    ...{ inForce, vaults, shown, createdAt: row?.t ?? 0 },
    witnessedAt: (seq: number) => view.witnessedAt(seq, warrant.heads),
  }
  const { intent } = admitted
  const { named } = recipientOf(intent, warrant.dest, known)
  const written = render(intent, rulebook, reservation.rule, named)
  const typed = typedOf(intent, written)
  const told = { intent, rulebook, attempt: last, decisions: view.view.decisions }
  const earlier = paidBefore(linesOf(own), intent)
  const beside = besideText({ ...told, reservation, earlier })
  return { ...checked(request, written, admitted.display), beside, typed }
}

function* linesOf({ copy }: Own): Generator<Entry> {
  for (let seq = 0; seq < copy.size(); seq += 1) {
    const line = copy.line(seq)
    if (line !== undefined) yield parseEntry(line)
  }
}

/** refused where the text shows no amount, or a recipient too short to be compared. */
export function typedOf({ to, amount }: Pick<Intent, 'to' | 'amount'>, written: string): Typed {
  const shown = /^TRANSFER +([0-9]+(?:\.[0-9]+)?) \S/.exec(written)?.[1]
  if (shown === undefined || BigInt(shown.replace('.', '')) !== amount) {
    return refuse('DISPLAY', 'the text that is shown begins with no amount of this request', 'X-13')
  }
  if (to.length < tailLength || !written.includes(to)) {
    return refuse('DISPLAY', 'the text that is shown has no recipient to type', 'X-13')
  }
  return { tail: to.slice(-tailLength), amount: `${amount}`, written: shown }
}

/** Whoever the lot will choose: the own Station with others that the line calls. */
function seatedWith(
  { self }: Own,
  { ceremony }: View,
  { participants }: { readonly participants: readonly NodeId[] },
  t: number,
): View['ceremony'] {
  if (ceremony === undefined) return undefined
  const others = participants.filter((node) => node !== self.node).slice(0, t - 1)
  const signers = participants.filter((node) => node === self.node || others.includes(node))
  return { ...ceremony, signers }
}

function attemptOf({ copy }: Own, request: Digest) {
  for (let seq = copy.size() - 1; seq >= 0; seq -= 1) {
    const line = copy.line(seq)
    const entry = line && parseEntry(line)
    if (entry?.type === 'session.started' && entry.body.intent === request) return entry.body
  }
  return refuse('LINE_MISSING', `no attempt of ${request}`, 'N8')
}

function checked(request: Digest, written: string, display: Digest): ShownRequest {
  if (displayDigest(written) !== display) {
    return refuse('DISPLAY', 'what would be shown is not what was admitted', 'X-12')
  }
  return { request, text: written, beside: '', display }
}

/** whatever `admit` says no to, by the check that said it. */
function must<T extends object>(judged: T): Exclude<T, Refusal> {
  if (!isRefusal(judged)) return judged as Exclude<T, Refusal>
  const { code, because, rule } = judged
  const by = [...('check' in judged ? [judged.check] : []), ...(rule === undefined ? [] : [rule])]
  return refuse(code, [...by, because].join(': '), 'X-12')
}
