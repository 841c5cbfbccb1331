// Blobs: the documents that lines name by digest, as they came. Kept for ever beside the log.
// INVARIANT: a blob is stored under the digest of its content by whoever computed that digest from
// these bytes; the first content stored under a digest stays.
// For signed kinds the content is the canonical {credential, document, signature}.
import { toHex } from '../../proto/crypto.ts'
import { type Digest, parseDigest } from '../../proto/ids.ts'
import { bytesOf, type Row, type Session, textOf } from './store.ts'

export interface Blob {
  readonly digest: Digest
  /** Name of the document's tag, or `bytes` for an unsigned transaction. */
  readonly kind: string
  readonly content: Uint8Array
}

export async function putBlobs(session: Session, blobs: readonly Blob[]): Promise<void> {
  if (blobs.length === 0) return
  await session.query(
    `insert into blob (digest, kind, content)
     select digest, kind, decode(content, 'hex')
     from unnest($1::text[], $2::text[], $3::text[]) as added (digest, kind, content)
     on conflict do nothing`,
    [
      blobs.map((blob) => blob.digest),
      blobs.map((blob) => blob.kind),
      blobs.map((blob) => toHex(blob.content)),
    ],
  )
}

/** Those that exist. */
export async function readBlobs(
  session: Session,
  digests: readonly string[],
): Promise<ReadonlyMap<Digest, Blob>> {
  if (digests.length === 0) return new Map()
  const rows = await session.query(
    'select digest, kind, content from blob where digest = any($1::text[])',
    [digests],
  )
  return new Map(rows.map(parseRow).map((blob) => [blob.digest, blob]))
}

export async function readBlob(session: Session, digest: string): Promise<Blob | undefined> {
  const found = await readBlobs(session, [digest])
  return [...found.values()][0]
}

/** Receipts that name the request: looked for seldom, in all that are kept. */
export async function receiptsOf(session: Session, intent: Digest): Promise<readonly Blob[]> {
  const rows = await session.query(
    `select digest, kind, content from blob
     where kind = 'shareReceipt' and position(convert_to($1, 'UTF8') in content) > 0 limit $2`,
    [intent, blobsPerRead],
  )
  return rows.map(parseRow)
}

/** All of them, in the order of their digests, a bounded number at a time. */
export async function* readAllBlobs(session: Session): AsyncGenerator<Blob> {
  let after = ''
  for (;;) {
    const rows = await session.query(
      'select digest, kind, content from blob where digest > $1 order by digest limit $2',
      [after, blobsPerRead],
    )
    for (const row of rows.map(parseRow)) {
      yield row
      after = row.digest
    }
    if (rows.length < blobsPerRead) return
  }
}

const blobsPerRead = 256

function parseRow(row: Row): Blob {
  const digest = parseDigest(textOf(row, 'digest'))
  return { digest, kind: textOf(row, 'kind'), content: bytesOf(row, 'content') }
}
