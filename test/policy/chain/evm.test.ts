import { secp256k1 } from '@noble/curves/secp256k1.js'
import { computeAddress, Interface, Signature, Transaction } from 'ethers'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Signature as Signed } from '../../../policy/chain/chain.ts'
import { chainOf } from '../../../policy/chain/chains.ts'
import {
  type EvmTransaction,
  encodeUnsigned,
  evmAddress,
  parseUnsigned,
  transferCall,
} from '../../../policy/chain/evm.ts'
import { encodeInteger, encodeRlp, type Rlp } from '../../../policy/chain/rlp.ts'
import { concat, fromHex, sha256, toHex, toUtf8 } from '../../../proto/crypto.ts'
import { limits } from '../../../proto/limits.ts'
import { attempt, isRefusal } from '../../../proto/refusal.ts'
import { refusedWith } from '../../kit/refused.ts'

const mainnet = chainOf('eip155:1')
const token = '0xdac17f958d2ee523a2206206994597c13d831ec7'
const customer = '0x7a16ff8270133f063aab6c9977183d9e72835428'
const payment: EvmTransaction = {
  chainId: 1n,
  nonce: 7n,
  tip: 1_500_000_000n,
  price: 30_000_000_000n,
  gasLimit: 90_000n,
  to: token,
  value: 0n,
  calldata: transferCall(customer, 42_000_000_000n),
}
const coin: EvmTransaction = { ...payment, to: customer, value: 5n, calldata: new Uint8Array(0) }

const hex = (text: string): Uint8Array => fromHex(text.replace('0x', ''))!
const withData = (calldata: Uint8Array, value = 0n) =>
  encodeUnsigned({ ...payment, calldata, value })
const decodes = (bytes: Uint8Array): string => refusedWith(() => mainnet.decode(bytes))

/** Any nine (or other) fields as a type-2 transaction, however wrong. */
const raw = (change: (fields: Rlp[]) => void): Uint8Array => {
  const { chainId, nonce, tip, price, gasLimit } = payment
  const fields: Rlp[] = [
    ...[chainId, nonce, tip, price, gasLimit].map(encodeInteger),
    hex(token),
    encodeInteger(0n),
    payment.calldata,
    [],
  ]
  change(fields)
  return concat(Uint8Array.of(2), encodeRlp(fields))
}

const bits = (n: bigint) => fc.bigInt({ min: 0n, max: (1n << n) - 1n })
const address = fc.uint8Array({ minLength: 20, maxLength: 20 }).map((bytes) => `0x${toHex(bytes)}`)
const nobody = `0x${'00'.repeat(20)}`
const somebody = address.filter((text) => text !== nobody)
const transactions: fc.Arbitrary<EvmTransaction> = fc
  .record({
    chainId: fc.bigInt({ min: 1n, max: 2n ** 53n - 1n }).filter((id) => id !== 10n && id !== 8453n),
    nonce: bits(53n),
    fees: fc.tuple(bits(100n), bits(100n)),
    gasLimit: fc.bigInt({ min: 21_000n, max: 2n ** 24n }),
    to: somebody,
    recipient: somebody,
    amount: fc.bigInt({ min: 1n, max: (1n << 256n) - 1n }),
    native: fc.boolean(),
  })
  .map(({ fees: [tip, more], recipient, amount, native, ...rest }) => ({
    ...rest,
    tip,
    price: tip + more,
    value: native ? amount : 0n,
    calldata: native ? new Uint8Array(0) : transferCall(recipient, amount),
  }))

function ethersOf(x: EvmTransaction): Transaction {
  return Transaction.from({
    type: 2,
    chainId: x.chainId,
    nonce: Number(x.nonce),
    maxPriorityFeePerGas: x.tip,
    maxFeePerGas: x.price,
    gasLimit: x.gasLimit,
    to: x.to,
    value: x.value,
    data: `0x${toHex(x.calldata)}`,
  })
}

describe('an EVM transfer', () => {
  it('decodes to the effect of a token transfer', () => {
    const bytes = encodeUnsigned(payment)
    const effect = mainnet.decode(bytes)
    expect({ ...effect, digest: toHex(effect.digest) }).toEqual({
      network: 'eip155:1',
      op: 'erc20.transfer',
      contract: token,
      to: customer,
      amount: 42_000_000_000n,
      from: '',
      until: undefined,
      slot: '7',
      fee: { max: 2_700_000_000_000_000n, price: 30_000_000_000n, tip: 1_500_000_000n },
      digest: ethersOf(payment).unsignedHash.slice(2),
      bytes,
    })
  })

  it('decodes to the effect of a native transfer', () => {
    const effect = mainnet.decode(encodeUnsigned(coin))
    expect(effect).toMatchObject({ op: 'evm.transfer', contract: '', to: customer, amount: 5n })
  })

  it('is the same bytes, digest and meaning as in ethers, for any fields', () => {
    fc.assert(
      fc.property(transactions, (x) => {
        const bytes = encodeUnsigned(x)
        const theirs = ethersOf(x)
        const chain = chainOf(`eip155:${x.chainId}`)
        expect(`0x${toHex(bytes)}`).toBe(theirs.unsignedSerialized)
        expect(`0x${toHex(chain.digest(bytes))}`).toBe(theirs.unsignedHash)
        expect(parseUnsigned(bytes, x.chainId)).toEqual(x)
        const effect = chain.decode(bytes)
        expect(effect.digest).toEqual(chain.digest(bytes))
        if (effect.op === 'evm.transfer') {
          expect([effect.to, effect.amount]).toEqual([x.to, x.value])
        } else {
          const [to, amount] = erc20.decodeFunctionData('transfer', theirs.data)
          expect([effect.contract, effect.to]).toEqual([x.to, String(to).toLowerCase()])
          expect(effect.amount).toBe(amount)
        }
      }),
      { numRuns: 150 },
    )
  })

  it('is refused, or is another transaction in its one form, when bytes are changed', () => {
    const change = fc.record({
      at: fc.nat(),
      byte: fc.integer({ min: 0, max: 255 }),
      how: fc.constantFrom('set', 'insert', 'delete'),
    })
    fc.assert(
      fc.property(transactions, fc.array(change, { minLength: 1, maxLength: 3 }), (x, changes) => {
        const list = [...encodeUnsigned(x)]
        for (const { at, byte, how } of changes) {
          const where = at % list.length
          list.splice(where, how === 'insert' ? 0 : 1, ...(how === 'delete' ? [] : [byte]))
        }
        const bytes = Uint8Array.from(list)
        const parsed = attempt(() => parseUnsigned(bytes, x.chainId))
        if (isRefusal(parsed)) return
        expect(toHex(encodeUnsigned(parsed))).toBe(toHex(bytes))
        if (parsed.nonce < 2n ** 53n) {
          expect(ethersOf(parsed).unsignedSerialized).toBe(`0x${toHex(bytes)}`)
        }
      }),
      { numRuns: 500 },
    )
  })

  it('carries a signature that ethers reads back to the same sender and hash', () => {
    const secret = sha256(toUtf8('test-seed/evm'))
    fc.assert(
      fc.property(transactions, (x) => {
        const chain = chainOf(`eip155:${x.chainId}`)
        const bytes = encodeUnsigned(x)
        const signed = chain.attach(bytes, signWith(secret, chain.digest(bytes)))
        const theirs = Transaction.from(`0x${toHex(signed.raw)}`)
        expect(theirs.hash).toBe(signed.txid)
        expect(theirs.unsignedSerialized).toBe(`0x${toHex(bytes)}`)
        const sender = evmAddress(secp256k1.getPublicKey(secret))
        expect(theirs.from?.toLowerCase()).toBe(sender)
      }),
      { numRuns: 30 },
    )
  })

  it('writes r and s without leading zeros, as integers', () => {
    const r = Uint8Array.from([...new Uint8Array(2), ...new Uint8Array(30).fill(7)])
    const s = Uint8Array.from([0, ...new Uint8Array(31).fill(9)])
    const { raw: written } = mainnet.attach(encodeUnsigned(coin), { r, s, v: 1 })
    const theirs = ethersOf(coin)
    theirs.signature = Signature.from({ r: `0x${toHex(r)}`, s: `0x${toHex(s)}`, v: 28 })
    expect(`0x${toHex(written)}`).toBe(theirs.serialized)
  })

  it('comes from the address that ethers computes for the key', () => {
    for (const name of ['a', 'b', 'c', 'd']) {
      const secret = sha256(toUtf8(`test-seed/${name}`))
      const key = secp256k1.getPublicKey(secret)
      expect(mainnet.address(key)).toBe(computeAddress(`0x${toHex(key)}`).toLowerCase())
    }
    expect(refusedWith(() => mainnet.address(new Uint8Array(33)))).toBe('MALFORMED')
    expect(refusedWith(() => mainnet.address(new Uint8Array(65)))).toBe('MALFORMED')
  })
})

const erc20 = new Interface([
  'function transfer(address,uint256)',
  'function approve(address,uint256)',
  'function increaseAllowance(address,uint256)',
  'function transferFrom(address,address,uint256)',
  'function permit(address,address,uint256,uint256,uint8,bytes32,bytes32)',
  'function multicall(bytes[])',
  'function upgradeToAndCall(address,bytes)',
  'function setApprovalForAll(address,bool)',
  'function execute(address,uint256,bytes)',
  'function transferWithAuthorization(address,address,uint256,uint256,uint256,bytes32,uint8,bytes32,bytes32)',
  'function execTransaction(address,uint256,bytes,uint8,uint256,uint256,uint256,address,address,bytes)',
])
const call = (name: string, ...args: readonly unknown[]) =>
  hex(erc20.encodeFunctionData(name, args))
const zeros = `0x${'00'.repeat(32)}`
const starved = (gasLimit: bigint): Uint8Array => encodeUnsigned({ ...coin, gasLimit })

describe('bytes that are no plain transfer are refused by name', () => {
  const cases: readonly (readonly [string, string, Uint8Array])[] = [
    ['AUTH-29 approve', 'BYTES_OP approve', withData(call('approve', customer, 1n))],
    [
      'increaseAllowance',
      'BYTES_OP increase-allowance',
      withData(call('increaseAllowance', customer, 1n)),
    ],
    [
      'transferFrom',
      'BYTES_OP transfer-from',
      withData(call('transferFrom', customer, customer, 1n)),
    ],
    [
      'AUTH-29 permit',
      'BYTES_OP permit',
      withData(call('permit', customer, customer, 1n, 1n, 27, zeros, zeros)),
    ],
    ['a multicall', 'BYTES_OP multicall', withData(call('multicall', ['0x00']))],
    [
      'AUTH-01 an upgrade',
      'BYTES_OP upgrade-to-and-call',
      withData(call('upgradeToAndCall', customer, '0x')),
    ],
    [
      'setApprovalForAll',
      'BYTES_OP set-approval-for-all',
      withData(call('setApprovalForAll', customer, true)),
    ],
    [
      'AUTH-01 a Safe that would execute',
      'BYTES_OP exec-transaction',
      withData(
        call('execTransaction', customer, 1n, '0x', 0, 0n, 0n, 0n, customer, customer, '0x'),
      ),
    ],
    [
      'AUTH-01 a proxy that would execute',
      'BYTES_OP execute',
      withData(call('execute', customer, 1n, '0x')),
    ],
    [
      'AUTH-29 an authorised transfer',
      'BYTES_OP transfer-with-authorization',
      withData(
        call('transferWithAuthorization', customer, customer, 1n, 0n, 1n, zeros, 27, zeros, zeros),
      ),
    ],
    ['AUTH-01 an unknown call', 'BYTES_OP unknown-call', withData(hex('deadbeef'))],
    ['a call of three bytes', 'BYTES_OP unknown-call', withData(hex('a9059c'))],
    ['contract creation', 'BYTES_OP contract-creation', raw((f) => f.splice(5, 1, hex('')))],
    [
      'AUTH-03 trailing calldata',
      'BYTES_SHAPE calldata',
      withData(concat(payment.calldata, hex('00'))),
    ],
    ['calldata cut short', 'BYTES_SHAPE calldata', withData(payment.calldata.slice(0, 67))],
    ['calldata as a list', 'BYTES_SHAPE calldata', raw((f) => f.splice(7, 1, []))],
    [
      'AUTH-07 a dirty address word',
      'BYTES_SHAPE dirty-address',
      withData(payment.calldata.with(15, 1)),
    ],
    [
      'AUTH-03 value beside a call',
      'BYTES_SHAPE value-beside-call',
      withData(payment.calldata, 1n),
    ],
    [
      'a token transfer of nothing',
      'BYTES_SHAPE zero-amount',
      withData(transferCall(customer, 0n)),
    ],
    ['a coin transfer of nothing', 'BYTES_SHAPE zero-amount', withData(new Uint8Array(0))],
    [
      'AUTH-03 an access list',
      'BYTES_SHAPE access-list',
      raw((f) => f.splice(8, 1, [[hex(token), [new Uint8Array(32)]]])),
    ],
    ['an access list of bytes', 'BYTES_SHAPE access-list', raw((f) => f.splice(8, 1, hex('')))],
    ['a recipient of 19 bytes', 'BYTES_SHAPE to', raw((f) => f.splice(5, 1, hex(token).slice(1)))],
    ['a recipient that is a list', 'BYTES_SHAPE to', raw((f) => f.splice(5, 1, []))],
    ['eight fields', 'BYTES_SHAPE fields', raw((f) => f.pop())],
    [
      'twelve fields, as if signed',
      'BYTES_SHAPE fields',
      raw((f) => f.push(hex('01'), hex('01'), hex('01'))),
    ],
    ['no list at all', 'BYTES_SHAPE fields', hex('0280')],
    ['a leading zero in a field', 'BYTES_SHAPE canonical', raw((f) => f.splice(1, 1, hex('0007')))],
    ['zero written as a byte', 'BYTES_SHAPE canonical', raw((f) => f.splice(1, 1, hex('00')))],
    ['bytes after the end', 'BYTES_SHAPE rlp', concat(encodeUnsigned(payment), hex('00'))],
    [
      'AUTH-08 another chain id',
      'BYTES_SHAPE chain-id',
      encodeUnsigned({ ...payment, chainId: 56n }),
    ],
    ['less gas than any takes', 'BYTES_SHAPE gas-limit', starved(20_999n)],
    ['more gas than any takes', 'BYTES_SHAPE gas-limit', starved(2n ** 24n + 1n)],
    ['all the gas that one takes', 'accepted', starved(2n ** 24n)],
    ['a token paid to nobody', 'BYTES_TO', withData(transferCall(nobody, 1n))],
    ['a coin paid to nobody', 'BYTES_TO', encodeUnsigned({ ...coin, to: nobody })],
    [
      'a tip above the maximum',
      'BYTES_SHAPE tip',
      encodeUnsigned({ ...payment, tip: payment.price + 1n }),
    ],
    ['an access-list transaction', 'BYTES_SHAPE access-list-type', hex('01c0')],
    ['a blob transaction', 'BYTES_SHAPE blob', hex('03c0')],
    ['AUTH-29 a set-code transaction', 'BYTES_OP eip-7702', hex('04c0')],
    ['AUTH-29 typed data', 'BYTES_OP message', concat(hex('1901'), new Uint8Array(64))],
    [
      'AUTH-29 a personal message',
      'BYTES_OP message',
      concat(hex('19'), toUtf8('Ethereum Signed Message:\n5hello')),
    ],
    ['AUTH-29 a raw message of 32 bytes', 'BYTES_SHAPE type', sha256(toUtf8('a digest'))],
    ['a legacy transaction', 'BYTES_SHAPE legacy', encodeUnsigned(payment).slice(1)],
    ['an unknown type', 'BYTES_SHAPE type', hex('05c0')],
    ['no bytes', 'BYTES_SHAPE type', hex('')],
    [
      'more bytes than a transfer can have',
      'BYTES_SHAPE size',
      new Uint8Array(limits.transactionBytesMax + 1).fill(2),
    ],
  ]

  it.each(cases)('%s: %s', (_, expected, bytes) => {
    expect(decodes(encodeUnsigned(payment))).toBe('accepted')
    expect(decodes(starved(21_000n))).toBe('accepted')
    expect(decodes(bytes)).toBe(expected)
  })

  it('attaches no signature to them either', () => {
    const wrongChain = encodeUnsigned({ ...payment, chainId: 56n })
    const signature = { r: new Uint8Array(32), s: new Uint8Array(32), v: 0 } as const
    expect(refusedWith(() => mainnet.attach(wrongChain, signature))).toBe('BYTES_SHAPE chain-id')
  })

  it('encodes no amount above 2^256-1 and no address in another form', () => {
    expect(refusedWith(() => transferCall(customer, 1n << 256n))).toBe('MALFORMED')
    expect(refusedWith(() => transferCall(customer.toUpperCase(), 1n))).toBe('MALFORMED')
  })
})

function signWith(secret: Uint8Array, digest: Uint8Array): Signed {
  const bytes = secp256k1.sign(digest, secret, { prehash: false, format: 'recovered' })
  const v = bytes[0] === 1 ? 1 : 0
  return { r: bytes.slice(1, 33), s: bytes.slice(33), v }
}
