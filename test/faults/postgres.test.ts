// A real PostgreSQL whose disk is full (F22): a write is refused as something that may be tried again,
// nothing of its transaction is there, reads go on, and so do writes as soon as there is room.
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openPostgres } from '../../coordinator/store/postgres.ts'
import type { Store } from '../../coordinator/store/store.ts'
import { Unavailable } from '../../proto/unavailable.ts'
import { type Postgres, postgresPrograms, startPostgres } from '../kit/postgres.ts'
import { canFailDisks, type FailingDisk, failingDisk } from './shim.ts'

const programs = canFailDisks ? postgresPrograms() : undefined
let disk: FailingDisk
let server: Postgres
let store: Store
beforeAll(async () => {
  if (programs === undefined) return
  disk = failingDisk()
  server = await startPostgres(programs, disk.env)
  const timeouts = { lockTimeoutMs: 5_000, statementTimeoutMs: 30_000 }
  store = openPostgres({ url: server.url, connectionsMax: 4, ...timeouts })
  await store.query('create table kept (id bigserial primary key, filling text)')
})
afterAll(async () => {
  await store?.close()
  await server?.stop()
  disk?.remove()
})

/** Many rows, so that the table grows. */
function fill(): Promise<unknown> {
  return store.transaction(async (session) => {
    const row = "repeat('x', 1000)"
    await session.query(`insert into kept (filling) select ${row} from generate_series(1, 500)`)
  })
}

async function count(): Promise<string> {
  const [row] = await store.query('select count(*)::text as count from kept')
  return String(row?.['count'])
}

describe.skipIf(programs === undefined)('a database whose disk is full', () => {
  it('keeps nothing of a transaction, answers what it has, and goes on when there is room', async () => {
    await fill()
    expect(await count()).toBe('500')
    disk.fail('full', '/base/')
    await expect(fill()).rejects.toThrow(Unavailable)
    expect(disk.trace().some((line) => line.startsWith('full '))).toBe(true)
    expect(await count()).toBe('500')
    disk.mend()
    await fill()
    expect(await count()).toBe('1000')
  })
})
