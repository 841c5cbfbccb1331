// Sealed parts of exported keys: what each exporter gave last, with its signed statement and the
// digest of the sealed file. Nothing here opens them.
// INVARIANT: whoever puts one has verified its statement and its digest.
import { toHex } from '../../proto/crypto.ts'
import { type Digest, parseNodeId } from '../../proto/ids.ts'
import type { Signed } from '../../proto/signed.ts'
import { bytesOf, type Session, textOf } from './store.ts'

export interface StoredPart {
  readonly statement: Signed
  readonly sealed: Uint8Array
}

export async function putPart(
  session: Session,
  change: Digest,
  { statement, sealed }: StoredPart,
  digest: Digest,
): Promise<void> {
  const { credential, document, signature } = statement
  await session.query(
    `insert into export_part (change, node, document, signature, sealed, digest)
     values ($1, $2, $3, decode($4, 'hex'), decode($5, 'hex'), $6)
     on conflict (change, node) do update set document = excluded.document,
       signature = excluded.signature, sealed = excluded.sealed, digest = excluded.digest`,
    [change, credential, document, toHex(signature), toHex(sealed), digest],
  )
}

export async function readParts(session: Session, change: Digest): Promise<readonly StoredPart[]> {
  const rows = await session.query(
    'select node, document, signature, sealed from export_part where change = $1 order by node',
    [change],
  )
  return rows.map((row) => ({
    statement: {
      credential: parseNodeId(textOf(row, 'node')),
      document: textOf(row, 'document'),
      signature: bytesOf(row, 'signature'),
    },
    sealed: bytesOf(row, 'sealed'),
  }))
}
