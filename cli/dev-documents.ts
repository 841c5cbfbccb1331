// The governed documents of a development cluster, as canonical text: one policy that shows hot,
// warm and cold, a directory, a root and a book. Pure: keys, names and times are arguments, so the
// same input gives the same digests.
// For env `dev` only: delays are nothing and the limits are for play money. What they mean is read
// back by the same strict parsers as everybody's documents.

import { type Destination, destinationJson } from '../policy/destination.ts'
import type { KeyQuorum, WitnessQuorum } from '../policy/tolerance.ts'
import { toHex } from '../proto/crypto.ts'
import type { Digest } from '../proto/ids.ts'
import { type JsonObject, text } from '../proto/jcs.ts'
import { writeTime } from '../proto/shape.ts'
import {
  type DevPeople,
  devGovernance,
  devGuards,
  devLimits,
  devRules,
  devService,
} from './dev-rules.ts'

/** Which vaults a policy has, where value may go from them, and by which rules. */
export interface DevPlaces {
  readonly tiers: readonly ('hot' | 'warm' | 'cold')[]
  readonly destinations: JsonObject
  readonly rules: readonly JsonObject[]
  readonly limits: readonly JsonObject[]
  /** How much should lie where; nothing is watched without. */
  readonly targets?: JsonObject
}

/** Hot, warm and cold in one policy. */
const everyPlace: DevPlaces = {
  tiers: ['hot', 'warm', 'cold'],
  destinations: {
    hot: { vaults: ['hot'] },
    warm: { vaults: ['warm'] },
    cold: { vaults: ['cold'] },
    customer: { book: 'customer', cooldown: '0s', attestedBy: devService.handle },
  },
  rules: devRules,
  limits: devLimits,
}

export interface DevPolicyInput {
  readonly org: string
  readonly notBefore: number
  readonly expires: number
  readonly origin: string
  readonly people: DevPeople
  /** Address of the USDT stand-in, lower case. */
  readonly token: string
  readonly key: KeyQuorum
  readonly witness: WitnessQuorum
  readonly coldOrigin?: string
  readonly places?: DevPlaces
  /** Others than those of the places. */
  readonly targets?: JsonObject
}

export function devPolicy(input: DevPolicyInput): string {
  const { org, origin, people, token, key, witness, places = everyPlace } = input
  const { targets = places.targets } = input
  const { w, f, q } = witness
  const roles = Object.entries(people).map(([role, members]) => [role, humans(members)] as const)
  return text({
    ...head('policy', org),
    notBefore: writeTime(input.notBefore),
    expires: writeTime(input.expires),
    engine: 1,
    quorumCrypto: { n: key.n, t: key.t, f: key.f },
    log: {
      origin,
      coldOrigin: input.coldOrigin ?? `${origin}-cold`,
      trust: 'dev',
      witness: { n: w, f, quorum: q },
      onWitnessLoss: 'stop',
    },
    networks: {
      dev: {
        caip2: 'eip155:31337',
        maxFee: '0.05',
        feeAsset: 'eth-native',
        slot: 'nonce',
        bump: '10%',
      },
    },
    assets: {
      usdt: { network: 'dev', kind: 'erc20', contract: token, decimals: 6, unit: 'USDT' },
      'eth-native': { network: 'dev', kind: 'native', decimals: 18, unit: 'ETH' },
    },
    vaults: Object.fromEntries(places.tiers.map((tier) => [tier, vault(tier)])),
    destinations: places.destinations,
    roles: {
      ...Object.fromEntries(roles),
      'payout-bot': { kind: 'service', members: [devService.handle] },
    },
    calendars: {},
    guards: devGuards,
    rules: places.rules,
    limits: places.limits,
    ...(targets === undefined ? {} : { targets }),
    governance: devGovernance,
    separation: {
      initiatorMayApprove: false,
      onePersonOneVote: true,
      credentialOwnersDistinct: true,
      minFactor: {},
    },
  })
}

export interface DevPerson {
  readonly handle: string
  /** The human behind a service; empty for humans. */
  readonly owner: string
  /** Ed25519, 32 bytes. */
  readonly publicKey: Uint8Array
  /** SHA-256 of the TLS key; empty for none. */
  readonly transport: Digest | ''
}

export interface DevDirectoryInput {
  readonly org: string
  readonly from: number
  readonly to: number
  readonly persons: readonly DevPerson[]
}

/** Each person has one credential, `NAME-1`. */
export function devDirectory({ org, from, to, persons }: DevDirectoryInput): string {
  const written = persons.map(({ handle, owner, publicKey, transport }) => ({
    handle,
    kind: owner === '' ? 'human' : 'service',
    ...(owner === '' ? {} : { owner }),
    credentials: [
      {
        id: `${handle}-1`,
        scheme: 'ed25519',
        publicKey: toHex(publicKey),
        ...(transport === '' ? {} : { transport }),
        from: writeTime(from),
        to: writeTime(to),
        factor: 'none',
      },
    ],
  }))
  return text({ ...head('directory', org), persons: written })
}

/** Also one of a light witness. */
export interface DevNode {
  readonly node: string
  readonly identity: Uint8Array
  readonly transport: Digest
  /** Witness vkey. */
  readonly witness: string
}

export interface DevRootInput {
  readonly org: string
  readonly log: { readonly origin: string; readonly vkey: string }
  /** In the order of their x, from 1. */
  readonly nodes: readonly DevNode[]
  readonly lights?: readonly DevNode[]
  /** The nodes are stations of ceremonies; every vault is cold. */
  readonly cold?: boolean
  readonly key: KeyQuorum
  readonly witness: WitnessQuorum
  readonly governance: { readonly keys: readonly Uint8Array[]; readonly threshold: number }
  readonly genesis: {
    readonly policy: Digest
    readonly directory: Digest
    readonly books: Readonly<Record<string, Digest>>
  }
}

export function devRoot({ org, log, nodes, governance, genesis, ...input }: DevRootInput): string {
  return text({
    ...head('root', org),
    log: { origin: log.origin, vkey: log.vkey },
    ...(input.cold === true ? { cold: true } : {}),
    nodes: nodes.map((node, index) => ({ ...member(node), x: index + 1 })),
    witnesses: (input.lights ?? []).map(member),
    quorumCrypto: { n: input.key.n, t: input.key.t, f: input.key.f },
    witness: { w: input.witness.w, f: input.witness.f, q: input.witness.q },
    governance: { keys: governance.keys.map(toHex), threshold: governance.threshold },
    genesis: { ...genesis, lists: {} },
  })
}

function member({ node, identity, transport, witness }: DevNode): JsonObject {
  return { node, identity: toHex(identity), transport, witness }
}

export interface DevBookInput {
  readonly org: string
  readonly name: string
  readonly records: readonly Destination[]
}

export function devBook({ org, name, records }: DevBookInput): string {
  return text({ ...head('book', org), name, records: records.map(destinationJson) })
}

function head(name: 'policy' | 'directory' | 'root' | 'book', org: string): JsonObject {
  return { format: `custody-${name}/v1`, org, env: 'dev', version: 1, previous: '' }
}

function humans(members: readonly string[]): JsonObject {
  return { kind: 'human', members }
}

function vault(tier: 'hot' | 'warm' | 'cold'): JsonObject {
  return { tier, network: 'dev', key: `k-${tier}` }
}
