// The configurations of a development cluster: one strict JSON file for each program and a profile
// for each person, service and operator, all relative to the owner's directory, so that the whole
// cluster can be moved. What the keys mean stands in the programs' own config.ts and `profile.ts`.

import type { Digest } from '../proto/ids.ts'
import type { JsonObject } from '../proto/jcs.ts'
import { standInNetwork } from './dev-tron.ts'
import { lightConfiguration } from './init-light.ts'
import {
  everyone,
  type InitFile,
  type Owner,
  type Owners,
  openFile,
  pinOf,
  type SigningOwner,
} from './init-owners.ts'

export interface ClusterWish {
  readonly org: string
  /** gRPC here, then HTTP, then the chain of `dev up`; health of node i on base + 10 + i. */
  readonly portBase: number
  /** Light witnesses beside the nodes; with one or more, one witness may be corrupt. */
  readonly lights?: number
  /** Processes of one machine, or the services of docker-compose.yml with its names and volumes. */
  readonly layout: 'local' | 'compose'
  /** Names of the books in `shared/`; that of customers where nothing is said. */
  readonly books?: readonly string[]
  /** Endpoints of the development chain. */
  readonly rpc: readonly string[]
  /** The stand-in for Tron; an EVM chain where nothing is said. */
  readonly chain?: 'tron'
  readonly nowMs: number
  readonly random: (length: number) => Uint8Array
}

export function configurations(
  wish: ClusterWish,
  owners: Owners,
  root: Digest,
  origin: string,
): readonly InitFile[] {
  const { org } = wish
  const places = wish.layout === 'compose' ? inCompose(wish) : onOneMachine(wish)
  const server = serverOf(wish, owners)
  const forNodes = { ...server, address: places.coordinator }
  const same = { org, env: 'dev', root, origin }
  const coordinator = {
    format: 'custody-coordinator/v1',
    ...same,
    name: owners.coordinator.id,
    listen: places.listen,
    httpListen: `127.0.0.1:${wish.portBase + 1}`,
    tls: tlsOf('coordinator', '..'),
    logKey: 'keys/log.seal',
    credential: 'credential',
    documents: {
      root: '../shared/root.json',
      policy: '../shared/policy.json',
      directory: '../shared/directory.json',
      books: Object.fromEntries(
        (wish.books ?? ['customer']).map((name) => [name, `../shared/book-${name}.json`]),
      ),
    },
    chains: [{ network: networkOf(wish), rpc: wish.rpc, confirmations: 1 }],
    clients: pins(owners),
    ...places.store,
  }
  const nodes = owners.nodes.map(({ id, directory, recovery }, index) =>
    openFile(
      `${directory}/config.json`,
      json({
        format: 'custody-signer/v1',
        ...same,
        node: id,
        x: index + 1,
        coordinators: [forNodes],
        tls: tlsOf('node', '../..'),
        keys: {
          identity: 'keys/identity.seal',
          witness: 'keys/witness.seal',
          secret: 'keys/secret.seal',
        },
        credential: 'credential',
        ...places.node,
        backups: {
          directory: places.backups,
          recovery: [{ file: recovery.file, digest: recovery.digest }],
        },
        healthListen: `127.0.0.1:${wish.portBase + 11 + index}`,
        curve: 'native',
      }),
    ),
  )
  const lights = owners.lights.map(({ id, directory }, index) =>
    openFile(
      `${directory}/config.json`,
      lightConfiguration({
        ...{ org, env: 'dev', root, origin, node: id },
        coordinators: [forNodes],
        tls: tlsOf('node', '../..'),
        places: places.node,
        healthListen: `127.0.0.1:${wish.portBase + 11 + owners.nodes.length + index}`,
      }),
    ),
  )
  const profiles = [...owners.people, owners.service, owners.operator].map((owner) =>
    openFile(`${owner.directory}/config.json`, json(profileOf(owner, org, server))),
  )
  return [openFile('coordinator/config.json', json(coordinator)), ...nodes, ...lights, ...profiles]
}

export function networkOf({ chain }: Pick<ClusterWish, 'chain'>): string {
  return chain === 'tron' ? standInNetwork : 'eip155:31337'
}

interface Places {
  readonly listen: string
  /** Where nodes dial. */
  readonly coordinator: string
  readonly store: JsonObject
  readonly node: JsonObject
  readonly backups: string
}

function onOneMachine({ portBase }: ClusterWish): Places {
  const listen = `127.0.0.1:${portBase}`
  const node = { dataDir: 'data', floorDir: 'floor', adminSocket: 'run/admin.sock' }
  const store = { dataDir: 'data' }
  return { listen, coordinator: listen, store, node, backups: 'backups' }
}

/** The names, ports and volumes of docker-compose.yml. */
function inCompose({ portBase }: ClusterWish): Places {
  return {
    listen: `0.0.0.0:${portBase}`,
    coordinator: `coordinator:${portBase}`,
    store: { databaseUrl: 'postgres://custody@database:5432/custody' },
    node: {
      dataDir: '/var/lib/custody/data',
      floorDir: '/var/lib/custody-floor',
      adminSocket: '/var/lib/custody/run/admin.sock',
    },
    backups: '/var/lib/custody-backups',
  }
}

export function sharedPins(wish: ClusterWish, owners: Owners): InitFile {
  const all = { coordinator: serverOf(wish, owners), clients: pins(owners) }
  return openFile('shared/pins.json', json(all))
}

function serverOf(wish: ClusterWish, { coordinator }: Owners): JsonObject {
  const address = `127.0.0.1:${wish.portBase}`
  return { name: coordinator.id, address, pin: pinOf(coordinator, 'coordinator') }
}

function pins(owners: Owners): readonly JsonObject[] {
  return everyone(owners).flatMap(({ id, leaves }) =>
    [...leaves]
      .filter(([role]) => role !== 'coordinator')
      .map(([role, { pin }]) => ({ id, pin, role })),
  )
}

function profileOf(owner: Owner | SigningOwner, org: string, server: JsonObject): JsonObject {
  const up = owner.directory
    .split('/')
    .map(() => '..')
    .join('/')
  const signs = 'credential' in owner
  return {
    format: 'custody-profile/v1',
    org,
    env: 'dev',
    id: owner.id,
    server,
    tls: Object.fromEntries([...owner.leaves.keys()].map((role) => [role, tlsOf(role, up)])),
    trust: `${up}/shared/trust.txt`,
    ...(signs ? { key: { file: 'keys/signing.seal', credential: owner.credential } } : {}),
    ...(signs ? { credential: 'credential' } : {}),
  }
}

function tlsOf(role: string, up: string): JsonObject {
  return { ca: `${up}/shared/ca.pem`, cert: `tls/${role}.pem`, key: `tls/${role}.key` }
}

function json(value: JsonObject): string {
  return `${JSON.stringify(value, null, 2)}\n`
}
