// The fold's rows in the node's database: one table, read by the generators of `policy/audit/`.
// INVARIANT: writes happen inside the step that appends their line, so History never runs ahead of
// the lines or behind them.
// Knows no row's meaning.
import type { Query, Row, Rows, Write } from '../policy/audit/rows.ts'
import { type Sql, textOf } from './store.ts'

export class HistoryRows implements Rows {
  readonly #sql: Sql

  constructor(sql: Sql) {
    this.#sql = sql
  }

  answer(query: Query): readonly Row[] {
    const rows =
      query.kind === 'get'
        ? this.#sql.all(
            'select key, value from history where tbl = ? and key = ?',
            query.table,
            query.key,
          )
        : this.#sql.all(
            'select key, value from history where tbl = ? and key >= ? and key < ? order by key',
            query.table,
            query.from,
            query.to,
          )
    return rows.map((row) => ({ key: textOf(row, 'key'), value: textOf(row, 'value') }))
  }

  /** The greatest key that begins with `prefix`; for counters, whose keys are padded. */
  lastKey(table: string, prefix: string): string | undefined {
    const row = this.#sql.first(
      `select key from history where tbl = ? and key >= ? and key < ?
       order by key desc limit 1`,
      table,
      prefix,
      `${prefix}\u007f`,
    )
    return row === undefined ? undefined : textOf(row, 'key')
  }

  apply(writes: readonly Write[]): void {
    for (const write of writes) this.#write(write)
  }

  #write(write: Write): void {
    switch (write.kind) {
      case 'put':
        this.#sql.run(
          `insert into history (tbl, key, value) values (?, ?, ?)
           on conflict do update set value = excluded.value`,
          write.table,
          write.key,
          write.value,
        )
        return
      case 'delete':
        this.#sql.run('delete from history where tbl = ? and key = ?', write.table, write.key)
        return
    }
  }
}
