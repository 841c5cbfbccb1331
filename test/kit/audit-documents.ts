// A small organisation for tests of the log: three nodes that are its witnesses, one EVM network
// and one Tron network, a hot vault on each and a warm one, two people in each role. Every key is
// made from its name.
import { formatVkey, type Vkey, vkeyOf } from '../../policy/audit/checkpoint.ts'
import { digestOfText } from '../../policy/document.ts'
import { plainDigest, toHex, toUtf8 } from '../../proto/crypto.ts'
import { type JsonObject, text } from '../../proto/jcs.ts'
import { tags } from '../../proto/tags.ts'
import { type TestKey, testKey } from './examples.ts'

export const org = 'acme'
export const env = 'dev'
export const origin = 'log.acme.example/custody-dev'
export const nodeNames = ['node-a', 'node-b', 'node-c'] as const
export const keyOf = (name: string): TestKey => testKey(`audit/${name}`)
export const log: Vkey = vkeyOf(origin, 'log', keyOf('log').publicKey)
export const witnesses: readonly Vkey[] = nodeNames.map((name) =>
  vkeyOf(`${name}.acme.example/witness`, 'witness', keyOf(`${name}-witness`).publicKey),
)

export const customer = '0x7a16ff8270133f063aab6c9977183d9e72835428'
export const otherCustomer = '0x1111111111111111111111111111111111111111'
export const tronCustomer = 'TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6t'
const token = '0xdac17f958d2ee523a2206206994597c13d831ec7'

const people = ['ana', 'bo', 'chen', 'jun', 'kat', 'oli', 'pia']
const two = (role: string) => ({ require: [{ role, count: 1 }], delay: '0s' })

export const policy: JsonObject = {
  format: 'custody-policy/v1',
  org,
  env,
  version: 1,
  previous: '',
  notBefore: '2026-01-01T00:00:00Z',
  expires: '2028-01-01T00:00:00Z',
  engine: 1,
  quorumCrypto: { n: 3, t: 2, f: 1 },
  log: {
    origin,
    coldOrigin: `${origin}-cold`,
    trust: 'acme-dev',
    witness: { n: 3, f: 0, quorum: 2 },
    onWitnessLoss: 'stop',
  },
  networks: {
    eth: {
      caip2: 'eip155:31337',
      maxFee: '0.05',
      feeAsset: 'eth-native',
      slot: 'nonce',
      bump: '10%',
    },
    tron: {
      caip2: 'tron:0x2b6653dc',
      maxFee: '150',
      feeAsset: 'trx-native',
      slot: 'one-body',
      maxTxLifetime: '10m',
      maxTxLifetimeCold: '24h',
    },
  },
  assets: {
    'usdt-eth': { network: 'eth', kind: 'erc20', contract: token, decimals: 6, unit: 'USDT' },
    'eth-native': { network: 'eth', kind: 'native', decimals: 18, unit: 'ETH' },
    'trx-native': { network: 'tron', kind: 'native', decimals: 6, unit: 'TRX' },
  },
  vaults: {
    'hot-eth': { tier: 'hot', network: 'eth', key: 'k-hot-eth' },
    'hot-tron': { tier: 'hot', network: 'tron', key: 'k-hot-tron' },
    'warm-eth': { tier: 'warm', network: 'eth', key: 'k-warm-eth' },
  },
  destinations: {
    hot: { vaults: ['hot-eth', 'hot-tron'] },
    warm: { vaults: ['warm-eth'] },
    customer: { book: 'customer', cooldown: '0s', attestedBy: 'svc-payouts' },
  },
  roles: {
    'payout-bot': { kind: 'service', members: ['svc-payouts'] },
    ops: { kind: 'human', members: ['ana', 'bo', 'chen'] },
    director: { kind: 'human', members: ['jun', 'kat'] },
    risk: { kind: 'human', members: ['oli', 'pia'] },
  },
  calendars: {},
  guards: [
    {
      id: 'g-ops',
      deny: { op: { notIn: ['erc20.transfer', 'evm.transfer', 'tron.transfer'] } },
    },
    { id: 'g-value', deny: { nativeValueBesideCall: { gt: '0' } } },
    { id: 'g-fee', deny: { fee: { gtNetworkMax: true } } },
    { id: 'g-record', deny: { destinationRecord: { notActive: true, insideCooldown: true } } },
    { id: 'g-dup', deny: { sameToAndAmountWithin: '10m' } },
    { id: 'g-freeze', deny: { frozen: true } },
  ],
  rules: [
    {
      id: 'payout-auto',
      match: {
        op: ['erc20.transfer'],
        from: ['hot-eth', 'warm-eth'],
        to: ['customer'],
        asset: ['usdt-eth'],
        initiator: ['payout-bot'],
        amount: { gt: '0', lte: '100' },
        when: 'always',
      },
      require: [],
      ttl: '2h',
    },
    {
      id: 'payout-mid',
      match: {
        op: ['erc20.transfer'],
        from: ['hot-eth', 'warm-eth'],
        to: ['customer'],
        asset: ['usdt-eth'],
        initiator: ['payout-bot'],
        amount: { gt: '100', lte: '1000' },
        when: 'always',
      },
      require: [{ role: 'ops', count: 1 }],
      ttl: '2h',
    },
    {
      id: 'tron-auto',
      match: {
        op: ['tron.transfer'],
        from: ['hot-tron'],
        to: ['customer'],
        asset: ['trx-native'],
        initiator: ['payout-bot'],
        amount: { gt: '0', lte: '100' },
        when: 'always',
      },
      require: [],
      ttl: '2h',
    },
  ],
  limits: [
    {
      id: 'usdt-1h',
      sum: 'USDT',
      from: ['hot-eth', 'warm-eth'],
      to: ['customer'],
      window: 'sliding 1h',
      max: '1000',
    },
    {
      id: 'dest-1h',
      sum: 'USDT',
      from: ['hot-eth', 'warm-eth'],
      to: ['customer'],
      window: 'sliding 1h',
      max: '600',
      by: 'destination',
    },
    { id: 'auto-count', count: true, rule: ['payout-auto'], window: 'sliding 1m', max: '5' },
    { id: 'trx-1h', sum: 'TRX', rule: ['tron-auto'], window: 'sliding 1h', max: '1000' },
  ],
  governance: {
    policy: { ...two('director'), loosening: { delay: '0s' } },
    directory: two('director'),
    key: two('director'),
    ceremony: two('director'),
    book: two('risk'),
    lists: { publishers: ['svc-payouts'], removal: [{ role: 'risk', count: 1 }] },
    freeze: { anyOf: ['ops'] },
    unfreeze: { require: [{ role: 'director', count: 2 }] },
  },
  separation: {
    initiatorMayApprove: false,
    onePersonOneVote: true,
    credentialOwnersDistinct: true,
    minFactor: {},
  },
}

export const directory: JsonObject = {
  format: 'custody-directory/v1',
  org,
  env,
  version: 1,
  previous: '',
  persons: [
    ...people.map((handle) => ({ handle, kind: 'human', credentials: [credential(handle)] })),
    {
      handle: 'svc-payouts',
      kind: 'service',
      owner: 'ana',
      credentials: [credential('svc-payouts')],
    },
  ],
}

export const book: JsonObject = {
  format: 'custody-book/v1',
  org,
  env,
  version: 1,
  previous: '',
  name: 'customer',
  records: [
    {
      format: 'custody-dest/v1',
      org,
      env,
      book: 'customer',
      network: 'eip155:31337',
      address: customer,
      label: 'cust-1',
      status: 'active',
      activeFrom: '2026-01-01T00:00:00Z',
      version: 1,
    },
  ],
}

export const policyText = text(policy)
export const directoryText = text(directory)

/** In no role of the policy: they come to ceremonies. */
const sitters = [
  ...['ben', 'cleo', 'dan', 'eva', 'finn', 'gil', 'hana', 'amy', 'ada', 'sam', 'rita'],
  ...['will', 'wanda', 'aldo', 'carl', 'cora', 'kim', 'kurt', 'olga'],
]
/** Of a house with ceremonies: nobody who holds a share owns the service that asks. */
export const coldDirectory: JsonObject = {
  ...directory,
  persons: [
    ...[...people, ...sitters].map((handle) => ({
      ...{ handle, kind: 'human' },
      credentials: [credential(handle)],
    })),
    {
      ...{ handle: 'svc-payouts', kind: 'service', owner: 'chen' },
      credentials: [credential('svc-payouts')],
    },
  ],
}
export const coldDirectoryText = text(coldDirectory)
export const coldDirectoryDigest = digestOfText(tags.directory, coldDirectoryText)
export const bookText = text(book)
export const policyDigest = digestOfText(tags.policy, policyText)
export const directoryDigest = digestOfText(tags.directory, directoryText)
export const bookDigest = digestOfText(tags.book, bookText)

export const root: JsonObject = {
  format: 'custody-root/v1',
  org,
  env,
  version: 1,
  previous: '',
  log: { origin, vkey: formatVkey(log) },
  nodes: nodeNames.map((node, at) => ({
    node,
    x: at + 1,
    identity: toHex(keyOf(`${node}-identity`).publicKey),
    transport: plainDigest(toUtf8(`tls ${node}`)),
    witness: formatVkey(witnesses[at]!),
  })),
  witnesses: [],
  quorumCrypto: { n: 3, t: 2, f: 1 },
  witness: { w: 3, f: 0, q: 2 },
  governance: { keys: [toHex(keyOf('governance').publicKey)], threshold: 1 },
  genesis: {
    policy: policyDigest,
    directory: directoryDigest,
    books: { customer: bookDigest },
    lists: {},
  },
}
export const rootText = text(root)
export const rootDigest = digestOfText(tags.root, rootText)

function credential(person: string): JsonObject {
  return {
    id: `${person}-1`,
    scheme: 'ed25519',
    publicKey: toHex(keyOf(person).publicKey),
    from: '2026-01-01T00:00:00Z',
    to: '2028-01-01T00:00:00Z',
    factor: 'none',
  }
}
