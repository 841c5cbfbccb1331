// What is proposed from balances, from what is on its way and from targets and sweeps: cases by
// hand, and the invariants on whatever balances and movements may be.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Account, type Moving, placeName } from '../../../policy/treasury/ledger.ts'
import { type Asked, type Proposal, propose } from '../../../policy/treasury/propose.ts'
import { type Handle, parseHandle, parsePersonId, parseVaultId } from '../../../proto/ids.ts'
import { treasuryBook } from './treasury-policy.ts'

/** Of an own address: a vault of another log has tests of its own. */
interface Held extends Account {
  readonly asset: Handle
  readonly amount: bigint
}

const rulebook = treasuryBook()
const initiator = parsePersonId('svc-payouts')
const usdt = parseHandle('usdt')
const eth = parseHandle('eth-native')
const one = 1_000_000n
const coin = 10n ** 18n
const at = Date.UTC(2026, 11, 7)
/** Little, of every sweep. */
const costs = new Map(
  ['deposits', 'deposits-coin'].map((id) => [
    parseHandle(id),
    { transfer: 10n ** 13n, coin: 10n ** 12n },
  ]),
)
const none: Asked = { count: 0, isOpen: false, quietUntil: 0, became: '' }

const account = (vault: string, path = 'm'): Account => ({ vault: parseVaultId(vault), path })
const usdtAt = (vault: string, amount: bigint, path = 'm'): Held => {
  return { ...account(vault, path), asset: usdt, amount }
}
const ethAt = (vault: string, amount: bigint, path = 'm'): Held => {
  return { ...account(vault, path), asset: eth, amount }
}
const asItShouldBe: readonly Held[] = [
  usdtAt('hot', 150_000n * one),
  usdtAt('warm', 1_000_000n * one),
  usdtAt('cold', 9_000_000n * one),
  ethAt('hot', 3n * coin),
  ethAt('warm', 20n * coin),
]
/** Balances that stand instead of those as they should be. */
const held = (...changed: readonly Held[]): readonly Held[] => [
  ...changed,
  ...asItShouldBe.filter(
    (one) =>
      !changed.some((c) => c.vault === one.vault && c.path === one.path && c.asset === one.asset),
  ),
]

function run(
  balances: readonly Held[],
  rest: { moving?: readonly Moving[]; asked?: (name: string) => Asked | undefined } = {},
) {
  const { moving = [], asked = () => none } = rest
  return propose(rulebook, { at, initiator, costs, held: balances, moving, asked })
}

const short = ({ id, from, to, asset, amount, maxFee }: Proposal) =>
  `${id}: ${placeName(from)} > ${placeName(to)} ${amount} ${asset} fee ${maxFee}`

describe('a target', () => {
  it('wants nothing between floor and ceiling', () => {
    expect(run(asItShouldBe)).toEqual({ proposals: [], doubts: [], unasked: [] })
    const edges = held(usdtAt('hot', 50_000n * one), usdtAt('warm', 3_000_000n * one))
    expect(run(edges).proposals).toEqual([])
    expect(run(held(usdtAt('hot', 400_000n * one))).proposals).toEqual([])
  })

  it('lets what is above the ceiling leave, down to the target', () => {
    const { proposals } = run(held(usdtAt('hot', 400_000n * one + 1n)))
    expect(proposals.map(short)).toEqual([
      'watch/surplus/hot-usdt/1: hot m > warm m 250000000001 usdt fee 50000000000000000',
    ])
    expect(proposals[0]?.because).toBe('surplus: hot m to warm m')
  })

  it('is filled up to the target where less than the floor is left', () => {
    const { proposals } = run(held(usdtAt('hot', 50_000n * one - 1n)))
    expect(proposals.map(short)).toEqual([
      'watch/refill/hot-usdt/1: warm m > hot m 100000000001 usdt fee 50000000000000000',
    ])
  })

  it('is filled by what its source can spare above its own floor, and says what lacks', () => {
    const { proposals, doubts } = run(
      held(usdtAt('hot', 0n), usdtAt('warm', 230_000n * one), usdtAt('cold', 0n)),
    )
    expect(proposals.map(({ amount }) => amount)).toEqual([30_000n * one])
    expect(doubts).toEqual([
      {
        name: 'watch/refill/hot-usdt',
        because: 'warm can spare 30000000000 of the 150000000000 that hot lacks',
      },
      // Then warm is at its floor and not below it.
    ])
  })

  it('is filled from cold by an intent like any other: its rule asks the people', () => {
    const { proposals } = run(held(usdtAt('warm', 100_000n * one)))
    expect(proposals.map(short)).toEqual([
      'watch/refill/warm-usdt/1: cold m > warm m 900000000000 usdt fee 50000000000000000',
    ])
  })

  it('counts what is on its way: out at once, with its fee, and in before more is sent', () => {
    const leaving: Moving = {
      from: account('hot'),
      to: undefined,
      asset: usdt,
      amount: 10_000n * one,
      feeMax: coin / 100n,
    }
    const full = held(usdtAt('hot', 405_000n * one))
    expect(run(full).proposals).toHaveLength(1)
    expect(run(full, { moving: [leaving] }).proposals).toEqual([])
    const empty = held(usdtAt('hot', 55_000n * one))
    expect(run(empty).proposals).toEqual([])
    const wanted = run(empty, { moving: [leaving] }).proposals
    expect(wanted.map(({ amount }) => amount)).toEqual([105_000n * one])
    const coming: Moving = { ...leaving, from: account('warm'), to: account('hot') }
    expect(run(empty, { moving: [leaving, coming] }).proposals).toEqual([])
  })

  it('never counts on what is only on its way in for a surplus', () => {
    const coming = { from: account('warm'), to: account('hot'), asset: usdt, feeMax: 0n }
    const moving = [{ ...coming, amount: 300_000n * one }]
    expect(run(held(usdtAt('hot', 399_000n * one)), { moving }).proposals).toEqual([])
  })

  it('keeps the fee of a coin, from a source that keeps its floor', () => {
    const { proposals } = run(held(ethAt('hot', 0n), ethAt('warm', coin)))
    expect(proposals.map(short)).toEqual([
      'watch/refill/hot-eth/1: warm m > hot m 950000000000000000 eth-native fee 50000000000000000',
    ])
    expect(run(held(ethAt('hot', 0n), ethAt('warm', coin / 20n))).proposals).toEqual([])
  })

  it('is in doubt without a balance that endpoints agree on, and moves nothing', () => {
    const { proposals, doubts } = run(asItShouldBe.filter(({ vault }) => vault !== 'hot'))
    expect(proposals).toEqual([])
    expect(doubts.map(({ name }) => name)).toEqual([
      'watch/refill/hot-eth',
      'watch/surplus/hot-usdt',
      'watch/refill/hot-usdt',
    ])
    const hotDry = [usdtAt('hot', 0n), ...asItShouldBe.filter((one) => one.asset !== usdt)]
    expect(run(hotDry).doubts[0]?.because).toBe(
      'no balance of usdt at warm that endpoints agree on',
    )
  })

  it('asks in pieces that a rule takes, and not at all where none does', () => {
    const huge = held(usdtAt('hot', 9_000_000n * one))
    expect(run(huge).proposals.map(({ amount }) => amount)).toEqual([2_000_000n * one])
    const stranger = propose(rulebook, {
      costs,
      ...{ at, held: huge, moving: [], asked: () => none },
      initiator: parsePersonId('oli'),
    })
    expect(stranger.proposals).toEqual([])
    expect(stranger.doubts[0]?.because).toMatch(/^no rule lets oli move 8850000000000 of usdt/)
  })
})

describe('a name', () => {
  const full = held(usdtAt('hot', 500_000n * one))
  const asking = (asked: Asked | undefined) => run(full, { asked: () => asked })

  it('counts the requests before it, so whoever sees the same proposes the same key', () => {
    const third = asking({ ...none, count: 2 }).proposals
    expect(third.map(({ id }) => id)).toEqual(['watch/surplus/hot-usdt/3'])
  })

  it('has one open request, waits after one that was refused, and is told where nobody looked', () => {
    expect(asking({ ...none, count: 1, isOpen: true }).proposals).toEqual([])
    const refused = asking({ ...none, count: 1, quietUntil: at + 1, became: 'was refused' })
    expect(refused.proposals).toEqual([])
    expect(refused.doubts).toEqual([
      { name: 'watch/surplus/hot-usdt', because: 'the last request for it was refused' },
    ])
    expect(asking({ ...none, count: 1, quietUntil: at }).proposals).toHaveLength(1)
    const unknown = asking(undefined)
    expect(unknown).toEqual({ proposals: [], doubts: [], unasked: ['watch/surplus/hot-usdt'] })
  })
})

describe('a sweep', () => {
  const path = 'm/1/7'
  const gas = coin / 500n

  it('sends coin first, what lacks to the gas of one sweep', () => {
    const dry = held(usdtAt('hot', 25n * one, path), ethAt('hot', gas / 4n, path))
    expect(run(dry).proposals.map(short)).toEqual([
      `watch/gas/deposits/m/1/7/1: hot m > hot m/1/7 1500000000000000 eth-native fee ${gas}`,
    ])
  })

  it('waits while the coin is on its way', () => {
    const dry = held(usdtAt('hot', 25n * one, path), ethAt('hot', 0n, path))
    const topUp = { from: account('hot'), to: account('hot', path), asset: eth, feeMax: gas }
    expect(run(dry, { moving: [{ ...topUp, amount: gas }] }).proposals).toEqual([])
  })

  it('brings in the whole token once the coin lies there, by one request at a time', () => {
    const ready = held(usdtAt('hot', 30n * one, path), ethAt('hot', gas, path))
    expect(run(ready).proposals.map(short)).toEqual([
      `watch/sweep/deposits/m/1/7/1: hot m/1/7 > hot m 30000000 usdt fee ${gas}`,
    ])
    const leaving = { from: account('hot', path), to: account('hot'), asset: usdt, feeMax: gas }
    expect(run(ready, { moving: [{ ...leaving, amount: one }] }).proposals).toEqual([])
  })

  it('leaves dust: a base unit below the minimum is not worth it', () => {
    const dust = held(usdtAt('hot', 25n * one - 1n, path), ethAt('hot', gas, path))
    expect(run(dust).proposals).toEqual([])
    expect(run(held(ethAt('hot', coin / 100n - 1n, path))).proposals).toEqual([])
  })

  it('of a coin pays for itself', () => {
    expect(run(held(ethAt('hot', coin, path))).proposals.map(short)).toEqual([
      'watch/sweep/deposits-coin/m/1/7/1: hot m/1/7 > hot m 999000000000000000 eth-native ' +
        'fee 1000000000000000',
    ])
  })

  it('is in doubt where its coin is not known, or nobody can spare any', () => {
    expect(run(held(usdtAt('hot', 25n * one, path))).doubts[0]?.because).toMatch(/of its coin/)
    const dry = held(usdtAt('hot', 25n * one, path), ethAt('hot', 0n, path), ethAt('hot', coin))
    expect(run(dry).doubts.at(-1)?.because).toMatch(/hot can spare 0 of the 2000000000000000/)
    const unknown = dry.filter((one) => one.asset !== eth || one.path !== 'm')
    expect(run(unknown).doubts.at(-1)?.because).toMatch(/no balance of eth-native at hot/)
  })

  it('goes on with as many as its payer can spare', () => {
    const many = Array.from({ length: 5 }, (_, index) => [
      usdtAt('hot', 30n * one, `m/1/${index}`),
      ethAt('hot', 0n, `m/1/${index}`),
    ]).flat()
    const spare = coin + 2n * gas * 3n
    const { proposals, doubts } = run(held(...many, ethAt('hot', spare)))
    const to = proposals.map((one) => placeName(one.to))
    expect(to).toEqual(['hot m/1/0', 'hot m/1/1', 'hot m/1/2'])
    expect(doubts).toHaveLength(2)
  })
})

const vaults = ['hot', 'warm', 'cold']
const paths = ['m', 'm/1/0', 'm/1/1']
const amounts = fc.bigInt({ min: 0n, max: 10_000_000n * one })
const coins = fc.bigInt({ min: 0n, max: 30n * coin })
const anyAccount = fc.record({
  vault: fc.constantFrom(...vaults.map(parseVaultId)),
  path: fc.constantFrom(...paths),
})
const anyHeld = fc
  .tuple(anyAccount, fc.boolean(), amounts, coins)
  .map(([of, isCoin, tokens, some]): Held => {
    return isCoin ? { ...of, asset: eth, amount: some } : { ...of, asset: usdt, amount: tokens }
  })
const anyMoving = fc
  .tuple(anyAccount, fc.option(anyAccount, { nil: undefined }), anyHeld, coins)
  .map(([from, to, { asset, amount }, fee]): Moving => {
    return { from, to, asset, amount: amount / 10n, feeMax: fee / 100n }
  })
const balances = fc.uniqueArray(anyHeld, {
  selector: ({ vault, path, asset }) => `${vault} ${path} ${asset}`,
  minLength: 6,
  maxLength: 18,
})
const situation = fc.record({ held: balances, moving: fc.array(anyMoving, { maxLength: 6 }) })

describe('whatever lies where', () => {
  const asked = () => none

  it('is proposed from in the same way in whatever order it is told', () => {
    fc.assert(
      fc.property(situation, fc.func(fc.integer()), ({ held, moving }, order) => {
        const first = propose(rulebook, { at, initiator, costs, held, moving, asked })
        const shuffled = held.toSorted((a, b) => order(a.vault, a.path) - order(b.vault, b.path))
        const other = { at, initiator, costs, held: shuffled, moving: moving.toReversed(), asked }
        expect(propose(rulebook, other)).toEqual(first)
        const ids = first.proposals.map(({ id }) => id)
        expect(new Set(ids).size).toBe(ids.length)
      }),
      { numRuns: 500 },
    )
  })

  it('is never moved beyond what is there: floors, targets and fees stay', () => {
    let seen = 0
    fc.assert(
      fc.property(situation, ({ held, moving }) => {
        const { proposals } = propose(rulebook, { at, initiator, costs, held, moving, asked })
        seen += proposals.length
        for (const { from, asset, kind } of proposals) {
          const lies = held.find(
            (h) => h.vault === from.vault && h.path === from.path && h.asset === asset,
          )
          const out = [...moving, ...proposals.map((p) => ({ ...p, feeMax: p.maxFee }))]
            .filter((m) => m.from.vault === from.vault && m.from.path === from.path)
            .reduce((sum, m) => {
              return sum + (m.asset === asset ? m.amount : 0n) + (asset === eth ? m.feeMax : 0n)
            }, 0n)
          const target = [...rulebook.targets.values()].find(
            (t) => placeName(t.at) === placeName(from) && t.asset === asset,
          )
          const kept = kind === 'surplus' && asset === usdt ? target?.target : target?.floor
          // Fees of tokens that leave the same address later take from its coin what they may cost.
          const later = proposals
            .filter((p) => p.asset !== asset && p.from.vault === from.vault)
            .reduce((sum, p) => sum + p.maxFee, 0n)
          const left = lies!.amount - out + (asset === eth ? later : 0n)
          expect(left).toBeGreaterThanOrEqual(kept ?? 0n)
        }
      }),
      { numRuns: 1_000 },
    )
    expect(seen).toBeGreaterThan(300)
  })

  it('is proposed from once: what was proposed is on its way, and nothing is wanted twice', () => {
    fc.assert(
      fc.property(situation, ({ held, moving }) => {
        const first = propose(rulebook, { at, initiator, costs, held, moving, asked }).proposals
        const on = [...moving, ...first.map((p) => ({ ...p, feeMax: p.maxFee }))]
        const open = new Set(first.map(({ id }) => id.replace(/\/1$/, '')))
        const seeing = (name: string) => ({ ...none, isOpen: open.has(name), count: 1 })
        const again = propose(rulebook, { at, initiator, costs, held, moving: on, asked: seeing })
        const twice = again.proposals.filter(({ id }) => open.has(id.replace(/\/2$/, '')))
        expect(twice).toEqual([])
        // Also without looking: only what was cut by a rule or by a source may be wanted once more.
        const blind = propose(rulebook, { at, initiator, costs, held, moving: on, asked })
        const surplus = blind.proposals.filter(({ kind }) => kind === 'surplus')
        const cut = first.filter(
          ({ kind, amount }) => kind === 'surplus' && amount >= 2_000_000n * one,
        )
        expect(surplus.length).toBeLessThanOrEqual(cut.length)
      }),
      { numRuns: 500 },
    )
  })
})
