#!/usr/bin/env node
// The custody-coordinator program: wiring only. Reads one configuration file and the files that it
// names, opens the store, serves, and says one line when it is ready. Time and randomness enter
// here.
//   custody-coordinator --config FILE        DATABASE_URL, where set, wins over the file's database
//   custody-coordinator --make-store DIR     the embedded database of a development one, beforehand
import { randomBytes } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, statfsSync, statSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { pino } from 'pino'
import { parseRoot } from '../policy/documents.ts'
import { parseTrust } from '../policy/trust.ts'
import { ed25519PublicKey, ed25519Signer, equalBytes, toHex, toUtf8 } from '../proto/crypto.ts'
import { serve, type WireServer } from '../proto/io/channel-server.ts'
import { pathFault } from '../proto/io/path-fault.ts'
import { standardOutput } from '../proto/io/standard-output.ts'
import { limits } from '../proto/limits.ts'
import { logKeyThing } from '../proto/log-key.ts'
import { Refused, refuse } from '../proto/refusal.ts'
import { openWithPassphrase } from '../proto/seal.ts'
import type { Ledger } from './chain-rpc/ledger.ts'
import { kindOf } from './chain-rpc/reach.ts'
import { type ChainConfig, type CoordinatorConfig, networksOnTrust } from './config.ts'
import { type Coordinator, createCoordinator } from './coordinator.ts'
import type { Governed } from './desk/bootstrap.ts'
import { type Health, watchHealth } from './health.ts'
import { serveHttp } from './http.ts'
import type { Clock, Event, LogSigner, Report } from './ports.ts'
import { type Client, identityOf, peopleOf, readConfigFile, reloading } from './reload.ts'
import { handlersFor } from './service.ts'
import { migrate } from './store/migrate.ts'
import { openPglite } from './store/pglite.ts'
import { openPostgres } from './store/postgres.ts'
import type { Store } from './store/store.ts'

const tickMs = 1_000
const drainMs = 10_000
const witnessGraceMs = 5_000
/** Blocks of every network that is known here come many times as often. */
const headStillMs = 300_000

const logger = pino({ base: null, redact: ['*.passphrase', '*.secret'] }, standardOutput)

async function run(file: string): Promise<void> {
  let reload = (): void => {}
  process.on('SIGHUP', () => reload())
  const config = readConfig(file)
  if (config === undefined) return
  for (const { network } of networksOnTrust(config.chains)) {
    logger.warn(`one endpoint of ${network} is believed alone: for development only`)
  }
  const governed = readGoverned(config)
  const log = readLogKey(config, governed)
  const store = await openStore(config)
  await migrate(store)
  const watch: { health?: Health } = {}
  const report = (event: Event): void => {
    watch.health?.count(event)
    const level = event.level === 'alarm' ? 'error' : event.level
    logger[level]({ ...event, level: undefined }, event.name)
  }
  const coordinator = createCoordinator({
    name: config.name,
    store,
    clock,
    random: (length) => new Uint8Array(randomBytes(length)),
    report,
    log,
    governed,
    root: config.root,
    chains: new Map(config.chains.map((chain) => [chain.network, ledgerOf(chain, report)])),
    alarmOnly: new Set(
      config.chains.flatMap(({ network, foreignNonce }) =>
        foreignNonce === 'alarm' ? [network] : [],
      ),
    ),
    witnessGraceMs,
    ...coldTrustOf(config),
  })
  const { origin } = coordinator.roots.now.log
  if (origin !== config.origin) {
    refuse('CONFIG', `origin: expected ${origin}, got ${config.origin}`)
  }
  const health = watchHealth(coordinator)
  watch.health = health
  await coordinator.open()
  const wire = await serveGrpc(config, coordinator)
  reload = reloading(file, config, wire, { report, nowMs: clock.now })
  const http = await serveHttp(config.httpListen, { health, proofs: coordinator.proofs })
  await coordinator.start()
  const ticking = tickUntilStopped(coordinator, wire)
  const { host, port } = wire.address
  logger.info(`ready: coordinator ${config.name}, grpc ${host}:${port}`)

  await stopSignal()
  logger.info('draining')
  ticking.stop()
  // A running attempt may end; what does not end in time is found again from the lines.
  // What is waited for no longer would keep the program up.
  const drained = new AbortController()
  await Promise.race([coordinator.stop(), clock.sleep(drainMs, drained.signal)])
  drained.abort()
  await wire.close(drainMs)
  await http.close()
  await ticking.ended
  await store.close()
  logger.info('stopped')
}

const clock: Clock = {
  now: Date.now,
  sleep: (ms, stop) =>
    new Promise((done) => {
      if (stop?.aborted === true) return done()
      const timer = setTimeout(end, ms)
      function end(): void {
        clearTimeout(timer)
        stop?.removeEventListener('abort', end)
        done()
      }
      stop?.addEventListener('abort', end, { once: true })
    }),
}

function readGoverned({ documents }: CoordinatorConfig): Governed {
  const text = (path: string): string => readFileSync(path, 'utf8')
  return {
    root: text(documents.root),
    policy: text(documents.policy),
    directory: text(documents.directory),
    books: new Map([...documents.books].map(([name, path]) => [name, text(path)])),
  }
}

function coldTrustOf({ coldTrust }: CoordinatorConfig) {
  return coldTrust === undefined ? {} : { coldTrust: parseTrust(readFileSync(coldTrust, 'utf8')) }
}

/** Opened once; the seed is wiped, the signer keeps its own copy of the key. */
function readLogKey(config: CoordinatorConfig, governed: Governed): LogSigner {
  const { org, env, name } = config
  const passphrase = toUtf8(readCredential(config.credential))
  const seed = openWithPassphrase(
    readFileSync(config.logKey),
    logKeyThing({ org, env, owner: name }),
    passphrase,
  )
  try {
    const { vkey } = parseRoot(governed.root).log
    if (!equalBytes(ed25519PublicKey(seed), vkey.publicKey)) {
      refuse('CONFIG', 'logKey: not the key that the root names')
    }
    return { vkey, sign: ed25519Signer(seed) }
  } finally {
    seed.fill(0)
    passphrase.fill(0)
  }
}

function readCredential(path: string): string {
  if ((statSync(path).mode & 0o077) !== 0) {
    refuse('CONFIG', 'credential: expected a file that only its owner can read')
  }
  return readFileSync(path, 'utf8').trim()
}

async function openStore({ store, env }: CoordinatorConfig): Promise<Store> {
  const url = process.env['DATABASE_URL'] ?? (store.kind === 'postgres' ? store.url : '')
  if (url !== '') {
    const timeouts = { lockTimeoutMs: 5_000, statementTimeoutMs: 30_000 }
    return openPostgres({ url, connectionsMax: 16, ...timeouts })
  }
  const directory = store.kind === 'pglite' ? store.directory : ''
  mkdirSync(directory, { recursive: true, mode: 0o700 })
  logger.warn('embedded database: for development only, it does not survive a power cut')
  const shortage = (): string => {
    const { bavail, bsize } = statfsSync(directory)
    const free = bavail * bsize
    return free < limits.databaseRoomBytesMin ? `${free} bytes are free` : ''
  }
  return openPglite(env, directory, { shortage })
}

function ledgerOf(chain: ChainConfig, report: Report): Ledger {
  const { network, rpc, confirmations, finality = 'confirmations', stillSeconds } = chain
  const stillMs = stillSeconds === undefined ? headStillMs : stillSeconds * 1_000
  const asked = { network, urls: rpc, timeoutMs: 5_000, stillMs, now: clock.now, report }
  return kindOf(network).ledger({ ...asked, confirmations, finality })
}

function serveGrpc(config: CoordinatorConfig, coordinator: Coordinator) {
  return serve(handlersFor(coordinator), config.listen, {
    identity: identityOf(config),
    org: config.org,
    clients: new Map([...peopleOf(config), ...nodesOf(coordinator)]),
    nowMs: Date.now,
    stallMs: limits.streamStallMs,
    correlationId: () => toHex(randomBytes(8)),
    onBug: (error, correlationId) => logger.error({ err: error, correlationId }, 'bug'),
    onTurnedAway: ({ code, because }) => logger.warn({ code, because }, 'turned away'),
  })
}

function nodesOf(coordinator: Coordinator): Map<string, Client> {
  return new Map([...coordinator.admitted()].map(([pin, id]) => [pin, { role: 'node', id }]))
}

function tickUntilStopped(coordinator: Coordinator, wire: WireServer) {
  const stop = new AbortController()
  let admitted = nodesOf(coordinator)
  /** Nodes come and go with the root. */
  const followRoot = (): void => {
    const now = nodesOf(coordinator)
    for (const pin of admitted.keys()) if (!now.has(pin)) wire.revoke(pin)
    for (const [pin, client] of now) if (!admitted.has(pin)) wire.admit(pin, client)
    admitted = now
  }
  const loop = async (): Promise<void> => {
    while (!stop.signal.aborted) {
      await clock.sleep(tickMs, stop.signal)
      followRoot()
      await coordinator.tick().catch((error: unknown) => logger.warn({ err: error }, 'tick failed'))
    }
  }
  return { stop: () => stop.abort(), ended: loop() }
}

function stopSignal(): Promise<void> {
  return new Promise((done) => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => done())
  })
}

/** Undefined where it cannot be opened, which is said as by every other program. */
function readConfig(file: string): CoordinatorConfig | undefined {
  try {
    return readConfigFile(file)
  } catch (error) {
    const because = pathFault(error, ['--config', file], usage)
    if (because === undefined) throw error
    console.error(`custody-coordinator: ${because}`)
    process.exitCode = 2
    return undefined
  }
}

/** Making one takes seconds: whoever makes the rest of a cluster meanwhile lays it in its place. */
async function makeStore(directory: string): Promise<void> {
  const isEmpty = !existsSync(directory) || readdirSync(directory).length === 0
  if (!isEmpty) refuse('CONFIG', `${directory}: expected an empty directory`)
  mkdirSync(directory, { recursive: true, mode: 0o700 })
  const store = await openPglite('dev', directory)
  await migrate(store)
  await store.close()
  logger.info(`an embedded database, for development only: ${directory}`)
}

const usage = 'usage: custody-coordinator --config FILE | --make-store DIR'

interface Told {
  readonly config?: string
  readonly 'make-store'?: string
}

/** Nothing where the words make no sense: that has been said, and what would. */
function told(): Told {
  const options = { config: { type: 'string' }, 'make-store': { type: 'string' } } as const
  try {
    const { values } = parseArgs({ options })
    if (Object.keys(values).length === 1) return { ...values }
    console.error(usage)
  } catch (error) {
    // Of words alone: nothing else throws there.
    console.error(
      `custody-coordinator: ${error instanceof Error ? error.message : error}\n${usage}`,
    )
  }
  process.exitCode = 2
  return {}
}

try {
  const { config, 'make-store': made } = told()
  if (made !== undefined) await makeStore(made)
  else if (config !== undefined) await run(config)
} catch (error) {
  const refused = error instanceof Refused ? error.refusal : undefined
  logger.fatal(refused === undefined ? { err: error } : refused, 'cannot run')
  // Open handles of whatever had started must not keep a failed program alive.
  process.exit(refused === undefined ? 3 : 1)
}
