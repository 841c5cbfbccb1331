// What a coordinator that runs reads anew when its operator says so: its certificate and key, the
// authorities that it trusts, and which clients may connect. All of it or nothing: files that would
// not work leave everything as it was.
// INVARIANT: open connections go on, but those of a key that is taken away end at once. Nodes come
// and go with the root, not here; every other change of the configuration needs a restart.
import { readFileSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { parseHandle } from '../proto/ids.ts'
import type { WireServer } from '../proto/io/channel-server.ts'
import { readOwn, type TlsIdentity } from '../proto/io/identity.ts'
import { refuse } from '../proto/refusal.ts'
import { type CoordinatorConfig, parseCoordinatorConfig } from './config.ts'
import type { Report } from './ports.ts'

export type Client = Parameters<WireServer['admit']>[1]
type Door = Pick<WireServer, 'admit' | 'revoke' | 'renew'>

export function readConfigFile(file: string): CoordinatorConfig {
  return parseCoordinatorConfig(readFileSync(file, 'utf8'), dirname(resolve(file)))
}

export function identityOf({ tls }: CoordinatorConfig): TlsIdentity {
  const text = (path: string): string => readFileSync(path, 'utf8')
  return { ca: text(tls.ca), cert: text(tls.cert), key: text(tls.key) }
}

/** Everyone but the nodes: which nodes may connect is said by the root in force. */
export function peopleOf({ clients }: CoordinatorConfig): ReadonlyMap<string, Client> {
  const people = clients.filter(({ role }) => role !== 'node')
  return new Map(people.map(({ pin, role, id }) => [pin, { role, id }]))
}

/** Returns what reads the file anew; call it as often as wanted. */
export function reloading(
  file: string,
  running: CoordinatorConfig,
  door: Door,
  { report, nowMs }: { readonly report: Report; readonly nowMs: () => number },
): () => void {
  let people = peopleOf(running)
  return () => {
    try {
      const config = readConfigFile(file)
      const { org, name } = running
      if (config.org !== org || config.name !== name) {
        refuse('CONFIG', `expected ${org} ${name}, got ${config.org} ${config.name}`)
      }
      const identity = identityOf(config)
      const owner = { role: 'coordinator', id: parseHandle(name) } as const
      const own = readOwn(identity, owner, { org, use: 'server', nowMs: nowMs() })
      door.renew(identity)
      const now = peopleOf(config)
      const comes = [...now].filter(([pin, client]) => !isSame(people.get(pin), client))
      const goes = [...people].filter(([pin, client]) => !isSame(now.get(pin), client))
      for (const [pin] of goes) door.revoke(pin)
      for (const [pin, client] of comes) door.admit(pin, client)
      people = now
      const clients = `${comes.length} clients come, ${goes.length} go`
      const because = `${own.pin} until ${own.notAfter.toISOString()}; ${clients}`
      report({ level: 'info', name: 'reloaded', because })
    } catch (error) {
      const because = error instanceof Error ? error.message : 'unknown'
      report({ level: 'alarm', name: 'reload.failed', because })
    }
  }
}

function isSame(one: Client | undefined, other: Client): boolean {
  return one !== undefined && one.role === other.role && one.id === other.id
}
