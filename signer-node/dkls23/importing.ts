/**
 * Import (specification 2.4): one dealer shares a key that exists to n nodes, by Feldman; its
 * commitments stand in the change that people approve, so all nodes check the same dealing.
 * `dealImport` is the dealer's side, `acceptImport` a node's; the node then runs `confirmKey`.
 * INVARIANT: the dealer knows every share, so the pending key is marked imported and unrefreshed;
 * it neither signs nor is reshared or exported before a refresh has made that knowledge void.
 * The dealer chooses nothing else: no pairing, no seed of a transfer, no session id (attack A45).
 */

import { Abort } from './abort.ts'
import { Malformed, u16 } from './bytes.ts'
import { type Curve, type Point, requirePoint, type Scalar } from './curve.ts'
import { type PendingKey, pendingKey } from './keygen.ts'
import { type KeyPast, Keyshare, type KeyTerms, requireTerms } from './keyshare.ts'
import { encodeAs, group, type Layout, list, point, raw } from './layout.ts'
import { CHAIN_CODE_BYTES } from './params.ts'
import type { Participant, Party } from './party.ts'
import { evaluateCommitments, isShareOf, Polynomial } from './polynomial.ts'
import type { Run } from './protocol.ts'
import type { SessionRandomness } from './randomness.ts'
import { equalBytes, Secret } from './secret.ts'
import { participantParts } from './session-id.ts'
import { hash } from './transcript.ts'

/** What the dealer publishes: A_0 .. A_{t-1}, of which A_0 is the public key. */
export interface ImportDealing {
  readonly coefficients: readonly Point[]
  readonly chainCode: Uint8Array
}

/** For whom it is dealt. The epoch is not the dealer's to say. */
export interface ImportHolders extends Pick<KeyTerms, 'keyId' | 'threshold'> {
  readonly participants: readonly Participant[]
}

/** What people approved. */
export interface ApprovedImport {
  readonly publicKey: Uint8Array
  readonly chainCode: Uint8Array
  /** The `importDigest` of the dealing. */
  readonly commitments: Uint8Array
}

/** Each share is for its node alone; the caller seals and wipes them. */
export interface DealtImport {
  readonly dealing: ImportDealing
  readonly shares: ReadonlyMap<Party, Secret<Scalar>>
}

const UNREFRESHED: KeyPast = { origin: 'imported', isExported: false, standing: 'unrefreshed' }
/** There are no rounds before it. */
const CONFIRM_ROUND = 1

/** The dealer's side. It does not take ownership of the key. */
export function dealImport(
  curve: Curve,
  randomness: SessionRandomness,
  { participants, ...terms }: ImportHolders,
  { key, chainCode }: { readonly key: Secret<Scalar>; readonly chainCode: Uint8Array },
): DealtImport {
  requireTerms({ ...terms, epoch: 0 }, participants)
  requireChainCode(chainCode)
  // A copy, which the polynomial owns.
  const constant = curve.scalars.add(key.bytes, curve.scalars.zero)
  using polynomial = Polynomial.sample(curve, randomness, terms.threshold, constant)
  const coefficients = polynomial.commitments().map(requirePoint)
  const shares = participants.map(({ x }) => [x, new Secret(polynomial.evaluate(x))] as const)
  return { dealing: { coefficients, chainCode }, shares: new Map(shares) }
}

export function importLayout(curve: Curve, threshold: number): Layout<ImportDealing> {
  return group({
    coefficients: list(threshold, point(curve)),
    chainCode: raw('bytes', CHAIN_CODE_BYTES),
  })
}

/** Names a dealing for its holders; what people approve contains it. */
export function importDigest(
  { keyId, threshold, participants }: ImportHolders,
  { coefficients, chainCode }: ImportDealing,
): Uint8Array {
  const holders = participantParts(participants)
  return hash('import', keyId, u16(threshold), holders, coefficients, chainCode)
}

export interface ImportTerms extends KeyTerms {
  readonly approved: ApprovedImport
}

/** The dealing is the approved one, and this share is on it. */
export function requireDealt(
  curve: Curve,
  { approved, participants, ...terms }: ImportTerms & Pick<ImportHolders, 'participants'>,
  dealing: ImportDealing,
  { x, share }: { readonly x: Party; readonly share: Scalar },
): void {
  requireTerms(terms, participants)
  requireApproved({ ...terms, participants }, dealing, approved)
  if (!isShareOf(curve, dealing.coefficients, x, share)) {
    throw new Abort('share', 'the imported share is not on the dealt polynomial')
  }
}

/** A node's side: the dealing is the approved one, and the share is on it. Copies the share. */
export function acceptImport(
  run: Run,
  { approved, ...terms }: ImportTerms,
  dealing: ImportDealing,
  share: Secret<Scalar>,
): PendingKey {
  const { curve, participants, self, sid } = run
  const to = { x: self.x, share: share.bytes }
  requireDealt(curve, { ...terms, approved, participants }, dealing, to)
  const { coefficients, chainCode } = dealing
  const publicShares = new Map(
    participants.map(({ x }) => [x, requirePoint(evaluateCommitments(curve, coefficients, x))]),
  )
  const publicKey = requirePoint(coefficients[0])
  const facts = { ...terms, past: UNREFRESHED, participants, publicShares, publicKey, chainCode }
  const secretShare = new Secret(curve.scalars.add(share.bytes, curve.scalars.zero))
  const keyshare = Keyshare.make(curve, facts, self.x, secretShare)
  const dealt = encodeAs(importLayout(curve, terms.threshold), dealing)
  const transcript = hash('transcript', sid, [approved.commitments], [dealt])
  return pendingKey(run, keyshare, transcript, CONFIRM_ROUND)
}

/** What was dealt is what people approved, whoever holds which share of it. */
export function requireApproved(
  holders: ImportHolders,
  dealing: ImportDealing,
  { publicKey, chainCode, commitments }: ApprovedImport,
): void {
  const { coefficients } = dealing
  if (coefficients.length !== holders.threshold) {
    throw new Malformed(`expected ${holders.threshold} coefficients, got ${coefficients.length}`)
  }
  requireChainCode(dealing.chainCode)
  const isApproved =
    equalBytes(importDigest(holders, dealing), commitments) &&
    equalBytes(coefficients[0] ?? commitments, publicKey) &&
    equalBytes(dealing.chainCode, chainCode)
  if (!isApproved) throw new Malformed('the dealing is not the one that people approved')
}

function requireChainCode(chainCode: Uint8Array): void {
  if (chainCode.length !== CHAIN_CODE_BYTES) throw new Malformed('a chain code has 32 bytes')
}
