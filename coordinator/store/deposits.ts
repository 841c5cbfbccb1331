// Deposit addresses: which index of a vault belongs to which reference of a service. One reference
// has one index and one index one reference, by the keys of the table, whoever inserts.
// INVARIANT: rows are added and never changed. Names of customers are here and nowhere else: not in
// the log, not in a certificate, not in what a program reports.
import { numberOf, type Session, textOf } from './store.ts'

export interface Deposit {
  readonly reference: string
  readonly index: number
}

export async function readDeposit(
  session: Session,
  { origin, vault }: VaultAt,
  reference: string,
): Promise<Deposit | undefined> {
  const [row] = await session.query(
    `select reference, index from deposit_address
     where origin = $1 and vault = $2 and reference = $3`,
    [origin, vault, reference],
  )
  return row && depositOf(row)
}

/** Adds nothing where the reference has an index, or the index a reference. */
export async function addDeposit(
  session: Session,
  { origin, vault }: VaultAt,
  { reference, index }: Deposit,
): Promise<void> {
  await session.query(
    `insert into deposit_address (origin, vault, reference, index) values ($1, $2, $3, $4)
     on conflict do nothing`,
    [origin, vault, reference, index],
  )
}

/** In the order of their index, from `from` on. */
export async function readDeposits(
  session: Session,
  { origin, vault }: VaultAt,
  { from, countMax }: { readonly from: number; readonly countMax: number },
): Promise<readonly Deposit[]> {
  const rows = await session.query(
    `select reference, index from deposit_address
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
  return { reference: textOf(row, 'reference'), index: numberOf(row, 'index') }
}
