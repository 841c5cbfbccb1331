// Warrant: everything a node needs to judge one attempt by itself, in one document: the signed
// intent, the exact bytes, the approvals, the ruleset, the proof of the destination, heads of the
// log that prove times. Documents inside are strings with their exact canonical text, so nothing
// is ever encoded again. A warrant grants nothing: it is judged by `admit`.
import { digestOf, toHex } from '../proto/crypto.ts'
import type { Digest, Handle } from '../proto/ids.ts'
import { encode, type JsonObject, parse } from '../proto/jcs.ts'
import { limits } from '../proto/limits.ts'
import { refuse } from '../proto/refusal.ts'
import {
  digest,
  digestOrNone,
  handle,
  hex,
  list,
  literal,
  object,
  type Reader,
  type Shaped,
  text,
} from '../proto/shape.ts'
import { type Signed, signedJson, signedShape } from '../proto/signed.ts'
import { tags } from '../proto/tags.ts'
import { ownership } from './document.ts'
import type { Env } from './intent.ts'
import type { Evidence } from './recipient.ts'

export interface Warrant {
  readonly org: Handle
  readonly env: Env
  /** Signed by its initiator. */
  readonly intent: Signed
  /** The unsigned transaction. */
  readonly bytes: Uint8Array
  readonly approvals: readonly Signed[]
  readonly ruleset: Digest
  readonly dest: Evidence
  /** Signed notes of the log with cosignatures, for witnessed times. */
  readonly heads: readonly string[]
  /** The warrant whose transaction these bytes replace by a higher fee; empty otherwise. */
  readonly replaces: Digest | ''
}

export interface ReadWarrant {
  readonly digest: Digest
  readonly warrant: Warrant
}

/** Canonical bytes; refused when they would not be read back. */
export function issue(warrant: Warrant): Uint8Array {
  const { org, env, intent, bytes, approvals, ruleset, dest, heads, replaces } = warrant
  const { document, credential, signature } = signedJson(intent)
  const written = encode({
    format: 'custody-warrant/v1',
    org,
    env,
    intent: document,
    intentSignature: { credential, signature },
    bytes: toHex(bytes),
    approvals: approvals.map(signedJson),
    ruleset,
    dest: evidenceJson(dest),
    heads: [...heads],
    replaces,
  })
  parseWarrant(written)
  return written
}

export function parseWarrant(bytes: Uint8Array): ReadWarrant {
  const read = warrantShape(parse(bytes, limits.warrantBytesMax), '')
  const { format: _, intentSignature, intent: document, dest, ...rest } = read
  const intent = { ...intentSignature, document }
  const warrant: Warrant = { ...rest, intent, dest: evidenceOf(dest) }
  return { digest: digestOf(tags.warrant, bytes), warrant }
}

const none = literal('')
const orNone =
  <T>(read: Reader<T>): Reader<T | ''> =>
  (value, path) =>
    value === '' ? none(value, path) : read(value, path)

/** Three texts, and how many of them are there says what is proved. */
const evidenceShape = object({
  record: text(limits.approvalBytesMax),
  credential: orNone(handle),
  signature: orNone(hex(64)),
})

const warrantShape = object({
  format: literal('custody-warrant/v1'),
  ...ownership,
  intent: text(limits.intentBytesMax),
  intentSignature: object({ credential: handle, signature: hex(64) }),
  bytes: hex(limits.transactionBytesMax, true),
  approvals: list(signedShape, 0, limits.approvalsPerIntentMax),
  ruleset: digest,
  dest: evidenceShape,
  heads: list(text(limits.warrantBytesMax), 0, limits.witnessesMax),
  replaces: digestOrNone,
})

function evidenceOf({ record, credential, signature }: Shaped<typeof evidenceShape>): Evidence {
  if (record === '' && credential === '' && signature === '') return { kind: 'vault' }
  if (record !== '' && credential === '' && signature === '') return { kind: 'book', record }
  if (record === '' || credential === '' || signature === '') {
    return refuse('MALFORMED', 'dest: expected nothing, a record, or a record with its signature')
  }
  return { kind: 'attested', record: { document: record, credential, signature } }
}

function evidenceJson(evidence: Evidence): JsonObject {
  switch (evidence.kind) {
    case 'vault':
      return { record: '', credential: '', signature: '' }
    case 'book':
      return { record: evidence.record, credential: '', signature: '' }
    case 'attested': {
      const { document: record, credential, signature } = signedJson(evidence.record)
      return { record, credential, signature }
    }
  }
}
