/**
 * What a Tron node makes for a client that asks it to: calldata from a function's form and its
 * arguments, and the unsigned transaction of a call. With tronweb and ethers alone.
 */
import { id } from 'ethers'
import { utils } from 'tronweb'

type Body = Readonly<Record<string, unknown>>

const lifeMs = 60_000

/** Hex: as it came, or from `function_selector` and `parameter`. */
export function calldataOf(body: Body): string {
  if (typeof body['data'] === 'string') return body['data']
  return id(String(body['function_selector'])).slice(2, 10) + String(body['parameter'] ?? '')
}

/** `triggersmartcontract`: on this block, for a minute. */
export function unsignedCall(
  body: Body,
  { timestamp, id: block }: { readonly timestamp: number; readonly id: string },
): object {
  const value = {
    data: calldataOf(body),
    owner_address: String(body['owner_address']),
    contract_address: String(body['contract_address']),
  }
  const type_url = 'type.googleapis.com/protocol.TriggerSmartContract'
  const made = {
    visible: false,
    txID: '',
    raw_data_hex: '',
    raw_data: {
      contract: [{ type: 'TriggerSmartContract', parameter: { value, type_url } }],
      ref_block_bytes: block.slice(12, 16),
      ref_block_hash: block.slice(16, 32),
      expiration: timestamp + lifeMs,
      fee_limit: Number(body['fee_limit']),
      timestamp,
    },
  }
  const pb = utils.transaction.txJsonToPb(made)
  const txID = utils.transaction.txPbToTxID(pb).slice(2)
  const raw_data_hex = utils.transaction.txPbToRawDataHex(pb).toLowerCase()
  return { ...made, txID, raw_data_hex }
}

const [address, uint256] = [{ type: 'address' }, { type: 'uint256' }]

/** As wallets are given it. */
export const trc20Abi: readonly object[] = [
  {
    ...{ type: 'Function', name: 'transfer', stateMutability: 'Nonpayable' },
    ...{ inputs: [address, uint256], outputs: [] },
  },
  {
    ...{ type: 'Function', name: 'balanceOf', stateMutability: 'View' },
    ...{ inputs: [address], outputs: [uint256] },
  },
]
