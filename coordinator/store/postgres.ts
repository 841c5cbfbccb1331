// The real store: PostgreSQL through a bounded pool. A statement that waits for a lock or runs for
// too long ends with an error instead of holding the log's head; such errors, and a lost
// connection, are `Unavailable`, because nothing was decided and the caller may repeat.
// Primary only: every read here may decide something.
import pg from 'pg'
import { Unavailable } from '../../proto/unavailable.ts'
import type { Row, Session, Store, Value } from './store.ts'

export interface PostgresOptions {
  readonly url: string
  readonly connectionsMax: number
  readonly lockTimeoutMs: number
  readonly statementTimeoutMs: number
}

const int8Oid = 20
const numericOid = 1700
const byteaOid = 17

export function openPostgres(options: PostgresOptions): Store {
  const pool = new pg.Pool({
    connectionString: options.url,
    max: options.connectionsMax,
    connectionTimeoutMillis: options.lockTimeoutMs,
    lock_timeout: options.lockTimeoutMs,
    statement_timeout: options.statementTimeoutMs,
    idle_in_transaction_session_timeout: options.statementTimeoutMs,
    application_name: 'custody-coordinator',
    types: { getTypeParser: parserFor },
  })
  pool.on('error', ignore)
  return {
    query: (statement, values = []) => honest(() => run(pool, statement, values)),
    transaction: (work) => honest(() => transact(pool, work)),
    close: () => pool.end(),
  }
}

async function transact<T>(pool: pg.Pool, work: (session: Session) => Promise<T>): Promise<T> {
  const client = await pool.connect()
  client.on('error', ignore)
  let broken: Error | undefined
  try {
    await client.query('begin')
    const result = await work({ query: (text, values = []) => run(client, text, values) })
    await client.query('commit')
    return result
  } catch (error) {
    broken = await rollback(client)
    throw error
  } finally {
    client.off('error', ignore)
    client.release(broken)
  }
}

/** A broken connection fails the call that uses it; unheard, its event would end the process. */
function ignore(): void {}

/** The error when even that fails: then the connection is thrown away. */
async function rollback(client: pg.PoolClient): Promise<Error | undefined> {
  try {
    await client.query('rollback')
    return undefined
  } catch (error) {
    return error instanceof Error ? error : new Error('rollback failed')
  }
}

async function run(
  client: pg.Pool | pg.PoolClient,
  statement: string,
  values: readonly Value[],
): Promise<readonly Row[]> {
  const result = await client.query(statement, [...values])
  return Array.isArray(result) ? [] : result.rows
}

/** Classes 08 and 57P: connection; 40: serialisation; 55P03, 57014: waited or ran for too long. */
const passing = /^(08|57P|40|53)|^(55P03|57014|25P03)$/
const broken = /terminated|timeout|ECONN|EPIPE|not queryable|Connection ended/i

async function honest<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    if (!(error instanceof Error)) throw error
    const code = 'code' in error && typeof error.code === 'string' ? error.code : ''
    if (passing.test(code) || broken.test(code) || (code === '' && broken.test(error.message))) {
      throw new Unavailable('the database cannot be asked now', 'AUDIT_UNAVAILABLE', error)
    }
    throw error
  }
}

function parserFor(oid: number, format?: 'text' | 'binary') {
  if (oid === int8Oid || oid === numericOid) return (value: string) => value
  if (oid === byteaOid) {
    const parse = pg.types.getTypeParser(oid)
    return (value: string) => new Uint8Array(Buffer.from(parse(value)))
  }
  return pg.types.getTypeParser(oid, format === 'binary' ? 'text' : format)
}
