/**
 * Keyshare: one party's part of one key in one epoch, and the only secret of the protocol that
 * outlives a process. The version tag is its first bytes; files of the version before still open.
 * INVARIANT: a Keyshare that exists is consistent: its secret belongs to its own public share,
 * all public shares lie on one polynomial of degree t-1 through the public key, and the key-state
 * digest names exactly this. It is checked when made and again whenever it is parsed.
 */

import { concat, Malformed, Reader, u16, u32 } from './bytes.ts'
import { type Curve, type Point, SCALAR_BYTES, type Scalar, type Sum } from './curve.ts'
import { encodeFacts, readFacts } from './keyshare-format.ts'
import { CHAIN_CODE_BYTES } from './params.ts'
import {
  type Participant,
  type Party,
  parseParticipants,
  parseParty,
  requireAscending,
  requireThreshold,
} from './party.ts'
import { interpolatePoint } from './polynomial.ts'
import { equalBytes, Secret } from './secret.ts'
import { participantParts } from './session-id.ts'
import { DIGEST_BYTES, hash } from './transcript.ts'

export const KEY_ID_BYTES_MAX = 64
const EPOCH_MAX = 0xffff_ffff

/** What a key is called and how many parties sign with it. */
export interface KeyTerms {
  readonly keyId: Uint8Array
  readonly epoch: number
  readonly threshold: number
}

/**
 * What became of a key, for ever. It is no part of the key-state digest: the log says it too, and a
 * node compares the two.
 */
export interface KeyPast {
  /** An imported key may exist elsewhere. */
  readonly origin: 'made' | 'imported'
  /** Somebody holds the whole key. */
  readonly isExported: boolean
  /** Whoever dealt an imported key knows its shares until the first refresh; it signs nothing. */
  readonly standing: 'active' | 'unrefreshed'
}

export const MADE_HERE: KeyPast = { origin: 'made', isExported: false, standing: 'active' }

/** The public part, the same at every party. */
export interface KeyFacts extends KeyTerms {
  readonly past: KeyPast
  readonly participants: readonly Participant[]
  /** X_l of every participant. */
  readonly publicShares: ReadonlyMap<Party, Point>
  readonly publicKey: Point
  readonly chainCode: Uint8Array
}

export class Keyshare {
  readonly facts: KeyFacts
  readonly self: Participant
  readonly keyState: Uint8Array
  readonly secretShare: Secret<Scalar>

  private constructor(facts: KeyFacts, self: Participant, secretShare: Secret<Scalar>) {
    this.facts = facts
    this.self = self
    this.keyState = keyStateDigest(facts)
    this.secretShare = secretShare
  }

  /** Takes ownership of the secret share; throws Malformed when anything does not fit. */
  static make(curve: Curve, facts: KeyFacts, x: Party, secretShare: Secret<Scalar>): Keyshare {
    using onFailure = new DisposableStack()
    onFailure.use(secretShare)
    requireFacts(curve, facts)
    const self = facts.participants.find((participant) => participant.x === x)
    const publicShare = facts.publicShares.get(x)
    if (self === undefined || publicShare === undefined) {
      throw new Malformed('the holder of a keyshare is one of its participants')
    }
    requireOwnShare(curve, publicShare, secretShare)
    onFailure.move()
    return new Keyshare(facts, self, secretShare)
  }

  /** The same key, its secret brought back from wherever it was kept; takes ownership of it. */
  reopened(curve: Curve, secretShare: Secret<Scalar>): Keyshare {
    using onFailure = new DisposableStack()
    onFailure.use(secretShare)
    // All else was checked when this was made, and cannot have changed.
    requireOwnShare(curve, this.facts.publicShares.get(this.self.x), secretShare)
    onFailure.move()
    return new Keyshare(this.facts, this.self, secretShare)
  }

  static parse(curve: Curve, bytes: Uint8Array): Keyshare {
    const reader = new Reader(bytes)
    const facts = readFacts(curve, reader)
    const [x, keyState] = [parseParty(reader.u16()), reader.take(DIGEST_BYTES)]
    using encoded = new Secret(reader.take(SCALAR_BYTES))
    reader.end()
    if (!equalBytes(keyStateDigest(facts), keyState)) {
      throw new Malformed('the key-state digest does not name this key')
    }
    const secretShare = new Secret(curve.scalars.decodeScalar(encoded.bytes))
    return Keyshare.make(curve, facts, x, secretShare)
  }

  /** The only encoding that is written; secret as a whole. */
  encode(): Secret {
    const { facts, self, keyState, secretShare } = this
    return new Secret(concat(encodeFacts(facts), u16(self.x), keyState, secretShare.bytes))
  }

  /** The same share of a key that somebody now holds whole; a copy, so that each can be wiped. */
  markExported(curve: Curve): Keyshare {
    const facts = { ...this.facts, past: { ...this.facts.past, isExported: true } }
    const { add, zero } = curve.scalars
    return Keyshare.make(curve, facts, this.self.x, new Secret(add(this.secretShare.bytes, zero)))
  }

  [Symbol.dispose](): void {
    this.secretShare[Symbol.dispose]()
  }
}

function requireOwnShare(curve: Curve, publicShare: Sum, secretShare: Secret<Scalar>): void {
  if (curve.points.equal(curve.points.multiplyBase(secretShare.bytes), publicShare)) return
  throw new Malformed('the secret share does not belong to its public share')
}

/** Names one version of one key (1.3, tag `key-state`). */
export function keyStateDigest(facts: KeyFacts): Uint8Array {
  return hash(
    'key-state',
    facts.keyId,
    u32(facts.epoch),
    u16(facts.threshold),
    participantParts(facts.participants),
    [...facts.publicShares.values()],
    facts.publicKey,
    facts.chainCode,
  )
}

/** Lawful terms, and all public shares on one polynomial of degree t-1 through the public key. */
function requireFacts(curve: Curve, facts: KeyFacts): void {
  requireTerms(facts, facts.participants)
  requireShape(facts)
  requireInterpolation(curve, facts)
}

/** Facts that somebody else told: consistent, and what the log calls by this digest. */
export function requireKeyState(curve: Curve, facts: KeyFacts, keyState: Uint8Array): void {
  requireFacts(curve, facts)
  if (!equalBytes(keyStateDigest(facts), keyState)) {
    throw new Malformed('the key-state digest does not name this key')
  }
}

/** What can be said of a key before it is made; no key exists with other terms. */
export function requireTerms(
  { keyId, epoch, threshold }: KeyTerms,
  participants: readonly Participant[],
): void {
  if (keyId.length < 1 || keyId.length > KEY_ID_BYTES_MAX) {
    throw new Malformed(`a key id has 1 to ${KEY_ID_BYTES_MAX} bytes, got ${keyId.length}`)
  }
  if (!Number.isInteger(epoch) || epoch < 0 || epoch > EPOCH_MAX) {
    throw new Malformed(`an epoch is an unsigned integer of 32 bits, got ${epoch}`)
  }
  requireAscending(participants, parseParticipants(participants))
  requireThreshold(threshold, participants.length)
}

/** What nobody may do with an imported key before its dealer's knowledge is void. */
export function requireActive({ past }: KeyFacts): void {
  if (past.standing !== 'active') {
    throw new Malformed('an imported key is used for nothing before it was refreshed')
  }
}

/** Somebody may hold the whole key: what it would sign could be anybody's. */
export function requireUnexported({ past }: KeyFacts): void {
  if (past.isExported) throw new Malformed('an exported key signs nothing any more')
}

/**
 * No key state names the past of a key, so whoever tells it could leave something out. Told may be
 * that a key was exported, which its holder need not have heard; nothing may be forgotten.
 */
export function requireRemembered({ past: own }: KeyFacts, { past: told }: KeyFacts): void {
  const isExportKept = told.isExported || !own.isExported
  if (own.origin !== told.origin || own.standing !== told.standing || !isExportKept) {
    throw new Malformed('the terms forget what became of this key')
  }
}

/** An epoch is never made again: neither by a refresh nor by a reshare. */
export function requireLaterEpoch({ epoch: old }: KeyTerms, epoch: number): void {
  if (epoch <= old) throw new Malformed(`expected an epoch above ${old}, got ${epoch}`)
}

function requireShape({ chainCode, participants, past, publicShares }: KeyFacts): void {
  if (past.standing === 'unrefreshed' && (past.origin !== 'imported' || past.isExported)) {
    throw new Malformed('only an imported key waits for its refresh, and it is not exported before')
  }
  if (chainCode.length !== CHAIN_CODE_BYTES) throw new Malformed('a chain code has 32 bytes')
  const holders = [...publicShares.keys()].join()
  if (holders !== participants.map(({ x }) => x).join()) {
    throw new Malformed('there is one public share of every participant, in their order')
  }
}

/** The first t public shares fix the polynomial; the key and all further shares must lie on it. */
function requireInterpolation(curve: Curve, facts: KeyFacts): void {
  const shares = [...facts.publicShares]
  const basis = new Map(shares.slice(0, facts.threshold))
  if (!curve.points.equal(interpolatePoint(curve, basis, 0), facts.publicKey)) {
    throw new Malformed('the public shares do not interpolate to the public key')
  }
  for (const [x, share] of shares.slice(facts.threshold)) {
    if (!curve.points.equal(interpolatePoint(curve, basis, x), share)) {
      throw new Malformed(`the public share of party ${x} is not on the polynomial of the others`)
    }
  }
}
