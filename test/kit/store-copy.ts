// A second database with everything that the first has: what a coordinator with two logs begins with.
import { migrate } from '../../coordinator/store/migrate.ts'
import { openPglite } from '../../coordinator/store/pglite.ts'
import type { Store } from '../../coordinator/store/store.ts'

/** Every row of every table, in a database of its own. */
export async function copyOf(store: Store): Promise<Store> {
  const copy = await openPglite('test')
  await migrate(copy)
  const tables = await store.query("select tablename from pg_tables where schemaname = 'public'")
  for (const { tablename } of tables) {
    if (tablename === 'migration') continue
    const [row] = await store.query(
      `select json_agg(row_to_json(x))::text as rows from ${tablename} x`,
    )
    if (typeof row?.['rows'] !== 'string') continue
    await copy.query(
      `insert into ${tablename} select * from json_populate_recordset(null::${tablename}, $1::json)`,
      [row['rows']],
    )
  }
  return copy
}
