// Numbered SQL files, applied once each, in order, in a transaction each, under one advisory lock.
// A file that was applied may never change: its checksum is compared at every start, and a database
// that knows more than this program is refused. Forward only.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { plainDigest, toUtf8 } from '../../proto/crypto.ts'
import { refuse } from '../../proto/refusal.ts'
import { type Session, type Store, textOf } from './store.ts'

export interface Migration {
  readonly name: string
  readonly sql: string
}

/** Any number that nobody else uses on this database. */
const advisoryLock = 7_283_650_117

export function readMigrations(directory = join(import.meta.dirname, 'migrations')): Migration[] {
  return readdirSync(directory)
    .filter((name) => name.endsWith('.sql'))
    .sort()
    .map((name) => ({ name, sql: readFileSync(join(directory, name), 'utf8') }))
}

/** Names of those that were applied now. */
export async function migrate(store: Store, migrations = readMigrations()): Promise<string[]> {
  await store.transaction(async (session) => {
    await lock(session)
    await session.query(
      'create table if not exists migration (name text primary key, checksum text not null)',
    )
    await requireKnown(session, migrations)
  })
  const applied: string[] = []
  for (const migration of migrations) {
    if (await store.transaction((session) => apply(session, migration))) {
      applied.push(migration.name)
    }
  }
  return applied
}

/** Until the transaction ends. */
async function lock(session: Session): Promise<void> {
  await session.query('select pg_advisory_xact_lock($1)', [advisoryLock])
}

async function requireKnown(session: Session, migrations: readonly Migration[]): Promise<void> {
  const names = new Set(migrations.map((migration) => migration.name))
  for (const row of await session.query('select name from migration order by name')) {
    const name = textOf(row, 'name')
    if (!names.has(name)) refuse('CONFIG', `the database is newer: it has migration ${name}`)
  }
}

async function apply(session: Session, { name, sql }: Migration): Promise<boolean> {
  await lock(session)
  const checksum = plainDigest(toUtf8(sql))
  const [known] = await session.query('select checksum from migration where name = $1', [name])
  if (known !== undefined) {
    if (textOf(known, 'checksum') !== checksum) refuse('CONFIG', `migration ${name} was changed`)
    return false
  }
  await session.query(sql)
  await session.query('insert into migration values ($1, $2)', [name, checksum])
  return true
}
