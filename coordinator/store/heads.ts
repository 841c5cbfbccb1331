// Cosigned heads: one note for each (size, witness), kept for ever, because witnessed times of old
// lines are proved with them. Verified before they come here.
import { numberOf, type Row, type Session, textOf } from './store.ts'

export interface CosignedHead {
  readonly size: number
  readonly witness: string
  readonly note: string
}

export async function putHead(session: Session, origin: string, head: CosignedHead): Promise<void> {
  await session.query(
    `insert into head (origin, size, witness, note) values ($1, $2, $3, $4)
     on conflict do nothing`,
    [origin, head.size, head.witness, head.note],
  )
}

/** Of sizes above `from` up to `to`, smallest first. */
export async function readHeads(
  session: Session,
  origin: string,
  range: { readonly from: number; readonly to: number; readonly countMax: number },
): Promise<readonly CosignedHead[]> {
  const rows = await session.query(
    `select size, witness, note from head
     where origin = $1 and size > $2 and size <= $3 order by size, witness limit $4`,
    [origin, range.from, range.to, range.countMax],
  )
  return rows.map(parseRow)
}

/** The newest head of each witness. */
export async function readNewestHeads(
  session: Session,
  origin: string,
): Promise<readonly CosignedHead[]> {
  const rows = await session.query(
    `select distinct on (witness) size, witness, note from head
     where origin = $1 order by witness, size desc`,
    [origin],
  )
  return rows.map(parseRow)
}

/** Of the newest sizes up to `to`, smallest first. */
export async function readLastHeads(
  session: Session,
  origin: string,
  range: { readonly to: number; readonly sizesMax: number },
): Promise<readonly CosignedHead[]> {
  const rows = await session.query(
    `select size, witness, note from head where origin = $1 and size in (
       select distinct size from head where origin = $1 and size <= $2 order by size desc limit $3
     ) order by size, witness`,
    [origin, range.to, range.sizesMax],
  )
  return rows.map(parseRow)
}

function parseRow(row: Row): CosignedHead {
  return {
    size: numberOf(row, 'size'),
    witness: textOf(row, 'witness'),
    note: textOf(row, 'note'),
  }
}
