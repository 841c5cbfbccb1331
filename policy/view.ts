// What the log's fold knows about one request, as plain readonly shapes. `admit` judges on these
// and `audit/` fills them from its rows: the types stand here, below both, so that nothing below
// `audit/` imports it. Amounts are bigint, times milliseconds, keys and chain digests raw bytes.
// INVARIANT: every row comes from a line that did not fold to void.
import type { Digest, Handle, NodeId, PersonId, VaultId } from '../proto/ids.ts'
import type { CeremonyKind, ChangeOp } from './change.ts'
import type { Fee, Op } from './intent.ts'

/** States of the walk, section 3. */
export const requestStates = [
  'DENIED',
  'AWAITING_APPROVAL',
  'WAITING',
  'RESERVED',
  'SIGNING',
  'SIGNED',
  'BROADCAST',
  'LAPSING',
  'SETTLED',
  'DROPPED',
  'REJECTED',
  'CANCELLED',
  'EXPIRED',
  'ACTIVE',
] as const
export type RequestState = (typeof requestStates)[number]

const overStates: ReadonlySet<RequestState> = new Set<RequestState>([
  'DENIED',
  'LAPSING',
  'SETTLED',
  'DROPPED',
  'REJECTED',
  'CANCELLED',
  'EXPIRED',
  'ACTIVE',
])

/** No share may leave for a request in this state, whatever its attempts say. */
export function isOver(state: RequestState): boolean {
  return overStates.has(state)
}

/** Place and time of a line: all that the fold knows of time. */
export interface LineAt {
  readonly seq: number
  /** The line's `t`, milliseconds. */
  readonly t: number
}

export interface IntentRow extends LineAt {
  readonly intent: Digest
  readonly id: Handle
  readonly initiator: PersonId
  readonly credential: Handle
  readonly op: Op | ChangeOp
  readonly vault: VaultId
  readonly notAfter: number
  readonly state: RequestState
  /** Of the newest evaluation; empty before the first and where no rule matched. */
  readonly rule: Handle | ''
  /** Number of the highest attempt started, 0 before the first. */
  readonly attempts: number
  /** The cancel that has its nonce: from that reservation on nothing is signed for it. */
  readonly cancelledBy?: Digest
}

export interface DecisionRow extends LineAt {
  readonly intent: Digest
  readonly person: PersonId
  readonly decision: 'approve' | 'reject'
  /** Digest of the approval or rejection document. */
  readonly approval: Digest
  readonly rule: Handle
}

export interface LimitUse {
  /** Id of the limit in the policy. */
  readonly id: Handle
  /** Sum or count in the window, without the request itself. */
  readonly used: bigint
}

/** Of a cancel: what it takes over, as it was at its reservation. */
export interface Cancelling {
  readonly request: Digest
  /** The cancel that had the nonce before, and ended; empty: the request itself had it. */
  readonly before: Digest | ''
  /** The highest of every attempt under the nonce: a replacement lies above both. */
  readonly price: bigint
  readonly tip: bigint
}

export interface ReservationRow extends LineAt {
  readonly intent: Digest
  readonly vault: VaultId
  readonly path: string
  readonly network: string
  readonly asset: Handle
  readonly amount: bigint
  readonly feeMax: bigint
  readonly to: string
  /** Destination class of the policy. */
  readonly dest: Handle
  readonly op: Op
  readonly rule: Handle
  readonly initiator: PersonId
  readonly policy: Digest
  /** In force at this line. */
  readonly directory: Digest
  readonly slot: string
  /** What the limits had used at this line, itself not counted; every limit held. */
  readonly limits: readonly LimitUse[]
  readonly cancelling?: Cancelling
  /** An earlier live reservation of the same address and amount, as the duplicate guard sees it. */
  readonly duplicateOf: Digest | ''
}

/** A counted amount. It counts at `t` in a window W when `closesAt > t - W`. */
export interface SpendRow extends LineAt {
  readonly intent: Digest
  readonly vault: VaultId
  readonly asset: Handle
  readonly amount: bigint
  readonly to: string
  readonly dest: Handle
  readonly rule: Handle
  /** `notAfter` of the intent, later the `t` of its sign.completed. */
  readonly closesAt: number
}

export interface AttemptRow extends LineAt {
  readonly intent: Digest
  /** From 1. */
  readonly attempt: number
  readonly warrant: Digest
  /** Plain SHA-256 of the unsigned transaction. */
  readonly bytes: Digest
  /** What the key signs, 32 bytes. */
  readonly digest: Uint8Array
  readonly epoch: number
  readonly fee: Fee
  /** Ascending by their x in the vault. */
  readonly participants: readonly NodeId[]
  /** The warrant whose transaction this one replaces by a higher fee; empty otherwise. */
  readonly replaces: Digest | ''
  readonly slot: string
  /** Tron: end of the transaction's life; 0 where the chain has none. */
  readonly until: number
  /** In force at this line; for the policy: as pinned by the first attempt. */
  readonly ruleset: Digest
  readonly state: 'open' | 'aborted' | 'completed'
}

/** Whether the key of a vault may sign, and why not. */
export const keyStandings = ['active', 'unrefreshed', 'exported', 'disabled'] as const
export type KeyStanding = (typeof keyStandings)[number]

/** A key as its line states it. */
export interface KeyFacts {
  readonly vault: VaultId
  readonly key: Handle
  readonly epoch: number
  /** How many nodes sign together; not a time. */
  readonly t: number
  readonly participants: readonly { readonly node: NodeId; readonly x: number }[]
  /** Compressed, 33 bytes. */
  readonly publicKey: Uint8Array
  /** 32 bytes. */
  readonly chainCode: Uint8Array
  readonly keyState: Digest
}

export interface VaultRow extends KeyFacts {
  /** Only an active key signs. */
  readonly standing: KeyStanding
  /** For ever: somebody else may hold the key as well. */
  readonly imported: boolean
  readonly exported: boolean
}

/** How far a ceremony has come, by its lines. */
export const ceremonyStates = ['planned', 'exported', 'concluded', 'aborted'] as const
export type CeremonyState = (typeof ceremonyStates)[number]

/** A planned ceremony; open until a line says how it ended. */
export interface CeremonyRow extends LineAt {
  /** Digest of the plan document. */
  readonly plan: Digest
  /** The request that people approved. */
  readonly change: Digest
  readonly kind: CeremonyKind
  readonly vaults: readonly VaultId[]
  readonly requests: readonly Digest[]
  /** The stations that come, by the plan document. */
  readonly called: readonly NodeId[]
  readonly from: number
  readonly until: number
  readonly state: CeremonyState
  /** Manifest digest of the Bundle that went in; empty before. */
  readonly bundle: Digest | ''
  /** The head of the main log in that Bundle; absent where the plan names no main log. */
  readonly main?: { readonly root: Digest; readonly size: number }
  /** The Record that came back; size 0 before and where there was none. */
  readonly record: { readonly root: Digest | ''; readonly size: number }
}

export interface BookInForce extends LineAt {
  readonly name: Handle
  readonly digest: Digest
}

export interface RulesetRow {
  readonly digest: Digest
  readonly root: Digest
  /** Empty while the bootstrap has not reached it. */
  readonly policy: Digest | ''
  readonly directory: Digest | ''
  /** With the line of their activation, from which cool-downs count. */
  readonly books: readonly BookInForce[]
}

/** Of one intent what may change after it was admitted, and then stops it. */
export interface RequestStanding {
  readonly intent: IntentRow | undefined
  readonly decisions: readonly DecisionRow[]
  /** Ascending. */
  readonly attempts: readonly AttemptRow[]
  /** Scopes that people froze and that cover the intent's vault: `all` or the vault. */
  readonly frozen: readonly string[]
  /** The open ceremony of the intent's vault; only cold ones have any. */
  readonly ceremony: CeremonyRow | undefined
  /** The newest epoch of every vault that has a key: own destinations are derived from these. */
  readonly vaults: readonly VaultRow[]
  /** In force at the newest line. */
  readonly ruleset: RulesetRow
}

/** Everything that `admit` needs to know of the log about one intent. */
export interface RequestView extends RequestStanding {
  readonly reservation: ReservationRow | undefined
  /** Those vaults of which every node had a proven backup once: they may be paid into. */
  readonly shown: readonly VaultId[]
  /** Texts of root, policy, directory and books of the ruleset, by digest. */
  readonly documents: ReadonlyMap<Digest, string>
}

/** What evaluation reads of the past; at a retry these are the facts of the reservation's line. */
export interface HistoryFacts {
  readonly limits: readonly LimitUse[]
  readonly duplicateOf: Digest | ''
  readonly frozen: boolean
}

/**
 * Witnessed time of a line, in milliseconds: on the first of these heads (signed notes) that covers
 * it with q cosignatures and agrees with the own copy, the (f+1)-th smallest cosignature time.
 * Undefined when the heads do not prove it.
 */
export type WitnessedAt = (seq: number, heads: readonly string[]) => number | undefined
