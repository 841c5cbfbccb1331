// History as a table: rows that the fold reads and writes, in the transaction of their lines.
// Keys are compared bytewise (collation "C"), as everywhere else.
// Several writes to one key within a run become the last one: only that can be read afterwards.
import type { AsyncRows, Query, Row, Write } from '../../policy/audit/rows.ts'
import { type Session, textOf } from './store.ts'

export class SessionRows implements AsyncRows {
  readonly #session: Session
  readonly #origin: string

  constructor(session: Session, origin: string) {
    this.#session = session
    this.#origin = origin
  }

  async answer(query: Query): Promise<readonly Row[]> {
    const rows = await this.#ask(query)
    return rows.map((row) => ({ key: textOf(row, 'key'), value: textOf(row, 'value') }))
  }

  #ask(query: Query) {
    if (query.kind === 'get') {
      return this.#session.query(
        'select key, value from history where origin = $1 and tbl = $2 and key = $3',
        [this.#origin, query.table, query.key],
      )
    }
    return this.#session.query(
      `select key, value from history
       where origin = $1 and tbl = $2 and key >= $3 and key < $4 order by key`,
      [this.#origin, query.table, query.from, query.to],
    )
  }
}

export async function writeHistory(
  session: Session,
  origin: string,
  writes: readonly Write[],
): Promise<void> {
  const last = new Map(writes.map((write) => [`${write.table}\n${write.key}`, write]))
  const puts = [...last.values()].flatMap((write) => (write.kind === 'put' ? [write] : []))
  const deletes = [...last.values()].filter((write) => write.kind === 'delete')
  if (puts.length > 0) {
    await session.query(
      `insert into history (origin, tbl, key, value)
       select $1, tbl, key, value from unnest($2::text[], $3::text[], $4::text[])
         as put (tbl, key, value)
       on conflict (origin, tbl, key) do update set value = excluded.value`,
      [origin, puts.map((put) => put.table), puts.map((put) => put.key), puts.map((p) => p.value)],
    )
  }
  if (deletes.length > 0) {
    await session.query(
      `delete from history using unnest($2::text[], $3::text[]) as gone (tbl, key)
       where history.origin = $1 and history.tbl = gone.tbl and history.key = gone.key`,
      [origin, deletes.map((gone) => gone.table), deletes.map((gone) => gone.key)],
    )
  }
}
