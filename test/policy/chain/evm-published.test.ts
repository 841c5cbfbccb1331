// Type-2 transactions that others published, signed by a key of theirs: encoded, hashed, signed and
// attached here they are the same bytes. Source: ethereumjs-monorepo, packages/tx/test/json/
// eip1559.json, plain transfers on chain 7822 to one address, without their RLP string header. And one
// that Ethereum has in a block: a call of somebody's contract, which is read here and never signed.
import { readFileSync } from 'node:fs'
import { secp256k1 } from '@noble/curves/secp256k1.js'
import { Transaction, keccak256 as theirKeccak } from 'ethers'
import { describe, expect, it } from 'vitest'
import { chainOf } from '../../../policy/chain/chains.ts'
import {
  attachType2,
  encodeUnsigned,
  evmAddress,
  parseUnsigned,
} from '../../../policy/chain/evm.ts'
import { concat, fromHex, toHex } from '../../../proto/crypto.ts'
import { refusedWith } from '../../kit/refused.ts'

const hex = (text: string): Uint8Array => fromHex(text) ?? new Uint8Array()
const secret = hex('8f2a55949038a9610f50fb23b5883af3b4ecb3c3bb792cbcefbd1542c692be63')
const to = '0x000000000000000000000000000000000000aaaa'
const network = 'eip155:7822'

interface Published {
  /** Nonce, value, gas limit, tip, price. */
  readonly numbers: readonly [bigint, bigint, bigint, bigint, bigint]
  readonly v: 0 | 1
  readonly r: string
  readonly s: string
  /** What stands before r and s. */
  readonly head: string
}

const published: readonly Published[] = [
  {
    numbers: [819n, 43_203_529n, 35_552n, 75_853n, 121_212n],
    v: 0,
    r: 'd067f2167008c59219652f91cbf8788dbca5f771f6e91e2b7657e85b78b472e0',
    s: '1d305af9fe81fdba43f0dfcd400ed24dcace0a7e30d4e85701dcaaf484cd079e',
    head: '02f870821e8e8203338301284d8301d97c828ae094000000000000000000000000000000000000aaaa8402933bc980c080',
  },
  {
    numbers: [353n, 61_901_619n, 32_593n, 38_850n, 136_295n],
    v: 1,
    r: '04205678f13fc1d7b10feea6513dfa76e24418b6e08097d95c6f93a3b64e536d',
    s: '1d45ad61bfece43862de2cce7d2575a8c1d08c26c87f3cb5f26d7b0be54a91b2',
    head: '02f86f821e8e8201618297c283021467827f5194000000000000000000000000000000000000aaaa8403b08b3380c001',
  },
  {
    numbers: [709n, 6_478_043n, 28_335n, 86_252n, 94_636n],
    v: 1,
    r: '9880d133cd636f8c8dce32e2c43494b9f2dc000eee8dc61931e09f866ed04b46',
    s: '0e44d5c503c7f08b36c8b062c32a963f3dd20a71e95e3d903bfbe7f4da47cd47',
    head: '02f86f821e8e8202c5830150ec830171ac826eaf94000000000000000000000000000000000000aaaa8362d8db80c001',
  },
  {
    numbers: [985n, 32_531_825n, 68_541n, 66_377n, 136_097n],
    v: 1,
    r: 'e6d23c5ecc0f388a4d41a9523c3ad171e98083a61288c340b968dfe0903a6741',
    s: '7319e8d54a4fd8f0c081d3ce093d869f9df598481991c8534bfd8f2c163884b4',
    head: '02f871821e8e8203d983010349830213a183010bbd94000000000000000000000000000000000000aaaa8401f0657180c001',
  },
]

describe('a type-2 transaction that others published', () => {
  it.each(published)('of nonce $numbers.0 is the same here', ({ numbers, v, r, s, head }) => {
    const [nonce, value, gasLimit, tip, price] = numbers
    const calldata = new Uint8Array()
    const fields = { chainId: 7822n, nonce, tip, price, gasLimit, to, value, calldata }
    const bytes = encodeUnsigned(fields)
    expect(parseUnsigned(bytes, 7822n)).toEqual(fields)
    const chain = chainOf(network)
    expect(chain.decode(bytes)).toMatchObject({ network, op: 'evm.transfer', to, amount: value })
    const signature = { r: hex(r), s: hex(s), v }
    // As RFC 6979 makes it, so digest and key are theirs.
    const made = secp256k1.sign(chain.digest(bytes), secret, { prehash: false })
    expect(toHex(made)).toBe(`${r}${s}`)
    const recoverable = concat(Uint8Array.of(v), signature.r, signature.s)
    const key = secp256k1.recoverPublicKey(recoverable, chain.digest(bytes), { prehash: false })
    expect(evmAddress(key)).toBe(evmAddress(secp256k1.getPublicKey(secret)))
    const { raw, txid } = chain.attach(bytes, signature)
    const whole = `${head}a0${r}a0${s}`
    expect(toHex(raw)).toBe(whole)
    expect(txid).toBe(theirKeccak(`0x${whole}`))
    expect(Transaction.from(`0x${whole}`).from?.toLowerCase()).toBe(evmAddress(key))
  })
})

describe('a type-2 transaction of Ethereum’s block 24053500', () => {
  const file = new URL('../../vectors/evm/mainnet-24053500.json', import.meta.url)
  const given = JSON.parse(readFileSync(file, 'utf8')) as Record<string, string>
  const count = (name: string): bigint => BigInt(given[name] ?? '')
  const [tip, price, gasLimit] = [count('tip'), count('price'), count('gasLimit')]
  const fields = {
    ...{ chainId: count('chainId'), nonce: count('nonce'), tip, price, gasLimit },
    ...{ to: given['to'] ?? '', value: 0n, calldata: hex(given['calldata'] ?? '') },
  }
  const bytes = encodeUnsigned(fields)

  it('has the sender and the hash that were published', () => {
    expect(parseUnsigned(bytes, 1n)).toEqual(fields)
    const digest = chainOf('eip155:1').digest(bytes)
    const [r, s] = [hex(given['r'] ?? ''), hex(given['s'] ?? '')]
    const recoverable = concat(Uint8Array.of(0), r, s)
    const key = secp256k1.recoverPublicKey(recoverable, digest, { prehash: false })
    expect(evmAddress(key)).toBe(given['from'])
    expect(attachType2(fields, { r, s, v: 0 }).txid).toBe(given['hash'])
  })

  it('is no payment, and is refused under the name of what it is', () => {
    expect(refusedWith(() => chainOf('eip155:1').decode(bytes))).toBe('BYTES_OP unknown-call')
  })
})
