// What both programs of a node take from the world: time, randomness, the log on standard output,
// streams to the coordinators, signals, and the exit when something did not start.
import { randomBytes } from 'node:crypto'
import { pino } from 'pino'
import { Refused } from '../proto/refusal.ts'
import { Dialler, type Dialling } from './dialler.ts'
import { type Ends, Links } from './link.ts'
import type { Clock, Event, Random } from './ports.ts'

export const tickMs = 50
export const logger = pino({ base: null, redact: ['*.passphrase', '*.secret'] })

export const clock: Clock = { wallMs: Date.now, monotonicMs: () => performance.now() }
export const random: Random = (length) => new Uint8Array(randomBytes(length))

export function report({ level, name, ...rest }: Event): void {
  const line = level === 'alarm' ? 'error' : level
  logger[line](rest, name)
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

export function stopSignal(): Promise<void> {
  return new Promise((done) => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => done())
  })
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
  process.on('uncaughtException', (error: unknown) => {
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
  logger.fatal(refused ?? { err: error }, 'cannot run')
  process.exit(refused === undefined ? 3 : 1)
}
