// Deposit addresses: which index of a vault belongs to which reference of which service. One
// reference of a service has one index and one index one reference, by the keys of the table,
// whoever inserts.
// INVARIANT: rows are added and never changed. Names of customers are here and nowhere else: not in
// the log, not in a certificate, not in what a program reports.
import type { Handle } from '../../proto/ids.ts'
import { numberOf, type Session, textOf } from './store.ts'

/** A customer, by the name that a service has for it; another service's is another customer. */
export interface Customer {
  readonly service: Handle
  readonly reference: string
}

export interface Deposit {
  /** Empty for those of before services were told apart. */
  readonly service: string
  readonly reference: string
  readonly index: number
}

export async function readDeposit(
  session: Session,
  { origin, vault }: VaultAt,
  { service, reference }: Customer,
): Promise<Deposit | undefined> {
  const [row] = await session.query(
    `select service, reference, index from deposit_address
     where origin = $1 and vault = $2 and service = $3 and reference = $4`,
    [origin, vault, service, reference],
  )
  return row && depositOf(row)
}

/** Adds nothing where the reference has an index, or the index a reference. */
export async function addDeposit(
  session: Session,
  { origin, vault }: VaultAt,
  { service, reference, index }: Deposit,
): Promise<void> {
  await session.query(
    `insert into deposit_address (origin, vault, service, reference, index)
     values ($1, $2, $3, $4, $5)
     on conflict do nothing`,
    [origin, vault, service, reference, index],
  )
}

/** In the order of their index, from `from` on. */
export async function readDeposits(
  session: Session,
  { origin, vault }: VaultAt,
  { from, countMax }: { readonly from: number; readonly countMax: number },
): Promise<readonly Deposit[]> {
  const rows = await session.query(
    `select service, reference, index from deposit_address
     where origin = $1 and vault = $2 and index >= $3 order by index limit $4`,
    [origin, vault, from, countMax],
  )
  return rows.map(depositOf)
}

export interface VaultAt {
  readonly origin: string
  readonly vault: string
}

function depositOf(row: Parameters<typeof textOf>[0]): Deposit {
  const [service, reference] = [textOf(row, 'service'), textOf(row, 'reference')]
  return { service, reference, index: numberOf(row, 'index') }
}
