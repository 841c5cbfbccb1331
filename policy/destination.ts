// Destination record: one address that money may go to, in one book, in one version. An intent
// names a record by its digest, so a changed record is another destination with another cool-down.
// Whether a record is in force is decided by the log and the policy, not here. Own vaults have no
// record: their addresses are derived from their keys.
import { digestOf } from '../proto/crypto.ts'
import type { Digest, Handle } from '../proto/ids.ts'
import { encode, type Json, type JsonObject, parse } from '../proto/jcs.ts'
import {
  handle,
  integer,
  literal,
  object,
  type Reader,
  text,
  time,
  writeTime,
} from '../proto/shape.ts'
import { tags } from '../proto/tags.ts'
import { parseAddress } from './chain/chains.ts'
import { type Env, envs, parseNetwork } from './intent.ts'
import { lineForm } from './request.ts'

export interface Destination {
  readonly org: Handle
  readonly env: Env
  readonly book: Handle
  readonly network: string
  readonly address: string
  /** Shown to approvers; in production a commitment, because logs hold no names. */
  readonly label: string
  readonly status: 'active' | 'removed'
  /** Milliseconds; not before this instant, whatever the cool-down says. */
  readonly activeFrom: number
  readonly version: number
}

const fields = object({
  activeFrom: time,
  address: text(64),
  book: handle,
  env: literal(...envs),
  format: literal('custody-dest/v1'),
  label: text(128, lineForm),
  network: text(41),
  org: handle,
  status: literal('active', 'removed'),
  version: integer(1, 1_000_000_000),
})

/** How a record stands inside a book. */
export const destinationShape: Reader<Destination> = (value, path) => {
  const { format: _, ...record } = fields(value, path)
  parseAddress(parseNetwork(record.network), record.address, `${path}.address`)
  return record
}

export interface ReadDestination {
  readonly digest: Digest
  readonly record: Destination
}

export function parseDestination(bytes: Uint8Array): ReadDestination {
  return { digest: digestOf(tags.dest, bytes), record: destinationShape(parse(bytes), 'record') }
}

/** The digest of a record inside a book: that of its own canonical bytes. */
export function destinationDigest(record: Destination): Digest {
  return digestOf(tags.dest, encode(destinationJson(record)))
}

export function destinationJson(record: Destination): JsonObject {
  const written: { readonly [K in keyof Destination]: Json } = {
    ...record,
    activeFrom: writeTime(record.activeFrom),
  }
  return { ...written, format: 'custody-dest/v1' }
}
