// Legacy transactions against ethers and against one that a chain has published.
import { secp256k1 } from '@noble/curves/secp256k1.js'
import { Signature, Transaction } from 'ethers'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { chainOf } from '../../../policy/chain/chains.ts'
import { type EvmTransaction, encodeUnsigned, evmAddress } from '../../../policy/chain/evm.ts'
import { encodeLegacy, parseLegacy } from '../../../policy/chain/evm-legacy.ts'
import { decodeRlp, encodeInteger, encodeRlp, type Rlp } from '../../../policy/chain/rlp.ts'
import { concat, fromHex, toHex } from '../../../proto/crypto.ts'
import { limits } from '../../../proto/limits.ts'
import { attempt, isRefusal } from '../../../proto/refusal.ts'
import { refusedWith } from '../../kit/refused.ts'

const bsc = chainOf('eip155:56')
const legacy = { forms: ['legacy'] } as const
const sender = '0x4346a1b52efb53f7fe9b4405c0fb6570c365026b'
const published: EvmTransaction = {
  chainId: 56n,
  nonce: 953_671n,
  tip: 2_380_952_381n,
  price: 2_380_952_381n,
  gasLimit: 30_000n,
  to: sender,
  value: 0n,
  calldata: new Uint8Array(0),
}
const payment = { ...published, value: 5n }

function fixed(value: bigint): Uint8Array {
  const bytes = encodeInteger(value)
  return concat(new Uint8Array(32 - bytes.length), bytes)
}

const bits = (n: bigint) => fc.bigInt({ min: 0n, max: (1n << n) - 1n })
const transactions: fc.Arbitrary<EvmTransaction> = fc
  .record({
    nonce: bits(53n),
    price: bits(100n),
    gasLimit: fc.bigInt({ min: 21_000n, max: 2n ** 24n }),
    to: fc.uint8Array({ minLength: 20, maxLength: 20 }).map((bytes) => `0x${toHex(bytes)}`),
    value: bits(256n),
    calldata: fc.uint8Array({ maxLength: 80 }),
  })
  .map((rest) => ({ chainId: 56n, tip: rest.price, ...rest }))

function theirs({ chainId, nonce, price, gasLimit, to, value, calldata }: EvmTransaction) {
  const data = `0x${toHex(calldata)}`
  const fees = { type: 0, gasPrice: price, gasLimit }
  return Transaction.from({ chainId, nonce: Number(nonce), ...fees, to, value, data })
}

/** The nine fields, changed. */
const changed = (change: (fields: Rlp[]) => void): Uint8Array => {
  const fields = [...(decodeRlp(encodeLegacy(payment)) as Rlp[])]
  change(fields)
  return encodeRlp(fields)
}

describe('a legacy transaction', () => {
  it('has the sender and the hash that BNB Smart Chain published', () => {
    const r = 61681498896803370674607317915004930391465786704090732043922623811862155176575n
    const s = 18475722750948985067888414999209473741106734734975693507385016409826967064919n
    const bytes = encodeLegacy(published)
    const signature = { r: fixed(r), s: fixed(s), v: 0 } as const
    const { txid } = bsc.attach(bytes, signature)
    expect(txid).toBe('0x3bc81bfaae46bdb9103bbbb0e7147bfbfb18efc25ad47a71aad3f3b393a37089')
    const recoverable = concat(Uint8Array.of(0), signature.r, signature.s)
    const key = secp256k1.recoverPublicKey(recoverable, bsc.digest(bytes), { prehash: false })
    expect(evmAddress(key)).toBe(sender)
    expect(parseLegacy(bytes, 56n)).toEqual(published)
  })

  it('is the same bytes, digest and signed form as in ethers, for any fields', () => {
    const signature = { r: fixed(7n), s: fixed(9n), v: 1 } as const
    fc.assert(
      fc.property(transactions, (x) => {
        const bytes = encodeLegacy(x)
        const other = theirs(x)
        expect(`0x${toHex(bytes)}`).toBe(other.unsignedSerialized)
        expect(`0x${toHex(bsc.digest(bytes))}`).toBe(other.unsignedHash)
        expect(parseLegacy(bytes, 56n)).toEqual(x)
        other.signature = Signature.from({
          r: `0x${toHex(fixed(7n))}`,
          s: `0x${toHex(fixed(9n))}`,
          v: 28,
        })
        const { raw, txid } = bsc.attach(bytes, signature)
        expect([`0x${toHex(raw)}`, txid]).toEqual([other.serialized, other.hash])
      }),
      { numRuns: 100 },
    )
  })

  it('is refused, or is another transaction in its one form, when bytes are changed', () => {
    const changes = fc.array(fc.tuple(fc.nat(), fc.integer({ min: 0, max: 255 })), {
      minLength: 1,
      maxLength: 3,
    })
    fc.assert(
      fc.property(transactions, changes, (x, all) => {
        const bytes = encodeLegacy(x)
        for (const [at, byte] of all) bytes[at % bytes.length] = byte
        const parsed = attempt(() => parseLegacy(bytes, 56n))
        if (!isRefusal(parsed)) expect(toHex(encodeLegacy(parsed))).toBe(toHex(bytes))
      }),
      { numRuns: 500 },
    )
  })

  it('says its one price as price and as tip, so that a replacement raises it', () => {
    const { fee, op, amount } = bsc.decode(encodeLegacy(payment), legacy)
    const price = 2_380_952_381n
    expect({ fee, op, amount }).toEqual({
      fee: { max: 30_000n * price, price, tip: price },
      op: 'evm.transfer',
      amount: 5n,
    })
  })

  const cases: readonly (readonly [string, string, Uint8Array])[] = [
    ['without a chain id, for any chain', 'BYTES_SHAPE fields', changed((f) => f.splice(6))],
    ['of another chain', 'BYTES_SHAPE chain-id', encodeLegacy({ ...payment, chainId: 1n })],
    ['of chain 0', 'BYTES_SHAPE chain-id', encodeLegacy({ ...payment, chainId: 0n })],
    [
      'with something where r stands',
      'BYTES_SHAPE canonical',
      changed((f) => f.splice(7, 1, Uint8Array.of(1))),
    ],
    ['with a list where s stands', 'BYTES_SHAPE canonical', changed((f) => f.splice(8, 1, []))],
    ['with a tenth field', 'BYTES_SHAPE fields', changed((f) => f.push([]))],
    [
      'with a leading zero',
      'BYTES_SHAPE canonical',
      changed((f) => f.splice(1, 1, Uint8Array.of(0, 7))),
    ],
    [
      'that creates a contract',
      'BYTES_OP contract-creation',
      changed((f) => f.splice(3, 1, new Uint8Array(0))),
    ],
    ['with calldata as a list', 'BYTES_SHAPE calldata', changed((f) => f.splice(5, 1, []))],
    [
      'with an approve',
      'BYTES_OP approve',
      encodeLegacy({ ...payment, calldata: fromHex('095ea7b3') as Uint8Array }),
    ],
    [
      'with too little gas',
      'BYTES_SHAPE gas-limit',
      encodeLegacy({ ...payment, gasLimit: 20_999n }),
    ],
    ['of nothing', 'BYTES_SHAPE zero-amount', encodeLegacy(published)],
    [
      'with bytes after the end',
      'BYTES_SHAPE rlp',
      concat(encodeLegacy(payment), Uint8Array.of(0)),
    ],
    [
      'of too many bytes',
      'BYTES_SHAPE size',
      new Uint8Array(limits.transactionBytesMax + 1).fill(0xf8),
    ],
    ['of type 2 where only legacy is accepted', 'BYTES_SHAPE type-2', encodeUnsigned(payment)],
  ]
  it.each(cases)('%s is refused: %s', (_, expected, bytes) => {
    expect(refusedWith(() => bsc.decode(encodeLegacy(payment), legacy))).toBe('accepted')
    expect(refusedWith(() => bsc.decode(bytes, legacy))).toBe(expected)
  })

  it('is refused where nobody asked for it', () => {
    expect(refusedWith(() => bsc.decode(encodeLegacy(payment)))).toBe('BYTES_SHAPE legacy')
    const both = { forms: ['type-2', 'legacy'] } as const
    expect(refusedWith(() => bsc.decode(encodeUnsigned(payment), both))).toBe('accepted')
  })
})
