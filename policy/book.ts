// Book: the destination records of one class, as a governed document. A record is found by its
// digest, because that is what an intent names.
// INVARIANT: an address has one record per network here, so that a removed address is removed.
// Cool-downs count from the witnessed activation of the book, which the log knows.
import type { Digest, Handle } from '../proto/ids.ts'
import { refuse } from '../proto/refusal.ts'
import { handle, list, literal, object } from '../proto/shape.ts'
import { tags } from '../proto/tags.ts'
import { type Destination, destinationDigest, destinationShape } from './destination.ts'
import { readDocument, versioned } from './document.ts'
import type { Env } from './intent.ts'

export interface Book {
  readonly digest: Digest
  readonly org: Handle
  readonly env: Env
  readonly name: Handle
  readonly version: number
  readonly previous: Digest | ''
  readonly records: ReadonlyMap<Digest, Destination>
}

const bookShape = object({
  format: literal('custody-book/v1'),
  ...versioned,
  name: handle,
  records: list(destinationShape, 0, 1024),
})

export function parseBook(text: string): Book {
  const { digest, value } = readDocument(tags.book, text, bookShape)
  const { format: _, records: written, ...head } = value
  const records = new Map<Digest, Destination>()
  const known = new Set<string>()
  for (const record of written) {
    const { org, env, book, network, address } = record
    if (org !== head.org || env !== head.env || book !== head.name) {
      refuse('MALFORMED', `book ${head.name}: a record of another book, org or env`)
    }
    if (known.has(`${network} ${address}`)) {
      refuse('MALFORMED', `book ${head.name}: ${address} stands twice`)
    }
    known.add(`${network} ${address}`)
    records.set(destinationDigest(record), record)
  }
  return { digest, ...head, records }
}

/** The record of an address, if this book has one. */
export function recordOf(book: Book, network: string, address: string): Destination | undefined {
  return [...book.records.values()].find(
    (record) => record.network === network && record.address === address,
  )
}
