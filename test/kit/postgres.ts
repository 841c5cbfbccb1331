// A real PostgreSQL server for tests: Debian's own, in a temporary directory, on a free port of the
// loopback device, stopped and removed at the end. The server refuses to run as root, so then it
// runs as the user `postgres`. Without its programs the answer is undefined and says so; in CI that
// is a failure, because locks can be tested nowhere else.

import { execFile } from 'node:child_process'
import { chownSync, existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { freePort } from './ports.ts'

const execute = promisify(execFile)
const versions = '/usr/lib/postgresql'

export interface Postgres {
  readonly url: string
  stop(): Promise<void>
}

/** Undefined where PostgreSQL is not installed. */
export function postgresPrograms(): string | undefined {
  const found = existsSync(versions) ? readdirSync(versions).sort().reverse() : []
  const programs = found
    .map((version) => join(versions, version, 'bin'))
    .find((directory) => existsSync(join(directory, 'initdb')))
  if (programs === undefined && process.env['CI'] === 'true') {
    throw new Error(`PostgreSQL is required in CI: no initdb under ${versions}`)
  }
  if (programs === undefined) {
    console.warn(`PostgreSQL is not installed (no initdb under ${versions}): its cases are skipped`)
  }
  return programs
}

export async function startPostgres(
  programs: string,
  env: Readonly<Record<string, string>> = {},
): Promise<Postgres> {
  const directory = mkdtempSync(join(tmpdir(), 'custody-postgres-'))
  const root = process.getuid?.() === 0
  if (root) await chownToPostgres(directory)
  const options = { cwd: directory, env: { ...process.env, ...env } }
  const run = (program: string, args: readonly string[]) => {
    const file = join(programs, program)
    return root
      ? execute('runuser', ['-u', 'postgres', '--', file, ...args], options)
      : execute(file, [...args], options)
  }
  const cluster = join(directory, 'cluster')
  const port = await freePort()
  await run('initdb', ['-D', cluster, '-U', 'custody', '-A', 'trust', '-E', 'UTF8', '--locale=C'])
  const settings = `-p ${port} -c listen_addresses=127.0.0.1 -c unix_socket_directories=''`
  const log = join(directory, 'log')
  await run('pg_ctl', ['-D', cluster, '-l', log, '-w', '-t', '30', '-o', settings, 'start'])
  return {
    url: `postgres://custody@127.0.0.1:${port}/postgres`,
    stop: async () => {
      await run('pg_ctl', ['-D', cluster, '-m', 'immediate', '-w', 'stop'])
      rmSync(directory, { recursive: true, force: true })
    },
  }
}

async function chownToPostgres(directory: string): Promise<void> {
  const [user, group] = await Promise.all(
    ['-u', '-g'].map(async (flag) => Number((await execute('id', [flag, 'postgres'])).stdout)),
  )
  chownSync(directory, user ?? 0, group ?? 0)
}
