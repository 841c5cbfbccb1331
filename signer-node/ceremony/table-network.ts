// The Table over a network: a switch without uplink, addresses of the Plan alone, TLS 1.3 with both
// keys pinned, and the very stream that hot nodes have. The Record station listens, the Stations
// dial; bounds, deadlines and heartbeats are those of the wire.
// INVARIANT: nothing is listened on or dialled but the address that the Plan names, and that is
// link-local: no router carries it. One's own machine serves a rehearsal only. Believes nothing:
// whoever has a pinned key may delay.
import type { Address } from '../../proto/config.ts'
import { connect } from '../../proto/io/channel-client.ts'
import { serve } from '../../proto/io/channel-server.ts'
import type { Pins, TlsIdentity } from '../../proto/io/identity.ts'
import { limits } from '../../proto/limits.ts'
import { type Refusal, refuse } from '../../proto/refusal.ts'
import type { Event } from '../ports.ts'
import { type HubTable, type Seated, type StationTable, tableName } from './table.ts'

interface NetworkSettings {
  readonly org: string
  /** Certificate and key of this end, and the authority of the others. */
  readonly identity: TlsIdentity
  /** Where the Hub listens, as the Plan has it. */
  readonly hub: Address
  readonly isRehearsal: boolean
  readonly nowMs: () => number
  readonly report: (event: Event) => void
}

export interface HubNetworkSettings extends NetworkSettings {
  /** Whom the Plan calls, each with the digest of its TLS key in the root. */
  readonly stations: readonly { readonly node: string; readonly transport: string }[]
}

export interface StationNetworkSettings extends NetworkSettings {
  /** SHA-256 of the Hub's TLS key, as the Plan has it. */
  readonly transport: string
}

export async function hubOnNetwork(
  settings: HubNetworkSettings,
  seated: Seated,
): Promise<HubTable> {
  const { org, identity, hub, isRehearsal, nowMs, report } = settings
  requireLocal(hub, isRehearsal)
  const turnedAway = ({ code, because }: Refusal): void => {
    report({ level: 'alarm', name: 'table-turned-away', because: `${code}: ${because}` })
  }
  const server = await serve(
    { NodeLinkService: { Attach: (stream, { id }) => seated(id, stream, false) } },
    hub,
    {
      identity,
      org,
      clients: pinsOf(settings),
      nowMs,
      stallMs: limits.streamStallMs,
      correlationId: () => tableName,
      onBug: (error) => report({ level: 'alarm', name: 'table-bug', because: String(error) }),
      onTurnedAway: turnedAway,
    },
  )
  return { tick: () => {}, close: () => atMost(server.close(0), closeMs) }
}

/** What is written is written: no connection that does not end keeps this program from its end. */
const closeMs = 2_000

async function atMost(work: Promise<void>, ms: number): Promise<void> {
  const { promise: late, resolve } = Promise.withResolvers<void>()
  const timer = setTimeout(resolve, ms)
  await Promise.race([work, late])
  clearTimeout(timer)
}

export function stationOnNetwork(settings: StationNetworkSettings): StationTable {
  const { org, identity, hub, isRehearsal, nowMs, transport: pin } = settings
  requireLocal(hub, isRehearsal)
  const server = { name: tableName, address: hub, pin }
  const client = connect({ identity, org, server, nowMs })
  return {
    isCarried: false,
    dial: (_table, failed) =>
      client.NodeLinkService.Attach((why) => {
        failed(why instanceof Error ? why.message : `${why.code}: ${why.because}`)
      }),
    tick: () => {},
    close: () => client.close(),
  }
}

function pinsOf({ stations }: HubNetworkSettings): Pins {
  return new Map(
    stations.map(({ node, transport }) => [transport, { role: 'node', id: node }] as const),
  )
}

const linkLocal = /^(?:169\.254\.\d{1,3}\.\d{1,3}|fe80::[0-9a-f:]+)$/
const loopback = /^127\.0\.0\.\d{1,3}$/

/** what a router would carry is no table. */
function requireLocal({ host }: Address, isRehearsal: boolean): void {
  if (linkLocal.test(host) || (isRehearsal && loopback.test(host))) return
  refuse('PLAN', `table: expected a link-local address, got ${host}`, 'X-1')
}
