// What a cold vault asks beside all that every vault asks: it acts at a ceremony that people
// planned, in the log of cold vaults, for exactly the requests that they named, within its window.
// Coordinator, station, fold and auditor ask it with the same functions.
// INVARIANT: pure. A ceremony grants nothing that the request does not have by itself: approvals,
// limits, freeze and expiry are asked as ever. Who sits at the table is the plan's to say.
import type { Digest, NodeId } from '../proto/ids.ts'
import { refuse } from '../proto/refusal.ts'
import { writeTimeMillis } from '../proto/shape.ts'
import type { CeremonyRow, RequestView, VaultRow } from './view.ts'

/** What a station knows of the room that it sits in. */
export interface AtTable {
  /** Digest of the plan that was opened there. */
  readonly plan: Digest
  /** Who of the called stations signs; empty where all of the attempt line do. */
  readonly signers: readonly NodeId[]
}

/** A scope of a freeze that nobody set: a ceremony was planned, and nobody said how it ended. */
export const overdueScope = 'overdue ceremony'

export function isOpen({ state }: Pick<CeremonyRow, 'state'>): boolean {
  return state === 'planned' || state === 'exported'
}

/** Planned, and neither concluded nor aborted by the end of its window. */
export function isOverdue(open: Pick<CeremonyRow, 'until'> | undefined, t: number): boolean {
  return open !== undefined && !(t < open.until)
}

/** The ceremony of this vault that is open, when it is for this very request. */
export function requireCeremony(request: Digest, open: CeremonyRow | undefined): CeremonyRow {
  if (open === undefined) return refuse('CEREMONY', 'no ceremony of this vault is open')
  if (!open.requests.includes(request)) {
    refuse('CEREMONY', `the open ceremony ${open.plan} is for other requests`)
  }
  return open
}

/** Nobody sits in one room and acts for another. */
export function requireTable({ plan }: CeremonyRow, table: AtTable): void {
  if (table.plan !== plan) refuse('CEREMONY', `the open ceremony is ${plan}, here is ${table.plan}`)
}

/** N3 of a ceremony: the own clock is in the window that people approved. */
export function requireWindow(
  { from, until }: Pick<CeremonyRow, 'from' | 'until'>,
  clockMs: number,
): void {
  // A clock that is no number compares with nothing, so what is asked is what must hold.
  if (clockMs >= from && clockMs < until) return
  const [begin, end] = [writeTimeMillis(from), writeTimeMillis(until)]
  refuse('CLOCK', `expected a clock from ${begin} to ${end}, got one ${clockMs - from} ms after`)
}

/** Judged away from the table, a cold request is judged for the instant at which its room opens. */
export function tableClock({ ceremony }: Pick<RequestView, 'ceremony'>, t: number): number {
  return Math.max(t, ceremony?.from ?? t)
}

/** Who signs of those that the attempt line calls: exactly t, in the order of their x. */
export function signersOf(
  { t }: Pick<VaultRow, 't'>,
  called: readonly NodeId[],
  table: AtTable,
): readonly NodeId[] {
  const { signers } = table
  const chosen = signers.length === 0 ? called : called.filter((node) => signers.includes(node))
  const same = signers.length === 0 || signers.every((node, at) => node === chosen[at])
  if (chosen.length !== t || !same) {
    refuse('PARTICIPANTS', `signers: expected ${t} of the called stations, each once, in order`)
  }
  return chosen
}
