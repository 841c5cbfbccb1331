// A development cluster as a list of files: one directory for each owner, the governed documents, a
// strict configuration for each program, the trust file. The same random bytes and the same
// instant give the same cluster, save its certificates.
// For env `dev`: passphrases lie beside the keys, in the owner's directory but outside its data.
import { formatVkey } from '../policy/audit/checkpoint.ts'
import type { Destination } from '../policy/destination.ts'
import { digestOfText } from '../policy/document.ts'
import { parseRoot, witnessesOf } from '../policy/documents.ts'
import type { WitnessQuorum } from '../policy/tolerance.ts'
import { trustText } from '../policy/trust.ts'
import { concat, fromHex, keccak256, toHex } from '../proto/crypto.ts'
import { type Digest, parseDigest, parseHandle } from '../proto/ids.ts'
import { text } from '../proto/jcs.ts'
import { type Tag, tags } from '../proto/tags.ts'
import { besideCold } from './dev-cold.ts'
import { devBook, devDirectory, devPolicy, devRoot } from './dev-documents.ts'
import { devPeople, devService, devTargets } from './dev-rules.ts'
import { onTron, tronPolicy } from './dev-tron.ts'
import { type Authority, makeAuthority } from './init-certificates.ts'
import { type ClusterWish, configurations, networkOf, sharedPins } from './init-configs.ts'
import { type LightOwner, makeLight } from './init-light.ts'
import {
  everyone,
  type InitFile,
  type Makers,
  makeCoordinator,
  makeNode,
  makeOwner,
  makeSigner,
  type NodeOwner,
  type Owners,
  openFile,
  pinOf,
  type SigningOwner,
  secretFile,
} from './init-owners.ts'

export interface Cluster {
  readonly files: readonly InitFile[]
  /** Directories that programs fill later. */
  readonly empty: readonly string[]
  readonly root: Digest
  readonly origin: string
}

const dayMs = 86_400_000
const key = { n: 3, t: 2, f: 1 }
/** Alone, three nodes hold out against a lying coordinator; with a light one also corrupt. */
export const lightsMax = 4
function witnessesFor(lights: number): WitnessQuorum {
  const [w, f] = [key.n + lights, lights === 0 ? 0 : 1]
  // The least with 2q - w >= f + 1.
  return { w, f, q: Math.ceil((w + f + 1) / 2) }
}
/** Account 0 of every anvil; it deploys the USDT stand-in first of all. */
const deployer = 'f39fd6e51aad88f6f4ce6ab8827279cfffb92266'
/** Accounts 1 to 3 of every anvil stand in for customers. */
const customers = [
  '0x70997970c51812dc3a010c7d01b50e0d17dc79c8',
  '0x3c44cdddb6a900fa2b585dd299e03d12fa4293bc',
  '0x90f79bf6eb2c4f870365e785982e1f101e93b906',
]

/** For `custody watch` and `audit collect`; env `dev` may have one endpoint. */
export function endpointsText(wish: Pick<ClusterWish, 'chain' | 'rpc'>): string {
  const chains = [{ network: networkOf(wish), rpc: [...wish.rpc], confirmations: 1 }]
  return text({ format: 'custody-endpoints/v1', chains })
}

/** For `custody payout`: one by itself, one that waits for a person. */
function payoutsText(wish: DevWish): string {
  const paid = [
    ['first', 'usdt', '12.5'],
    ['second', 'usdt', '2500'],
  ].map((cells, at) => [...cells, addressOn(wish, customers[at] ?? ''), `payout/${at + 1}`])
  const lines = paid.map((cells) => cells.join(','))
  return ['reference,asset,amount,to,purpose', ...lines, ''].join('\n')
}

export interface DevWish extends ClusterWish {
  /** The book of the cold vaults, whose keys are in another log; without it, all are here. */
  readonly coldBook?: string
}

export async function devCluster(asked: DevWish): Promise<Cluster> {
  const { coldBook } = asked
  const wish = coldBook === undefined ? asked : { ...asked, books: ['customer', 'cold'] }
  const { times, authority } = await beginCluster(wish)
  const owners = await makeOwners(wish, authority)
  const documents = makeDocuments(wish, owners, times)
  const root = parseRoot(documents.root)
  const { origin } = root.log
  const trust = {
    root: root.digest,
    log: root.log,
    witnesses: witnessesOf(root),
    q: root.witness.q,
  }
  const files = [
    ...everyone(owners).flatMap((owner) => owner.files),
    // Whoever enrols a client needs it; it opens no door, because keys are pinned.
    secretFile('operator/ca.key', authority.key),
    openFile('shared/ca.pem', authority.cert),
    openFile('shared/root.json', documents.root),
    openFile('shared/policy.json', documents.policy),
    openFile('shared/directory.json', documents.directory),
    openFile('shared/book-customer.json', documents.book),
    ...(coldBook === undefined ? [] : [openFile('shared/book-cold.json', coldBook)]),
    openFile('shared/trust.txt', trustText(trust)),
    openFile('shared/endpoints.json', endpointsText(wish)),
    openFile('shared/payouts.csv', payoutsText(wish)),
    sharedPins(wish, owners),
    ...configurations(wish, owners, root.digest, origin),
    ...(wish.layout === 'compose' ? database(wish) : []),
  ]
  const empty = [
    ...owners.nodes.flatMap(below('data', 'floor', 'backups', 'run')),
    ...owners.lights.flatMap(below('data', 'floor', 'run')),
  ]
  return { files, empty: ['coordinator/data', ...empty], root: root.digest, origin }
}

export interface Times {
  readonly from: number
  readonly to: number
}

/** A year from yesterday on, and whoever issues certificates in it. */
export async function beginCluster(
  wish: Pick<ClusterWish, 'org' | 'nowMs'>,
): Promise<{ readonly times: Times; readonly authority: Authority }> {
  const seconds = Math.floor(wish.nowMs / 1_000) * 1_000
  const times = { from: seconds - dayMs, to: seconds + 365 * dayMs }
  const validity = { notBefore: new Date(times.from), notAfter: new Date(times.to) }
  return { times, authority: await makeAuthority(`${wish.org} development`, validity) }
}

function below(...names: readonly string[]) {
  return ({ directory }: { readonly directory: string }) =>
    names.map((name) => `${directory}/${name}`)
}

/** The password of the database of docker-compose.yml, for the server and for its one client. */
function database({ random }: ClusterWish): readonly InitFile[] {
  const password = toHex(random(24))
  return [
    secretFile('database/password', password),
    secretFile('database/pgpass', `database:5432:custody:custody:${password}\n`),
  ]
}

async function makeOwners(wish: ClusterWish, authority: Authority): Promise<Owners> {
  const makers: Makers = { org: parseHandle(wish.org), authority, random: wish.random }
  const nodes: NodeOwner[] = []
  for (let x = 1; x <= key.n; x += 1) nodes.push(await makeNode(`node-${x}`, makers))
  const lights: LightOwner[] = []
  for (let at = 1; at <= (wish.lights ?? 0); at += 1) {
    lights.push(await makeLight(`witness-${at}`, makers))
  }
  const coordinator = await makeCoordinator('coordinator-1', `${wish.org}/log`, makers)
  return { coordinator, nodes, lights, ...(await makePeople(makers)) }
}

/** Everybody of the development organisation, with keys of their own. */
export async function makePeople(
  makers: Makers,
  others: readonly string[] = [],
): Promise<Pick<Owners, 'people' | 'service' | 'operator'>> {
  const people: SigningOwner[] = []
  const names = new Set([...Object.values(devPeople).flat(), ...others])
  for (const name of names) {
    people.push(await makeSigner(name, `people/${name}`, ['approver', 'caller'], makers))
  }
  const { handle } = devService
  return {
    people,
    service: await makeSigner(handle, `services/${handle}`, ['caller'], makers),
    operator: await makeOwner('operator-1', 'operator', ['operator'], makers),
  }
}

interface Documents {
  readonly root: string
  readonly policy: string
  readonly directory: string
  readonly book: string
}

function makeDocuments(wish: DevWish, owners: Owners, times: Times): Documents {
  const { org, coldBook } = wish
  const { coordinator, nodes, lights, people } = owners
  const witness = witnessesFor(lights.length)
  const log = { origin: coordinator.log.name, vkey: formatVkey(coordinator.log) }
  const onEvm = devPolicy({
    org,
    notBefore: times.from,
    expires: times.to,
    origin: log.origin,
    people: devPeople,
    token: standIn(),
    key,
    witness,
    ...(coldBook === undefined ? { targets: devTargets } : { places: besideCold }),
  })
  const policy = wish.chain === 'tron' ? tronPolicy(onEvm) : onEvm
  const directory = directoryOf(org, owners, times)
  const records = customers.map((address, i) =>
    customer(wish, address, `cust-${i + 1}`, times.from),
  )
  const book = devBook({ org, name: 'customer', records })
  const digest = (tag: Tag, written: string): Digest => digestOfText(tag, written)
  const root = devRoot({
    org,
    log,
    nodes: nodes.map(memberOf),
    lights: lights.map(memberOf),
    key,
    witness,
    governance: { keys: directors(people).map(({ publicKey }) => publicKey), threshold: 2 },
    genesis: {
      policy: digest(tags.policy, policy),
      directory: digest(tags.directory, directory),
      books: {
        customer: digest(tags.book, book),
        ...(coldBook === undefined ? {} : { cold: digest(tags.book, coldBook) }),
      },
    },
  })
  return { root, policy, directory, book }
}

export function directoryOf(
  org: string,
  { people, service }: Pick<Owners, 'people' | 'service'>,
  times: Times,
): string {
  return devDirectory({
    org,
    ...times,
    persons: [
      ...people.map((owner) => personOf(owner, '', pinOf(owner, 'approver'))),
      personOf(service, devService.owner, pinOf(service, 'caller')),
    ],
  })
}

export function memberOf({ id, identity, witness, ...owner }: LightOwner) {
  const transport = parseDigest(pinOf({ id, ...owner }, 'node'))
  return { node: id, identity, transport, witness: formatVkey(witness) }
}

function personOf({ id, publicKey }: SigningOwner, owner: string, pin: string) {
  return { handle: id, owner, publicKey, transport: parseDigest(pin) }
}

export function directors(people: readonly SigningOwner[]): readonly SigningOwner[] {
  return people.filter(({ id }) => devPeople.director.includes(id))
}

function customer(
  wish: Pick<DevWish, 'org' | 'chain'>,
  evmAddress: string,
  label: string,
  activeFrom: number,
): Destination {
  const { org } = wish
  const [book, env, network] = [parseHandle('customer'), 'dev', networkOf(wish)] as const
  const address = addressOn(wish, evmAddress)
  const owner = { org: parseHandle(org), env, book, network }
  return { ...owner, address, label, status: 'active', activeFrom, version: 1 }
}

function addressOn({ chain }: Pick<DevWish, 'chain'>, evmAddress: string): string {
  return chain === 'tron' ? onTron(evmAddress) : evmAddress
}

/** Where a contract of the deployer's first transaction stands: rlp([deployer, 0]). */
export function standIn(): string {
  const account = fromHex(deployer) ?? new Uint8Array(0)
  const hash = keccak256(concat(Uint8Array.of(0xd6, 0x94), account, Uint8Array.of(0x80)))
  return `0x${toHex(hash.subarray(12))}`
}
