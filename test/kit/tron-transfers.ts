/** Two Tron transfers of one owner, TRX and a token, as the tests change them. */
import { secp256k1 } from '@noble/curves/secp256k1.js'
import { trc20Call } from '../../policy/chain/tron.ts'
import { tronAddress, tronBytes } from '../../policy/chain/tron-address.ts'
import type { TronTransaction } from '../../policy/chain/tron-raw.ts'
import { fromHex, sha256, toUtf8 } from '../../proto/crypto.ts'
import { usdtTransfer } from './tron-vectors.ts'

const hex = (text: string): Uint8Array => fromHex(text)!
export const secret = sha256(toUtf8('owner'))
export const owner = tronBytes(tronAddress(secp256k1.getPublicKey(secret)))
export const token = tronBytes('TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6t')
export const customer = tronBytes(usdtTransfer.to)
export const base = {
  refBlockBytes: hex('5313'),
  refBlockHash: hex('46a60be20a563ff1'),
  expiration: 1_767_246_552_000n,
  timestamp: 1_767_246_195_175n,
}
export const coin: TronTransaction = {
  ...base,
  feeLimit: 0n,
  contract: { kind: 'transfer', owner, to: customer, amount: 5n },
}
export const payment: TronTransaction = {
  ...base,
  feeLimit: 30_000_000n,
  contract: {
    kind: 'trigger',
    owner,
    contract: token,
    calldata: trc20Call(usdtTransfer.to, 42_000_000n),
  },
}
