// admit: the one gate. A warrant, the own copy of the log and the own documents give `Admitted`,
// the only value that signing accepts, or a refusal that names the check. Sequencer, node and
// auditor run this same function. Checks N1 to N23 of the policy design, 3.12; N24 to N26 are the
// release. INVARIANT: pure; every fact comes from a verified signature, the own copy or the bytes.
// Stop conditions (freeze, rejection, time, a later attempt) are asked again before release.
import type { Digest, NodeId } from '../proto/ids.ts'
import { allAtOnce, attemptInTurns, type InTurns } from '../proto/in-turns.ts'
import { isRefusal, type Refusal, refuse } from '../proto/refusal.ts'
import { writeTimeMillis } from '../proto/shape.ts'
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
  type Own,
  openNamed,
  requireActive,
  requireClock,
  requireKey,
  requireParties,
  requireReserved,
  requireRuleset,
  requireThawed,
} from './check-lines.ts'
import { countApprovals, openRequested, requireNoRejection, ruleNamed } from './check-people.ts'
import { displayDigest, render } from './display.ts'
import { evaluate } from './evaluate.ts'
import type { Facts } from './facts.ts'
import type { Effect, Intent } from './intent.ts'
import { recipientOf, requireAttester } from './recipient.ts'
import type { ReadIntent } from './request.ts'
import type { Rule } from './rules/rule.ts'
import type { Tier } from './vault.ts'
import { traceDigest, type Verdict } from './verdict.ts'
import type { VaultRow } from './view.ts'
import type { ReadWarrant } from './warrant.ts'

declare const admitted: unique symbol

/** Made by `admit` and by nothing else. */
export interface Admitted {
  readonly [admitted]: true
  readonly intent: Intent
  readonly intentDigest: Digest
  readonly warrantDigest: Digest
  readonly attempt: number
  readonly effect: Effect
  /** Plain SHA-256 of the unsigned transaction. */
  readonly bytesDigest: Digest
  /** 32 bytes: what the key signs. */
  readonly digest: Uint8Array
  readonly vault: VaultRow
  readonly tier: Tier
  /** Compressed public key at the intent's path. */
  readonly publicKey: Uint8Array
  /** Who signs, ascending by their x; of a cold attempt judged away from its table, who may. */
  readonly participants: readonly NodeId[]
  readonly policy: Digest
  readonly display: Digest
  readonly trace: Digest
  /** Last instant, in milliseconds, at which the approvals and the intent still hold. */
  readonly until: number
}

export type Check = `N${number}`

/** Runs one check, and says which it was when it refuses. */
export type By = <T>(check: Check, work: () => T) => T

export interface CheckRefusal extends Refusal {
  /** Which of the checks said no. */
  readonly check: Check
}

export interface Submission {
  readonly warrant: Uint8Array
  readonly attempt: number
  readonly own: Own
}

export function admit(submission: Submission): Admitted | CheckRefusal {
  return allAtOnce(admitting(submission))
}

/** `admit` in turns; what may have changed by its end beside the submission is asked again. */
export function* admitting(submission: Submission): InTurns<Admitted | CheckRefusal> {
  let check: Check = 'N1'
  const judging = judge(submission, (id, work) => {
    check = id
    return work()
  })
  const result = yield* attemptInTurns(judging)
  if (!isRefusal(result)) return result
  // An approval is where another rendering than the own one comes to light.
  return { ...result, check: result.code === 'DISPLAY' ? 'N20' : check }
}

/** Whatever a check returns was verified by it; whatever it did not return nobody may use. */
function* judge({ warrant: bytes, attempt: number, own }: Submission, by: By): InTurns<Admitted> {
  const { view, clockMs } = own
  const lines = by('N8', () => findLines(view, number))
  const named = by('N1', () => openNamed(bytes, lines, own))
  const { vault, signers } = by('N2', () => requireParties(lines, own))
  by('N3', () => requireClock(lines, own))
  by('N4', () => requireThawed(own))
  yield
  const inForce = by('N9', () => requireRuleset(named, lines, view))
  const { rulebook, roster } = inForce
  const tier = by('N9', () => requireKey(vault, rulebook, lines, view))

  const { warrant } = named
  const { t } = lines.attempt
  const witnessedAt = (seq: number) => own.witnessedAt(seq, warrant.heads)
  yield
  const read = by('N17', () => openRequested(warrant.intent, lines, roster))
  const { intent } = read
  const { vaults, shown } = view
  const known = { inForce, vaults, shown, createdAt: lines.intent.t, witnessedAt }
  yield
  const recipient = by('N10', () => recipientOf(intent, warrant.dest, known))
  by('N10', () => requireAttester(warrant.dest, roster, t))
  by('N10', () => requireActive(recipient.facts, rulebook, t))

  yield
  const effect = by('N12', () => decode(intent, warrant.bytes, rulebook))
  by('N13', () => requireDigests(effect, lines))
  yield
  const publicKey = by('N14', () => sourceKey(intent, vault, lines))
  by('N14', () => requireOwner(effect, publicKey))
  by('N15', () => requireEffect(effect, intent, rulebook))
  by('N16', () => requireOneEffect(effect, lines, rulebook))

  const { decisions } = view
  by('N19', () => requireNoRejection(decisions))
  const rule = by('N22', () => ruleNamed(rulebook, lines.reservation.rule))
  const display = by('N20', () => displayDigest(render(intent, rulebook, rule.id, recipient.named)))
  const the = { read, inForce, lines, rule, display, decisions, witnessedAt }
  yield
  const { approvals, until } = yield* countApprovals(warrant.approvals, the, by)
  by('N18', () => requireTime(until, clockMs))

  by('N23', () => requireReserved(intent, recipient.facts, lines))
  yield
  const facts = factsAt(lines, { intent, destination: recipient.facts, approvals })
  const verdict = evaluate(facts, rulebook, roster)
  by('N21', () => requirePeople(verdict, rule))
  by('N22', () => requireAllowed(verdict, rule))
  yield
  const whom = { vault, tier, publicKey, signers }
  return grant({ read, named, lines, effect, ...whom, display, verdict, until })
}

/** What the limits had used is the reservation's line to say: grants are judged once, at a line. */
function factsAt(
  { attempt, reservation: { limits, duplicateOf } }: Lines,
  known: Pick<Facts, 'intent' | 'destination' | 'approvals'>,
): Facts {
  const history = { limits, duplicateOf, frozen: false }
  const { maxFee: feeMax } = known.intent
  return { at: attempt.t, ...known, nativeBeside: 0n, feeMax, history, rejected: false }
}

function requireTime(until: number, clockMs: number): void {
  // A time that is no number compares with nothing, so what is asked is what must hold.
  if (!(clockMs <= until)) {
    refuse('TIME', `held until ${writeTimeMillis(until)}, own clock ${clockMs - until} ms later`)
  }
}

/** N21: of the reasons those that more people or more time would lift. */
export function requirePeople(verdict: Verdict, rule: Rule): void {
  if (verdict.rule !== rule.id) return
  for (const { code, because, rule: by } of verdict.reasons) {
    if (code === 'APPROVAL_MISSING') refuse('QUORUM', because, by)
    if (code === 'HOLD') refuse('HOLD', because, by)
  }
}

/** N22: ALLOW, by the very rule that the approvals name. */
export function requireAllowed({ result, rule: matched, reasons }: Verdict, rule: Rule): void {
  if (result === 'ALLOW' && matched === rule.id) return
  const other = matched !== '' && matched !== rule.id
  const [reason] = other ? [] : reasons
  const code = reason?.code ?? 'RULE'
  const denied = code === 'POLICY_DENIED' || code === 'OP_NOT_ALLOWED'
  const because = reason?.because ?? `expected rule ${rule.id}, got ${matched}`
  refuse(denied ? 'RULE' : code, because, reason?.rule)
}

interface Judged {
  readonly read: ReadIntent
  readonly named: ReadWarrant
  readonly lines: Lines
  readonly effect: Effect
  readonly vault: VaultRow
  readonly tier: Tier
  readonly publicKey: Uint8Array
  readonly signers: readonly NodeId[]
  readonly display: Digest
  readonly verdict: Verdict
  readonly until: number
}

function grant({ read, named, lines, effect, verdict, signers, ...rest }: Judged): Admitted {
  const { attempt, reservation } = lines
  const value: Omit<Admitted, typeof admitted> = {
    ...rest,
    intent: read.intent,
    intentDigest: read.digest,
    warrantDigest: named.digest,
    attempt: attempt.attempt,
    effect,
    bytesDigest: attempt.bytes,
    digest: effect.digest,
    participants: signers,
    policy: reservation.policy,
    trace: traceDigest(verdict),
  }
  return value as Admitted
}
