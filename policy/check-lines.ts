// The checks of `admit` that compare a warrant with the own copy of the log: N1 to N4, N8 to N10,
// N23. Each refuses under its own code or returns what the next checks stand on.
// N5 to N7 (checkpoint, root, honest extension) were done by whoever took the lines: what failed
// them is in no copy. N11 waits for lists: a policy that names lists is refused when it is loaded.
import type { Digest, NodeId, VaultId } from '../proto/ids.ts'
import { limits } from '../proto/limits.ts'
import { refuse } from '../proto/refusal.ts'
import { writeTimeMillis } from '../proto/shape.ts'
import { type AtTable, requireCeremony, requireTable, requireWindow, signersOf } from './cold.ts'
import type { DestinationFacts } from './facts.ts'
import { type InForce, parseInForce } from './in-force.ts'
import type { Intent } from './intent.ts'
import { requireSigns } from './key-standing.ts'
import { isColdPolicy, type Rulebook } from './rulebook.ts'
import { requireTemper, type Tier } from './vault.ts'
import {
  type AttemptRow,
  type IntentRow,
  isOver,
  type RequestView,
  type ReservationRow,
  type VaultRow,
  type WitnessedAt,
} from './view.ts'
import { parseWarrant, type ReadWarrant, type Warrant } from './warrant.ts'

/** What the judge knows by itself: its own copy of the log, its own clock, its own switch. */
export interface Own {
  /** At the newest line of the own copy, which covers the attempt line. */
  readonly view: RequestView
  /** Own clock; where a line is judged again, its `t`. */
  readonly clockMs: number
  /** The operator's own freeze of this node. */
  readonly frozenLocally: boolean
  readonly witnessedAt: WitnessedAt
  /** The warrant accepted before for this intent and attempt, if any. */
  readonly accepted?: Digest | undefined
  /** Of a station in its room; whoever judges away from it has none. */
  readonly ceremony?: AtTable | undefined
}

/** The lines that every attempt stands on. */
export interface Lines {
  readonly intent: IntentRow
  readonly reservation: ReservationRow
  /** All attempts before this one, ascending. */
  readonly before: readonly AttemptRow[]
  readonly attempt: AttemptRow
}

/** N8: the own copy holds the intent's lines, none of them void, and none has ended it. */
export function findLines({ intent, reservation, attempts }: RequestView, number: number): Lines {
  const attempt = attempts.find((row) => row.attempt === number)
  if (intent === undefined || reservation === undefined || attempt === undefined) {
    return refuse('LINE_MISSING', `no created, reserved or attempt ${number} line in the own copy`)
  }
  if (reservation.seq >= attempt.seq) refuse('LINE_MISSING', 'reserved after the attempt')
  if (isOver(intent.state)) refuse('REQUEST_ENDED', `the request is ${intent.state}`)
  const { cancelledBy } = intent
  if (cancelledBy) refuse('REQUEST_ENDED', `the cancel ${cancelledBy} has its nonce`)
  return { intent, reservation, attempt, before: attempts.filter((row) => row.attempt < number) }
}

/** N1: the very warrant of the newest attempt line, not accepted before. */
export function openNamed(bytes: Uint8Array, lines: Lines, own: Own): ReadWarrant {
  const read = parseWarrant(bytes)
  const { attempt } = lines
  if (read.digest !== attempt.warrant) {
    refuse('WARRANT', `expected warrant ${attempt.warrant}, got ${read.digest}`)
  }
  const newest = own.view.attempts.at(-1)
  if (newest !== attempt || attempt.state !== 'open') {
    refuse('STALE_ATTEMPT', `attempt ${attempt.attempt} is ${attempt.state} or has a later one`)
  }
  // Nobody at a table can write a line, so there the same warrant may be tried again.
  const isAgain = own.ceremony !== undefined && own.accepted === read.digest
  if (own.accepted !== undefined && !isAgain) {
    refuse('STALE_ATTEMPT', 'this attempt was accepted before')
  }
  if (read.warrant.replaces !== attempt.replaces) {
    refuse('WARRANT', 'replaces: the warrant and the attempt line differ')
  }
  return read
}

/** N2: key and participants, as far as the log knows them. */
export function requireParties(
  { attempt, intent }: Lines,
  { view: { vaults, ceremony }, ceremony: table }: Own,
): Parties {
  const vault = vaults.find((row) => row.vault === intent.vault)
  if (vault === undefined) return refuse('EPOCH', `vault ${intent.vault} has no key`)
  if (attempt.epoch !== vault.epoch) {
    refuse('EPOCH', `expected epoch ${vault.epoch}, got ${attempt.epoch}`)
  }
  const members = new Map(vault.participants.map(({ node, x }) => [node, x]))
  const places = attempt.participants.map((node) => members.get(node) ?? 0)
  const ascending = places.every((x, index) => x > (places[index - 1] ?? 0))
  const isMany = ceremony !== undefined && places.length > vault.t
  if ((places.length !== vault.t && !isMany) || !ascending) {
    refuse('PARTICIPANTS', `expected ${vault.t} nodes of the vault, each once, in order`)
  }
  const { participants } = attempt
  if (table === undefined) return { vault, signers: participants }
  const open = requireCeremony(intent.intent, ceremony)
  requireTable(open, table)
  return { vault, signers: signersOf(vault, participants, table) }
}

export interface Parties {
  readonly vault: VaultRow
  /** Of a cold attempt that is judged away from the table: all who are called. */
  readonly signers: readonly NodeId[]
}

/**
 * N3: the line's time and the own clock agree. A cold attempt is written long before its ceremony,
 * so there the clock must be in the window that people approved.
 */
export function requireClock(
  { attempt }: Lines,
  { view: { ceremony }, clockMs }: Pick<Own, 'view' | 'clockMs'>,
): void {
  if (ceremony !== undefined) {
    requireWindow(ceremony, clockMs)
    if (clockMs >= attempt.t - limits.clockSkewMs) return
  }
  // A clock that is no number compares with nothing, so what is asked is what must hold.
  if (!(Math.abs(clockMs - attempt.t) <= limits.clockSkewMs)) {
    const line = writeTimeMillis(attempt.t)
    refuse('CLOCK', `attempt line at ${line}, own clock ${clockMs - attempt.t} ms later`)
  }
}

/** N4: nobody has said stop. */
export function requireThawed(own: Own): void {
  requireThawedLocally(own)
  requireUnfrozen(own.view)
}

/** N4: nobody has said stop in the log. */
export function requireUnfrozen({ frozen }: Pick<RequestView, 'frozen'>): void {
  if (frozen.length > 0) refuse('FROZEN', `frozen: ${frozen.join(', ')}`)
}

/** N4: the operator of this node has not said stop. */
export function requireThawedLocally({ frozenLocally }: Own): void {
  if (frozenLocally) refuse('FROZEN', 'frozen by the operator of this node')
}

/** N9: one ruleset, in the warrant, at the attempt line and now; its documents parse. */
export function requireRuleset(read: ReadWarrant, lines: Lines, view: RequestView): InForce {
  const { warrant } = read
  const { attempt, reservation } = lines
  for (const named of [warrant.ruleset, attempt.ruleset]) {
    if (named !== view.ruleset.digest) {
      refuse('RULESET_VERSION', `expected ruleset ${view.ruleset.digest}, got ${named}`)
    }
  }
  const inForce = parseInForce(view.ruleset, view.documents)
  const { rulebook, roster } = inForce
  if (reservation.policy !== rulebook.digest || reservation.directory !== roster.digest) {
    refuse('RULESET_VERSION', 'policy or directory differ from those of the reservation')
  }
  requireHouse(warrant, rulebook)
  return inForce
}

/** N9: the warrant is of this organisation and environment. */
export function requireHouse(
  { org, env }: Pick<Warrant, 'org' | 'env'>,
  rulebook: Pick<Rulebook, 'org' | 'env'>,
): void {
  if (org !== rulebook.org || env !== rulebook.env) {
    refuse('WARRANT', `expected a warrant of ${rulebook.org} ${rulebook.env}`)
  }
}

/**
 * N9: a key of a vault that signs here. Its numbers are those of the root it was made under, which
 * the fold checked then: a key outlives roots and policies until it is reshared.
 */
export function requireKey(
  vault: VaultRow,
  rulebook: Rulebook,
  lines: Lines,
  view: RequestView,
): Tier {
  const tier = tierOf(vault, rulebook)
  if (tier === 'cold') requirePlanned(lines, view)
  return tier
}

/** N9, of what is signed: the policy still has this vault under this key, and the key signs. */
export function requireVault(
  name: VaultId,
  vaults: readonly VaultRow[],
  rulebook: Rulebook,
): VaultRow {
  const vault = vaults.find((row) => row.vault === name)
  if (vault === undefined) return refuse('EPOCH', `vault ${name} has no key`)
  tierOf(vault, rulebook)
  return vault
}

function tierOf(vault: VaultRow, rulebook: Rulebook): Tier {
  const known = rulebook.vaults.get(vault.vault)
  if (known === undefined || known.key !== vault.key) {
    return refuse('EPOCH', `the policy has no vault ${vault.vault} with key ${vault.key}`)
  }
  requireSigns(vault)
  // Loaded beside the root, the policy says of its log what the root says.
  requireTemper(known.tier, { cold: isColdPolicy(rulebook) })
  return known.tier
}

/** N9: people planned a ceremony for this request, and the attempt was written under that plan. */
function requirePlanned({ intent, attempt }: Lines, { ceremony }: RequestView): void {
  const { plan, seq } = requireCeremony(intent.intent, ceremony)
  if (attempt.seq <= seq) refuse('CEREMONY', `the attempt came before the ceremony ${plan}`)
}

/** N10: whatever guards the policy has, the record is active and its cool-down is over. */
export function requireActive(facts: DestinationFacts, rulebook: Rulebook, at: number): void {
  if (facts.kind === 'vault') return
  if (facts.status !== 'active' || at < facts.activeFrom) {
    refuse('DEST_UNKNOWN', `expected an active record, got ${facts.status}`)
  }
  const known = rulebook.destinations.get(facts.class)
  const cooldownMs = known?.kind === 'book' ? known.cooldownMs : 0
  const since = facts.activatedAt
  if (cooldownMs > 0 && (since === undefined || at < since + cooldownMs)) {
    refuse('DEST_COOLDOWN', 'the cool-down of the record is not over by witnessed time')
  }
}

/** N23: the reservation was made for this intent and understates nothing. */
export function requireReserved(intent: Intent, destination: DestinationFacts, lines: Lines): void {
  const { reservation: row } = lines
  const compared = [
    ['vault', intent.vault, row.vault],
    ['network', intent.network, row.network],
    ['op', intent.op, row.op],
    ['asset', intent.asset, row.asset],
    ['amount', intent.amount, row.amount],
    ['feeMax', intent.maxFee, row.feeMax],
    ['to', intent.to, row.to],
    ['dest', destination.class, row.dest],
    ['initiator', intent.initiator, row.initiator],
    ['cancels', intent.cancels, row.cancelling?.request],
  ] as const
  for (const [what, expected, got] of compared) {
    if (expected !== got) refuse('LIMIT', `reserved ${what}: expected ${expected}, got ${got}`)
  }
}
