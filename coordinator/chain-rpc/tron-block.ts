// A Tron block header, checked from its own bytes: the id is its number and the tail of the hash,
// and a producer signed that hash. So an endpoint that makes a block up has to forge a signature;
// that the producer was one of the network's own is not known here.

import type { Signature } from '../../policy/chain/chain.ts'
import { type Value, writeFields } from '../../policy/chain/protobuf.ts'
import { recovered } from '../../policy/chain/signature.ts'
import { tronAddress, tronBytes } from '../../policy/chain/tron-address.ts'
import { concat, equalBytes, sha256 } from '../../proto/crypto.ts'

export interface TronHeader {
  /** Milliseconds. */
  readonly timestamp: bigint
  readonly txTrieRoot: Uint8Array
  readonly parentHash: Uint8Array
  readonly number: bigint
  /** 21 bytes. */
  readonly witness: Uint8Array
  readonly version: bigint
  /** Empty on networks whose blocks do not carry it. */
  readonly accountStateRoot?: Uint8Array
}

/** `BlockHeader.raw` of Tron.proto, hashed; the number in the first eight bytes. */
export function blockId(header: TronHeader): Uint8Array {
  const number = new Uint8Array(8)
  new DataView(number.buffer).setBigUint64(0, header.number)
  return concat(number, headerHash(header).subarray(8))
}

/** Whether the witness that the header names signed it. */
export function isSigned(header: TronHeader, signature: Signature): boolean {
  const key = recovered(signature, headerHash(header))
  return key !== undefined && equalBytes(tronBytes(tronAddress(key)), header.witness)
}

/** Root over the hashes of whole transactions, signature and result with them. */
export function merkleRoot(hashes: readonly Uint8Array[]): Uint8Array {
  let level = hashes
  while (level.length > 1) {
    const next: Uint8Array[] = []
    for (let at = 0; at < level.length; at += 2) {
      const [left, right] = [level[at] ?? new Uint8Array(0), level[at + 1]]
      next.push(right === undefined ? left : sha256(left, right))
    }
    level = next
  }
  return level[0] ?? new Uint8Array(32)
}

function headerHash(header: TronHeader): Uint8Array {
  const { timestamp, txTrieRoot, parentHash, number, witness, version } = header
  const fields: readonly (readonly [number, Value])[] = [
    [1, timestamp],
    [2, txTrieRoot],
    [3, parentHash],
    [7, number],
    [9, witness],
    [10, version],
    [11, header.accountStateRoot ?? new Uint8Array(0)],
  ]
  return sha256(writeFields(fields))
}
