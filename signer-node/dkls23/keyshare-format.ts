/**
 * The bytes of a keyshare at rest: a version tag, what became of the key, and its facts.
 * INVARIANT: one format is written, and every format that ever was is read: format 1 has no byte
 * for the past of a key, because keys were only made. Reading is strict.
 */

import { ascii, concat, Malformed, type Reader, u8, u16, u32 } from './bytes.ts'
import { type Curve, POINT_BYTES, type Point } from './curve.ts'
import type { KeyFacts, KeyPast } from './keyshare.ts'
import { CHAIN_CODE_BYTES } from './params.ts'
import { type Participant, parseParticipants, requireAscending } from './party.ts'
import { equalBytes } from './secret.ts'
import { KEYSHARE_TAG, KEYSHARE_TAG_1 } from './transcript.ts'

/** What became of a key, one bit each. */
const IMPORTED = 1
const EXPORTED = 2
const UNREFRESHED = 4
const PAST_BITS = IMPORTED | EXPORTED | UNREFRESHED

/** The head of a file: all but the holder, the key state and the secret. */
export function encodeFacts(facts: KeyFacts): Uint8Array {
  const participants = facts.participants.map(({ x, nodeId }) =>
    concat(u16(x), u8(nodeId.length), nodeId),
  )
  return concat(
    ascii(KEYSHARE_TAG),
    u8(pastByte(facts.past)),
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

/** Whether they fit together is asked by whoever makes a keyshare of them. */
export function readFacts(curve: Curve, reader: Reader): KeyFacts {
  const past = readPast(reader)
  const keyId = reader.take(reader.u8())
  const [epoch, threshold] = [reader.u32(), reader.u16()]
  const participants = readParticipants(reader)
  const point = (): Point => curve.points.decodePoint(reader.take(POINT_BYTES))
  const publicShares = new Map(participants.map(({ x }) => [x, point()]))
  const publicKey = point()
  const chainCode = reader.take(CHAIN_CODE_BYTES)
  return { keyId, epoch, threshold, past, participants, publicShares, publicKey, chainCode }
}

function readParticipants(reader: Reader): readonly Participant[] {
  const count = reader.u16()
  const entries = Array.from({ length: count }, () => ({
    x: reader.u16(),
    nodeId: reader.take(reader.u8()),
  }))
  const participants = parseParticipants(entries)
  requireAscending(entries, participants)
  return participants
}

/** One bit for each thing that became of it; zero for a key that was only made. */
export function pastByte({ origin, isExported, standing }: KeyPast): number {
  const imported = origin === 'imported' ? IMPORTED : 0
  const unrefreshed = standing === 'unrefreshed' ? UNREFRESHED : 0
  return imported | (isExported ? EXPORTED : 0) | unrefreshed
}

/** The tag, and what became of the key as far as the format can say it. */
function readPast(reader: Reader): KeyPast {
  const tag = reader.take(KEYSHARE_TAG.length)
  if (equalBytes(tag, ascii(KEYSHARE_TAG_1))) return pastOf(0)
  if (!equalBytes(tag, ascii(KEYSHARE_TAG))) throw new Malformed('not a keyshare of this version')
  return pastOf(reader.u8())
}

function pastOf(bits: number): KeyPast {
  if ((bits & ~PAST_BITS) !== 0) throw new Malformed('a keyshare says what is not known here')
  return {
    origin: (bits & IMPORTED) !== 0 ? 'imported' : 'made',
    isExported: (bits & EXPORTED) !== 0,
    standing: (bits & UNREFRESHED) !== 0 ? 'unrefreshed' : 'active',
  }
}
