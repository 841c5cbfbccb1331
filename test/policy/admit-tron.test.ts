import { describe, expect, it } from 'vitest'
import { trc20Call } from '../../policy/chain/tron.ts'
import { tronAddress, tronBytes, tronText } from '../../policy/chain/tron-address.ts'
import { encodeRaw, type TronTransaction } from '../../policy/chain/tron-raw.ts'
import type { Destination } from '../../policy/destination.ts'
import { requireLifetime } from '../../policy/lifetime.ts'
import { parseRulebook } from '../../policy/rulebook.ts'
import { parseHandle, parseVaultId } from '../../proto/ids.ts'
import { text } from '../../proto/jcs.ts'
import { refusedWith } from '../kit/refused.ts'
import { patched, scene, startedAt, toRecord } from '../kit/scene.ts'
import { type Change, judged, other } from '../kit/scene-changes.ts'
import { customerRecord, supported, vaults } from '../kit/scene-world.ts'
import { base } from '../kit/tron-transfers.ts'

const network = 'tron:0x2b6653dc'
const usdt = 'TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6t'
const customer = tronText(new Uint8Array(20).fill(7))
const stranger = tronText(new Uint8Array(20).fill(8))
const vault = parseVaultId('hot-tron')
const { publicKey } = vaults.find((row) => row.vault === vault)!
const owner = tronBytes(tronAddress(publicKey))
const record: Destination = { ...customerRecord, network, address: customer }
const intent = toRecord(record, {
  vault,
  network,
  op: 'trc20.transfer',
  asset: parseHandle('usdt-tron'),
  contract: usdt,
  maxFee: 100_000_000n,
})
const minute = 60_000

const built = (change: Partial<TronTransaction> = {}): TronTransaction => ({
  ...base,
  timestamp: BigInt(startedAt),
  expiration: BigInt(startedAt + 10 * minute),
  feeLimit: 30_000_000n,
  contract: {
    kind: 'trigger',
    owner,
    contract: tronBytes(usdt),
    calldata: trc20Call(customer, intent.amount),
  },
  ...change,
})

const payment = (change: Partial<TronTransaction> = {}, more: Change = {}): Change => ({
  intent,
  record,
  raw: encodeRaw(built(change)),
  ...more,
})
const call = (change: object): Partial<TronTransaction> => {
  const { contract } = built()
  return { contract: { ...contract, ...change } as TronTransaction['contract'] }
}
const endsAt = (ms: number) => ({ expiration: BigInt(startedAt + ms) })

describe('a Tron payment', () => {
  it('is admitted, with its end of life', () => {
    expect(judged(payment())).toBe('admitted')
  })

  it('moves the value of the vault and of nobody else', () => {
    const theirs = call({ owner: tronBytes(stranger) })
    expect(judged(payment(theirs))).toBe('N14 BYTES_FROM')
  })

  it('pays whom, what and how much the intent says', () => {
    const to = trc20Call(stranger, intent.amount)
    expect(judged(payment(call({ calldata: to })))).toBe('N15 BYTES_TO')
    expect(judged(payment(call({ contract: tronBytes(stranger) })))).toBe('N15 BYTES_TO')
    const more = trc20Call(customer, intent.amount + 1n)
    expect(judged(payment(call({ calldata: more })))).toBe('N15 BYTES_AMOUNT')
    const coin = { kind: 'transfer', owner, to: tronBytes(customer), amount: 1n } as const
    expect(judged(payment({ contract: coin, feeLimit: 0n }))).toBe('N15 BYTES_OP')
  })

  it('costs at most what the intent allows, burned bandwidth with it', () => {
    // 345 bytes at 1,000 sun, beside the energy.
    expect(judged(payment({ feeLimit: 99_655_000n }))).toBe('admitted')
    expect(judged(payment({ feeLimit: 99_655_001n }))).toBe('N15 FEE')
  })

  it('is counted and bounded by the prices of the policy', () => {
    const prices = { activation: '1.1', bandwidth: 2_000, energy: 100, feeLimit: '40' }
    const priced = (feeLimit: bigint, change: object = {}) =>
      judged(
        payment(
          { feeLimit },
          {
            policy: patched(supported, {
              networks: { tron: { prices: { ...prices, ...change } } },
            }),
          },
        ),
      )
    expect(judged(payment({ feeLimit: 40_000_001n }))).toBe('admitted')
    expect(priced(40_000_000n)).toBe('admitted')
    expect(priced(40_000_001n)).toBe('N12 FEE')
    // 345 bytes at 2,000 sun, beside the energy.
    expect(priced(99_310_000n, { feeLimit: '100' })).toBe('admitted')
    expect(priced(99_310_001n, { feeLimit: '100' })).toBe('N15 FEE')
  })

  it('lives as long as the policy allows and longer than the margin of release', () => {
    expect(judged(payment(endsAt(10 * minute + 1_000)))).toBe('N16 LIFETIME')
    expect(judged(payment(endsAt(61_000)))).toBe('admitted')
    expect(judged(payment(endsAt(60_000)))).toBe('N16 LIFETIME')
    expect(judged(payment(endsAt(-1_000)))).toBe('N16 LIFETIME')
  })

  it('lives longer from a cold vault, by its own bound', () => {
    const rulebook = parseRulebook(text(supported))
    const lives = (name: string, ms: number): string =>
      refusedWith(() => {
        const until = ms === 0 ? 0 : startedAt + ms
        requireLifetime({ vault: parseVaultId(name), t: startedAt, until }, rulebook)
      })
    expect(lives('hot-tron', 10 * minute)).toBe('accepted')
    expect(lives('hot-tron', 24 * 60 * minute)).toBe('LIFETIME')
    expect(lives('cold-tron', 24 * 60 * minute)).toBe('accepted')
    expect(lives('cold-tron', 24 * 60 * minute + 1)).toBe('LIFETIME')
    expect(lives('hot-tron', 0)).toBe('LIFETIME')
    expect(lives('hot-eth', 10 * minute)).toBe('LIFETIME')
    expect(lives('hot-eth', 0)).toBe('accepted')
  })

  it('is refused when its line says another end of life or another fee', () => {
    expect(judged(payment({}, { attempt: { until: 0 } }))).toBe('N16 LIFETIME')
    const later = { until: startedAt + 9 * minute }
    expect(judged(payment({}, { attempt: later }))).toBe('N16 LIFETIME')
    const fee = { max: 1n, price: 0n, tip: 0n }
    expect(judged(payment({}, { attempt: { fee } }))).toBe('N16 FEE')
  })

  it('is signed again as the same bytes, and never as others, whatever they pay', () => {
    const again = (bytes: 'same' | 'other'): Change => ({
      attempt: { attempt: 2 },
      before: (row) => [bytes === 'same' ? row : { ...row, warrant: other, bytes: other }],
    })
    expect(judged(payment({}, again('same')))).toBe('admitted')
    expect(judged(payment({}, again('other')))).toBe('N16 ONE_EFFECT')
    const replacing = { ...again('other'), warrant: { replaces: other } }
    expect(judged(payment({}, replacing))).toBe('N16 ONE_EFFECT')
    expect(judged(payment({ feeLimit: 60_000_000n }, replacing))).toBe('N16 ONE_EFFECT')
  })

  it('has an effect that the log can repeat', () => {
    const { attempts } = scene(payment()).own.view
    expect(attempts[0]).toMatchObject({ slot: '', until: startedAt + 10 * minute })
  })
})
