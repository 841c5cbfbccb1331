// One line of a Record: what a person did at a step of a ceremony, signed by the identity key of a
// token. Strict JCS under the rules of the audit log (one form, a leaf, a link to the line before),
// with a P-256 signature of low s over the line without `sig`.
// INVARIANT: a `RecordLine` exists only for canonical bytes with the keys of its type, and carries
// the leaf of exactly those bytes. Whose key may sign is `record-seats.ts`, the chain
// `record-chain.ts`.
import { p256Verify, sha256, tagged, toHex } from '../../proto/crypto.ts'
import { type Digest, type PersonId, parseDigest, parsePersonId } from '../../proto/ids.ts'
import { encode, type Json, type JsonObject, parse } from '../../proto/jcs.ts'
import { limits } from '../../proto/limits.ts'
import { attempt, isRefusal, refuse } from '../../proto/refusal.ts'
import {
  digest,
  hex,
  integer,
  literal,
  object,
  type Reader,
  text,
  time,
  writeTime,
} from '../../proto/shape.ts'
import { tags } from '../../proto/tags.ts'
import { leafHash } from '../audit/merkle.ts'
import { type Role, roles } from './people.ts'
import { parseRecordType, type RecordBody, type RecordType, recordBodies } from './record-bodies.ts'

/** Who did it. Written `custodian/ana`; no role has a slash. */
export interface Actor {
  readonly role: Role
  readonly person: PersonId
}

interface Line<T extends RecordType> {
  readonly type: T
  readonly body: RecordBody<T>
  readonly actor: Actor
  /** Of the script. */
  readonly step: string
  /** Names the identity key that signed, as `keyName` does. */
  readonly key: string
  readonly prev: Digest
  readonly seq: number
  /** Room clock, milliseconds, whole seconds. */
  readonly t: number
  /** 64 bytes. */
  readonly sig: Uint8Array
  /** The line itself, without a newline. */
  readonly bytes: Uint8Array
  readonly leaf: Uint8Array
}

export type RecordLineOf<T extends RecordType> = { [K in T]: Line<K> }[T]
/** Switch over `type`. */
export type RecordLine = RecordLineOf<RecordType>

/** A line that has no place yet. */
export interface RecordDraft {
  readonly actor: Actor
  readonly type: RecordType
  readonly body: JsonObject
  readonly step: string
  /** Milliseconds. */
  readonly t: number
}

/** Everything but the signature: what a token is asked to sign. */
export interface UnsignedLine {
  readonly line: JsonObject
  /** The identity key signs SHA-256 of this. */
  readonly message: Uint8Array
}

const format = 'custody-record/v1'
const stepForm = /^[A-Z]{1,2}-[0-9]{1,2}[a-z]?$/
const keyForm = /^[0-9a-f]{32}$/

const unread: Reader<Json> = (value, path) => value ?? refuse('MALFORMED', `${path}: missing`)

/** As the steps of a script are named. */
export const stepId = text(8, stepForm)

/** Of the written form. */
export const readActor: Reader<Actor> = (value, path) => {
  const written = text(160)(value, path)
  const cut = written.indexOf('/')
  const role = roles.find((name) => name === written.slice(0, cut))
  if (role === undefined) return refuse('MALFORMED', `${path}: expected a role and a person`)
  return { role, person: parsePersonId(written.slice(cut + 1)) }
}

const shape = object({
  actor: readActor,
  body: unread,
  format: literal(format),
  key: text(32, keyForm),
  prev: digest,
  seq: integer(0, limits.recordLinesMax - 1),
  sig: hex(64),
  step: stepId,
  t: time,
  type: text(32),
})

export function parseRecordLine(bytes: Uint8Array): RecordLine {
  if (bytes.length > limits.recordLineBytesMax) {
    refuse('TOO_LARGE', `record line: expected at most ${limits.recordLineBytesMax} bytes`)
  }
  const read = attempt(() => {
    const { format: _, type: written, body, ...line } = shape(parse(bytes), 'line')
    const type = parseRecordType(written)
    // The body was read by the schema of this very type.
    return {
      ...line,
      type,
      body: recordBodies[type](body, 'body'),
      bytes,
      leaf: leafHash(bytes),
    } as RecordLine
  })
  return isRefusal(read) ? refuse('RECORD', read.because) : read
}

/** The next line, as a token is asked to sign it. `identity`: P-256, 65 bytes. */
export interface LinePlace {
  readonly seq: number
  readonly prev: Digest
}

export function unsignedLine(
  { actor, type, body, step, t }: RecordDraft,
  place: LinePlace,
  identity: Uint8Array,
): UnsignedLine {
  const key = keyName(identity)
  const written = { ...place, actor: actorText(actor), body, format, key, step }
  const line = { ...written, t: writeTime(t), type }
  return { line, message: tagged(tags.record, encode(line)) }
}

/** The line's bytes, read back; whether the signature is one is asked by `signedBy`. */
export function signedLine({ line }: UnsignedLine, signature: Uint8Array): Uint8Array {
  const bytes = encode({ ...line, sig: toHex(signature) })
  parseRecordLine(bytes)
  return bytes
}

export function signedBy({ bytes, key, sig }: RecordLine, identity: Uint8Array): boolean {
  if (keyName(identity) !== key || !hasLowS(sig)) return false
  const { sig: _, ...line } = parse(bytes) as JsonObject
  return p256Verify(identity, tagged(tags.record, encode(line)), sig)
}

/** First 16 bytes of SHA-256 of the point: the CKA_ID that its token knows it by. */
export function keyName(identity: Uint8Array): string {
  return toHex(sha256(identity).subarray(0, 16))
}

/** The leaf as text: `prev` of the line after this one. */
export function recordLeaf({ leaf }: RecordLine): Digest {
  return parseDigest(toHex(leaf), 'leaf')
}

export function actorText({ role, person }: Actor): string {
  return `${role}/${person}`
}

// Half the order of P-256: of s and its negative, both of which verify, one has a form.
const half = BigInt('0x7fffffff800000007fffffffffffffffde737d56d38bcf4279dce5617e3192a8')

/** One line has one signature's form: an `s` above half the order is no second one. */
export function hasLowS(signature: Uint8Array): boolean {
  return signature.length === 64 && BigInt(`0x${toHex(signature.subarray(32))}`) <= half
}
