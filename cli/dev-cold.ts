// The places and rules of a development organisation whose cold vaults have a log of their own: the
// main origin pays into them, and out of them money comes back to the warm vault and nowhere else.
// Neither log knows the other's keys, so each has a book with the other's addresses, made from
// addresses that were derived and shown there (`custody vault destination`).
// For play money: delays are nothing.
import type { JsonObject } from '../proto/jcs.ts'
import type { DevPlaces } from './dev-documents.ts'
import { devLimits, devRules, devService, rule, sum, type Way } from './dev-rules.ts'

/** Asks for what targets want; people say yes to each. */
const watcher = 'payout-bot'
const sweep: Way = { asset: 'usdt', from: 'hot', to: 'cold' }
const sweepEth: Way = { asset: 'eth-native', from: 'hot', to: 'cold' }
const derisk: Way = { asset: 'usdt', from: 'warm', to: 'cold' }
const release: Way = { asset: 'usdt', from: 'cold', to: 'warm' }
const releaseEth: Way = { asset: 'eth-native', from: 'cold', to: 'warm' }

/** Of the main origin: hot and warm vaults, and the book of the cold ones. */
export const besideCold: DevPlaces = {
  tiers: ['hot', 'warm'],
  targets: {
    'hot-usdt': {
      ...{ vault: 'hot', asset: 'usdt', surplusClass: 'cold', refill: 'warm' },
      ...{ floor: '50000', target: '150000', ceiling: '400000' },
    },
    'warm-usdt': {
      ...{ vault: 'warm', asset: 'usdt', surplusClass: 'cold' },
      // Below the floor of the cold log, which never fills what may not fall so low.
      ...{ floor: '100000', target: '1000000', ceiling: '3000000' },
    },
  },
  destinations: {
    hot: { vaults: ['hot'] },
    warm: { vaults: ['warm'] },
    cold: { book: 'cold', cooldown: '0s' },
    customer: { book: 'customer', cooldown: '0s', attestedBy: devService.handle },
  },
  rules: [
    ...devRules.filter(({ id }) => id !== 'cold-out').map(asked),
    // Into the cold: out of reach of whoever breaks in, so it asks for little.
    rule('cold-sweep', sweep, {
      by: ['ops', watcher],
      gt: '0',
      lte: '5000000',
      require: { treasury: 1 },
      ttl: '12h',
    }),
    rule('cold-sweep-eth', sweepEth, {
      by: ['ops', watcher],
      gt: '0',
      lte: '1000',
      require: { treasury: 1 },
      ttl: '12h',
    }),
  ],
  // To the judge of this log, what goes into the book of the cold vaults leaves the house.
  limits: [
    ...devLimits.filter(({ id }) => id !== 'cold-7d'),
    sum('derisk-24h', derisk, 'sliding 24h', '40000000'),
    sum('cold-sweep-24h', sweep, 'sliding 24h', '10000000'),
    sum('cold-sweep-eth-24h', sweepEth, 'sliding 24h', '2000'),
  ],
}

/** Of the cold origin: its vault, and the book of the warm ones. */
export const onlyCold: DevPlaces = {
  tiers: ['cold'],
  targets: {
    'warm-usdt': {
      ...{ class: 'warm', asset: 'usdt', refill: 'cold' },
      ...{ floor: '200000', target: '1000000', ceiling: '3000000' },
    },
  },
  destinations: {
    cold: { vaults: ['cold'] },
    warm: { book: 'warm', cooldown: '0s' },
  },
  rules: [
    // Out of the cold: the whole board, and a ceremony after it.
    rule('cold-release', release, {
      by: ['treasury', watcher],
      gt: '0',
      lte: '10000000',
      require: { director: 2, risk: 1 },
      ttl: '72h',
    }),
    rule('cold-release-eth', releaseEth, {
      by: ['treasury', watcher],
      gt: '0',
      lte: '1000',
      require: { director: 2, risk: 1 },
      ttl: '72h',
    }),
  ],
  limits: [
    sum('cold-7d', release, 'sliding 7d', '20000000'),
    sum('cold-eth-7d', releaseEth, 'sliding 7d', '2000'),
  ],
}

/** What moves between own vaults may be asked for by whoever watches them, too. */
function asked(rule: JsonObject): JsonObject {
  if (!/^(?:hot-refill|gas-refill|warm-derisk)$/.test(String(rule['id']))) return rule
  const match = rule['match'] as JsonObject
  const initiator = [...(match['initiator'] as readonly string[]), watcher]
  return { ...rule, match: { ...match, initiator } }
}
