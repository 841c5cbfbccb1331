// Whether a deposit is brought in at present fees: cases on both sides of each bound.
import { describe, expect, it } from 'vitest'
import { paysForItself, type SweepCost } from '../../../policy/treasury/cost.ts'
import type { Held } from '../../../policy/treasury/ledger.ts'
import { propose } from '../../../policy/treasury/propose.ts'
import { parseHandle, parsePersonId, parseVaultId } from '../../../proto/ids.ts'
import type { JsonObject } from '../../../proto/jcs.ts'
import { coinDeposits, deposits, treasuryBook } from './treasury-policy.ts'

const one = 1_000_000n
const gwei = 10n ** 9n
const coin = 10n ** 18n
const at = Date.UTC(2026, 11, 7)

function made(cost: SweepCost | undefined, held: readonly Held[], change: JsonObject = {}) {
  const rulebook = treasuryBook((json) => {
    json.sweeps = {
      deposits: { ...deposits, ...change },
      'deposits-coin': { ...coinDeposits, costPercent: change['costPercent'] ?? 10 },
    }
  })
  const ids = ['deposits', 'deposits-coin'].map((id) => parseHandle(id))
  const costs = new Map(ids.flatMap((id) => (cost === undefined ? [] : [[id, cost] as const])))
  const none = { count: 0, isOpen: false, quietUntil: 0, became: '' }
  const facts = { at, initiator: parsePersonId('svc-payouts'), held, moving: [], costs }
  const { proposals, doubts } = propose(rulebook, { ...facts, asked: () => none })
  const said = doubts.filter(({ name }) => name.startsWith('watch/sweep'))
  return { ids: proposals.map(({ id }) => id), said: said.map(({ because }) => because) }
}

const holds = (asset: string, amount: bigint, path = 'm/1/7'): Held => {
  return { vault: parseVaultId('hot'), path, asset: parseHandle(asset), amount }
}
/** Of a transfer of a token with so many gwei for a gas. */
const atPrice = (price: bigint): SweepCost => ({
  transfer: 60_000n * price * gwei,
  coin: 21_000n * price * gwei,
})
const swept = 'watch/sweep/deposits/m/1/7/1'
const sweptCoin = 'watch/sweep/deposits-coin/m/1/7/1'

describe('a sweep of a coin', () => {
  it('is asked for while it costs at most its part of what is moved, and waits above', () => {
    const cost = { transfer: coin / 1_000n, coin: coin / 1_000n }
    expect(made(cost, [holds('eth-native', coin / 100n)]).ids).toEqual([sweptCoin])
    const dear = { ...cost, transfer: cost.transfer + 1n }
    const most = made({ ...dear, transfer: 10n ** 15n }, [holds('eth-native', coin / 100n + 9n)])
    expect(most.ids).toEqual([sweptCoin])
    const { ids, said } = made(dear, [holds('eth-native', coin / 100n)])
    expect(ids).toEqual([])
    expect(said).toEqual([`1 wait for lower fees: to move one costs ${dear.transfer} now`])
    const little = { transfer: 2n * 10n ** 14n, coin: 0n }
    const held = [holds('eth-native', coin / 100n)]
    expect(made(little, held, { costPercent: 2 }).ids).toEqual([sweptCoin])
    expect(made(little, held, { costPercent: 1 }).ids).toEqual([])
  })
})

describe('a sweep of a token', () => {
  const ready = [holds('usdt', 30n * one), holds('eth-native', 2n * 10n ** 15n)]
  const dry = [
    ...[holds('usdt', 30n * one), holds('eth-native', 0n)],
    holds('eth-native', coin * 9n, 'm'),
  ]

  it('waits, and no gas is sent for it, while it would cost more than its gas', () => {
    expect(made(atPrice(33n), ready).ids).toEqual([swept])
    expect(made(atPrice(34n), ready).ids).toEqual([])
    expect(made(atPrice(33n), dry).ids).toEqual(['watch/gas/deposits/m/1/7/1'])
    expect(made(atPrice(34n), dry).ids).toEqual([])
    expect(made({ transfer: 1n, coin: 2n * 10n ** 15n + 1n }, dry).ids).toEqual([])
  })

  it('is weighed against what a coin is worth where the policy says it, with its gas on top', () => {
    // 0.0006 ETH at 4,000 are 2.4 of 30; with 0.00021 more for gas 3.24, which is above a tenth.
    const change = { coinPrice: '4000' }
    expect(made(atPrice(10n), ready, change).ids).toEqual([swept])
    expect(made(atPrice(10n), dry, change).ids).toEqual([])
    expect(made(atPrice(10n), dry, { ...change, costPercent: 11 }).ids).toHaveLength(1)
    expect(made(atPrice(13n), ready, change).ids).toEqual([])
    expect(made(atPrice(13n), ready).ids).toEqual([swept])
  })

  it('is left alone where endpoints do not tell what it costs, and that is said once', () => {
    const many = [...ready, holds('usdt', 40n * one, 'm/1/8')]
    const { ids, said } = made(undefined, many)
    expect(ids).toEqual([])
    expect(said).toEqual(['what it would cost now, not enough endpoints tell'])
    expect(made(undefined, [holds('usdt', 1n)]).said).toEqual([])
  })
})

describe('the part of what is moved', () => {
  it('is counted to the base unit', () => {
    const [sweep] = [...treasuryBook().sweeps.values()]
    const priced = { ...sweep!, coinPrice: 4_000n * one, costPercent: 10, gas: coin }
    const cost = { transfer: 10n ** 15n, coin: 0n }
    const pays = (amount: bigint) => paysForItself(priced, amount, { cost, topsUp: false })
    expect([pays(40n * one), pays(40n * one - 1n)]).toEqual([true, false])
  })
})
