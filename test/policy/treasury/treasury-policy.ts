// The development policy with targets and sweeps, and the rules that they need: what tests of the
// treasury start from and change one thing of.
import { parseRulebook, type Rulebook } from '../../../policy/rulebook.ts'
import type { JsonObject } from '../../../proto/jcs.ts'
import { changed, type Loose, policyText } from '../dev-fixture.ts'

export const hotUsdt: JsonObject = {
  vault: 'hot',
  asset: 'usdt',
  floor: '50000',
  target: '150000',
  ceiling: '400000',
  surplus: 'warm',
  refill: 'warm',
}
const warmUsdt: JsonObject = {
  vault: 'warm',
  asset: 'usdt',
  floor: '200000',
  target: '1000000',
  ceiling: '3000000',
  surplus: 'cold',
  refill: 'cold',
}
const hotEth: JsonObject = {
  vault: 'hot',
  asset: 'eth-native',
  floor: '1',
  target: '3',
  ceiling: '8',
  refill: 'warm',
}
export const deposits: JsonObject = {
  vault: 'hot',
  asset: 'usdt',
  to: 'hot',
  minimum: '25',
  gas: '0.002',
  gasFrom: 'hot',
}
export const coinDeposits: JsonObject = {
  vault: 'hot',
  asset: 'eth-native',
  to: 'hot',
  minimum: '0.01',
  gas: '0.001',
}

/** Deposits come in, gas goes out to them; nobody is asked. */
const ownRules: readonly JsonObject[] = [
  ['deposits-in', 'erc20.transfer', 'usdt', '1000000'],
  ['deposits-coin', 'evm.transfer', 'eth-native', '100'],
].map(([id = '', op = '', asset = '', lte = '']) => ({
  id,
  match: {
    op: [op],
    from: ['hot'],
    to: ['hot'],
    asset: [asset],
    initiator: ['payout-bot'],
    amount: { gt: '0', lte },
    when: 'always',
  },
  require: [],
  ttl: '30m',
}))

/** Who keeps the vaults is the payout service of the development policy. */
export function treasuryText(change: (json: Loose) => void = () => undefined): string {
  return changed(policyText, (json) => {
    json.targets = structuredClone({
      'hot-usdt': hotUsdt,
      'warm-usdt': warmUsdt,
      'hot-eth': hotEth,
    })
    json.sweeps = structuredClone({ deposits, 'deposits-coin': coinDeposits })
    json.rules.push(...structuredClone(ownRules))
    for (const rule of json.rules) {
      const isOwn = /^(?:hot-|gas-|warm-|cold-)/.test(rule.id)
      if (isOwn && !rule.match.initiator.includes('payout-bot')) {
        rule.match.initiator.push('payout-bot')
      }
    }
    change(json)
  })
}

export function treasuryBook(change?: (json: Loose) => void): Rulebook {
  return parseRulebook(treasuryText(change))
}
