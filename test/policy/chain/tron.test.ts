import { secp256k1 } from '@noble/curves/secp256k1.js'
import fc from 'fast-check'
import { utils } from 'tronweb'
import { describe, expect, it } from 'vitest'
import { blockId, isSigned, merkleRoot } from '../../../coordinator/chain-rpc/tron-block.ts'
import { writeFields } from '../../../policy/chain/protobuf.ts'
import { parseSignature } from '../../../policy/chain/signature.ts'
import { bandwidthOf, trc20Call, tronChain } from '../../../policy/chain/tron.ts'
import { tronAddress, tronBytes, tronText } from '../../../policy/chain/tron-address.ts'
import { coinFeeMax, publishedPrices } from '../../../policy/chain/tron-prices.ts'
import { encodeRaw, parseRaw, type TronTransaction } from '../../../policy/chain/tron-raw.ts'
import { concat, fromHex, sha256, toHex, toUtf8 } from '../../../proto/crypto.ts'
import { attempt, isRefusal } from '../../../proto/refusal.ts'
import { coin, payment, secret } from '../../kit/tron-transfers.ts'
import { testBlock, usdtTransfer } from '../../kit/tron-vectors.ts'

const mainnet = tronChain('tron:0x2b6653dc')
const hex = (text: string): Uint8Array => fromHex(text)!
const usdt = hex(usdtTransfer.raw)

/** Not those that are published. */
const voted = { energy: 210n, bandwidth: 1_500n, activation: 2_000_000n, feeLimit: 30_000_000n }

describe('published Tron transactions', () => {
  it('a mainnet USDT transfer is the payment that it was', () => {
    const effect = mainnet.decode(usdt)
    expect({ ...effect, digest: toHex(effect.digest) }).toEqual({
      network: 'tron:0x2b6653dc',
      op: 'trc20.transfer',
      contract: 'TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6t',
      from: usdtTransfer.owner,
      to: usdtTransfer.to,
      amount: 30_401_259n,
      slot: '',
      fee: { max: 100_345_000n, price: 0n, tip: 0n },
      until: 1_767_246_552_000,
      digest: usdtTransfer.txid,
      bytes: usdt,
    })
    expect(encodeRaw(parseRaw(usdt))).toEqual(usdt)
  })

  it('its bandwidth is what the network counted', () => {
    expect(bandwidthOf(usdt)).toBe(345n)
  })

  it('no transfer of the coin has more as its bound than `coinFeeMax`, and the longest has it', () => {
    const paying = (amount: bigint) =>
      encodeRaw({ ...coin, contract: { ...coin.contract, amount } } as typeof coin)
    for (const prices of [publishedPrices, voted]) {
      const boundOf = (amount: bigint) =>
        mainnet.decode(paying(amount), { forms: [], prices }).fee.max
      expect(boundOf((1n << 63n) - 1n)).toBe(coinFeeMax(prices))
      expect(boundOf(1n)).toBe(coinFeeMax(prices) - 8n * prices.bandwidth)
    }
  })

  it('its own signature gives the transaction that was sent, under its id', () => {
    const signature = parseSignature(hex(usdtTransfer.signature))
    const { raw, txid } = mainnet.attach(usdt, signature)
    expect(txid).toBe(usdtTransfer.txid)
    expect(toHex(raw)).toBe(`0ad301${usdtTransfer.raw}1241${usdtTransfer.signature}`)
  })

  it('a whole block holds together: ids, owners, root, block id and witness', () => {
    const chain = tronChain('tron:0xcd8690dc')
    for (const { raw, signature, txid, owner: by } of testBlock.transactions) {
      expect(toHex(sha256(hex(raw)))).toBe(txid)
      const key = secp256k1.recoverPublicKey(recoverable(signature), sha256(hex(raw)), {
        prehash: false,
      })
      expect(toHex(tronBytes(tronAddress(key)))).toBe(by)
    }
    const [one, two] = testBlock.transactions.map(({ raw }) => hex(raw))
    for (const bytes of [one!, two!]) {
      const effect = chain.decode(bytes)
      expect(effect).toMatchObject({ op: 'tron.transfer', contract: '' })
      expect(encodeRaw(parseRaw(bytes))).toEqual(bytes)
    }
    const header = {
      ...testBlock,
      txTrieRoot: hex(testBlock.txTrieRoot),
      parentHash: hex(testBlock.parent),
      witness: hex(testBlock.witness),
    }
    // Beside raw_data and the signature stands the result, contractRet SUCCESS.
    const hashes = testBlock.transactions.map(({ raw, signature }) =>
      sha256(
        writeFields([
          [1, hex(raw)],
          [2, hex(signature)],
          [5, Uint8Array.of(0x18, 0x01)],
        ]),
      ),
    )
    expect(toHex(merkleRoot(hashes))).toBe(testBlock.txTrieRoot)
    expect(toHex(blockId(header))).toBe(testBlock.id)
    const signature = parseSignature(hex(testBlock.signature))
    expect(isSigned(header, signature)).toBe(true)
    expect(isSigned({ ...header, number: header.number + 1n }, signature)).toBe(false)
  })
})

function recoverable(signature: string): Uint8Array {
  const bytes = hex(signature)
  return concat(bytes.slice(64), bytes.slice(0, 64))
}

const positive = fc.bigInt({ min: 1n, max: 2n ** 63n - 1n })
const exact = fc.bigInt({ min: 1n, max: 2n ** 53n - 1n })
const address = fc
  .uint8Array({ minLength: 20, maxLength: 20 })
  .filter((bytes) => bytes.some((byte) => byte !== 0))
  .map((bytes) => concat(Uint8Array.of(0x41), bytes))
const word = (length: number) => fc.uint8Array({ minLength: length, maxLength: length })
const transactions = (whole: fc.Arbitrary<bigint>): fc.Arbitrary<TronTransaction> =>
  fc
    .record({
      refBlockBytes: word(2),
      refBlockHash: word(8),
      expiration: fc.bigInt({ min: 1n, max: 253_402_300_799n }).map((s) => s * 1_000n),
      timestamp: whole,
      feeLimit: fc.bigInt({ min: 1n, max: 15_000_000_000n }),
      owner: address,
      contract: address,
      to: address,
      amount: whole,
      tokens: fc.bigInt({ min: 1n, max: 2n ** 256n - 1n }),
      native: fc.boolean(),
    })
    .map(({ owner: by, contract, to, amount, tokens, native, ...rest }) =>
      native
        ? { ...rest, feeLimit: 0n, contract: { kind: 'transfer', owner: by, to, amount } }
        : {
            ...rest,
            contract: {
              kind: 'trigger',
              owner: by,
              contract,
              calldata: trc20Call(tronText(to.subarray(1)), tokens),
            },
          },
    )

/** As tronweb's JSON has it; numbers above 2^53 do not survive there, so they stay below. */
function tronwebJson(x: TronTransaction) {
  const { contract: c } = x
  const value =
    c.kind === 'transfer'
      ? { owner_address: toHex(c.owner), to_address: toHex(c.to), amount: Number(c.amount) }
      : {
          owner_address: toHex(c.owner),
          contract_address: toHex(c.contract),
          data: toHex(c.calldata),
        }
  const type = c.kind === 'transfer' ? 'TransferContract' : 'TriggerSmartContract'
  return {
    visible: false,
    txID: '',
    raw_data_hex: '',
    raw_data: {
      contract: [{ type, parameter: { value, type_url: `type.googleapis.com/protocol.${type}` } }],
      ref_block_bytes: toHex(x.refBlockBytes),
      ref_block_hash: toHex(x.refBlockHash),
      expiration: Number(x.expiration),
      timestamp: Number(x.timestamp),
      ...(x.feeLimit > 0n ? { fee_limit: Number(x.feeLimit) } : {}),
    },
  }
}

describe('a Tron transfer', () => {
  it('is the same bytes and id in tronweb, for any fields', () => {
    fc.assert(
      fc.property(transactions(exact), (x) => {
        const bytes = encodeRaw(x)
        const pb = utils.transaction.txJsonToPb(tronwebJson(x))
        expect(utils.transaction.txPbToRawDataHex(pb).toLowerCase()).toBe(toHex(bytes))
        expect(utils.transaction.txPbToTxID(pb)).toBe(`0x${toHex(mainnet.digest(bytes))}`)
      }),
      { numRuns: 150 },
    )
  })

  it('means in tronweb what it means here', () => {
    fc.assert(
      fc.property(transactions(exact), (x) => {
        const bytes = encodeRaw(x)
        const type = x.contract.kind === 'transfer' ? 'TransferContract' : 'TriggerSmartContract'
        const theirs = utils.deserializeTx.deserializeTransaction(type, toHex(bytes))
        const { value } = theirs.contract[0].parameter
        const effect = mainnet.decode(bytes)
        expect(toHex(tronBytes(effect.from))).toBe(value.owner_address.toLowerCase())
        expect(theirs.expiration).toBe(effect.until)
        if (effect.op === 'tron.transfer') {
          expect(toHex(tronBytes(effect.to))).toBe(value.to_address.toLowerCase())
          expect(BigInt(value.amount)).toBe(effect.amount)
        } else {
          expect(toHex(tronBytes(effect.contract))).toBe(value.contract_address.toLowerCase())
          expect(toHex(trc20Call(effect.to, effect.amount))).toBe(value.data.toLowerCase())
        }
      }),
      { numRuns: 150 },
    )
  })

  it('reads back what was written, over the whole range of the format', () => {
    fc.assert(
      fc.property(transactions(positive), (x) => {
        expect(parseRaw(encodeRaw(x))).toEqual(x)
      }),
      { numRuns: 300 },
    )
  })

  it('is refused, or is another transaction in its one form, when bytes are changed', () => {
    const change = fc.record({
      at: fc.nat(),
      byte: fc.integer({ min: 0, max: 255 }),
      how: fc.constantFrom('set', 'insert', 'delete'),
    })
    fc.assert(
      fc.property(
        transactions(positive),
        fc.array(change, { minLength: 1, maxLength: 3 }),
        (x, changes) => {
          const list = [...encodeRaw(x)]
          for (const { at, byte, how } of changes) {
            const where = at % list.length
            list.splice(where, how === 'insert' ? 0 : 1, ...(how === 'delete' ? [] : [byte]))
          }
          const bytes = Uint8Array.from(list)
          const parsed = attempt(() => parseRaw(bytes))
          if (!isRefusal(parsed)) expect(encodeRaw(parsed)).toEqual(bytes)
        },
      ),
      { numRuns: 500 },
    )
  })

  it('can cost its bandwidth, and what its contract may burn beside', () => {
    const [c, p] = [encodeRaw(coin), encodeRaw(payment)]
    expect(mainnet.decode(c).fee.max).toBe(bandwidthOf(c) * 1_000n + 1_100_000n)
    expect(mainnet.decode(p).fee.max).toBe(bandwidthOf(p) * 1_000n + 30_000_000n)
    const counted = (bytes: Uint8Array) => mainnet.decode(bytes, { forms: [], prices: voted })
    expect(counted(c).fee.max).toBe(bandwidthOf(c) * 1_500n + 2_000_000n)
    expect(counted(p).fee.max).toBe(bandwidthOf(p) * 1_500n + 30_000_000n)
  })

  it('burns no more energy than the policy lets it', () => {
    const bytes = encodeRaw({ ...payment, feeLimit: 30_000_001n })
    expect(isRefusal(attempt(() => mainnet.decode(bytes)))).toBe(false)
    const refused = attempt(() => mainnet.decode(bytes, { forms: [], prices: voted }))
    expect(refused).toMatchObject({
      ...{ code: 'FEE', because: 'fee_limit: expected at most 30000000, got 30000001' },
    })
  })

  it('takes a signature of its owner and of nobody else', () => {
    const bytes = encodeRaw(payment)
    const signedBy = (key: Uint8Array, digest = sha256(bytes)) => {
      const made = secp256k1.sign(digest, key, { prehash: false, format: 'recovered' })
      return parseSignature(concat(made.slice(1), made.slice(0, 1)))
    }
    const refused = (by: Parameters<typeof mainnet.attach>[1]): string => {
      const answer = attempt(() => mainnet.attach(bytes, by))
      return isRefusal(answer) ? answer.code : answer.txid
    }
    const own = signedBy(secret)
    expect(refused(own)).toBe(toHex(sha256(bytes)))
    expect(refused(signedBy(sha256(toUtf8('other'))))).toBe('BYTES_FROM')
    expect(refused(signedBy(secret, sha256(toUtf8('another'))))).toBe('BYTES_FROM')
    const { Fn } = secp256k1.Point
    const high = { ...own, s: Fn.toBytes(Fn.neg(Fn.fromBytes(own.s))), v: own.v === 0 ? 1 : 0 }
    expect(refused(high as typeof own)).toBe('BYTES_FROM')
    expect(refused({ ...own, r: new Uint8Array(32) })).toBe('BYTES_FROM')
  })
})
