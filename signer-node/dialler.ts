// How a node reaches its coordinators: one gRPC client each, with the node's own certificate, which
// is read from its files at the start and again when the operator says so.
// INVARIANT: what would not work is not used. New files replace the old ones only when the key fits
// the certificate, which is this node's and valid now; else everything goes on as it was, with an
// alarm. Streams that are open are not touched: `link.ts` replaces them one after another.
import { readFileSync } from 'node:fs'
import type { Address, TlsFiles } from '../proto/config.ts'
import type { Handle } from '../proto/ids.ts'
import { connect, type WireClient } from '../proto/io/channel-client.ts'
import { readOwn } from '../proto/io/identity.ts'
import { refuse } from '../proto/refusal.ts'
import type { Dial } from './link.ts'
import type { Event } from './ports.ts'

export interface Dialling {
  readonly org: Handle
  readonly node: Handle
  readonly tls: TlsFiles
  readonly coordinators: readonly Peer[]
  /** The configuration as its file says now; of this only TLS and the pins are used. */
  readonly reread: () => Pick<Dialling, 'tls' | 'coordinators'>
}

interface Peer {
  readonly name: Handle
  readonly address: Address
  readonly pin: string
  readonly nextPin?: string
}

interface Needs {
  readonly report: (event: Event) => void
  readonly nowMs: () => number
}

export class Dialler {
  readonly names: readonly string[]
  readonly #needs: Needs
  readonly #own: Dialling
  #clients: ReadonlyMap<string, WireClient>

  constructor(config: Dialling, needs: Needs) {
    this.#own = config
    this.#needs = needs
    this.names = config.coordinators.map(({ name }) => name)
    this.#clients = this.#open(config)
  }

  readonly dial: Dial = (coordinator, failed) => {
    const client = this.#clients.get(coordinator)
    if (client === undefined) throw new Error(`no coordinator ${coordinator}`)
    return client.NodeLinkService.Attach((why) => {
      failed(why instanceof Error ? why.message : `${why.code}: ${why.because}`)
    })
  }

  /** False when the files stay unused, for a reason that is reported. */
  renew(): boolean {
    const { report, nowMs } = this.#needs
    try {
      const config = this.#own.reread()
      const names = config.coordinators.map(({ name }) => name)
      if (names.join() !== this.names.join()) {
        refuse('CONFIG', 'coordinators: expected the same; others need a restart')
      }
      const { org, node: id } = this.#own
      const asked = { org, use: 'client', nowMs: nowMs() } as const
      const own = readOwn(identityOf(config.tls), { role: 'node', id }, asked)
      const clients = this.#open({ org, ...config })
      // Their streams go on until each is replaced.
      for (const client of this.#clients.values()) client.close()
      this.#clients = clients
      const because = `${own.pin} until ${own.notAfter.toISOString()}`
      report({ level: 'info', name: 'reloaded', because })
      return true
    } catch (error) {
      const because = error instanceof Error ? error.message : 'unknown'
      report({ level: 'alarm', name: 'reload-failed', because })
      return false
    }
  }

  #open({ org, tls, coordinators }: Omit<Dialling, 'node' | 'reread'>) {
    const identity = identityOf(tls)
    const { nowMs } = this.#needs
    return new Map(
      coordinators.map((server): [string, WireClient] => [
        server.name,
        connect({ identity, org, server, nowMs }),
      ]),
    )
  }
}

function identityOf(tls: TlsFiles) {
  const text = (path: string): string => readFileSync(path, 'utf8')
  return { ca: text(tls.ca), cert: text(tls.cert), key: text(tls.key) }
}
