// The embedded store for demo and development: PGlite in this process, the same SQL, one session,
// no fsync. Transactions run one after another, so it cannot show what locks are for, and it loses
// commits with the power: a production environment is refused. A write that fails stops the engine,
// and this process with it, so nothing is written while the disk is nearly full.
import { PGlite, types } from '@electric-sql/pglite'
import type { Env } from '../../policy/intent.ts'
import { refuse } from '../../proto/refusal.ts'
import { Unavailable } from '../../proto/unavailable.ts'
import type { Session, Store, Value } from './store.ts'

export interface PgliteOptions {
  /** Why nothing may be written now; empty while there is room. */
  readonly shortage?: () => string
}

/** `directory` empty: in memory. */
export async function openPglite(
  env: Env,
  directory = '',
  { shortage = () => '' }: PgliteOptions = {},
): Promise<Store> {
  if (env === 'prod') {
    refuse('CONFIG', 'expected a PostgreSQL url in prod, got the embedded database')
  }
  const keep = (value: string): string => value
  const db = await PGlite.create({
    ...(directory === '' ? {} : { dataDir: directory }),
    parsers: { [types.INT8]: keep, [types.NUMERIC]: keep },
  })
  return {
    query: async (statement, values = []) => {
      if (!isRead.test(statement)) requireRoom(shortage())
      return run(db, statement, values)
    },
    transaction: async (work) => {
      requireRoom(shortage())
      return db.transaction((inner) => {
        const session: Session = { query: (text, values = []) => run(inner, text, values) }
        return work(session)
      })
    },
    close: () => db.close(),
  }
}

const isRead = /^\s*select\s/i

function requireRoom(shortage: string): void {
  if (shortage !== '') throw new Unavailable(`no room: ${shortage}`, 'AUDIT_UNAVAILABLE')
}

type Asked = Pick<PGlite, 'query' | 'exec'>

async function run(db: Asked, statement: string, values: readonly Value[]) {
  // Only the simple protocol takes several statements, which migrations are.
  if (values.length === 0) return (await db.exec(statement)).at(-1)?.rows ?? []
  return (await db.query<{ [column: string]: unknown }>(statement, [...values])).rows
}
