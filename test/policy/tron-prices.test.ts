// What a policy says of the prices of a Tron network; how nodes judge by it: `admit-tron.test.ts`.
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { parseRulebook } from '../../policy/rulebook.ts'
import { attempt, isRefusal } from '../../proto/refusal.ts'
import { changed, handleOf } from './dev-fixture.ts'

const full = readFileSync(new URL('../vectors/documents/policy-full.json', import.meta.url), 'utf8')

describe('prices of a policy', () => {
  it('are those that it says, within caps, or as published', () => {
    const prices = { activation: '1.1', bandwidth: 1_000, energy: 100, feeLimit: '50' }
    const priced = (change: object) =>
      changed(full, (json) => (json.networks.tron.prices = { ...prices, ...change }))
    const tron = handleOf('tron')
    expect(parseRulebook(full).networks.get(tron)?.prices).toBeUndefined()
    expect(parseRulebook(priced({})).networks.get(tron)?.prices).toEqual({
      ...{ activation: 1_100_000n, bandwidth: 1_000n, energy: 100n, feeLimit: 50_000_000n },
    })
    const { feeLimit: _, ...three } = prices
    for (const [text_, because] of [
      [priced({ bandwidth: 0 }), 'networks.tron.prices.bandwidth'],
      [priced({ bandwidth: 10_001 }), 'networks.tron.prices.bandwidth'],
      [priced({ energy: 10_001 }), 'networks.tron.prices.energy'],
      [priced({ energy: '100' }), 'networks.tron.prices.energy'],
      [priced({ activation: '0' }), 'networks.tron.prices.activation: expected 1 to 100000000'],
      [priced({ activation: '100.000001' }), 'networks.tron.prices.activation: expected 1 to'],
      [priced({ feeLimit: '15000.000001' }), 'networks.tron.prices.feeLimit: expected 1 to'],
      [priced({ memo: 1 }), 'memo'],
      [changed(full, (json) => (json.networks.tron.prices = three)), 'feeLimit'],
      [changed(full, (json) => (json.networks.eth.prices = prices)), 'prices'],
    ] as const) {
      const refused = attempt(() => parseRulebook(text_))
      expect(isRefusal(refused) ? refused.because : 'taken').toContain(because)
    }
  })
})
