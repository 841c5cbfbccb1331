// admitProof: the gate of control proofs. An approved `key.prove`, the nodes that shall sign and
// the own copy of the log give `AdmittedProof`, beside `Admitted` the one value that signing takes.
// The order is judged by `admitChange`; what is signed is made here, from the approved change and
// the key of the own copy, so nobody hands in a digest. INVARIANT: pure; whatever else an order
// carries out, it opens no signature here.
import { plainDigest, toUtf8 } from '../proto/crypto.ts'
import type { Digest, NodeId } from '../proto/ids.ts'
import { allAtOnce, type InTurns } from '../proto/in-turns.ts'
import { attempt as attempting, isRefusal, refuse } from '../proto/refusal.ts'
import type { Admitted, By, Check, CheckRefusal } from './admit.ts'
import { type AdmittedChange, admittingChange, type ChangeSubmission } from './admit-change.ts'
import type { ChangeOf } from './change.ts'
import { controlProof } from './control-proof.ts'
import type { Root } from './documents.ts'
import { parseInForce } from './in-force.ts'
import { networkOf } from './rulebook.ts'
import type { Tier } from './vault.ts'
import type { RequestStanding, VaultRow } from './view.ts'

declare const admitted: unique symbol

/** Made by `admitProof` and by nothing else. */
export interface AdmittedProof {
  readonly [admitted]: true
  readonly change: ChangeOf<'key.prove'>
  /** Digest of the change: the request. */
  readonly intentDigest: Digest
  /** Digest of the order. */
  readonly warrantDigest: Digest
  /** Canonical bytes, to be judged once more before a share leaves. */
  readonly order: Uint8Array
  /** A number of the coordinator's, under which nodes accept once. */
  readonly attempt: number
  /** Plain SHA-256 of the sentence. */
  readonly bytesDigest: Digest
  /** 32 bytes: what the key signs. */
  readonly digest: Uint8Array
  readonly path: string
  readonly vault: VaultRow
  readonly tier: Tier
  /** Compressed public key at the path. */
  readonly publicKey: Uint8Array
  /** Ascending by their x. */
  readonly participants: readonly NodeId[]
  readonly policy: Digest
  readonly display: Digest
  /** The order's digest: traces follow own clocks, and all must accept in the same words. */
  readonly trace: Digest
  /** Last instant, in milliseconds, at which the approvals and the change still hold. */
  readonly until: number
}

/** What a share is made for: a payment's bytes, or a sentence. */
export type ToSign = Admitted | AdmittedProof

export function isProof(admission: ToSign): admission is AdmittedProof {
  return 'change' in admission
}

export function pathOf(admission: ToSign): string {
  return isProof(admission) ? admission.path : admission.intent.path
}

export interface ProofSubmission extends ChangeSubmission {
  readonly participants: readonly NodeId[]
  readonly attempt: number
}

export function admitProof(submission: ProofSubmission): AdmittedProof | CheckRefusal {
  return allAtOnce(admittingProof(submission))
}

/** `admitProof` in turns, as `admitting` of payments. */
export function* admittingProof(
  submission: ProofSubmission,
): InTurns<AdmittedProof | CheckRefusal> {
  const approved = yield* admittingChange(submission)
  yield
  if (isRefusal(approved)) return approved
  let check: Check = 'N1'
  const result = attempting(() =>
    judge(submission, approved, (id, work) => {
      check = id
      return work()
    }),
  )
  return isRefusal(result) ? { ...result, check } : result
}

/** The newest line that a proof rests on: of the request, or of a decision about it. */
export function restsOn({ intent, decisions }: RequestStanding): number {
  return Math.max(intent?.seq ?? -1, ...decisions.map(({ seq }) => seq))
}

function judge(
  { order, participants, attempt, own }: ProofSubmission,
  { change, digest, vault, root, ...rest }: AdmittedChange,
  by: By,
): AdmittedProof {
  const { rulebook } = parseInForce(own.view.ruleset, own.view.documents)
  const tier = rulebook.vaults.get(change.vault)?.tier
  const network = networkOf(rulebook, change.vault)?.caip2
  // Of a proof that was admitted all of these are known: whatever else it is, it signs nothing.
  if (change.op !== 'key.prove' || !vault || tier === undefined || network === undefined) {
    return by('N1', () => refuse('WARRANT', `expected an order of key.prove, got ${change.op}`))
  }
  by('N2', () => requireSigners(participants, vault, root))
  const { text, digest: signed, publicKey } = controlProof(change, vault, network)
  const { policy, display, until } = rest
  const value: Omit<AdmittedProof, typeof admitted> = {
    ...{ change, order, attempt, vault, tier, publicKey, participants },
    ...{ policy, display, until, trace: rest.order },
    intentDigest: digest,
    warrantDigest: rest.order,
    bytesDigest: plainDigest(toUtf8(text)),
    digest: signed,
    path: change.terms.path,
  }
  return value as AdmittedProof
}

/** N2: exactly t holders that the root names, each once, in the order of their x. */
function requireSigners(participants: readonly NodeId[], row: VaultRow, { nodes }: Root): void {
  const members = new Map(row.participants.map(({ node, x }) => [node, x]))
  const places = participants.map((node) => members.get(node) ?? 0)
  const ascending = places.every((x, index) => x > (places[index - 1] ?? 0))
  if (places.length !== row.t || !ascending) {
    refuse('PARTICIPANTS', `expected ${row.t} nodes of the vault, each once, in order`)
  }
  const gone = participants.find((node) => !nodes.some((known) => known.node === node))
  if (gone !== undefined) refuse('PARTICIPANTS', `${gone} is no node of the root`)
}
