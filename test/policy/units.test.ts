import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { baseUnits, decimalOf, durationMs, percent, windowMs } from '../../policy/units.ts'
import type { Json } from '../../proto/jcs.ts'
import { refusedWith } from '../kit/refused.ts'

describe('amounts', () => {
  it.each([
    ['0', 6, 0n],
    ['1', 0, 1n],
    ['1000', 6, 1_000_000_000n],
    ['0.05', 18, 50_000_000_000_000_000n],
    ['0.000001', 6, 1n],
  ])('reads %s with %i decimals exactly', (written, decimals, units) => {
    expect(baseUnits(written, decimals, 'amount')).toBe(units)
  })

  it.each([
    ['a seventh digit of USDT', '1.0000001', 6],
    ['a fraction of what has none', '1.0', 0],
    ['a leading zero', '01', 6],
    ['a bare point', '1.', 6],
    ['a sign', '-1', 6],
    ['an exponent', '1e6', 6],
    ['more than 2^256-1', `${1n << 256n}`, 0],
    ['nothing', '', 6],
  ])('refuses %s', (_, written, decimals) => {
    expect(refusedWith(() => baseUnits(written, decimals, 'amount'))).toBe('INVALID_POLICY')
  })

  it('reads back what it writes', () => {
    const amounts = fc.bigInt({ min: 0n, max: (1n << 256n) - 1n })
    fc.assert(
      fc.property(amounts, fc.integer({ min: 0, max: 36 }), (amount, decimals) => {
        expect(baseUnits(decimalOf(amount, decimals), decimals, 'amount')).toBe(amount)
      }),
    )
  })
})

describe('durations', () => {
  it.each([
    ['0s', 0],
    ['10m', 600_000],
    ['48h', 172_800_000],
    ['7d', 604_800_000],
  ])('reads %s', (written, expected) => {
    expect(durationMs(written, 'ttl')).toBe(expected)
  })

  it.each<[Json]>([['10'], ['m'], ['010m'], ['1w'], ['1.5h'], ['-1h'], [10], ['9999999s']])(
    'refuses %j',
    (written) => {
      expect(refusedWith(() => durationMs(written, 'ttl'))).toBe('MALFORMED')
    },
  )

  it('reads a sliding window', () => {
    expect(windowMs('sliding 24h', 'window')).toBe(86_400_000)
  })

  it.each<[Json]>([['24h'], ['sliding 0h'], ['sliding  1h'], ['daily'], ['sliding 1w'], [1]])(
    'refuses the window %j',
    (written) => {
      expect(refusedWith(() => windowMs(written, 'window'))).toBe('MALFORMED')
    },
  )

  it('reads a percentage', () => {
    expect(percent('10%', 'bump')).toBe(10)
  })

  it.each<[Json]>([['0%'], ['101%'], ['10'], ['1.5%']])('refuses the percentage %j', (written) => {
    expect(refusedWith(() => percent(written, 'bump'))).toBe('MALFORMED')
  })
})
