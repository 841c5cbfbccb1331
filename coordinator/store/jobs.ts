// Leases: which coordinator drives a request. A lease only saves work; two drivers are harmless,
// because the attempt number in the log decides. Time is an argument.
import type { Digest } from '../../proto/ids.ts'
import { parseDigest } from '../../proto/ids.ts'
import { limits } from '../../proto/limits.ts'
import { type Session, textOf } from './store.ts'

export interface Driver {
  /** Name of this coordinator's process. */
  readonly owner: string
  readonly now: number
}

/** True when the lease is now this owner's; also renews it. */
export async function takeLease(
  session: Session,
  intent: Digest,
  { owner, now }: Driver,
): Promise<boolean> {
  const rows = await session.query(
    `insert into job (intent, owner, lease_until) values ($1, $2, $3)
     on conflict (intent) do update set owner = excluded.owner, lease_until = excluded.lease_until
     where job.owner = excluded.owner or job.lease_until < $4
     returning intent`,
    [intent, owner, now + limits.jobLeaseMs, now],
  )
  return rows.length === 1
}

/** Only its owner gives a lease back. */
export async function dropLease(session: Session, intent: Digest, owner: string): Promise<void> {
  await session.query('delete from job where intent = $1 and owner = $2', [intent, owner])
}

/** Renews all leases of an owner at once; the answer are those it still has. */
export async function renewLeases(
  session: Session,
  { owner, now }: Driver,
): Promise<ReadonlySet<Digest>> {
  const rows = await session.query(
    'update job set lease_until = $2 where owner = $1 returning intent',
    [owner, now + limits.jobLeaseMs],
  )
  return new Set(rows.map((row) => parseDigest(textOf(row, 'intent'))))
}
