// Every secret of a development cluster that can be told from outside, and every place where one could
// show: files, logs, database, metrics, replies of sockets, command lines and environments. What a search
// finds of the one in the other is a leak (claim S7 of the failure model, check API-48).
// INVARIANT: a file that is made to hold a secret in clear (a credential, a key of TLS) is no place.
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { createConnection } from 'node:net'
import { basename, dirname, join, relative } from 'node:path'
import { openPglite } from '../../coordinator/store/pglite.ts'
import { type Deriving, opening, scryptOf } from '../../proto/seal.ts'
import { parseSeal } from '../../proto/seal-file.ts'
import type { Stage } from '../demo/stage.ts'
import { Search } from '../kit/core-image.ts'

export type Secrets = ReadonlyMap<string, Uint8Array>

/** Whole files below a directory. */
export function filesBelow(directory: string): readonly string[] {
  return readdirSync(directory, { recursive: true, encoding: 'utf8' })
    .map((name) => join(directory, name))
    .filter((path) => statSync(path, { throwIfNoEntry: false })?.isFile() === true)
}

/** What is sealed by passphrase, the passphrases, and the keys that come of them. */
export function secretsOf(directory: string): Secrets {
  const secrets = new Map<string, Uint8Array>()
  for (const path of filesBelow(directory)) {
    const name = relative(directory, path)
    if (basename(path) === 'credential') {
      secrets.set(name, readFileSync(path).subarray(0, 32))
    } else if (path.endsWith('.seal') || path.endsWith('.keyshare')) {
      const { plaintext, kek } = opened(path, directory)
      secrets.set(`${name} (its KEK)`, kek)
      // The share is the end of a keyshare.
      secrets.set(name, plaintext.slice(-32))
    }
  }
  return secrets
}

interface Opened {
  readonly plaintext: Uint8Array
  readonly kek: Uint8Array
}

/** Each key costs scrypt, which is made to be slow. */
const known = new Map<string, Opened>()

function opened(path: string, root: string): Opened {
  const bytes = readFileSync(path)
  const name = `${path} ${bytes.toString('hex')}`
  const before = known.get(name)
  if (before !== undefined) return before
  const found = openedAnew(path, bytes, root)
  known.set(name, found)
  return found
}

function openedAnew(path: string, bytes: Uint8Array, root: string): Opened {
  const work: Deriving<Uint8Array> = opening(
    bytes,
    parseSeal(bytes).thing,
    passphraseFor(path, root),
  )
  const asked = work.next()
  if (asked.value === undefined || asked.done === true)
    throw new Error(`${path} needs no passphrase`)
  const kek = scryptOf(asked.value).slice()
  const done = work.next(kek.slice())
  if (done.done !== true) throw new Error(`${path} needs two passphrases`)
  return { plaintext: done.value, kek }
}

/** The nearest one above the file. */
function passphraseFor(path: string, root: string): Uint8Array {
  for (let at = dirname(path); at.startsWith(root); at = dirname(at)) {
    const file = join(at, 'credential')
    if (statSync(file, { throwIfNoEntry: false }) === undefined) continue
    return new TextEncoder().encode(readFileSync(file, 'utf8').trim())
  }
  throw new Error(`no passphrase for ${path}`)
}

/** Where something could show, by name. */
export type Sinks = ReadonlyMap<string, Uint8Array>

export function found(secrets: Secrets, sinks: Sinks): readonly string[] {
  const search = new Search(secrets)
  for (const [name, bytes] of sinks) {
    search.begin(name)
    search.feed(Buffer.from(bytes))
  }
  return search.end()
}

const isMeantToHold = (path: string): boolean =>
  basename(path) === 'credential' || path.endsWith('.key')

export function fileSinks(directory: string): Sinks {
  const paths = filesBelow(directory).filter((path) => !isMeantToHold(path))
  return new Map(paths.map((path) => [relative(directory, path), readFileSync(path)]))
}

/** Of processes that run: what they answer, and what the system shows of them. */
export async function livingSinks(stage: Stage, configs: readonly string[]): Promise<Sinks> {
  const sinks = new Map<string, Uint8Array>()
  const keep = (name: string, text: string): void => {
    sinks.set(name, new TextEncoder().encode(text))
  }
  for (const [name, { pid }] of stage.running) {
    keep(`${name}: command line`, readFileSync(`/proc/${pid}/cmdline`, 'utf8'))
    keep(`${name}: environment`, readFileSync(`/proc/${pid}/environ`, 'utf8'))
  }
  for (const path of configs) {
    const {
      healthListen,
      httpListen = healthListen,
      adminSocket,
    } = JSON.parse(readFileSync(path, 'utf8'))
    for (const page of ['livez', 'readyz', 'metrics', 'checkpoint']) {
      const answer = await fetch(`http://${httpListen}/${page}`)
      keep(`${path}: ${page}`, await answer.text())
    }
    if (adminSocket === undefined) continue
    const socket = join(dirname(path), adminSocket)
    for (const line of ['{"do":"status"}', '{"do":"evidence"}', '{"do":"reveal"}', '{{']) {
      keep(`${path}: ${line}`, await told(socket, line))
    }
  }
  return sinks
}

function told(path: string, line: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = createConnection(path, () => socket.write(`${line}\n`))
    socket.once('error', reject)
    socket.once('data', (answer: Buffer) => {
      resolve(answer.toString())
      socket.destroy()
    })
  })
}

/** Every row of every table, as text: what is compressed on disk is not here. */
export async function databaseSinks(directory: string): Promise<Sinks> {
  const store = await openPglite('dev', directory)
  try {
    const named = "select tablename from pg_tables where schemaname = 'public'"
    const tables = await store.query(named)
    const sinks = new Map<string, Uint8Array>()
    for (const { tablename } of tables) {
      const rows = await store.query(`select t::text as row from "${String(tablename)}" t`)
      const text = rows.map(({ row }) => String(row)).join('\n')
      sinks.set(`table ${String(tablename)}`, new TextEncoder().encode(text))
    }
    return sinks
  } finally {
    await store.close()
  }
}
