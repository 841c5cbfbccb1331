// What both programs of a node take from the world: time, randomness, the log on standard output,
// streams to the coordinators, signals, and the exit when something did not start.
import { randomBytes } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import inspector from 'node:inspector'
import { pino } from 'pino'
import { standardOutput } from '../proto/io/standard-output.ts'
import { Refused } from '../proto/refusal.ts'
import { Unavailable } from '../proto/unavailable.ts'
import { Dialler, type Dialling } from './dialler.ts'
import { type Ends, Links } from './link.ts'
import type { Clock, Event, Random, Voice } from './ports.ts'
import { refusalText } from './said.ts'
import { lookAround } from './surroundings.ts'

export const tickMs = 50
export const jsonFlag = '--json'
const lastGraceMs = 10_000
export const logger = pino({ base: null, redact: ['*.passphrase', '*.secret'] }, standardOutput)

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

/** Streams to all of them, and new ones by new certificates whenever the operator says so. */
export function openLinks(config: Dialling, ends: Ends, told: (event: Event) => void): Links {
  const dialler = new Dialler(config, { report: told, nowMs: clock.wallMs })
  const { dial } = dialler
  const links = new Links({ coordinators: dialler.names, dial, clock, random, report }, ends)
  process.on('SIGHUP', () => {
    if (dialler.renew()) links.renew()
  })
  return links
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

/** Nothing is there to be read anew before the streams are: the signal must not end the program. */
export function outliveHangup(): void {
  process.on('SIGHUP', () => {})
}

/**
 * Whatever nobody catches, a fault of the disk above all, ends the process at once: without the
 * orderly end, which would write and sync once more. A start makes everything good again.
 */
export function endOnFault(): void {
  let isEnding = false
  process.on('uncaughtException', (error: unknown) => {
    // What the end itself throws, with a log on the same disk, does not keep the process alive.
    if (isEnding) process.kill(process.pid, 'SIGKILL')
    isEnding = true
    process.removeAllListeners('exit')
    try {
      logger.fatal({ err: error }, 'stopped by a fault')
    } finally {
      process.exit(3)
    }
  })
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
