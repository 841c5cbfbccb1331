/**
 * Keyshare: one party's part of one key in one epoch, and the only secret of the protocol that
 * outlives a process. The version tag is its first bytes.
 * INVARIANT: a Keyshare that exists is consistent: its secret belongs to its own public share,
 * all public shares lie on one polynomial of degree t-1 through the public key, and the key-state
 * digest names exactly this. It is checked when made and again whenever it is parsed.
 */

import { ascii, concat, Malformed, Reader, u8, u16, u32 } from './bytes.ts'
import { type Curve, POINT_BYTES, type Point, SCALAR_BYTES, type Scalar } from './curve.ts'
import {
  type Participant,
  type Party,
  parseParticipants,
  parseParty,
  requireThreshold,
} from './party.ts'
import { interpolatePoint } from './polynomial.ts'
import { equalBytes, Secret } from './secret.ts'
import { participantParts } from './session-id.ts'
import { DIGEST_BYTES, hash, KEYSHARE_TAG } from './transcript.ts'

export const CHAIN_CODE_BYTES = 32
export const KEY_ID_BYTES_MAX = 64
const EPOCH_MAX = 0xffff_ffff

/** What a key is called and how many parties sign with it. */
export interface KeyTerms {
  readonly keyId: Uint8Array
  readonly epoch: number
  readonly threshold: number
}

/** The public part, the same at every party. */
export interface KeyFacts extends KeyTerms {
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
    if (!curve.points.equal(curve.points.multiplyBase(secretShare.bytes), publicShare)) {
      throw new Malformed('the secret share does not belong to its public share')
    }
    onFailure.move()
    return new Keyshare(facts, self, secretShare)
  }

  static parse(curve: Curve, bytes: Uint8Array): Keyshare {
    const reader = new Reader(bytes)
    const tag = reader.take(KEYSHARE_TAG.length)
    if (!equalBytes(tag, ascii(KEYSHARE_TAG))) throw new Malformed('not a keyshare of this version')
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

  /** The only encoding; secret as a whole. */
  encode(): Secret {
    const { facts, self, keyState, secretShare } = this
    return new Secret(
      concat(ascii(KEYSHARE_TAG), encodeFacts(facts), u16(self.x), keyState, secretShare.bytes),
    )
  }

  [Symbol.dispose](): void {
    this.secretShare[Symbol.dispose]()
  }
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
export function requireFacts(curve: Curve, facts: KeyFacts): void {
  requireTerms(facts, facts.participants)
  requireShape(facts)
  requireInterpolation(curve, facts)
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
  requireOrder(participants, parseParticipants(participants))
  requireThreshold(threshold, participants.length)
}

/** An epoch is never made again: neither by a refresh nor by a reshare. */
export function requireLaterEpoch({ epoch: old }: KeyTerms, epoch: number): void {
  if (epoch <= old) throw new Malformed(`expected an epoch above ${old}, got ${epoch}`)
}

function requireShape({ chainCode, participants, publicShares }: KeyFacts): void {
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

function encodeFacts(facts: KeyFacts): Uint8Array {
  const participants = facts.participants.map(({ x, nodeId }) =>
    concat(u16(x), u8(nodeId.length), nodeId),
  )
  return concat(
    u8(facts.keyId.length),
    facts.keyId,
    u32(facts.epoch),
    u16(facts.threshold),
    u16(participants.length),
    ...participants,
    ...facts.publicShares.values(),
    facts.publicKey,
    facts.chainCode,
  )
}

function readFacts(curve: Curve, reader: Reader): KeyFacts {
  const keyId = reader.take(reader.u8())
  const [epoch, threshold] = [reader.u32(), reader.u16()]
  const participants = readParticipants(reader)
  const point = (): Point => curve.points.decodePoint(reader.take(POINT_BYTES))
  const publicShares = new Map(participants.map(({ x }) => [x, point()]))
  const publicKey = point()
  const chainCode = reader.take(CHAIN_CODE_BYTES)
  return { keyId, epoch, threshold, participants, publicShares, publicKey, chainCode }
}

function readParticipants(reader: Reader): readonly Participant[] {
  const count = reader.u16()
  const entries = Array.from({ length: count }, () => ({
    x: reader.u16(),
    nodeId: reader.take(reader.u8()),
  }))
  const participants = parseParticipants(entries)
  requireOrder(entries, participants)
  return participants
}

/** Strict: the ascending order is the one order there is. */
function requireOrder(
  entries: readonly { readonly x: number }[],
  ascending: readonly Participant[],
): void {
  if (entries.some(({ x }, i) => x !== ascending[i]?.x)) {
    throw new Malformed('participants stand in ascending order')
  }
}
