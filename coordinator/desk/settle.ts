// What a verdict becomes in the log (the walk, 3): an evaluation where something changed, and, when
// everything allows it and enough nodes can sign, the reservation that binds room and nonce.
// INVARIANT: a reservation is written in the run that judged, under the same lock, so nothing can
// come between the judgement and the line.
import type { EntryType } from '../../policy/audit/bodies.ts'
import { nextNonce } from '../../policy/audit/slots.ts'
import { resultOf } from '../../policy/audit/standing.ts'
import { get, tables } from '../../policy/audit/tables.ts'
import { factsDigest } from '../../policy/facts.ts'
import { isMessage } from '../../policy/intent.ts'
import { networkOf } from '../../policy/rulebook.ts'
import { engine, traceDigest } from '../../policy/verdict.ts'
import type { IntentRow, RequestState, VaultRow } from '../../policy/view.ts'
import { toUtf8 } from '../../proto/crypto.ts'
import type { JsonObject } from '../../proto/jcs.ts'
import { isRefusal, type Refusal, Refused } from '../../proto/refusal.ts'
import { isCold } from '../ceremony/cold.ts'
import type { Page } from '../page.ts'
import { boundElsewhere } from './binding.ts'
import { type Nonce, nonceTaken } from './cancelling.ts'
import { type Case, destinationFacts } from './case.ts'
import { type Judgement, judge } from './judge.ts'

/** Why this vault cannot sign now, or not under this nonce; undefined when it can. */
export type CannotSign = (vault: VaultRow, how: Signing) => Refusal | undefined

export interface Signing {
  /** Of a cancel: what it takes. */
  readonly nonce: Nonce | undefined
  /** At its ceremony, so its nodes need not be here. */
  readonly isCold: boolean
}

/** Of a request that has no reservation. Time alone writes nothing where nothing changed. */
export async function settle(
  sheet: Page,
  the: Case,
  { cannotSign, isNews }: { readonly cannotSign: CannotSign; readonly isNews: boolean },
): Promise<Judgement> {
  const judged = await judge(sheet, the, sheet.t)
  const { row } = the
  const differs = isNews || moved(row, judged)
  if (judged.standing !== 'ALLOW') {
    if (differs) await record(sheet, row, judged)
    return judged
  }
  const ready = await canReserve(sheet, the, cannotSign)
  if (ready || differs) await record(sheet, row, judged)
  if (ready) await reserve(sheet, the, judged)
  return judged
}

/** Of a payment or of a change. */
export type Judged = Pick<Judgement, 'facts' | 'verdict' | 'standing'>

const stateOf = {
  ALLOW: 'WAITING',
  WAITING: 'WAITING',
  AWAITING_APPROVAL: 'AWAITING_APPROVAL',
  DENIED: 'DENIED',
} as const satisfies Record<Judgement['standing'], RequestState>

export function moved(row: IntentRow, { standing, verdict }: Judged): boolean {
  return row.state !== stateOf[standing] || row.rule !== verdict.rule
}

/** The record of a judgement, with its facts and its trace kept beside the log. */
export async function record(sheet: Page, row: IntentRow, judged: Judged): Promise<void> {
  const { verdict, facts } = judged
  const [factsName, trace] = [factsDigest(facts), traceDigest(verdict)]
  sheet.keep(
    { digest: factsName, kind: 'facts', content: toUtf8(facts) },
    { digest: trace, kind: 'trace', content: toUtf8(verdict.trace) },
  )
  const policy = (await sheet.read(get(tables.ruleset, 'now')))?.policy ?? ''
  await sheet.append(
    line('intent.evaluated', {
      engine,
      facts: factsName,
      intent: row.intent,
      policy,
      result: resultOf(verdict),
      rule: verdict.rule,
      trace,
    }),
  )
}

/** What a cancel names was tried, may still land, and has its nonce. */
async function canReserve(sheet: Page, the: Case, cannotSign: CannotSign): Promise<boolean> {
  const { intent, row } = the
  const vault = await sheet.read(get(tables.vault, intent.vault))
  if (vault?.standing !== 'active') return false
  const taken = await nonceTaken(sheet, intent, sheet.t)
  if (isRefusal(taken) || (await boundElsewhere(sheet, intent, row.intent))) return false
  return cannotSign(vault, { nonce: taken, isCold: isCold(the) }) === undefined
}

async function reserve(sheet: Page, the: Case, { verdict }: Judgement): Promise<void> {
  const { intent, row, inForce } = the
  const { vault, path, network, asset, op, initiator, to } = intent
  const { cancels } = intent
  const slot = await slotFor(sheet, the)
  const places = { vault, path, network, asset, op, initiator, to, slot }
  await sheet.append(
    line('spend.reserved', {
      ...places,
      amount: `${intent.amount}`,
      dest: destinationFacts(the).class,
      feeMax: `${intent.maxFee}`,
      intent: row.intent,
      policy: inForce.rulebook.digest,
      rule: verdict.rule,
      ...(cancels === undefined ? {} : { cancels }),
    }),
  )
}

async function slotFor(sheet: Page, { intent, inForce }: Case): Promise<string> {
  const { vault, path, op } = intent
  const taken = await nonceTaken(sheet, intent, sheet.t)
  if (isRefusal(taken)) throw new Refused(taken)
  if (taken !== undefined) return taken.slot
  const byNonce = networkOf(inForce.rulebook, vault)?.slot.kind === 'nonce' && !isMessage(op)
  return byNonce ? String(await sheet.read(nextNonce({ vault, path }, sheet.t))) : ''
}

/** A line that this coordinator writes on its own account. */
export function line(type: EntryType, body: JsonObject) {
  return { actor: 'coordinator', type, body }
}
