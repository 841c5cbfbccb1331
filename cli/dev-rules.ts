// What the development policy allows: guards, rules in tiers, limits and governance, over vaults
// named hot, warm and cold and a book of customers. A story that a reader can follow and a demo can
// drive: small payouts go alone, larger ones ask people, the cold vault holds for an hour.
// For play money: delays are nothing.
import type { JsonObject } from '../proto/jcs.ts'

/** Who may do what, by handle. */
export interface DevPeople {
  readonly ops: readonly string[]
  readonly treasury: readonly string[]
  readonly director: readonly string[]
  readonly risk: readonly string[]
}

/** Enough of each that no quorum hangs on one person. */
export const devPeople: DevPeople = {
  ops: ['ana', 'bo'],
  treasury: ['eli', 'fay', 'gus'],
  director: ['jun', 'kat', 'lev'],
  risk: ['oli', 'pia'],
}

/** The service that asks for payouts, and the person behind it. */
export const devService = { handle: 'svc-payouts', owner: 'lev' } as const

export const devGuards: readonly JsonObject[] = [
  { id: 'g-ops', deny: { op: { notIn: ['erc20.transfer', 'evm.transfer'] } } },
  { id: 'g-value', deny: { nativeValueBesideCall: { gt: '0' } } },
  { id: 'g-fee', deny: { fee: { gtNetworkMax: true } } },
  { id: 'g-record', deny: { destinationRecord: { notActive: true, insideCooldown: true } } },
  { id: 'g-dup', deny: { sameToAndAmountWithin: '10m' } },
  { id: 'g-freeze', deny: { frozen: true } },
]

export interface Way {
  readonly asset: 'usdt' | 'eth-native'
  readonly from: string
  readonly to: string
}

const payout: Way = { asset: 'usdt', from: 'hot', to: 'customer' }
const payoutEth: Way = { asset: 'eth-native', from: 'hot', to: 'customer' }
const sweep: Way = { asset: 'usdt', from: 'hot', to: 'warm' }
const refill: Way = { asset: 'usdt', from: 'warm', to: 'hot' }
const gas: Way = { asset: 'eth-native', from: 'warm', to: 'hot' }
const derisk: Way = { asset: 'usdt', from: 'warm', to: 'cold' }
const coldOut: Way = { asset: 'usdt', from: 'cold', to: 'warm' }

const bot = ['payout-bot']

export const devRules: readonly JsonObject[] = [
  rule('payout-auto', payout, { by: bot, gt: '0', lte: '1000', require: {}, ttl: '10m' }),
  rule('payout-mid', payout, { by: bot, gt: '1000', lte: '25000', require: { ops: 1 }, ttl: '2h' }),
  rule('payout-large', payout, {
    by: bot,
    gt: '25000',
    lte: '100000',
    require: { ops: 1, treasury: 1 },
    ttl: '8h',
  }),
  rule('payout-eth-auto', payoutEth, { by: bot, gt: '0', lte: '0.5', require: {}, ttl: '10m' }),
  rule('payout-eth-mid', payoutEth, {
    by: bot,
    gt: '0.5',
    lte: '5',
    require: { ops: 1 },
    ttl: '2h',
  }),
  rule('hot-sweep', sweep, {
    by: ['ops', 'payout-bot'],
    gt: '0',
    lte: '2000000',
    require: {},
    ttl: '30m',
  }),
  rule('hot-refill', refill, {
    by: ['ops'],
    gt: '0',
    lte: '500000',
    require: { treasury: 2 },
    ttl: '12h',
  }),
  rule('gas-refill', gas, {
    by: ['ops'],
    gt: '0',
    lte: '10',
    require: { treasury: 1 },
    ttl: '12h',
  }),
  rule('warm-derisk', derisk, {
    by: ['ops', 'treasury'],
    gt: '0',
    lte: '20000000',
    require: { treasury: 1 },
    ttl: '12h',
  }),
  rule('cold-out', coldOut, {
    by: ['treasury'],
    gt: '0',
    lte: '10000000',
    require: { director: 2, risk: 1 },
    hold: '1h',
    ttl: '72h',
  }),
]

export const devLimits: readonly JsonObject[] = [
  sum('payout-1h', payout, 'sliding 1h', '250000'),
  sum('payout-24h', payout, 'sliding 24h', '1000000'),
  { ...sum('payout-dest-24h', payout, 'sliding 24h', '100000'), by: 'destination' },
  { id: 'auto-count', count: true, rule: ['payout-auto'], window: 'sliding 1m', max: '600' },
  sum('payout-eth-24h', payoutEth, 'sliding 24h', '50'),
  sum('refill-24h', refill, 'sliding 24h', '1500000'),
  sum('gas-24h', gas, 'sliding 24h', '20'),
  sum('cold-7d', coldOut, 'sliding 7d', '20000000'),
]

const board = { require: people({ director: 2, risk: 1 }), delay: '0s' }

export const devGovernance: JsonObject = {
  policy: { ...board, loosening: { delay: '0s' } },
  directory: { require: people({ director: 2 }), delay: '0s' },
  key: board,
  ceremony: { require: people({ director: 2 }), delay: '0s' },
  book: { require: people({ treasury: 1, risk: 1 }), delay: '0s' },
  lists: { publishers: [devService.handle], removal: people({ risk: 1 }) },
  freeze: { anyOf: ['ops', 'treasury', 'director', 'risk'] },
  unfreeze: { require: people({ director: 2, risk: 1 }) },
}

/** A funded hot vault has too much by this, so that there is something to propose at once. */
export const devTargets: JsonObject = {
  'hot-usdt': {
    ...{ vault: 'hot', asset: 'usdt', surplus: 'warm' },
    ...{ floor: '50000', target: '150000', ceiling: '400000' },
  },
}

export interface Terms {
  readonly by: readonly string[]
  readonly gt: string
  readonly lte: string
  /** How many of which role. */
  readonly require: Readonly<Record<string, number>>
  readonly ttl: string
  readonly hold?: string
}

export function rule(id: string, { asset, from, to }: Way, terms: Terms): JsonObject {
  const { by, gt, lte, require, ...times } = terms
  const match = {
    op: [asset === 'usdt' ? 'erc20.transfer' : 'evm.transfer'],
    from: [from],
    to: [to],
    asset: [asset],
    initiator: by,
    amount: { gt, lte },
    when: 'always',
  }
  return { id, match, require: people(require), ...times }
}

export function sum(id: string, { asset, from, to }: Way, window: string, max: string): JsonObject {
  return { id, sum: asset === 'usdt' ? 'USDT' : 'ETH', from: [from], to: [to], window, max }
}

function people(counts: Readonly<Record<string, number>>): readonly JsonObject[] {
  return Object.entries(counts).map(([role, count]) => ({ role, count }))
}
