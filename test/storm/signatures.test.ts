// The checks of `npm run storm -- signatures` see what they are for: each planted fault is named,
// and honest samples pass. And a few real signatures go the whole way.
import { describe, expect, it } from 'vitest'
import { integerOf } from '../kit/dealt.ts'
import { GROUP_ORDER } from '../kit/slow-curve.ts'
import { type Sample, SignatureChecks } from './signature-checks.ts'
import { Signatory } from './signature-worker.ts'
import { chiSquareTail, normalTail } from './statistics.ts'

/** Out of a hash, as honest as it gets. */
const honest = Array.from({ length: 4_000 }, (_, i): Sample => {
  const [r, nonce, part, s] = ['r', 'k', 'part', 's'].map((name) => integerOf(name, i))
  return {
    r: r!.toString(16).padStart(64, '0'),
    s: s! >> 1n,
    recovery: Number(nonce! & 1n),
    nonce: nonce!,
    nonceParts: [part!],
  }
})

function checked(change: (sample: Sample, i: number) => Partial<Sample> = () => ({})) {
  const checks = new SignatureChecks()
  honest.forEach((sample, i) => {
    checks.add({ ...sample, ...change(sample, i) })
  })
  return checks
}

describe('the checks over many signatures', () => {
  it('pass honest ones', () => {
    const checks = checked()
    expect(checks.broken()).toEqual([])
    expect(checks.repeated).toBe(0)
    for (const { p } of checks.statistics()) expect(p).toBeGreaterThan(0.001)
  })

  it.each<[string, Parameters<typeof checked>[0], string]>([
    [
      'one r that comes again',
      (_, i) => (i === 9 ? { r: 'ab'.repeat(32) } : i === 10 ? { r: 'ab'.repeat(32) } : {}),
      '1 signatures repeat an r',
    ],
    [
      'a nonce without its top bit, half the time',
      ({ nonce }, i) => (i % 2 === 0 ? { nonce: nonce >> 1n } : {}),
      'bias of the nonce times 2^0',
    ],
    [
      'a nonce that lacks eight bits',
      ({ nonce }) => ({ nonce: nonce >> 8n }),
      'nonce, top 16 bits',
    ],
    [
      'a nonce whose low byte is even',
      ({ nonce }) => ({ nonce: nonce & ~1n }),
      'nonce, low 8 bits',
    ],
    [
      'a nonce that repeats its middle',
      ({ nonce }) => ({ nonce: nonce & ~(0xffn << 120n) }),
      'bias of the nonce times 2^128',
    ],
    [
      'one signer with small nonces',
      ({ nonceParts }) => ({ nonceParts: nonceParts.map((k) => k >> 16n) }),
      'nonce parts',
    ],
    [
      'an s that is mostly small',
      ({ s }, i) => (i % 3 === 0 ? {} : { s: s >> 4n }),
      's, top 16 bits',
    ],
    ['an r below a bound', ({ r }) => ({ r: r.replace(/^./, '1') }), 'r, top 16 bits'],
    [
      'a recovery id that is mostly 1',
      (_, i) => ({ recovery: Number(i % 10 > 3) }),
      'recovery id 0 or 1',
    ],
    [
      'a recovery id above 1',
      (_, i) => ({ recovery: i === 5 ? 2 : i & 1 }),
      'an x above the order',
    ],
  ])('see %s', (_, change, what) => {
    expect(checked(change).broken().join('\n')).toContain(what)
  })
})

describe('tails', () => {
  // Abramowitz and Stegun, tables 26.1 and 26.8.
  it.each([
    [0, 0.5],
    [1, 0.158655],
    [2, 0.02275],
    [3, 0.00135],
    [3.09, 0.001],
    [5, 2.8665e-7],
  ])('beyond %f are those of the normal table', (z, p) => {
    expect(normalTail(z) / p).toBeCloseTo(1, 2)
    expect(normalTail(-z)).toBeCloseTo(1 - p, 5)
  })

  it.each([
    [255, 293.2478, 0.05],
    [255, 330.5197, 0.001],
    [100, 124.342, 0.05],
  ])('of chi-square with %i degrees of freedom are those of its table', (freedom, value, p) => {
    expect(chiSquareTail(value, freedom) / p).toBeCloseTo(1, 1)
  })
})

describe('a real signature of the storm', () => {
  it('is made in three rounds, verified twice, and known by its nonce', () => {
    const signatory = new Signatory('test', 1)
    const outcomes = [signatory.signOnce(), signatory.signOnce()]
    for (const outcome of outcomes) {
      if ('wrong' in outcome) throw new Error(outcome.wrong)
      expect(outcome.nonceParts).toHaveLength(2)
      expect(outcome.nonceParts.reduce((a, b) => a + b) % GROUP_ORDER).toBe(outcome.nonce)
      expect([0, 1]).toContain(outcome.recovery)
    }
    expect(new Set(outcomes.map((one) => ('r' in one ? one.r : ''))).size).toBe(2)
  })
})
