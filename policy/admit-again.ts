// admit, asked again: whether a payment that was signed in a room may still go to its chain. Days
// lie between the log that the room stood on and the day on which its signature comes home, so what
// every station asked there is asked here by the law of today: the very checks of `admit`, over
// today's documents, freeze, decisions, limits and clock.
// Times that end a request (its own, its rule's, those of approvals) are asked of the line that
// brought the signature: whoever sets them knows the way home, and nothing ends by being held back.
// Not asked again is what signing alone needs and the judge of the Record has looked at: table,
// epoch, window (N2, N3), and that one ruleset held from the warrant to the attempt (N9).
// INVARIANT: pure, and it grants nothing: a signature that is held back stays what it is.
// Source: docs/policy.md, "Signed in a room".
import { digestOf, toUtf8 } from '../proto/crypto.ts'
import type { Digest, NodeId } from '../proto/ids.ts'
import { limits } from '../proto/limits.ts'
import { attempt as attempting, isRefusal, refuse } from '../proto/refusal.ts'
import { writeTimeMillis } from '../proto/shape.ts'
import type { Signed } from '../proto/signed.ts'
import { type By, type Check, type CheckRefusal, requireAllowed, requirePeople } from './admit.ts'
import { openApproval, openSigned, tagOf } from './approval.ts'
import { type Attendee, requireUninvolved } from './ceremony/people.ts'
import {
  decode,
  requireDigests,
  requireEffect,
  requireOneEffect,
  requireOwner,
  sourceKey,
} from './check-bytes.ts'
import {
  findLines,
  type Lines,
  requireActive,
  requireHouse,
  requireReserved,
  requireUnfrozen,
  requireVault,
} from './check-lines.ts'
import { openRequested, requireNoRejection, ruleNamed } from './check-people.ts'
import { displayDigest, render } from './display.ts'
import type { Root } from './documents.ts'
import { evaluate } from './evaluate.ts'
import type { ApprovalFacts } from './facts.ts'
import { type InForce, parseInForce, rootOf } from './in-force.ts'
import type { Intent } from './intent.ts'
import { recipientOf, requireAttester } from './recipient.ts'
import { credentialAt, type Roster } from './roster.ts'
import type { Rule } from './rules/rule.ts'
import type { Verdict } from './verdict.ts'
import type { HistoryFacts, RequestView } from './view.ts'
import { parseWarrant, type Warrant } from './warrant.ts'

/** A signature of the log that has not gone to its chain, and the log of today. */
export interface CameHome {
  readonly view: RequestView
  /** Which attempt was signed, its warrant, and the stations whose shares made the signature. */
  readonly attempt: number
  readonly warrant: Uint8Array
  readonly signers: readonly NodeId[]
  /** Who the plan of that sitting names, in which part. */
  readonly people: readonly Attendee[]
  /** Every yes that the log has, also of after the attempt. */
  readonly approvals: readonly Signed[]
  /** What limits and guards see beside it. */
  readonly history: HistoryFacts
  /** The `t` of the line that brought the signature, milliseconds. */
  readonly cameAt: number
  /** Own clock, milliseconds. */
  readonly clockMs: number
  /** The `t` of the newest line of the log, whatever it is about, milliseconds. */
  readonly newestAt: number
  /** By any head that is kept. */
  readonly witnessedAt: (seq: number) => number | undefined
}

/** Why it is held back; undefined where nothing stands against it. */
export function admitAgain(home: CameHome): CheckRefusal | undefined {
  let check: Check = 'N1'
  const result = attempting(() =>
    judge(home, (id, work) => {
      check = id
      return work()
    }),
  )
  return isRefusal(result) ? { ...result, check } : undefined
}

function judge(home: CameHome, by: By): void {
  const { view, clockMs, witnessedAt } = home
  const lines = by('N8', () => findLines(view, home.attempt))
  const warrant = by('N1', () => openSignedOf(home.warrant, lines))
  by('N2', () => requireNamed(home.signers, rootOf(view)))
  by('N4', () => requireUnfrozen(view))
  const inForce = by('N9', () => parseInForce(view.ruleset, view.documents))
  const { rulebook, roster } = inForce
  by('N9', () => requireHouse(warrant, rulebook))
  const vault = by('N9', () => requireVault(lines.intent.vault, view.vaults, rulebook))

  by('N3', () => requireLater(home))
  by('N17', () => requireInTime(home.cameAt, lines))
  const came = { intent: lines.intent, attempt: { ...lines.attempt, t: home.cameAt } }
  const { intent, digest } = by('N17', () => openRequested(warrant.intent, came, roster))
  by('N17', () => requireSpeaks(warrant.intent, roster, clockMs))
  const { vaults, shown } = view
  const known = { inForce, vaults, shown, createdAt: lines.intent.t, witnessedAt }
  const recipient = by('N10', () => recipientOf(intent, warrant.dest, known))
  by('N10', () => requireAttester(warrant.dest, roster, clockMs))
  by('N10', () => requireActive(recipient.facts, rulebook, clockMs))

  const effect = by('N12', () => decode(intent, warrant.bytes, rulebook))
  by('N13', () => requireDigests(effect, lines))
  by('N14', () => requireOwner(effect, sourceKey(intent, vault, lines)))
  by('N15', () => requireEffect(effect, intent, rulebook))
  by('N16', () => requireOneEffect(effect, lines, rulebook))

  by('N19', () => requireNoRejection(view.decisions))
  const rule = by('N22', () => ruleNamed(rulebook, lines.reservation.rule))
  const display = by('N20', () => displayDigest(render(intent, rulebook, rule.id, recipient.named)))
  by('N18', () => requireOpenRule(intent, rule, home.cameAt))
  const { approvals, gone } = countStanding(home, { digest, inForce, lines, rule, display })
  by('N23', () => requireReserved(intent, recipient.facts, lines))
  const { maxFee: feeMax } = intent
  const asked = { intent, destination: recipient.facts, nativeBeside: 0n, feeMax }
  const facts = { ...asked, at: clockMs, approvals, history: home.history, rejected: false }
  const verdict = withoutEnds(evaluate(facts, rulebook, roster))
  by('N21', () => requireQuorum(verdict, rule, gone))
  by('N22', () => requireAllowed(verdict, rule))
}

/** N1: the very warrant of the attempt, of which the log has the signature. */
function openSignedOf(bytes: Uint8Array, { attempt }: Lines): Warrant {
  const { digest, warrant } = parseWarrant(bytes)
  if (digest !== attempt.warrant) {
    refuse('WARRANT', `expected warrant ${attempt.warrant}, got ${digest}`)
  }
  if (attempt.state !== 'completed') {
    refuse('STALE_ATTEMPT', `attempt ${attempt.attempt} is ${attempt.state}, expected a signature`)
  }
  return warrant
}

/** N2: a station that was taken out of the root counts for nothing any more, whatever it signed. */
function requireNamed(signers: readonly NodeId[], { nodes, version }: Root): void {
  const named = new Set(nodes.map(({ node }) => node))
  const gone = signers.find((node) => !named.has(node))
  if (gone !== undefined) {
    refuse('PARTICIPANTS', `${gone} signed it, and is no node of root ${version}`)
  }
}

/** N3: the own clock is not behind the log, or what has ended would hold again. */
function requireLater({ newestAt, clockMs }: CameHome): void {
  // A clock that is no number compares with nothing, so what is asked is what must hold.
  if (clockMs >= newestAt - limits.clockSkewMs) return
  const late = clockMs - newestAt
  refuse('CLOCK', `the log is of ${writeTimeMillis(newestAt)}, own clock ${late} ms later`)
}

/** N17: the request had not ended when its signature came home. */
function requireInTime(cameAt: number, { intent: { notAfter } }: Lines): void {
  if (cameAt <= notAfter) return
  refuse('TIME', `its signature came ${cameAt - notAfter} ms after ${writeTimeMillis(notAfter)}`)
}

/** N17: a key that was withdrawn since pays nothing. */
function requireSpeaks({ credential }: Signed, roster: Roster, clockMs: number): void {
  if (credentialAt(roster, credential, clockMs) === undefined) {
    refuse('INTENT_SIG', `credential ${credential} is valid no longer`)
  }
}

/** N18: what the rule of today leaves a request of time. */
function requireOpenRule({ created }: Intent, { ttlMs }: Rule, cameAt: number): void {
  const until = created + ttlMs - 1
  if (cameAt > until) refuse('TIME', `the rule's time ended ${writeTimeMillis(until)}`)
}

/** What else there is against it than its ends, which were asked of the day on which it came. */
function withoutEnds(verdict: Verdict): Verdict {
  const reasons = verdict.reasons.filter(({ code, rule }) => code !== 'TIME' || rule !== 'intent')
  const isFree = reasons.length === 0 && verdict.rule !== '' && verdict.result !== 'ERROR'
  return { ...verdict, reasons, result: isFree ? 'ALLOW' : verdict.result }
}

interface Case {
  readonly digest: Digest
  readonly inForce: InForce
  readonly lines: Lines
  readonly rule: Rule
  readonly display: Digest
}

interface Standing {
  readonly approvals: readonly ApprovalFacts[]
  /** Of each that counts no more: whose, and why. */
  readonly gone: readonly string[]
}

/** N18 and N20, one by one: another person may have said yes in the place of who counts no more. */
function countStanding(home: CameHome, the: Case): Standing {
  const approvals: ApprovalFacts[] = []
  const gone: string[] = []
  for (const signed of home.approvals) {
    const fact = attempting(() => standing(signed, home, the))
    if (isRefusal(fact)) gone.push(`${signed.credential}: ${fact.because}`)
    else approvals.push(fact)
  }
  return { approvals, gone }
}

/**
 * Who somebody is, and whether a key still speaks for them, is asked of today's directory. What the
 * yes was given to, of the policy and directory that it names: those of the reservation, whose
 * text was compared at the attempt (N20), or those of today, whose text is compared here.
 */
function standing(signed: Signed, home: CameHome, the: Case): ApprovalFacts {
  const { view, clockMs, witnessedAt } = home
  const { digest, inForce, lines, rule, display } = the
  const { rulebook, roster } = inForce
  const named = digestOf(tagOf('approve'), toUtf8(signed.document))
  const row =
    view.decisions.find(({ approval }) => approval === named) ??
    refuse('LINE_MISSING', 'no line records this approval')
  const { approval: said } = openSigned('approve', signed, roster, row.t)
  const isLater = row.seq > lines.attempt.seq
  const isOfToday = said.policy === rulebook.digest && said.directory === roster.digest
  const { policy, directory } = lines.reservation
  const under =
    isLater || isOfToday
      ? { policy: rulebook.digest, roster, display }
      : { policy, roster: { ...roster, digest: directory }, display: said.display }
  const { org, env } = rulebook
  const { approval } = openApproval('approve', signed, {
    ...{ org, env, intent: digest, rule: rule.id, ...under },
    ...{ recordedAt: row.t, at: Math.max(row.t, home.cameAt) },
  })
  requireSpeaks(signed, roster, clockMs)
  const { person, as: role } = approval
  if (isLater && !rulebook.sitterMayApprove) requireUninvolved(home.people, new Set([person]))
  return { person, role, witnessedAt: witnessedAt(row.seq) }
}

/** N21: and whose yes is missing now that was there in the room. */
function requireQuorum(verdict: Verdict, rule: Rule, gone: readonly string[]): void {
  const missing = verdict.reasons.find(({ code }) => code === 'APPROVAL_MISSING')
  if (missing !== undefined && verdict.rule === rule.id) {
    refuse('QUORUM', [missing.because, ...gone].join('; '), missing.rule)
  }
  requirePeople(verdict, rule)
}
