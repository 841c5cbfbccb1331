/** Transactions as they come to the stand-in for Tron, read with tronweb and ethers alone. */
import { computeAddress, SigningKey } from 'ethers'
import { utils } from 'tronweb'
import { fromHex, sha256, toHex } from '../../proto/crypto.ts'
import { typeOf } from './tron-block-json.ts'

export interface Waiting {
  readonly txid: string
  readonly rawHex: string
  readonly signature: string
}

export interface Raw {
  readonly kind: 'call' | 'transfer'
  readonly owner: string
  readonly to: string
  readonly amount: bigint
  readonly data: string
  readonly expiration: number
  readonly refBytes: string
  readonly refHash: string
  readonly feeLimit: number
}

/** Through tronweb's reader, so that nothing here is read as the product reads it. */
export function rawOf(rawHex: string): Raw {
  const type = typeOf(rawHex)
  const isCall = type === 'TriggerSmartContract'
  const raw = utils.deserializeTx.deserializeTransaction(type, rawHex)
  const { value } = raw.contract[0].parameter
  const twenty = (address: string): string => address.toLowerCase().slice(2)
  return {
    kind: isCall ? 'call' : 'transfer',
    owner: twenty(value.owner_address),
    to: twenty(isCall ? value.contract_address : value.to_address),
    amount: BigInt(isCall ? 0 : value.amount),
    data: isCall ? value.data.toLowerCase() : '',
    expiration: raw.expiration,
    refBytes: raw.ref_block_bytes.toLowerCase(),
    refHash: raw.ref_block_hash.toLowerCase(),
    feeLimit: raw.fee_limit ?? 0,
  }
}

/** Length of raw_data in two bytes at most, then the one signature of 65 bytes. */
export function opened(transaction: string): Waiting {
  const signature = transaction.slice(-130)
  const head = Number.parseInt(transaction.slice(2, 4), 16) < 0x80 ? 4 : 6
  const rawHex = transaction.slice(head, -134)
  return { rawHex, signature, txid: toHex(sha256(fromHex(rawHex)!)) }
}

/** As clients write it in JSON. */
export function written(body: Readonly<Record<string, unknown>>): Waiting {
  return {
    txid: String(body['txID']),
    rawHex: String(body['raw_data_hex']),
    signature: String((body['signature'] as string[])[0]),
  }
}

/** As the network counts it: the signed transaction without its result, and 64. */
export function bandwidth(rawHex: string): number {
  const length = rawHex.length / 2
  return 1 + (length < 128 ? 1 : 2) + length + 67 + 64
}

export function signerOf(digest: string, signature: string): string {
  const v = Number.parseInt(signature.slice(128), 16) % 27
  try {
    const parts = { r: `0x${signature.slice(0, 64)}`, s: `0x${signature.slice(64, 128)}` }
    const key = SigningKey.recoverPublicKey(`0x${digest}`, { ...parts, v: 27 + v })
    return computeAddress(key).slice(2).toLowerCase()
  } catch {
    return ''
  }
}
