// Dealings: what a dealer made for an import, kept from the submission of the request until its key
// is refreshed or the request has ended, so that any coordinator can carry it out after a restart.
// INVARIANT: kept under the request that it came with; never in an Export. Nobody believes it: a
// node takes the commitments that people approved and a share on them sealed to itself, or nothing.
import { toHex } from '../../proto/crypto.ts'
import { type Digest, parseDigest } from '../../proto/ids.ts'
import { bytesOf, type Session, textOf } from './store.ts'

export async function putDealing(
  session: Session,
  change: Digest,
  content: Uint8Array,
): Promise<void> {
  await session.query(
    `insert into dealing (change, content) values ($1, decode($2, 'hex'))
     on conflict (change) do update set content = excluded.content`,
    [change, toHex(content)],
  )
}

export async function readDealing(
  session: Session,
  change: Digest,
): Promise<Uint8Array | undefined> {
  const [row] = await session.query('select content from dealing where change = $1', [change])
  return row === undefined ? undefined : bytesOf(row, 'content')
}

/** The requests that dealings are kept for. */
export async function dealtFor(session: Session): Promise<readonly Digest[]> {
  const rows = await session.query('select change from dealing order by change')
  return rows.map((row) => parseDigest(textOf(row, 'change')))
}

export async function dropDealing(session: Session, change: Digest): Promise<void> {
  await session.query('delete from dealing where change = $1', [change])
}
