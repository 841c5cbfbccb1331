// What monitoring sees: whether this coordinator can do its work, and numbers about it. Readiness
// is about appending to the log; missing nodes delay signatures and are a metric, not an outage. No
// names of people, no amounts, no addresses.
import { Counter, Gauge, Registry } from 'prom-client'
import type { Coordinator } from './coordinator.ts'
import type { Event } from './ports.ts'

export interface Health {
  /** Empty when ready. */
  problem(): Promise<string>
  /** Prometheus text. */
  metrics(): Promise<string>
  readonly contentType: string
  /** Every event of the coordinator passes by. */
  count(event: Event): void
}

type Watched = Pick<
  Coordinator,
  'tree' | 'links' | 'jobs' | 'signing' | 'sequencer' | 'heads' | 'ceremonies'
>

export function watchHealth(coordinator: Watched): Health {
  const registry = new Registry()
  const gauge = (name: string, help: string, read: () => number): void => {
    new Gauge({
      name: `custody_${name}`,
      help,
      registers: [registry],
      collect() {
        this.set(read())
      },
    })
  }
  const { tree, links, jobs, signing, heads, sequencer, ceremonies } = coordinator
  gauge('log_lines', 'lines of the log', () => tree.size)
  gauge('log_witnessed_lines', 'lines of the largest head with a cosignature', () => heads.largest)
  gauge('log_held', '1 while nothing is appended', () => (sequencer.held === '' ? 0 : 1))
  gauge('nodes_attached', 'nodes with a stream', () => links.attached.length)
  gauge('nodes_ready', 'nodes that sign', () => {
    return links.signers.filter(({ state }) => state?.state === 'ready').length
  })
  gauge('requests_driven', 'requests that a driver works on', () => jobs.active)
  gauge('sessions_running', 'attempts under way', () => signing.running)
  gauge('ceremonies_open', 'planned, and neither concluded nor aborted', () => ceremonies.open)
  gauge('ceremonies_overdue', 'of them, past the end of their window', () => ceremonies.overdue)
  const events = new Counter({
    name: 'custody_events_total',
    help: 'what happened, by name and level',
    labelNames: ['name', 'level'],
    registers: [registry],
  })
  return {
    problem: async () => {
      if (sequencer.held !== '') return sequencer.held
      try {
        await sequencer.refresh()
        return tree.size === 0 ? 'the log has not begun' : ''
      } catch {
        return 'the database cannot be asked now'
      }
    },
    metrics: () => registry.metrics(),
    contentType: registry.contentType,
    count: ({ name, level }) => events.inc({ name, level }),
  }
}
