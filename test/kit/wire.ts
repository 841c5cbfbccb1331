// A server and clients on loopback with real TLS, for tests of the wire: certificates of one
// authority, everyone pinned, handlers as the test wants them.
import { type Authority, type Leaf, makeAuthority } from '../../cli/init-certificates.ts'
import { connect, type WireClient } from '../../proto/io/channel-client.ts'
import { type ServerSettings, serve, type WireServer } from '../../proto/io/channel-server.ts'
import type { Handlers } from '../../proto/io/handlers.ts'
import type { Pins, TlsIdentity } from '../../proto/io/identity.ts'
import type { Role } from '../../proto/io/routes.ts'
import type { Refusal } from '../../proto/refusal.ts'

const notBefore = new Date(Date.now() - 60_000)
const notAfter = new Date(Date.now() + 3_600_000)
export const authority = await makeAuthority('test authority', { notBefore, notAfter })
export const stranger = await makeAuthority('another authority', { notBefore, notAfter })

export interface End {
  readonly identity: TlsIdentity
  readonly leaf: Leaf
  readonly role: Role
  readonly id: string
}

/** An end with a certificate; `uris` overrides the honest SAN. */
export async function end(
  role: Role,
  id: string,
  odd: { readonly from?: Authority; readonly uris?: readonly string[] } = {},
): Promise<End> {
  const uris = odd.uris ?? [`spiffe://acme/${role}/${id}`]
  const leaf = await (odd.from ?? authority).issue({ name: id, uris })
  return { identity: { ca: authority.cert, cert: leaf.cert, key: leaf.key }, leaf, role, id }
}

export const pinsOf = (ends: readonly End[]): Pins =>
  new Map(ends.map(({ leaf, role, id }) => [leaf.pin, { role, id }]))

/** What a client believes of the server, where it differs from what is so. */
export interface OddServer {
  readonly pin?: string
  readonly nextPin?: string
  readonly name?: string
}

export interface House {
  readonly server: WireServer
  readonly turnedAway: Refusal[]
  readonly bugs: unknown[]
  /** One connection for each end; a new one whenever `odd` is given. */
  readonly client: (as: End, odd?: OddServer) => WireClient
  readonly close: () => Promise<void>
}

export async function house(
  coordinator: End,
  known: readonly End[],
  handlers: Partial<Handlers>,
  odd: Partial<ServerSettings> = {},
): Promise<House> {
  const turnedAway: Refusal[] = []
  const bugs: unknown[] = []
  const clients: WireClient[] = []
  const byEnd = new Map<End, WireClient>()
  const server = await serve(
    handlers,
    { host: '127.0.0.1', port: 0 },
    {
      identity: coordinator.identity,
      org: 'acme',
      clients: pinsOf(known),
      nowMs: Date.now,
      stallMs: 30_000,
      correlationId: () => 'c0ffee',
      onBug: (error) => bugs.push(error),
      onTurnedAway: (why) => turnedAway.push(why),
      ...odd,
    },
  )
  return {
    server,
    turnedAway,
    bugs,
    client: (as, odd) => {
      const known = odd === undefined ? byEnd.get(as) : undefined
      if (known !== undefined) return known
      const pin = odd?.pin ?? coordinator.leaf.pin
      const next = odd?.nextPin === undefined ? {} : { nextPin: odd.nextPin }
      const at = { name: odd?.name ?? coordinator.id, address: server.address, pin, ...next }
      const made = connect({ identity: as.identity, org: 'acme', server: at, nowMs: Date.now })
      clients.push(made)
      if (odd === undefined) byEnd.set(as, made)
      return made
    },
    close: async () => {
      for (const client of clients) client.close()
      await server.close(100)
    },
  }
}
