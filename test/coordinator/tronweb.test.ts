// tronweb as it is, through the stand-in for Tron: it pays a token by its own means, over a real EVM,
// and reads what everybody holds.
import { TronWeb } from 'tronweb'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { tronText } from '../../policy/chain/tron-address.ts'
import { sha256, toHex, toUtf8 } from '../../proto/crypto.ts'
import { anvilInstalled } from '../kit/anvil.ts'
import { startTronChain, type TronChain } from '../kit/tron-chain.ts'
import { tronUsdt } from '../kit/tron-documents.ts'

const privateKey = toHex(sha256(toUtf8('a client of Tron')))
const fresh = (name: string): string => tronText(sha256(toUtf8(name)).slice(0, 20))
const transfer = 'transfer(address,uint256)'
const limit = { feeLimit: 50_000_000 }

let chain: TronChain
let tronweb: TronWeb
let from: string

beforeAll(async () => {
  if (!anvilInstalled) return
  chain = await startTronChain(Date.now)
  tronweb = new TronWeb({ fullHost: chain.urls[0] ?? '', privateKey })
  from = String(tronweb.defaultAddress.base58)
  await chain.fund(from)
  await chain.sim.mine()
})
afterAll(() => chain?.stop())

const words = (to: string, amount: bigint) => [
  { type: 'address', value: to },
  { type: 'uint256', value: amount },
]

async function balanceOf(address: string): Promise<bigint> {
  const contract = await tronweb.contract().at(tronUsdt)
  return BigInt(String(await contract['balanceOf'](address).call()))
}

describe.runIf(anvilInstalled)('tronweb on the stand-in for Tron', () => {
  it('pays a token by its contract, and by a transaction that it builds, signs and sends', async () => {
    const [one, other] = [fresh('one'), fresh('other')]
    const [held, before] = [await balanceOf(from), await tronweb.trx.getUnconfirmedBalance(from)]
    expect(held).toBe(await chain.held(from))
    const contract = await tronweb.contract().at(tronUsdt)
    const first: string = await contract['transfer'](one, 3_000_000).send(limit)
    const { transaction } = await tronweb.transactionBuilder.triggerSmartContract(
      ...([tronUsdt, transfer, limit, words(other, 4_000_000n), from] as const),
    )
    const signed = await tronweb.trx.sign(transaction)
    expect(await tronweb.trx.sendRawTransaction(signed)).toMatchObject({ result: true })
    await chain.sim.mine()
    expect(await balanceOf(from)).toBe(held - 7_000_000n)
    expect([await balanceOf(one), await balanceOf(other)]).toEqual([3_000_000n, 4_000_000n])
    expect(await chain.held(other)).toBe(4_000_000n)
    let fees = 0
    for (const txid of [first, signed.txID]) {
      const info = await tronweb.trx.getUnconfirmedTransactionInfo(txid)
      expect(info).toMatchObject({ id: txid, receipt: { result: 'SUCCESS' } })
      expect(await tronweb.trx.getTransactionInfo(txid)).toEqual({})
      fees += info.fee
    }
    const left = await tronweb.trx.getUnconfirmedBalance(from)
    expect(before - left).toBe(fees)
    await chain.sim.mine(2)
    expect(await tronweb.trx.getTransactionInfo(first)).toMatchObject({ id: first })
    expect(await tronweb.trx.getBalance(from)).toBe(left)
  })

  it('is told what has no code, what would fail, and that it was heard already', async () => {
    await expect(tronweb.contract().at(fresh('nothing'))).rejects.toThrow()
    const poor = fresh('poor')
    await expect(
      tronweb.transactionBuilder.triggerConstantContract(
        ...([tronUsdt, transfer, {}, words(from, 1n), poor] as const),
      ),
    ).rejects.toThrow(/REVERT/)
    const { transaction } = await tronweb.transactionBuilder.triggerSmartContract(
      ...([tronUsdt, transfer, limit, words(poor, 5n), from] as const),
    )
    const signed = await tronweb.trx.sign(transaction)
    expect(await tronweb.trx.sendRawTransaction(signed)).toMatchObject({ result: true })
    const again = await tronweb.trx.sendRawTransaction(signed)
    expect(again).toMatchObject({ code: 'DUP_TRANSACTION_ERROR', txid: signed.txID })
    await chain.sim.mine()
    expect(await balanceOf(poor)).toBe(5n)
  })
})
