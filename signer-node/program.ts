// What both programs of a node take from the world: time, randomness, the log on standard output,
// streams to the coordinators, signals, and the exit when something did not start.
import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { pino } from 'pino'
import type { Address, TlsFiles } from '../proto/config.ts'
import type { Handle } from '../proto/ids.ts'
import { connect } from '../proto/io/channel-client.ts'
import { Refused } from '../proto/refusal.ts'
import { type Dial, type Ends, Links } from './link.ts'
import type { Clock, Event, Random } from './ports.ts'

export const tickMs = 50
export const logger = pino({ base: null, redact: ['*.passphrase', '*.secret'] })

export const clock: Clock = { wallMs: Date.now, monotonicMs: () => performance.now() }
export const random: Random = (length) => new Uint8Array(randomBytes(length))

export function report({ level, name, ...rest }: Event): void {
  const line = level === 'alarm' ? 'error' : level
  logger[line](rest, name)
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

export function stopSignal(): Promise<void> {
  return new Promise((done) => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => done())
  })
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
