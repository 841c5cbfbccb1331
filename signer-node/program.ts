// What both programs of a node take from the world: time, randomness, the log on standard output,
// streams to the coordinators, signals, and the exit when something did not start.
import { randomBytes } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import inspector from 'node:inspector'
import { pino } from 'pino'
import type { Address, TlsFiles } from '../proto/config.ts'
import type { Handle } from '../proto/ids.ts'
import { connect } from '../proto/io/channel-client.ts'
import { Refused } from '../proto/refusal.ts'
import { Unavailable } from '../proto/unavailable.ts'
import { type Dial, type Ends, Links } from './link.ts'
import type { Clock, Event, Random, Voice } from './ports.ts'
import { refusalText } from './said.ts'
import { lookAround } from './surroundings.ts'

export const tickMs = 50
export const jsonFlag = '--json'
const lastGraceMs = 10_000
export const logger = pino({ base: null, redact: ['*.passphrase', '*.secret'] })

export const clock: Clock = { wallMs: Date.now, monotonicMs: () => performance.now() }
export const random: Random = (length) => new Uint8Array(randomBytes(length))

export function report({ level, name, ...rest }: Event): void {
  logger[pinoLevels[level]](rest, name)
}

/** An alarm is always said, and metrics count whatever the log leaves out. */
const pinoLevels = { info: 'info', warn: 'warn', alarm: 'error' } as const
let loudness: Event['level'] = 'info'
export const voice: Voice = {
  level: () => loudness,
  setLevel: (level) => {
    loudness = level
    logger.level = pinoLevels[level]
  },
}

/** Debuggers, flags and core files; refuses in production what should be otherwise. */
export function look(env: string): void {
  const limits = '/proc/self/limits'
  const found = {
    options: [...process.execArgv, ...(process.env['NODE_OPTIONS'] ?? '').split(' ')],
    debugger: inspector.url(),
    limits: existsSync(limits) ? readFileSync(limits, 'utf8') : undefined,
  }
  for (const event of lookAround(env, found)) report(event)
}

export interface Dialling {
  readonly org: Handle
  readonly tls: TlsFiles
  readonly coordinators: readonly {
    readonly name: Handle
    readonly address: Address
    readonly pin: string
  }[]
}

export function openLinks({ org, tls, coordinators }: Dialling, ends: Ends): Links {
  const text = (path: string): string => readFileSync(path, 'utf8')
  const identity = { ca: text(tls.ca), cert: text(tls.cert), key: text(tls.key) }
  const clients = new Map(
    coordinators.map((server) => [
      server.name as string,
      connect({ identity, org, server, nowMs: Date.now }),
    ]),
  )
  const dial: Dial = (coordinator, failed) => {
    const client = clients.get(coordinator)
    if (client === undefined) throw new Error(`no coordinator ${coordinator}`)
    return client.NodeLinkService.Attach((why) => {
      failed(why instanceof Error ? why.message : `${why.code}: ${why.because}`)
    })
  }
  return new Links({ coordinators: [...clients.keys()], dial, clock, random, report }, ends)
}

/** SIGTERM and SIGINT: the first asks for an end in order, the next for an end now. */
export interface Stopping {
  readonly asked: Promise<void>
  readonly isUrged: () => boolean
}

/** From here on neither of them kills the process, whatever it is doing. */
export function stopSignals(): Stopping {
  const asked = Promise.withResolvers<void>()
  let count = 0
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.on(signal, () => {
      count += 1
      asked.resolve()
    })
  }
  return { asked: asked.promise, isUrged: () => count > 1 }
}

/** Everything is closed, or it is not in time: nothing may keep a node that was stopped alive. */
export function lastGrace(): void {
  setTimeout(() => {
    logger.error(`not closed ${lastGraceMs} ms after the last session: ended`)
    process.exit(3)
  }, lastGraceMs).unref()
}

/** A person reads what is written to this, unless it was asked for as JSON. */
export function isForPeople(stream: { readonly isTTY?: boolean }): boolean {
  return stream.isTTY === true && !process.argv.includes(jsonFlag)
}

/** Open handles of whatever had started must not keep a failed program alive. */
export function cannotRun(error: unknown): never {
  const refused = error instanceof Refused ? error.refusal : undefined
  const because = error instanceof Unavailable ? error.message : undefined
  const text = refused === undefined ? because : refusalText(refused)
  if (text !== undefined && isForPeople(process.stderr)) console.error(text)
  else logger.fatal(refused ?? (because === undefined ? { err: error } : { because }), 'cannot run')
  process.exit(refused === undefined ? 3 : 1)
}
