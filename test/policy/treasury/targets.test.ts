// What an author may write as targets and sweeps, and what the analyser says of them.
import { describe, expect, it } from 'vitest'
import { analyse, loadRulebook, sentence } from '../../../policy/analyse.ts'
import { parseRulebook } from '../../../policy/rulebook.ts'
import { type JsonObject, parseText, text } from '../../../proto/jcs.ts'
import { attempt, isRefusal } from '../../../proto/refusal.ts'
import { patched } from '../../kit/scene.ts'
import { objectOf, onTron } from '../../kit/tron-documents.ts'
import { type Loose, policyText } from '../dev-fixture.ts'
import {
  coinDeposits,
  deposits,
  hotUsdt,
  ownRules,
  treasuryBook,
  treasuryText,
} from './treasury-policy.ts'

const refused = (change: (json: Loose) => void) => {
  const got = attempt(() => treasuryBook(change))
  return 'kind' in got ? `${got.code} ${got.because}` : 'taken'
}

describe('targets and sweeps', () => {
  it('are read in base units, and a policy without them has none', () => {
    const { targets, sweeps } = treasuryBook()
    expect([...targets.values()][0]).toEqual({
      id: 'hot-eth',
      at: { vault: 'hot', path: 'm' },
      asset: 'eth-native',
      floor: 10n ** 18n,
      target: 3n * 10n ** 18n,
      ceiling: 8n * 10n ** 18n,
      surplus: undefined,
      refill: 'warm',
    })
    expect([...sweeps.values()][0]).toEqual({
      id: 'deposits',
      vault: 'hot',
      asset: 'usdt',
      to: 'hot',
      minimum: 25_000_000n,
      gas: 2n * 10n ** 15n,
      gasFrom: 'hot',
      costPercent: 10,
      coinPrice: undefined,
      coinUnits: 10n ** 18n,
    })
    const plain = loadRulebook(policyText)
    expect([plain.targets.size, plain.sweeps.size]).toEqual([0, 0])
  })

  it('have nothing that the analyser finds, where rules let them move', () => {
    expect(analyse(loadRulebook(treasuryText())).map(sentence)).toEqual([])
  })

  const target = (change: object) => (json: Loose) => {
    json.targets['hot-usdt'] = { ...hotUsdt, ...change }
  }
  const sweep = (change: object) => (json: Loose) => {
    json.sweeps.deposits = { ...deposits, ...change }
  }
  const coin = (change: object) => (json: Loose) => {
    json.sweeps['deposits-coin'] = { ...coinDeposits, ...change }
  }

  it.each<[what: string, because: RegExp, change: (json: Loose) => void]>([
    ['a floor above the target', /in this order/, target({ floor: '150001' })],
    ['a target above the ceiling', /in this order/, target({ target: '400001' })],
    ['no room at all', /in this order/, target({ floor: '5', target: '5', ceiling: '5' })],
    ['more digits than the asset has', /fraction digits/, target({ floor: '0.0000001' })],
    ['an unknown vault', /unknown nowhere/, target({ vault: 'nowhere' })],
    ['an unknown asset', /unknown gold/, target({ asset: 'gold' })],
    ['an unknown way', /unknown nowhere/, target({ surplus: 'nowhere' })],
    ['an unknown source', /unknown nowhere/, target({ refill: 'nowhere' })],
    ['a vault and a class at once', /not both/, target({ class: 'customer' })],
    ['two ways out', /not both/, target({ surplusClass: 'customer' })],
    ['itself', /expected another vault/, target({ refill: 'hot' })],
    ['itself as the way out', /expected another vault/, target({ surplus: 'hot' })],
    ['an unknown key', /unknown key/, target({ reserve: '1' })],
    [
      'neither way',
      /expected surplus, refill or both/,
      (json) => {
        const { surplus: _, refill: __, ...rest } = hotUsdt
        json.targets['hot-usdt'] = rest
      },
    ],
    [
      'two of one asset at one vault',
      /a second entry/,
      (json) => {
        json.targets['hot-usdt-2'] = hotUsdt
      },
    ],
    [
      'a name that leaves no room in a key',
      /at most 64/,
      (json) => {
        json.targets = { ['x'.repeat(65)]: hotUsdt }
      },
    ],
    [
      'a surplus that comes back',
      /comes back/,
      (json) => {
        json.targets['warm-usdt'].surplus = 'hot'
      },
    ],
    [
      'a vault in no class of own vaults',
      /no class/,
      (json) => {
        delete json.destinations.cold
        json.rules = json.rules.filter(({ id }: Loose) => !/^(?:warm-derisk|cold-out)$/.test(id))
        json.limits = json.limits.filter(({ id }: Loose) => id !== 'cold-7d')
      },
    ],
    [
      'an asset of another network',
      /is not on the network/,
      (json) => {
        json.networks.bsc = { ...json.networks.dev, caip2: 'eip155:56', feeAsset: 'bnb' }
        json.assets.bnb = { network: 'bsc', kind: 'native', decimals: 18, unit: 'BNB' }
        json.targets['hot-usdt'].asset = 'bnb'
      },
    ],
    ['a sweep of nothing', /more than nothing/, sweep({ minimum: '0' })],
    ['a sweep that may cost nothing', /more than nothing/, sweep({ gas: '0' })],
    ['gas above what a transaction may cost', /at most maxFee/, sweep({ gas: '0.051' })],
    ['a sweep to nowhere', /unknown nowhere/, sweep({ to: 'nowhere' })],
    ['a share above the whole', /costPercent/, sweep({ costPercent: 101 })],
    ['a share of nothing', /costPercent/, sweep({ costPercent: 0 })],
    ['a coin that is worth nothing', /coinPrice: expected more/, sweep({ coinPrice: '0' })],
    ['a price of a coin in itself', /coinPrice: expected for tokens/, coin({ coinPrice: '1' })],
    ['gas from nowhere', /unknown nowhere/, sweep({ gasFrom: 'nowhere' })],
    ['a coin that is paid for by others', /gasFrom/, coin({ gasFrom: 'hot' })],
    [
      'a token that nobody pays for',
      /gasFrom/,
      (json) => {
        const { gasFrom: _, ...rest } = deposits
        json.sweeps.deposits = rest
      },
    ],
    [
      'a coin of which the gas for a token is enough to be brought in: it goes round for ever',
      /minimum: expected more than the gas of all tokens/,
      coin({ minimum: '0.002' }),
    ],
    ['a coin that does not pay for itself', /pays nothing/, coin({ minimum: '0.001' })],
  ])('are refused with %s', (_, because, change) => {
    expect(refused(() => undefined)).toBe('taken')
    expect(refused(change)).toMatch(because)
  })

  it('are refused on Tron where gas is less than a transfer of the coin has as its bound', () => {
    const withGas = (gas: string, prices?: JsonObject) => {
      const sweeps = { deposits: { ...deposits, gas } }
      const policy = objectOf(parseText(policyText))
      const rules = [...(policy['rules'] as readonly JsonObject[]), ...ownRules]
      const written = onTron({ ...policy, sweeps, rules })
      const priced = prices ? patched(written, { networks: { dev: { prices } } }) : written
      const got = attempt(() => parseRulebook(text(priced)))
      return isRefusal(got) ? got.because : 'taken'
    }
    expect(withGas('1.373')).toBe('taken')
    expect(withGas('1.372999')).toMatch(/sweeps.deposits.gas: expected at least 1373000/)
    const voted = { activation: '2', bandwidth: 2_000, energy: 100, feeLimit: '50' }
    expect(withGas('2.545999', voted)).toMatch(/sweeps.deposits.gas: expected at least 2546000/)
    expect(withGas('2.546', voted)).toBe('taken')
  })

  it('are warned of where no rule lets anybody move what they want moved', () => {
    const without = (id: string) =>
      analyse(treasuryBook((json) => (json.rules = json.rules.filter((r: Loose) => r.id !== id))))
        .filter(({ check }) => check === 'no way')
        .map(sentence)
    expect(without('hot-refill')).toEqual([
      'warning no way at targets.hot-usdt: no rule moves usdt from warm to hot',
    ])
    expect(without('deposits-coin')).toEqual([
      'warning no way at sweeps.deposits: no rule moves eth-native from hot to hot',
      'warning no way at sweeps.deposits-coin: no rule moves eth-native from hot to hot',
    ])
  })
})
