// Configuration of a coordinator, read once at start; unknown keys are refused. What a coordinator
// believes about people and nodes comes from the documents under the pinned root; here stand its
// places, its peers' keys and its endpoints.
// Source: first-walk, bootstrap. Opens no file.
import {
  address,
  distinct,
  endpoints,
  hostsOf,
  pathFrom,
  pin,
  readConfig,
  tlsFiles,
} from '../proto/config.ts'
import { limits } from '../proto/limits.ts'
import { refuse } from '../proto/refusal.ts'
import {
  digest,
  handle,
  integer,
  literal,
  mapOf,
  object,
  objectWith,
  type Reader,
  type Shaped,
  text,
} from '../proto/shape.ts'
import { kindOf, namespacesOf } from './chain-rpc/reach.ts'

/** Where the log lives: a PostgreSQL database, or the embedded one (never in prod). */
export type StoreConfig =
  | { readonly kind: 'postgres'; readonly url: string }
  | { readonly kind: 'pglite'; readonly directory: string }

export type CoordinatorConfig = Shaped<ReturnType<typeof shapeIn>> & { readonly store: StoreConfig }
export type ChainConfig = CoordinatorConfig['chains'][number]
export type ClientConfig = CoordinatorConfig['clients'][number]

/** `directory` is where the file stands: relative paths start there. */
export function parseCoordinatorConfig(source: string, directory: string): CoordinatorConfig {
  const read = readConfig(source, shapeIn(directory))
  const config = { ...read, store: storeOf(read) }
  const [alone] = config.env === 'prod' ? networksOnTrust(config.chains) : []
  if (alone !== undefined) {
    const { network, hosts } = alone
    refuse('CONFIG', `${network}: expected endpoints on ${hostsMin} hosts in prod, got ${hosts}`)
  }
  return config
}

/** Nonces, fees and what settled are believed where two say the same. */
const hostsMin = 2

/** Networks on which one host is believed alone, and how many each has. */
export function networksOnTrust(chains: readonly Pick<ChainConfig, 'network' | 'rpc'>[]) {
  return chains
    .map(({ network, rpc }) => ({ network, hosts: hostsOf(rpc).size }))
    .filter(({ hosts }) => hosts < hostsMin)
}

const network = text(48, /^[-a-z0-9]{3,8}:[-_a-zA-Z0-9]{1,32}$/)

const chainShape = objectWith(
  {
    network,
    rpc: endpoints,
    /** Blocks on top of a transaction before it counts as final. */
    confirmations: integer(0, 10_000),
  },
  {
    /** Where known: final is what the network has finalized too, if endpoints have the tag. */
    finality: literal('confirmations', 'finalized'),
    /** Where known: what a transaction of a vault that the log does not know does to that vault. */
    foreignNonce: literal('hold', 'alarm'),
    /** An endpoint whose newest block has not moved for longer is stale. */
    stillSeconds: integer(10, 86_400),
  },
)

const chain: Reader<Shaped<typeof chainShape>> = (value, path) => {
  const read = chainShape(value, path)
  const { words } = kindOf(read.network)
  for (const word of ['finality', 'foreignNonce'] as const) {
    if (read[word] === undefined || words.includes(word)) continue
    const known = namespacesOf(word).join(' or ')
    refuse('CONFIG', `${path}.${word}: expected a network of ${known}, got ${read.network}`)
  }
  return read
}

function shapeIn(directory: string) {
  const path = pathFrom(directory)
  return objectWith(
    {
      format: literal('custody-coordinator/v1'),
      org: handle,
      env: literal('prod', 'test', 'dev'),
      /** Last part of its identity spiffe://org/coordinator/name. */
      name: handle,
      /** Digest of the root document: what everything else hangs on. */
      root: digest,
      origin: text(128),
      listen: address,
      httpListen: address,
      tls: tlsFiles(directory),
      /** Sealed Ed25519 key that signs checkpoints, and the file with its passphrase. */
      logKey: path,
      credential: path,
      documents: object({ root: path, policy: path, directory: path, books: mapOf(path) }),
      chains: distinct(chain, ({ network }) => network),
      /**
       * Every client that may connect; a key that is not here is turned away. Nodes are let in by
       * the root in force and not by what stands here.
       */
      clients: distinct(
        object({ pin, role: literal('caller', 'approver', 'operator', 'node'), id: handle }),
        (client) => client.pin,
      ),
    },
    {
      /** Trust file of the log of cold vaults beside this one, whose heads are anchored here. */
      coldTrust: path,
      databaseUrl: text(512, /^postgres(ql)?:\/\/\S+$/),
      dataDir: path,
    },
  )
}

function storeOf(config: Omit<CoordinatorConfig, 'store'>): StoreConfig {
  const { databaseUrl, dataDir, env } = config
  if (config.clients.filter((client) => client.role === 'node').length > limits.nodesMax) {
    refuse('CONFIG', `clients: expected at most ${limits.nodesMax} nodes`)
  }
  if (databaseUrl !== undefined && dataDir === undefined) {
    return { kind: 'postgres', url: databaseUrl }
  }
  if (dataDir === undefined || databaseUrl !== undefined) {
    return refuse('CONFIG', 'expected either databaseUrl or dataDir')
  }
  if (env === 'prod') refuse('CONFIG', 'dataDir: the embedded database is not for env prod')
  return { kind: 'pglite', directory: dataDir }
}
