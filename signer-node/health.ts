// The local health and metrics port: /livez, /readyz and /metrics over plain HTTP, meant for
// loopback or the own container network. Reads the node's status and changes nothing; unknown paths
// and other methods are refused.
import { createServer, type Server, type ServerResponse } from 'node:http'
import { Counter, Gauge, Registry } from 'prom-client'
import type { Address } from '../proto/config.ts'
import type { Event } from './ports.ts'
import type { Status } from './status.ts'

export interface Health {
  /** Counts what happened. */
  readonly count: (event: Event) => void
  /** Also of what is open: an answer would read stores that are closed next. */
  readonly close: () => void
}

const requestTimeoutMs = 5_000

/** Listens when it resolves; rejects when the address is taken. */
export async function serveHealth(address: Address, status: () => Status): Promise<Health> {
  const metrics = new Metrics(status)
  const server = createServer((request, response) => {
    if (request.method !== 'GET') return answer(response, 405, 'only GET\n')
    route(request.url ?? '', status, metrics, response)
  })
  server.requestTimeout = requestTimeoutMs
  server.headersTimeout = requestTimeoutMs
  server.maxConnections = 32
  await listening(server, address)
  return {
    count: (event) => metrics.count(event),
    close: () => {
      server.close()
      server.closeAllConnections()
    },
  }
}

function route(
  url: string,
  status: () => Status,
  metrics: Metrics,
  response: ServerResponse,
): void {
  switch (url) {
    case '/livez':
      answer(response, 200, 'alive\n')
      return
    case '/readyz': {
      const { state, curve } = status()
      const remark = curve === 'native' || curve === '' ? '' : `, on the slower ${curve} curve`
      answer(response, state === 'ready' ? 200 : 503, `${state}${remark}\n`)
      return
    }
    case '/metrics':
      metrics.text().then(
        (text) => answer(response, 200, text),
        () => answer(response, 500, 'no metrics\n'),
      )
      return
    default:
      answer(response, 404, 'not here\n')
  }
}

function answer(response: ServerResponse, code: number, body: string): void {
  response.writeHead(code, { 'content-type': 'text/plain; charset=utf-8' }).end(body)
}

function listening(server: Server, { host, port }: Address): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, host.replace(/^\[|\]$/g, ''), resolve)
  })
}

const states = [
  'locked',
  'sealed',
  'checking',
  'catching-up',
  'ready',
  'draining',
  'fenced',
  'removed',
  'frozen',
  'forked',
  'full',
] as const

const sumOf = (counts: readonly number[]): number => counts.reduce((sum, n) => sum + n, 0)

class Metrics {
  readonly #registry = new Registry()
  readonly #events: Counter<'name' | 'level'>

  constructor(status: () => Status) {
    const registers = [this.#registry]
    this.#events = new Counter({
      name: 'custody_signer_events_total',
      help: 'What happened, by name and level',
      labelNames: ['name', 'level'],
      registers,
    })
    const gauges: readonly [string, string, (now: Status) => number][] = [
      ['log_size', 'Lines in the own copy of the log', ({ size }) => size],
      ['sessions', 'Protocol sessions in progress', ({ sessions }) => sessions],
      ['shares_waiting', 'Shares that wait for release', (now) => now.waitingReleases],
      ['shares_released', 'Receipts in the journal', ({ receipts }) => receipts],
      ['envelopes_dropped', 'Envelopes that belonged to nothing', (now) => now.droppedEnvelopes],
      ['pairings', 'Pairings in use', ({ pairings }) => pairings.length],
      ['strikes', 'Faults of peers within a day', (now) => sumOf(Object.values(now.strikes))],
      ['peers_banned', 'Banned peers', ({ banned }) => banned.length],
      ['vaults', 'Vaults with an active keyshare', ({ vaults }) => vaults.length],
      ['coordinators', 'Open streams', ({ coordinators }) => coordinators.length],
    ]
    for (const [name, help, read] of gauges) {
      new Gauge({
        name: `custody_signer_${name}`,
        help,
        registers,
        collect() {
          this.set(read(status()))
        },
      })
    }
    new Gauge({
      name: 'custody_signer_curve',
      help: '1 for the make of the curve that the node computes with',
      labelNames: ['twin'],
      registers,
      collect() {
        for (const twin of ['native', 'wasm', 'noble'] as const) {
          this.set({ twin }, Number(twin === status().curve))
        }
      },
    })
    new Gauge({
      name: 'custody_signer_state',
      help: '1 for the state that the node is in',
      labelNames: ['state'],
      registers,
      collect() {
        for (const state of states) this.set({ state }, Number(state === status().state))
      },
    })
  }

  count({ name, level }: Event): void {
    this.#events.inc({ name, level })
  }

  text(): Promise<string> {
    return this.#registry.metrics()
  }
}
