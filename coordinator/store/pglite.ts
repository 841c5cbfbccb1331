// The embedded store for demo and development: PGlite in this process, the same SQL, one session,
// no fsync. Transactions run one after another, so it cannot show what locks are for, and it loses
// commits with the power: a production environment is refused.
import { PGlite, types } from '@electric-sql/pglite'
import type { Env } from '../../policy/intent.ts'
import { refuse } from '../../proto/refusal.ts'
import type { Session, Store, Value } from './store.ts'

/** `directory` empty: in memory. */
export async function openPglite(env: Env, directory = ''): Promise<Store> {
  if (env === 'prod') {
    refuse('CONFIG', 'expected a PostgreSQL url in prod, got the embedded database')
  }
  const keep = (value: string): string => value
  const db = await PGlite.create({
    ...(directory === '' ? {} : { dataDir: directory }),
    parsers: { [types.INT8]: keep, [types.NUMERIC]: keep },
  })
  return {
    query: (statement, values = []) => run(db, statement, values),
    transaction: (work) =>
      db.transaction((inner) => {
        const session: Session = { query: (text, values = []) => run(inner, text, values) }
        return work(session)
      }),
    close: () => db.close(),
  }
}

type Asked = Pick<PGlite, 'query' | 'exec'>

async function run(db: Asked, statement: string, values: readonly Value[]) {
  // Only the simple protocol takes several statements, which migrations are.
  if (values.length === 0) return (await db.exec(statement)).at(-1)?.rows ?? []
  return (await db.query<{ [column: string]: unknown }>(statement, [...values])).rows
}
