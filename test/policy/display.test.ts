import { describe, expect, it } from 'vitest'
import { displayDigest, render } from '../../policy/display.ts'
import type { Intent } from '../../policy/intent.ts'
import { parseRulebook } from '../../policy/rulebook.ts'
import { parseHandle } from '../../proto/ids.ts'
import { text } from '../../proto/jcs.ts'
import { payout } from '../kit/examples.ts'
import { refusedWith } from '../kit/refused.ts'
import { supported } from '../kit/scene-world.ts'

const rulebook = parseRulebook(text(supported))
const cust = { class: parseHandle('customer'), label: 'cust-88213/2' }
const large = parseHandle('payout-large')
const shown = (patch: Partial<Intent> = {}, rule = large): string =>
  render({ ...payout, ...patch }, rulebook, rule, cust)
const line = (written: string, label: string): string =>
  written.split('\n').find((item) => item.startsWith(label)) ?? ''

describe('the text that people approve', () => {
  it('is the published one, byte for byte', () => {
    expect(shown()).toBe(
      [
        'TRANSFER  42000.000000 USDT',
        'ON        Ethereum mainnet (eip155:1)',
        'FROM      hot-eth',
        'TO        0x7a16ff8270133f063aab6c9977183d9e72835428',
        '          customer: cust-88213/2',
        'FEE       at most 0.05 ETH',
        'PURPOSE   withdrawal/88213-551',
        'RULE      payout-large (1 ops + 1 treasury)',
        'EXPIRES   2026-12-07T18:15:00Z',
        '',
      ].join('\n'),
    )
    expect(displayDigest(shown())).toBe(
      '7ee6f156e37460246f702716ac8be0f6ca50d88cdce19d9cd47ed785b8ba6fa0',
    )
  })

  it('shows amounts with all decimals and nothing rounded', () => {
    const amount = (units: bigint): string => line(shown({ amount: units }), 'TRANSFER')
    expect(amount(1n)).toBe('TRANSFER  0.000001 USDT')
    expect(amount(999_999n)).toBe('TRANSFER  0.999999 USDT')
    expect(amount(1_000_000n)).toBe('TRANSFER  1.000000 USDT')
    expect(amount(10n ** 30n)).toBe(`TRANSFER  1${'0'.repeat(24)}.000000 USDT`)
    const whole = { ...rulebook.assets.get(payout.asset)!, decimals: 0 }
    const assets = new Map([...rulebook.assets, [payout.asset, whole]])
    expect(line(render(payout, { ...rulebook, assets }, large, cust), 'TRANSFER')).toBe(
      'TRANSFER  42000000000 USDT',
    )
  })

  it('shows the path of a derived address, and who is asked', () => {
    expect(line(shown({ path: 'm/0/17' }), 'FROM')).toBe('FROM      hot-eth m/0/17')
    expect(line(shown({}, parseHandle('payout-auto')), 'RULE')).toBe(
      'RULE      payout-auto (no approval)',
    )
    expect(line(shown({ maxFee: 1n }), 'FEE')).toBe('FEE       at most 0.000000000000000001 ETH')
  })

  it('differs for every difference that matters', () => {
    const changes: readonly Partial<Intent>[] = [
      {},
      { amount: payout.amount + 1n },
      { to: '0x1111111111111111111111111111111111111111' },
      { maxFee: payout.maxFee - 1n },
      { purpose: 'withdrawal/88213-552' },
      { notAfter: payout.notAfter + 1_000 },
      { path: 'm/1' },
    ]
    expect(new Set(changes.map((patch) => displayDigest(shown(patch)))).size).toBe(changes.length)
    const label = { ...cust, label: 'cust-88213/3' }
    expect(render(payout, rulebook, large, label)).not.toBe(shown())
  })

  it('is not made for what the policy does not know', () => {
    const wrong: readonly (() => string)[] = [
      () => shown({ asset: parseHandle('usdc-eth') }),
      () => shown({ network: 'eip155:424242' }),
      () => shown({}, parseHandle('nothing')),
    ]
    expect(refusedWith(() => shown())).toBe('accepted')
    for (const work of wrong) expect(refusedWith(work)).toBe('DISPLAY')
  })
})
