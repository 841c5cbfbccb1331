// Both engines for the cases that must hold on each: a fresh, migrated database for every test.
import { afterAll, beforeAll } from 'vitest'
import { migrate } from '../../coordinator/store/migrate.ts'
import { openPglite } from '../../coordinator/store/pglite.ts'
import { openPostgres, type PostgresOptions } from '../../coordinator/store/postgres.ts'
import type { Store } from '../../coordinator/store/store.ts'
import { type Postgres, postgresPrograms, startPostgres } from '../kit/postgres.ts'

export interface Engine {
  readonly name: string
  /** A migrated store of its own; closed and dropped by the engine. */
  fresh(): Promise<Store>
}

export const programs = postgresPrograms()

/** Registers the engine's start and stop with the test file. */
export function pgliteEngine(): Engine {
  let store: Store | undefined
  beforeAll(async () => {
    store = await openPglite('test')
  })
  afterAll(() => store?.close())
  return {
    name: 'PGlite',
    fresh: async () => {
      if (store === undefined) throw new Error('not started')
      // One instance takes seconds to start, so a schema is emptied instead.
      await store.query('drop schema public cascade; create schema public')
      await migrate(store)
      return store
    },
  }
}

export interface PostgresEngine extends Engine {
  open(options?: Partial<PostgresOptions>): Store
  /** Another connection to the newest fresh store: another process, so to say. */
  again(): Store
  stop(): Promise<void>
}

export function postgresEngine(): PostgresEngine {
  const opened: Store[] = []
  let server: Postgres | undefined
  let url = ''
  let count = 0
  const open = (options: Partial<PostgresOptions> = {}): Store => {
    const bounds = { connectionsMax: 8, lockTimeoutMs: 5_000, statementTimeoutMs: 10_000 }
    const store = openPostgres({ url, ...bounds, ...options })
    opened.push(store)
    return store
  }
  const stop = async (): Promise<void> => {
    await server?.stop()
    server = undefined
  }
  beforeAll(async () => {
    if (programs !== undefined) server = await startPostgres(programs)
  })
  afterAll(async () => {
    await Promise.all(opened.map((store) => store.close()))
    await stop()
  })
  return {
    name: 'PostgreSQL',
    open,
    again: () => open(),
    stop,
    fresh: async () => {
      if (server === undefined) throw new Error('not started')
      url = server.url
      count += 1
      const name = `test_${count}`
      const admin = open({ connectionsMax: 1 })
      await admin.query(`create database ${name}`)
      url = server.url.replace(/postgres$/, name)
      const store = open()
      await migrate(store)
      return store
    },
  }
}
