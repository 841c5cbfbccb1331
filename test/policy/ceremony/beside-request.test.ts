// What stands beside a payment on a station's screen: exact, and in the measure of each limit.
import { describe, expect, it } from 'vitest'
import type { Entry } from '../../../policy/audit/entry.ts'
import { type Beside, besideText, paidBefore } from '../../../policy/ceremony/beside-request.ts'
import type { Limit } from '../../../policy/rules/limit.ts'
import { parseHandle, parsePersonId, parseVaultId } from '../../../proto/ids.ts'
import { someDigest } from '../../kit/planned.ts'

const at = (clock: string): number => Date.parse(`2026-12-07T${clock}Z`)
const [usdt, warm, vault] = [parseHandle('usdt'), parseHandle('warm'), parseVaultId('cold')]
const own = { kind: 'route', from: new Set([vault]), to: new Set([warm]) } as const
const sum: Limit = {
  ...{ id: parseHandle('cold-day'), selector: own, windowMs: 86_400_000, byDestination: false },
  measure: { kind: 'sum', unit: 'USD', decimals: 6, factors: new Map([[usdt, 1n]]) },
  max: 5_000_000_000n,
}
const count: Limit = {
  ...{ ...sum, id: parseHandle('few'), max: 3n },
  measure: { kind: 'count' },
}
const elsewhere: Limit = {
  ...{ ...sum, id: parseHandle('hot-day') },
  selector: { ...own, from: new Set([parseVaultId('hot')]) },
}
const decided = (person: string, clock: string, decision: 'approve' | 'reject' = 'approve') => ({
  ...{ intent: someDigest('request'), person: parsePersonId(person), decision, seq: 1 },
  ...{ approval: someDigest(person), rule: parseHandle('release'), t: at(clock) },
})
const known = {
  intent: { to: '0xabc' },
  rulebook: { limits: [sum, elsewhere, count] },
  reservation: {
    ...{ vault, dest: warm, rule: parseHandle('release'), asset: usdt, to: '0xabc' },
    ...{ amount: 1_000_000_000n, slot: '7', t: at('08:30:59.9') },
    limits: [
      { id: sum.id, used: 1_500_000_001n },
      { id: elsewhere.id, used: 9n },
      { id: count.id, used: 2n },
    ],
  },
  attempt: { attempt: 1, replaces: '' },
  decisions: [decided('jun', '08:00:01'), decided('oli', '08:20:00')],
  earlier: 0,
} as unknown as Beside

describe('what is read beside a payment', () => {
  it('is its limits with what is left, nonce, recipient before, and approvals with their times', () => {
    expect(besideText(known)).toBe(
      [
        'LIMIT     cold-day: 1500.000001 of 5000 USD used before, 2499.999999 left',
        'LIMIT     few: 2 of 3 times used before, 0 left',
        'NONCE     7',
        'ATTEMPT   1',
        'BEFORE    first time to this address',
        'APPROVED  jun 2026-12-07T08:00:01Z',
        'APPROVED  oli 2026-12-07T08:20:00Z',
        'RESERVED  2026-12-07T08:30:59Z',
        '',
      ].join('\n'),
    )
  })

  it('says what it replaces, how often the address was paid, and nothing of a chain without nonces', () => {
    const reservation = { ...known.reservation, slot: '', limits: [] }
    const attempt = { attempt: 3, replaces: someDigest('before') }
    const decisions = [decided('jun', '08:00:01'), decided('oli', '08:20:00', 'reject')]
    expect(besideText({ ...known, reservation, attempt, decisions, earlier: 4 })).toBe(
      [
        `ATTEMPT   3, in the place of ${someDigest('before')}`,
        'BEFORE    4 to this address',
        'APPROVED  jun 2026-12-07T08:00:01Z',
        'RESERVED  2026-12-07T08:30:59Z',
        '',
      ].join('\n'),
    )
  })
})

describe('how often an address was paid', () => {
  const [to, network] = ['0xabc', 'eip155:1']
  const reserved = (intent: string, more: object = {}) => ({
    ...{ type: 'spend.reserved', body: { intent, to, network, ...more } },
  })
  const settled = (intent: string) => ({ type: 'tx.settled', body: { intent } })
  const count = (...lines: readonly object[]) => {
    return paidBefore(lines as readonly Entry[], { to, network })
  }

  it('counts what settled there, once each, and nothing that was only asked for', () => {
    expect(count(reserved('a'), settled('a'), reserved('b'), reserved('a'))).toBe(1)
    expect(count(reserved('a'), settled('a'), reserved('b'), settled('b'))).toBe(2)
    expect(count(reserved('a'))).toBe(0)
    expect(count(settled('a'))).toBe(0)
  })

  it('counts nothing of another address, or of the same letters on another network', () => {
    const elsewhere = reserved('a', { network: 'eip155:56' })
    expect(count(elsewhere, settled('a'))).toBe(0)
    expect(count(reserved('a', { to: '0xabd' }), settled('a'))).toBe(0)
  })
})
