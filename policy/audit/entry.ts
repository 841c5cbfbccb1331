// AuditEntry: one line of the log, strictly parsed and written (rules H-1 to H-6 and H-11).
// INVARIANT: an `Entry` exists only for canonical bytes with the keys of its type, and carries the
// leaf of exactly those bytes. The writer parses what it wrote, so both can never drift apart.
// Links between lines are `chain.ts`; what a line means is the fold.
import { digestOf, toHex } from '../../proto/crypto.ts'
import { type Digest, type Handle, parseDigest } from '../../proto/ids.ts'
import { encode, type Json, type JsonObject, parse } from '../../proto/jcs.ts'
import { limits } from '../../proto/limits.ts'
import { attempt, isRefusal, refuse } from '../../proto/refusal.ts'
import {
  digest,
  handle,
  integer,
  literal,
  object,
  type Reader,
  text,
  timeMillis,
  writeTime,
  writeTimeMillis,
} from '../../proto/shape.ts'
import { tags } from '../../proto/tags.ts'
import { type BodyOf, bodies, type EntryType, parseEntryType } from './bodies.ts'
import { leafHash } from './merkle.ts'

interface Line<T extends EntryType> {
  readonly type: T
  readonly body: BodyOf<T>
  readonly actor: Handle
  readonly prev: Digest
  readonly seq: number
  /** Milliseconds since 1970. */
  readonly t: number
  /** The line itself, without a newline. */
  readonly bytes: Uint8Array
  /** 32 bytes: RFC 6962 leaf of `bytes`. */
  readonly leaf: Uint8Array
}

export type EntryOf<T extends EntryType> = { [K in T]: Line<K> }[T]
/** Switch over `type`. */
export type Entry = EntryOf<EntryType>

/** A line that has no place in the log yet. `t` in milliseconds; `body` as in `bodies.ts`. */
export interface Draft {
  readonly actor: string
  readonly type: EntryType
  readonly body: JsonObject
  readonly t: number
}

/** Where a new line goes: see `chain.ts`. */
export interface Place {
  readonly seq: number
  readonly prev: Digest
}

const unread: Reader<Json> = (value, path) => value ?? refuse('MALFORMED', `${path}: missing`)

const shape = object({
  actor: handle,
  body: unread,
  format: literal('custody-audit/v1'),
  prev: digest,
  seq: integer(0, Number.MAX_SAFE_INTEGER),
  t: timeMillis,
  type: text(64),
})

export function parseEntry(bytes: Uint8Array): Entry {
  if (bytes.length === 0) refuse('LOG_MALFORMED', 'expected a line, got nothing')
  if (bytes.length > limits.entryBytesMax) {
    refuse('TOO_LARGE', `line: expected at most ${limits.entryBytesMax} bytes`)
  }
  const read = attempt(() => {
    const { format: _, type: written, body, ...line } = shape(parse(bytes), 'line')
    const type = parseEntryType(written)
    // The body was read by the schema of this very type.
    return {
      ...line,
      type,
      body: bodies[type](body, 'body'),
      bytes,
      leaf: leafHash(bytes),
    } as Entry
  })
  return isRefusal(read) ? refuse('LOG_MALFORMED', read.because) : read
}

export function writeEntry({ actor, type, body, t }: Draft, { seq, prev }: Place): Entry {
  const line = { actor, body, format: 'custody-audit/v1', prev, seq, t: writeTimeMillis(t), type }
  return parseEntry(encode(line))
}

/** The leaf as text: `prev` of the line after this one. */
export function leafDigest(entry: Entry): Digest {
  return parseDigest(toHex(entry.leaf), 'leaf')
}

/** `prev` of entry 0: the digest of its own body (H-4, H-11). */
export function genesisDigest(body: BodyOf<'log.genesis'>): Digest {
  return digestOf(tags.genesis, encode({ ...body, created: writeTime(body.created) }))
}
