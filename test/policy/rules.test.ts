import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parseRulebook } from '../../policy/rulebook.ts'
import {
  type Box,
  intersect,
  legs,
  legsAtMost,
  misses,
  type Point,
  witness,
} from '../../policy/rules/box.ts'
import { duplicateOf, type GuardFacts, judge } from '../../policy/rules/guard.ts'
import { covers, type Limit, used, weight } from '../../policy/rules/limit.ts'
import type { SpendRow } from '../../policy/view.ts'
import { parsePersonId, parseVaultId } from '../../proto/ids.ts'
import { refusedWith } from '../kit/refused.ts'
import { changed, digestFor, handleOf, type Loose, policyText } from './dev-fixture.ts'

const rulebook = parseRulebook(policyText)
const usdt = handleOf('usdt')

function boxOf(id: string): Box {
  return rulebook.rules.find((rule) => rule.id === id)!.box
}

const point: Point = {
  op: 'erc20.transfer',
  from: parseVaultId('hot'),
  to: handleOf('customer'),
  asset: usdt,
  initiator: parsePersonId('svc-payouts'),
  amount: 1_000_000_000n,
}

describe('a box', () => {
  it('holds a point that lies within all of its components', () => {
    expect(misses(boxOf('payout-auto'), point)).toEqual([])
  })

  it.each<[string, Partial<Point>]>([
    ['op', { op: 'evm.transfer' }],
    ['from', { from: parseVaultId('warm') }],
    ['to', { to: handleOf('hot') }],
    ['asset', { asset: handleOf('eth-native') }],
    ['initiator', { initiator: parsePersonId('ana') }],
    ['amount', { amount: 1_000_000_001n }],
    ['amount', { amount: 0n }],
  ])('names the component %s in which a point lies outside', (component, change) => {
    expect(misses(boxOf('payout-auto'), { ...point, ...change })).toEqual([component])
  })

  it('ends a tier where the next begins, to one base unit', () => {
    const above = { ...point, amount: 1_000_000_001n }
    expect(misses(boxOf('payout-auto'), above)).toEqual(['amount'])
    expect(misses(boxOf('payout-mid'), above)).toEqual([])
    expect(misses(boxOf('payout-mid'), point)).toEqual(['amount'])
  })

  it('intersects component by component', () => {
    const both = intersect(boxOf('payout-auto'), boxOf('payout-mid'))
    expect(both.amounts.size).toBe(0)
    expect(witness(both, rulebook)).toBeUndefined()
    const same = intersect(boxOf('payout-auto'), boxOf('payout-auto'))
    expect(witness(same, rulebook)).toEqual({ ...point, amount: 1n })
  })

  it('intersects exactly: a point is in both or not in the intersection', () => {
    const interval = fc
      .tuple(fc.bigInt(0n, 20n), fc.bigInt(0n, 20n))
      .map(([lo, width]) => ({ lo, hi: lo + width }))
    fc.assert(
      fc.property(interval, interval, fc.bigInt(0n, 20n), (a, b, amount) => {
        const left = { ...boxOf('payout-auto'), amounts: new Map([[usdt, a]]) }
        const right = { ...boxOf('payout-auto'), amounts: new Map([[usdt, b]]) }
        const inside = (box: Box) => misses(box, { ...point, amount }).length === 0
        expect(inside(intersect(left, right))).toBe(inside(left) && inside(right))
      }),
    )
  })

  it('has only the legs that value can really move along', () => {
    const everywhere: Box = {
      ...boxOf('payout-auto'),
      ops: new Set(['erc20.transfer', 'evm.transfer', 'trc20.transfer']),
      amounts: new Map([
        [usdt, { lo: 1n, hi: 2n }],
        [handleOf('eth-native'), { lo: 1n, hi: 2n }],
      ]),
    }
    expect(legs(everywhere, rulebook).map(({ op, asset }) => `${op} ${asset}`)).toEqual([
      'erc20.transfer usdt',
      'evm.transfer eth-native',
    ])
  })

  it('never multiplies what lies on different networks', () => {
    const text = changed(policyText, (json) => {
      const { dev } = json.networks
      json.networks.other = { ...dev, caip2: 'eip155:1', feeAsset: 'other-native' }
      json.assets['other-native'] = { ...json.assets['eth-native'], network: 'other' }
      json.vaults.far = { ...json.vaults.hot, network: 'other', key: 'k-far' }
      json.rules[0].match.from.push('far')
      json.rules[0].match.asset.push('eth-native', 'other-native')
    })
    const two = parseRulebook(text)
    const { box } = two.rules[0]!
    expect(legs(box, two)).toEqual([
      { op: 'erc20.transfer', from: 'hot', to: 'customer', asset: 'usdt' },
    ])
    // Hot with two assets and far with one, each to one class.
    expect(legsAtMost(box, two)).toBe(3)
  })

  it('has no leg to a class whose vaults are all on another network', () => {
    const text = changed(policyText, (json) => {
      const { dev } = json.networks
      json.networks.other = { ...dev, caip2: 'eip155:1', feeAsset: 'other-native' }
      json.assets['other-native'] = { ...json.assets['eth-native'], network: 'other' }
      json.vaults.warm.network = 'other'
    })
    const two = parseRulebook(text)
    const sweep = two.rules.find((rule) => rule.id === 'hot-sweep')!
    expect(legs(sweep.box, two)).toEqual([])
  })
})

const day = 86_400_000
const quiet: GuardFacts = {
  at: 10 * day,
  op: 'erc20.transfer',
  nativeBeside: 0n,
  feeMax: 1n,
  networkMaxFee: 1n,
  record: { status: 'active', activeFrom: day, activatedAt: 8 * day, cooldownMs: 2 * day },
  duplicateOf: '',
  frozen: false,
}

describe('guards', () => {
  const of = (id: string) => rulebook.guards.find((guard) => guard.id === id)!

  it('let through what none of them denies', () => {
    expect(rulebook.guards.map((guard) => judge(guard, quiet).hit)).not.toContain(true)
  })

  it.each<[string, string, string, Partial<GuardFacts>]>([
    ['an operation that is not listed', 'g-ops', 'OP_NOT_ALLOWED', { op: 'tron.transfer' }],
    ['native coins beside a token call', 'g-value', 'OP_NOT_ALLOWED', { nativeBeside: 1n }],
    ['a fee above the maximum of the network', 'g-fee', 'FEE', { feeMax: 2n }],
    ['a fee on an unknown network', 'g-fee', 'FEE', { networkMaxFee: undefined }],
    ['a removed record', 'g-record', 'DEST_UNKNOWN', { record: record({ status: 'removed' }) }],
    [
      'a record before its start',
      'g-record',
      'DEST_UNKNOWN',
      {
        record: record({ activeFrom: 10 * day + 1 }),
      },
    ],
    [
      'a record inside its cool-down',
      'g-record',
      'DEST_COOLDOWN',
      {
        record: record({ activatedAt: 8 * day + 1 }),
      },
    ],
    [
      'a record that was never activated and must cool',
      'g-record',
      'DEST_COOLDOWN',
      {
        record: record({ activatedAt: undefined }),
      },
    ],
    ['a duplicate', 'g-dup', 'POLICY_DENIED', { duplicateOf: digestFor('x') }],
    ['a frozen vault', 'g-freeze', 'FROZEN', { frozen: true }],
  ])('deny %s', (_, id, code, change) => {
    expect(judge(of(id), { ...quiet, ...change })).toMatchObject({ hit: true, code })
  })

  it('let an attested record through where its class asks for no cool-down', () => {
    const attested = record({ activatedAt: undefined, cooldownMs: 0 })
    expect(judge(of('g-record'), { ...quiet, record: attested }).hit).toBe(false)
  })

  it('ask no record of an own vault', () => {
    expect(judge(of('g-record'), { ...quiet, record: undefined }).hit).toBe(false)
  })

  it.each<[Loose]>([
    [{ destinationIn: ['sanctions'], orListOlderThan: '24h' }],
    [{ destinationLooksLike: { prefix: 4, suffix: 4, butNotEqualToBookEntry: true } }],
  ])('refuse to judge what this release cannot: %j', (deny) => {
    const text = changed(policyText, (json) => (json.guards = [{ id: 'g-x', deny }]))
    const [guard] = parseRulebook(text).guards
    expect(refusedWith(() => judge(guard!, quiet))).toBe('NOT_SUPPORTED')
  })

  function record(change: Partial<NonNullable<GuardFacts['record']>>) {
    return { ...quiet.record!, ...change }
  }
})

function spend(change: Partial<SpendRow> = {}): SpendRow {
  return {
    seq: 1,
    t: 1_000,
    intent: digestFor('first'),
    vault: parseVaultId('hot'),
    asset: usdt,
    amount: 100n,
    to: '0xaa',
    dest: handleOf('customer'),
    rule: handleOf('payout-auto'),
    closesAt: 5_000,
    ...change,
  }
}

describe('the duplicate guard', () => {
  const payment = { to: '0xaa', amount: 100n, t: 2_000 }

  it('finds the newest payment of the same amount to the same address', () => {
    const newer = spend({ seq: 2, t: 1_500, intent: digestFor('second') })
    expect(duplicateOf(1_001, [newer, spend()], payment)).toBe(digestFor('second'))
    expect(duplicateOf(1_001, [spend(), newer], payment)).toBe(digestFor('second'))
  })

  it.each<[string, SpendRow]>([
    ['another address', spend({ to: '0xbb' })],
    ['another amount', spend({ amount: 101n })],
    ['a payment before the window', spend({ t: 999 })],
  ])('does not find %s', (_, row) => {
    expect(duplicateOf(1_001, [row], payment)).toBe('')
  })
})

describe('limits', () => {
  const limitOf = (id: string): Limit => rulebook.limits.find((limit) => limit.id === id)!
  const at = { t: 10_000, to: '0xaa' }

  it('cover what they select, in their own unit', () => {
    const limit = limitOf('payout-24h')
    expect(covers(limit, spend())).toBe(true)
    expect(covers(limit, spend({ vault: parseVaultId('warm') }))).toBe(false)
    expect(covers(limit, spend({ dest: handleOf('hot') }))).toBe(false)
    expect(covers(limit, spend({ asset: handleOf('eth-native') }))).toBe(false)
    expect(covers(limitOf('auto-count'), spend({ asset: handleOf('eth-native') }))).toBe(true)
    expect(covers(limitOf('auto-count'), spend({ rule: handleOf('payout-mid') }))).toBe(false)
  })

  it('sum what closes after the window began, and nothing that closed with it', () => {
    const limit = { ...limitOf('payout-24h'), windowMs: 5_000 }
    expect(used(limit, [spend({ closesAt: 5_000 })], at)).toBe(0n)
    expect(used(limit, [spend({ closesAt: 5_001 })], at)).toBe(100n)
    expect(used(limit, [spend({ closesAt: 90_000 }), spend({ closesAt: 5_001 })], at)).toBe(200n)
  })

  it('count requests, not amounts, where they are counts', () => {
    const limit = limitOf('auto-count')
    expect(used(limit, [spend(), spend({ amount: 7n })], { ...at, t: 1_000 })).toBe(2n)
    expect(weight(limit, spend())).toBe(1n)
  })

  it('keep a sum for each address where they say so', () => {
    const limit = limitOf('payout-dest-24h')
    const rows = [spend(), spend({ to: '0xbb', amount: 900n })]
    expect(used(limit, rows, at)).toBe(100n)
    expect(used(limit, rows, { ...at, to: '0xbb' })).toBe(900n)
    expect(used(limitOf('payout-24h'), rows, at)).toBe(1_000n)
  })

  it('scale assets of one unit to the most decimals among them', () => {
    const text = changed(policyText, (json) => {
      const contract = '0x55d398326f99059ff775485246999027b3197955'
      const { dev } = json.networks
      json.networks.other = { ...dev, caip2: 'eip155:56', feeAsset: 'bnb' }
      json.assets.bnb = { ...json.assets['eth-native'], network: 'other', unit: 'BNB' }
      json.assets.usdt18 = { ...json.assets.usdt, contract, decimals: 18, network: 'other' }
    })
    const limit = parseRulebook(text).limits.find(({ id }) => id === 'payout-24h')!
    expect(limit.max).toBe(10n ** 24n)
    expect(weight(limit, spend({ amount: 1_000_000n }))).toBe(10n ** 18n)
    expect(weight(limit, spend({ asset: handleOf('usdt18'), amount: 1n }))).toBe(1n)
  })

  it('refuse to guess the unit of an asset that the policy no longer names', () => {
    const gone = spend({ asset: handleOf('gone') })
    expect(refusedWith(() => used(limitOf('payout-24h'), [gone], at))).toBe('ERROR')
    const elsewhere = spend({ asset: handleOf('gone'), vault: parseVaultId('warm') })
    expect(used(limitOf('payout-24h'), [elsewhere], at)).toBe(0n)
  })
})
