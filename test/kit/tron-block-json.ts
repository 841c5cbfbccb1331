/** A transaction as java-tron shows it in a block, read with tronweb alone. */
import { utils } from 'tronweb'
import { toHex, toUtf8 } from '../../proto/crypto.ts'

/** Of the two that the stand-in runs. */
export function typeOf(rawHex: string): 'TriggerSmartContract' | 'TransferContract' {
  const isCall = rawHex.includes(toHex(toUtf8('TriggerSmartContract')))
  return isCall ? 'TriggerSmartContract' : 'TransferContract'
}

export function shownInBlock({
  txid,
  rawHex,
  signature,
  result,
}: {
  readonly txid: string
  readonly rawHex: string
  readonly signature: string
  readonly result: string
}): object {
  const raw = utils.deserializeTx.deserializeTransaction(typeOf(rawHex), rawHex)
  return {
    ret: [{ contractRet: result }],
    signature: [signature],
    txID: txid,
    raw_data: raw,
    raw_data_hex: rawHex,
  }
}
