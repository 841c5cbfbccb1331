// Whether an order really is an approved change, by what the judge has of its own: asked by whom it
// says, fitting the key in force, approved by the people of its section of the policy over exactly
// the text that everybody renders, rejected by nobody, under the ruleset in force, at this instant.
// The same function stands behind `admitChange` (coordinator, node, auditor) and behind the fold of
// the line that puts the change into effect. INVARIANT: pure; each check names itself, and what a
// check did not return nobody may use.
import type { Digest, Handle, RequestId } from '../proto/ids.ts'
import type { InTurns } from '../proto/in-turns.ts'
import { refuse } from '../proto/refusal.ts'
import type { By } from './admit.ts'
import { type Change, openChange } from './change.ts'
import { type Fitted, requireFit, stopsWhenFrozen } from './change-fit.ts'
import { countApprovals, openAsked, requireNoRejection } from './check-people.ts'
import { requireCeremony } from './cold.ts'
import { displayDigest } from './display.ts'
import { displayChange } from './display-change.ts'
import type { Root } from './documents.ts'
import type { InForce } from './in-force.ts'
import { judgeChange, sectionOf } from './judge-change.ts'
import type { ReadOrder } from './order.ts'
import type { Verdict } from './verdict.ts'
import {
  type CeremonyRow,
  type DecisionRow,
  type IntentRow,
  isOver,
  type VaultRow,
} from './view.ts'

/** What the judge knows by itself. */
export interface Grounds {
  readonly row: IntentRow
  readonly decisions: readonly DecisionRow[]
  readonly vault: VaultRow | undefined
  readonly root: Root
  readonly inForce: Pick<InForce, 'ruleset' | 'rulebook' | 'roster'>
  /** Scopes in force that cover the vault. */
  readonly frozen: readonly string[]
  /** The open ceremony of the vault; only cold ones have any. */
  readonly ceremony: CeremonyRow | undefined
  /** The instant of judging and the place in the log before which approvals count. */
  readonly at: { readonly seq: number; readonly t: number }
  readonly witnessedAt: (seq: number) => number | undefined
}

export interface Approved {
  readonly change: Change
  readonly digest: RequestId
  readonly fitted: Fitted
  /** Of a cold key: the open ceremony, which is for this very change. */
  readonly ceremony: CeremonyRow | undefined
  readonly display: Digest
  readonly verdict: Verdict
  /** Last instant, in milliseconds, at which approvals and change still hold. */
  readonly until: number
}

export function* approvedChange({ order }: ReadOrder, grounds: Grounds, by: By): InTurns<Approved> {
  const { row, decisions, vault, root, inForce, frozen, at, witnessedAt } = grounds
  const { rulebook, roster } = inForce
  by('N8', () => requireAlive(row))
  by('N9', () => requireRuleset(order, grounds))
  const lines = { intent: row, attempt: at }
  yield
  const { digest, asked: change } = by('N17', () =>
    openAsked(order.change, lines, {
      roster,
      open: (key) => {
        const read = openChange(order.change, key)
        return { digest: read.digest, asked: read.change }
      },
    }),
  )
  by('N17', () => requireOwn(change, root))
  by('N4', () => requireThawed(change, frozen))
  const fitted = by('N2', () => requireFit(change, { root, rulebook, row: vault }))
  const isCold = rulebook.vaults.get(change.vault)?.tier === 'cold'
  const open = grounds.ceremony
  const ceremony = isCold ? by('N2', () => requireCeremony(digest, open)) : undefined

  by('N19', () => requireNoRejection(decisions))
  yield
  const display = by('N20', () => displayDigest(displayChange(change, { rulebook, row: vault })))
  const { rule: section } = sectionOf(change.op, rulebook)
  const rule = { id: section, ttlMs: Number.POSITIVE_INFINITY }
  const read = { digest, intent: change }
  const the = { read, inForce, lines, rule, display, decisions, witnessedAt }
  yield
  const { approvals, until } = yield* countApprovals(order.approvals, the, by)

  yield
  const createdAt = witnessedAt(row.seq)
  const facts = { at: at.t, change, createdAt, approvals, frozen: frozen.length > 0 }
  const verdict = judgeChange({ ...facts, rejected: false, unfit: '' }, rulebook, roster)
  by('N21', () => requirePeople(verdict, section))
  by('N22', () => requireAllowed(verdict))
  return { change, digest, fitted, ceremony, display, verdict, until }
}

/** N8: recorded, and neither ended nor carried out before. */
function requireAlive(row: IntentRow): void {
  if (isOver(row.state)) refuse('REQUEST_ENDED', `the request is ${row.state}`)
}

/** N9: people approved under the ruleset that is in force now. */
function requireRuleset(
  order: ReadOrder['order'],
  { inForce, root }: Pick<Grounds, 'inForce' | 'root'>,
): void {
  if (order.ruleset !== inForce.ruleset) {
    refuse('RULESET_VERSION', `expected ruleset ${inForce.ruleset}, got ${order.ruleset}`)
  }
  if (order.org !== root.org || order.env !== root.env) {
    refuse('WARRANT', `expected an order of ${root.org} ${root.env}`)
  }
}

function requireOwn({ org, env }: Change, root: Root): void {
  if (org !== root.org || env !== root.env) {
    refuse('INTENT_SIG', `expected a change of ${root.org} ${root.env}, got ${org} ${env}`)
  }
}

function requireThawed({ op }: Change, frozen: readonly string[]): void {
  if (frozen.length > 0 && stopsWhenFrozen(op)) refuse('FROZEN', `frozen: ${frozen.join(', ')}`)
}

/** N21: of the reasons the one that more people would lift. */
function requirePeople({ reasons }: Verdict, section: Handle): void {
  const missing = reasons.find(({ code }) => code === 'APPROVAL_MISSING')
  if (missing !== undefined) refuse('QUORUM', missing.because, section)
}

/** N22: everything else that the judgement holds against it. */
function requireAllowed({ result, reasons }: Verdict): void {
  if (result === 'ALLOW') return
  const [reason] = reasons
  refuse(reason?.code ?? 'ERROR', reason?.because ?? 'no reason given', reason?.rule)
}
