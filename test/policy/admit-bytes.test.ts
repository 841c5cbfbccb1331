import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { admit } from '../../policy/admit.ts'
import { type EvmTransaction, transferCall } from '../../policy/chain/evm.ts'
import { encodeLegacy } from '../../policy/chain/evm-legacy.ts'
import { concat } from '../../proto/crypto.ts'
import { isRefusal } from '../../proto/refusal.ts'
import { customer, payout, token } from '../kit/examples.ts'
import { patched, scene } from '../kit/scene.ts'
import {
  bumped,
  judged,
  other,
  type Row,
  reserved,
  second,
  stranger,
} from '../kit/scene-changes.ts'
import { supported } from '../kit/scene-world.ts'

const approve = concat(
  Uint8Array.of(0x09, 0x5e, 0xa7, 0xb3),
  transferCall(customer, 42_000_000_000n).slice(4),
)
const calldata = transferCall(customer, 42_000_000_000n)

const bytes: readonly Row[] = [
  [
    'AUTH-01 an approve instead of the transfer',
    'N12 BYTES_OP',
    { transaction: { calldata: approve } },
  ],
  ['AUTH-03 value beside the call', 'N12 BYTES_SHAPE', { transaction: { value: 1n } }],
  [
    'AUTH-03 trailing calldata',
    'N12 BYTES_SHAPE',
    { transaction: { calldata: concat(calldata, Uint8Array.of(0)) } },
  ],
  ['AUTH-08 another chain', 'N12 BYTES_SHAPE', { transaction: { chainId: 56n } }],
  ['other bytes than the line names', 'N13 BYTES_DIGEST', { attempt: { bytes: other } }],
  [
    'another digest than the bytes have',
    'N13 BYTES_DIGEST',
    { attempt: { digest: new Uint8Array(32) } },
  ],
  ['a reservation for another path', 'N14 BYTES_FROM', reserved({ path: 'm/1' })],
  [
    'AUTH-01 a native transfer instead of the token',
    'N15 BYTES_OP',
    { transaction: { to: customer, value: 42_000_000_000n, calldata: new Uint8Array(0) } },
  ],
  ['AUTH-07 the same call of another contract', 'N15 BYTES_TO', { transaction: { to: stranger } }],
  [
    'another recipient',
    'N15 BYTES_TO',
    { transaction: { calldata: transferCall(stranger, 42_000_000_000n) } },
  ],
  [
    'AUTH-06 one base unit more',
    'N15 BYTES_AMOUNT',
    { transaction: { calldata: transferCall(customer, 42_000_000_001n) } },
  ],
  [
    'AUTH-06 one base unit less',
    'N15 BYTES_AMOUNT',
    { transaction: { calldata: transferCall(customer, 41_999_999_999n) } },
  ],
  ['AUTH-06 a fee above the intent', 'N15 FEE', { transaction: { gasLimit: 2_500_001n } }],
  ['an intent above the network', 'N15 FEE', { intent: { ...payout, maxFee: payout.maxFee + 1n } }],
  ['AUTH-10 another nonce', 'N16 NONCE', { transaction: { nonce: 8n } }],
  [
    'another nonce than its line',
    'N16 NONCE',
    { transaction: { nonce: 8n }, attempt: { slot: '7' } },
  ],
  ['AUTH-10 another nonce than reserved', 'N16 NONCE', reserved({ slot: '6' })],
  [
    'a fee that its line does not name',
    'N16 FEE',
    { attempt: { fee: { max: 1n, price: 1n, tip: 1n } } },
  ],
  ['a first attempt that replaces', 'N16 ONE_EFFECT', { warrant: { replaces: other } }],
  [
    'AUTH-18 other bytes that replace nothing',
    'N16 ONE_EFFECT',
    second(bumped, { warrant: { replaces: '' } }),
  ],
  [
    'AUTH-18 a price that is not ten percent higher',
    'N16 ONE_EFFECT',
    second({ ...bumped, price: bumped.price - 1n }),
  ],
  [
    'AUTH-18 a tip that is not ten percent higher',
    'N16 ONE_EFFECT',
    second({ ...bumped, tip: bumped.tip - 1n }),
  ],
  [
    'a retry of the same bytes that replaces',
    'N16 ONE_EFFECT',
    {
      warrant: { replaces: other },
      attempt: { attempt: 2 },
      before: (row) => [{ ...row, replaces: '' }],
    },
  ],
]

describe('admit refuses bytes with', () => {
  it.each(bytes)('%s: %s', (_what, expected, change) => {
    expect(judged(change)).toBe(expected)
  })
})

describe('admit', () => {
  it('signs nothing but the intent, however the transaction is changed', () => {
    const bits = (n: bigint) => fc.bigInt({ min: 0n, max: (1n << n) - 1n })
    const field = fc.oneof(
      fc.record({ nonce: bits(4n) }),
      fc.record({ tip: bits(36n) }),
      fc.record({ price: bits(40n) }),
      fc.record({ gasLimit: bits(24n) }),
      fc.record({ to: fc.constantFrom(token, customer, stranger) }),
      fc.record({ value: bits(2n) }),
      fc.record({ calldata: fc.constantFrom(calldata, approve, calldata.with(67, 1)) }),
    )
    let admitted = 0
    fc.assert(
      fc.property(field, field, (a, b) => {
        const result = admit(scene({ transaction: { ...a, ...b } as Partial<EvmTransaction> }))
        if (isRefusal(result)) return
        admitted += 1
        const { effect } = result
        expect(effect).toMatchObject({ to: customer, amount: payout.amount, contract: token })
        expect(effect.slot).toBe('7')
        expect(effect.fee.max <= payout.maxFee).toBe(true)
      }),
      { numRuns: 60, examples: [[{ tip: 5n }, { price: 30_000_000_000n }]] },
    )
    expect(admitted).toBeGreaterThan(0)
  })
})

describe('the older form of a transaction', () => {
  const price = 22_000_000_000n
  const older = { encode: encodeLegacy, transaction: { price, tip: price } }
  const asks = (...transactions: string[]) => ({
    policy: patched(supported, { networks: { eth: { transactions } } }),
  })

  it('is signed where the policy of the network asks for it, and nowhere else', () => {
    expect(judged(older)).toBe('N12 BYTES_SHAPE')
    expect(judged({ ...older, ...asks('legacy') })).toBe('admitted')
    expect(judged({ ...older, ...asks('type-2', 'legacy') })).toBe('admitted')
    expect(judged(asks('legacy'))).toBe('N12 BYTES_SHAPE')
    expect(judged(asks('type-2'))).toBe('admitted')
  })

  it('is bumped by its one price, and judged like any other', () => {
    const both = { ...asks('legacy'), encode: encodeLegacy }
    expect(judged(second({ price, tip: price }, both))).toBe('admitted')
    const short = price - 1n
    expect(judged(second({ price: short, tip: short }, both))).toBe('N16 ONE_EFFECT')
    const wrong = { ...older.transaction, calldata: transferCall(stranger, 42_000_000_000n) }
    expect(judged({ ...both, transaction: wrong })).toBe('N15 BYTES_TO')
  })
})
